"""Attributes that are computed when they are read: what nobody selects costs nothing."""

from collections.abc import Callable
from typing import Any, NoReturn

import strawberry


class Computed:
    """A descriptor that computes at each reading. No object has a value of its own in its place.

    So whoever knows an object's class may call `read` at once, which takes a third of the time.
    """

    __slots__ = ("read",)

    def __init__(self, read: Callable[[Any], Any]) -> None:
        self.read = read

    def __get__(self, one: Any, kind: type) -> Any:
        return self if one is None else self.read(one)

    def __set__(self, one: Any, value: Any) -> NoReturn:
        raise AttributeError("it is computed")


def computed(description: str, read: Callable[[Any], Any]) -> Any:
    """Make a field that is no argument of its class, and whose value `read` gives."""
    field = strawberry.field(description=description, default=Computed(read))
    field.init = False
    return field
