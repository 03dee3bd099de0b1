"""What is in `docker/`, read as Docker reads it: the Compose files, their variables, the Dockerfile, nginx's limits."""

import json
import re
import subprocess
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
DOCKER = ROOT / "docker"
COMPOSE, OVERLAY, EXAMPLE = DOCKER / "compose.yaml", DOCKER / "compose.acontext.yaml", DOCKER / ".env.example"
_VARIABLE = re.compile(r"\$\{(?P<name>[A-Z_]+)(?:(?P<kind>:[-?])(?P<rest>[^}]*))?\}")
_UNITS = {"s": 1, "m": 60}


class Override(dict[str, Any]):
    """A mapping that takes the place of the one before, as `!override` says."""


class _Loader(yaml.SafeLoader):
    """Knows Compose's own tag."""


def _override(loader: _Loader, node: yaml.MappingNode) -> Override:
    return Override(loader.construct_mapping(node, deep=True))


_Loader.add_constructor("!override", _override)


def composed(*compose_files: Path) -> dict[str, Any]:
    """Read Compose files, the later over the earlier."""
    document: dict[str, Any] = {}
    for file in compose_files:
        document = _merged(document, yaml.load(file.read_text(encoding="utf-8"), _Loader))  # noqa: S506  a safe loader
    return document


def _merged(below: Any, above: Any) -> Any:
    if not isinstance(below, dict) or not isinstance(above, dict) or isinstance(above, Override):
        return above
    return below | {name: _merged(below.get(name), value) for name, value in above.items()}


def specification() -> Any:
    """Return the JSON schema of the Compose specification, as check-jsonschema ships it."""
    return json.loads((files("check_jsonschema.builtin_schemas") / "vendor" / "compose-spec.json").read_text())


def variables(*compose_files: Path) -> dict[str, str | None]:
    """Name what is asked of the operator, each with its default; None where there is none."""
    found = [match for file in compose_files for match in _VARIABLE.finditer(_uncommented(file))]
    return {match["name"]: match["rest"] if match["kind"] == ":-" else None for match in found}


def filled(text: str, values: dict[str, str]) -> str:
    """Put values in the places of variables."""
    return _VARIABLE.sub(lambda match: values.get(match["name"]) or (match["rest"] or ""), text)


def secrets() -> dict[str, str]:
    """Run secrets.sh, and read what it wrote as Compose does."""
    done = subprocess.run(["/bin/sh", DOCKER / "secrets.sh"], capture_output=True, text=True, timeout=30, check=True)  # noqa: S603
    lines = [line for line in done.stdout.splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def _uncommented(file: Path) -> str:
    return "\n".join(
        line for line in file.read_text(encoding="utf-8").splitlines() if not line.lstrip().startswith("#")
    )


def instructions() -> list[tuple[str, str]]:
    """Read the Dockerfile: each instruction with all that follows it."""
    text = _uncommented(DOCKER / "Dockerfile").replace("\\\n", " ")
    return [
        (name, " ".join(rest.split())) for name, _, rest in (line.partition(" ") for line in text.splitlines()) if name
    ]


def nginx(directive: str) -> list[str]:
    """Return the arguments of each such directive."""
    return re.findall(rf"^\s*{directive} ([^;]*);", _uncommented(DOCKER / "nginx.conf"), re.MULTILINE)


def seconds(duration: str) -> float:
    """Read a time as Compose and nginx write it."""
    return float(duration[:-1]) * _UNITS[duration[-1]]
