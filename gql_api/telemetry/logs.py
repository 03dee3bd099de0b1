"""How log lines look: plain or as JSON, always with the request's id, and never with what belongs to a user."""

import asyncio
import hashlib
import hmac
import json
import logging
import time
import traceback
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice
from typing import Any, Literal, TextIO

from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.orjson import OrjsonFormatter

from gql_api.telemetry.request import request_id

Form = Literal["line", "json"]
_LINE = "%(asctime)s %(levelname)s %(name)s [%(request_id)s]: %(message)s"
_FIELDS = "%(asctime)s %(levelname)s %(name)s %(message)s"
_NAMES = {"asctime": "time", "levelname": "level", "name": "logger", "exc_info": "traceback"}
_UNSAID = [*RESERVED_ATTRS, "color_message"]
_NO_EXTRA = frozenset(_UNSAID)
_NOTHING = "-"
_ANY = vars(logging.LogRecord(__name__, logging.INFO, "", 0, "", (), None))
_DIGITS = 16
_LEVEL_NAMES = {level: logging.getLevelName(level) for level in (logging.DEBUG, logging.INFO)}
_HELD_SECONDS = 0.01
_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


class HandshakeFilter(logging.Filter):
    """Leaves out uvicorn's lines on sockets, which show the whole URL; each socket has a line of ours."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether to log it."""
        return "WebSocket %s" not in str(record.msg) and record.msg not in {"connection open", "connection closed"}


class RequestIdFilter(logging.Filter):
    """Put `request_id` on each record, `-` outside of requests, so that a format may name it."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_id() or "-"
        return True


class Line(logging.LogRecord):
    """A record as the logger would make it, but for what no form of the log says: who called, in which thread.

    Its level is DEBUG or INFO. What filters add stands behind its first `size` attributes.
    """

    __slots__ = ("said", "size")

    said: dict[str, Any]
    """Those of its fields that say anything."""

    def __init__(self, level: int, message: str, fields: dict[str, Any], *, name: str) -> None:
        now = time.time()
        self.__dict__ = {
            **_ANY,
            "name": name,
            "msg": message,
            "levelname": _LEVEL_NAMES[level],
            "levelno": level,
            "created": now,
            "msecs": now % 1 * 1000,
            "relativeCreated": _ANY["relativeCreated"] + (now - _ANY["created"]) * 1000,
            **fields,
        }
        self.size = len(self.__dict__)
        if None in fields.values() or _NOTHING in fields.values():
            fields = {name: value for name, value in fields.items() if value is not None and value != _NOTHING}
        self.said = fields


class LineHandler(logging.StreamHandler[TextIO]):
    """Writes the lines of a few milliseconds in one step.

    A warning is written at once, with all before it, and so is what no event loop could write later.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        super().__init__(stream)
        self._held: list[tuple[logging.LogRecord, str]] = []
        self._writing: asyncio.AbstractEventLoop | None = None
        """The loop that writes soon."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._held.append((record, f"{self.format(record)}\n"))
            if record.levelno >= logging.WARNING:
                self.flush()
            elif self._writing is None or self._writing.is_closed():
                self._write_soon()
        except RecursionError:  # as the library does: telling of it would need more of the same
            raise
        except Exception:  # nothing that is logged may stop what logs it
            self.handleError(record)

    def flush(self) -> None:
        """Write what is held; at the end of the process too."""
        with self.lock or nullcontext():
            self._writing = None
            held, self._held = self._held, []
            if held:
                self._write(held)

    def _write(self, held: list[tuple[logging.LogRecord, str]]) -> None:
        try:
            self.stream.write("".join([line for _, line in held]))
            super().flush()
        except UnicodeError:  # of one of them, before any was written
            for one in held if len(held) > 1 else ():
                self._write([one])
            if len(held) == 1:
                self.handleError(held[0][0])
        except Exception:  # as above
            self.handleError(held[-1][0])

    def _write_soon(self) -> None:
        loop = self._writing = _running_loop()
        if loop is None:
            self.flush()
        else:
            loop.call_later(_HELD_SECONDS, self.flush)


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


class _Discreet(logging.Formatter):
    """Leaves the words of exceptions out within requests: a driver's may repeat a title, a parser's a message."""

    def formatException(self, ei: Any) -> str:  # noqa: N802 - logging's own name
        return super().formatException(ei) if request_id() is None else _places(ei[1])


class LineFormatter(_Discreet):
    """One event a line, for eyes."""

    def format(self, record: logging.LogRecord) -> str:
        record.exc_text = None  # another handler may have left the whole text there
        return super().format(record)


class JsonLines(OrjsonFormatter, _Discreet):
    """One JSON object a line, for machines."""

    def format(self, record: logging.LogRecord) -> str:
        """Write a record; what nearly all are, a text with fields, without what the library does for any other."""
        if record.exc_info or record.exc_text or record.stack_info or record.msg.__class__ is not str:
            return str(super().format(record))
        told = {
            "time": self.formatTime(record),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if told["message"] == _NOTHING:
            del told["message"]
        fields: Iterable[tuple[str, Any]] = record.__dict__.items()
        if isinstance(record, Line):
            told |= record.said
            fields = islice(fields, record.size, None)
        for name, value in fields:
            if name not in _NO_EXTRA and value is not None and value != _NOTHING and name[0] != "_":
                told[name] = value
        return self.jsonify_log_record(told)

    def formatException(self, ei: Any) -> str | list[str]:  # type: ignore[override]  # noqa: N802
        return _Discreet.formatException(self, ei)

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802
        seconds = int(record.created)
        return f"{_second(seconds)}.{int((record.created - seconds) * 1000):03}+00:00"

    def jsonify_log_record(self, log_data: dict[str, Any]) -> str:
        try:
            return str(super().jsonify_log_record(log_data))
        except TypeError:  # half a surrogate pair, or an integer beyond 64 bits
            return json.dumps(log_data, default=str)

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in log_data.items() if value is not None and value != _NOTHING}


@lru_cache(maxsize=2)
def _second(seconds: int) -> str:
    """Write a time without its zone; most lines are of the same second as the line before."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").removesuffix("+00:00")


