"""Two servers on one database and one Acontext behave as one."""

import asyncio
import time
from contextlib import ExitStack
from itertools import groupby
from uuid import uuid4

import httpx
import pytest

from api.client import Client
from replicas.fleet import LEASE, Fleet, killed, paused, text_of
from replicas.talking import LIST, STORE, messages, store

CREATE = "mutation ($id: UUID!) { createSession(input: {acontextId: $id}) { session { id } errors { code } } }"
TAKE_OVER = """
mutation ($id: ID!) {
  getOrCreateSession(input: {id: $id}) { session { id disk { acontextId } } created diskCreated errors { code } }
}
"""
DELETE = "mutation ($id: ID!) { deleteSession(input: {id: $id}) { deletedSessionId errors { code } } }"
RENAME = 'mutation ($id: ID!) { updateSession(input: {id: $id, title: "new"}) { errors { code } } }'
UPLOAD = """
mutation ($session: ID!, $text: String!) {
  uploadFile(input: {sessionId: $session, path: "/one.txt", content: {text: $text}}) { replaced errors { code } }
}
"""


async def test_lists_that_are_stored_on_both_at_once_stay_whole_and_in_one_chain(
    fleet: Fleet, clients: list[Client]
) -> None:
    session = await clients[0].create()
    writers, turns, length = 6, 2, 4

    async def write(writer: int) -> None:
        for turn in range(turns):
            done = await store(clients[writer % 2], session["id"], f"{writer} {turn}", length)
            assert done == {"storedCount": length, "errors": []}

    await asyncio.gather(*(write(writer) for writer in range(writers)))

    texts = [text_of(message) for message in await fleet.conversation(session["acontextId"])]
    lists = [list(group) for _, group in groupby(texts, lambda text: text.rpartition(" ")[0])]
    assert sorted(lists) == [
        [f"{writer} {turn} {number}" for number in range(length)] for writer in range(writers) for turn in range(turns)
    ]
    for writer in range(writers):
        assert [group[0] for group in lists if group[0][0] == str(writer)] == [f"{writer} 0 0", f"{writer} 1 0"]


async def test_an_id_that_is_chosen_on_both_at_once_is_given_once(fleet: Fleet, clients: list[Client]) -> None:
    chosen = str(uuid4())

    answers = await asyncio.gather(*(clients[number % 2].data(CREATE, id=chosen) for number in range(6)))

    payloads = [answer["createSession"] for answer in answers]
    assert [payload["errors"] for payload in payloads if payload["session"]] == [[]]
    assert {error["code"] for payload in payloads for error in payload["errors"]} <= {"CONFLICT", "BUSY"}
    assert len(await fleet.disks_of(chosen)) == 1
    assert len((await clients[1].data(LIST))["viewer"]["sessions"]["nodes"]) == 1


async def test_a_session_that_is_taken_over_on_both_at_once_gets_one_disk(fleet: Fleet, clients: list[Client]) -> None:
    theirs = (await fleet.ask("POST", "/session", {"user": clients[0].user}))["id"]

    answers = await asyncio.gather(*(clients[number % 2].data(TAKE_OVER, id=theirs) for number in range(6)))

    payloads = [answer["getOrCreateSession"] for answer in answers]
    assert [payload["errors"] for payload in payloads] == [[]] * 6
    assert len({payload["session"]["id"] for payload in payloads}) == 1
    assert [payload["created"] for payload in payloads] == [False] * 6
    assert [payload["diskCreated"] for payload in payloads].count(True) == 1
    assert await fleet.disks_of(theirs) == [payloads[0]["session"]["disk"]["acontextId"]]


async def test_what_is_deleted_on_one_is_not_stored_to_on_the_other(fleet: Fleet, clients: list[Client]) -> None:
    session = await clients[0].create()
    outcomes: list[str] = []
    begun = asyncio.Event()

    async def go_on() -> None:
        try:
            while not outcomes or outcomes[-1] == "stored":
                done = await store(clients[0], session["id"], "more", 3)
                outcomes.append(done["errors"][0]["code"] if done["errors"] else "stored")
                begun.set()
        finally:
            begun.set()

    writing = asyncio.create_task(go_on())
    await begun.wait()
    deleted = (await clients[1].data(DELETE, id=session["id"]))["deleteSession"]
    async with asyncio.timeout(30):
        await writing

    assert deleted == {"deletedSessionId": session["id"], "errors": []}
    assert outcomes == ["stored"] * (len(outcomes) - 1) + ["NOT_FOUND"]
    assert await fleet.disks_of(session["acontextId"]) == []
    assert session["acontextId"] not in await fleet.sessions_of(clients[0].user)


