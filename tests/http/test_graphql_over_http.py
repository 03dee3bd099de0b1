"""GraphQL over HTTP, case by case: what the public audit suite asks, and what hostile clients send; also by uvicorn."""

import ssl
from collections.abc import AsyncIterator

import httpx
import pytest
from audited import CASES, Case
from starlette.applications import Starlette

from small_api import create_app


@pytest.fixture(scope="module")
def app() -> Starlette:
    return create_app()


@pytest.fixture(params=["in process", "by uvicorn"])
async def client(request: pytest.FixtureRequest, app: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    if request.param == "in process":
        made = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")
    else:
        url = request.getfixturevalue("served_url")
        # An empty context: to load the certificates for each test would take longer than the test.
        made = httpx.AsyncClient(base_url=url, timeout=30, verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    async with made:
        yield made


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_the_answer_is_as_the_table_says(client: httpx.AsyncClient, case: Case) -> None:
    sent = {
        "accept": case.accept,
        "content-type": case.content_type,
        "content-encoding": case.content_encoding,
    }
    request = client.build_request(case.method, "/graphql", content=case.content, params=case.params)
    for name, value in sent.items():
        request.headers.pop(name, None)
        if value is not None:
            request.headers[name] = value

    response = await client.send(request)

    body = response.content if isinstance(case.body, bytes) else response.json()
    assert (response.status_code, body) == (case.status, case.body)
    assert response.headers.get("content-type") == (f"{case.media}; charset=utf-8" if case.media else None)
    assert {name: response.headers[name] for name in case.headers} == case.headers
    assert response.headers["vary"] == "Accept"
    assert response.headers["x-content-type-options"] == "nosniff"
