"""The log of what was asked, one line for each request, operation of a socket and socket; and who else is told."""

import logging
import os
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import quote

from starlette.types import Scope

from gql_api.stopping import Stop
from gql_api.telemetry import Listener, Notes, observed
from gql_api.telemetry.logs import Line
from gql_api.web.headers import Headers, headers_of
from gql_api.web.probes import PROBES

SANE_ID = re.compile(r"[A-Za-z0-9._-]{1,128}", re.ASCII)
_SANE_NAME = re.compile(r"[_A-Za-z][_0-9A-Za-z]{0,127}", re.ASCII)
_LONGEST_PATH = 200
_IDS_AT_ONCE = 256
_SECRET = re.compile(r"/api/v1/+(?:material|exports)/", re.IGNORECASE)

_LOG = logging.getLogger(__name__)


def _hidden(user: str) -> str:
    return "-"


@dataclass(frozen=True, slots=True)
class Observing:
    """Who is told of requests, what a user is called in the log, and whether the server is about to stop."""

    listeners: Sequence[Listener] = ()
    pseudonym: Callable[[str], str] = _hidden
    stop: Stop = field(default_factory=Stop)


class Entry(NamedTuple):
    """What was asked, how it was answered, and when it began by `time.perf_counter`."""

    method: str
    path: str
    status: int | None
    began: float


class _Ids:
    """Random ids of 128 bits, for which the kernel is asked once for many."""

    __slots__ = ("_hex", "_place")

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Ask anew: a process that is forked off would give the same ids as this one."""
        self._hex, self._place = "", 0

    def new(self) -> str:
        place = self._place
        if place >= len(self._hex):
            self._hex, place = os.urandom(_IDS_AT_ONCE * 16).hex(), 0
        self._place = place + 32
        return self._hex[place : place + 32]


_IDS = _Ids()
os.register_at_fork(after_in_child=_IDS.forget)


def id_of(headers: Headers) -> str:
    """Give the id that a request came with, if it is a sane one, else a new one."""
    sent = headers.get(b"x-request-id")
    return sent if sent and SANE_ID.fullmatch(sent) else _IDS.new()


def seen(id: str, headers: Headers, observing: Observing) -> AbstractContextManager[Notes]:
    """Let the block be one request, which may be a part of a trace that its client began."""
    parent, state = headers.get(b"traceparent"), headers.get(b"tracestate")
    return observed(id, observing.listeners, traceparent=parent, tracestate=state)


def write(entry: Entry, notes: Notes, pseudonym: Callable[[str], str], *, fallback: str | None = None) -> None:
    """Log a line; `fallback` is the operation's name as the client gave it."""
    level = logging.DEBUG if entry.path in PROBES else logging.INFO
    if not _LOG.isEnabledFor(level):
        return
    fields = _fields(entry, notes, pseudonym, fallback)
    _LOG.handle(Line(level, _line(fields), fields, name=__name__))


def _fields(entry: Entry, notes: Notes, pseudonym: Callable[[str], str], fallback: str | None) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "method": entry.method,
        "path": _shown(entry.path),
        "status": entry.status or "-",
        "milliseconds": round((time.perf_counter() - entry.began) * 1000, 1),
        "operation": _name(notes, fallback),
        "user": pseudonym(notes.user) if notes.user is not None else None,
        "upstream_calls": notes.calls,
        "codes": list(notes.operation.codes) if notes.operation else [],
    }
    if notes.events is not None:
        fields["events"] = notes.events
    return fields


def _line(fields: dict[str, Any]) -> str:
    """Say the same for eyes."""
    asked = f"{fields['method']} {fields['path']} {fields['status']} {fields['milliseconds']:.1f} ms"
    line = f"{asked}, operation {fields['operation']}"
    if fields["user"]:
        line += f", user {fields['user']}"
    if "events" in fields:
        line += f", {fields['events']} events"
    if fields["upstream_calls"]:
        line += f", {fields['upstream_calls']} calls of Acontext"
    return f"{line}, {' '.join(fields['codes'])}" if fields["codes"] else line


def _name(notes: Notes, fallback: str | None) -> str:
    known = notes.operation.name if notes.operation else None
    name = known or fallback or ""
    return name if _SANE_NAME.fullmatch(name) else "-"


@lru_cache(maxsize=256)
def _quoted(path: str) -> str:
    return quote(path)


def _shown(path: str) -> str:
    """Write a path as it may be logged: a token lets anybody read what it stands for.

    It does also where it came by a path that leads nowhere, such as one with the prefix of a proxy.
    """
    secret = _SECRET.search(path)
    if secret:
        path = f"{path[: secret.end()]}-"
    return _quoted(path[:_LONGEST_PATH])[:_LONGEST_PATH]


@dataclass(slots=True)
class Recorder:
    """Records sockets."""

    observing: Observing

    def is_stopping(self) -> bool:
        """Whether nothing is taken any more, and what is open is to be closed."""
        return self.observing.stop.is_closing

    @contextmanager
    def socket(self, scope: Scope) -> Iterator["SocketRecord"]:
        """Let the block be one socket."""
        record = SocketRecord(self.observing, scope, id_of(headers_of(scope)))
        with seen(record.id, headers_of(scope), self.observing) as notes:
            try:
                yield record
            finally:
                notes.user = record.user
                write(record.entry(), notes, self.observing.pseudonym)


@dataclass(slots=True)
class SocketRecord:
    """One socket, and what is asked over it: each operation has the socket's id with a number behind."""

    observing: Observing
    scope: Scope
    id: str
    user: str | None = None
    status: int | None = None
    began: float = field(default_factory=time.perf_counter)
    _asked: int = 0

    @contextmanager
    def operation(self) -> Iterator[None]:
        """Let the block be one operation."""
        self._asked += 1
        began = time.perf_counter()
        with (
            self.observing.stop.request(),
            seen(f"{self.id}-{self._asked}", headers_of(self.scope), self.observing) as notes,
        ):
            notes.user = self.user
            try:
                yield
            finally:
                write(Entry("WS", self.scope["path"], None, began), notes, self.observing.pseudonym)

    def entry(self) -> Entry:
        """Describe the socket itself."""
        return Entry("SOCKET", self.scope["path"], self.status, self.began)
