"""Attributes that are computed when they are read: what nobody selects costs nothing."""

from collections.abc import Callable
from functools import cached_property
from typing import Any

import strawberry


class Computed:
    """A descriptor that computes at each reading, unless the object has a value of its own."""

    __slots__ = ("_read",)

    def __init__(self, read: Callable[[Any], Any]) -> None:
        self._read = read

    def __get__(self, one: Any, kind: type) -> Any:
        return self if one is None else self._read(one)


def computed(description: str, read: Callable[[Any], Any], *, keep: bool = False) -> Any:
    """Make a field that is no argument of its class, and whose value `read` gives; `keep` it where it costs more."""
    field = strawberry.field(description=description, default=cached_property(read) if keep else Computed(read))
    field.init = False
    return field
