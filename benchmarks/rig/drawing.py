"""The plots of growth and of floods: which figures make which line."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rig.plots import Line, Plot, Point

_CPU = "CPU, ms a request"
PRODUCT = "product"


def _line(rows: list[dict[str, Any]], name: str, key: str, colour: int = 0, *, dashed: bool = False) -> Line:
    return Line(name, [(row["size"], row[key]) for row in rows if row.get(key)], colour, dashed=dashed)


def _mappings(rows: list[dict[str, Any]]) -> Plot:
    lines = (
        _line(rows, "S2F", "S2F cpu_ms"),
        _line(rows, "deep page", "Deep cpu_ms", 1),
        _line(rows, "its database", "Deep database_ms", 1, dashed=True),
        _line(rows, "totalCount", "Count cpu_ms", 2),
        _line(rows, "its database", "Count database_ms", 2, dashed=True),
    )
    return Plot("Mappings, a twentieth of them the user's", "mappings in the table", _CPU, lines)


def _messages(rows: list[dict[str, Any]]) -> Plot:
    kinds = (("S6", "all"), ("S8", "newest 20"), ("S9", "edited"))
    lines = [_line(rows, f"{name} {kind}", f"{name} product cpu_ms", at) for at, (name, kind) in enumerate(kinds)]
    lines += [
        _line(rows, f"{name} floor", f"{name} floor cpu_ms", at, dashed=True) for at, (name, _) in enumerate(kinds)
    ]
    return Plot("Messages with parts, newest 20, edited history", "messages of the conversation", _CPU, lines)


def _files(rows: list[dict[str, Any]]) -> Plot:
    lines = (_line(rows, PRODUCT, "product cpu_ms"), _line(rows, "floor", "floor cpu_ms", dashed=True))
    return Plot("A page of 50 files", "files of the directory", _CPU, lines)


def _workers(rows: list[dict[str, Any]]) -> Plot:
    lines = (_line(rows, "S1", "S1 cpu_ms"), _line(rows, "S5", "S5 cpu_ms", 1))
    return Plot("What a request costs with several workers", "workers, on two cores", _CPU, lines)


def _subscribers(rows: list[dict[str, Any]]) -> Plot:
    timed = [row | {"ms": row["seconds"] * 1000} for row in rows]
    lines = (_line(timed, "ms until all have it", "ms"), _line(timed, "KiB for each", "kib_each", 1, dashed=True))
    return Plot("One message to the subscribers of one session", "subscribers", "ms; KiB", lines)


_PLOTS = {
    "mappings": _mappings,
    "messages": _messages,
    "files": _files,
    "workers": _workers,
    "subscribers": _subscribers,
}


def draw(found: Mapping[str, list[dict[str, Any]]], folder: Path) -> Iterator[Path]:
    """Write a plot of everything that was measured; give the files."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, plot in _PLOTS.items():
        if name in found:
            file = folder / f"growth-{name}.svg"
            file.write_text(plot(found[name]).svg(), encoding="utf-8")
            yield file


@dataclass(frozen=True)
class Curves:
    """What was seen of a server in a flood, in seconds from its begin: MiB of memory, and pages answered a second."""

    memory: Sequence[Point]
    answered: Sequence[Point]


def draw_flood(found: Mapping[str, Curves], seconds: float, folder: Path) -> Iterator[Path]:
    """Write a plot of memory and one of what is answered, a line for each server by its name; give the files."""
    folder.mkdir(parents=True, exist_ok=True)
    span, across = (0.0, seconds, "flood"), "seconds"
    for name, title, up, of in (
        ("memory", "Memory of a server in a flood", "MiB", lambda curves: curves.memory),
        ("answers", "Pages that are answered in a flood", "pages a second", lambda curves: curves.answered),
    ):
        lines = [Line(server, of(curves), colour) for colour, (server, curves) in enumerate(found.items())]
        file = folder / f"flood-{name}.svg"
        file.write_text(Plot(title, across, up, lines, linear=True, span=span).svg(), encoding="utf-8")
        yield file
