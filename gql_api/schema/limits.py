"""How much one operation may show: lists within lists grow with every level, whatever the document's length."""

from gql_api.errors import CostLimitExceeded

MOST_SHOWN = 20_000


class Allowance:
    """Counts the entries of all lists that one operation shows."""

    def __init__(self, most: int = MOST_SHOWN) -> None:
        self._left = most
        self._most = most

    def take(self, entries: int) -> None:
        """Count what is about to be shown; raise `CostLimitExceeded` beyond the limit: nothing is cut silently."""
        self._left -= entries
        if self._left < 0:
            raise CostLimitExceeded(
                f"One operation shows at most {self._most} sessions, messages and files: ask for fewer, or by pages."
            )

    def take_again(self, times: int) -> bool:
        """Count all that was counted so many times more; False, and nothing is counted, beyond the limit."""
        again = (self._most - self._left) * times
        if again > self._left:
            return False
        self._left -= again
        return True
