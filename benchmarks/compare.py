"""The product beside a bare program, a plain Strawberry server and Apollo Server: CPU, time, calls, memory, ratios.

    python benchmarks/compare.py [--quick] [--check] [--save docs/…] [--only S1,S2] [--sides …]

All are asked the same in one run, in turn, over one stub of Acontext. `--before` puts another state of the product
beside them, by the interpreter of its environment; `--set` tries a setting. `--check` compares ratios, never times,
with `benchmarks/limits.json`, and fails where one is exceeded.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

import uvloop
from rig.limits import exceeded
from rig.measuring import Effort, compared, crowd
from rig.operations import OPERATIONS
from rig.pages import put
from rig.processes import BENCHMARKS, keep_to_load_core
from rig.report import Result, described, save, table
from rig.sides import PRODUCT, SIDES, rig

_FULL, _QUICK = Effort(rounds=3, seconds=1.0, requests=15), Effort(rounds=2, seconds=0.3, requests=6)
_CROWD = 128


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="measure less: three minutes at most")
    parser.add_argument("--check", action="store_true", help="fail where a ratio is beyond its limit")
    parser.add_argument("--save", type=Path, metavar="FILE", help="put the table between the marks of a page")
    parser.add_argument("--before", metavar="PYTHON", help="an interpreter that has another state of the product")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting of the product")
    parser.add_argument("--only", help="operations, separated by commas")
    parser.add_argument("--sides", default=",".join(SIDES), help="servers, separated by commas; the floor always")
    return parser.parse_args()


async def measured(arguments: argparse.Namespace) -> Result:
    """Start everything, measure, and end everything."""
    effort = _QUICK if arguments.quick else _FULL
    named = arguments.only.split(",") if arguments.only else None
    operations = [operation for operation in OPERATIONS if named is None or operation.name in named]
    wanted = [name for name in SIDES if name in arguments.sides.split(",") or name == "floor"]
    pinned = keep_to_load_core()
    began = time.monotonic()
    settings = dict(pair.split("=", 1) for pair in arguments.set)
    with tempfile.TemporaryDirectory() as folder:
        async with rig(Path(folder), pinned=pinned, wanted=wanted, before=arguments.before, **settings) as running:
            found, paths = await compared(running, operations, effort)
            crowded = {}
            page = next((operation for operation in operations if operation.name == "S2"), None)
            if page and PRODUCT in running.sides:
                crowded = await crowd(running.sides[PRODUCT], page, _CROWD, 2 * _CROWD)
            peaks = {name: side.process.peak_mib() for name, side in running.sides.items()}
    return Result(
        machine=described(pinned=pinned),
        seconds=time.monotonic() - began,
        titles={operation.name: operation.title for operation in operations},
        needed={operation.name: operation.calls for operation in operations},
        found=found,
        paths=paths,
        peaks=peaks,
        crowd=crowded,
    )


def main() -> int:
    """Measure and print; give the exit status."""
    arguments = _arguments()
    result = uvloop.run(measured(arguments))
    sys.stdout.write(table(result))
    save(result, BENCHMARKS / "results")
    if arguments.save:
        put(arguments.save, "compare", table(result, markdown=True))
    faults = exceeded(result) if arguments.check else []
    for fault in faults:
        sys.stdout.write(f"beyond its limit: {fault}\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
