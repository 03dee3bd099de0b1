"""PostgreSQL's JSON containment (@>), by which sessions are found by their configs."""

from typing import Any


def contains(have: Any, want: Any) -> bool:
    """Tell whether `have` holds all of `want`: objects and arrays as subsets, everything else by type and value."""
    if isinstance(want, dict):
        return isinstance(have, dict) and all(
            key in have and contains(have[key], member) for key, member in want.items()
        )
    if isinstance(want, list):
        return isinstance(have, list) and all(any(contains(had, member) for had in have) for member in want)
    return _kind(have) is _kind(want) and have == want


def _kind(value: Any) -> type:
    """Give the JSON type of a value: all numbers are one type, and booleans are none of them."""
    return float if isinstance(value, int | float) and not isinstance(value, bool) else type(value)
