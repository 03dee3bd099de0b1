"""Tokens of the URLs that sessions are exported by: what, whose, until when, and that this installation made them.

No row is kept of them, so they can be neither listed nor taken back; all servers that have the same key read them.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

from gql_api.services.archive.forms import FORMS

LONGEST = 2048
"""Characters of a token: a user's identifier has 255 characters at most."""
_LABEL = b"gql-api: URLs of exports, version 1"
_OF_SESSION, _OF_USER = 1, 2
_TIME, _ID, _MARK, _SEAL = 6, 16, 16, 32
_HEAD = 2 + _TIME


class Ticket(NamedTuple):
    """What a URL exports: all sessions of a user, or one, which is its owner's only while the mark is theirs."""

    user: str | None
    session: UUID | None
    mark: bytes
    forms: tuple[str, ...]
    expires_at: datetime


class Tickets:
    """Makes and reads tokens. The key of the seals is made of a secret that all servers of an installation have."""

    def __init__(self, secret: bytes) -> None:
        self._key = hmac.digest(secret, _LABEL, "sha256")

    def of_session(self, id: UUID, owner: str, forms: tuple[str, ...], *, expires_at: datetime) -> str:
        """Make the token of one session, for as long as it is this owner's."""
        return self._token(_OF_SESSION, id.bytes + self._mark(owner), forms, expires_at)

    def of_user(self, user: str, forms: tuple[str, ...], *, expires_at: datetime) -> str:
        """Make the token of all that a user has when it is used."""
        return self._token(_OF_USER, user.encode(), forms, expires_at)

    def read(self, token: str) -> Ticket | None:
        """Give what a token stands for, also when its time is over; None where it is not ours."""
        raw = _decoded(token)
        plain, seal = raw[:-_SEAL], raw[-_SEAL:]
        if not hmac.compare_digest(seal, self._seal(plain)):
            return None
        # From here on it is known to be what was written above.
        kind, body = plain[0], plain[_HEAD:]
        forms = tuple(form for place, form in enumerate(FORMS) if plain[1] & 1 << place)
        expires_at = datetime.fromtimestamp(int.from_bytes(plain[2:_HEAD]), UTC)
        if kind == _OF_USER:
            return Ticket(body.decode(), None, b"", forms, expires_at)
        return Ticket(None, UUID(bytes=body[:_ID]), body[_ID:], forms, expires_at)

    def is_of(self, ticket: Ticket, owner: str) -> bool:
        """Tell whether the ticket of a session was made for this owner of it."""
        return hmac.compare_digest(ticket.mark, self._mark(owner))

    def _token(self, kind: int, body: bytes, forms: tuple[str, ...], expires_at: datetime) -> str:
        chosen = sum(1 << place for place, form in enumerate(FORMS) if form in forms)
        plain = bytes([kind, chosen]) + int(expires_at.timestamp()).to_bytes(_TIME) + body
        return _encoded(plain + self._seal(plain))

    def _mark(self, owner: str) -> bytes:
        return hmac.digest(self._key, b"owner:" + owner.encode(), "sha256")[:_MARK]

    def _seal(self, plain: bytes) -> bytes:
        return hmac.digest(self._key, b"token:" + plain, "sha256")


def _encoded(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


def _decoded(token: str) -> bytes:
    """Take base64 apart as it is written above, and in no other way; what is none has no seal."""
    if len(token) > LONGEST or not token.isascii():
        return b""
    try:
        raw = urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except (Base64Error, ValueError):
        return b""
    return raw if _encoded(raw) == token else b""
