"""The product as it is deployed: mappings in PostgreSQL, tokens, a log of JSON, metrics."""

import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg  # type: ignore[import-untyped]
import jwt

from rig import ids
from rig.content import LISTED, OWNER
from rig.operations import STORING
from rig.processes import ROOT, SERVER_CORE, Watched, started

sys.path.insert(0, str(ROOT / "tests"))

from gql_api.store.database import migrate
from postgres import Server, running_server

_ISSUER, _AUDIENCE = "https://issuer.example/", "gql-api"
_SECRET = "a secret of thirty-two bytes or more"  # noqa: S105 - of no use anywhere
_COLUMNS = ["id", "user_identifier", "title", "title_folded", "state", "disk_id", "disk_created_at", "adopted", "nonce"]
_COLUMNS += ["created_at", "updated_at", "lease_until"]
_LOOKED_THROUGH = """
INSERT INTO message_texts_read (session_id, micros, looked_micros)
SELECT id, extract(epoch FROM now()) * 1e6, extract(epoch FROM now()) * 1e6 FROM session_mappings
"""
SIZES = (10, 20, 100, 500, 1000, 2000, 5000, 10_000)
FILES = (1, 10, 100, 1000, 5000)


def token(user: str) -> str:
    """Make a token of this user."""
    claims: dict[str, Any] = {"iss": _ISSUER, "aud": _AUDIENCE, "sub": user, "exp": int(time.time()) + 12 * 3600}
    made: str = jwt.encode(claims, _SECRET, "HS256")
    return made


def settings(database: str, upstream: str, **others: str) -> dict[str, str]:
    """Give the settings of a deployment."""
    return {
        "DATABASE_URL": database,
        "ACONTEXT_BASE_URL": upstream,
        "ACONTEXT_API_KEY": "sk-ac-bench",
        "GQL_API_AUTH": "jwt",
        "GQL_API_JWT_KEY": _SECRET,
        "GQL_API_JWT_ALGORITHMS": "HS256",
        "GQL_API_JWT_ISSUER": _ISSUER,
        "GQL_API_JWT_AUDIENCE": _AUDIENCE,
        "GQL_API_LOG_FORMAT": "json",
        "GQL_API_METRICS_TOKEN": "a-token-of-some-length",
    } | others


def _row(session: str, place: int) -> tuple[Any, ...]:
    made = ids.BEGUN + timedelta(seconds=place)
    title = f"Session {place}"
    texts = (UUID(session), OWNER, title, title.casefold(), "ready", UUID(ids.disk_of(session)), made, False, "bench")
    return (*texts, made, made, made)


def rows() -> list[tuple[Any, ...]]:
    """Give the mappings of all sessions that are asked for; those that are listed are the newest."""
    sized = [ids.session_id(number, messages=size) for size in SIZES if size != ids.MESSAGES for number in range(4)]
    sized += [ids.session_id(number, files=count) for count in FILES if count != ids.FILES for number in range(4)]
    sized += [ids.session_id(1000 + number) for number in range(STORING)]
    listed = [_row(ids.session_id(number), 100_000 + number) for number in range(LISTED)]
    return [_row(session, place) for place, session in enumerate(sized)] + listed


@dataclass(frozen=True)
class Database:
    """A PostgreSQL of our own; `url` has the mappings of the benchmarks."""

    server: Server
    process: Watched
    url: str

    async def make(self, name: str) -> str:
        """Make a database with all tables; give its URL."""
        await self.server.execute(f"CREATE DATABASE {name}")
        url = self.server.url(name)
        await migrate(url)
        return url


@asynccontextmanager
async def mappings() -> AsyncIterator[Database]:
    """Start a PostgreSQL with the mappings of the benchmarks."""
    with running_server() as server:
        pid = int((server.folder / "data" / "postmaster.pid").read_text().split()[0])
        database = Database(server, Watched(pid), server.url("bench"))
        await fill(await database.make("bench"))
        await look_through(database.url)
        yield database


async def fill(url: str) -> None:
    """Add the mappings of the sessions that are asked for."""
    connection = await asyncpg.connect(url)
    try:
        await connection.copy_records_to_table("session_mappings", records=rows(), columns=_COLUMNS)
        await connection.execute("VACUUM (FREEZE, ANALYZE) session_mappings")
    finally:
        await connection.close()


async def look_through(url: str) -> None:
    """Say that search knows all there is, as on a server that runs for a day: else it is read while it is measured."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(_LOOKED_THROUGH)
    finally:
        await connection.close()


@dataclass(frozen=True)
class Kept:
    """Which cores a server may use, if it is kept to any, and the command that it is run under."""

    pinned: bool
    cores: str = str(SERVER_CORE)
    under: tuple[str, ...] = ()


@contextmanager
def product(
    database: str, upstream: str, *, log: Path, kept: Kept, interpreter: str = sys.executable, **others: str
) -> Iterator[str]:
    """Serve, by the product that this interpreter has; give `pid address`."""
    given = settings(database, upstream, **others)
    command = (interpreter, "-m", "gql_api", "serve", "--port", "0", "--data-dir", str(log.parent / "data"))
    with started(*kept.under, *command, log=log, pinned=kept.pinned, cores=kept.cores, **given) as told:
        yield told
