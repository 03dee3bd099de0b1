"""The pins: complete, so that no release of tomorrow can break an installation of today."""

import re
from importlib.metadata import requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
_PIN = re.compile(r"^([a-z0-9.-]+)(?:\[([a-z0-9,-]+)\])?==\S+(?: ; (.+?))? \\$", re.MULTILINE)


def pins(file: str) -> dict[str, set[str]]:
    """Give the extras of all that a file pins, by name."""
    return {name: {*filter(None, extras.split(","))} for name, extras, _ in _PIN.findall((ROOT / file).read_text())}


@pytest.mark.parametrize("file", ["requirements.txt", "requirements-dev.txt"])
def test_what_a_pinned_package_wants_with_extras_is_pinned_with_them(file: str) -> None:
    """pip takes a pin without extras for none of the same package with some."""
    pinned = pins(file)
    assert len(pinned) > 40
    for name, extras in pinned.items():
        for text in _requires(name):
            wanted = Requirement(text)
            if wanted.extras and _applies(wanted, extras):
                assert wanted.extras <= pinned[wanted.name.lower()], f"{name} wants {text}"


def test_the_locks_of_npm_name_no_address_that_packages_come_from() -> None:
    folders = ("explorer", "examples/web", "tests/clients", "tests/examples")
    locks = {folder: (ROOT / folder / "package-lock.json").read_text() for folder in folders}

    assert [folder for folder, lock in locks.items() if '"resolved"' in lock or '"integrity"' not in lock] == []


def _requires(name: str) -> list[str]:
    try:
        return requires(name) or []
    except ModuleNotFoundError:  # for another system
        return []


def _applies(wanted: Requirement, extras: set[str]) -> bool:
    return wanted.marker is None or any(wanted.marker.evaluate({"extra": extra}) for extra in {"", *extras})
