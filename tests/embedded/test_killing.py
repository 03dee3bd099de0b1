"""A server killed in the middle of its work has lost nothing it had answered, and left nothing half done."""

from pathlib import Path

from embedded.killing.rounds import Rounds


async def test_nothing_is_lost_or_half_done_over_kills_under_load(folder: Path) -> None:
    rounds = Rounds(folder, seed=1, writers=6)
    for _ in range(3):
        await rounds.run(most=200)
    await rounds.kill_at_start()
    await rounds.finish()

    assert rounds.figures.kills == 4
    assert len(rounds.figures.answered) > 10
