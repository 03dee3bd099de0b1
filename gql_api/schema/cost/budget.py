"""What each user may spend in a minute, in one worker; what things cost is told elsewhere."""

import time
from collections.abc import Callable
from math import ceil

from gql_api.errors import RateLimited

_MINUTE = 60.0
_SWEPT_FROM = 1024
"""So many users are kept without a look at who has spent nothing for long."""


class Budgets:
    """Users' points: as many as a minute brings may be spent at once, and come again bit by bit.

    None for `per_minute`: all may spend what they like. So may `everybody`, the user that all are who cannot be told
    apart.
    """

    def __init__(
        self,
        per_minute: int | None = None,
        *,
        everybody: str | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._per_minute = per_minute
        self._everybody = everybody
        self._clock = clock
        self._spent: dict[str, tuple[float, float]] = {}
        """For each user the points that are not back yet, and when that was so."""
        self._sweep_at = _SWEPT_FROM

    def take(self, user: str, points: int) -> None:
        """Spend points; raise `RateLimited`, and take none, where there are not enough."""
        most = self._per_minute
        if most is None or user == self._everybody:
            return
        now = self._clock()
        spent = self._still_spent(user, now) + points
        if spent > most:
            wait = max(1, ceil((spent - most) * _MINUTE / most))
            raise RateLimited(
                f"One user's operations may cost {most} points a minute here; this one costs {points}.",
                retry_after=wait,
            )
        self._keep(user, spent, now)

    def give_back(self, user: str, points: int = 0) -> int | None:
        """Give back points that turned out not to be needed; below zero, so many more were, and are taken.

        Tells how many are left now; None without a bound.
        """
        if self._per_minute is None or user == self._everybody:
            return None
        now = self._clock()
        spent = max(0.0, self._still_spent(user, now) - points)
        if points and user in self._spent:
            self._keep(user, spent, now)
        return int(self._per_minute - spent)

    def _still_spent(self, user: str, now: float) -> float:
        found = self._spent.get(user)
        if found is None or self._per_minute is None:
            return 0.0
        spent, then = found
        return max(0.0, spent - (now - then) * self._per_minute / _MINUTE)

    def _keep(self, user: str, spent: float, now: float) -> None:
        self._spent[user] = (spent, now)
        if len(self._spent) >= self._sweep_at:
            self._spent = {one: told for one, told in self._spent.items() if self._still_spent(one, now) > 0}
            self._sweep_at = max(_SWEPT_FROM, 2 * len(self._spent))
