"""Sessions made of others: what is copied, and what not; in the order of the other, each message and file whole."""

import json
from base64 import b64decode, b64encode
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.client import Client
from api.conversation import call, chat, read, result, texts, turns
from api.forking import fork, forked, told, whole
from api.test_isolation import gid, time_of
from api.upstream import Upstream

SESSION = "query ($id: ID!) { session(id: $id) { title configs tags pinnedAt forkedFrom { id title } } }"
UPDATE = "mutation ($input: UpdateSessionInput!) { updateSession(input: $input) { errors { code } } }"
DELETE = "mutation ($id: ID!) { deleteSession(input: {id: $id}) { deletedSessionId } }"
STORE = "mutation ($input: StoreMessageInput!) { storeMessage(input: $input) { message { id } errors { code path } } }"
UPLOAD = "mutation ($input: UploadFileInput!) { uploadFile(input: $input) { errors { code } } }"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
AT, SOURCE = ["input", "atMessageId"], ["input", "sessionId"]


async def seen(client: Client, session: str) -> dict[str, Any]:
    found: dict[str, Any] = (await client.data(SESSION, id=session))["session"]
    return found


async def store(client: Client, session: str, message: Any, **more: Any) -> str:
    payload = (await client.data(STORE, input={"sessionId": session, "message": message, **more}))["storeMessage"]
    assert payload["errors"] == []
    return str(payload["message"]["id"])


async def attach(upstream: Upstream, session: str, **files: tuple[str, bytes]) -> None:
    """Store a message with files, straight to Acontext as other clients of it do."""
    parts = [{"type": "image", "file_field": field, "meta": {"alt": field}} for field in files]
    blob = {"role": "user", "parts": [{"type": "text", "text": "Look:"}, *parts], "meta": {"name": "Ada"}}
    payload = json.dumps({"blob": blob, "format": "acontext", "meta": {"seen": True}})
    await upstream.ask("POST", f"/session/{session}/messages", data={"payload": payload}, files=files)


async def test_a_fork_has_what_the_other_has(client: Client) -> None:
    made = await client.create(title="Tea", configs={"a": {"b": [1, 2]}})
    await client.store(made["id"], "hello", chat("ASSISTANT", "Hi."), "Thanks")
    await client.upload(made["id"], "/a.txt", "one")
    file = {"path": "/notes/b.md", "content": {"base64": b64encode(b"# two").decode()}, "metadata": {"by": "me"}}
    await client.data(UPLOAD, input={"sessionId": made["id"], **file})
    await client.data(UPDATE, input={"id": made["id"], "tags": ["hot"], "pinned": True})
    payload = await fork(client, sessionId=made["id"])
    assert (payload["errors"], payload["progress"]) == ([], None)
    copy = payload["session"]
    assert copy["id"] != made["id"]
    assert copy["disk"]["id"] != made["disk"]["id"]
    assert payload["sessionEdge"]["node"]["id"] == copy["id"]
    assert await whole(client, copy["id"]) == await whole(client, made["id"])
    assert await seen(client, copy["id"]) == {
        "title": "Tea",
        "configs": {"a": {"b": [1, 2]}},
        "tags": [],
        "pinnedAt": None,
        "forkedFrom": {"id": made["id"], "title": "Tea"},
    }
    assert (await seen(client, made["id"]))["forkedFrom"] is None


