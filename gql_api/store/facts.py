"""What a PostgreSQL tells of itself to an operator: version, room for connections, clock."""

from dataclasses import dataclass
from datetime import datetime

from gql_api.store.database import Database
from gql_api.store.failures import translating

_ASK = """
SELECT current_setting('server_version') AS version,
       current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int AS room,
       clock_timestamp() AS now,
       current_setting('transaction_read_only')::boolean AS only_reads
"""


@dataclass(frozen=True, slots=True)
class Facts:
    """As of just now. `room`: connections that all its clients may have together."""

    version: str
    room: int
    now: datetime
    only_reads: bool
    """It is a standby, or set to take no writes."""


@translating
async def facts(database: Database) -> Facts:
    """Ask an open PostgreSQL."""
    [row] = await database.connection.execute_query_dict(_ASK)
    return Facts(row["version"], row["room"], row["now"], row["only_reads"])
