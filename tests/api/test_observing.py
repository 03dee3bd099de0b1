"""What the running server tells of its work: readiness, metrics, and lines in the log that keep its users' secrets."""

import io
import json
import logging
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from api.client import Client
from api.upstream import Upstream
from gql_api.app import create_app
from gql_api.settings import Settings, read_settings
from gql_api.telemetry.logs import JsonLines, LineFormatter, RequestIdFilter, log_config, pseudonyms
from gql_api.telemetry.names import LONGEST_NAME, MOST_NAMES
from gql_api.web.middleware import RequestRecord

TOKEN = "a-token-of-some-length"  # noqa: S105
ONCE = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
"""For what has nothing to do with the database."""
KEY = "the key that users are hashed with"
NAMED = "query Named { viewer { identifier sessions { nodes { configs } } } }"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """As elsewhere, and with metrics."""
    given = read_settings(GQL_API_METRICS_TOKEN=TOKEN, GQL_API_LOG_USER_KEY=KEY.replace(" ", "-"), _env_file=None)
    return settings.model_copy(
        update={"metrics_token": given.metrics_token, "log_user_key": given.log_user_key, "log_level": "DEBUG"}
    )


async def measured(client: Client) -> dict[str, float]:
    """Read the metrics, by their names with labels."""
    response = await client.http.get("/metrics", headers={"authorization": f"Bearer {TOKEN}"})
    assert response.headers["content-type"].startswith("text/plain; version=1.0.0")
    lines = [line for line in response.text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def part(found: dict[str, float], beginning: str) -> dict[str, float]:
    """Keep the counts that begin so, without the beginning."""
    return {
        name.removeprefix(beginning): value
        for name, value in found.items()
        if name.startswith(beginning) and "_bucket" not in name
    }


async def test_a_server_is_ready_as_long_as_its_acontext_answers(start: Callable[..., Any], upstream: Upstream) -> None:
    async with start() as client:
        answer = await client.http.get("/readyz")
        told = {"status": "ready", "checks": {"database": "ok", "acontext": "ok"}}
        assert (answer.status_code, answer.json()) == (200, told)
        assert upstream.calls[-1] == "GET /ping"
    upstream.fault = lambda request: "before" if request.url.path.endswith("/ping") else None
    async with start() as client:
        answer = await client.http.get("/readyz")
        told = {"status": "not ready", "checks": {"database": "ok", "acontext": "failed"}}
        assert (answer.status_code, answer.json()) == (503, told)


@ONCE
async def test_without_a_setting_there_are_no_metrics(start: Callable[..., Any]) -> None:
    async with start(metrics_token=None) as client:
        assert (await client.http.get("/metrics")).status_code == 404


async def test_operations_calls_and_batches_are_counted(client: Client, upstream: Upstream, database_url: str) -> None:
    session = (await client.create())["id"]
    await client.data(NAMED)
    await client.answer("{ nope }")
    upstream.fault = lambda request: "before" if request.method == "GET" else None
    await client.answer(NAMED)
    await client.answer('query Bad { node(id: "x") { id } }')
    await client.store(session, "hello")

    found = await measured(client)

    assert part(found, "gql_api_operations_total") == {
        '{operation="(anonymous)",outcome="ok"}': 2,
        '{operation="Named",outcome="ok"}': 1,
        '{operation="Named",outcome="partial"}': 1,
        '{operation="(none)",outcome="refused"}': 1,
        '{operation="Bad",outcome="partial"}': 1,
    }
    assert part(found, "gql_api_operation_duration_seconds_count") == {
        '{operation="(anonymous)"}': 2,
        '{operation="Named"}': 2,
        '{operation="(none)"}': 1,
        '{operation="Bad"}': 1,
    }
    assert part(found, "gql_api_upstream_calls_total") == {
        '{outcome="ok",route="POST /session"}': 1,
        '{outcome="ok",route="POST /disk"}': 1,
        '{outcome="ok",route="GET /session/{id}/configs"}': 1,
        '{outcome="unavailable",route="GET /session/{id}/configs"}': 1,
        '{outcome="ok",route="POST /session/{id}/messages"}': 1,
    }
    assert part(found, "gql_api_loader_batch_size_sum") == {'{loader="sessions"}': 2, '{loader="configs"}': 2}
    assert found["gql_api_session_wait_seconds_count"] == 1
    assert (found["gql_api_operations_in_flight"], found["gql_api_upstream_waiting"]) == (0, 0)
    assert found["gql_api_upstream_breaker_open"] == 0
    assert found.get("gql_api_database_connections_max") == (10 if database_url.startswith("postgres") else None)
    assert found["process_resident_memory_bytes"] > 0


@ONCE
async def test_names_of_operations_are_told_apart_up_to_a_limit(client: Client) -> None:
    await client.data(f"query {'N' * (LONGEST_NAME + 1)} {{ __typename }}")
    for number in range(MOST_NAMES + 5):
        await client.data(f"query N{number} {{ __typename }}")

    counted = part(await measured(client), "gql_api_operations_total")

    told = {*(f"N{number}" for number in range(MOST_NAMES)), "(other)"}
    assert set(counted) == {f'{{operation="{name}",outcome="ok"}}' for name in told}
    assert counted['{operation="(other)",outcome="ok"}'] == 6


@contextmanager
def logged(form: str) -> Iterator[io.StringIO]:
    """Log as the server does at DEBUG, into a text."""
    config = log_config("DEBUG", form)  # type: ignore[arg-type]
    described = dict(config["formatters"]["chosen"])
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    kind = described.pop("()")
    made = LineFormatter(described["format"]) if kind is LineFormatter else JsonLines(**described)
    handler.setFormatter(made)
    handler.addFilter(RequestIdFilter())
    levels = {"": config["root"]["level"], **{name: one["level"] for name, one in config["loggers"].items()}}
    before = {name: logging.getLogger(name).level for name in levels}
    logging.getLogger().addHandler(handler)
    try:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
        yield stream
    finally:
        logging.getLogger().removeHandler(handler)
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)


