"""Creation and the sweep on a real database and an embedded Acontext, without the application around them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from api.odd_upstream import OddUpstream
from api.upstream import KEY
from carrying import in_front
from gql_api.embedded import open_acontext
from gql_api.events.local import LocalBroker
from gql_api.services.creation import Creation
from gql_api.services.forking.making import Making
from gql_api.services.forking.work import Tools
from gql_api.services.keyed import Keys
from gql_api.services.reconcile import Reconciler
from gql_api.store.place_keeper import PlaceKeeper
from gql_api.store.turns import Turn
from gql_api.upstream.connect import connect
from gql_api.upstream.direct import Direct
from gql_api.upstream.gateway import Gateway
from gql_api.upstream.guarded_calls import Limits


@dataclass
class Parts:
    """What creation works with. `now` is the time that it believes."""

    gateway: Gateway
    upstream: OddUpstream
    now: datetime
    events: LocalBroker = field(default_factory=LocalBroker)

    def creation(self, *, longest: float = 5.0) -> Creation:
        return Creation(self.gateway, disk_owner_prefix="gql-api:disk:", clock=lambda: self.now, longest=longest)

    def keys(self) -> Keys:
        return Keys(self.gateway, lambda: self.now, timedelta(seconds=60))

    def making(self) -> Making:
        """Make what copies sessions in one server; it is to be opened."""
        seconds = timedelta(seconds=60), timedelta(seconds=5)
        return Making(Tools(self.gateway, self.creation(), LocalBroker(), PlaceKeeper(), *seconds))

    def reconciler(self, turn: Turn | None = None, making: Making | None = None) -> Reconciler:
        return Reconciler(self.gateway, creation=self.creation(), turn=turn, making=making, events=self.events)

    async def left_upstream(self) -> tuple[int, int, int]:
        """Count sessions, disks, and users that own disks."""
        sessions = await self.upstream.ask("GET", "/session?limit=200")
        disks = await self.upstream.ask("GET", "/disk?limit=200")
        users = await self.upstream.ask("GET", "/user/ls")
        owners = [user for user in users["items"] if user["identifier"].startswith("gql-api:disk:")]
        return len(sessions["items"]), len(disks["items"]), len(owners)


@asynccontextmanager
async def opened(folder: Path, *, seconds: float = 5) -> AsyncIterator[Parts]:
    """Open an embedded Acontext in the folder, each call of which may take so long; the database is to be open."""
    upstream = OddUpstream()
    async with open_acontext(folder, api_key=KEY, public_url="http://api.test") as acontext:
        sender = in_front(upstream.in_front_of)(Direct(acontext.app))
        async with connect(
            base_url="http://embedded.invalid/api/v1", api_key=KEY, limits=Limits(4, seconds, seconds), sender=sender
        ) as gateway:
            yield Parts(gateway, upstream, datetime(2026, 1, 1, tzinfo=UTC))
