"""A fork whose server is killed: the other one makes it whole, under the same key, and there is one."""

import asyncio

import httpx

from api.client import Client
from api.forking import fork, whole
from replicas.fleet import Fleet, killed, paused, until

UNDER_WAY = "SELECT 1 FROM session_forks JOIN session_mappings ON id = session_id WHERE user_identifier = $1"
OVER = (
    "UPDATE session_mappings SET lease_until = now() - interval '1 second' WHERE user_identifier = $1 AND"
    " state = 'creating'",
    "UPDATE session_forks SET settled_micros = 1 FROM session_mappings WHERE id = session_id AND user_identifier = $1",
)


async def test_the_other_server_goes_on_with_it(fleet: Fleet, http: httpx.AsyncClient, clients: list[Client]) -> None:
    one, other = clients
    made = await one.create(title="Tea")
    await one.store(made["id"], "a", "b", "c")
    await one.upload(made["id"], "/a.txt", "text")
    asked = {"sessionId": made["id"], "idempotencyKey": "key"}
    with paused(fleet.acontext):
        asking = asyncio.create_task(fork(one, **asked))
        await until(lambda: fleet.rows(UNDER_WAY, one.user))
        killed(fleet.servers[0])
        await asyncio.gather(asking, return_exceptions=True)
    for statement in OVER:
        await fleet.rows(statement, one.user)
    payload = await fork(other, **asked)
    assert payload["errors"] == []
    assert await whole(other, payload["session"]["id"]) == await whole(other, made["id"])
    assert len(await fleet.sessions_of(one.user)) == 2
    again = fleet.client(0, http).as_user(str(one.user))
    assert (await fork(again, **asked))["session"]["id"] == payload["session"]["id"]
