"""Files by the GraphQL multipart request specification: written to disks as they are, and left nowhere else."""

import asyncio
import json
import logging
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryFile
from threading import Event
from typing import Any

import pytest

from api.asking import Asking
from api.client import CREATE, Client
from api.client import UPLOAD as UPLOAD_FILE
from api.conftest import ADDRESS
from api.forms import BOUNDARY, Spool, form, headers, post, sent, upload
from api.test_admission import app_of
from api.upstream import Upstream

CONTENT = """
query ($id: ID!, $path: String!) { session(id: $id) { file(path: $path) { size publicUrl { url } } } }
"""
SEVERAL = """
mutation ($a: UploadFileInput!, $b: UploadFileInput!) {
  a: uploadFile(input: $a) { file { path size } errors { code } }
  b: uploadFile(input: $b) { file { path size } errors { code } }
}
"""
KIB = 1024
FORMS = Path(__file__).parent.parent / "data" / "forms"


@pytest.fixture
async def session(client: Client) -> str:
    return str((await client.create())["id"])


def to(session: str, path: str = "/a.bin") -> dict[str, Any]:
    return {"sessionId": session, "path": path, "content": {"upload": None}}


async def hash_of(client: Client, session: str, path: str) -> str:
    file = (await client.data(CONTENT, id=session, path=path))["session"]["file"]
    response = await client.http.get(file["publicUrl"]["url"].removeprefix(ADDRESS))
    assert len(response.content) == file["size"]
    return sha256(response.content).hexdigest()


