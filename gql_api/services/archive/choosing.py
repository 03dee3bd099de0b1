"""Which sessions an export has: all, a user's, or some by their ids."""

from collections.abc import AsyncIterator, Sequence
from uuid import UUID

from gql_api import model
from gql_api.errors import NotFound
from gql_api.store import mappings, transfer

_AT_ONCE = 1000


async def chosen(user: str | None, ids: Sequence[UUID]) -> AsyncIterator[model.Session]:
    """Give sessions; what others add or delete meanwhile is in it or not."""
    if not ids:
        async for session in _listed(user):
            yield session
    for id in ids:
        if found := await _found(user, id):
            yield found


async def count(user: str | None, ids: Sequence[UUID]) -> int:
    """Tell about how many there are."""
    if ids:
        return len({*ids})
    return await (transfer.count() if user is None else mappings.count(user, model.SessionFilter()))


async def check(user: str | None, ids: Sequence[UUID]) -> None:
    """Raise `NotFound` where there is none with one of these ids."""
    for id in ids:
        if await _found(user, id) is None:
            raise NotFound(f"There is no session {id}{f' of {user}' if user else ''}.")


async def _found(user: str | None, id: UUID) -> model.Session | None:
    mapping = await mappings.find(id)
    if mapping is None or user not in (None, mapping.user):
        return None
    return (await mappings.ready(mapping.user, [id])).get(id)


async def _listed(user: str | None) -> AsyncIterator[model.Session]:
    last: model.Session | None = None
    while page := await (transfer.page(last, _AT_ONCE) if user is None else _of(user, last)):
        for session in page:
            yield session
        last = page[-1]


async def _of(user: str, last: model.Session | None) -> list[model.Session]:
    after = model.SessionPosition(last.created_at, last.id) if last else None
    page, _ = await mappings.page(
        user,
        where=model.SessionFilter(),
        newest_first=False,
        limit=_AT_ONCE,
        after=after,
        before=None,
        from_end=False,
    )
    return page
