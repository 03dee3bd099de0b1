"""Searches that take long: others wait behind them, and nothing else does."""

import asyncio

from embedded.opened import Client

HARD = "(a|aa)+$b"
"""In a text of many `a` it is looked for as long as a search may take."""


async def test_nothing_but_searches_waits_for_a_search(client: Client) -> None:
    disk = await client.disk()
    await client.put(disk, "/a.txt", b"a" * 10_000)
    await client.put(disk, "/large.txt", b"a line\n" * 100_000)
    place = f"/disk/{disk}/artifact"
    hard = [asyncio.create_task(client.refused("GET", f"{place}/grep", params={"query": HARD})) for _ in range(2)]
    await asyncio.sleep(0.05)  # they have begun

    found = await client.call("GET", place, params={"file_path": "/large.txt"})

    assert len(found["content"]["raw"]) == 700_000
    assert not any(search.done() for search in hard)
    for search in hard[1:]:
        search.cancel()
    assert await hard[0] == (500, 500, "database error")
    assert await client.call("GET", f"{place}/grep", params={"query": "a LINE"})
