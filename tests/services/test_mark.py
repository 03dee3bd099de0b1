"""What a mark holds; that readers who go on from marks miss nothing is in `test_following`."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from gql_api import model
from gql_api.mark import Seen

OVERLAP = 5
SESSION = UUID(int=1)
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def test_a_mark_is_short_once_time_has_gone_by() -> None:
    seen = Seen()
    for number in range(1000):
        at = BEGAN + timedelta(seconds=number)
        message = model.Message(str(UUID(int=number + 2**70)), SESSION, "user", [], {}, {}, at)
        seen.take(message, ceiling=at - timedelta(seconds=OVERLAP))
    assert len(seen.mark().known) == OVERLAP
    assert len(seen._known) < 600
