"""Instructions of one request, counted by valgrind: the same whatever else the machine does, unlike seconds.

    python benchmarks/instructions.py [--only S1,S3] [--before PYTHON]

Those of the program, not of the kernel. Valgrind makes a server some fifty times slower, so what it does by the clock,
such as writing down what was learnt, is done for fewer requests at a time, and the product's figures are a little high.
"""

import argparse
import asyncio
import re
import shutil
import sys
import tempfile
from contextlib import AbstractContextManager
from pathlib import Path

import uvloop
from rig.load import Bounds
from rig.operations import OPERATIONS, Operation
from rig.processes import python, started
from rig.product import Database, Kept, mappings, product
from rig.sides import BEFORE, FLOOR, PRODUCT, Stub, live_a_day, side

_WARM, _COUNTED, _AT_ONCE = 100, 300, 8
_HEAVY = 40
"""Requests that are counted of an operation that is not light."""
_SECONDS = 300.0
_TOTALS = re.compile(r"^totals: (\d+)", re.MULTILINE)
_NO_SWEEP = "3600"
_FILE = "counted"
_SEARCH = Operation("Settle", "", 'query Settle { searchMessages(query: "settle") { nodes { __typename } } }', 0)
"""What is kept behind the requests is kept before it is searched."""


class Count:
    """Counts for one stub and one database; the last of the sides may be an earlier state of the product."""

    def __init__(self, stub: Stub, database: Database, before: str | None) -> None:
        self._stub = stub
        self._database = database
        self._before = before
        self.names = (FLOOR, PRODUCT, BEFORE) if before else (FLOOR, PRODUCT)

    async def of(self, name: str, operation: Operation) -> float:
        """Start a server under valgrind, and give the instructions of one request to it."""
        warm, requests = (_WARM, _COUNTED) if operation.light else (_AT_ONCE, _HEAVY)
        with tempfile.TemporaryDirectory() as folder:
            with self._serving(name, Path(folder)) as told:
                server = side(name, told)
                await server.send(operation, Bounds(_SECONDS, most=warm), concurrency=_AT_ONCE)
                if name != FLOOR:
                    await server.send(_SEARCH, Bounds(_SECONDS, most=1))
                await _control("on", server.process.pid)
                sent = await server.send(operation, Bounds(_SECONDS, most=requests), concurrency=_AT_ONCE, first=warm)
                await _control("off", server.process.pid)
            if sent.errors:
                raise RuntimeError(sent.errors[0])
            return _total(Path(folder)) / requests

    def _serving(self, name: str, folder: Path) -> AbstractContextManager[str]:
        under = ("valgrind", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={folder / _FILE}")
        log = folder / "server.log"
        if name == FLOOR:
            return started(*under, *python("-m", f"peers.{FLOOR}", self._stub.upstream), log=log, pinned=False)
        interpreter = (name == BEFORE and self._before) or sys.executable
        kept = Kept(pinned=False, under=under)
        # Nothing is swept meanwhile, which would be counted by chance.
        others = {"interpreter": interpreter, "GQL_API_SWEEP_SECONDS": _NO_SWEEP}
        return product(self._database.url, self._stub.upstream, log=log, kept=kept, **others)


def _total(folder: Path) -> int:
    files = folder.glob(f"{_FILE}*")
    return sum(int(total) for file in files for total in _TOTALS.findall(file.read_text()))


async def _control(switch: str, pid: int) -> None:
    process = await asyncio.create_subprocess_exec(
        "callgrind_control",
        "-i",
        switch,
        str(pid),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    if await process.wait():
        raise RuntimeError("callgrind_control failed")


async def measured(operations: list[Operation], before: str | None) -> None:
    """Count for all sides, and print."""
    with tempfile.TemporaryDirectory() as named:
        folder = Path(named)
        stubbing = started(*python("-m", "rig.stub", "0"), log=folder / "stub.log", pinned=False)
        async with mappings() as database:
            with stubbing as told:
                stub = Stub(told.split()[1])
                await live_a_day(database, stub, folder)
                await _count(Count(stub, database, before), operations)


async def _count(count: Count, operations: list[Operation]) -> None:
    _print(["", *count.names, *(f"{name}/{FLOOR}" for name in count.names[1:])])
    for operation in operations:
        found = [await count.of(name, operation) for name in count.names]
        ratios = [f"{number / found[0]:.2f}" for number in found[1:]]
        _print([operation.name, *(f"{number:.0f}" for number in found), *ratios])


def _print(row: list[str]) -> None:
    sys.stdout.write("".join(f"{cell:>16}" for cell in row) + "\n")
    sys.stdout.flush()


def main() -> int:
    """Count and print; give the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="S1,S3,S4,S5,S6,S7", help="operations, separated by commas")
    parser.add_argument("--before", metavar="PYTHON", help="an interpreter that has another state of the product")
    arguments = parser.parse_args()
    if shutil.which("valgrind") is None:
        sys.stdout.write("valgrind is not there; most systems have a package of that name\n")
        return 2
    wanted = arguments.only.split(",")
    uvloop.run(measured([operation for operation in OPERATIONS if operation.name in wanted], arguments.before))
    return 0


if __name__ == "__main__":
    sys.exit(main())
