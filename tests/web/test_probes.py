"""Probes: that a process lives, that it can serve, and its metrics for who has the token."""

import asyncio
from collections.abc import Awaitable, Callable

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gql_api.stopping import Stop
from gql_api.web.middleware import Site, middleware
from gql_api.web.probes import Readiness, metrics_route, probes
from gql_api.web.recording import Observing

WORDS = "password=hunter2"


class Part:
    """Something that a server needs. It answers when it `may`, badly when it is `broken`."""

    def __init__(self, *, broken: bool = False, may: bool = True) -> None:
        self.asked = 0
        self.broken = broken
        self.came = asyncio.Event()
        self.may = asyncio.Event()
        if may:
            self.may.set()

    async def check(self) -> None:
        self.asked += 1
        self.came.set()
        await self.may.wait()
        if self.broken:
            raise RuntimeError(WORDS)


def client_of(readiness: Readiness, stop: Stop | None = None) -> httpx.AsyncClient:
    stop = stop or Stop()
    # Probes come by an address, not by the name of the server.
    listed = middleware(max_body_size=100, site=Site(hosts=["api.example"]), observing=Observing(stop=stop))
    app = Starlette(routes=probes(lambda _: readiness, stop), middleware=listed)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://10.1.2.3")


async def answered(ask: Callable[[], Awaitable[httpx.Response]]) -> tuple[int, object]:
    response = await ask()
    assert response.headers["cache-control"] == "no-store"
    return response.status_code, response.json()


async def test_a_process_that_answers_is_alive_and_nothing_is_asked_for_it() -> None:
    part = Part(broken=True)
    async with client_of(Readiness({"database": part.check})) as client:
        assert await answered(lambda: client.get("/livez")) == (200, {"status": "alive"})
    assert part.asked == 0


async def test_a_server_is_ready_when_all_that_it_needs_answers() -> None:
    parts = {"database": Part(), "acontext": Part()}
    async with client_of(Readiness({name: part.check for name, part in parts.items()})) as client:
        told = {"status": "ready", "checks": {"database": "ok", "acontext": "ok"}}
        assert await answered(lambda: client.get("/readyz")) == (200, told)


async def test_what_does_not_answer_is_named_and_no_more_is_said() -> None:
    never, broken = Part(may=False), Part(broken=True)
    checks = {"database": Part().check, "acontext": broken.check, "identity": never.check}
    async with client_of(Readiness(checks, seconds=0.01)) as client:
        told = {"database": "ok", "acontext": "failed", "identity": "failed"}
        response = await client.get("/readyz")
    assert (response.status_code, response.json()) == (503, {"status": "not ready", "checks": told})
    assert WORDS not in response.text


async def test_parts_are_asked_at_once_and_once_for_all_who_ask_meanwhile() -> None:
    parts = [Part(may=False), Part(may=False)]
    async with client_of(Readiness({str(part): part.check for part in parts})) as client:
        asking = [asyncio.create_task(client.get("/readyz")) for _ in range(20)]
        for part in parts:
            await part.came.wait()
        for part in parts:
            part.may.set()
        answers = await asyncio.gather(*asking)
    assert [answer.status_code for answer in answers] == [200] * 20
    assert [part.asked for part in parts] == [1, 1]


@pytest.mark.parametrize(("kept", "asked"), [(60, 1), (0, 3)])
async def test_an_answer_is_kept_for_a_while(kept: float, asked: int) -> None:
    part = Part()
    async with client_of(Readiness({"database": part.check}, kept=kept)) as client:
        for _ in range(3):
            assert (await client.get("/readyz")).status_code == 200
    assert part.asked == asked


async def test_one_who_goes_away_does_not_end_the_asking_of_others() -> None:
    part = Part(may=False)
    readiness = Readiness({"database": part.check})
    first = asyncio.create_task(readiness.parts())
    second = asyncio.create_task(readiness.parts())
    await part.came.wait()
    first.cancel()
    await asyncio.wait([first])
    part.may.set()
    assert await second == {"database": "ok"}


async def test_a_server_that_was_told_to_stop_is_not_ready_but_alive() -> None:
    stop, part = Stop(), Part()
    async with client_of(Readiness({"database": part.check}), stop) as client:
        stop.is_stopping = True
        assert await answered(lambda: client.get("/readyz")) == (503, {"status": "stopping", "checks": {}})
        assert (await client.get("/livez")).status_code == 200
    assert part.asked == 0


async def test_the_end_waits_for_requests_that_tidy_up_but_not_for_ever() -> None:
    stop, tidied = Stop(), asyncio.Event()

    async def tidies(_: Request) -> Response:
        tidied.set()
        await part.may.wait()
        return Response()

    part = Part(may=False)
    listed = middleware(max_body_size=100, observing=Observing(stop=stop))
    app = Starlette(routes=[Route("/", tidies)], middleware=listed)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api.example") as client:
        await stop.until_idle(60)
        asking = asyncio.create_task(client.get("/"))
        await tidied.wait()
        await stop.until_idle(0.01)
        assert not asking.done()
        waiting = asyncio.create_task(stop.until_idle(60))
        await asyncio.sleep(0)
        assert not waiting.done()
        part.may.set()
        await asyncio.wait_for(waiting, 10)
        assert (await asking).status_code == 200


async def test_metrics_are_for_who_has_the_token() -> None:
    token = "a-token-of-some-length"  # noqa: S105
    app = Starlette(routes=[metrics_route(token, lambda: b"up 1\n", "text/plain")])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api.example") as client:
        right = f"Bearer {token}".encode()
        wrong = [b"", token.encode(), right + b"x", b"Bearer", b"Basic " + token.encode(), "Bearer ä".encode("latin-1")]
        for sent in ([], [right, right], *([one] for one in wrong)):
            refused = await client.get("/metrics", headers=[(b"authorization", one) for one in sent])
            assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
        for scheme in ("Bearer", "bearer", "BEARER", "Bearer  "):
            found = await client.get("/metrics", headers={"authorization": f"{scheme} {token}"})
            assert (found.status_code, found.text) == (200, "up 1\n")
