"""Runs `mappings import` and `mappings export`: opens files, database and Acontext, and tells how it goes."""

import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, TextIO

from gql_api.errors import DatabaseFailure, UpstreamFailure
from gql_api.refusal import Refusal
from gql_api.running import claimed, connection_options, open_gateway, setting_at_fault
from gql_api.services.transfer import Format
from gql_api.services.transfer.exporting import pages
from gql_api.services.transfer.importing import Import, Tally, Terms
from gql_api.services.transfer.inventory import aside
from gql_api.services.transfer.reading import Problem, UnfitFile, read
from gql_api.settings import Settings
from gql_api.store import database

STANDARD = Path("-")
"""Stands for standard input and output."""
_FORMATS: dict[str, Format] = {".csv": "csv", ".ndjson": "ndjson", ".jsonl": "ndjson"}
_TOLD_EVERY = 10_000
_UNREADY = (database.InvalidDatabaseUrl, database.SchemaOutdated, database.DatabaseUnreachable, DatabaseFailure)


def import_file(
    file: Path, settings: Settings, *, format: Format | None, dry_run: bool, adopt_unowned: bool, problems: int
) -> int:
    """Take over what the file has; give the exit code: 0 when all is in, 1 when lines were refused."""
    chosen = _format(file, format)
    terms = Terms(
        disk_owner_prefix=settings.disk_owner_prefix,
        adopt_unowned=adopt_unowned or settings.adopt_unowned,
        dry_run=dry_run,
        clock=lambda: datetime.now(UTC),
    )
    telling = _Telling(sys.stderr, most=problems)
    with _opened(file) as content:
        try:
            tally = asyncio.run(_import(content, chosen, settings, terms=terms, telling=telling))
        except UnfitFile as reason:
            raise Refusal(f"{file}: {reason}") from None
        finally:
            telling.progress.clear()
    telling.end()
    sys.stdout.write(_summary(tally, dry_run=dry_run))
    return 1 if tally.refused else 0


def export_file(file: Path, settings: Settings, *, format: Format | None) -> None:
    """Write all mappings into the file, which is there whole or stays as it was."""
    chosen = _format(file, format)
    progress = _Progress(sys.stderr)
    try:
        with _written(file) as output:
            count = asyncio.run(_export(output, chosen, settings, progress))
    finally:
        progress.clear()
    sys.stderr.write(f"Mappings: {count}.\n")


async def _import(content: BinaryIO, format: Format, settings: Settings, *, terms: Terms, telling: "_Telling") -> Tally:
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(_database(settings))
        gateway, _ = await open_gateway(stack, settings)
        running = Import(gateway, stack.enter_context(aside()), terms)
        try:
            await running.run(
                read(content, format, reserved_prefix=settings.disk_owner_prefix),
                lambda problems: telling.take(problems, running.tally),
            )
        except (UpstreamFailure, DatabaseFailure) as failure:
            raise Refusal(_broken_off(failure.message, running.tally)) from None
        except asyncio.CancelledError:
            raise Refusal(_broken_off("It was told to stop.", running.tally)) from None
    return running.tally


async def _export(output: TextIO, format: Format, settings: Settings, progress: "_Progress") -> int:
    count = 0
    async with _database(settings):
        async for page in pages(format):
            output.writelines(page.lines)
            count += page.mappings
            if page.mappings:
                progress.tell(f"{count} mappings", count)
    return count


@asynccontextmanager
async def _database(settings: Settings) -> AsyncIterator[None]:
    try:
        with claimed(settings):
            async with database.open_database(
                settings.mappings_url, migrate=settings.is_sqlite, options=connection_options(settings)
            ):
                yield
    except _UNREADY as error:
        raise Refusal(f"{setting_at_fault(error, 'DATABASE_URL')}: {error}") from None


class _Progress:
    """Tells how far it is: at a terminal all the time, in one line; else every 10 000 lines."""

    def __init__(self, output: TextIO) -> None:
        self._output = output
        self._is_terminal = output.isatty()

    def tell(self, text: str, count: int) -> None:
        """Tell of so many lines."""
        if self._is_terminal:
            self.clear()
            self._output.write(text)
        elif count % _TOLD_EVERY == 0:
            self._output.write(f"{text}\n")
        self._output.flush()

    def clear(self) -> None:
        """Take back what was told at a terminal."""
        if self._is_terminal:
            self._output.write("\r\x1b[K")


class _Telling:
    """Tells of refused lines, and how far it is."""

    def __init__(self, output: TextIO, *, most: int) -> None:
        self._output = output
        self._most = most
        self._told = 0
        self._unsaid = 0
        self.progress = _Progress(output)

    def take(self, problems: list[Problem], tally: Tally) -> None:
        """Tell of what has come."""
        room = self._most - self._told - self._unsaid if not self._unsaid else 0
        for problem in problems[: max(0, room)]:
            self.progress.clear()
            self._output.write(f"{problem}\n")
        said = min(len(problems), max(0, room))
        self._told, self._unsaid = self._told + said, self._unsaid + len(problems) - said
        self.progress.tell(_counts(tally), tally.lines)

    def end(self) -> None:
        """Tell what was not told."""
        if self._unsaid:
            self._output.write(f"and {self._unsaid} more refused lines; --problems says how many are told.\n")


def _counts(tally: Tally) -> str:
    return f"{tally.lines} lines: {tally.new} in, {tally.there} in already, {tally.refused} refused"


def _summary(tally: Tally, *, dry_run: bool) -> str:
    if dry_run:
        return f"{_counts(tally).replace(' in,', ' could go in,', 1)}. Nothing was written.\n"
    return f"{_counts(tally)}.\n"


def _broken_off(reason: str, tally: Tally) -> str:
    return f"{reason} What is in stays ({_counts(tally)}); the same command goes on from there."


def _format(file: Path, format: Format | None) -> Format:
    chosen = format or _FORMATS.get(file.suffix.lower())
    if chosen is None:
        raise Refusal(f"{file}: say --format csv or --format ndjson; the name does not tell.")
    return chosen


@contextmanager
def _opened(file: Path) -> Iterator[BinaryIO]:
    if file == STANDARD:
        yield sys.stdin.buffer
        return
    try:
        content = file.open("rb")
    except OSError as error:
        raise Refusal(f"{file} cannot be read: {error.strerror}") from None
    with content:
        yield content


@contextmanager
def _written(file: Path) -> Iterator[TextIO]:
    """Write beside the file and put it in its place at the end: nobody finds half of it."""
    if file == STANDARD:
        sys.stdout.reconfigure(encoding="utf-8", newline="\n")  # type: ignore[union-attr]
        yield sys.stdout
        return
    try:
        handle, name = tempfile.mkstemp(prefix=f".{file.name}-", dir=file.parent)
        try:
            with open(handle, "w", encoding="utf-8", newline="\n") as output:
                yield output
            os.replace(name, file)
        finally:
            with suppress(FileNotFoundError):
                os.unlink(name)
    except OSError as error:
        raise Refusal(f"{file} cannot be written: {error.strerror}") from None
