"""A database and an Acontext as a command finds them, with sessions left in any state, past the command."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import httpx

from api.odd_upstream import OddUpstream
from api.upstream import KEY
from gql_api.embedded import open_acontext
from gql_api.model import MappingState
from gql_api.store.database import open_database
from gql_api.store.models import SessionMapping

Ask = Callable[..., Awaitable[Any]]
OLD = datetime(2020, 1, 1, tzinfo=UTC)


class Made(NamedTuple):
    """A session as it was left, and the disks that were made for it."""

    id: UUID
    disks: list[UUID]


class World:
    """Our database and the Acontext of the command, past the command."""

    def __init__(self, url: str) -> None:
        self._url = url

    def within(self, work: Callable[[Ask], Awaitable[Any]]) -> Any:
        async def working() -> Any:
            upstream = OddUpstream()
            async with (
                open_database(self._url, migrate=False),
                open_acontext(Path("data/acontext"), api_key=KEY, public_url="http://api.test") as acontext,
            ):
                upstream.in_front_of(httpx.ASGITransport(acontext.app))
                return await work(upstream.ask)

        return asyncio.run(working())

    def session(self, state: str, *, disks: int = 1, has_row: bool = True, has_session: bool = True) -> Made:
        """Leave a session in this state; of its disks the first is the one that is bound."""

        async def make(ask: Ask) -> Made:
            id = uuid4()
            if has_session:
                tag = {"__gql_api__": {"nonce": "left"}}
                await ask("POST", "/session", json={"user": "ada", "use_uuid": str(id), "configs": tag})
            made = [(await ask("POST", "/disk", json={"user": f"gql-api:disk:{id}"}))["id"] for _ in range(disks)]
            found = Made(id, [UUID(disk) for disk in made])
            if has_row:
                await _row(found, state)
            return found

        made: Made = self.within(make)
        return made

    def bind(self, made: Made, disk: UUID) -> None:
        """Let the session have another disk."""
        self.within(lambda _: SessionMapping.filter(id=made.id).update(disk_id=disk))

    def unowned_disk(self) -> UUID:
        async def make(ask: Ask) -> str:
            return str((await ask("POST", "/disk", json={}))["id"])

        return UUID(self.within(make))

    def everything(self) -> Any:
        """Give all rows, and all sessions, disks and users of Acontext."""

        async def look(ask: Ask) -> Any:
            rows = await SessionMapping.all().order_by("id").values()
            lists = [await ask("GET", path) for path in ("/session?limit=200", "/disk?limit=200", "/user/ls")]
            return rows, [sorted(one["id"] for one in found["items"]) for found in lists]

        return self.within(look)

    def left(self) -> tuple[dict[str, int], int, int]:
        """Count rows by their states, and sessions and disks of Acontext."""
        rows, (sessions, disks, _) = self.everything()
        states = [row["state"] for row in rows]
        return {state: states.count(state) for state in sorted(set(states))}, len(sessions), len(disks)


async def _row(made: Made, state: str) -> None:
    is_bound = state != MappingState.CREATING.value
    disk = (made.disks or [uuid4()])[0]
    at = OLD if state == MappingState.DELETED.value else datetime.now(UTC)
    await SessionMapping.create(
        id=made.id,
        user_identifier="ada",
        state=state,
        disk_id=disk if is_bound else None,
        disk_created_at=OLD if is_bound else None,
        adopted=False,
        nonce="left",
        created_at=OLD,
        updated_at=max(at, datetime.now(UTC) - timedelta(days=1)),
        lease_until=datetime.now(UTC) - timedelta(hours=1),
    )