async def test_media_tool_pairs_and_metadata_are_whole(client: Client, upstream: Upstream) -> None:
    made = await client.create()
    session = made["id"]
    await client.store(session, chat("SYSTEM", "Be brief."), turns({"type": "data", "meta": {"data_type": "x"}}))
    await attach(upstream, made["acontextId"], one=("cat.png", PNG), two=("dog.png", PNG[::-1]))
    await client.store(session, call("c1", arguments={"q": [1, None, "ü<&>"]}), result("c1", "found"))
    await client.store(session, call("c2", arguments="{broken"), chat("TOOL", "", toolCallId="c2", isError=True))
    await client.store(session, {"openai": {"role": "user", "content": ""}})
    await client.store(session, {"gemini": {"role": "model", "parts": [{"functionCall": {"name": "f", "args": {}}}]}})
    await client.store(session, {"gemini": {"role": "user", "parts": [{"functionResponse": {"name": "f"}}]}})
    await store(client, session, chat("USER", "now"), metadata={"a": [1]}, idempotencyKey="key")
    copy = await forked(client, sessionId=session)
    there, here = await whole(client, session), await whole(client, copy["id"])
    assert there["messages"]["nodes"][-1].pop("idempotencyKey") == "key"
    assert here["messages"]["nodes"][-1].pop("idempotencyKey") is None
    assert here == there
    [message] = [node for node in here["messages"]["nodes"] if len(node["parts"]) == 3]
    assert [part["filename"] for part in message["parts"][1:]] == ["cat.png", "dog.png"]
    urls = "nodes { parts { ... on MediaPart { publicUrl { url } } } }"
    parts = (await read(client, copy["id"], urls))["nodes"][2]["parts"]
    assert (await client.http.get(parts[1]["publicUrl"]["url"])).content == PNG


async def test_a_fork_goes_its_own_way(client: Client) -> None:
    made = await client.create()
    await client.store(made["id"], "a", "b")
    await client.upload(made["id"], "/a.txt", "one")
    copy = await forked(client, sessionId=made["id"])
    await client.store(copy["id"], "c")
    await client.upload(copy["id"], "/a.txt", "two")
    assert (await texts(client, made["id"]), await texts(client, copy["id"])) == (["a", "b"], ["a", "b", "c"])
    await client.data(DELETE, id=made["id"])
    assert (await seen(client, copy["id"]))["forkedFrom"] is None
    assert (await whole(client, copy["id"]))["files"]["nodes"][0]["textContent"] == "two"


async def test_a_fork_is_in_the_list_at_its_place(client: Client) -> None:
    made = await client.create(title="first")
    await client.store(made["id"], "What is the weather?")
    await client.create(title="second")
    copy = await forked(client, sessionId=made["id"], title="")
    names = "{ sessions { nodes { displayTitle title lastActivityAt createdAt } } }"
    [first, *rest] = (await client.data(names))["sessions"]["nodes"]
    assert (first["title"], first["displayTitle"]) == ("", "What is the weather?")
    assert [one["title"] for one in rest] == ["second", "first"]
    assert first["createdAt"] > rest[0]["createdAt"]
    [recent, *_] = (await client.data("{ sessions(orderBy: LAST_ACTIVITY_DESC) { nodes { id } } }"))["sessions"][
        "nodes"
    ]
    assert recent["id"] == copy["id"]


async def test_an_empty_session_and_one_without_its_files_can_be_forked(client: Client, upstream: Upstream) -> None:
    made = await client.create()
    await client.upload(made["id"], "/a.txt", "one")
    upstream.clear()
    copy = await forked(client, sessionId=made["id"], includeFiles=False)
    assert (await whole(client, copy["id"]))["messages"]["nodes"] == []
    assert (await whole(client, copy["id"]))["files"]["nodes"] == []
    assert not any("download" in call for call in upstream.calls)


