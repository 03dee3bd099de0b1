"""Sessions that are being made of others: what is to be copied, how far it has come, and who works on it.

The session's own row is there before, as for any that is being made, and its lease is the fence here too. What is
written here goes when the session is ready, or is given up: what is left then is a half-made session like any other.
"""

from datetime import datetime
from typing import NamedTuple, Self
from uuid import UUID

from tortoise.transactions import in_transaction

from gql_api import model
from gql_api.store import mappings, rows
from gql_api.store.failures import translating
from gql_api.store.places import from_micros, to_micros
from gql_api.store.retry import rereading
from gql_api.store.statements import Row, Statement

_BEGIN = Statement("""
INSERT INTO session_forks (session_id, source_id, at_id, at_micros, cuts_before, with_files, begun_micros,
                           settled_micros, files, done)
VALUES ($1::uuid, $2::uuid, $3::uuid, $4::bigint, $5::boolean, $6::boolean, $7::bigint, $7::bigint, 0, 0)
RETURNING session_id
""")
_MARK = Statement("UPDATE session_mappings SET forked_from = $2, opening = NULL WHERE id = $1 RETURNING id")
_FIND = Statement("""
SELECT session_id, source_id, at_id, at_micros, cuts_before, with_files, begun_micros, settled_micros, messages,
       last_id, files, done, user_identifier, nonce, lease_until, creation_key
FROM session_forks JOIN session_mappings ON id = session_id
WHERE session_id = $1::uuid AND state = 'creating'
""")
_COUNT = Statement("""
SELECT count(*) AS number FROM session_forks JOIN session_mappings ON id = session_id
WHERE user_identifier = $1::text AND state = 'creating'
""")
_PLAN = Statement("""
UPDATE session_forks SET messages = $2::int, last_id = $3::uuid, files = $4::int
WHERE session_id = $1::uuid RETURNING session_id
""")
_NOTE = Statement("""
UPDATE session_forks SET settled_micros = $2::bigint, done = $3::int WHERE session_id = $1::uuid RETURNING session_id
""")
_FORGET = Statement("DELETE FROM session_forks WHERE session_id = $1::uuid RETURNING session_id")
_DATE = Statement(f"""
UPDATE session_mappings SET created_at = $2 WHERE id = $1 RETURNING {", ".join(rows.OF_SESSION)}
""")  # noqa: S608 - names of our own columns


FREE = from_micros(0)


class Asked(NamedTuple):
    """What is to be copied. `at` is the last message, None for all of them; its time is None where it is not known.

    `cuts_before` says that a tool call that is open there is left out, with what follows it.
    """

    source: UUID
    at: UUID | None
    at_time: datetime | None
    cuts_before: bool
    with_files: bool


class Plan(NamedTuple):
    """How many messages there are to copy, the last of which is this one, and how many files."""

    messages: int
    last: UUID | None
    files: int


class Fork(NamedTuple):
    """A session that is being made of another. Until `lease_until` nobody but who wrote that works on it.

    Before `settled` something that was sent to Acontext may still arrive there; `FREE` says that nothing may, and that
    who worked on it has let go. `plan` is None until it was looked how much there is.
    """

    id: UUID
    user: str
    nonce: str
    has_key: bool
    asked: Asked
    begun: datetime
    lease_until: datetime
    settled: datetime
    plan: Plan | None
    done: int

    @property
    def is_free(self) -> bool:
        """Whether who asks for it may go on with it at once, whatever the lease keeps others from."""
        return self.settled == FREE

    def held(self, lease_until: datetime, settled: datetime, done: int) -> Self:
        """Give the same as it was written down by `hold`."""
        return self._replace(lease_until=lease_until, settled=settled, done=done)


@translating
async def begin(intent: mappings.Intent, asked: Asked) -> Fork | None:
    """Write down what is begun; None when the id is taken, or the owner's key."""
    now = to_micros(intent.now)
    async with in_transaction():
        if not await mappings.begin(intent):
            return None
        await _MARK.rows(intent.id, asked.source)
        at_micros = to_micros(asked.at_time) if asked.at_time else None
        flags = asked.cuts_before, asked.with_files
        await _BEGIN.rows(intent.id, asked.source, asked.at, at_micros, *flags, now)
    lease = rows.utc(intent.lease_until)
    return Fork(
        intent.id, intent.owner, intent.nonce, bool(intent.key), asked, intent.now, lease, intent.now, plan=None, done=0
    )


@rereading
async def find(id: UUID) -> Fork | None:
    """Give what is known of a session that is being made of another; None for any other."""
    found = await _FIND.rows(id)
    return _fork(found[0]) if found else None


@rereading
async def count(owner: str) -> int:
    """Count the sessions of this owner that are being made of others."""
    return int((await _COUNT.rows(owner))[0]["number"])


@rereading
async def keep_plan(id: UUID, plan: Plan) -> None:
    """Write down how much there is to copy."""
    await _PLAN.rows(id, *plan)


@translating
async def hold(fork: Fork, *, lease_until: datetime, settled: datetime, done: int) -> Fork | None:
    """Write down until when one works on it, and how far it is; None when another has taken over.

    What was written before tells who one is, so it is not done twice.
    """
    lease_until = rows.utc(lease_until)
    async with in_transaction():
        if not await mappings.hold(fork.id, lease_until=fork.lease_until, until=lease_until):
            return None
        await _NOTE.rows(fork.id, to_micros(settled), done)
    return fork.held(lease_until, settled, done)


@translating
async def bind(fork: Fork, disk: model.Disk, *, now: datetime) -> model.Session | None:
    """Make the session ready, as of now; None when another has taken over."""
    async with in_transaction():
        bound = await mappings.bind(fork.id, disk=disk, lease_until=fork.lease_until, now=now)
        if bound is None:
            return None
        await _FORGET.rows(fork.id)
        return rows.session((await _DATE.rows(fork.id, rows.utc(now)))[0])


@translating
async def forget(fork: Fork, *, lease_until: datetime) -> bool:
    """Give it up: from here on it is a half-made session without a key; False when another has taken over."""
    async with in_transaction():
        if not await mappings.hold(fork.id, lease_until=fork.lease_until, until=lease_until):
            return False
        await _FORGET.rows(fork.id)
        await mappings.free_key(fork.id, nonce=fork.nonce)
    return True


def _fork(row: Row) -> Fork:
    at_micros, last = row["at_micros"], row["last_id"]
    asked = Asked(
        source=rows.as_uuid(row["source_id"]),
        at=None if row["at_id"] is None else rows.as_uuid(row["at_id"]),
        at_time=None if at_micros is None else from_micros(at_micros),
        cuts_before=bool(row["cuts_before"]),
        with_files=bool(row["with_files"]),
    )
    plan = None
    if row["messages"] is not None:
        plan = Plan(row["messages"], None if last is None else rows.as_uuid(last), row["files"])
    return Fork(
        id=rows.as_uuid(row["session_id"]),
        user=row["user_identifier"],
        nonce=row["nonce"],
        has_key=row["creation_key"] is not None,
        asked=asked,
        begun=from_micros(row["begun_micros"]),
        lease_until=row["lease_until"],
        settled=from_micros(row["settled_micros"]),
        plan=plan,
        done=row["done"],
    )