class Crashing(httpx.AsyncBaseTransport):
    """An Acontext whose driver fails with words of what it was given."""

    words = "mark-crash"

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        raise RuntimeError(f"{self.words} {request.url} {(await request.aread()).decode()}")


async def ask_with_marks(client: Client) -> None:
    """Ask much, with a mark in everything that is somebody's."""
    marked = client.as_user("mark-user@example.com")
    client.http.headers["authorization"] = "Bearer mark-token"
    session = (await marked.create(title="mark-title", configs={"mark-key": "mark-value"}))["id"]
    await marked.store(session, "mark-text")
    await marked.upload(session, "/mark-folder/mark-file.txt", "mark-content")
    for path in ("/mark-folder/mark-file.txt", "relative-mark-path"):
        await marked.answer(
            "query Read($id: ID!, $path: String!) { session(id: $id) { title configs messages { nodes { text } }"
            " file(path: $path) { textContent publicUrl(expiresIn: 60) { url } } } }",
            id=session,
            path=path,
        )
    await marked.answer('{ node(id: "mark-id") { id } }')
    await marked.answer("{ mark_field }")
    await client.http.get("/api/v1/material/mark-material")


@pytest.mark.parametrize("form", ["line", "json"])
async def test_the_log_has_nothing_that_is_somebodys(start: Callable[..., Any], upstream: Upstream, form: str) -> None:
    with logged(form) as stream:
        async with start() as client:
            await ask_with_marks(client)
        upstream.in_front_of = lambda transport: Crashing()  # type: ignore[method-assign]
        async with start() as client:
            made = await client.as_user("mark-user").answer(
                'mutation { createSession(input: {title: "mark-title"}) { session { id } } }'
            )
    assert made["errors"][0]["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    text = stream.getvalue()
    assert "createSession" in text  # the crash is told, with its place
    assert "RuntimeError" in text
    assert "mark" not in text
    assert "embedded.invalid" not in text
    assert text.count("calls of Acontext") >= 4


@ONCE
async def test_a_line_of_json_tells_of_a_request_in_fields(start: Callable[..., Any], upstream: Upstream) -> None:
    async with start() as client:
        await client.create()
        upstream.fault = lambda request: "before" if request.method == "GET" else None
        with logged("json") as stream:
            response = await client.http.post("/graphql", json={"query": NAMED}, headers={"x-request-id": "r-1"})
    assert "errors" in response.json()
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    [line] = [line for line in lines if line["logger"] == "gql_api.web.recording"]
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", line.pop("time"))
    assert line.pop("milliseconds") > 0
    user = pseudonyms(KEY.replace(" ", "-").encode())("anonymous@example.com")
    message = line.pop("message")
    assert re.sub(r"\d+\.\d ms", "T", message) == (
        f"POST /graphql 200 T, operation Named, user {user}, 1 calls of Acontext, UPSTREAM_UNAVAILABLE"
    )
    assert line == {
        "level": "INFO",
        "logger": "gql_api.web.recording",
        "request_id": "r-1",
        "method": "POST",
        "path": "/graphql",
        "status": 200,
        "operation": "Named",
        "user": user,
        "upstream_calls": 1,
        "codes": ["UPSTREAM_UNAVAILABLE"],
    }
    assert {line["request_id"] for line in lines} == {"r-1"}


def test_a_user_has_one_name_with_one_key_and_another_with_another() -> None:
    first, second = pseudonyms(b"one key"), pseudonyms(b"another")
    assert first("anna") == first("anna") != first("anne")
    assert first("anna") != second("anna")
    assert re.fullmatch("[0-9a-f]{16}", first("a\ud800"))


@pytest.fixture
async def seen(start: Callable[..., Any], upstream: Upstream) -> AsyncIterator[tuple[Client, list[httpx.Headers]]]:
    """A client, and the headers of the calls of Acontext that its requests lead to."""
    headers: list[httpx.Headers] = []
    upstream.fault = lambda request: headers.append(request.headers)  # type: ignore[func-returns-value]
    async with start() as client:
        yield client, headers


PARENT = f"00-{'a' * 32}-{'b' * 16}-01"


@ONCE
@pytest.mark.parametrize(
    ("sent", "passed_on"),
    [
        ({"traceparent": PARENT, "tracestate": "x=1"}, {"traceparent": PARENT, "tracestate": "x=1"}),
        ({"traceparent": PARENT}, {"traceparent": PARENT}),
        ({"traceparent": f"01{PARENT[2:]}-more"}, {"traceparent": f"01{PARENT[2:]}-more"}),
        ({"traceparent": PARENT.upper(), "tracestate": "x=1"}, {}),
        ({"traceparent": f"00-{'0' * 32}-{'b' * 16}-01"}, {}),
        ({"traceparent": f"ff{PARENT[2:]}"}, {}),
        ({"traceparent": f"{PARENT}-more"}, {}),
        ({"tracestate": "x=1"}, {}),
    ],
)
async def test_a_trace_is_passed_on_to_acontext(
    seen: tuple[Client, list[httpx.Headers]], sent: dict[str, str], passed_on: dict[str, str]
) -> None:
    client, headers = seen
    document = "mutation { createSession(input: {}) { session { id } } }"
    await client.http.post("/graphql", json={"query": document}, headers={**sent, "x-request-id": "r-1"})
    assert len(headers) == 2
    for one in headers:
        traced = {name: one[name] for name in ("traceparent", "tracestate") if name in one}
        assert (traced, one["x-request-id"]) == (passed_on, "r-1")


def test_nothing_stands_before_what_puts_requests_on_record() -> None:
    app = create_app(read_settings(_env_file=None))

    assert isinstance(app.build_middleware_stack(), RequestRecord)
