"""Kills an embedded Acontext under load again and again on one data folder: `python benchmarks/kill_loop.py --kills N`.

After each kill the files are checked as they lie there, then the next server is asked for everything. What is lost,
half done or back from deletion ends the loop with an AssertionError. A kill tests what the process keeps to itself,
not what the machine's cache does at a power cut: that rests on fsync before each answer.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from embedded.killing.rounds import Figures, Rounds

_AT_START, _LONG = 10, 25
_LONG_SECONDS = 14.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20, help="how often (default %(default)s)")
    parser.add_argument("--answers", type=int, default=300, help="at most before a kill (default %(default)s)")
    parser.add_argument("--seconds", type=float, default=480, help="not longer than this (default %(default)s)")
    parser.add_argument("--writers", type=int, default=12, help="clients at once (default %(default)s)")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of what they do (default: the time)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rounds = Rounds(Path(folder), seed=options.seed, writers=options.writers)
        begun = time.perf_counter()
        asyncio.run(_run(rounds, options.kills, most=options.answers, end=begun + options.seconds))
        _tell(rounds.figures, seconds=time.perf_counter() - begun, seed=options.seed)


async def _run(rounds: Rounds, kills: int, *, most: int, end: float) -> None:
    for number in range(1, kills + 1):
        if time.perf_counter() > end:
            break
        if number % _AT_START == 0:
            await rounds.kill_at_start()
        else:
            # Long enough, now and then, for bytes that nobody needs to be swept away.
            await rounds.run(most=most, seconds=0.0 if number % _LONG else _LONG_SECONDS)
    await rounds.finish()


def _tell(figures: Figures, *, seconds: float, seed: int) -> None:
    lines = [f"{figures.kills} kills in {seconds:.0f} s, seed {seed}", "answered:"]
    lines += [f"  {count:7} {kind}" for kind, count in sorted(figures.answered.items())]
    lines.append(f"  {figures.answered.total():7} in all: none lost, none half done, nothing deleted is back")
    lines.append("without an answer: " + ", ".join(f"{count} {what}" for what, count in figures.without_answer.items()))
    lines.append(f"contents without a row after a kill, gone after the next start: {figures.orphans}")
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
