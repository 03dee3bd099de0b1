"""Places in the list of sessions, compared as row values: a range of the index, which a chain of ORs is not."""

from collections.abc import Mapping
from typing import Any

from pypika_tortoise.terms import Tuple
from tortoise.expressions import Q, ResolveContext
from tortoise.query_utils import QueryModifier

from gql_api import model
from gql_api.store.models import SessionMapping
from gql_api.store.rows import utc


class Beyond(Q):
    """Match what lies beyond a place: columns in the order of an index, each with its value there.

    Tortoise's own filters compare one column at a time.
    """

    def __init__(self, place: Mapping[str, Any], *, backward: bool) -> None:
        super().__init__()
        self._place = place
        self._backward = backward

    def resolve(self, resolve_context: ResolveContext) -> QueryModifier:
        """Write `(…, …) < (…, …)`, or `>`, with the values as the open database keeps them."""
        fields, table = SessionMapping._meta.fields_map, resolve_context.table
        listed = Tuple(*(table[name] for name in self._place))
        here = Tuple(*(fields[name].to_db_value(value, SessionMapping) for name, value in self._place.items()))
        return QueryModifier(where_criterion=listed < here if self._backward else listed > here)


def in_time(position: model.SessionPosition) -> dict[str, Any]:
    """Give the place in the list of one user."""
    return {"created_at": utc(position.at), "id": position.id}
