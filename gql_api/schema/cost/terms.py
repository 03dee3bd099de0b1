"""Sums whose terms may wait for the variables of an operation; what waits for nothing is summed up at once."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Union


@dataclass(frozen=True, slots=True)
class Given:
    """What comes with one request: its variables, and how many messages the session of an id is known to have."""

    variables: dict[str, Any]
    known: Callable[[str], int | None]


Size = int | Callable[[Given], int]
Cost = Union[int, "_Sum", "_List", "_Most", "_If"]
Condition = tuple[tuple[str, bool], ...]
"""Variables, each with the value that it must have."""


@dataclass(frozen=True, slots=True)
class _Sum:
    fixed: int
    terms: tuple[Cost, ...]

    def of(self, given: Given) -> int:
        return self.fixed + sum([value(term, given) for term in self.terms])


@dataclass(frozen=True, slots=True)
class _List:
    size: Size
    each: Cost

    def of(self, given: Given) -> int:
        return count(self.size, given) * value(self.each, given)


@dataclass(frozen=True, slots=True)
class _Most:
    terms: tuple[Cost, ...]

    def of(self, given: Given) -> int:
        return max(value(term, given) for term in self.terms)


@dataclass(frozen=True, slots=True)
class _If:
    conditions: tuple[Condition, ...]
    cost: Cost

    def of(self, given: Given) -> int:
        """Give the cost where one of the conditions is met."""
        met = any(all(given.variables.get(name) is wanted for name, wanted in one) for one in self.conditions)
        return value(self.cost, given) if met else 0


def value(cost: Cost, given: Given) -> int:
    """Tell what it comes to."""
    return cost if isinstance(cost, int) else cost.of(given)


def count(size: Size, given: Given) -> int:
    """Tell how many they are."""
    return size if isinstance(size, int) else size(given)


def total(costs: Iterable[Cost]) -> Cost:
    """Add costs."""
    found = list(costs)
    fixed = sum(cost for cost in found if isinstance(cost, int))
    terms = tuple(cost for cost in found if not isinstance(cost, int))
    return _Sum(fixed, terms) if terms else fixed


def times(size: Size, each: Cost) -> Cost:
    """Multiply a cost."""
    if each == 0:
        return 0
    return size * each if isinstance(size, int) and isinstance(each, int) else _List(size, each)


def most(costs: Iterable[Cost]) -> Cost:
    """Give the highest of costs of which one is paid."""
    found = tuple(set(costs))
    fixed = [cost for cost in found if isinstance(cost, int)]
    if len(fixed) == len(found):
        return max(fixed, default=0)
    return found[0] if len(found) == 1 else _Most(found)


def where(conditions: Iterable[Condition], cost: Cost) -> Cost:
    """Give a cost that is paid where one of the conditions is met; an empty one always is."""
    found = tuple(set(conditions))
    return cost if () in found or cost == 0 else _If(found, cost)
