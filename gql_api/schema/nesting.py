"""How deep the variables of an operation are nested: what reads them calls itself for each level."""

from collections.abc import Mapping
from typing import Any

from gql_api.errors import CostLimitExceeded

_NESTING = (dict, list)


def check_nesting(variables: Mapping[str, Any] | None, most: int) -> None:
    """Raise `CostLimitExceeded` where lists and objects have more levels; a level is looked at as one."""
    if variables and _is_deeper(variables, most):
        raise CostLimitExceeded(f"Variables are nested at most {most} levels deep.")


def _is_deeper(values: Mapping[str, Any], most: int) -> bool:
    level: list[Any] = [one for one in values.values() if one.__class__ in _NESTING]
    for _ in range(most):
        if not level:
            return False
        level = [
            inner
            for one in level
            for inner in (one.values() if one.__class__ is dict else one)
            if inner.__class__ in _NESTING
        ]
    return bool(level)
