"""How many messages conversations had when they were last read whole or counted, as this process remembers it."""

from collections import OrderedDict
from uuid import UUID

from gql_api.errors import Failure
from gql_api.schema import node

_MOST = 10_000


class KnownSizes:
    """A bounded memory, each user's own: what others know shows nobody that there is something to know.

    Those that were learnt longest ago go first.
    """

    def __init__(self) -> None:
        self._sizes: OrderedDict[tuple[str, UUID], int] = OrderedDict()

    def keep(self, user: str, session_id: UUID, messages: int) -> None:
        """Remember a count in place of an older one."""
        key = (user, session_id)
        self._sizes[key] = messages
        self._sizes.move_to_end(key)
        if len(self._sizes) > _MOST:
            self._sizes.popitem(last=False)

    def of(self, user: str, id: str) -> int | None:
        """Give the count of the session that a client names; None for one that is not known, or no session."""
        try:
            return self._sizes.get((user, node.read_session(id, "id")))
        except Failure:
            return None
