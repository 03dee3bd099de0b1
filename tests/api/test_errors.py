"""Failures of Acontext: each takes its own field alone, has a code, and tells nothing of the inside."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx
import pytest

from api.client import CREATE, STORE, UPLOAD, Client
from api.odd_upstream import INSIDE, ODDITIES, OddUpstream, answering, never
from api.test_session import DELETE, GET_OR_CREATE
from api.upstream import KEY
from databases import Databases

PAGE = """
query ($id: ID!) {
  session(id: $id) {
    title tokenCounts { total } configs messages(first: 10) { nodes { text } } files { nodes { path } }
    file(path: "/a.txt") { path } found: files(glob: "**") { nodes { path } }
  }
}
"""
WHOLE = {
    "title": "whole",
    "tokenCounts": {"total": 2},
    "configs": {"a": 1},
    "messages": {"nodes": [{"text": "hello"}]},
    "files": {"nodes": [{"path": "/a.txt"}]},
    "file": {"path": "/a.txt"},
    "found": {"nodes": [{"path": "/a.txt"}]},
}
CALLS = {
    "/token_counts": "tokenCounts",
    "/configs": "configs",
    "/messages": "messages",
    "/artifact/ls": "files",
    "/artifact": "file",
    "/artifact/glob": "found",
}
DELETE_FILE = """
mutation ($id: ID!) {
  deleteFile(input: {file: {at: {sessionId: $id, path: "/a.txt"}}}) { deletedFileId errors { code } }
}
"""
DESCRIBE_FILE = """
mutation ($id: ID!) {
  updateFileMetadata(input: {file: {at: {sessionId: $id, path: "/a.txt"}}, metadata: {a: 1}}) { errors { code } }
}
"""
ANNOTATE = """
mutation ($id: ID!) { updateMessageMetadata(input: {messageId: $id, metadata: {a: 1}}) { errors { code } } }
"""
UPDATE = (
    "mutation ($id: ID!) { updateSession(input: {id: $id, configs: {b: 2}}) { session { title } errors { code } } }"
)


@pytest.fixture
def databases(sqlite_databases: Databases) -> Databases:
    """One kind is enough here: Acontext fails."""
    return sqlite_databases


@pytest.fixture
def upstream() -> OddUpstream:
    """In place of the upstream that only fails."""
    return OddUpstream()


@pytest.fixture
async def session(client: Client) -> dict[str, Any]:
    made = await client.create(title="whole", configs={"a": 1})
    [message] = await client.store(made["id"], "hello")
    await client.upload(made["id"], "/a.txt")
    return made | {"message": message}


def told(answer: dict[str, Any]) -> list[tuple[str, list[str | int]]]:
    """Give code and path of each error, and see that nothing of the inside is told."""
    text = repr(answer)
    assert not [word for word in (INSIDE, KEY, "embedded.invalid", "http", "Traceback") if word in text]
    return [(error["extensions"]["code"], error["path"]) for error in answer["errors"]]


async def test_a_failed_call_takes_its_own_field_alone(
    client: Client, session: dict[str, Any], upstream: OddUpstream
) -> None:
    assert await client.data(PAGE, id=session["id"]) == {"session": WHOLE}
    for path, field in CALLS.items():
        upstream.is_odd = lambda request, end=path: request.url.path.endswith(end)  # type: ignore[misc]
        for oddity, (instead, code) in ODDITIES.items():
            upstream.instead = instead
            answer = await client.answer(PAGE, id=session["id"])
            assert told(answer) == [(code, ["session", field])], (field, oddity)
            assert answer["data"] == {"session": {**WHOLE, field: None}}
    upstream.instead = None
    assert await client.data(PAGE, id=session["id"]) == {"session": WHOLE}


async def test_an_acontext_that_never_answers_is_given_up(
    start: Callable[..., AbstractAsyncContextManager[Client]], upstream: OddUpstream
) -> None:
    async with start() as client:
        id = (await client.create())["id"]
    async with start(upstream_timeout=0.05) as client:
        upstream.instead = never
        answer = await client.answer("query ($id: ID!) { session(id: $id) { id tokenCounts { total } } }", id=id)
        assert told(answer) == [("UPSTREAM_TIMEOUT", ["session", "tokenCounts"])]
        assert answer["data"] == {"session": {"id": id, "tokenCounts": None}}


async def test_one_session_of_a_page_may_fail_alone(
    client: Client, session: dict[str, Any], upstream: OddUpstream
) -> None:
    other = await client.create()
    upstream.is_odd = lambda request: other["acontextId"] in request.url.path
    upstream.instead = ODDITIES["fails"][0]
    answer = await client.answer("{ sessions { nodes { tokenCounts { total } } } }")
    assert told(answer) == [("UPSTREAM_UNAVAILABLE", ["sessions", "nodes", 0, "tokenCounts"])]
    assert answer["data"] == {"sessions": {"nodes": [{"tokenCounts": None}, {"tokenCounts": {"total": 2}}]}}


async def test_a_write_that_fails_is_an_error_of_its_field(
    client: Client, session: dict[str, Any], upstream: OddUpstream
) -> None:
    id = session["id"]
    upload = {"sessionId": id, "path": "/b.txt", "content": {"text": "x"}}
    messages = [{"message": {"chat": {"role": "USER", "content": "x"}}}]
    writes: list[tuple[str, str, dict[str, Any]]] = [
        ("createSession", CREATE, {"input": {}}),
        ("updateSession", UPDATE, {"id": id}),
        ("uploadFile", UPLOAD, {"input": upload}),
        ("updateMessageMetadata", ANNOTATE, {"id": session["message"]}),
        ("updateFileMetadata", DESCRIBE_FILE, {"id": id}),
        ("deleteFile", DELETE_FILE, {"id": id}),
        ("storeMessages", STORE, {"session": id, "messages": messages}),
        ("getOrCreateSession", GET_OR_CREATE, {"input": {"id": "0f8fad5b-d9cb-469f-a165-70867728950e"}}),
    ]
    for oddity in (
        "refuses the connection",
        "is slow to answer",
        "fails",
        "is a page",
        "is not there",
        "refuses the key",
    ):
        for field, document, variables in writes:
            upstream.instead = None
            assert await client.data(PAGE, id=id) == {"session": WHOLE}  # failures in a row would open the breaker
            upstream.instead, code = ODDITIES[oddity]
            answer = await client.answer(document, **variables)
            assert told(answer) == [(code, [field])], (field, oddity)
            assert answer["data"] == {field: None}
    upstream.instead = None
    assert await client.data(PAGE, id=id) == {"session": WHOLE}
    assert await client.data("{ sessions { totalCount } }") == {"sessions": {"totalCount": 1}}


async def test_a_404_of_a_proxy_is_not_taken_for_an_absence(
    client: Client, session: dict[str, Any], upstream: OddUpstream
) -> None:
    upstream.instead = ODDITIES["is not there"][0]
    payload = (await client.data(DELETE, id=session["id"]))["deleteSession"]
    assert payload == {"deletedSessionId": session["id"], "errors": []}
    upstream.instead = None
    assert len((await upstream.ask("GET", "/session"))["items"]) == 1  # not done: the sweep will come back to it


async def test_a_session_of_another_project_is_as_unknown(client: Client, upstream: OddUpstream) -> None:
    words = "access denied: session does not belong to this project"
    foreign = "0f8fad5b-d9cb-469f-a165-70867728950e"
    upstream.is_odd = lambda request: foreign in request.url.path
    seen = []
    for instead in (answering(403, {"code": 403, "msg": words}), None):
        upstream.instead = instead
        payload = (await client.data(GET_OR_CREATE, input={"id": foreign}))["getOrCreateSession"]
        assert payload["session"]["acontextId"] != foreign
        seen.append((payload["created"], payload["diskCreated"], payload["errors"]))
    assert seen == [(True, True, [])] * 2


async def test_a_write_that_waits_too_long_for_another_is_told_so(
    start: Callable[..., AbstractAsyncContextManager[Client]], upstream: OddUpstream
) -> None:
    begun, end = asyncio.Event(), asyncio.Event()

    async def hanging(_: httpx.Request) -> httpx.Response:
        begun.set()
        await end.wait()
        return httpx.Response(500)

    async with start(lock_patience=0.02) as client:
        made = await client.create()
        upstream.instead, upstream.is_odd = hanging, lambda request: "/artifact" in request.url.path
        inputs = [{"sessionId": made["id"], "path": f"/{name}", "content": {"text": "x"}} for name in "ab"]
        first = asyncio.create_task(client.answer(UPLOAD, input=inputs[0]))
        await begun.wait()
        messages = [{"message": {"chat": {"role": "USER", "content": "x"}}}]
        for document, variables in [
            (UPLOAD, {"input": inputs[1]}),
            (STORE, {"session": made["id"], "messages": messages}),
            (UPDATE, {"id": made["id"]}),
            (DELETE, {"id": made["id"]}),
        ]:
            [payload] = (await client.data(document, **variables)).values()
            assert [error["code"] for error in payload["errors"]] == ["BUSY"]
        end.set()
        assert told(await first) == [("UPSTREAM_UNAVAILABLE", ["uploadFile"])]
        upstream.instead = None
        assert (await client.upload(made["id"], "/a"))["path"] == "/a"


async def test_the_key_is_in_no_log(
    client: Client, session: dict[str, Any], upstream: OddUpstream, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", "gql_api")
    for instead, _ in ODDITIES.values():
        upstream.instead = instead
        await client.answer(PAGE, id=session["id"])
    assert "upstream" in caplog.text
    assert KEY not in caplog.text
    assert INSIDE not in caplog.text.replace(repr(httpx.URL(f"http://{INSIDE}")), "")


async def test_what_comes_to_the_same_each_time_is_held_to_the_same_rules_each_time(client: Client) -> None:
    """An operation that asks for names of types alone is answered past all else from its second time on."""
    for _ in range(3):
        answer = await client.answer("query Named { a: __typename b: __typename }")
        assert answer == {"data": {"a": "Query", "b": "Query"}, "extensions": {"cost": {"estimated": 1, "actual": 1}}}
        [fault] = (await client.answer("query Wanting($n: Boolean!) { __typename @include(if: $n) }"))["errors"]
        assert fault["extensions"]["code"] == "BAD_USER_INPUT"
        assert (await client.answer("mutation { __typename }"))["data"] == {"__typename": "Mutation"}
        changed = await client.http.get("/graphql", params={"query": "mutation { __typename }"})
        assert changed.status_code == 405
        head = await client.http.head("/graphql", params={"query": "{ __typename }"})
        assert (head.status_code, head.content) == (200, b"")
