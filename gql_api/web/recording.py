"""The log of what was asked, one line for each request, operation of a socket and socket; and who else is told."""

import logging
import re
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.types import Scope

from gql_api.stopping import Stop
from gql_api.telemetry import Listener, Notes, observed
from gql_api.web.probes import PROBES

SANE_ID = re.compile(r"[A-Za-z0-9._-]{1,128}", re.ASCII)
_SANE_NAME = re.compile(r"[_A-Za-z][_0-9A-Za-z]{0,127}", re.ASCII)
_LONGEST_PATH = 200
_MATERIAL = "/api/v1/material/"

_LOG = logging.getLogger(__name__)


def _hidden(user: str) -> str:
    return "-"


@dataclass(frozen=True, slots=True)
class Observing:
    """Who is told of requests, what a user is called in the log, and whether the server is about to stop."""

    listeners: Sequence[Listener] = ()
    pseudonym: Callable[[str], str] = _hidden
    stop: Stop = field(default_factory=Stop)


@dataclass(frozen=True, slots=True)
class Entry:
    """What was asked, how it was answered, and when it began by `time.perf_counter`."""

    method: str
    path: str
    status: int | None
    began: float


def id_of(scope: Scope) -> str:
    """Give the id that a request came with, if it is a sane one, else a new one."""
    sent = Headers(scope=scope).get("x-request-id", "")
    return sent if SANE_ID.fullmatch(sent) else uuid.uuid4().hex


def write(entry: Entry, notes: Notes, pseudonym: Callable[[str], str], *, fallback: str | None = None) -> None:
    """Log a line; `fallback` is the operation's name as the client gave it."""
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
    line = "{method} {path} {status} {milliseconds:.1f} ms, operation {operation}".format_map(fields)
    more = [f"user {fields['user']}"] if fields["user"] else []
    if notes.events is not None:
        fields["events"] = notes.events
        more.append(f"{notes.events} events")
    more += [f"{notes.calls} calls of Acontext"] if notes.calls else []
    more += [" ".join(fields["codes"])] if fields["codes"] else []
    level = logging.DEBUG if entry.path in PROBES else logging.INFO
    _LOG.log(level, "%s", ", ".join([line, *more]), extra=fields)


def _name(notes: Notes, fallback: str | None) -> str:
    known = notes.operation.name if notes.operation else None
    name = known or fallback or ""
    return name if _SANE_NAME.fullmatch(name) else "-"


def _shown(path: str) -> str:
    """Write a path as it may be logged: behind one of these is a token that lets anybody read a file."""
    return f"{_MATERIAL}-" if path.startswith(_MATERIAL) else quote(path)[:_LONGEST_PATH]


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
        record = SocketRecord(self.observing, scope, id_of(scope))
        with observed(record.id, Headers(scope=scope), self.observing.listeners) as notes:
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
        headers = Headers(scope=self.scope)
        with (
            self.observing.stop.request(),
            observed(f"{self.id}-{self._asked}", headers, self.observing.listeners) as notes,
        ):
            notes.user = self.user
            try:
                yield
            finally:
                write(Entry("WS", self.scope["path"], None, began), notes, self.observing.pseudonym)

    def entry(self) -> Entry:
        """Describe the socket itself."""
        return Entry("SOCKET", self.scope["path"], self.status, self.began)
