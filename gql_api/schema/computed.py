"""Fields that are computed from what their object has at hand, only where they are selected."""

from collections.abc import Callable
from typing import Any

import strawberry

COMPUTED = "computed"
"""In a field's metadata: its method is cheap, has no effect, and may be called again; it takes the object alone."""


def computed(description: str) -> Callable[[Callable[[Any], Any]], Any]:
    """Make a field of a method that computes cheaply, and the same at every call, from its object alone."""
    return lambda method: strawberry.field(method, description=description, metadata={COMPUTED: True})
