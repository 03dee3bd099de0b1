"""What every request gets: id, headers, log line, body limit."""

import asyncio
import logging
import re
from collections.abc import AsyncIterator
from contextlib import nullcontext

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gql_api.telemetry import RequestIdFilter, observed, request_id
from gql_api.web.middleware import middleware
from small_api import BODY_LIMIT, SECRET, create_app

pytestmark = pytest.mark.usefixtures("ids_on_records")
LOGGER = "gql_api.web.recording"
LIMIT = 100


async def whoami(request: Request) -> Response:
    await asyncio.sleep(0)
    return PlainTextResponse(str(request_id()))


async def length(request: Request) -> Response:
    return PlainTextResponse(str(len(await request.body())))


async def broken(request: Request) -> Response:
    raise RuntimeError(SECRET)


def client_of(app: Starlette) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    routes = [
        Route("/whoami", whoami),
        Route("/length", length, methods=["POST"]),
        Route("/broken", broken),
    ]
    async with client_of(Starlette(routes=routes, middleware=middleware(max_body_size=LIMIT))) as made:
        yield made


async def in_parts(size: int, *, part: int = 1) -> AsyncIterator[bytes]:
    for _ in range(0, size, part):
        yield b"x" * part


@pytest.mark.parametrize("sent", ["a", "A-z_0.9", "x" * 128])
async def test_a_sane_request_id_is_kept_and_given_back(client: httpx.AsyncClient, sent: str) -> None:
    response = await client.get("/whoami", headers={"x-request-id": sent})

    assert (response.text, response.headers["x-request-id"]) == (sent, sent)


@pytest.mark.parametrize("sent", [None, "", "x" * 129, "a b", "ünder", "a\tb", "<script>", "²"])
async def test_any_other_request_id_is_replaced_by_a_new_one(client: httpx.AsyncClient, sent: str | None) -> None:
    headers = {} if sent is None else {b"x-request-id": sent.encode()}

    response = await client.get("/whoami", headers=headers)

    assert re.fullmatch(r"[0-9a-f]{32}", response.text)
    assert response.headers["x-request-id"] == response.text


async def test_requests_at_once_keep_their_ids_apart(client: httpx.AsyncClient) -> None:
    names = [f"request-{number}" for number in range(20)]

    answers = await asyncio.gather(*(client.get("/whoami", headers={"x-request-id": name}) for name in names))

    assert [answer.text for answer in answers] == names


async def test_an_id_ends_with_its_request(client: httpx.AsyncClient) -> None:
    await client.get("/whoami", headers={"x-request-id": "r-1"})

    assert request_id() is None


async def test_a_log_format_can_name_the_request() -> None:
    record = logging.LogRecord("any", logging.INFO, "file", 1, "message", None, None)
    names = []
    for within in (observed("r-1", ()), nullcontext()):
        with within:
            assert RequestIdFilter().filter(record)
        names.append(logging.Formatter("%(request_id)s").format(record))

    assert names == ["r-1", "-"]


async def test_all_answers_have_safe_headers(client: httpx.AsyncClient) -> None:
    for path, status in (("/whoami", 200), ("/nowhere", 404), ("/broken", 500)):
        response = await client.get(path)

        assert response.status_code == status
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["referrer-policy"] == "no-referrer"


async def test_headers_of_a_page_of_its_own_are_left_alone() -> None:
    async with client_of(create_app()) as client:
        page = await client.get("/graphql", headers={"accept": "text/html"})

    assert page.headers["referrer-policy"] == "same-origin"
    assert page.headers["x-content-type-options"] == "nosniff"


async def test_graphql_answers_are_not_to_be_stored() -> None:
    async with client_of(create_app()) as client:
        for query in ("{ hello }", "{", ""):
            answer = await client.post("/graphql", json={"query": query})
            assert answer.headers["cache-control"] == "no-store"


async def test_each_request_is_one_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, LOGGER)
    sent = {"query": "query Greet($n: String!) { hello(name: $n) }", "operationName": "Greet", "variables": {"n": "me"}}

    async with client_of(create_app()) as client:
        await client.post("/graphql", json=sent, headers={"x-request-id": "r-1"})

    (record,) = [one for one in caplog.records if one.name == LOGGER]
    assert record.levelno == logging.INFO
    assert re.fullmatch(r"POST /graphql 200 \d+\.\d ms, operation Greet", record.getMessage())
    assert record.request_id == "r-1"  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["Two\nlines", "x" * 129, "a b", ""])
