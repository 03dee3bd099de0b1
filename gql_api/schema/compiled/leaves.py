"""How values of scalars and enums are written; a value that is not at once known to be right is a surprise."""

from datetime import datetime
from enum import Enum
from typing import NoReturn
from uuid import UUID

from graphql import GraphQLEnumType

WRITTEN = frozenset({str, int, float, bool, dict, list})
"""Exactly these, not what derives from them: they are neither null nor errors, and nobody waits for them."""
KNOWN = WRITTEN | {datetime, UUID}


class SurpriseError(Exception):
    """A value is not what its type promises, or is more than generated functions know: graphql-core is to see it."""


def surprise() -> NoReturn:
    """Leave the subtree to graphql-core."""
    raise SurpriseError


def enum_names(enum: GraphQLEnumType) -> dict[int, str]:
    """Name the members of a Python enum by their identity: no two live things share it, and members live for ever."""
    members: type[Enum] = getattr(enum, "wrapped_cls", Enum)
    return {id(member): enum.coerce_output_value(member) for member in members}
