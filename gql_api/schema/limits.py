"""How much one operation may show: lists within lists grow with every level, whatever the document's length."""

from gql_api.errors import CostLimitExceeded

MOST_SHOWN = 20_000
MOST_LOOKED_THROUGH = 1_000_000
"""Characters of messages: a second or two, in which others are served."""
_CHARACTERS_A_POINT = 200
MOST_WHOLE = 10
"""Sessions of one list of which whole conversations may be asked for."""


class Allowance:
    """Counts the entries of all lists that one operation shows.

    `worked` are points for what was done here besides: they are in its cost, and have no limit of their own.
    """

    def __init__(self, most: int = MOST_SHOWN) -> None:
        self.worked = 0
        self._left = most
        self._most = most
        self._unread = MOST_LOOKED_THROUGH

    @property
    def taken(self) -> int:
        """How many were counted."""
        return self._most - self._left

    def take(self, entries: int) -> None:
        """Count what is about to be shown; raise `CostLimitExceeded` beyond the limit: nothing is cut silently."""
        self._left -= entries
        if self._left < 0:
            raise too_many_shown(self._most)

    def look_through(self, characters: int) -> None:
        """Count what is looked through for snippets; raise `CostLimitExceeded` beyond the limit."""
        self._unread -= characters
        self.worked += characters // _CHARACTERS_A_POINT
        if self._unread < 0:
            raise CostLimitExceeded(
                f"One operation looks through {MOST_LOOKED_THROUGH} characters for snippets: ask for fewer hits."
            )

    def take_again(self, times: int) -> bool:
        """Count all that was counted so many times more; False, and nothing is counted, beyond the limit."""
        again = self.taken * times
        if again > self._left:
            return False
        self._left -= again
        return True


def too_many_shown(most: int) -> CostLimitExceeded:
    """Say that there is more than may be shown."""
    return CostLimitExceeded(
        f"One operation shows at most {most} sessions, messages and files: ask for fewer, or by pages."
    )


def check_whole(sessions: int) -> None:
    """Raise `CostLimitExceeded` where whole conversations of a list of so many sessions are asked for."""
    if sessions > MOST_WHOLE:
        raise CostLimitExceeded(
            f"messages: without first or last for at most {MOST_WHOLE} sessions of a list; these are {sessions}. "
            "Ask for fewer sessions, or for a page of messages."
        )
