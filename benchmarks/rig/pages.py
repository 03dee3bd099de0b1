"""Figures in the pages of docs: what stands between two marks is replaced."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

_WHOLE = 1000


def put(file: Path, name: str, text: str) -> None:
    """Put the text between the marks of this name; where there are none, they and it become the end of the page."""
    begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
    page = file.read_text(encoding="utf-8") if file.exists() else ""
    if begin not in page:
        page += f"\n{begin}{end}\n"
    before, rest = page.split(begin, 1)
    file.write_text(f"{before}{begin}{text.strip()}\n{end}{rest.split(end, 1)[1]}", encoding="utf-8")


def grid(rows: Sequence[dict[str, Any]]) -> str:
    """Lay rows out as Markdown, a column for each key of any of them."""
    keys = list(dict.fromkeys(key for row in rows for key in row))
    lines = ["| " + " | ".join(keys) + " |", "|" + " ---: |" * len(keys)]
    lines += ["| " + " | ".join(figure(row.get(key, "")) for key in keys) + " |" for row in rows]
    return "\n".join(lines)


def figure(value: Any) -> str:
    """Write a figure to three digits that count."""
    if not isinstance(value, float):
        return str(value)
    return f"{value:.3g}" if value < _WHOLE else f"{value:.0f}"
