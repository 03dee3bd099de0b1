"""What the database itself refuses, whatever the program may say: statements here go past our own code."""

import sqlite3
from typing import Any
from uuid import uuid4

import asyncpg  # type: ignore[import-untyped]
import pytest

from databases import Databases

DISK_TIME = "2026-11-22 09:00:00+00:00"
REFUSALS = (sqlite3.IntegrityError, asyncpg.IntegrityConstraintViolationError)
WHOLE: list[dict[str, Any]] = [
    {"state": "ready"},
    {"state": "deleting"},
    {"state": "deleted"},
    {"state": "creating", "disk_id": None, "disk_created_at": None},
]
NEEDED = ("id", "user_identifier", "state", "adopted", "nonce", "created_at", "updated_at", "lease_until")
NOT_WHOLE: list[dict[str, Any]] = [
    {"state": "ready", "disk_id": None},
    {"state": "ready", "disk_created_at": None},
    {"state": "ready", "disk_id": None, "disk_created_at": None},
    {"state": "deleting", "disk_id": None, "disk_created_at": None},
    {"state": "deleted", "disk_id": None, "disk_created_at": None},
    {"state": "creating"},
    {"state": "creating", "disk_id": None},
    {"state": "archived"},
    {"state": "READY"},
    *({column: None} for column in NEEDED),
]


def insert(**values: Any) -> str:
    row = {
        "id": uuid4(),
        "user_identifier": "ada",
        "state": "ready",
        "disk_id": uuid4(),
        "disk_created_at": DISK_TIME,
        "adopted": "0",
        "nonce": "nonce",
        "created_at": DISK_TIME,
        "updated_at": DISK_TIME,
        "lease_until": DISK_TIME,
    } | values
    literals = ", ".join("NULL" if value is None else f"'{value}'" for value in row.values())
    return f"INSERT INTO session_mappings ({', '.join(row)}) VALUES ({literals})"  # noqa: S608 - no user writes here


async def test_a_whole_row_is_taken(database_url: str, databases: Databases) -> None:
    for values in WHOLE:
        await databases.execute(database_url, insert(**values))


async def test_a_row_that_is_not_whole_is_refused(database_url: str, databases: Databases) -> None:
    for values in NOT_WHOLE:
        with pytest.raises(REFUSALS):
            await databases.execute(database_url, insert(**values))


@pytest.mark.parametrize("state", ["ready", "deleting", "deleted"])
async def test_one_session_cannot_have_two_disks(database_url: str, databases: Databases, state: str) -> None:
    session = uuid4()
    await databases.execute(database_url, insert(id=session, state=state))

    with pytest.raises(REFUSALS):
        await databases.execute(database_url, insert(id=session))


@pytest.mark.parametrize("state", ["ready", "deleting", "deleted"])
async def test_one_disk_cannot_have_two_sessions(database_url: str, databases: Databases, state: str) -> None:
    disk = uuid4()
    await databases.execute(database_url, insert(disk_id=disk, state=state))

    with pytest.raises(REFUSALS):
        await databases.execute(database_url, insert(disk_id=disk))


async def test_a_disk_cannot_be_taken_from_a_session_that_is_ready(database_url: str, databases: Databases) -> None:
    await databases.execute(database_url, insert())

    for change in ("disk_id = NULL", "disk_id = NULL, disk_created_at = NULL", "state = 'creating'"):
        with pytest.raises(REFUSALS):
            await databases.execute(database_url, f"UPDATE session_mappings SET {change}")  # noqa: S608 - as above
