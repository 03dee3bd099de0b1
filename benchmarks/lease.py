"""What the lease costs: run `.venv/bin/python benchmarks/lease.py DATABASE_URL` with a migrated PostgreSQL.

First a message is stored with the lease and with the lock of this process only, in turn. Then twenty writers, as of two
servers, wait for one session whose messages take 0.2 s each, while an unrelated question is asked again and again.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from gql_api import model
from gql_api.events.local import LocalBroker
from gql_api.services.creation import NewSession
from gql_api.services.drafts import ChatMessage, Draft
from gql_api.services.lease import Terms
from gql_api.services.locks import SessionLocks
from gql_api.services.messages import Messages
from gql_api.store import mappings
from gql_api.store.connection_options import ConnectionOptions
from gql_api.store.database import open_database
from gql_api.store.place_keeper import PlaceKeeper
from services.parts import Parts, opened

DRAFT = Draft(ChatMessage("USER", "hello", [], None, is_error=False), None, ("input",))
ROUNDS, WRITERS, SLOW = 300, 20, 0.2


def locks(holder: str | None) -> SessionLocks:
    """Make the locks of a process; without a holder it is the only one."""
    terms = Terms(holder=holder, seconds=15, call_seconds=10, transfer_seconds=30) if holder else None
    return SessionLocks(patience=60, terms=terms)


async def timed(work: Callable[[], Awaitable[Any]]) -> float:
    """Return the milliseconds that it takes."""
    begun = time.perf_counter()
    await work()
    return (time.perf_counter() - begun) * 1000


async def side_by_side(parts: Parts, session: model.Session) -> None:
    """Store in turn with and without the lease."""
    ways = {
        name: Messages(parts.keys(), locks(holder), LocalBroker(), PlaceKeeper())
        for name, holder in (("lock", None), ("lease", "one"))
    }
    found: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, messages in ways.items():
            found[name].append(await timed(lambda way=messages: way.store("ada", session.id, DRAFT)))  # type: ignore[misc]
    middle = {name: statistics.median(values) for name, values in found.items()}
    sys.stdout.write(
        f"storing one message: {middle['lock']:.2f} ms with the lock, {middle['lease']:.2f} ms with the lease: "
        f"{middle['lease'] / middle['lock']:.2f} times\n"
    )


async def in_a_crowd(parts: Parts, session: model.Session) -> None:
    """Ask something else while many wait for one session."""

    async def ask() -> None:
        await mappings.count("somebody else", model.SessionFilter())

    async def slowly(_: Any) -> None:
        await asyncio.sleep(SLOW)

    calm = [await timed(ask) for _ in range(200)]
    parts.upstream.meanwhile = slowly
    servers = [Messages(parts.keys(), locks(str(number)), LocalBroker(), PlaceKeeper()) for number in range(2)]
    storing = [asyncio.ensure_future(servers[number % 2].store("ada", session.id, DRAFT)) for number in range(WRITERS)]
    crowded = []
    while not all(task.done() for task in storing):
        crowded.append(await timed(ask))
        await asyncio.sleep(0.01)
    await asyncio.gather(*storing)
    sys.stdout.writelines(
        f"an unrelated question, {name}: median {statistics.median(values):.2f} ms, "
        f"99 % {statistics.quantiles(values, n=100)[98]:.2f} ms, longest {max(values):.2f} ms\n"
        for name, values in (("alone", calm), (f"while {WRITERS} wait", crowded))
    )


async def main(url: str) -> None:
    """Measure both, on a pool of five."""
    with tempfile.TemporaryDirectory() as folder:
        async with (
            open_database(url, migrate=False, options=ConnectionOptions(pool_max=5)),
            opened(Path(folder)) as parts,
        ):
            parts.now = datetime.now(UTC)
            new = NewSession(title=None, configs=None, id=uuid4())
            session = await parts.creation().make("ada", new)
            await side_by_side(parts, session)
            await in_a_crowd(parts, session)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
