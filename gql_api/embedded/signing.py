"""Public URLs that need no row of their own: the token says what it shows, until when, and that we made it."""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass

_FIELD = 6
_NONCE = 4
_SEAL = 16
_TOKEN = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Signer:
    """Makes and reads the tokens of public URLs: 64 hex digits, as upstream's are."""

    secret: bytes
    public_url: str

    def url(self, material_id: int, *, expires_at: int) -> str:
        """Make a new URL for a material; `expires_at` in milliseconds, 0 for never."""
        plain = material_id.to_bytes(_FIELD) + expires_at.to_bytes(_FIELD) + secrets.token_bytes(_NONCE)
        return f"{self.public_url}/api/v1/material/{(plain + self._seal(plain)).hex()}"

    def read(self, token: str, *, now: int) -> int | None:
        """Give the material of a token; None if it is not ours or its time (in milliseconds) is over."""
        if not _TOKEN.fullmatch(token):
            return None
        raw = bytes.fromhex(token)
        plain, seal = raw[:-_SEAL], raw[-_SEAL:]
        if not hmac.compare_digest(seal, self._seal(plain)):
            return None
        expires_at = int.from_bytes(plain[_FIELD : 2 * _FIELD])
        if expires_at and expires_at <= now:
            return None
        return int.from_bytes(plain[:_FIELD])

    def _seal(self, plain: bytes) -> bytes:
        return hmac.digest(self.secret, plain, hashlib.sha256)[:_SEAL]
