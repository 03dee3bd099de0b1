"""Which sessions an export has: all, a user's, or some by their ids."""

from collections.abc import AsyncIterator, Sequence
from uuid import UUID

from gql_api import model
from gql_api.errors import NotFound
from gql_api.store import mappings, transfer

_AT_ONCE = 1000


async def chosen(user: str | None, ids: Sequence[UUID]) -> AsyncIterator[model.Session]:
    """Give sessions; what others add meanwhile is in it or not. Raises `NotFound` before the first of ids is given."""
    if not ids:
        async for session in _listed(user):
            yield session
        return
    owners = [await _owner(user, id) for id in ids]
    for id, owner in zip(ids, owners, strict=True):
        if found := (await mappings.ready(owner, [id])).get(id):
            yield found


async def _owner(user: str | None, id: UUID) -> str:
    mapping = await mappings.find(id)
    if mapping is None or mapping.state is not model.MappingState.READY or user not in (None, mapping.user):
        raise NotFound(f"There is no session {id}{f' of {user}' if user else ''}.")
    return mapping.user


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
