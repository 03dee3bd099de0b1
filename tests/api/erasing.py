"""What tests of erasures ask, and where they look for what is left: in all tables, and in all that Acontext has."""

import asyncio
from typing import Any

from tortoise.context import require_context

from api.client import Client
from api.upstream import Upstream

ERASURE = """
  id user { identifier } startedAt finishedAt sessionsDeleted disksDeleted idempotencyKeysDeleted indexEntriesDeleted
  sessionsLeft sessionsDelayed
"""
ERASE = f"""
mutation ($input: DeleteUserInput!) {{
  deleteUser(input: $input) {{ erasure {{ {ERASURE} }} errors {{ code path }} }}
}}
"""
READ = f"query ($id: ID!, $user: String) {{ erasure(id: $id, user: $user) {{ {ERASURE} }} }}"
NODE = f"query ($id: ID!) {{ node(id: $id) {{ ... on Erasure {{ {ERASURE} }} }} }}"
_TABLES = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table'",
    "postgres": "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'",
}


async def erased(client: Client, **input: Any) -> dict[str, Any]:
    """Erase a user, and give how far that is."""
    payload = (await client.data(ERASE, input=input))["deleteUser"]
    assert payload["errors"] == []
    erasure: dict[str, Any] = payload["erasure"]
    return erasure


async def everything_kept() -> str:
    """Give all rows of all tables, as text."""
    connection = require_context().db()
    dialect = connection.capabilities.dialect
    tables = [row["name"] for row in await connection.execute_query_dict(_TABLES[dialect])]
    assert {"session_mappings", "message_keys", "erasures"} <= set(tables)
    found = {table: await connection.execute_query_dict(f'SELECT * FROM "{table}"') for table in tables}  # noqa: S608
    return str(found)


async def left_upstream(upstream: Upstream) -> tuple[set[str], set[str], set[str]]:
    """Give the ids of the sessions and disks that Acontext has, and the names of its users."""
    sessions, disks, users = [
        (await upstream.ask("GET", path))["items"] for path in ("/session?limit=200", "/disk?limit=200", "/user/ls")
    ]
    return {one["id"] for one in sessions}, {one["id"] for one in disks}, {one["identifier"] for one in users}


async def until_erased(client: Client, erasure: dict[str, Any]) -> dict[str, Any]:
    """Wait until an erasure is finished that the server goes on with by itself; give the report."""
    async with asyncio.timeout(30):
        while True:
            found = (await client.data(READ, id=erasure["id"], user=erasure["user"]["identifier"]))["erasure"]
            if found["finishedAt"]:
                return dict(found)
            await asyncio.sleep(0.02)
