"""What `gql-api doctor` advises where others are not reached, each hindrance told from all the rest."""

import socket
import socketserver
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from commands import environment
from doctoring import Ask, asking, said_of
from standin import KEY
from store.certificates import write_certificates

BY_ISSUER = {
    "GQL_API_AUTH": "jwt",
    "GQL_API_JWT_ALGORITHMS": "RS256",
    "GQL_API_JWT_ISSUER": "https://issuer.example",
    "GQL_API_JWT_AUDIENCE": "gql_api",
    "GQL_API_JWT_JWKS_URL": "https://127.0.0.1:1/keys",
}


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Ask:
    return asking(monkeypatch, tmp_path, capsys)


@contextmanager
def speaking(handle: Callable[[Any], object], *, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """Serve each connection so; give the port."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            try:
                with tls.wrap_socket(self.request, server_side=True) if tls else self.request as connection:
                    handle(connection)
            except OSError:
                """The doctor need not stay for more."""

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def answer(connection: Any) -> None:
    """Say over HTTP that there is nothing here."""
    connection.recv(4096)
    connection.sendall(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")


@pytest.fixture
def tls(tmp_path: Path) -> ssl.SSLContext:
    """A certificate for 127.0.0.1 by a CA that nobody knows, `ca.pem`."""
    write_certificates(tmp_path, address="127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem", tmp_path / "server.key")
    return context


TRUSTED = "Let this machine trust its CA, as by a file that SSL_CERT_FILE names."
NOBODY = "Nobody listens there: look at the port in ACONTEXT_BASE_URL, and whether Acontext runs."
HUNG_UP = [
    "✗ Acontext the connection was closed without an answer",
    "→ Look at the log of Acontext, and at a proxy in between.",
]
NO_TLS = [
    "✗ Acontext no TLS is spoken there",
    "→ Look at ACONTEXT_BASE_URL: it begins with http:// in that case, or its port is another one.",
]
TLS_WANTED = [
    "✗ Acontext TLS is expected there, and none was spoken",
    "→ Let ACONTEXT_BASE_URL begin with https://.",
]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://127.0.0.1:1", ["✗ Acontext the connection is refused", f"→ {NOBODY}"]),
        (
            "http://nowhere.invalid/api/v1",
            [
                "✗ Acontext there is no host of this name",
                "→ Look at the spelling of ACONTEXT_BASE_URL, and at the DNS of this machine.",
            ],
        ),
        (
            "http://256.1.1.1",
            [
                "✗ Acontext there is no host of this name",
                "→ Look at the spelling of ACONTEXT_BASE_URL, and at the DNS of this machine.",
            ],
        ),
    ],
)
def test_an_acontext_that_is_not_there_is_told_by_how(ask: Ask, url: str, said: list[str]) -> None:
    code, report = ask(ACONTEXT_BASE_URL=url, ACONTEXT_API_KEY=KEY)
    assert (code, said_of("Acontext", report)) == (1, said)


def test_an_acontext_that_says_nothing_is_told_by_how(ask: Ask) -> None:
    ended = threading.Event()
    with speaking(lambda _: ended.wait(30)) as port:
        code, report = ask(
            ACONTEXT_BASE_URL=f"http://127.0.0.1:{port}", ACONTEXT_API_KEY=KEY, GQL_API_UPSTREAM_TIMEOUT="0.2"
        )
        ended.set()
    assert (code, said_of("Acontext", report)) == (
        1,
        [
            "✗ Acontext no answer in time",
            "→ Look whether Acontext is overloaded, and whether a firewall or the network keeps it from here.",
        ],
    )


def test_an_acontext_that_hangs_up_is_told_from_one_that_wants_tls(ask: Ask, tls: ssl.SSLContext) -> None:
    settings = {"ACONTEXT_API_KEY": KEY}
    with speaking(lambda connection: connection.recv(4096)) as port:
        code, report = ask(ACONTEXT_BASE_URL=f"http://127.0.0.1:{port}", **settings)
        assert (code, said_of("Acontext", report)) == (1, HUNG_UP)
    with speaking(answer, tls=tls) as port:
        code, report = ask(ACONTEXT_BASE_URL=f"http://127.0.0.1:{port}", **settings)
        assert (code, said_of("Acontext", report)) == (1, TLS_WANTED)
    with speaking(answer) as port:
        code, report = ask(ACONTEXT_BASE_URL=f"https://127.0.0.1:{port}", **settings)
        assert (code, said_of("Acontext", report)) == (1, NO_TLS)


def test_an_acontext_that_answers_without_tls_that_it_wants_some_is_understood(ask: Ask, tls: ssl.SSLContext) -> None:
    def either(connection: Any) -> None:
        if connection.recv(1, socket.MSG_PEEK) == b"G":
            answer(connection)
        else:
            tls.wrap_socket(connection, server_side=True).close()

    with speaking(either) as port:
        code, report = ask(ACONTEXT_BASE_URL=f"http://127.0.0.1:{port}", ACONTEXT_API_KEY=KEY)
    assert (code, said_of("Acontext", report)) == (1, TLS_WANTED)


def test_a_certificate_that_is_refused_is_told_by_why(ask: Ask, tls: ssl.SSLContext, tmp_path: Path) -> None:
    with speaking(answer, tls=tls) as port:
        for host, settings, found, advice in (
            ("127.0.0.1", {}, "unable to get local issuer certificate", TRUSTED),
            (
                "localhost",
                {"SSL_CERT_FILE": str(tmp_path / "ca.pem")},
                "Hostname mismatch, certificate is not valid for 'localhost'",
                "Let ACONTEXT_BASE_URL name a host that the certificate is for.",
            ),
        ):
            code, report = ask(ACONTEXT_BASE_URL=f"https://{host}:{port}", ACONTEXT_API_KEY=KEY, **settings)
            assert (code, said_of("Acontext", report)) == (
                1,
                [f"✗ Acontext its certificate is refused: {found}", f"→ {advice}"],
            )
        code, report = ask(ACONTEXT_BASE_URL=f"https://127.0.0.1:{port}")
    assert said_of("Acontext", report)[0].startswith("✗ Acontext what answers is not Acontext, status 404 in ")


@pytest.mark.parametrize("name", ["nothing.pem", "server.key"])
def test_certificates_of_this_machine_that_cannot_be_read_are_told(
    ask: Ask, tls: ssl.SSLContext, tmp_path: Path, name: str
) -> None:
    code, report = ask(
        SSL_CERT_FILE=str(tmp_path / name), ACONTEXT_BASE_URL="https://127.0.0.1:1", ACONTEXT_API_KEY=KEY, **BY_ISSUER
    )
    assert code == 1
    found, advice = "the CA certificates of this machine cannot be read", "Let SSL_CERT_FILE name a file of"
    assert said_of("Acontext", report) == [f"✗ Acontext {found}", f"→ {advice} certificates in PEM."]
    assert said_of("identity", report) == [f"✗ identity the issuer's keys: {found}", f"→ {advice} certificates in PEM."]


def test_an_issuer_is_looked_at_in_the_same_way(ask: Ask) -> None:
    with speaking(answer) as port:
        code, report = ask(**BY_ISSUER | {"GQL_API_JWT_JWKS_URL": f"https://127.0.0.1:{port}/keys"})
        assert (code, said_of("identity", report)) == (
            1,
            [
                "✗ identity the issuer's keys: no TLS is spoken there",
                "→ Look at GQL_API_JWT_JWKS_URL: it begins with http:// in that case, or its port is another one.",
            ],
        )
        code, report = ask(GQL_API_JWT_JWKS_URL=f"http://127.0.0.1:{port}/keys")
    assert (code, said_of("identity", report)) == (
        1,
        ["✗ identity the issuer's keys: status 404", "→ Look at GQL_API_JWT_JWKS_URL."],
    )


def test_a_database_that_has_no_tls_or_another_certificate_is_told(ask: Ask, tls: ssl.SSLContext) -> None:
    def take_tls(connection: Any) -> None:
        connection.recv(8)
        connection.sendall(b"S")
        tls.wrap_socket(connection, server_side=True).close()

    for handle, advice in (
        (
            lambda connection: (connection.recv(8), connection.sendall(b"N")),
            "It speaks no TLS: look at DATABASE_SSL_MODE, and at sslmode in DATABASE_URL.",
        ),
        (
            take_tls,
            "Let DATABASE_SSL_ROOT_CERT name the file of its CA, and DATABASE_URL a host that the certificate is for.",
        ),
    ):
        with speaking(handle) as port:
            code, report = ask(DATABASE_URL=f"postgresql://127.0.0.1:{port}/name", DATABASE_SSL_MODE="verify-full")
        assert (code, said_of("database", report)[1]) == (1, f"→ {advice}")


@pytest.mark.parametrize(
    ("seconds", "longer"),
    [
        ("9.5", "GQL_API_UPSTREAM_TIMEOUT (10 s) and GQL_API_UPSTREAM_TRANSFER_TIMEOUT (30 s)"),
        ("29", "GQL_API_UPSTREAM_TRANSFER_TIMEOUT (30 s)"),
    ],
)
def test_a_request_that_is_shorter_than_its_calls_is_warned_of(ask: Ask, seconds: str, longer: str) -> None:
    code, report = ask(GQL_API_REQUEST_TIMEOUT=seconds)
    assert (code, said_of("request time", report)) == (
        0,
        [
            f"! request time GQL_API_REQUEST_TIMEOUT ({seconds} s) is less than {longer}",
            "→ Such a call is cut off with its request, as UPSTREAM_TIMEOUT; a write may take effect all the same, and "
            "an Acontext that hangs is not left alone. Raise the one or lower the other.",
        ],
    )
    assert "request time" not in ask(GQL_API_REQUEST_TIMEOUT="30")[1]


def test_the_command_ends_with_its_code_and_tells_in_whole_lines(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gql_api", "doctor"],
        cwd=tmp_path,
        env=environment(
            GQL_API_PORT="0",
            DATABASE_URL=f"sqlite:///{tmp_path}/none/file.sqlite3",
            ACONTEXT_BASE_URL="http://127.0.0.1:1/api/v1",
            ACONTEXT_API_KEY=KEY,
        ),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (1, "")
    assert said_of("database", done.stdout) == [
        f"✗ database The folder of the SQLite file is not there: {tmp_path}/none",
        "→ Make it, or name another in DATABASE_URL.",
    ]
    assert said_of("Acontext", done.stdout) == ["✗ Acontext the connection is refused", f"→ {NOBODY}"]
    assert "\n2 faults" in done.stdout
