"""A crowd at one server: idle sockets and subscriptions of one session, while calls of Acontext fail.

    python benchmarks/crowd.py [--idle 2000] [--followers 1000] [--messages 100] [--save FILE]

A server, a PostgreSQL and an Acontext on this machine, and a relay before Acontext as in `soak.py`. With each message
some followers lose their socket. All go on from their cursors.
"""

import argparse
import asyncio
import resource
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from rig.pages import grid, put

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from databases import PostgresDatabases
from postgres import running_server
from soak.crowd import Plan, Report, crowded
from soak.rounds import prepared

_BESIDE = 200
"""Files that a process has open beside its sockets."""


def main() -> int:
    """Run, print the table, and give the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--idle", type=int, default=2000, help="sockets that ask for nothing (default %(default)s)")
    parser.add_argument("--followers", type=int, default=1000, help="of one session (default %(default)s)")
    parser.add_argument("--messages", type=int, default=100, help="that are stored (default %(default)s)")
    parser.add_argument("--faults", type=float, default=0.05, help="share of calls that fail (default %(default)s)")
    parser.add_argument("--seed", type=int, default=7, help="of what happens (default %(default)s)")
    parser.add_argument("--save", type=Path, metavar="FILE", help="put the table between the marks of a page")
    given = parser.parse_args()
    _let_open(given.idle + 2 * given.followers + _BESIDE)
    plan = Plan(given.idle, given.followers, given.messages, share=given.faults, seed=given.seed)
    report = asyncio.run(_run(plan))
    told = grid([_row(plan, report)])
    sys.stdout.write(f"{told}\n{dict(report.ended)}\n" + "".join(f"{line[:2000]}\n" for line in report.faults))
    if given.save:
        put(given.save, "crowd", told)
    return 1 if report.faults else 0


def _let_open(files: int) -> None:
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if most != resource.RLIM_INFINITY and most < files:
        sys.exit(f"A process may have {most} files open here, and {files} are needed: ulimit -Hn")
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, most))


async def _run(plan: Plan) -> Report:
    with tempfile.TemporaryDirectory() as folder, running_server() as server, ExitStack() as stack:
        url = await PostgresDatabases(server).migrated()
        return await crowded(prepared(Path(folder), url, stack), plan)


def _row(plan: Plan, report: Report) -> dict[str, object]:
    others = sorted(report.others)
    return {
        "idle": plan.idle,
        "followers": plan.followers,
        "messages": len(report.stored),
        "heard": sum(len(follower.heard) for follower in report.followers),
        "faults": f"{report.injected} of {report.calls} calls",
        "interrupted": report.ended.total(),
        "wrong": len(report.faults),
        **{f"MiB {when}": f"{mib:.0f}" for when, mib in report.mib.items()},
        "others asked": len(others),
        "p50 ms": others[len(others) // 2] * 1000,
        "slowest ms": others[-1] * 1000,
        "seconds": report.seconds,
    }


if __name__ == "__main__":
    sys.exit(main())
