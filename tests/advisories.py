"""Asks whether what is pinned has known vulnerabilities: `make check` does; installs nothing.

A vulnerability that is known fails, unless advisories.toml accepts it until a day that has not passed. Where nobody
can be asked in time it says so and passes; `AUDIT_REQUIRED=1` makes that fail too, and takes the time that it needs.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
ACCEPTED = ROOT / "advisories.toml"
PINNED = tuple(ROOT / f"requirements{of}.txt" for of in ("", "-build", "-dev"))
_SECONDS, _SECONDS_IF_REQUIRED = 12, 600
"""For all of it; `make check` waits no longer."""
_SECONDS_TO_CONNECT = 4


class NotAudited(Exception):
    """Nobody could be asked, or what they answered makes no sense."""


@dataclass(frozen=True)
class Accepted:
    """A vulnerability that is lived with, why, and to which day."""

    id: str
    reason: str
    until: date


@dataclass(frozen=True)
class Known:
    """A vulnerability of something pinned."""

    package: str
    version: str
    ids: tuple[str, ...]
    fixed: tuple[str, ...]

    def __str__(self) -> str:
        fixed = f"fixed in {', '.join(self.fixed)}" if self.fixed else "fixed in no version"
        return f"{self.package} {self.version}: {', '.join(self.ids)}, {fixed}"


def accepted(file: Path) -> list[Accepted]:
    """Read what is accepted; raise ValueError where an entry does not say all of id, reason and until."""
    entries: list[dict[str, Any]] = tomllib.loads(file.read_text(encoding="utf-8")).get("accepted", [])
    for entry in entries:
        if set(entry) != {"id", "reason", "until"} or not entry["reason"] or type(entry["until"]) is not date:
            raise ValueError(f"{file.name}: {entry.get('id', 'an entry')} needs an id, a reason, and a day as until")
    return [Accepted(**entry) for entry in entries]


def known(pinned: list[Path], url: str | None, *, seconds: int) -> list[Known]:
    """Ask about all that is pinned; raise `NotAudited` where there is no answer."""
    command = [sys.executable, "-m", "pip_audit", "--require-hashes", "--disable-pip", "--vulnerability-service", "osv"]
    command += ["--format", "json", "--progress-spinner", "off", "--timeout", str(_SECONDS_TO_CONNECT)]
    command += ["--osv-url", url] if url else []
    command += [part for file in pinned for part in ("--requirement", str(file))]
    with tempfile.TemporaryDirectory() as cache:
        command += ["--cache-dir", cache]
        try:
            ended = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)  # noqa: S603 - our own words
            found = json.loads(ended.stdout)["dependencies"]
        except subprocess.TimeoutExpired:
            raise NotAudited(f"no answer within {seconds} s") from None
        except (ValueError, LookupError, TypeError):
            raise NotAudited("no answer that makes sense") from None
    return [
        Known(one["name"], one["version"], (each["id"], *each["aliases"]), tuple(each["fix_versions"]))
        for one in found
        for each in one.get("vulns", ())
    ]


def faults(found: list[Known], lived_with: list[Accepted], today: date) -> list[str]:
    """Tell what is known and not accepted, and what was accepted for so long only."""
    of = {one.id: one for one in lived_with}
    open_ones = [str(one) for one in found if not any(id in of for id in one.ids)]
    expired = [f"advisories.toml: {one.id} was accepted until {one.until}" for one in lived_with if one.until < today]
    return [*open_ones, *expired]


def audit(pinned: list[Path], lived_with: list[Accepted], url: str | None, *, is_required: bool) -> tuple[str, int]:
    """Say in lines what was found; give the exit code too."""
    lines: list[str] = []
    found: list[Known] = []
    is_audited = True
    try:
        found = known(pinned, url, seconds=_SECONDS_IF_REQUIRED if is_required else _SECONDS)
    except NotAudited as reason:
        lines, is_audited = [f"dependencies were not audited: {reason}"], False
    wrong = faults(found, lived_with, date.today())
    if not wrong and is_audited:
        lines = [f"no known vulnerability that is not accepted ({len(lived_with)} accepted)"]
    return "".join(f"{line}\n" for line in lines + wrong), int(bool(wrong) or (is_required and not is_audited))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--osv-url", help="whom to ask, in OSV's words, in place of the public database")
    parser.add_argument("--accepted", type=Path, default=ACCEPTED, help="the file of what is accepted")
    parser.add_argument("pinned", type=Path, nargs="*", default=PINNED, help="files of requirements with hashes")
    given = parser.parse_args()
    is_required = os.environ.get("AUDIT_REQUIRED", "0") not in ("", "0")
    try:
        lived_with = accepted(given.accepted)
    except (OSError, ValueError) as error:
        sys.stdout.write(f"{error}\n")
        return 1
    text, code = audit(list(given.pinned), lived_with, given.osv_url, is_required=is_required)
    sys.stdout.write(text)
    return code


if __name__ == "__main__":
    sys.exit(main())
