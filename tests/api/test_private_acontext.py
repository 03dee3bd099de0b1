"""Public URLs of an Acontext that clients cannot reach: shown by this server, where the setting says so."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.client import Client
from api.conftest import ADDRESS, served
from api.upstream import KEY
from carrying import in_front
from databases import Databases
from gql_api.app import create_app
from gql_api.embedded import open_acontext
from gql_api.settings import Settings

PRIVATE = "http://acontext.internal:8029"
URL = 'query ($id: ID!) { session(id: $id) { file(path: "/a.txt") { publicUrl { url } } } }'
PARTS = """
query ($id: ID!) {
  session(id: $id) { messages { nodes { parts { ... on MediaPart { publicUrl { url } } } } } }
}
"""


@pytest.fixture
def databases(sqlite_databases: Databases) -> Databases:
    """One kind is enough here: files are Acontext's."""
    return sqlite_databases


class Network(httpx.AsyncBaseTransport):
    """The way to the private Acontext; keeps what was asked for."""

    def __init__(self, app: Any) -> None:
        self.requests: list[httpx.Request] = []
        self.fails: httpx.Response | type[httpx.TransportError] | None = None
        self._behind = httpx.ASGITransport(app)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if isinstance(self.fails, httpx.Response):
            return self.fails
        if self.fails:
            raise self.fails("words", request=request)
        return await self._behind.handle_async_request(request)


@pytest.fixture
async def network(tmp_path: Path) -> AsyncIterator[Network]:
    async with open_acontext(tmp_path / "private", api_key=KEY, public_url=PRIVATE) as acontext:
        yield Network(acontext.app)


@asynccontextmanager
async def serving(settings: Settings, network: Network, **changed: Any) -> AsyncIterator[Client]:
    changed = {"acontext_base_url": f"{PRIVATE}/api/v1", **changed}
    app = create_app(settings.model_copy(update=changed), front=in_front(lambda _: network), keyless=network)
    async with served(app) as http:
        yield Client(http)


async def url_of_a_file(client: Client) -> str:
    session = await client.create()
    await client.upload(session["id"], "/a.txt", text="0123456789")
    url: str = (await client.data(URL, id=session["id"]))["session"]["file"]["publicUrl"]["url"]
    return url


async def test_a_file_of_a_private_acontext_is_served_by_us(settings: Settings, network: Network) -> None:
    async with serving(settings, network, serve_public_urls=True) as client:
        url = await url_of_a_file(client)
        assert url.startswith(f"{ADDRESS}/api/v1/material/")
        network.requests.clear()

        whole = await client.http.get(url, headers={"authorization": "Bearer of-a-caller", "cookie": "a=b"})
        head = await client.http.head(url)
        posted = await client.http.post(url)

        assert (whole.status_code, whole.text) == (200, "0123456789")
        assert whole.headers["content-disposition"] == 'attachment; filename="a.txt"'
        assert whole.headers["content-type"] == "text/plain; charset=utf-8"
        assert whole.headers["x-content-type-options"] == "nosniff"
        assert whole.headers["content-security-policy"] == "sandbox; default-src 'none'"
        assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", "10")
        assert posted.status_code == 405
        assert len(network.requests) == 2
        for request in network.requests:
            assert str(request.url).startswith(f"{PRIVATE}/api/v1/material/")
            assert not {"authorization", "cookie"} & set(request.headers)


async def test_a_part_of_a_file_is_asked_for_and_given_as_acontext_gives_it(
    settings: Settings, network: Network
) -> None:
    async with serving(settings, network, serve_public_urls=True) as client:
        url = await url_of_a_file(client)
        headers = {"content-range": "bytes 2-4/10", "x-inside": "y"}
        network.fails = httpx.Response(206, stream=httpx.ByteStream(b"234"), headers=headers)

        part = await client.http.get(url, headers={"range": "bytes=2-4", "accept-encoding": "gzip"})

        asked = network.requests[-1].headers
        assert (asked["range"], asked["accept-encoding"]) == ("bytes=2-4", "identity")
        assert (part.status_code, part.text, part.headers["content-range"]) == (206, "234", "bytes 2-4/10")
        assert part.headers["content-disposition"] == "attachment"
        assert "x-inside" not in part.headers

        network.fails = httpx.Response(416, headers={"content-range": "bytes */10"})
        beyond = await client.http.get(url, headers={"range": "bytes=99-"})
        assert (beyond.status_code, beyond.content, beyond.headers["content-range"]) == (416, b"", "bytes */10")


async def test_media_of_messages_point_at_us_too(settings: Settings, network: Network) -> None:
    async with serving(settings, network, serve_public_urls=True) as client:
        session = await client.create()
        blob = {"role": "user", "parts": [{"type": "image", "file_field": "f"}]}
        async with httpx.AsyncClient(transport=network, base_url=PRIVATE) as acontext:
            await acontext.post(
                f"/api/v1/session/{session['acontextId']}/messages",
                headers={"authorization": f"Bearer {KEY}"},
                data={"payload": json.dumps({"blob": blob, "format": "acontext"})},
                files={"f": ("pic.png", b"\x89PNG\r\n\x1a\n")},
            )
        [message] = (await client.data(PARTS, id=session["id"]))["session"]["messages"]["nodes"]
        url = message["parts"][0]["publicUrl"]["url"]

        assert url.startswith(f"{ADDRESS}/api/v1/material/")
        assert (await client.http.get(url)).content == b"\x89PNG\r\n\x1a\n"


async def test_what_is_not_there_is_not_found(settings: Settings, network: Network) -> None:
    async with serving(settings, network, serve_public_urls=True) as client:
        network.requests.clear()
        for token, asked in (("0" * 64, 1), ("0" * 63, 0), ("..%2f" + "0" * 60, 0), ("A" * 64, 0)):
            network.requests.clear()
            found = await client.http.get(f"/api/v1/material/{token}")
            assert (found.status_code, len(network.requests)) == (404, asked)


@pytest.mark.parametrize(
    ("fails", "status"),
    [
        (httpx.ConnectError, 502),
        (httpx.ReadTimeout, 504),
        (httpx.Response(500, json={"code": 500, "msg": "failed to serve material"}), 502),
        (httpx.Response(302, headers={"location": "http://elsewhere.internal/"}), 502),
    ],
    ids=["unreachable", "late", "failing", "leading elsewhere"],
)
async def test_what_acontext_does_not_give_is_its_failure(
    settings: Settings, network: Network, fails: Any, status: int
) -> None:
    async with serving(settings, network, serve_public_urls=True) as client:
        url = await url_of_a_file(client)
        network.fails = fails

        answered = await client.http.get(url)

        assert answered.status_code == status
        assert "internal" not in answered.text
        assert "location" not in answered.headers


async def test_without_the_setting_the_urls_are_acontexts_own(settings: Settings, network: Network) -> None:
    async with serving(settings, network) as client:
        url = await url_of_a_file(client)

        assert url.startswith(f"{PRIVATE}/api/v1/material/")
        assert (await client.http.get(f"/api/v1/material/{url[-64:]}")).status_code == 404
