"""What must not be: how much of it was found, and where."""

from dataclasses import dataclass, field


@dataclass
class Findings:
    """Counts of what must not be, and one line for each."""

    lost: int = 0
    duplicated: int = 0
    shared: int = 0
    orphaned: int = 0
    reordered: int = 0
    lines: list[str] = field(default_factory=list)

    def note(self, column: str, count: int, line: str) -> None:
        if count:
            setattr(self, column, getattr(self, column) + count)
            self.lines.append(f"{column}: {line}")

    @property
    def counts(self) -> dict[str, int]:
        return {name: getattr(self, name) for name in ("lost", "duplicated", "shared", "orphaned", "reordered")}
