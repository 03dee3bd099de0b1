"""What commands that go through all mappings have in common: the database opened, a file written, progress told."""

import os
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, TextIO

from gql_api.refusal import Refusal
from gql_api.running import claimed, connection_options, setting_at_fault
from gql_api.settings import Settings
from gql_api.store import database

STANDARD = Path("-")
"""Stands for standard input and output."""
_TOLD_EVERY = 10_000


@asynccontextmanager
async def open_mappings(settings: Settings, *, migrate: bool) -> AsyncIterator[database.Database]:
    """Open the database of the settings as its only user where it can have but one; raise `Refusal`."""
    try:
        with claimed(settings):
            async with database.open_database(
                settings.mappings_url, migrate=migrate, options=connection_options(settings)
            ) as opened:
                yield opened
    except database.UNREADY as error:
        raise Refusal(f"{setting_at_fault(error, 'DATABASE_URL')}: {error}") from None


class Progress:
    """Tells how far it is: at a terminal all the time, in one line; else every 10 000 lines."""

    def __init__(self, output: TextIO) -> None:
        self._output = output
        self._is_terminal = output.isatty()
        self._steps = 0

    def tell(self, text: str, count: int) -> None:
        """Tell of so many lines."""
        if self._is_terminal:
            self.clear()
            self._output.write(text)
        elif count // _TOLD_EVERY > self._steps:
            self._steps = count // _TOLD_EVERY
            self._output.write(f"{text}\n")
        self._output.flush()

    def clear(self) -> None:
        """Take back what was told at a terminal."""
        if self._is_terminal:
            self._output.write("\r\x1b[K")


class Telling:
    """Tells what is amiss, up to a number, and how far it is."""

    def __init__(self, output: TextIO, *, most: int) -> None:
        self._output = output
        self._most = most
        self._told = 0
        self._unsaid = 0
        self.progress = Progress(output)

    def take(self, problems: Sequence[object], progress: str, count: int) -> None:
        """Tell of what has come, and how far it is by that: so many lines."""
        room = self._most - self._told - self._unsaid if not self._unsaid else 0
        for problem in problems[: max(0, room)]:
            self.progress.clear()
            self._output.write(f"{problem}\n")
        said = min(len(problems), max(0, room))
        self._told, self._unsaid = self._told + said, self._unsaid + len(problems) - said
        self.progress.tell(progress, count)

    def end(self, what: str) -> None:
        """Tell how many were not told."""
        if self._unsaid:
            self._output.write(f"and {self._unsaid} more {what}; --problems says how many are told.\n")


def tried(counts: str) -> str:
    """Sum up what only was looked at, by the counts of what would have been in."""
    return f"{counts.replace(' in,', ' could go in,', 1)}. Nothing was written.\n"


def broken_off(reason: str, counts: str) -> str:
    """Say why no more is taken in, and what is."""
    return f"{reason} What is in stays ({counts}); the same command goes on from there."


@contextmanager
def opened(file: Path) -> Iterator[BinaryIO]:
    """Open a file to be read from its beginning; raise `Refusal`."""
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
def written(file: Path) -> Iterator[TextIO]:
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
