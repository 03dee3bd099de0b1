"""Figures as a table for people, and as JSON for programs."""

import json
import math
import os
import platform
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rig.measuring import LATENCY, TOGETHER, Found
from rig.sides import FLOOR, MANUAL, PRODUCT

_TEXTS = 3
"""Columns that hold text; the others hold numbers."""


@dataclass(frozen=True)
class Result:
    """All that one run found. `paths` are in milliseconds, `peaks` in MiB."""

    machine: str
    seconds: float
    titles: dict[str, str]
    needed: dict[str, int]
    found: Found
    paths: dict[str, float]
    peaks: dict[str, float]
    crowd: dict[str, Any]

    def cpu_ratio(self, operation: str, side: str = PRODUCT, to: str = FLOOR) -> float:
        """Compare the CPU of two servers; NaN where one was not measured."""
        figures = self.found.get(operation, {})
        if side not in figures or to not in figures:
            return math.nan
        return figures[side].cpu / figures[to].cpu

    def path_ratio(self, operation: str, side: str = PRODUCT) -> float:
        """Compare the middle time with the critical path; NaN where nothing is asked of Acontext."""
        path, figures = self.paths.get(operation), self.found.get(operation, {})
        return figures[side].median_ms / path if path and side in figures else math.nan

    def errors(self) -> list[str]:
        """Name what went wrong, the first of each kind."""
        return [
            f"{operation} {side}: {len(figures.errors)} errors, the first: {figures.errors[0][:200]}"
            for operation, sides in self.found.items()
            for side, figures in sides.items()
            if figures.errors
        ]


def described(*, pinned: bool) -> str:
    """Say what the figures were taken on."""
    kept = "each server on one core, stub, database and load on another" if pinned else "nothing kept to a core"
    return f"Python {platform.python_version()}, {os.cpu_count()} cores, {kept}"


def table(result: Result, *, markdown: bool = False) -> str:
    """Lay the figures out."""
    lines = [f"{result.machine}; {datetime.now(UTC):%Y-%m-%d}, {result.seconds:.0f} s."]
    lines.append(
        f"CPU: seconds for 1000 requests at {TOGETHER} at a time. p50: milliseconds of one at a time, each call of "
        f"Acontext {LATENCY} ms; «path»: p50 to the same calls sent bare, all at once."
    )
    head = ("", "operation", "server", "CPU", "to floor", "p50 ms", "path", "calls", "rounds", "repeated", "errors")
    body = [head, *_rows(result)]
    lines += ["", *(_markdown(body) if markdown else _plain(body)), ""]
    lines.append("Peak memory, MiB: " + ", ".join(f"{name} {peak:.0f}" for name, peak in result.peaks.items()))
    if manual := _manual(result):
        lines.append(f"Less CPU than the manual's way: {manual}")
    if result.crowd:
        told = result.crowd
        lines.append(
            f"S2 at 128 at a time: {told['answered']} of {told['asked']} answered, {told['a_second']:.0f} a second, "
            f"the slowest after {told['slowest_seconds']:.2f} s"
        )
    return "\n".join([*lines, *result.errors(), ""])


def _manual(result: Result) -> str:
    ratios = {name: result.cpu_ratio(name, MANUAL, PRODUCT) for name in result.found}
    return ", ".join(f"{name} {ratio:.1f} times" for name, ratio in ratios.items() if not math.isnan(ratio))


def _rows(result: Result) -> Iterator[tuple[str, ...]]:
    for name, sides in result.found.items():
        path = f"path {result.paths[name]:.1f} ms" if result.paths.get(name) else ""
        blank = [""] * len(sides)
        for place, (side, figures) in enumerate(sides.items()):
            yield (
                name if place == 0 else "",
                [result.titles[name], path, *blank][place],
                side,
                _figure(figures.cpu),
                f"{result.cpu_ratio(name, side):.2f}",
                f"{figures.median_ms:.1f}",
                "-" if math.isnan(result.path_ratio(name, side)) else f"{result.path_ratio(name, side):.2f}",
                str(figures.calls),
                str(figures.rounds),
                str(figures.repeated),
                str(len(figures.errors)),
            )


def _figure(value: float) -> str:
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"  # noqa: PLR2004


def _plain(rows: list[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        padded = [(text.ljust(width), text.rjust(width)) for text, width in zip(row, widths, strict=True)]
        texts = [left for left, _ in padded[:_TEXTS]] + [right for _, right in padded[_TEXTS:]]
        yield "  ".join(texts).rstrip()


def _markdown(rows: list[tuple[str, ...]]) -> Iterator[str]:
    yield "| " + " | ".join(rows[0]) + " |"
    yield "|" + " --- |" * _TEXTS + " ---: |" * (len(rows[0]) - _TEXTS)
    yield from ("| " + " | ".join(row) + " |" for row in rows[1:])


def save(result: Result, folder: Path, name: str = "compare") -> Path:
    """Write all figures as JSON, under the time of the run and as the latest."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(asdict(result), indent=1)
    (folder / f"{name}.json").write_text(text, encoding="utf-8")
    file = folder / f"{name}-{datetime.now(UTC):%Y%m%d-%H%M%S}.json"
    file.write_text(text, encoding="utf-8")
    return file
