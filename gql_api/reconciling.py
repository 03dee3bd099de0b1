"""Runs `reconcile`: holds our rows against Acontext, finishes what is open where it is told to, and reports."""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from gql_api.assembling import creation_of
from gql_api.errors import DatabaseFailure, UpstreamFailure
from gql_api.events.local import LocalBroker
from gql_api.model import MappingState
from gql_api.operating import STANDARD, Telling, open_mappings, written
from gql_api.refusal import Refusal
from gql_api.running import open_gateway
from gql_api.services.comparing import Comparison, Finding, Kind
from gql_api.services.erasing import Erasing
from gql_api.services.locks import SessionLocks
from gql_api.services.reconcile import Reconciler
from gql_api.services.transfer.inventory import aside
from gql_api.settings import Settings
from gql_api.store.clock import keeping_time


class Asked(NamedTuple):
    """What the flags say. `report` is the file for the JSON, "-" for standard output; `problems`: so many are told."""

    apply: bool
    report: Path | None
    problems: int


@dataclass(slots=True)
class Sums:
    """What has come out so far; its fields are those of the report."""

    applied: bool
    open: dict[str, int] = field(default_factory=lambda: dict.fromkeys(("creating", "deleting", "finished", "left"), 0))
    erasures: dict[str, int] = field(default_factory=lambda: dict.fromkeys(("open", "finished", "left"), 0))
    expired: dict[str, int] = field(default_factory=lambda: dict.fromkeys(("tombstones", "keys", "reports"), 0))
    compared: dict[str, int] = field(default_factory=lambda: dict.fromkeys(("sessions", "owners"), 0))
    found: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys((kind.value for kind in Kind), 0)))
    removed: int = 0

    @property
    def unexplained(self) -> int:
        """Count what this command leaves to its operator."""
        mended = self.removed if self.applied else self.found[Kind.DELETED_SESSION.value]
        return self.found.total() - mended + self.open["left"] + self.erasures["left"]

    def shown(self) -> dict[str, Any]:
        """Give the end of the report."""
        parts = {name: dict(getattr(self, name)) for name in ("open", "erasures", "expired", "compared", "found")}
        return {"applied": self.applied, **parts, "removed": self.removed, "unexplained": self.unexplained}


def reconcile(settings: Settings, asked: Asked) -> int:
    """Look, and where `apply` says so finish and remove; give the exit code: 1 when something is left unexplained."""
    telling = Telling(sys.stderr, most=asked.problems)
    sums = Sums(applied=asked.apply)
    with _reporting(asked.report) as report:
        try:
            asyncio.run(_reconcile(settings, sums, telling, report))
        finally:
            telling.progress.clear()
        report.end(sums)
    telling.end("findings")
    if asked.report != STANDARD:
        sys.stdout.write(_summary(sums))
    return 1 if sums.unexplained else 0


async def _reconcile(settings: Settings, sums: Sums, telling: Telling, report: "_Report") -> None:
    async with AsyncExitStack() as stack:
        is_ours = settings.is_sqlite and sums.applied
        database = await stack.enter_async_context(open_mappings(settings, migrate=is_ours))
        clock = await stack.enter_async_context(keeping_time(database))
        gateway = (await open_gateway(stack, settings)).gateway
        creation = creation_of(gateway, settings, clock)
        reconciler = Reconciler(gateway, creation=creation)
        erasing = Erasing(
            locks=SessionLocks(patience=0), creation=creation, reconciler=reconciler, events=LocalBroker()
        )
        comparison = Comparison(gateway, stack.enter_context(aside()), disk_owner_prefix=settings.disk_owner_prefix)
        try:
            await _finish(reconciler, sums, alone=settings.is_embedded)
            await _erase(erasing, sums)
            async for findings in comparison.run():
                sums.compared = {"sessions": comparison.sessions, "owners": comparison.owners}
                await _take(findings, reconciler, sums, report)
                looked_at = comparison.sessions + comparison.owners
                telling.take(findings, f"{comparison.sessions} sessions, {comparison.owners} owners", looked_at)
        except (UpstreamFailure, DatabaseFailure) as failure:
            raise Refusal(_broken_off(failure.message, sums)) from None
        except asyncio.CancelledError:
            raise Refusal(_broken_off("It was told to stop.", sums)) from None


