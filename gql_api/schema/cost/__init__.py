"""What an operation costs, told before it runs: points for the calls of Acontext it makes, and for what it may show.

An estimate is a guess at the most. What is not said in the document or its variables is guessed to be of an ordinary
size: what it really comes to is counted while it runs, and bounded there.
"""

from gql_api.schema.cost.budget import Budgets
from gql_api.schema.cost.charging import Spender, billed, charge
from gql_api.schema.cost.estimating import BASE, Estimate, estimate_of
from gql_api.schema.cost.prices import CALL, SEARCH, TOKENS_A_POINT

__all__ = [
    "BASE",
    "CALL",
    "SEARCH",
    "TOKENS_A_POINT",
    "Budgets",
    "Estimate",
    "Spender",
    "billed",
    "charge",
    "estimate_of",
]
