"""The headers of a request, looked up as they came: a server gives them as bytes, and most are never asked for."""

from collections.abc import Iterable
from typing import Any

from starlette.types import Scope

_PLACE = "gql_api.headers"
Raw = Iterable[tuple[bytes, bytes]]


class Headers:
    """Headers by their names in lower case; values are read as Latin-1, as Starlette reads them."""

    __slots__ = ("_first", "raw")

    def __init__(self, raw: Any) -> None:
        self.raw = raw
        self._first: dict[bytes, bytes] = dict(reversed(raw))

    def get(self, name: bytes) -> str:
        """Give the first of this name; nothing is the same as an empty one."""
        found = self._first.get(name)
        return found.decode("latin-1") if found else ""

    def all(self, name: bytes) -> list[str]:
        """Give all of this name."""
        found = self._first.get(name)
        if found is None:
            return []
        if len(self._first) == len(self.raw):  # no name is there twice
            return [found.decode("latin-1")]
        return [value.decode("latin-1") for one, value in self.raw if one == name]


def headers_of(scope: Scope) -> Headers:
    """Give the headers of a request, which are put in order once for all who ask."""
    raw = scope["headers"]
    known: Headers | None = scope.get(_PLACE)
    # Who makes another scope of one, with other headers, gets those.
    if known is None or known.raw is not raw:
        known = scope[_PLACE] = Headers(raw)
    return known
