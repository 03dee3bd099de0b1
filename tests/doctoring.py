"""`gql-api doctor` in surroundings where nothing is set, and what it says of one subject."""

import os
import re
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from commands import environment
from gql_api import cli

Ask = Callable[..., tuple[int, str]]


def set_nothing(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Work in a folder of one's own, with no setting of whoever runs the tests, on a port that is free."""
    for name in os.environ.keys() - environment().keys():
        monkeypatch.delenv(name)
    monkeypatch.chdir(folder)
    with socket.create_server(("127.0.0.1", 0)) as free:
        monkeypatch.setenv("GQL_API_PORT", str(free.getsockname()[1]))


def doctor(capsys: pytest.CaptureFixture[str], *flags: str) -> tuple[int, str]:
    """Run it; give exit code and report."""
    with pytest.raises(SystemExit) as left:
        cli.main(["doctor", *flags])
    told = capsys.readouterr()
    assert told.err == ""
    return int(str(left.value.code)), told.out


def asking(monkeypatch: pytest.MonkeyPatch, folder: Path, capsys: pytest.CaptureFixture[str]) -> Ask:
    """Give what runs the doctor with these settings and no others."""
    set_nothing(monkeypatch, folder)

    def ask(**settings: str) -> tuple[int, str]:
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        return doctor(capsys)

    return ask


def said_of(subject: str, report: str) -> list[str]:
    """Give the lines about a subject, without the blanks that stand in for it and around it."""
    found = re.search(rf"^[✓!✗] {re.escape(subject)}  .*\n(?:   +→ .*\n)?", report, re.MULTILINE)
    assert found, report
    return [re.sub("  +", " ", line).strip() for line in found[0].splitlines()]
