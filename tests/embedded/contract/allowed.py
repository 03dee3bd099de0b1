"""The steps of the recordings that the embedded Acontext answers otherwise, since upstream's answer is a defect."""

import re
from pathlib import Path

from embedded.player import load

MAY_DIFFER: dict[tuple[str, int], str] = {}
"""By scenario and number of the step (from 0), the reason. Only scenarios tagged quirk may be here, and each step that
is here is described in docs/decisions as «`scenario`, step N»."""

_DECISIONS = Path(__file__).parents[3] / "docs" / "decisions"
_WRITTEN = re.compile(r"`(\w+)`, step (\d+)")


def steps_that_differ(scenario: str) -> set[int]:
    return {step for name, step in MAY_DIFFER if name == scenario}


def is_quirk(scenario: str) -> bool:
    return "quirk" in load(scenario)["tags"]


def written_in_decisions() -> set[tuple[str, int]]:
    """Give the steps that the pages in docs/decisions list."""
    texts = [page.read_text(encoding="utf-8") for page in _DECISIONS.glob("*.md")]
    return {(name, int(step)) for text in texts for name, step in _WRITTEN.findall(text)}
