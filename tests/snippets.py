"""The snippets of the page on clients: the files that its tests build and run, written into it by `make docs`."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "clients.md"
SOURCES = Path("tests/clients")
_SNIPPET = re.compile(r"(?P<head>```\w+ title=\"(?P<file>[^\"]+)\"\n).*?(?=^```$)", re.DOTALL | re.MULTILINE)


def page() -> str:
    """Return the page with the snippets as they must be."""
    return _SNIPPET.sub(_with_file, PAGE.read_text(encoding="utf-8"))


def files() -> set[str]:
    """Give the names of the files that the page shows."""
    return {match["file"] for match in _SNIPPET.finditer(PAGE.read_text(encoding="utf-8"))}


def _with_file(match: re.Match[str]) -> str:
    return match["head"] + (ROOT / SOURCES / match["file"]).read_text(encoding="utf-8")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
