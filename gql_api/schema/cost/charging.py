"""Takes what an operation costs from what its asker may spend, before it runs."""

from abc import ABC, abstractmethod
from typing import Any

from gql_api.errors import CostLimitExceeded
from gql_api.schema.cost.estimating import Estimate
from gql_api.schema.cost.terms import Given
from gql_api.schema.shape import DocumentLimits


class Spender(ABC):
    """What the context of an operation must be for its cost to be taken and told."""

    __slots__ = ()

    @abstractmethod
    def known(self, session_id: str) -> int | None:
        """Tell how many messages a session is known to have, by the id that a client gives."""

    @abstractmethod
    def spend(self, points: int) -> None:
        """Take what the operation is going to cost; raise `RateLimited`."""

    @abstractmethod
    def spent(self, *, is_reading: bool) -> dict[str, int]:
        """Tell what it cost; empty where nothing was taken."""


def charge(estimate: Estimate, variables: dict[str, Any] | None, context: Any, limits: DocumentLimits | None) -> None:
    """Take the cost of an operation; raise `CostLimitExceeded` or `RateLimited`."""
    if not isinstance(context, Spender):
        return
    points = estimate.of(Given(variables or {}, context.known))
    if limits and points > limits.cost:
        raise CostLimitExceeded(
            f"The operation may cost {points} points; at most {limits.cost} are taken: ask for fewer things, or by "
            "pages."
        )
    context.spend(points)


def billed(context: Any, *, is_reading: bool) -> dict[str, Any]:
    """Tell what an operation cost, as `extensions` of its answer."""
    spent = context.spent(is_reading=is_reading) if isinstance(context, Spender) else None
    return {"cost": spent} if spent else {}
