"""Mappings to test with: what does not matter for a test has a value here."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from gql_api import model
from gql_api.store import mappings

BEGUN = datetime(2026, 11, 22, 9, 0, 0, 123_456, tzinfo=UTC)
LEASE_END = BEGUN + timedelta(minutes=1)


def new_intent(
    owner: str = "ada",
    *,
    id: UUID | None = None,
    title: str | None = None,
    adopted: bool = False,
    now: datetime = BEGUN,
    lease_until: datetime = LEASE_END,
) -> mappings.Intent:
    return mappings.Intent(
        id=id or uuid4(), owner=owner, title=title, adopted=adopted, nonce="nonce", now=now, lease_until=lease_until
    )


def new_disk(id: UUID | None = None) -> model.Disk:
    return model.Disk(id=id or uuid4(), created_at=BEGUN + timedelta(seconds=2))


async def make_ready(
    owner: str = "ada", *, id: UUID | None = None, title: str | None = None, now: datetime = BEGUN
) -> model.Session:
    intent = new_intent(owner, id=id, title=title, now=now)
    assert await mappings.begin(intent)
    session = await mappings.bind(intent.id, disk=new_disk(), lease_until=intent.lease_until, now=now)
    assert session
    return session
