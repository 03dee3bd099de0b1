"""Transactions that are cancelled while they begin: Tortoise would keep what they hold for ever."""

from typing import Any

from tortoise.backends.base.client import TransactionalDBClient, TransactionContext


class Beginning(TransactionContext):
    """Before the context of a kind of database: leaves it where the block is not entered."""

    token: Any

    async def __aenter__(self) -> TransactionalDBClient:
        try:
            return await super().__aenter__()  # type: ignore[safe-super]
        except BaseException as error:
            if hasattr(self, "token"):  # it has the connection by then, and may have begun
                self.unbegun()
                await self.__aexit__(type(error), error, error.__traceback__)
            raise

    def unbegun(self) -> None:
        """Prepare the end of one that may not have begun: unless something else is done here, it is rolled back."""
