"""Processes that hold sessions by leases, and what a test wants to know of them."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

from gql_api import model
from gql_api.services.lease import Terms
from gql_api.services.locks import SessionLocks
from gql_api.store import leases, mappings

PATH = ("input", "id")
TERMS = Terms(holder="one", seconds=30.0, call_seconds=10.0, transfer_seconds=60.0)
PATIENT, HASTY = 30.0, 0.05
NOW = datetime(2026, 1, 1, tzinfo=UTC)
PROCESSES: list[SessionLocks] = []


def process(holder: str, *, patience: float = PATIENT, terms: Terms = TERMS) -> SessionLocks:
    """Make the locks of a process."""
    PROCESSES.append(SessionLocks(patience=patience, terms=replace(terms, holder=holder)))
    return PROCESSES[-1]


async def another() -> model.Session:
    """Make a ready session of Ada's."""
    intent = mappings.Intent(uuid4(), "ada", None, adopted=False, nonce="nonce", now=NOW, lease_until=NOW)
    assert await mappings.begin(intent)
    made = await mappings.bind(intent.id, disk=model.Disk(uuid4(), NOW), lease_until=NOW, now=NOW)
    assert made
    return made


async def settled() -> None:
    """Wait until all that was held is given back, as a process does at its end."""
    for locks in PROCESSES:
        async with locks.open():
            pass


async def is_free(session: model.Session) -> bool:
    await settled()
    hold = await leases.take("ada", session.id, holder="anybody", seconds=30.0)
    if hold:
        await leases.release(hold)
    return hold is not None
