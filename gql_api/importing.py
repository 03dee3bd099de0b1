"""Runs `import`: looks whether the archive is whole, then opens database and Acontext, and tells how it goes."""

import asyncio
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO

from gql_api.errors import Busy, DatabaseFailure, Invalid, UpstreamFailure
from gql_api.operating import STANDARD, Telling, broken_off, opened, tried
from gql_api.refusal import Refusal
from gql_api.running import Running, run, setting_at_fault
from gql_api.services import rules
from gql_api.services.archive.checking import Rules
from gql_api.services.archive.importing import Import, Tally
from gql_api.services.archive.making import Services, Terms
from gql_api.services.archive.tape import UnfitArchive
from gql_api.services.archive.verifying import manifest, verify
from gql_api.services.creation import LEASE
from gql_api.services.transfer.inventory import aside
from gql_api.settings import Settings
from gql_api.store import database


def import_archive(file: Path, settings: Settings, *, user: str | None, dry_run: bool, problems: int) -> int:
    """Bring the sessions in; give the exit code: 0 when all are in, 1 when some were refused."""
    if settings.is_embedded:  # what a killed run sent to it is there or not, and not on its way any more
        settings = settings.model_copy(update={"store_settling": 0.0})
    terms = _terms(settings, user, dry_run=dry_run)
    telling = Telling(sys.stderr, most=problems)
    with _kept(file) as content:
        try:
            total, id = _verified(content, telling)
            tally = asyncio.run(_import(content, id, settings, terms, _Bar(telling, total)))
        except UnfitArchive as reason:
            raise Refusal(f"{file}: {reason} Nothing was imported.") from None
        finally:
            telling.progress.clear()
    telling.end("refused sessions")
    sys.stdout.write(_summary(tally, dry_run=dry_run))
    return 1 if tally.refused else 0


class _Bar:
    """Tells how far an import is, by sessions, of which it is known how many there are."""

    def __init__(self, telling: Telling, total: int) -> None:
        self._telling = telling
        self._total = total

    def take(self, step: object, tally: Tally) -> None:
        problems = [step] if step else []
        share = tally.sessions * 100 // max(1, self._total)
        counted = tally.sessions + tally.messages + tally.files
        self._telling.take(problems, f"{share:3} % {_counts(tally)}", counted)


def _verified(content: BinaryIO, telling: Telling) -> tuple[int, str]:
    """Look at all of it before anything is made; give how many sessions there are, and the archive's id."""
    found = manifest(content)
    size = content.seek(0, os.SEEK_END)
    with aside() as noted:
        total = verify(content, noted, lambda at: telling.progress.tell(f"{at * 100 // size:3} % checked", 0))
    return total, str(found["id"])


async def _import(content: BinaryIO, id: str, settings: Settings, terms: Terms, bar: _Bar) -> Tally:
    try:
        async with run(settings) as running:
            return await _run(content, Import(_services(running), id, terms), bar)
    except database.UNREADY as error:
        raise Refusal(f"{setting_at_fault(error, 'DATABASE_URL')}: {error}") from None


async def _run(content: BinaryIO, running: Import, bar: _Bar) -> Tally:
    try:
        async for step in running.run(content):
            bar.take(step, running.tally)
    except (UpstreamFailure, DatabaseFailure, Busy) as failure:
        raise Refusal(broken_off(failure.message, _counts(running.tally))) from None
    except asyncio.CancelledError:
        raise Refusal(broken_off("It was told to stop.", _counts(running.tally))) from None
    return running.tally


def _services(running: Running) -> Services:
    services = running.services
    return Services(services.sessions, services.messages, services.files, running.events)


def _terms(settings: Settings, user: str | None, *, dry_run: bool) -> Terms:
    try:
        user = user and rules.user(user, (), reserved_prefix=settings.disk_owner_prefix)
    except Invalid as error:
        raise Refusal(f"--user: {error.message}") from None
    patience = settings.store_settling
    if not settings.is_single:
        patience += LEASE.total_seconds() + settings.sweep_seconds
    return Terms(
        user=user,
        dry_run=dry_run,
        rules=Rules(settings.disk_owner_prefix, settings.max_run),
        patience=patience,
        clock=lambda: datetime.now(UTC),
    )


def _counts(tally: Tally) -> str:
    return f"{tally.sessions} sessions: {tally.new} in, {tally.there} in already, {tally.refused} refused"


def _summary(tally: Tally, *, dry_run: bool) -> str:
    if dry_run:
        return tried(_counts(tally))
    return f"{_counts(tally)}; {tally.messages} messages and {tally.files} files were stored.\n"


@contextmanager
def _kept(file: Path) -> Iterator[BinaryIO]:
    """Open the archive; what comes by standard input is kept in a file for temporary files, for it is read twice."""
    if file == STANDARD:
        with TemporaryFile() as kept:
            shutil.copyfileobj(sys.stdin.buffer, kept)
            yield kept
        return
    with opened(file) as content:
        yield content
