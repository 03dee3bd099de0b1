"""Writes that expect something of a conversation."""

import asyncio

import pytest

from api.client import Client
from api.conversation import chat, read
from api.test_idempotency import STORE, Writer, told


@pytest.fixture
async def writer(client: Client) -> Writer:
    return Writer(client, (await client.create())["id"])


async def test_a_writer_who_expects_another_end_is_told(writer: Writer) -> None:
    first = await writer.one("one", expectEmpty=True)
    second = Writer(writer.client, writer.session, "second")
    conflict = await second.one("two", expectEmpty=True)
    assert (told(conflict), conflict["session"]) == ([("CONFLICT", ["input", "expectEmpty"])], {"id": writer.session})
    last = first["message"]["id"]
    assert told(await second.one("two", expectedLastMessageId=last)) == []
    third = Writer(writer.client, writer.session, "third")
    late = await third.all("three", expectedLastMessageId=last)
    assert told(late) == [("CONFLICT", ["input", "expectedLastMessageId"])]
    assert (late["session"], late["storedCount"]) == ({"id": writer.session}, 0)
    assert await writer.texts() == ["one", "two"]


async def test_a_retry_expects_nothing(writer: Writer) -> None:
    await writer.one("one", expectEmpty=True)
    assert (await writer.one("one", expectEmpty=True))["replayed"]
    second = Writer(writer.client, writer.session, None)
    assert told(await second.one("two", expectEmpty=True)) == [("CONFLICT", ["input", "expectEmpty"])]


async def test_the_last_message_may_be_named_by_acontexts_id(writer: Writer) -> None:
    writer.key = None
    ids = await writer.client.store(writer.session, *(str(number) for number in range(30)))
    nodes = (await read(writer.client, writer.session, "nodes { acontextId }", last=2))["nodes"]
    wrong, right = (node["acontextId"] for node in nodes)
    assert told(await writer.one("x", expectedLastMessageId=wrong)) == [
        ("CONFLICT", ["input", "expectedLastMessageId"])
    ]
    assert told(await writer.one("x", expectedLastMessageId=right)) == []
    assert told(await writer.one("y", expectedLastMessageId=ids[-1])) == [
        ("CONFLICT", ["input", "expectedLastMessageId"])
    ]


async def test_what_is_expected_must_make_sense(writer: Writer) -> None:
    other = (await writer.client.create())["id"]
    [foreign] = await writer.client.store(other, "there")
    assert told(await writer.one("x", expectedLastMessageId=foreign)) == [
        ("INVALID_INPUT", ["input", "expectedLastMessageId"])
    ]
    [mine] = await writer.client.store(writer.session, "here")
    assert told(await writer.one("x", expectedLastMessageId=mine, expectEmpty=True)) == [
        ("INVALID_INPUT", ["input", "expectEmpty"])
    ]
    input = {"sessionId": writer.session, "message": chat("USER", "x"), "expectedLastMessageId": "nonsense"}
    assert await writer.client.code(STORE, input=input) == "BAD_USER_INPUT"
    assert await writer.texts() == ["here"]


async def test_of_writers_who_expect_the_same_one_comes_first(writer: Writer) -> None:
    [last] = await writer.client.store(writer.session, "start")
    writers = [Writer(writer.client, writer.session, str(number)) for number in range(6)]
    payloads = await asyncio.gather(*(one.one(str(one.key), expectedLastMessageId=last) for one in writers))
    assert sum(not payload["errors"] for payload in payloads) == 1
    assert len(await writer.texts()) == 2
