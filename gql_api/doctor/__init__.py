"""Looks at everything that a server needs before it can serve, and says what to do about what is amiss."""

import asyncio
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict

from gql_api.doctor.acontext import acontext_findings
from gql_api.doctor.database import database_findings
from gql_api.doctor.finding import Finding, report
from gql_api.doctor.local import (
    document_findings,
    explorer_findings,
    folder_findings,
    port_findings,
    setting_findings,
    time_findings,
)
from gql_api.doctor.remote import identity_findings, traces_findings
from gql_api.settings import Settings, read_settings, setting_faults

__all__ = ["examine", "run"]


def run(*, as_json: bool) -> tuple[str, int]:
    """Examine what the environment says; give the report and the exit code.

    That is 0 when nothing hinders a server, 1 when something does, 2 when the settings cannot be read.
    """
    faults = setting_faults()
    if faults:
        findings = [
            Finding("fault", "setting", fault, "Put it right; the README has the settings.") for fault in faults
        ]
        return _written(findings, as_json=as_json), 2
    with _silence():
        findings = asyncio.run(examine(read_settings()))
    return _written(findings, as_json=as_json), int(any(one.mark == "fault" for one in findings))


async def examine(settings: Settings) -> list[Finding]:
    """Look at everything; what waits for others is asked at once."""
    near = [
        *setting_findings(settings),
        *time_findings(settings),
        *folder_findings(settings),
        *document_findings(settings),
        *explorer_findings(),
    ]
    far = await asyncio.gather(
        database_findings(settings),
        acontext_findings(settings),
        identity_findings(settings),
        port_findings(settings),
        traces_findings(settings),
    )
    return [*near, *(finding for findings in far for finding in findings)]


def _written(findings: list[Finding], *, as_json: bool) -> str:
    if as_json:
        return json.dumps([asdict(finding) for finding in findings], indent=2, ensure_ascii=False) + "\n"
    return report(findings)


@contextmanager
def _silence() -> Iterator[None]:
    """Leave the log out: the report has all of it, and in other words."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)
