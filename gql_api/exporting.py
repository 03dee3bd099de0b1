"""Runs `export`: opens database, Acontext and file, or goes on with a file that was cut off, and tells how it goes."""

import asyncio
import fcntl
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, NamedTuple
from uuid import UUID

from gql_api import __version__, model
from gql_api.errors import DatabaseFailure, NotFound, UpstreamFailure
from gql_api.operating import STANDARD, Telling, open_mappings
from gql_api.refusal import Refusal
from gql_api.running import open_gateway
from gql_api.services.archive.choosing import check, chosen, count
from gql_api.services.archive.exporting import Export, Tally
from gql_api.services.archive.writing import (
    Resumed,
    Sums,
    Writer,
    begin,
    begun_at,
    manifest,
    new_id,
    resume,
    selected,
)
from gql_api.services.transfer.inventory import Aside, aside
from gql_api.settings import Settings


class Selection(NamedTuple):
    """Which sessions: all; a user's; some by their ids, which then are that user's. `forms` are providers'."""

    user: str | None
    sessions: Sequence[UUID]
    forms: Sequence[str] = ()

    def shown(self) -> model.JsonObject:
        """Write it as the archive says it."""
        return selected(self.user, self.sessions, self.forms)


class _Target(NamedTuple):
    """The file that is written, the sums of what is in it, and which sessions are in it, kept aside."""

    output: BinaryIO
    sums: Sums
    noted: Aside


class Report(NamedTuple):
    """What an operator is to know while it goes and at the end."""

    telling: Telling
    resumed: Resumed | None
    tally: Tally

    @property
    def left_out(self) -> int:
        """How many sessions are not in the archive, whichever run left them out."""
        return self.tally.left_out + (self.resumed.left_out if self.resumed else 0)


def export_archive(file: Path, settings: Settings, selection: Selection, *, problems: int) -> int:
    """Write the archive, whole under its own name; give the exit code: 1 when sessions were left out."""
    telling = Telling(sys.stderr, most=problems)
    try:
        with aside() as noted, Sums() as sums, _opened(file) as output:
            report = asyncio.run(_export(_Target(output, sums, noted), settings, selection, telling))
            if file != STANDARD:
                os.replace(_part(file), file)
    except OSError as error:
        raise Refusal(f"{file} cannot be written: {error.strerror}") from None
    finally:
        telling.progress.clear()
    telling.end("sessions that were left out")
    sys.stderr.write(_summary(report))
    return 1 if report.left_out else 0


async def _export(target: _Target, settings: Settings, selection: Selection, telling: Telling) -> Report:
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(open_mappings(settings, migrate=settings.is_sqlite))
        gateway = (await open_gateway(stack, settings)).gateway
        await _check(selection)
        resumed = _resumed(target, selection)
        writer = _writer(target, resumed, selection)
        export = Export(gateway, writer, selection.forms)
        report = Report(telling, resumed, export.tally)
        try:
            await _write(export, selection, target.noted, report)
        except (UpstreamFailure, DatabaseFailure) as failure:
            raise Refusal(_broken_off(failure.message, target.output)) from None
        except asyncio.CancelledError:
            raise Refusal(_broken_off("It was told to stop.", target.output)) from None
        writer.end()
    return report


async def _check(selection: Selection) -> None:
    try:
        await check(selection.user, selection.sessions)
    except NotFound as absence:
        raise Refusal(absence.message) from None


async def _write(export: Export, selection: Selection, noted: Aside, report: Report) -> None:
    done, begun = (report.resumed.done, report.resumed.open) if report.resumed else (0, None)
    total = await count(selection.user, selection.sessions)
    async for session in chosen(selection.user, selection.sessions):
        if noted.first_line("sessions", session.id, done + 1) != done + 1:
            continue
        done += 1
        goes_on = begun if begun and begun.id == session.id else None
        async for reason in export.session(session, goes_on):
            problems = [f"session {session.id}: left out: {reason}"] if reason else []
            tally = export.tally
            progress = f"{done} of {total} sessions, {tally.messages} messages, {tally.files} files"
            report.telling.take(problems, progress, done + tally.messages + tally.files)


def _resumed(target: _Target, selection: Selection) -> Resumed | None:
    if target.output is sys.stdout.buffer:
        return None
    resumed = resume(target.output, target.noted, target.sums)
    if resumed and resumed.manifest.get("selection") != selection.shown():
        raise Refusal(
            f"{target.output.name} was begun for others, or in other forms; remove it, or write to another file."
        )
    return resumed


def _writer(target: _Target, resumed: Resumed | None, selection: Selection) -> Writer:
    if resumed:
        return Writer(target.output, target.sums, time=begun_at(resumed.manifest))
    program = f"gql-api {__version__}"
    begun = manifest(new_id(), program=program, selection=selection.shown(), now=datetime.now(UTC))
    return begin(target.output, target.sums, begun)


@contextmanager
def _opened(file: Path) -> Iterator[BinaryIO]:
    """Open what is written, for nobody else; it keeps its own name until it is whole."""
    if file == STANDARD:
        yield sys.stdout.buffer
        return
    part = _part(file)
    with open(part, "r+b", opener=_for_its_owner) as output:
        try:
            fcntl.flock(output, fcntl.LOCK_EX | fcntl.LOCK_NB)
            is_ours = os.path.samestat(os.fstat(output.fileno()), part.stat())
        except (BlockingIOError, FileNotFoundError):
            is_ours = False  # another writes it, or has ended just now
        if not is_ours:
            raise Refusal(f"{file}: another process is writing it.")
        try:
            yield output
        finally:
            if not os.fstat(output.fileno()).st_size:
                part.unlink()


def _for_its_owner(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CREAT, 0o600)


def _part(file: Path) -> Path:
    return file.with_name(f"{file.name}.part")


def _counts(tally: Tally) -> str:
    return f"{tally.sessions} sessions, {tally.messages} messages, {tally.files} files"


def _summary(report: Report) -> str:
    resumed = report.resumed
    before = f", and {resumed.done - resumed.left_out} sessions before" if resumed else ""
    left = f" Left out: {report.left_out}." if report.left_out else ""
    return f"Exported: {_counts(report.tally)}{before}.{left}\n"


def _broken_off(reason: str, output: BinaryIO) -> str:
    if output is sys.stdout.buffer:
        return f"{reason} What was written is cut off."
    return f"{reason} What is written stays in {output.name}; the same command goes on from there."
