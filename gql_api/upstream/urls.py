"""Public URLs given again for part of their life, so that an image does not reload at each query."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from datetime import datetime, timedelta

from gql_api import model

_MOST = 10_000


class UrlCache:
    """A bounded memory of URLs that expire; the least recently used go first.

    What a key names must not change: the key of a file holds the time of its last writing.
    """

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._urls: OrderedDict[Hashable, model.SignedUrl] = OrderedDict()

    def now(self) -> datetime:
        """Tell the time by which URLs expire."""
        return self._clock()

    def find(self, key: Hashable, *, least_seconds: float) -> model.SignedUrl | None:
        """Return the URL, if it is known and has at least so much of its life left."""
        known = self._urls.get(key)
        if known is None or known.expires_at is None:
            return None
        if known.expires_at - self._clock() < timedelta(seconds=least_seconds):
            return None
        self._urls.move_to_end(key)
        return known

    def keep(self, key: Hashable, url: model.SignedUrl) -> None:
        """Remember the URL in place of an older one."""
        self._urls[key] = url
        self._urls.move_to_end(key)
        if len(self._urls) > _MOST:
            self._urls.popitem(last=False)
