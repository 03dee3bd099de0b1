"""Work that one process at a time does for all, on PostgreSQL and by its clock alone; which work, services say.

Each is one statement that ends at once, so that it holds behind a pooler too, where a lock of a connection does not.
SQLite serves one process, which needs no turn.
"""

from typing import NamedTuple

from gql_api.store.retry import rereading
from gql_api.store.statements import Statement

_TAKE = Statement("""
INSERT INTO task_leases (task, holder, held_until)
VALUES ($1::text, $2::text, clock_timestamp() + $3::float8 * interval '1 second')
ON CONFLICT (task) DO UPDATE SET holder = EXCLUDED.holder, held_until = EXCLUDED.held_until
WHERE task_leases.holder = EXCLUDED.holder OR task_leases.held_until < clock_timestamp()
RETURNING task
""")
_LEAVE = Statement("DELETE FROM task_leases WHERE task = $1::text AND holder = $2::text RETURNING task")


class Turn(NamedTuple):
    """The turn of a process at a task; it ends by itself so many seconds after it was last taken."""

    task: str
    holder: str
    seconds: float

    async def take(self) -> bool:
        """Take it, or hold on to it for its seconds from now; False while another process has it."""
        return await _take(self)

    async def leave(self) -> None:
        """Let another process have it at once."""
        await _leave(self)


@rereading
async def _take(turn: Turn) -> bool:
    return bool(await _TAKE.rows(turn.task, turn.holder, turn.seconds))


@rereading
async def _leave(turn: Turn) -> None:
    await _LEAVE.rows(turn.task, turn.holder)