async def test_more_files_than_one_call_lists_are_copied(
    client: Client, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await client.create()
    disk = made["disk"]["acontextId"]
    for number in range(205):
        files = {"file": (f"{number}.txt", str(number).encode())}
        await upstream.ask("POST", f"/disk/{disk}/artifact", data={"file_path": f"/{number % 3}/d/"}, files=files)
    copy = await forked(client, sessionId=made["id"])
    assert (await whole(client, copy["id"]))["files"] == (await whole(client, made["id"]))["files"]
    monkeypatch.setattr("gql_api.services.forking.disk.MOST_FILES", 3)
    assert told(await fork(client, sessionId=made["id"])) == [("TOO_LARGE", ["input", "includeFiles"])]


@pytest.mark.parametrize("bare", [False, True])
async def test_a_conversation_is_cut_after_the_message(client: Client, bare: bool) -> None:
    made = await client.create()
    ids = await client.store(made["id"], "a", "b", "c", "d")
    own = [node["acontextId"] for node in (await read(client, made["id"], "nodes { acontextId }"))["nodes"]]
    for place, id in enumerate(own if bare else ids):
        copy = await forked(client, sessionId=made["id"], atMessageId=id)
        assert await texts(client, copy["id"]) == ["a", "b", "c", "d"][: place + 1]


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_a_fork_at_any_place_is_the_start_of_the_other(client: Client, data: st.DataObject) -> None:
    made = await client.create()
    kinds = st.sampled_from(["user", "assistant", "pair", "instructions"])
    said: list[Any] = []
    for number, kind in enumerate(data.draw(st.lists(kinds, min_size=1, max_size=8))):
        if kind == "pair":
            said += [call(f"c{number}"), result(f"c{number}", f"r{number}")]
        else:
            role = {"user": "USER", "assistant": "ASSISTANT", "instructions": "SYSTEM"}[kind]
            said.append(chat(role, data.draw(st.sampled_from(["same", f"{number}"]))))
    ids = await client.store(made["id"], *said)
    place = data.draw(st.integers(0, len(ids) - 1))
    copy = await forked(client, sessionId=made["id"], atMessageId=ids[place], openToolCalls="CUT_BEFORE")
    there = (await whole(client, made["id"]))["messages"]["nodes"]
    end = place if "toolCalls" in said[place]["chat"] else place + 1
    assert (await whole(client, copy["id"]))["messages"]["nodes"] == there[:end]


class TestOpenCalls:
    """A conversation that is cut where a tool call waits for its result."""

    async def test_it_is_refused_with_the_reason_or_cut_before_it(self, client: Client) -> None:
        made = await client.create()
        ids = await client.store(made["id"], "hi", call("a"), call("b"), result("a", "1"), result("b", "2"), "bye")
        for place in (1, 2, 3):
            payload = await fork(client, sessionId=made["id"], atMessageId=ids[place])
            assert told(payload) == [("CONFLICT", AT)]
            assert "has no result yet" in payload["errors"][0]["message"]
            copy = await forked(
                client, sessionId=made["id"], atMessageId=ids[place], openToolCalls="CUT_BEFORE", includeFiles=False
            )
            assert await texts(client, copy["id"]) == ["hi"]
        assert len(await texts(client, (await forked(client, sessionId=made["id"], atMessageId=ids[4]))["id"])) == 5

    async def test_the_end_of_a_conversation_may_be_open_too(self, client: Client) -> None:
        made = await client.create()
        await client.store(made["id"], "hi", call("a"))
        assert told(await fork(client, sessionId=made["id"])) == [("CONFLICT", AT)]
        assert await texts(client, (await forked(client, sessionId=made["id"], openToolCalls="CUT_BEFORE"))["id"]) == [
            "hi"
        ]

    async def test_a_call_that_the_assistant_gave_up_is_not_open(self, client: Client) -> None:
        made = await client.create()
        await client.store(made["id"], "hi", call("a"), "never mind", chat("ASSISTANT", "Well."))
        assert len(await texts(client, (await forked(client, sessionId=made["id"]))["id"])) == 4

    async def test_nothing_may_be_left_of_it(self, client: Client) -> None:
        made = await client.create()
        await client.store(made["id"], call("a"), "stop")
        copy = await forked(client, sessionId=made["id"], openToolCalls="CUT_BEFORE")
        assert await texts(client, copy["id"]) == []


class TestRefusals:
    """What cannot be copied is refused, nothing is made, and nothing stays."""

    @pytest.fixture
    async def session(self, client: Client) -> str:
        made = await client.create()
        await client.store(made["id"], "a", "b", "c")
        await client.upload(made["id"], "/a.txt")
        await client.upload(made["id"], "/b.txt")
        return str(made["id"])

    async def nothing_is_left(self, client: Client, upstream: Upstream) -> None:
        assert (await client.data("{ sessions { totalCount } }"))["sessions"]["totalCount"] == 1
        assert len((await upstream.ask("GET", "/session?limit=200"))["items"]) == 1
        assert len((await upstream.ask("GET", "/disk?limit=200"))["items"]) == 1

    async def test_too_many_messages_or_files(
        self, client: Client, upstream: Upstream, session: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("gql_api.services.forking.cutting.MOST_MESSAGES", 2)
        assert told(await fork(client, sessionId=session, idempotencyKey="k")) == [("TOO_LARGE", AT)]
        monkeypatch.setattr("gql_api.services.forking.cutting.MOST_MESSAGES", 3)
        monkeypatch.setattr("gql_api.services.forking.disk.MOST_FILES", 1)
        assert told(await fork(client, sessionId=session)) == [("TOO_LARGE", ["input", "includeFiles"])]
        await self.nothing_is_left(client, upstream)
        monkeypatch.setattr("gql_api.services.forking.disk.MOST_FILES", 2)
        await forked(client, sessionId=session, idempotencyKey="k")

    async def test_messages_that_are_not_there(self, client: Client, upstream: Upstream, session: str) -> None:
        other = await client.as_user("bob").create()
        [theirs] = await client.as_user("bob").store(other["id"], "x")
        assert told(await fork(client, sessionId=session, atMessageId=theirs)) == [("INVALID_INPUT", AT)]
        gone = "3d594650-3436-4c1c-a1d0-1f2b6c8f8b8e"
        [first, *_] = (await read(client, session, "nodes { id }"))["nodes"]
        early = gid(f"Message:{b64decode(session).decode().split(':')[1]}:{time_of(first['id'])}:{gone}")
        for id in (gone, early):
            assert told(await fork(client, sessionId=session, atMessageId=id)) == [("NOT_FOUND", AT)]
        assert (await client.data("{ sessions { totalCount } }"))["sessions"]["totalCount"] == 1

    async def test_a_message_that_cannot_be_stored_again(
        self, client: Client, upstream: Upstream, session: str
    ) -> None:
        async def odd(body: Any) -> None:
            data = body.get("data")
            for item in data.get("items", []) if isinstance(data, dict) else []:
                if "parts" in item:
                    item["parts"] = [{"type": "hologram", "text": "?"}]

        upstream.meanwhile = odd
        assert told(await fork(client, sessionId=session)) == [("INVALID_INPUT", AT)]
        upstream.meanwhile = None
        await self.nothing_is_left(client, upstream)

    async def test_sessions_of_others_and_those_that_are_gone(self, client: Client, session: str) -> None:
        assert told(await fork(client.as_user("bob"), sessionId=session)) == [("NOT_FOUND", SOURCE)]
        await client.data(DELETE, id=session)
        assert told(await fork(client, sessionId=session)) == [("NOT_FOUND", SOURCE)]

    @pytest.mark.parametrize(
        ("wrong", "told_at"),
        [
            ({"title": "a\nb"}, [("INVALID_INPUT", ["input", "title"])]),
            ({"title": "a" * 1001}, [("TOO_LARGE", ["input", "title"])]),
            ({"idempotencyKey": ""}, [("INVALID_INPUT", ["input", "idempotencyKey"])]),
            ({"idempotencyKey": "k" * 256}, [("TOO_LARGE", ["input", "idempotencyKey"])]),
        ],
    )
    async def test_titles_and_keys_keep_their_rules(
        self, client: Client, session: str, wrong: dict[str, Any], told_at: Any
    ) -> None:
        assert told(await fork(client, sessionId=session, **wrong)) == told_at
