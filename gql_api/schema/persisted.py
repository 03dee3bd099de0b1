"""Documents that requests name and do not send: those that an operator trusts, and those that clients made known."""

from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import NamedTuple

from gql_api.errors import (
    DocumentMismatch,
    PersistedQueryNotFound,
    PersistedQueryNotInList,
    PersistedQueryNotSupported,
    QueryNotInSafelist,
)

BYTES_BESIDE_TEXT = 400
"""What an entry takes besides its text, at least."""


class Named(NamedTuple):
    """How a request names its document: by an id, or by a hash as Apollo's clients do, who then may send its text."""

    id: str
    is_hash: bool


class Learned:
    """Texts by their SHA-256, as clients made them known, the first `most` and `most_bytes` of them.

    What goes to make room is what was not used for the longest time of the user who has the most of it. So who sends
    ever new documents pushes out their own.
    """

    def __init__(self, *, most: int, most_bytes: int) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._owners: dict[str, str] = {}
        self._texts: dict[str, OrderedDict[str, str]] = {}
        self._bytes: Counter[str] = Counter()
        self._all_bytes = 0

    def get(self, hash: str) -> str | None:
        """Find a text, and note that it was used."""
        owner = self._owners.get(hash)
        if owner is None:
            return None
        texts = self._texts[owner]
        texts.move_to_end(hash)
        return texts[hash]

    def put(self, hash: str, text: str, user: str) -> None:
        """Keep a text that is not known yet."""
        if _size(text) > self._most_bytes:
            return
        self._owners[hash] = user
        self._texts.setdefault(user, OrderedDict())[hash] = text
        self._count(user, _size(text))
        while len(self._owners) > self._most:
            self._drop(max(self._texts, key=lambda one: len(self._texts[one])))
        while self._all_bytes > self._most_bytes:
            self._drop(max(self._texts, key=self._bytes.__getitem__))

    def _drop(self, user: str) -> None:
        hash, text = self._texts[user].popitem(last=False)
        self._count(user, -_size(text))
        del self._owners[hash]
        if not self._texts[user]:
            del self._texts[user], self._bytes[user]

    def _count(self, user: str, size: int) -> None:
        self._bytes[user] += size
        self._all_bytes += size


class Persisted:
    """Gives the text of the document that a request means.

    Without `learned` no document is learned by its hash; it is set before the first request. `is_valid` tells which
    documents are worth to be kept.
    """

    def __init__(self, is_valid: Callable[[str], bool]) -> None:
        self.learned: Learned | None = None
        self._is_valid = is_valid
        self._trusted: Mapping[str, str] = {}
        self._safelist: frozenset[str] | None = None

    def trust(self, texts: Mapping[str, str], *, alone: bool) -> None:
        """Take texts by their ids; `alone`: run no others."""
        self._trusted = texts
        self._safelist = frozenset(texts.values()) if alone else None

    def text(self, query: str, named: Named | None, user: str) -> str:
        """Give the text to run; `query` is what was sent, maybe nothing. Raise `Failure`."""
        if named is None:
            return self._allowed(query)
        trusted = self._trusted.get(named.id)
        if trusted is not None:
            if query and query != trusted:
                raise DocumentMismatch("The document in query is not the one that its id names here.")
            return trusted
        if self._safelist is not None or not named.is_hash:
            raise PersistedQueryNotInList("No document of this id is trusted by this server.")
        return self._learned(query, named.id, user)

    def _allowed(self, query: str) -> str:
        if self._safelist is not None and query not in self._safelist:
            raise QueryNotInSafelist("This server runs only documents that its operator trusts; this is none of them.")
        return query

    def _learned(self, query: str, hash: str, user: str) -> str:
        """Find a text by its hash, or learn it. What clients look for is the message, or the code."""
        if self.learned is None:
            if not query:
                raise PersistedQueryNotSupported("PersistedQueryNotSupported")
            return query
        known = self.learned.get(hash)
        if not query:
            if known is None:
                raise PersistedQueryNotFound("PersistedQueryNotFound")
            return known
        if sha256(query.encode()).hexdigest() != hash:
            raise DocumentMismatch("sha256Hash is not the SHA-256 of the document in query.")
        if known is None and self._is_valid(query):
            self.learned.put(hash, query, user)
        return query


def _size(text: str) -> int:
    # A text with one letter beyond the Basic Multilingual Plane takes four bytes for each of its letters.
    return text.__sizeof__() + BYTES_BESIDE_TEXT
