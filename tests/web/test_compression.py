"""Answers compressed with gzip: for who takes it, from a size on, and never event streams."""

import gzip
import json
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from gql_api.web.compression import LEAST, LEAST_FOR_A_THREAD
from gql_api.web.middleware import middleware

MEDIA = "application/graphql-response+json; charset=utf-8"
SIZES = (0, 1, LEAST - 1, LEAST, LEAST_FOR_A_THREAD - 1, LEAST_FOR_A_THREAD, 2**21)


async def sized(request: httpx.Request) -> Response:
    """Answer with so many bytes of JSON."""
    size = int(request.path_params["size"])  # type: ignore[attr-defined]
    text = json.dumps("x" * (size - 2)) if size > 1 else "1" * size
    return Response(text, media_type=MEDIA, headers={"vary": "Accept"})


async def events(_: object) -> Response:
    async def parts() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b"event: next\ndata: " + b"x" * LEAST + b"\n\n"

    return StreamingResponse(parts(), media_type="text/event-stream")


async def text(_: object) -> Response:
    return PlainTextResponse("x" * LEAST)


async def failing(_: object) -> Response:
    return JSONResponse({"errors": [{"message": "x" * LEAST}]}, 400)


def client_of(*, compressing: bool) -> httpx.AsyncClient:
    routes = [
        Route("/sized/{size}", sized, methods=["GET", "POST"]),
        Route("/events", events),
        Route("/text", text),
        Route("/failing", failing),
    ]
    app = Starlette(routes=routes, middleware=middleware(max_body_size=100, compressing=compressing))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


async def raw(client: httpx.AsyncClient, method: str, path: str, accepted: str) -> tuple[httpx.Response, bytes]:
    """Ask, and give the body as it came."""
    async with client.stream(method, path, headers={"accept-encoding": accepted}) as response:
        return response, b"".join([part async for part in response.aiter_raw()])


@pytest.mark.parametrize("size", SIZES)
async def test_what_is_large_is_compressed_for_who_takes_it(size: int) -> None:
    async with client_of(compressing=True) as client:
        plain, body = await raw(client, "GET", f"/sized/{size}", "identity")
        packed, coming = await raw(client, "POST", f"/sized/{size}", "gzip, deflate")

    is_large = size >= LEAST
    assert (len(body), plain.headers["content-length"]) == (size, str(size))
    assert packed.headers.get("content-encoding") == ("gzip" if is_large else None)
    assert packed.headers["content-length"] == str(len(coming))
    assert (gzip.decompress(coming) if is_large else coming) == body
    assert "content-encoding" not in plain.headers
    for response in (plain, packed):
        assert response.headers["vary"] == ("Accept, Accept-Encoding" if is_large else "Accept")
        assert response.headers["content-type"] == MEDIA


@pytest.mark.parametrize(
    "accepted", ["", "identity", "br", "gzip;q=0", "gzip; q=0.0, *;q=0", "*, gzip;q=0", "gzip;q=0, *", "gzip;q=many"]
)
async def test_who_does_not_take_it_is_not_given_it(accepted: str) -> None:
    async with client_of(compressing=True) as client:
        response, body = await raw(client, "GET", "/sized/5000", accepted)

    assert ("content-encoding" in response.headers, len(body)) == (False, 5000)


@pytest.mark.parametrize("accepted", [["gzip;q=0.001"], ["*"], ["*;q=0, gzip"], ["br", "GZIP"]])
async def test_who_takes_it_in_other_words_is_given_it(accepted: list[str]) -> None:
    headers = [("accept-encoding", one) for one in accepted]
    async with client_of(compressing=True) as client:
        request = httpx.Request("GET", "http://test/sized/5000", headers=headers)
        response = await client.send(request)

    assert (response.headers.get("content-encoding"), len(response.content)) == ("gzip", 5000)


@pytest.mark.parametrize("path", ["/events", "/text"])
async def test_streams_and_what_is_no_json_are_left_alone(path: str) -> None:
    async with client_of(compressing=True) as client:
        response, body = await raw(client, "GET", path, "gzip")

    assert "content-encoding" not in response.headers
    assert body.count(b"x") >= LEAST


async def test_a_large_refusal_is_compressed_too() -> None:
    async with client_of(compressing=True) as client:
        response, body = await raw(client, "GET", "/failing", "gzip")

    assert (response.status_code, response.headers["content-encoding"]) == (400, "gzip")
    assert len(json.loads(gzip.decompress(body))["errors"][0]["message"]) == LEAST


async def test_a_head_is_told_without_it() -> None:
    async with client_of(compressing=True) as client:
        response, body = await raw(client, "HEAD", "/sized/5000", "gzip")

    assert (response.headers["content-length"], "content-encoding" in response.headers, body) == ("5000", False, b"")


async def test_it_may_be_left_to_a_proxy() -> None:
    async with client_of(compressing=False) as client:
        response, body = await raw(client, "GET", "/sized/5000", "gzip")

    assert ("content-encoding" in response.headers, len(body), response.headers["vary"]) == (False, 5000, "Accept")
