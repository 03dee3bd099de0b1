"""Names of what is read at a URL: who was cut off gives the name back, and the same archive is written again."""

import hmac
import secrets
from datetime import UTC, datetime
from typing import NamedTuple

_LABEL = b"gql-api: editions of exports, version 1"
_TIME, _CHANCE, _SEAL = 6, 4, 6
_SIZE = _TIME + _CHANCE + _SEAL


class Edition(NamedTuple):
    """What one archive has that another of the same sessions has not: its id, and when it was begun."""

    id: str
    started_at: datetime


class Editions:
    """Makes and reads the ids, which say when they were made, and are of one URL and one `program` alone."""

    def __init__(self, secret: bytes, program: str) -> None:
        self._key = hmac.digest(secret, _LABEL, "sha256")
        self._program = program.encode()

    def new(self, token: str, *, now: datetime) -> Edition:
        """Begin another."""
        plain = int(now.timestamp() * 1000).to_bytes(_TIME) + secrets.token_bytes(_CHANCE)
        return _edition(plain + self._seal(token, plain))

    def known(self, token: str, id: str) -> Edition | None:
        """Give the one that this URL was answered with before, by any server; None where it was not."""
        try:
            raw = bytes.fromhex(id)
        except ValueError:
            return None
        plain, seal = raw[:-_SEAL], raw[-_SEAL:]
        is_ours = raw.hex() == id and len(raw) == _SIZE and hmac.compare_digest(seal, self._seal(token, plain))
        return _edition(raw) if is_ours else None

    def _seal(self, token: str, plain: bytes) -> bytes:
        return hmac.digest(self._key, b"\0".join((plain, token.encode(), self._program)), "sha256")[:_SEAL]


def _edition(raw: bytes) -> Edition:
    return Edition(raw.hex(), datetime.fromtimestamp(int.from_bytes(raw[:_TIME]) / 1000, UTC))
