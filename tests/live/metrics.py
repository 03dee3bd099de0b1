"""The metrics of a running server, as its tests read them."""

from api.test_observing import part
from live.conftest import Live

TOKEN = "a-token-of-some-length"  # noqa: S105
"""What they are asked for with."""


async def counted(live: Live, name: str) -> dict[str, float]:
    """Read the counts of one metric, by their labels."""
    response = await live.client.http.get("/metrics", headers={"authorization": f"Bearer {TOKEN}"})
    lines = [line.rpartition(" ") for line in response.text.splitlines() if not line.startswith("#")]
    return part({name: float(value) for name, _, value in lines}, f"gql_api_{name}")


async def until_open(live: Live, subscriptions: int, *, sessions: int) -> None:
    """Wait until so many subscriptions are open, and so many sessions read."""

    async def is_so() -> bool:
        followed = await counted(live, "sessions_followed")
        return (await counted(live, "subscriptions_open"), followed) == ({"": subscriptions}, {"": sessions})

    await live.until_so(is_so)
