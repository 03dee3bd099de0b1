"""Runs `mappings import` and `mappings export`: opens files, database and Acontext, and tells how it goes."""

import asyncio
import sys
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, TextIO

from gql_api.errors import DatabaseFailure, UpstreamFailure
from gql_api.operating import Progress, Telling, broken_off, open_mappings, opened, tried, written
from gql_api.refusal import Refusal
from gql_api.running import open_gateway
from gql_api.services.transfer import Format
from gql_api.services.transfer.exporting import pages
from gql_api.services.transfer.importing import Import, Tally, Terms
from gql_api.services.transfer.inventory import aside
from gql_api.services.transfer.reading import UnfitFile, read
from gql_api.settings import Settings

_FORMATS: dict[str, Format] = {".csv": "csv", ".ndjson": "ndjson", ".jsonl": "ndjson"}


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
    telling = Telling(sys.stderr, most=problems)
    with opened(file) as content:
        try:
            tally = asyncio.run(_import(content, chosen, settings, terms=terms, telling=telling))
        except UnfitFile as reason:
            raise Refusal(f"{file}: {reason}") from None
        finally:
            telling.progress.clear()
    telling.end("refused lines")
    sys.stdout.write(tried(_counts(tally)) if dry_run else f"{_counts(tally)}.\n")
    return 1 if tally.refused else 0


def export_file(file: Path, settings: Settings, *, format: Format | None) -> None:
    """Write all mappings into the file, which is there whole or stays as it was."""
    chosen = _format(file, format)
    progress = Progress(sys.stderr)
    try:
        with written(file) as output:
            count = asyncio.run(_export(output, chosen, settings, progress))
    finally:
        progress.clear()
    sys.stderr.write(f"Mappings: {count}.\n")


async def _import(content: BinaryIO, format: Format, settings: Settings, *, terms: Terms, telling: Telling) -> Tally:
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(open_mappings(settings, migrate=settings.is_sqlite))
        gateway = (await open_gateway(stack, settings)).gateway
        running = Import(gateway, stack.enter_context(aside()), terms)
        try:
            await running.run(
                read(content, format, reserved_prefix=settings.disk_owner_prefix),
                lambda problems: telling.take(problems, _counts(running.tally), running.tally.lines),
            )
        except (UpstreamFailure, DatabaseFailure) as failure:
            raise Refusal(broken_off(failure.message, _counts(running.tally))) from None
        except asyncio.CancelledError:
            raise Refusal(broken_off("It was told to stop.", _counts(running.tally))) from None
    return running.tally


async def _export(output: TextIO, format: Format, settings: Settings, progress: Progress) -> int:
    count = 0
    async with open_mappings(settings, migrate=settings.is_sqlite):
        async for page in pages(format):
            output.writelines(page.lines)
            count += page.mappings
            if page.mappings:
                progress.tell(f"{count} mappings", count)
    return count


def _counts(tally: Tally) -> str:
    return f"{tally.lines} lines: {tally.new} in, {tally.there} in already, {tally.refused} refused"


def _format(file: Path, format: Format | None) -> Format:
    chosen = format or _FORMATS.get(file.suffix.lower())
    if chosen is None:
        raise Refusal(f"{file}: say --format csv or --format ndjson; the name does not tell.")
    return chosen
