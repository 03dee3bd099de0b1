"""Who follows a list on one server is told what was said on the other, and finds it in the list."""

from api.client import Client
from live.socket import Socket, connected
from live.test_lists import LATEST, WITH_ACTIVITY
from replicas.fleet import Fleet
from replicas.talking import store


async def test_what_is_said_on_either_is_told_on_the_other(fleet: Fleet, clients: list[Client]) -> None:
    first, second = (await clients[0].create())["id"], (await clients[1].create())["id"]
    for here, there in ((0, 1), (1, 0)):
        async with connected(fleet.urls[here].removesuffix("/graphql")) as socket:
            await socket.begin(**{"X-User": clients[0].user})
            subscribed = await socket.subscribe(WITH_ACTIVITY)
            await socket.settled()
            for id, other in ((first, second), (second, first)):
                await store(clients[there], id, f"said on {there}")
                event = await socket.event(subscribed)
                listed = (await clients[here].data(LATEST))["sessions"]["nodes"]
                assert event == {"kind": "ACTIVE", "sessionEdge": {"node": listed[0]}, "deletedSessionId": None}
                assert [node["id"] for node in listed] == [id, other]


async def test_a_storm_on_both_is_told_in_few_events_and_to_its_end(fleet: Fleet, clients: list[Client]) -> None:
    id = (await clients[0].create())["id"]
    async with connected(fleet.urls[0].removesuffix("/graphql")) as socket:
        await socket.begin(**{"X-User": clients[0].user})
        subscribed = await socket.subscribe(WITH_ACTIVITY)
        await socket.settled()
        for number in range(40):
            assert (await store(clients[number % 2], id, str(number), 5))["errors"] == []
        last = max([await latest(client, id) for client in clients])
        told = [await heard(socket, subscribed)]
        while told[-1] != last:
            told.append(await heard(socket, subscribed))
    assert len(told) < 100


async def latest(client: Client, id: str) -> str:
    [node] = (await client.data(LATEST))["sessions"]["nodes"]
    assert node["id"] == id
    return str(node["lastActivityAt"])


async def heard(socket: Socket, subscribed: str) -> str:
    event = await socket.event(subscribed)
    return str(event["sessionEdge"]["node"]["lastActivityAt"])
