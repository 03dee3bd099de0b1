"""Whose Acontext's sessions and disks are, asked as seldom as can be: Acontext lists owners by ids of its own."""

from collections import OrderedDict
from uuid import UUID

from gql_api.upstream.gateway import Gateway
from gql_api.upstream.inventory import Listed, Things

_REMEMBERED = 10_000


class Owners:
    """Knows of the last 10 000 users which Acontext user they are."""

    def __init__(self, gateway: Gateway) -> None:
        self._calls = gateway.inventory
        self._known: OrderedDict[str, UUID] = OrderedDict()

    async def is_of(self, user: str, things: Things, listed: Listed) -> bool:
        """Tell whether this, which has an owner, belongs to this user; raise an `UpstreamFailure`."""
        known = self._known.get(user)
        if known:
            self._known.move_to_end(user)
            return known == listed.owner
        if not await self._calls.is_of(user, things, listed):
            return False
        if listed.owner:
            self._known[user] = listed.owner
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        return True
