"""What the rules for file types are made of: a type, how to know it, and which types are special cases of it."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

LOOKED_AT = 3072
"""Upstream's detector is shown no more of a file than this."""

Rule = Callable[[bytes], bool]


@dataclass(frozen=True, slots=True)
class Kind:
    """A type that applies when its rule does; of its special cases the first that applies is meant instead."""

    mime: str
    applies: Rule
    cases: Sequence["Kind"] = ()

    def found_in(self, data: bytes) -> "Kind":
        """Give the most special type; the rule of this one is known to apply."""
        for case in self.cases:
            if case.applies(data):
                return case.found_in(data)
        return self


def starts(*signatures: bytes) -> Rule:
    """Make a rule: the file begins with one of these."""
    return lambda data: data.startswith(signatures)


def holds(*signatures: bytes, at: int) -> Rule:
    """Make a rule: one of these is at an offset."""
    return lambda data: data.startswith(signatures, at)


def matches(pattern: bytes) -> Rule:
    """Make a rule: the file begins with what the expression says, where a dot is any byte."""
    compiled = re.compile(pattern, re.DOTALL)
    return lambda data: compiled.match(data) is not None


def either(*rules: Rule) -> Rule:
    return lambda data: any(rule(data) for rule in rules)
