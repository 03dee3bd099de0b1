"""The growth plots: which figures make which line."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rig.plots import Line, Plot

_CPU = "CPU, ms a request"
PRODUCT = "product"


def _line(rows: list[dict[str, Any]], name: str, key: str, *, dashed: bool = False) -> Line:
    return Line(name, [(row["size"], row[key]) for row in rows if row.get(key)], dashed=dashed)


def _mappings(rows: list[dict[str, Any]]) -> Plot:
    lines = (
        _line(rows, "S2: server", "S2F cpu_ms"),
        _line(rows, "deep page: server", "Deep cpu_ms"),
        _line(rows, "deep page: database", "Deep database_ms", dashed=True),
        _line(rows, "totalCount: server", "Count cpu_ms"),
        _line(rows, "totalCount: database", "Count database_ms", dashed=True),
    )
    return Plot("Mappings, a twentieth of them the user's", "mappings in the table", _CPU, lines)


def _messages(rows: list[dict[str, Any]]) -> Plot:
    lines = [_line(rows, f"{operation} {PRODUCT}", f"{operation} product cpu_ms") for operation in ("S6", "S8", "S9")]
    lines += [_line(rows, f"{operation} floor", f"{operation} floor cpu_ms", dashed=True) for operation in ("S6", "S8")]
    return Plot("Messages: all (S6), newest 20 (S8), edited (S9)", "messages of the conversation", _CPU, lines)


def _files(rows: list[dict[str, Any]]) -> Plot:
    lines = (_line(rows, PRODUCT, "product cpu_ms"), _line(rows, "floor", "floor cpu_ms", dashed=True))
    return Plot("A page of 50 files", "files of the directory", _CPU, lines)


def _workers(rows: list[dict[str, Any]]) -> Plot:
    lines = (_line(rows, "S1", "S1 a_second"), _line(rows, "S5", "S5 a_second"))
    return Plot("Workers on two cores, load and database on the same", "workers", "requests a second", lines)


def _subscribers(rows: list[dict[str, Any]]) -> Plot:
    timed = [row | {"ms": row["seconds"] * 1000} for row in rows]
    lines = (_line(timed, "ms until all have it", "ms"), _line(timed, "KiB for each", "kib_each", dashed=True))
    return Plot("Subscribers of one session", "subscribers", "one message; memory", lines)


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