@pytest.mark.parametrize("size", [0, 1, 64 * KIB, 64 * KIB + 1, 3 * KIB * KIB + 7, 16 * KIB * KIB])
async def test_a_file_is_stored_byte_by_byte(client: Client, session: str, size: int, spool: Spool) -> None:
    data = (bytes(range(251)) * (size // 251 + 1))[:size]
    payload = await sent(client, UPLOAD_FILE, {"input": to(session)}, {"input.content.upload": data})
    assert payload["errors"] == []
    assert (payload["file"]["path"], payload["file"]["size"], payload["replaced"]) == ("/a.bin", size, False)
    assert await hash_of(client, session, "/a.bin") == sha256(data).hexdigest()
    assert spool.files == []


async def test_several_files_come_in_one_operation(client: Client, session: str) -> None:
    variables = {"a": to(session, "/a"), "b": to(session, "/b")}
    files = {"a.content.upload": b"a" * 100, "b.content.upload": b"b" * 200_000}
    answer = (await post(client, upload(SEVERAL, variables, files))).json()
    assert answer["data"] == {
        "a": {"file": {"path": "/a", "size": 100}, "errors": []},
        "b": {"file": {"path": "/b", "size": 200_000}, "errors": []},
    }


async def test_one_file_may_stand_in_several_places(client: Client, session: str) -> None:
    other = (await client.create())["id"]
    variables = {"a": to(session), "b": to(other)}
    data = bytes(range(256)) * 4000
    places = {"0": ["variables.a.content.upload", "variables.b.content.upload"]}
    answer = (await post(client, upload(SEVERAL, variables, {"0": data}, places))).json()
    assert [payload["errors"] for payload in answer["data"].values()] == [[], []]
    for one in (session, other):
        assert await hash_of(client, one, "/a.bin") == sha256(data).hexdigest()


@pytest.mark.parametrize("name", ["apollo-upload-client", "urql", "gql"])
async def test_what_clients_send_is_understood(client: Client, session: str, name: str) -> None:
    """As it was recorded: apollo-upload-client 20.0.0, @urql/core 6.0.3 and, for Python, gql 4.4.0."""
    recorded = (FORMS / name).read_bytes()
    boundary = recorded.partition(b"\r\n")[0].removeprefix(b"--").decode()
    body = recorded.replace(b"SESSION", session.encode())
    response = await post(client, body, **{"content-type": f"multipart/form-data; boundary={boundary}"})
    payload = response.json()["data"]["uploadFile"]
    assert (response.status_code, payload["errors"]) == (200, [])
    assert (payload["file"]["path"], payload["file"]["size"]) == ("/notes.txt", 7)
    assert await hash_of(client, session, "/notes.txt") == sha256("hællo\n".encode()).hexdigest()


@pytest.mark.parametrize("name", ["apollo-require-preflight", "X-Apollo-Operation-Name", "GraphQL-Require-Preflight"])
async def test_a_page_of_another_origin_cannot_upload(
    client: Client, session: str, name: str, upstream: Upstream
) -> None:
    body = upload(UPLOAD_FILE, {"input": to(session)}, {"input.content.upload": b"x"})
    kind = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}
    upstream.clear()
    for given in ({}, {name: ""}):
        refused = await client.http.post("/graphql", content=body, headers={**kind, **given})
        assert (refused.status_code, refused.json()["errors"][0]["extensions"]) == (400, {"code": "BAD_REQUEST"})
        assert "apollo-require-preflight" in refused.json()["errors"][0]["message"]
    assert upstream.calls == []
    taken = await client.http.post("/graphql", content=body, headers={**kind, name: "x"})
    assert taken.json()["data"]["uploadFile"]["errors"] == []


async def test_there_may_be_a_form_without_files(client: Client) -> None:
    asked = form([("operations", None, b'{"query": "{ __typename }"}'), ("map", None, b"{}")])
    assert (await post(client, asked)).json()["data"] == {"__typename": "Query"}


async def test_an_upload_is_a_file_and_nothing_else_is(client: Client, session: str, spool: Spool) -> None:
    for given in ("text", 1, {"a": 1}, []):
        input = {**to(session), "content": {"upload": given}}
        assert await client.code(UPLOAD_FILE, input=input) == "BAD_USER_INPUT"
    literal = UPLOAD_FILE.replace("$input: UploadFileInput!", "$id: ID!").replace(
        "input: $input", 'input: {sessionId: $id, path: "/a", content: {upload: "x"}}'
    )
    assert await client.code(literal, id=session) == "GRAPHQL_VALIDATION_FAILED"
    for place, errors in (
        ("input.metadata", [{"code": "INVALID_INPUT", "path": ["input", "metadata"]}]),
        ("input.metadata.a", [{"code": "INVALID_INPUT", "path": ["input", "metadata", "a"]}]),
    ):
        metadata = None if place == "input.metadata" else {"a": None}
        variables = {"input": {**to(session), "content": {"text": "x"}, "metadata": metadata}}
        payload = await sent(client, UPLOAD_FILE, variables, {place: b"x"})
        assert [{key: error[key] for key in ("code", "path")} for error in payload["errors"]] == errors
    for place in ("input.path", "input.sessionId", "input"):
        variables = {"input": to(session)}
        if place == "input":
            variables = {"input": None}  # type: ignore[dict-item]
        else:
            variables["input"][place.removeprefix("input.")] = None
        answer = (await post(client, upload(UPLOAD_FILE, variables, {place: b"x"}))).json()
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_USER_INPUT"], place
    assert spool.files == []


LIMITS = {
    "max_upload_files": 2,
    "max_upload_file_size": 100 * KIB,
    "max_upload_size": 150 * KIB,
    "max_body_size": 2 * KIB,
}


@pytest.mark.parametrize(
    ("files", "query", "message"),
    [
        ([1, 1, 1], UPLOAD_FILE, "A form has at most 2 files."),
        ([100 * KIB + 1], UPLOAD_FILE, f'The file "0" is larger than {100 * KIB} bytes.'),
        ([100 * KIB, 100 * KIB], UPLOAD_FILE, f"The form is larger than {150 * KIB} bytes."),
        ([1], UPLOAD_FILE + " " * 2 * KIB, f"What is no file in the form is larger than {2 * KIB} bytes."),
    ],
)
async def test_too_much_is_refused_while_it_comes(
    start: Any, files: list[int], query: str, message: str, upstream: Upstream, spool: Spool
) -> None:
    async with start(**LIMITS) as client:
        session = (await client.create())["id"]
        upstream.clear()
        named = {str(index): bytes(size) for index, size in enumerate(files)}
        body = upload(query, {"input": to(session)}, named, {})

        async def unannounced() -> Any:
            for at in range(0, len(body), 4 * KIB):
                yield body[at : at + 4 * KIB]

        for given in (body, unannounced()):
            response = await post(client, given)
            assert response.status_code == 413
            assert response.json()["errors"] == [{"message": message, "extensions": {"code": "TOO_LARGE"}}]
        assert upstream.calls == []
        assert spool.files == []
        fits = upload(UPLOAD_FILE, {"input": to(session)}, {"input.content.upload": bytes(100 * KIB)})
        assert (await post(client, fits)).json()["data"]["uploadFile"]["errors"] == []


async def test_a_large_file_in_base64_is_sent_to_the_form(client: Client, session: str) -> None:
    input = {"sessionId": session, "path": "/a", "content": {"base64": "A" * 9 * KIB * KIB}}
    response = await client.http.post("/graphql", json={"query": UPLOAD_FILE, "variables": {"input": input}})
    assert response.status_code == 413
    told = f"The body is larger than {8 * KIB * KIB} bytes; larger files are sent as multipart/form-data."
    assert response.json()["errors"] == [{"message": told, "extensions": {"code": "TOO_LARGE"}}]


HALF = upload(UPLOAD_FILE, {"input": to("x")}, {"input.content.upload": bytes(200 * KIB)})[: 190 * KIB]


async def test_who_leaves_in_the_middle_leaves_nothing(client: Client, upstream: Upstream, spool: Spool) -> None:
    upstream.clear()
    for end in (Asking.leave, lambda one: one.task.cancel()):
        asked = Asking(app_of(client), pieces=[HALF], headers=headers())
        await spool.until(1)
        end(asked)
        await asyncio.wait([asked.task], timeout=20)
        assert asked.task.done()
        assert spool.files == []
    assert upstream.calls == []


async def test_who_is_cut_off_while_a_file_is_opened_waits_for_it_and_leaves_nothing(
    client: Client, spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    opening, opened = Event(), Event()

    def open_slowly(**given: Any) -> Any:
        opening.set()
        assert opened.wait(20)
        return TemporaryFile(**given)

    monkeypatch.setattr("tempfile.TemporaryFile", open_slowly)
    asked = Asking(app_of(client), pieces=[HALF], headers=headers())
    assert await asyncio.to_thread(opening.wait, 20)
    asked.task.cancel()
    done, _ = await asyncio.wait([asked.task], timeout=0.1)
    assert not done
    opened.set()
    await asyncio.wait([asked.task], timeout=20)
    assert asked.task.cancelled()
    assert spool.files == []


async def test_files_on_disk_are_bounded_for_all_and_for_one(start: Any, spool: Spool) -> None:
    async with start(max_upload_size=300 * KIB, max_upload_spool=600 * KIB) as client:
        first = [
            Asking(app_of(client), pieces=[HALF], headers=headers(**{"x-user": user})) for user in ("ada", "bob", "cy")
        ]
        await spool.until(3)
        for user, code in (("ada", (429, "RATE_LIMITED")), ("dan", (503, "OVERLOADED"))):
            over = Asking(app_of(client), pieces=[HALF], headers=headers(**{"x-user": user}))
            assert await over.code() == code
        assert len(spool.files) == 3
        # What lies on disk is not in memory.
        assert (await client.data(CREATE, input={"title": "x" * 1000}))["createSession"]["errors"] == []
        for one in first:
            one.leave()
            assert (await one.answer())[0] == 499
        assert spool.files == []
        session = (await client.as_user("ada").create())["id"]
        files = {"input.content.upload": bytes(290 * KIB)}
        assert (await sent(client.as_user("ada"), UPLOAD_FILE, {"input": to(session)}, files))["errors"] == []


async def test_a_disk_without_room_is_told_as_overload(
    client: Client, session: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    files = {"input.content.upload": bytes(100 * KIB)}
    response = await post(client, upload(UPLOAD_FILE, {"input": to(session)}, files))
    assert response.status_code == 503
    assert [error["extensions"]["code"] for error in response.json()["errors"]] == ["OVERLOADED"]


async def test_a_subscription_takes_no_form(client: Client, spool: Spool) -> None:
    document = "subscription ($id: ID!) { messageStored(sessionId: $id) { message { id } } }"
    body = upload(document, {"id": None}, {"id": b"x"})
    response = await post(client, body, accept="text/event-stream")
    assert "OPERATION_RESOLUTION_FAILURE" in response.text
    assert spool.files == []


async def test_a_form_is_logged_as_any_other_operation(
    client: Client, session: str, caplog: pytest.LogCaptureFixture
) -> None:
    named = UPLOAD_FILE.replace("mutation (", "mutation Keep (")
    operations = {"query": named, "operationName": "Keep", "variables": {"input": to(session)}}
    body = form(
        [
            ("operations", None, json.dumps(operations).encode()),
            ("map", None, b'{"x": ["variables.input.content.upload"]}'),
            ("x", "secret-name.txt", b"secret bytes"),
        ]
    )
    with caplog.at_level(logging.INFO):
        assert (await post(client, body)).status_code == 200
    lines = [record for record in caplog.records if record.name == "gql_api.web.recording"]
    assert [(line.__dict__["operation"], line.__dict__["status"]) for line in lines] == [("Keep", 200)]
    assert "secret" not in caplog.text
