"""A list of messages whose session could not be held to its end: what was stored by then is told."""

import asyncio
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

from databases import Databases
from gql_api import model
from gql_api.errors import PartlyStored
from gql_api.events.local import LocalBroker
from gql_api.services.drafts import ChatMessage, Draft
from gql_api.services.keyed import Keys
from gql_api.services.lease import Terms
from gql_api.services.locks import SessionLocks
from gql_api.services.messages import Messages
from gql_api.store import mappings
from gql_api.store.connection_options import ConnectionOptions
from gql_api.store.database import open_database
from gql_api.store.place_keeper import PlaceKeeper
from services.test_lease import NOW


class Slow:
    """Stores one message at once, and the next one never."""

    def __init__(self) -> None:
        self.stored: list[model.Message] = []

    async def store(self, session_id: UUID, **given: Any) -> model.Message:
        if self.stored:
            await asyncio.Event().wait()
        message = model.Message(str(uuid4()), session_id, "user", [], {}, {}, NOW)
        self.stored.append(message)
        return message


async def test_what_was_stored_before_the_lease_ended_is_told(postgres_databases: Databases) -> None:
    """As where a process was paused; the first renewal would come later."""
    url = await postgres_databases.migrated()
    upstream: Any = SimpleNamespace(messages=Slow())
    terms = Terms(holder="one", seconds=0.4, call_seconds=0.1, transfer_seconds=0.1)
    drafts = [Draft(ChatMessage("USER", text, [], None, is_error=False), None, ("input",)) for text in "ab"]
    async with open_database(url, migrate=False, options=ConnectionOptions(pool_max=1)):
        intent = mappings.Intent(uuid4(), "ada", None, adopted=False, nonce="nonce", now=NOW, lease_until=NOW)
        assert await mappings.begin(intent)
        assert await mappings.bind(intent.id, disk=model.Disk(uuid4(), NOW), lease_until=NOW, now=NOW)
        told = await Messages(
            Keys(upstream, lambda: NOW, timedelta(seconds=60)),
            SessionLocks(patience=5, terms=terms),
            LocalBroker(),
            PlaceKeeper(),
        ).store_all("ada", intent.id, drafts)
    await postgres_databases.drop(url)
    assert [message.id for message in told.messages] == [message.id for message in upstream.messages.stored]
    assert isinstance(told.problem, PartlyStored)
