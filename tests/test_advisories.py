"""What `make check` says of vulnerabilities that are known: asked of a server on loopback, by the real pip-audit."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

import advisories

PINNED = f"good-package==1.0 --hash=sha256:{'0' * 64}\nbad-package==2.0 --hash=sha256:{'1' * 64}\n"
VULNERABILITY = {
    "id": "GHSA-test-0001",
    "aliases": ["CVE-2026-0001"],
    "summary": "It does harm.",
    "published": "2026-01-01T00:00:00Z",
    "affected": [
        {
            "package": {"name": "bad-package", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.1"}]}],
        }
    ],
}
TOLD = "bad-package 2.0: CVE-2026-0001, GHSA-test-0001, fixed in 2.1\n"
Told = tuple[int, str]


class Database(ThreadingHTTPServer):
    """Answers each question with what stands here for its package, else with `otherwise`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.bodies: dict[str, bytes] = {}
        self.otherwise = b"{}"
        self.asked: set[tuple[str, str]] = set()
        self.url = f"http://127.0.0.1:{self.server_port}/v1/query"


class _Answering(BaseHTTPRequestHandler):
    server: Database

    def do_POST(self) -> None:
        question = json.loads(self.rfile.read(int(self.headers["content-length"])))
        name = question["package"]["name"]
        self.server.asked.add((name, question["version"]))
        body = self.server.bodies.get(name, self.server.otherwise)
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep still."""


@pytest.fixture
def database() -> Iterator[Database]:
    with Database() as serving:
        thread = threading.Thread(target=serving.serve_forever)
        thread.start()
        yield serving
        serving.shutdown()
        thread.join()


@pytest.fixture
def audit(tmp_path: Path, database: Database) -> Callable[..., Told]:
    """Give what the audit exits with and says."""
    pinned, accepted = tmp_path / "requirements.txt", tmp_path / "advisories.toml"
    pinned.write_text(PINNED)

    def audited(*entries: str, required: str = "", url: str = "") -> Told:
        accepted.write_text("".join(f"[[accepted]]\n{entry}\n" for entry in entries))
        command = [sys.executable, advisories.__file__, str(pinned)]
        command += ["--accepted", str(accepted), "--osv-url", url or database.url]
        environment = os.environ | {"AUDIT_REQUIRED": required}
        ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
        assert ended.stderr == ""
        return ended.returncode, ended.stdout

    return audited


def entry(until: date | str, id: str = "CVE-2026-0001", reason: str = "It is not used here.") -> str:
    return f'id = "{id}"\nreason = "{reason}"\nuntil = {until}'


TOMORROW, YESTERDAY = date.today() + timedelta(days=1), date.today() - timedelta(days=1)


@pytest.fixture
def known(database: Database) -> None:
    database.bodies["bad-package"] = json.dumps({"vulns": [VULNERABILITY]}).encode()


def test_nothing_known_passes(audit: Callable[..., Told], database: Database) -> None:
    assert audit(required="1") == (0, "no known vulnerability that is not accepted (0 accepted)\n")
    assert database.asked == {("good-package", "1.0"), ("bad-package", "2.0")}


@pytest.mark.usefixtures("known")
def test_a_known_vulnerability_fails_with_its_names_and_what_mends_it(audit: Callable[..., Told]) -> None:
    assert audit() == (1, TOLD)
    assert audit(entry(TOMORROW, id="CVE-2026-0002")) == (1, TOLD)


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize("id", ["CVE-2026-0001", "GHSA-test-0001"])
def test_an_accepted_vulnerability_passes_until_its_day_is_over(audit: Callable[..., Told], id: str) -> None:
    accepted = "no known vulnerability that is not accepted (1 accepted)\n"
    assert audit(entry(date.today(), id=id)) == (0, accepted)
    expired = f"advisories.toml: {id} was accepted until {YESTERDAY}\n"
    assert audit(entry(YESTERDAY, id=id)) == (1, expired)


@pytest.mark.parametrize(
    "wrong", [entry(TOMORROW, reason=""), 'id = "CVE-2026-0001"', entry('"soon"'), entry("2026-01-01T00:00:00")]
)
def test_what_is_accepted_has_a_reason_and_a_day(audit: Callable[..., Told], wrong: str) -> None:
    said = "advisories.toml: CVE-2026-0001 needs an id, a reason, and a day as until\n"
    assert audit(wrong) == (1, said)


@pytest.mark.parametrize("body", [b"<html>", b'{"vulns": [{}]}'])
def test_an_answer_that_makes_no_sense_is_no_audit(audit: Callable[..., Told], database: Database, body: bytes) -> None:
    database.otherwise = body
    said = "dependencies were not audited: no answer that makes sense\n"
    assert audit() == (0, said)
    assert audit(required="1") == (1, said)


def test_where_nobody_can_be_asked_it_says_so_and_passes_unless_it_must_not(audit: Callable[..., Told]) -> None:
    nobody = "http://127.0.0.1:9/v1/query"
    said = "dependencies were not audited: no answer that makes sense\n"
    assert audit(url=nobody) == (0, said)
    assert audit(required="1", url=nobody) == (1, said)
    expired = f"advisories.toml: CVE-2026-0001 was accepted until {YESTERDAY}\n"
    assert audit(entry(YESTERDAY), url=nobody) == (1, said + expired)


def test_all_that_is_pinned_is_audited_and_what_is_accepted_can_be_read() -> None:
    root = Path(advisories.__file__).parents[1]
    assert set(advisories.PINNED) == set(root.glob("requirements*.txt"))
    assert isinstance(advisories.accepted(advisories.ACCEPTED), list)


def test_make_check_audits() -> None:
    makefile = (Path(advisories.__file__).parents[1] / "Makefile").read_text()
    check: Any = makefile.partition("\ncheck:")[2].partition("\n\n")[0]
    assert "tests/advisories.py" in check
