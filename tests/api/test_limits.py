"""What one operation may show: lists within lists are counted over all levels, and refused instead of cut."""

import pytest

from api.client import Client
from databases import Databases


@pytest.fixture
def databases(sqlite_databases: Databases) -> Databases:
    return sqlite_databases


def nested(id: str, levels: int) -> str:
    """Ask for the messages of the session of the messages of the session …"""
    inner = "{ role }"
    for _ in range(levels - 1):
        inner = f"{{ session {{ messages {{ nodes {inner} }} }} }}"
    return f'{{ session(id: "{id}") {{ messages {{ nodes {inner} }} }} }}'


async def test_lists_within_lists_are_refused_before_they_fill_the_memory(client: Client) -> None:
    id = (await client.create())["id"]
    await client.store(id, *map(str, range(30)))
    shown = await client.data(nested(id, 2))
    assert len(shown["session"]["messages"]["nodes"]) == 30
    answer = await client.answer(nested(id, 3))
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"COST_LIMIT_EXCEEDED"}


async def test_what_is_shown_under_several_names_counts_for_each(client: Client) -> None:
    id = (await client.create())["id"]
    await client.store(id, *map(str, range(22)))
    one = nested(id, 3).removeprefix("{ ").removesuffix(" }")
    once = await client.data(f"{{ {one} }}")
    answer = await client.answer(f"{{ a: {one} b: {one} }}")
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"COST_LIMIT_EXCEEDED"}
    assert {error["path"][0] for error in answer["errors"]} <= {"a", "b"}
    few = f'session(id: "{id}") {{ messages(first: 2) {{ nodes {{ role }} }} }}'
    assert (await client.data(f"{{ a: {few} b: {few} }}"))["b"] == {"messages": {"nodes": [{"role": "USER"}] * 2}}
    assert len(once["session"]["messages"]["nodes"]) == 22


async def test_each_operation_has_its_own_allowance(client: Client) -> None:
    id = (await client.create())["id"]
    await client.store(id, *map(str, range(22)))
    for _ in range(2):
        await client.data(nested(id, 3))  # 22³ and what lies above: more than half of what one may
