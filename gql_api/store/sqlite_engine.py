"""Tortoise's client of SQLite, which has one connection for all that a process asks."""

from tortoise.backends.base.client import TransactionContext
from tortoise.backends.sqlite.client import SqliteClient, SqliteTransactionContext, SqliteTransactionWrapper

from gql_api.store.beginning import Beginning


class _Transaction(Beginning, SqliteTransactionContext):
    """Without it the only connection would be locked until the process ends."""


class Client(SqliteClient):
    """What Tortoise asks SQLite through."""

    def _in_transaction(self) -> TransactionContext:
        return _Transaction(SqliteTransactionWrapper(self), self._lock)


client_class = Client
"""How Tortoise finds it, by the name of this module."""
