"""Who asks over a socket or an event stream: what proves it, whose words count, and that nobody gets another's."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from api.callers import BY_TOKEN, proven
from api.test_token_issuer import by_keys_at, issuer
from api.upstream import Upstream
from databases import Databases
from identity.issuing import secret_token
from identity.issuing import token as issued
from live.conftest import Live
from live.socket import Socket, connected
from live.test_lists import FOLLOW as FOLLOW_LIST
from live.test_messages import FOLLOW
from live.test_server_sent_events import EVENTS, events
from live.test_socket import RANDOM, WHO, closed_after, token

SLOW_WHO = "query { viewer { identifier } sessions { nodes { title } } }"


@pytest.fixture
def databases(sqlite_databases: Databases) -> Databases:
    """One kind of database: who asks is found out before."""
    return sqlite_databases


def init(**payload: Any) -> str:
    return json.dumps({"type": "connection_init", "payload": payload})


async def who(socket: Socket) -> str:
    """Tell as whom a socket asks."""
    user: str = (await socket.event(await socket.subscribe(WHO)))["identifier"]
    return user


async def test_a_token_comes_with_the_handshake_or_later_and_what_comes_later_counts(serve: Callable[..., Any]) -> None:
    async with serve(**BY_TOKEN) as live:
        for headers, payload, user in (
            ({"Authorization": token("anna")}, {}, "anna"),
            ({"Authorization": token("anna")}, {"Authorization": None}, "anna"),
            ({"Authorization": token("anna")}, {"authorization": token("bob")}, "bob"),
            ({"Authorization": "Bearer no"}, {"AUTHORIZATION": token("bob")}, "bob"),
            ({}, {"Authorization": token("bob").replace("Bearer", "bearer")}, "bob"),
            ({}, {"Authorization": token("bob"), "X-User": "bob", "other": {"a": 1}}, "bob"),
            ({"X-User": "anna"}, {"Authorization": token("service", scope="a sessions:act-as")}, "anna"),
            ({"X-User": "bob"}, {"Authorization": token("s", scope="sessions:act-as"), "x-uSer": "anna"}, "anna"),
        ):
            async with connected(live.url, additional_headers=headers) as socket:
                await socket.begin(**payload)
                assert await who(socket) == user, payload


@pytest.mark.parametrize("changed", [BY_TOKEN, {}])
async def test_what_is_no_text_is_no_proof(serve: Callable[..., Any], changed: dict[str, Any]) -> None:
    refusal = (4400, "connection_init: Authorization and X-User must be text")
    async with serve(**changed) as live:
        for name in ("Authorization", "X-User", "x-user"):
            for value in (1, True, [], {}, ["Bearer a"], "a\nb", "a\r\nX-User: b", "\0", "\x7f"):
                assert await closed_after(live, init(**{name: value}), begin=False) == refusal, value


async def test_who_proves_nothing_is_told_why_and_asks_nothing(serve: Callable[..., Any], upstream: Upstream) -> None:
    needed = "UNAUTHENTICATED: A bearer token is needed: send `Authorization: Bearer <token>`."
    own = "FORBIDDEN: X-User: you may name no other user than yourself."
    over = "UNAUTHENTICATED: The token is not valid, or not any more."
    async with serve(**BY_TOKEN) as live:
        upstream.clear()
        for payload, reason in (
            ({}, needed),
            ({"Authorization": ""}, needed),
            (
                {"Authorization": "Basic YTpi"},
                needed,
            ),
            ({"X-User": "anna"}, needed),
            ({"Authorization": "Bearer no"}, over),
            ({"Authorization": token("anna", exp=1)}, over),
            ({"Authorization": token("anna", aud="other")}, over),
            ({"Authorization": f"Bearer {secret_token('another secret of thirty-two bytes', sub='anna')}"}, over),
            (
                {"Authorization": token("bob"), "X-User": "anna"},
                own,
            ),
        ):
            subscribe = json.dumps({"type": "subscribe", "id": "1", "payload": {"query": WHO}})
            assert await closed_after(live, init(**payload), subscribe, begin=False) == (4403, reason), payload
        assert upstream.calls == []


async def test_without_the_issuer_nobody_is_told_that_a_token_is_bad(serve: Callable[..., Any]) -> None:
    async with issuer() as port:
        gone = port
    async with serve(**by_keys_at(gone)) as live:
        bearer = f"Bearer {issued(headers={'kid': '1'})}"
        code, reason = await closed_after(live, init(Authorization=bearer), begin=False)
        assert (code, reason.split(":")[0]) == (1013, "IDENTITY_UNAVAILABLE")


async def test_sockets_of_several_users_stay_apart(serve: Callable[..., Any], upstream: Upstream) -> None:
    users = [f"user-{number}" for number in range(5)]
    async with serve(**BY_TOKEN) as live:
        for user in users:
            await proven(live.client, user).create(title=f"Of {user}")

        async def ask(user: str) -> None:
            async with live.socket(Authorization=token(user)) as socket:
                following = await socket.subscribe(FOLLOW_LIST)
                for id in [await socket.subscribe(SLOW_WHO) for _ in range(5)]:
                    data = (await socket.frame(id))["payload"]["data"]
                    titles = [node["title"] for node in data["sessions"]["nodes"]]
                    assert (data["viewer"]["identifier"], titles) == (user, [f"Of {user}"])
                made = await proven(live.client, user).create(title=f"More of {user}")
                assert (await socket.event(following))["sessionEdge"]["node"]["id"] == made["id"]
                assert socket.unread(following) == 0

        async with asyncio.TaskGroup() as asking:
            for user in users:
                asking.create_task(ask(user))


async def test_over_event_streams_it_is_as_with_every_request(serve: Callable[..., Any], upstream: Upstream) -> None:
    async with serve(**BY_TOKEN) as live:
        annas = (await proven(live.client, "anna").create())["id"]
        upstream.clear()
        seen = []
        for id in (annas, RANDOM):
            reply = await asked(live, FOLLOW, {"Authorization": token("bob")}, session=id)
            seen.append((reply.status_code, reply.text.replace(id, "")))
        assert seen[0] == seen[1]
        [(name, told), end] = [event async for event in events(reply)]
        [error] = told["errors"]
        assert (name, error["extensions"]["code"], end) == ("next", "NOT_FOUND", ("complete", None))
        assert upstream.calls == []
        for headers, status, code in (
            ({}, 401, "UNAUTHENTICATED"),
            ({"Authorization": "Bearer no"}, 401, "UNAUTHENTICATED"),
            ({"Authorization": token("bob"), "X-User": "anna"}, 403, "FORBIDDEN"),
        ):
            reply = await asked(live, FOLLOW, headers, session=annas)
            assert reply.status_code == status
            assert reply.headers["content-type"] == "application/json; charset=utf-8"
            assert reply.json()["errors"][0]["extensions"] == {"code": code}
        assert "www-authenticate" in reply.headers


async def asked(live: Live, query: str, headers: dict[str, str], **variables: Any) -> Any:
    """Ask for a stream that ends by itself."""
    body = {"query": query, "variables": variables}
    return await live.client.http.post("/graphql", json=body, headers={**headers, "accept": EVENTS})


async def test_a_user_has_so_many_subscriptions_over_sockets_and_streams_together(serve: Callable[..., Any]) -> None:
    ada = {"X-User": "ada"}
    body = {"query": FOLLOW_LIST}
    async with serve(max_subscriptions_per_user=2) as live, live.socket(**ada) as one, live.socket(**ada) as two:
        await one.subscribe(FOLLOW_LIST)
        await one.settled()
        async with live.client.http.stream("POST", "/graphql", json=body, headers={**ada, "accept": EVENTS}):
            await live.until(lambda: live.app.state.running.following.subscriptions == 2)
            frame = await two.frame(await two.subscribe(FOLLOW_LIST))
            assert [error["extensions"] for error in frame["payload"]["errors"]] == [{"code": "RATE_LIMITED"}]
            [(_, told), _] = [event async for event in events(await asked(live, FOLLOW_LIST, ada))]
            assert [error["extensions"] for error in told["errors"]] == [{"code": "RATE_LIMITED"}]
        await live.until(lambda: live.app.state.running.following.subscriptions == 1)
        await two.subscribe(FOLLOW_LIST)
        await live.until(lambda: live.app.state.running.following.subscriptions == 2)
