"""Keys that tokens are checked with, each for the algorithms that it fits; where they come from is left to others."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

import jwt

_LEAST_RSA_BITS, _MOST_RSA_BITS = 2048, 8192
"""Shorter ones are not safe any more; longer ones make a check slow."""
_RSA = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})
_FITTING = {
    ("EC", "P-256"): frozenset({"ES256"}),
    ("EC", "P-384"): frozenset({"ES384"}),
    ("EC", "P-521"): frozenset({"ES512"}),
    ("OKP", "Ed25519"): frozenset({"EdDSA"}),
    ("OKP", "Ed448"): frozenset({"EdDSA"}),
}
_PUBLIC = ("kty", "crv", "n", "e", "x", "y")
_BROKEN = (jwt.PyJWTError, ValueError, TypeError, AttributeError, ArithmeticError)


class UnfitKey(ValueError):
    """A key that tokens cannot be checked with. The message says why, and nothing of the key."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key, never used but with these algorithms. `id` is what tokens name it by, if it has a name."""

    id: str | None
    algorithms: frozenset[str]
    material: Any


class GivenKey:
    """One key for all tokens, whatever name they give it."""

    is_known = True

    def __init__(self, text: str, algorithms: Set[str]) -> None:
        """Read a public key in PEM, or a secret; raise `UnfitKey`."""
        if all(name.startswith("HS") for name in algorithms):
            material: Any = text.encode(errors="surrogateescape")
        else:
            material = _from_pem(text, algorithms)
        self._key = Key(None, frozenset(algorithms), material)

    def at_hand(self, algorithm: str, id: str | None) -> Key | None:
        """Give the key."""
        return self._key if algorithm in self._key.algorithms else None

    async def find(self, algorithm: str, id: str | None) -> Key | None:
        """Give the key."""
        return self.at_hand(algorithm, id)


def _from_pem(text: str, algorithms: Set[str]) -> Any:
    if "PRIVATE KEY" in text:
        raise UnfitKey("this is a private key; only the issuer may have that: give the public one.")
    material = None
    for name in sorted(algorithms):
        try:
            material = jwt.get_algorithm_by_name(name).prepare_key(text)
        except _BROKEN:
            raise UnfitKey(f"this is no public key in PEM that fits {name}.") from None
    if not _is_of_sane_size(material):
        raise UnfitKey(f"an RSA key must have {_LEAST_RSA_BITS} to {_MOST_RSA_BITS} bits.")
    return material


def _is_of_sane_size(material: Any) -> bool:
    has_curve = not hasattr(material, "public_numbers") or hasattr(material, "curve")
    return has_curve or _LEAST_RSA_BITS <= material.key_size <= _MOST_RSA_BITS


def read_set(document: object, algorithms: Set[str]) -> list[Key]:
    """Read a JWK Set (RFC 7517); what does not fit these algorithms is left out, and private parts are not read."""
    entries = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise UnfitKey("this is no JWK Set")
    found = (_read(entry, algorithms) for entry in entries if isinstance(entry, dict))
    return [key for key in found if key]


def _read(entry: Mapping[str, Any], algorithms: Set[str]) -> Key | None:
    fitting = _fitting(entry) & algorithms
    id = entry.get("kid")
    if not fitting or not isinstance(id, str | None) or not _is_for_checking(entry):
        return None
    try:
        public = {name: entry[name] for name in _PUBLIC if name in entry}
        material = jwt.PyJWK(public, algorithm=min(fitting)).key
        return Key(id, frozenset(fitting), material) if _is_of_sane_size(material) else None
    except _BROKEN:
        return None


def _fitting(entry: Mapping[str, Any]) -> frozenset[str]:
    """Tell what a key's type is good for, narrowed by what the key itself says."""
    kind, curve, named = entry.get("kty"), entry.get("crv"), entry.get("alg")
    if not isinstance(kind, str) or not isinstance(curve, str | None) or not isinstance(named, str | None):
        return frozenset()
    fitting = _RSA if kind == "RSA" else _FITTING.get((kind, curve or ""), frozenset())
    return fitting if named is None else fitting & {named}


def _is_for_checking(entry: Mapping[str, Any]) -> bool:
    operations = entry.get("key_ops", ["verify"])
    return entry.get("use", "sig") == "sig" and isinstance(operations, list) and "verify" in operations


def choose(keys: Sequence[Key], algorithm: str, id: str | None) -> Key | None:
    """Choose the one key of this name that fits; a token without a name is checked where only one key fits at all."""
    fitting = [key for key in keys if algorithm in key.algorithms and (id is None or key.id == id)]
    return fitting[0] if len(fitting) == 1 else None
