"""Calls about sessions, and about the disks that belong to them."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from gql_api import model
from gql_api.upstream import cursor
from gql_api.upstream.inventory import is_of
from gql_api.upstream.kinds import COSTLY_READ, ONCE, OVERWRITE, READ, REMOVAL
from gql_api.upstream.refusal import Refused, checked

if TYPE_CHECKING:
    from acontext import AcontextAsyncClient
    from acontext.types.disk import Disk
    from acontext.types.session import Session

    from gql_api.upstream.counted_calls import CountedCalls
    from gql_api.upstream.guarded_calls import GuardedCalls


_PAGE = 200
_MOST_PAGES = 10


class UpstreamSession(NamedTuple):
    """A session as Acontext keeps it; `owned` tells whether it has a user at all."""

    id: UUID
    owned: bool
    configs: model.JsonObject | None
    created_at: datetime


class SessionCalls:
    """One method a call; ids are checked before the SDK sees them."""

    def __init__(self, call: "GuardedCalls | CountedCalls") -> None:
        self._call = call

    def by(self, call: "CountedCalls") -> "SessionCalls":
        """Give the same calls, made by another."""
        return SessionCalls(call)

    async def create(self, id: UUID, *, user: str, configs: model.JsonObject) -> UpstreamSession:
        """Make a session under the id that we chose.

        An id that exists is answered with the stored session, whoever's it is, and nothing changes: compare the
        configs. Where the outcome is unknown it is not repeated: it may come after a deletion.
        """
        spelled = checked(id)
        return await self._call.reading(
            OVERWRITE,
            lambda sdk: sdk.sessions.create(user=user, configs=configs, use_uuid=spelled),
            lambda made: _session(id, made),
        )

    async def exists(self, id: UUID) -> bool:
        """Tell whether there is such a session, by the cheapest call that answers 404 when there is none."""
        spelled = checked(id)
        try:
            await self._call(READ, lambda sdk: sdk.sessions.messages_observing_status(spelled))
        except Refused as refusal:
            if refusal.is_absence:
                return False
            if not refusal.is_anothers:
                raise
        return True

    async def get(self, id: UUID) -> UpstreamSession:
        """Read a session; one that does not exist is answered as a failure of Acontext, so ask `exists` first."""
        spelled = checked(id)
        return await self._call.reading(
            READ, lambda sdk: sdk.sessions.get_configs(spelled), lambda found: _session(id, found)
        )

    async def is_of(self, user: str, session: UpstreamSession) -> bool:
        """Tell whether the session belongs to this Acontext user."""
        return await is_of(self._call, user, "sessions", id=session.id, created_at=session.created_at)

    async def patch_configs(self, id: UUID, configs: model.JsonObject) -> None:
        """Merge the top-level keys; null deletes one. A change of more than 64 KiB of JSON is `Refused`."""
        spelled = checked(id)
        await self._call(OVERWRITE, lambda sdk: sdk.sessions.patch_configs(spelled, configs=configs))

    async def replace_configs(self, id: UUID, configs: model.JsonObject) -> None:
        """Put these configs in place of all that were there."""
        spelled = checked(id)
        await self._call(OVERWRITE, lambda sdk: sdk.sessions.update_configs(spelled, configs=configs))

    async def delete(self, id: UUID) -> None:
        """Delete a session with its messages; one that is gone already is fine."""
        spelled = checked(id)
        await self._gone(lambda sdk: sdk.sessions.delete(spelled))

    async def create_disk(self, owner: str) -> model.Disk:
        """Make a disk under this Acontext user. Where one may be there already, look with `disks_of` first."""
        return await self._call.reading(ONCE, lambda sdk: sdk.disks.create(user=owner), _disk)

    async def disks_of(self, owner: str) -> list[model.Disk]:
        """Return the oldest disks of this Acontext user, at most 20, oldest first."""
        return await self._call.reading(
            READ, lambda sdk: sdk.disks.list(user=owner, limit=20), lambda page: [_disk(disk) for disk in page.items]
        )

    async def find_disk(self, id: UUID, *, owners: tuple[str, ...]) -> model.Disk | None:
        """Find a disk that belongs to one of these Acontext users, or to nobody; None for another user's.

        Acontext has no way to ask for one disk: the users' own are walked first, then the project's; of each the
        newest 2000.
        """
        for owner in (*owners, None):
            async for disk, is_owned in self._disks(owner):
                if disk.id == id:
                    return disk if owner or not is_owned else None
        return None

    async def _disks(self, owner: str | None) -> AsyncIterator[tuple[model.Disk, bool]]:
        """Walk disks, newest first, each with whether it has an owner."""
        place: str | None = None
        for _ in range(_MOST_PAGES):
            at = place
            disks, place = await self._call.reading(
                READ,
                lambda sdk, at=at: sdk.disks.list(user=owner, limit=_PAGE, cursor=at, time_desc=True),  # type: ignore[misc]
                lambda page: ([(_disk(disk), disk.user_id is not None) for disk in page.items], page.next_cursor),
            )
            for found in disks:
                yield found
            if not place:
                return

    async def delete_disk(self, id: UUID) -> None:
        """Delete a disk with its files; one that is gone already is fine."""
        spelled = checked(id)
        await self._gone(lambda sdk: sdk.disks.delete(spelled))

    async def delete_owner(self, owner: str) -> None:
        """Delete an Acontext user of ours, made to own one disk. Everything else of that user goes too."""
        await self._call(REMOVAL, lambda sdk: sdk.users.delete(owner))

    async def token_total(self, id: UUID) -> int:
        """Count the o200k_base tokens of all messages, unedited."""
        spelled = checked(id)
        return await self._call.reading(
            COSTLY_READ, lambda sdk: sdk.sessions.get_token_counts(spelled), lambda counts: counts.total_tokens
        )

    async def _gone(self, ask: "Callable[[AcontextAsyncClient], Awaitable[Any]]") -> None:
        try:
            await self._call(REMOVAL, ask)
        except Refused as refusal:
            if not refusal.is_absence:
                raise


def _disk(answer: "Disk") -> model.Disk:
    return model.Disk(UUID(answer.id), cursor.moment(answer.created_at))


def _session(id: UUID, answer: "Session") -> UpstreamSession:
    if UUID(answer.id) != id:
        raise ValueError("an answer about another session")
    return UpstreamSession(id, answer.user_id is not None, answer.configs, cursor.moment(answer.created_at))