async def test_of_uploads_to_one_path_on_both_at_once_only_the_first_finds_nothing(clients: list[Client]) -> None:
    session = (await clients[0].create())["id"]

    answers = await asyncio.gather(
        *(clients[number % 2].data(UPLOAD, session=session, text=str(number)) for number in range(8))
    )

    payloads = [answer["uploadFile"] for answer in answers]
    assert [payload["errors"] for payload in payloads] == [[]] * 8
    assert [payload["replaced"] for payload in payloads].count(False) == 1


async def test_what_one_changes_the_other_shows_at_once(clients: list[Client]) -> None:
    session = (await clients[0].create(title="old"))["id"]
    for writer, reader in (clients, clients[::-1]):
        await writer.data(RENAME, id=session)
        assert (await reader.data(LIST))["viewer"]["sessions"]["nodes"] == [{"id": session, "title": "new"}]
    await clients[1].data(DELETE, id=session)
    assert (await clients[0].data(LIST))["viewer"]["sessions"]["nodes"] == []


async def test_what_an_earlier_process_left_open_is_finished_once_by_both(fleet: Fleet) -> None:
    """Both began to sweep as they started, at the same time."""
    rows = await fleet.rows("SELECT state FROM session_mappings WHERE user_identifier = 'left-open'")
    assert [row["state"] for row in rows] == ["deleted"] * len(fleet.left_open["deleting"])
    for session in [*fleet.left_open["deleting"], *fleet.left_open["creating"]]:
        assert await fleet.disks_of(session) == []
    assert await fleet.sessions_of("left-open") == []


async def test_a_holder_that_was_out_of_breath_does_not_go_on_after_another_has_begun(
    fleet: Fleet, clients: list[Client]
) -> None:
    session = await clients[0].create()
    with ExitStack() as breathless:
        # Acontext has no fence: of a holder that stops between its look at the lease and its call, the call comes late.
        with paused(fleet.acontext):
            asked = clients[0].answer(STORE, session=session["id"], messages=messages("slow", 100))
            writing = asyncio.create_task(asked)
            await fleet.until_held(session["acontextId"])
            await fleet.until_renewed(session["acontextId"])
            breathless.enter_context(paused(fleet.servers[0]))
        assert (await store(clients[1], session["id"], "other"))["errors"] == []
    answer = await writing

    texts = [text_of(message) for message in await fleet.conversation(session["acontextId"])]
    assert texts[-1] == "other 0"
    assert texts[:-1] == [f"slow {number}" for number in range(len(texts) - 1)]
    assert len(texts) < 100
    stored = (answer["data"] or {}).get("storeMessages")
    told = stored["errors"][0]["code"] if stored else answer["errors"][0]["extensions"]["code"]
    assert told in {"BUSY", "UPSTREAM_FAILED", "UPSTREAM_TIMEOUT"}  # the second tells what was stored before


async def test_when_a_holder_is_killed_the_other_goes_on_within_the_lease(fleet: Fleet, clients: list[Client]) -> None:
    """The last here: a server that is killed takes seconds to start again for the test after it."""
    doomed = clients[0]
    session = await clients[1].create()
    assert (await store(doomed, session["id"], "before"))["errors"] == []
    with paused(fleet.acontext):
        lost = asyncio.create_task(store(doomed, session["id"], "lost", 3))
        await fleet.until_held(session["acontextId"])
        died = killed(fleet.servers[0])

    after = await store(clients[1], session["id"], "after")
    waited = time.monotonic() - died

    with pytest.raises(httpx.TransportError):
        await lost
    assert after == {"storedCount": 1, "errors": []}
    assert waited < LEASE + 3  # and a slow machine
    texts = [text_of(message) for message in await fleet.conversation(session["acontextId"])]
    assert texts in (["before 0", "after 0"], ["before 0", "lost 0", "after 0"])
