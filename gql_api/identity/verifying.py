"""Checks bearer tokens: JWTs of one issuer, for this server, signed as the settings say and not as the token says."""

import logging
import re
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Set
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import jwt

from gql_api.errors import IdentityUnavailable, Unauthenticated
from gql_api.identity.issuer import IssuerKeys
from gql_api.identity.keys import GivenKey, Key

LONGEST = 16 * 1024
"""Characters of a token."""
_LONGEST_KEY_ID = 512
_MOST_KEPT, _LONGEST_KEPT = 4096, 4096
"""How many tokens that were found good are remembered, and how many characters one of them may have."""
_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", re.ASCII)
_TYPES = {"jwt", "at+jwt", "application/jwt", "application/at+jwt"}
"""What a header's `typ` may be: not a logout token, nor one that is signed for something else again."""
_SCOPES = ("scope", "scp", "scopes")
_DATES = ("exp", "nbf", "iat")
_LAST_DATE = 253_402_300_799
"""The end of the year 9999 in seconds since 1970: what is beyond is no date that anybody means."""
_BROKEN = (jwt.PyJWTError, ValueError, TypeError, ArithmeticError, RecursionError)

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Expected:
    """What a token must say. `leeway`: seconds by which the issuer's clock may differ from ours."""

    algorithms: Set[str]
    issuer: str
    audiences: tuple[str, ...]
    user_claim: str
    leeway: float


@dataclass(frozen=True, slots=True)
class Caller:
    """Who a token speaks for, and what it was given for."""

    user: str
    scopes: frozenset[str]
    until: float
    """When the token is not good any more, the leeway included; seconds since 1970."""


@dataclass(frozen=True, slots=True)
class _Known:
    """A token that was found good, with the very key it was checked by: another key of its name is another matter."""

    caller: Caller
    head: tuple[str, str | None]
    key: Key


class BadToken(ValueError):
    """A token that is refused by a rule of ours."""


class Verifier:
    """Tells who speaks by a token."""

    def __init__(self, expected: Expected, keys: IssuerKeys | GivenKey) -> None:
        self._expected = expected
        self._keys = keys
        self._known: OrderedDict[str, _Known] = OrderedDict()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Have the issuer's keys fetched, from now to the end of the block."""
        if isinstance(self._keys, GivenKey):
            yield
            return
        async with self._keys.open():
            yield

    @property
    def is_ready(self) -> bool:
        """Whether tokens can be checked now: false until the issuer's keys were had once, and when they are too old."""
        return self._keys.is_known

    async def ping(self) -> None:
        """Raise `IdentityUnavailable` when no token can be checked now, not even after another fetch."""
        if isinstance(self._keys, IssuerKeys) and not self.is_ready:
            await self._keys.renew()
        if not self.is_ready:
            raise IdentityUnavailable("The issuer's keys cannot be fetched now; try again later.")

    def known(self, token: str) -> Caller | None:
        """Tell who speaks by a token that was found good before; None where `caller` is to look at it."""
        known = self._known.get(token)
        return self._still_good(token, known, self._keys.at_hand(*known.head)) if known else None

    async def caller(self, token: str) -> Caller:
        """Check a token; raise `Unauthenticated`, or `IdentityUnavailable` while there are no keys of the issuer."""
        try:
            known = self._known.get(token)
            algorithm, key_id = known.head if known else _read_header(token, self._expected.algorithms)
            key = await self._keys.find(algorithm, key_id)
            if key is None:
                raise BadToken("no such key")
            caller = self._still_good(token, known, key) if known else None
            if caller is None:
                caller = self._read(token, key)
                self._keep(token, _Known(caller, (algorithm, key_id), key))
            return caller
        except _BROKEN as error:
            # Why is for the operator: to a caller it would say how near a forged token came.
            _LOG.info("A token was refused: %s", error if isinstance(error, BadToken) else type(error).__name__)
            raise Unauthenticated("The token is not valid, or not any more.") from None

    def _still_good(self, token: str, known: "_Known", key: Key | None) -> Caller | None:
        if known.key is not key or time.time() >= known.caller.until:
            return None
        self._known.move_to_end(token)
        return known.caller

    def _keep(self, token: str, known: "_Known") -> None:
        """Keep what was proved, so that it is not proved again with each request; few, and those used last."""
        if len(token) <= _LONGEST_KEPT:
            self._known[token] = known
            self._known.move_to_end(token)
            if len(self._known) > _MOST_KEPT:
                self._known.popitem(last=False)

    def _read(self, token: str, key: Key) -> Caller:
        expected = self._expected
        claims = jwt.decode(
            token,
            key.material,
            algorithms=sorted(key.algorithms & expected.algorithms),
            issuer=expected.issuer,
            audience=expected.audiences,
            leeway=expected.leeway,
            options={"require": ["exp", "iss", "aud", expected.user_claim]},
        )
        if not all(_is_date(claims[name]) for name in _DATES if name in claims):
            raise BadToken("a date that is no number of seconds")
        user = claims[expected.user_claim]
        if not isinstance(user, str):
            raise BadToken("the claim that names the user is not text")
        return Caller(user, frozenset(_scopes(claims)), float(claims["exp"]) + expected.leeway)


def _read_header(token: str, algorithms: Set[str]) -> tuple[str, str | None]:
    """Give the algorithm and the name of the key, before anything is proved; raise for what need not be looked at."""
    if len(token) > LONGEST or not _COMPACT.fullmatch(token):
        raise BadToken("not a JWT of sane length")
    header = jwt.get_unverified_header(token)
    algorithm, key_id, kind = header.get("alg"), header.get("kid"), header.get("typ", "JWT")
    if not isinstance(algorithm, str) or algorithm not in algorithms:
        raise BadToken("another algorithm than the settings say")
    if "crit" in header or "b64" in header:
        raise BadToken("a critical extension that is not known here")
    if not isinstance(kind, str) or kind.lower() not in _TYPES:
        raise BadToken("a token of another type")
    if not isinstance(key_id, str | None) or len(key_id or "") > _LONGEST_KEY_ID:
        raise BadToken("not the name of a key")
    return algorithm, key_id


def _is_date(value: object) -> bool:
    """Tell whether this is a NumericDate (RFC 7519): a number, where the library takes what can be made one."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _LAST_DATE


def _scopes(claims: dict[str, Any]) -> set[str]:
    """Collect the scopes: text with blanks in between (RFC 8693), or a list, under any of the usual names."""
    found: set[str] = set()
    for name in _SCOPES:
        value = claims.get(name)
        entries = value.split(" ") if isinstance(value, str) else value
        if isinstance(entries, list):
            found |= {entry for entry in entries if isinstance(entry, str) and entry}
    return found
