"""Mutations while calls of Acontext fail and processes are killed: `make soak`, or `python benchmarks/soak.py`.

Two servers, a PostgreSQL and an Acontext on this machine. Writers send each mutation again until it is answered, as
clients should. In the end Acontext and the database are held against what writers were told.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from rig.pages import grid

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from databases import PostgresDatabases
from postgres import Server, running_server
from soak.rounds import SETTLING, VICTIMS, Plan, Report, Soak, prepared


def main() -> int:
    """Run, print the table, and give the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mutations", type=int, default=20_000, help="how many (default %(default)s)")
    parser.add_argument("--faults", type=float, default=0.05, help="share of calls that fail (default %(default)s)")
    parser.add_argument(
        "--kills", type=int, default=20, help="of servers, PostgreSQL, its backends (default %(default)s)"
    )
    parser.add_argument("--seconds", type=float, default=7200, help="not longer than this (default %(default)s)")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of what is done (default: the time)")
    given = parser.parse_args()
    plan = Plan(given.mutations, given.faults, given.kills, given.seed, given.seconds)
    with tempfile.TemporaryDirectory() as folder, running_server(is_durable=True) as server:
        report = asyncio.run(_run(server, Path(folder), plan))
    sys.stdout.write(told(report))
    return 1 if any(report.findings.counts.values()) or report.ledger.wrong else 0


async def _run(server: Server, folder: Path, plan: Plan) -> Report:
    url = await PostgresDatabases(server).migrated()
    with ExitStack() as stack:
        return await Soak(prepared(folder, url, stack), server, plan).run()


def told(report: Report) -> str:
    """Lay the report out."""
    ledger, plan = report.ledger, report.plan
    figures = {"mutations": ledger.done.total(), "faults": report.injected.total()}
    figures |= {f"kills of {victim}": report.kills[victim] for victim in dict.fromkeys(VICTIMS)}
    figures |= report.findings.counts
    lines = [
        f"seed {plan.seed}, {report.seconds:.0f} s: {ledger.done.total()} mutations answered of "
        f"{ledger.tries.total()} tries; {report.kills.total()} kills ({_counts(report.kills)}); "
        f"{report.injected.total()} of {report.calls} calls of Acontext failed",
        f"mutations: {_counts(ledger.done)}",
        f"faults: {_counts(report.injected)}",
        f"told on the way: {_counts(ledger.codes)}; refusals that came without Acontext's words: {report.unworded}",
        f"without an answer in the end: {ledger.given_up}",
        f"the latest effect of a call of Acontext came {report.latest:.1f} s after it; beyond {SETTLING} s "
        "nothing is promised",
        "",
        grid([figures]),
        *report.findings.lines[:20],
        *report.ledger.wrong[:20],
    ]
    return "\n".join(lines) + "\n"


def _counts(counter: "dict[str, int]") -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counter.items()))


if __name__ == "__main__":
    sys.exit(main())
