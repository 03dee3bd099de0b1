"""The snippets of the pages on clients: the files that their tests build and run, written into them by `make docs`."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "docs" / name for name in ("clients.md", "documents.md", "uploads.md")]
SOURCES = Path("tests/clients")
_SNIPPET = re.compile(r"(?P<head>```\w+ title=\"(?P<file>[^\"]+)\"\n).*?(?=^```$)", re.DOTALL | re.MULTILINE)


def with_files(text: str) -> str:
    """Return the text of a page with the snippets as they must be."""
    return _SNIPPET.sub(_with_file, text)


def files() -> set[str]:
    """Give the names of the files that the pages show."""
    return {match["file"] for page in PAGES for match in _SNIPPET.finditer(page.read_text(encoding="utf-8"))}


def _with_file(match: re.Match[str]) -> str:
    return match["head"] + (ROOT / SOURCES / match["file"]).read_text(encoding="utf-8")


if __name__ == "__main__":
    for page in PAGES:
        page.write_text(with_files(page.read_text(encoding="utf-8")), encoding="utf-8")
