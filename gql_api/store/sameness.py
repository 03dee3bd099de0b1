"""Whether two URLs lead to one PostgreSQL database; for an operator, who may have mixed them up."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from gql_api.store.connection_options import ConnectionOptions, connect_directly
from gql_api.store.failures import translating


@translating
async def is_same_database(one: str, other: str, options: ConnectionOptions) -> bool:
    """Take a lock by one way and see whether it is taken by the other.

    Advisory locks are the database's own, need no rights, leave nothing behind, and within a transaction they work
    behind a pooler too; names, addresses and versions can be alike where the databases are not.
    """
    key = secrets.randbits(63)
    async with _transaction(one, options) as holding, _transaction(other, options) as asking:
        await holding.execute("SELECT pg_advisory_xact_lock($1)", key)
        return not await asking.fetchval("SELECT pg_try_advisory_xact_lock($1)", key)


@asynccontextmanager
async def _transaction(url: str, options: ConnectionOptions) -> AsyncIterator[Any]:
    # Either way may lead through a pooler.
    connection = await connect_directly(url, replace(options, pooled=True), role="doctor", patient=False)
    try:
        async with connection.transaction():
            yield connection
    finally:
        await connection.close(timeout=options.connect_seconds)
