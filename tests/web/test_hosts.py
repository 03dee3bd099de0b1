"""Which hosts are answered for, and which pages may ask: a name that somebody else chose is not ours."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from gql_api.web.middleware import Site, middleware

HOSTS = ["api.example", "[2001:db8::1]"]
ORIGIN = "https://app.example"
PREFLIGHT = {"access-control-request-method": "POST", "access-control-request-headers": "authorization,content-type"}


async def here(_: Request) -> Response:
    return PlainTextResponse("here")


def client_of(**given: Any) -> httpx.AsyncClient:
    routes = [Route(path, here, methods=["GET", "POST"]) for path in ("/graphql", "/livez", "/readyz")]
    routes.append(Route("/api/v1/material/{token}", here))
    app = Starlette(routes=routes, middleware=middleware(max_body_size=100, site=Site(**given)))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


async def status(client: httpx.AsyncClient, *hosts: str, path: str = "/graphql") -> int:
    """Ask with these Host headers, and no others."""
    request = client.build_request("GET", path)
    del request.headers["host"]
    request.headers = httpx.Headers([*request.headers.raw, *((b"host", host.encode()) for host in hosts)])
    return (await client.send(request)).status_code


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", 200),
        ("localhost:8000", 200),
        ("LocalHost.", 200),
        ("localhost.:80", 200),
        ("127.0.0.1", 200),
        ("127.255.0.9:1", 200),
        ("[::1]", 200),
        ("[::1]:8000", 200),
        ("[0:0:0:0:0:0:0:1]", 200),
        ("api.example", 200),
        ("API.example.:443", 200),
        ("[2001:db8::1]:80", 200),
        ("evil.example", 421),
        ("localhost.evil.example", 421),
        ("localhost..", 421),
        ("evil-localhost", 421),
        ("xlocalhost", 421),
        ("x.api.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("128.0.0.1", 421),
        ("0.0.0.0", 421),  # noqa: S104 - a name that browsers once took for this machine
        ("127.1", 421),
        ("2130706433", 421),
        ("[::ffff:10.0.0.1]", 421),
        ("[2001:db8::2]", 421),
        ("", 400),
        ("localhost:x", 400),
        ("localhost:80:80", 400),
        ("localhost, evil.example", 400),
        ("evil.example@localhost", 400),
        ("localhost/evil", 400),
        ("local host", 400),
        ("::1", 400),
        ("[::1", 400),
        ("\u217c\u1d52calhost", 400),
        ("localhost\u3002", 400),
    ],
)
async def test_only_hosts_of_ours_are_answered_for(host: str, expected: int) -> None:
    async with client_of(hosts=HOSTS) as client:
        assert await status(client, host) == expected
        assert await status(client, host, path="/api/v1/material/x") == expected


async def test_the_host_must_be_there_once() -> None:
    async with client_of(hosts=HOSTS) as client:
        assert await status(client) == 400
        assert await status(client, "localhost", "localhost") == 400
        assert await status(client, "localhost", "evil.example") == 400


async def test_another_host_is_told_so_in_the_media_type_asked_for() -> None:
    graphql = "application/graphql-response+json"
    async with client_of(hosts=[]) as client:
        for accept, media in ((graphql, graphql), ("*/*", "application/json"), ("text/html", "application/json")):
            answer = await client.post("/graphql", headers={"host": "evil.example", "accept": accept})
            assert (answer.status_code, answer.json()) == (
                421,
                {
                    "errors": [
                        {
                            "message": "This server does not answer for this host; GQL_API_ALLOWED_HOSTS names those "
                            "it does.",
                            "extensions": {"code": "BAD_REQUEST"},
                        }
                    ]
                },
            )
            assert answer.headers["content-type"] == f"{media}; charset=utf-8"
            assert "x-request-id" in answer.headers


async def test_probes_are_answered_under_any_name() -> None:
    async with client_of(hosts=[]) as client:
        assert [await status(client, *given, path="/livez") for given in (["10.1.2.3:80"], [], ["a", "b"])] == [200] * 3
        assert await status(client, "10.1.2.3:80", path="/readyz") == 200
        assert await status(client, "10.1.2.3:80", path="/livez/../graphql") == 421


async def test_where_no_hosts_are_set_any_is_answered_for() -> None:
    async with client_of() as client:
        assert await status(client, "anything.example") == 200


async def test_another_host_gets_no_socket_either() -> None:
    app: Callable[..., object] = Starlette(middleware=middleware(max_body_size=100, site=Site(hosts=[])))
    sent: list[object] = []

    async def receive() -> dict[str, object]:
        return {"type": "websocket.connect"}

    async def send(message: object) -> None:
        sent.append(message)

    scope = {"type": "websocket", "path": "/graphql", "headers": [(b"host", b"evil.example")], "subprotocols": []}
    await app(scope, receive, send)  # type: ignore[misc]
    assert sent == [{"type": "websocket.close", "code": 1008}]


async def test_pages_of_other_origins_may_not_ask_unless_they_are_named() -> None:
    for origins in ([], [ORIGIN]):
        async with client_of(origins=origins) as client:
            for origin in ("https://evil.example", "null", f"{ORIGIN}.evil.example", "http://app.example"):
                asked = await client.options("/graphql", headers={"origin": origin, **PREFLIGHT})
                answered = await client.get("/graphql", headers={"origin": origin})
                assert "access-control-allow-origin" not in {*asked.headers, *answered.headers}


async def test_pages_of_a_named_origin_may_ask_with_a_token_and_without_cookies() -> None:
    async with client_of(origins=[ORIGIN]) as client:
        asked = await client.options("/graphql", headers={"origin": ORIGIN, **PREFLIGHT})
        answered = await client.get("/graphql", headers={"origin": ORIGIN})
        other = await client.options(
            "/graphql", headers={"origin": ORIGIN, **PREFLIGHT, "access-control-request-method": "PUT"}
        )

    assert (asked.status_code, other.status_code) == (200, 400)
    assert asked.headers["access-control-allow-origin"] == ORIGIN
    assert {"authorization", "content-type", "x-user"} <= {
        name.strip().lower() for name in asked.headers["access-control-allow-headers"].split(",")
    }
    assert answered.headers["access-control-allow-origin"] == ORIGIN
    assert (
        answered.headers["access-control-expose-headers"]
        == "x-request-id, www-authenticate, retry-after, content-disposition, content-range, etag"
    )
    assert "origin" in answered.headers["vary"].lower()
    assert "access-control-allow-credentials" not in {**asked.headers, **answered.headers}