async def _finish(reconciler: Reconciler, sums: Sums, *, alone: bool) -> None:
    """Count what is open and what is past its time, and put both right where that was asked for."""
    rows = await reconciler.open_rows(alone=alone)
    sums.open |= {state.value: rows[state] for state in (MappingState.CREATING, MappingState.DELETING)}
    sums.expired = await reconciler.expired()
    if not sums.applied:
        return
    await reconciler.purge()
    async for is_finished in reconciler.finish_all(alone=alone):
        sums.open["finished" if is_finished else "left"] += 1


async def _erase(erasing: Erasing, sums: Sums) -> None:
    """Count the users who are being erased, and go on with it where that was asked for."""
    sums.erasures["open"] = await erasing.count()
    if sums.applied:
        sums.erasures["finished"] = await erasing.finish_all()
        sums.erasures["left"] = await erasing.count()


async def _take(findings: list[Finding], reconciler: Reconciler, sums: Sums, report: "_Report") -> None:
    for finding in findings:
        report.add(finding, removed=await _settle(finding, reconciler, sums))


async def _settle(finding: Finding, reconciler: Reconciler, sums: Sums) -> bool:
    """Count it, and remove what a deletion of ours left, where that was asked for; nothing else is ever removed."""
    sums.found[finding.kind.value] += 1
    if not sums.applied or finding.kind is not Kind.DELETED_SESSION:
        return False
    is_removed = await reconciler.remove_disks(finding.session)
    sums.removed += is_removed
    return is_removed


class _Report:
    """One JSON object, written as it comes: findings may be very many."""

    def __init__(self, output: TextIO | None) -> None:
        self._output = output
        self._between = ""
        self._write('{"findings": [')

    def add(self, finding: Finding, *, removed: bool) -> None:
        """Write a finding, on a line of its own."""
        shown = {
            "kind": finding.kind.value,
            "session": str(finding.session),
            "disks": [str(disk) for disk in finding.disks],
            "removed": removed,
        }
        self._write(f"{self._between}\n{json.dumps(shown)}")
        self._between = ","

    def end(self, sums: Sums) -> None:
        """Write the sums."""
        self._write(f"\n], {json.dumps(sums.shown())[1:]}\n")

    def _write(self, text: str) -> None:
        if self._output:
            self._output.write(text)


@contextmanager
def _reporting(file: Path | None) -> Iterator[_Report]:
    with ExitStack() as stack:
        yield _Report(stack.enter_context(written(file)) if file else None)


def _summary(sums: Sums) -> str:
    opened, erasures, expired, compared = sums.open, sums.erasures, sums.expired, sums.compared
    done = f"{opened['finished']} finished, {opened['left']} left" if sums.applied else "not touched"
    erased = f"{erasures['finished']} finished, {erasures['left']} left" if sums.applied else "not touched"
    found = ", ".join(f"{number} {name}" for name, number in sums.found.items() if number) or "nothing amiss"
    end = f"Removed: {sums.removed}." if sums.applied else "Nothing was changed."
    return (
        f"Open: {opened['creating']} half made, {opened['deleting']} half deleted; {done}.\n"
        f"Users being deleted: {erasures['open']}; {erased}.\n"
        f"Past their time: {expired['tombstones']} tombstones, {expired['keys']} keys, {expired['reports']} reports.\n"
        f"Compared: {compared['sessions']} sessions, {compared['owners']} owners of disks; {found}.\n"
        f"{end} Unexplained: {sums.unexplained}.\n"
    )


def _broken_off(reason: str, sums: Sums) -> str:
    done = "Nothing was changed"
    if sums.applied:
        done = f"What was done stays ({sums.open['finished']} finished, {sums.removed} removed)"
    return f"{reason} {done}; the same command begins anew."