async def test_a_line_in_the_log_cannot_be_forged(caplog: pytest.LogCaptureFixture, name: str) -> None:
    caplog.set_level(logging.INFO, LOGGER)

    async with client_of(create_app()) as client:
        await client.post("/graphql", json={"query": "{ hello }", "operationName": name})
        await client.get("/a%0Ab?secret=1" + "c" * 300)

    first, second = [one.getMessage() for one in caplog.records if one.name == LOGGER]
    assert re.fullmatch(r"POST /graphql 200 \S+ ms, operation -(, OPERATION_RESOLUTION_FAILURE)?", first)
    assert re.fullmatch(r"GET /a%0Ab 404 \S+ ms, operation -", second)


async def test_a_crash_is_logged_once_and_answered_without_a_word_of_it(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    response = await client.get("/broken", headers={"x-request-id": "r-2"})

    assert response.status_code == 500
    assert response.json() == {
        "errors": [{"message": "An internal error occurred.", "extensions": {"code": "INTERNAL_SERVER_ERROR"}}]
    }
    (record,) = [one for one in caplog.records if one.levelno >= logging.ERROR]
    assert record.getMessage() == "A request failed"
    assert record.request_id == "r-2"  # type: ignore[attr-defined]
    assert record.exc_info is not None
    assert str(record.exc_info[1]) == SECRET


@pytest.mark.parametrize(("size", "status"), [(0, 200), (LIMIT, 200), (LIMIT + 1, 413)])
@pytest.mark.parametrize("is_declared", [True, False])
async def test_a_body_may_have_as_many_bytes_as_the_limit_says(
    client: httpx.AsyncClient, size: int, status: int, is_declared: bool
) -> None:
    response = await client.post("/length", content=b"x" * size if is_declared else in_parts(size))

    assert response.status_code == status
    if status == 200:
        assert response.text == str(size)
    else:
        message = f"The body is larger than {LIMIT} bytes; larger files are sent as multipart/form-data."
        assert response.json() == {"errors": [{"message": message, "extensions": {"code": "TOO_LARGE"}}]}
        assert response.headers["content-type"] == "application/json; charset=utf-8"
        assert "x-request-id" in response.headers


async def test_a_body_that_is_declared_too_large_is_not_read(client: httpx.AsyncClient) -> None:
    async def unread() -> AsyncIterator[bytes]:
        raise AssertionError("the body was read")
        yield b""

    response = await client.post("/length", content=unread(), headers={"content-length": str(LIMIT + 1)})

    assert response.status_code == 413


async def test_what_is_refused_before_the_endpoint_is_told_in_the_wanted_type() -> None:
    accept = "application/graphql-response+json"
    headers = {"accept": accept, "content-type": "application/json"}

    async with client_of(create_app()) as client:
        counted = await client.post("/graphql", content=in_parts(BODY_LIMIT + 1, part=1000), headers=headers)
        declared = await client.post("/graphql", content=b"x" * (BODY_LIMIT + 1), headers=headers)
        broken = await client.post("/graphql", json={"query": "{ hello }"}, headers={**headers, "x-refuse": "crash"})

    assert [one.status_code for one in (counted, declared, broken)] == [413, 413, 500]
    for response in (counted, declared, broken):
        assert response.headers["content-type"] == f"{accept}; charset=utf-8"


@pytest.mark.parametrize("declared", ["many", "9" * 5000, "-1", ""])
async def test_a_length_that_cannot_be_read_is_not_believed(client: httpx.AsyncClient, declared: str) -> None:
    short = await client.post("/length", content=in_parts(3), headers={"content-length": declared})
    long = await client.post("/length", content=in_parts(LIMIT + 1), headers={"content-length": declared})

    assert (short.status_code, short.text, long.status_code) == (200, "3", 413)


async def test_an_answer_that_has_begun_is_not_begun_again(caplog: pytest.LogCaptureFixture) -> None:
    async def half(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await Request(scope, receive).body()

    app: ASGIApp = half
    for kind in reversed(middleware(max_body_size=LIMIT)):
        app = kind.cls(app, *kind.args, **kind.kwargs)
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"x" * (LIMIT + 1), "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    await app({"type": "http", "method": "POST", "path": "/", "headers": []}, receive, send)

    assert [(message["type"], message["status"]) for message in sent] == [("http.response.start", 200)]
    assert [one.getMessage()[:16] for one in caplog.records if one.levelno >= logging.ERROR] == ["A request failed"]


async def test_other_connections_than_http_pass_untouched() -> None:
    app = Starlette(middleware=middleware(max_body_size=LIMIT))

    async with app.router.lifespan_context(app):
        pass

    sent: list[object] = []

    async def receive() -> dict[str, object]:
        return {"type": "websocket.connect"}

    async def send(message: object) -> None:
        sent.append(message)

    await app({"type": "websocket", "path": "/", "headers": [], "subprotocols": []}, receive, send)
    assert sent == [{"type": "websocket.close", "code": 1000, "reason": ""}]
