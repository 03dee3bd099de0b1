"""Turns whatever the SDK may raise into our failures, at one place; what they mean to a caller is said elsewhere."""

import logging
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING

import httpx

from gql_api.upstream import sdk
from gql_api.upstream.failures import Fate, Late, Unavailable
from gql_api.upstream.refusal import Refused
from gql_api.upstream.sender import NoAnswer, NotAnAnswer, TooLate

if TYPE_CHECKING:
    from acontext.errors import APIError

_LOG = logging.getLogger(__name__)

_OUT_OF_REACH = "Acontext could not be reached."
_FAILED = "Acontext failed to answer the request."
_UNREADABLE = "Acontext gave an answer that cannot be read."
_LATE = "Acontext did not answer in time."
_REFUSED = "Acontext refused the request."
_NO_KEY = "Acontext refused this server's credentials."

_CLIENT_ERROR, _NO_ENTRY, _TOO_MANY, _SERVER_ERROR = 400, 401, 429, 500


class _Translated:
    """A block in which it is so. It keeps nothing, so there is one for all."""

    __slots__ = ()

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        failure = error and _failure_of(error)
        if failure:
            try:
                raise failure from error
            finally:
                del failure  # its traceback leads here: with it, it would stay until the garbage collector comes


_TRANSLATED = _Translated()


def translated() -> _Translated:
    """Raise our failures instead of the SDK's, in a block.

    A refusal that Acontext itself words (a JSON body with a 4xx status) becomes `Refused`; everything else is
    unavailable, late or unreadable. Details go to the log only: they may hold addresses or texts of others.
    """
    return _TRANSLATED


def _failure_of(error: BaseException) -> Refused | Unavailable | Late | None:
    """Tell what of ours it is; None for what is no failure of a call."""
    errors = sdk.load().errors
    if isinstance(error, errors.APIError):
        return _from_answer(error)
    if isinstance(error, errors.TransportError):
        cause = error.__cause__
        _LOG.warning("upstream transport failed: %s", type((cause and cause.__cause__) or cause).__name__)
        return _from_transport(cause)
    if isinstance(error, TimeoutError | errors.TimeoutError):
        return Late(_LATE)
    if isinstance(error, httpx.InvalidURL):
        return Refused(_REFUSED, status=_CLIENT_ERROR, worded=False)
    if isinstance(error, errors.AcontextError | ValueError | TypeError | AttributeError | KeyError):
        # pydantic's ValidationError is a ValueError; a JSON list where an object was due is an AttributeError.
        _LOG.warning("upstream answer cannot be read: %s", type(error).__name__)
        return Unavailable(_UNREADABLE, Fate.UNREADABLE)
    return None


def _from_transport(cause: BaseException | None) -> Unavailable | Late:
    fate = cause.fate if isinstance(cause, NoAnswer) else Fate.LOST
    if isinstance(cause, TooLate):
        return Late(_LATE, fate)
    return Unavailable(_UNREADABLE if isinstance(cause, NotAnAnswer) else _OUT_OF_REACH, fate)


def _from_answer(error: "APIError") -> Refused | Unavailable:
    status = error.status_code if error.status_code >= _CLIENT_ERROR else (error.code or _SERVER_ERROR)
    worded = isinstance(error.payload, Mapping)
    if status == _NO_ENTRY:
        _LOG.error("upstream refuses the API key")
        return Refused(_NO_KEY, status=status, worded=worded)
    if status >= _SERVER_ERROR or status == _TOO_MANY:
        _LOG.warning("upstream failed with status %d", status)
        return Unavailable(_FAILED, _fate(status, error.payload), sound=worded)
    return Refused(_REFUSED, status=status, worded=worded)


def _fate(status: int, payload: object) -> Fate:
    if status == _TOO_MANY:
        return Fate.DEFERRED
    return Fate.FAILED if isinstance(payload, Mapping) and "code" in payload else Fate.ASTRAY
