"""Cost against size: mappings, messages, files, workers, subscribers; as a table, as JSON, and as plots.

    python benchmarks/growth.py [--quick] [--check] [--only mappings,…] [--plots docs/images] [--save docs/…] [--draw]

`--plots` writes an SVG of each into a folder; `--draw` takes what was measured last, without measuring again.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import uvloop
from rig.drawing import draw
from rig.growing import GROWTHS, Growth
from rig.limits import outgrown
from rig.pages import grid, put
from rig.processes import BENCHMARKS, keep_to_load_core

RESULTS = BENCHMARKS / "results" / "growth.json"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer and smaller sizes")
    parser.add_argument("--only", default=",".join(GROWTHS), help="what grows, separated by commas")
    parser.add_argument("--plots", type=Path, metavar="FOLDER", help="write a plot of each as SVG")
    parser.add_argument("--save", type=Path, metavar="FILE", help="put the tables between the marks of a page")
    parser.add_argument("--check", action="store_true", help="fail where something grows faster than it may")
    parser.add_argument("--draw", action="store_true", help="draw what was measured last")
    return parser.parse_args()


def _known() -> dict[str, Any]:
    known: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    return known


def _measure(name: str, *, quick: bool, pinned: bool) -> None:
    sys.stdout.write(f"\n{name}\n")
    with tempfile.TemporaryDirectory() as folder:
        growth = Growth(Path(folder), pinned=pinned, quick=quick)
        found = uvloop.run(GROWTHS[name](growth))
    sys.stdout.write(f"{grid(found)}\n")
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps(_known() | {name: found}, indent=1), encoding="utf-8")


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    """Leave out what pages do not show: middle times, which load from outside moves most, and sizes."""
    return {key: value for key, value in row.items() if "p50" not in key and not key.startswith("bytes")}


def main() -> int:
    """Measure what is wanted, and draw it; give the exit status."""
    arguments = _arguments()
    if not arguments.draw:
        pinned = keep_to_load_core()
        for name in arguments.only.split(","):
            _measure(name, quick=arguments.quick, pinned=pinned)
    if arguments.save:
        for name, rows in _known().items():
            put(arguments.save, f"growth-{name}", grid([_shown(row) for row in rows]))
    if arguments.plots:
        for file in draw(_known(), arguments.plots):
            sys.stdout.write(f"{file}\n")
    faults = list(outgrown(_known())) if arguments.check else []
    for fault in faults:
        sys.stdout.write(f"beyond its limit: {fault}\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