def _places(error: BaseException | None) -> str:
    """Tell where an exception came from, and its causes, without their words."""
    parts: list[str] = []
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        where = "".join(traceback.format_tb(error.__traceback__))
        parts.append(f"{where}{type(error).__module__}.{type(error).__qualname__}")
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\nwhich came from\n".join(parts)


def log_config(level: str, form: Form) -> dict[str, Any]:
    """Describe the log to `logging.config`: to stderr, all loggers the same way.

    The level is for our own lines. Others are heard from WARNING on: at DEBUG a database driver logs its values, and
    at INFO an HTTP client its addresses.
    """
    formatter: dict[str, Any] = {"()": LineFormatter, "format": _LINE}
    if form == "json":
        formatter = {
            "()": JsonLines,
            "fmt": _FIELDS,
            "rename_fields": _NAMES,
            "rename_fields_keep_missing": False,
            "reserved_attrs": _UNSAID,
        }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"chosen": formatter},
        "filters": {"request": {"()": RequestIdFilter}, "handshakes": {"()": HandshakeFilter}},
        "handlers": {"stderr": {"()": LineHandler, "formatter": "chosen", "filters": ["request"]}},
        "root": {"level": _at_least(level, "WARNING"), "handlers": ["stderr"]},
        "loggers": {
            "gql_api": {"level": level},
            "uvicorn": {"level": _at_least(level, "INFO")},
            "uvicorn.error": {"level": _at_least(level, "INFO"), "filters": ["handshakes"]},
            # Its pool tells with a traceback, again and again, that it cannot connect; our own lines tell it too.
            "asyncpg.pool": {"level": "ERROR"},
            # It warns of every odd byte in a form, which is its client's matter.
            "python_multipart": {"level": "ERROR"},
        },
    }


def _at_least(level: str, least: str) -> str:
    return max(level, least, key=_LEVELS.index)


def pseudonyms(key: bytes) -> Callable[[str], str]:
    """Make the function that names a user in logs: always the same name with one key, and no way back without it."""

    @lru_cache(maxsize=4096)
    def pseudonym(user: str) -> str:
        return hmac.digest(key, user.encode(errors="surrogatepass"), hashlib.sha256).hex()[:_DIGITS]

    return pseudonym
