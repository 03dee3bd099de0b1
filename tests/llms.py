"""The list of decisions in llms.txt: made here from their titles, compared by a test; the rest is written by hand."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "llms.txt"
_HEAD = "## Optional\n"
_TITLE = re.compile(r"# (\d+)\. (.+)\n")


def page() -> str:
    """Return the file with the list as it must be."""
    before, _, _ = PAGE.read_text(encoding="utf-8").partition(_HEAD)
    return f"{before}{_HEAD}\n" + "".join(map(_entry, sorted((ROOT / "docs" / "decisions").glob("*.md"))))


def _entry(decision: Path) -> str:
    title = _TITLE.match(decision.read_text(encoding="utf-8"))
    if title is None:
        raise ValueError(f"{decision}: must begin with its number and title.")
    return f"- [Decision {title[1]}]({decision.relative_to(ROOT).as_posix()}): {title[2]}.\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
