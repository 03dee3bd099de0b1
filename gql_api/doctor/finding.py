"""One thing that was looked at, and how a report of them looks."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Mark = Literal["ok", "warning", "fault"]
_SIGNS: dict[Mark, str] = {"ok": "✓", "warning": "!", "fault": "✗"}


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, what was found, and what to do about it where that is not nothing. It holds no secrets."""

    mark: Mark
    subject: str
    found: str
    advice: str = ""


_CLOCKS_APART = 2.0


def clock(subject: str, ahead: float) -> Finding:
    """Judge a clock that is so many seconds ahead of this machine's."""
    if abs(ahead) < _CLOCKS_APART:
        return Finding("ok", subject, f"within {_CLOCKS_APART:g} s of this machine's")
    found = f"{abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} this machine's"
    return Finding("warning", subject, found, "Let both follow a time server (NTP).")


def report(findings: Sequence[Finding]) -> str:
    """Write a line for each finding, and one more for what to do."""
    width = max(len(finding.subject) for finding in findings)
    lines: list[str] = []
    for finding in findings:
        lines.append(f"{_SIGNS[finding.mark]} {finding.subject:<{width}}  {finding.found}")
        if finding.advice:
            lines.append(f"  {'':<{width}}  → {finding.advice}")
    counts = Counter(finding.mark for finding in findings)
    told = [f"{counts[mark]} {word}{'' if counts[mark] == 1 else 's'}" for mark, word in _COUNTED if counts[mark]]
    return "\n".join([*lines, "", f"{', '.join(told)}." if told else "Nothing is amiss.", ""])


_COUNTED: tuple[tuple[Mark, str], ...] = (("fault", "fault"), ("warning", "warning"))
