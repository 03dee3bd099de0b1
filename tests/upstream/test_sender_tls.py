"""An Acontext behind TLS: it is believed by the authorities that are known here, and never otherwise."""

import asyncio
import ssl
from pathlib import Path

import pytest

from gql_api.upstream.sender import Unreached
from store.certificates import write_certificates
from upstream.raw_server import Scripted, Server, asking, running, sent


def serving(folder: Path, *, address: str) -> ssl.SSLContext:
    """Make certificates in the folder, and what a server at this address serves by."""
    folder.mkdir()
    write_certificates(folder, address=address)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    return context


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")


async def test_who_is_vouched_for_is_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    tls = serving(tmp_path / "own", address="127.0.0.1")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "own" / "ca.pem"))

    async with running(Server(), tls=tls) as server:
        answer = await sent(server.url, asking("POST", "/a?b=1", b'{"c": 2}'))

    assert (answer.status, answer.body) == (200, b'{"code": 0}')
    assert server.lines == ["POST /a?b=1 HTTP/1.1"]
    assert server.requests[0][1] == b'{"c": 2}'


@pytest.mark.parametrize(
    ("address", "authority"), [("127.0.0.1", "other"), ("127.0.0.2", "own")], ids=["unknown authority", "other address"]
)
async def test_who_is_not_is_told_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, address: str, authority: str
) -> None:
    tls = serving(tmp_path / "own", address=address)
    serving(tmp_path / "other", address=address)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / authority / "ca.pem"))

    async with running(Server(), tls=tls) as server:
        with pytest.raises(Unreached):
            await sent(server.url, asking("POST", "/", b"{}"))

    assert server.requests == []


async def test_a_server_without_tls_is_told_nothing() -> None:
    heard: list[bytes] = []

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(1000))
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with running(Scripted(script=refuse)) as server:
        with pytest.raises(Unreached):
            await sent(server.url.replace("http:", "https:"), asking("POST", "/secret", b"{}"))

    assert len(heard) == 1
    assert b"secret" not in heard[0]
