"""How much there is in the variables of an operation: what reads them calls itself for each level, and each value."""

from collections.abc import Mapping
from typing import Any

from gql_api.errors import CostLimitExceeded

_NESTING = (dict, list)


def check_variables(variables: Mapping[str, Any] | None, *, depth: int, values: int) -> None:
    """Raise `CostLimitExceeded` where lists and objects have more levels, or all of them more values in them.

    A level is looked at as one, and one that has too many is not looked at.
    """
    level: list[Any] = [variables] if variables else []
    for _ in range(depth + 1):
        values -= sum(map(len, level))
        if values < 0:
            raise CostLimitExceeded("Variables have too many values: those in lists and objects count too.")
        level = [
            inner
            for one in level
            for inner in (one if one.__class__ is list else one.values())
            if inner.__class__ in _NESTING
        ]
        if not level:
            return
    raise CostLimitExceeded(f"Variables are nested at most {depth} levels deep.")
