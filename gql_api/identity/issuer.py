"""The issuer's public keys, fetched by need and kept through its outages; what they prove is left to others."""

import asyncio
import logging
import math
import time
from collections.abc import AsyncIterator, Callable, Set
from contextlib import asynccontextmanager, suppress
from contextvars import Context

import httpx

from gql_api.errors import IdentityUnavailable
from gql_api.identity.fetching import NoKeys, fetch
from gql_api.identity.keys import Key, UnfitKey, choose, read_set

FRESH = 300.0
"""Seconds after which the keys are fetched anew, while those at hand go on."""
OLD = 600.0
"""Seconds after which a new fetch is waited for, unless the issuer is known to be away."""
KEPT = 4 * 60 * 60.0
"""Seconds that the keys of an issuer that is away go on."""
PAUSE = 10.0
"""Seconds from the start of one fetch to that of the next, whatever is asked meanwhile."""

_LOG = logging.getLogger(__name__)


class IssuerKeys:
    """Finds keys by name. All who wait share one fetch, which no caller's going away ends."""

    def __init__(
        self,
        url: str,
        algorithms: Set[str],
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url
        self._algorithms = algorithms
        self._transport = transport
        self._clock = clock
        self._http: httpx.AsyncClient | None = None
        self._keys: list[Key] = []
        self._fetched_at = self._tried_at = -math.inf
        self._has_failed = False
        self._fetching: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Begin with a fetch that nobody waits for: the issuer may be away when the server starts."""
        async with httpx.AsyncClient(transport=self._transport) as self._http:
            self._begin()
            try:
                yield
            finally:
                await self._end()

    @property
    def is_known(self) -> bool:
        """Whether there are keys that are not too old."""
        return self._age() <= KEPT

    def at_hand(self, algorithm: str, id: str | None) -> Key | None:
        """Give the key where the issuer need not be asked for it, neither now nor for later."""
        return choose(self._keys, algorithm, id) if self._age() <= FRESH else None

    async def find(self, algorithm: str, id: str | None) -> Key | None:
        """Give the key, or None where the issuer has none such; raise `IdentityUnavailable` where we cannot know."""
        await self._keep_fresh()
        found = choose(self._keys, algorithm, id)
        if found is None:
            # The issuer may have begun to use a new key.
            if not await self.renew():
                raise IdentityUnavailable("The issuer's keys cannot be fetched now; try again later.")
            found = choose(self._keys, algorithm, id)
        return found

    async def renew(self) -> bool:
        """Fetch the keys, or wait for the fetch under way, or leave it at one just ended; tell whether it succeeded."""
        self._begin()
        if self._fetching is not None:
            await asyncio.shield(self._fetching)
        return not self._has_failed

    async def _keep_fresh(self) -> None:
        age = self._age()
        if age > KEPT or (age > OLD and not self._has_failed):
            await self.renew()
        elif age > FRESH:
            self._begin()
        if not self.is_known:
            raise IdentityUnavailable("The issuer's keys cannot be fetched now; try again later.")

    def _age(self) -> float:
        return self._clock() - self._fetched_at

    def _begin(self) -> None:
        now = self._clock()
        if self._http is None or self._fetching is not None or now - self._tried_at < PAUSE:
            return
        self._tried_at = now
        # It belongs to no request, so it has nothing of the one that happens to begin it.
        self._fetching = asyncio.create_task(self._fetch(self._http), context=Context())

    async def _fetch(self, http: httpx.AsyncClient) -> None:
        try:
            keys = read_set(await fetch(http, self._url), self._algorithms)
            if not keys:
                raise NoKeys("no key in it fits the algorithms")
        except Exception as error:  # the edge of a background task: the next fetch tries again
            self._has_failed = True
            reason = error if isinstance(error, NoKeys | UnfitKey) else type(error).__name__
            _LOG.warning("The issuer's keys could not be fetched: %s", reason)
        else:
            self._keys, self._fetched_at, self._has_failed = keys, self._clock(), False
        finally:
            self._fetching = None

    async def _end(self) -> None:
        task, self._fetching, self._http = self._fetching, None, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
