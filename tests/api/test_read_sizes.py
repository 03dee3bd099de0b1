"""How many bytes one operation reads from Acontext: it is refused as soon as more come, and the next one is not."""

from collections.abc import Callable
from typing import Any

import pytest

from api.client import Client
from databases import Databases

MIB = 1024 * 1024
SESSION = "query ($id: ID!, $last: Int) { session(id: $id) { messages(last: $last) { nodes { text } } } }"
TEXT = "some words " * 9000


@pytest.fixture
def databases(sqlite_databases: Databases) -> Databases:
    """One kind is enough here: nothing of it is in the database."""
    return sqlite_databases


async def filled(client: Client, count: int) -> str:
    id: str = (await client.create())["id"]
    await client.store(id, *[TEXT] * count)
    return id


async def test_the_answers_to_one_operation_have_so_many_bytes(start: Callable[..., Any]) -> None:
    async with start(max_read_size=MIB) as client:
        id = await filled(client, 11)
        for _ in range(2):
            answer = await client.answer(SESSION, id=id)
            [error] = answer["errors"]
            assert error["extensions"]["code"] == "COST_LIMIT_EXCEEDED"
            assert error["message"].startswith(f"One operation reads at most {MIB} bytes")
            assert answer["data"] == {"session": {"messages": None}}
            page = await client.data(SESSION, id=id, last=9)  # each operation has its own
            assert len(page["session"]["messages"]["nodes"]) == 9


async def test_all_answers_to_one_operation_share_them(start: Callable[..., Any]) -> None:
    async with start(max_read_size=MIB) as client:
        for _ in range(3):
            await filled(client, 4)
        both = "query ($first: Int) { sessions(first: $first) { nodes { messages(first: 4) { nodes { role } } } } }"
        assert len((await client.data(both, first=2))["sessions"]["nodes"]) == 2
        answer = await client.answer(both, first=3)
        assert {error["extensions"]["code"] for error in answer["errors"]} == {"COST_LIMIT_EXCEEDED"}


async def test_what_is_written_is_not_bound_by_what_is_read(start: Callable[..., Any]) -> None:
    async with start(max_read_size=MIB) as client:
        id = await filled(client, 12)
        assert await client.store(id, *[TEXT] * 12)


async def test_files_have_bytes_of_their_own(start: Callable[..., Any]) -> None:
    async with start(max_download_size=MIB, max_read_size=MIB) as client:
        id: str = (await client.create())["id"]
        for name in "ab":
            await client.upload(id, f"/{name}.txt", "words " * 100_000)
        one = 'query ($id: ID!) { session(id: $id) { file(path: "/a.txt") { textContent(maxBytes: 5) } } }'
        assert (await client.data(one, id=id))["session"]["file"]["textContent"] == "words"
        both = "query ($id: ID!) { session(id: $id) { files { nodes { textContent(maxBytes: 5) } } } }"
        answer = await client.answer(both, id=id)
        assert {error["extensions"]["code"] for error in answer["errors"]} == {"COST_LIMIT_EXCEEDED"}
