"""A database that is lost in the middle of a list of messages, and between two sweeps."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from api.upstream import Upstream
from databases import PostgresDatabases
from gql_api.events.local import LocalBroker
from gql_api.services.creation import LEASE, NewSession
from gql_api.services.drafts import ChatMessage, Draft
from gql_api.services.lease import Terms
from gql_api.services.locks import SessionLocks
from gql_api.services.messages import Messages
from gql_api.store.models import SessionMapping
from gql_api.store.place_keeper import PlaceKeeper
from services.parts import Parts, opened

ALWAYS_ASKING = Terms(holder="one", seconds=30.0, call_seconds=31.0, transfer_seconds=60.0)
"""A holder that makes sure of its lease before each call."""


@pytest.fixture
async def parts(url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Parts]:
    async with opened(tmp_path_factory.mktemp("acontext")) as parts:
        yield parts


def draft(index: int) -> Draft:
    message = ChatMessage("USER", f"text {index}", [], None, is_error=False)
    return Draft(message, None, ("input", "messages", str(index)))


def stores(upstream: Upstream) -> int:
    return upstream.calls.count("POST /session/{id}/messages")


async def test_what_was_stored_of_a_list_is_told_and_nothing_more_is_stored(
    parts: Parts, url: str, postgres_databases: PostgresDatabases
) -> None:
    session = await parts.creation().make("ada", NewSession(title=None, configs=None))

    async def lose_it(_: Any) -> None:
        if stores(parts.upstream) == 2:
            await postgres_databases.shut(url)

    parts.upstream.meanwhile = lose_it
    writes = Messages(parts.keys(), SessionLocks(patience=10.0, terms=ALWAYS_ASKING), LocalBroker(), PlaceKeeper())
    stored = await writes.store_all("ada", session.id, [draft(index) for index in range(4)])

    assert len(stored.messages) == 2
    assert stored.problem
    assert (stored.problem.code, stored.problem.path, stored.problem.message) == (
        "UPSTREAM_FAILED",
        ("input", "messages", "2"),
        "Only the first 2 of the messages are known to be stored: The database could not be reached, or failed.",
    )
    assert stores(parts.upstream) == 2


async def test_a_sweep_without_the_database_is_put_off_in_one_line(
    parts: Parts, url: str, postgres_databases: PostgresDatabases, caplog: pytest.LogCaptureFixture
) -> None:
    reconciler = parts.reconciler()
    await postgres_databases.shut(url)
    sweeping = asyncio.create_task(reconciler.run(every=0.0))
    told = []
    while len(told) < 2:
        await asyncio.sleep(0.01)
        told = [record for record in caplog.records if record.name == "gql_api.services.reconcile"]
    assert {record.getMessage().partition(" (")[0] for record in told} == {"the sweep is put off: DATABASE_UNAVAILABLE"}
    assert [record for record in told if record.exc_info] == []

    await postgres_databases.open(url)
    assert await parts.creation().begin("ada", id=uuid4(), title=None, adopted=False)
    parts.now += LEASE + timedelta(seconds=1)
    while await SessionMapping.exists():  # noqa: ASYNC110 - the sweep tells nobody when it is done
        await asyncio.sleep(0.01)
    sweeping.cancel()
