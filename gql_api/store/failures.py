"""Turns what says that the database is away, or late, into our failures, at one place; all else stays what it is."""

import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import ParamSpec, TypeVar

import asyncpg  # type: ignore[import-untyped]
from tortoise.context import get_current_context
from tortoise.exceptions import BaseORMException

from gql_api.errors import DatabaseFailure, DatabaseTimeout, DatabaseUnavailable

P = ParamSpec("P")
T = TypeVar("T")

_AWAY = "The database could not be reached, or failed."
_LATE = "The database did not answer in time."
_LATE_STATES = {"57014", "55P03"}
"""A statement beyond its time limit, and one that waited too long for a lock."""
_AWAY_STATES = ("08", "25006", "28", "3D000", "40", "53", "55", "57", "58")
"""How SQLSTATEs begin: no connection or a lost one, a standby, no entry, no such database, given up for others, no
room, not taking connections, stopping, broken disk."""
_AWAY_RESULTS = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_NOMEM,
}
_PRIMARY = 0xFF
"""The part of SQLite's result codes that says what is wrong; the rest says where."""


@contextmanager
def translated() -> Iterator[None]:
    """Raise our failures; their cause is what the driver raised."""
    try:
        yield
    except Exception as error:
        raise_ours(error)
        raise


def translating(ask: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
    """Let what is asked of the database fail with our failures."""

    @wraps(ask)
    async def asking(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return await ask(*args, **kwargs)
        except Exception as error:
            raise_ours(error)
            raise

    return asking


def raise_ours(error: Exception) -> None:
    """Raise our failure for what the driver raised, if there is one for it."""
    cause = cause_of(error)
    failure = _failure(cause)
    if failure:
        raise failure from cause


def cause_of(error: Exception) -> Exception:
    """Give what the driver raised: Tortoise puts some of it into errors of its own."""
    if not isinstance(error, BaseORMException):
        return error
    wrapped = error.__cause__ or next(iter(error.args), None)
    return wrapped if isinstance(wrapped, Exception) else error


def _failure(error: Exception) -> DatabaseFailure | None:
    if isinstance(error, TimeoutError) or getattr(error, "sqlstate", None) in _LATE_STATES:
        return DatabaseTimeout(_LATE)
    return DatabaseUnavailable(_AWAY) if _is_away(error) else None


def _is_away(error: Exception) -> bool:
    if get_current_context() is None:
        return True  # it was closed, as at the end of the process, and then all kinds of errors come
    if isinstance(error, asyncpg.PostgresError):
        return (error.sqlstate or "").startswith(_AWAY_STATES)
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", 0) & _PRIMARY in _AWAY_RESULTS
    return isinstance(error, OSError | asyncpg.InterfaceError | asyncpg.InternalClientError)
