"""The snippets of the pages on clients and agents: files that tests build and run, written into them by `make docs`."""

import re
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parent.parent
ABOUT_CLIENTS = [ROOT / "docs" / name for name in ("clients.md", "documents.md", "uploads.md")]
ABOUT_AGENTS = [ROOT / "docs" / "agents.md"]
SOURCES = dict.fromkeys(ABOUT_CLIENTS, Path("tests/clients")) | dict.fromkeys(ABOUT_AGENTS, Path("examples/agent"))
"""Where the files of each page are."""
_SNIPPET = re.compile(r"(?P<head>```\w+ title=\"(?P<file>[^\"]+)\"\n).*?(?=^```$)", re.DOTALL | re.MULTILINE)


def snipped(page: Path) -> str:
    """Return a page with the snippets as they must be."""

    def with_file(match: re.Match[str]) -> str:
        return match["head"] + (ROOT / SOURCES[page] / match["file"]).read_text(encoding="utf-8")

    return _SNIPPET.sub(with_file, page.read_text(encoding="utf-8"))


def files(pages: Iterable[Path]) -> set[str]:
    """Give the names of the files that pages show."""
    return {match["file"] for page in pages for match in _SNIPPET.finditer(page.read_text(encoding="utf-8"))}


if __name__ == "__main__":
    for each in SOURCES:
        each.write_text(snipped(each), encoding="utf-8")
