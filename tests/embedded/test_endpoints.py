"""Every endpoint of Acontext is answered or refused in one clear line, and nothing else is there."""

import re
from itertools import product
from uuid import uuid4

import httpx

from embedded.opened import API_KEY, Client
from gql_api.embedded.app import ROUTES
from gql_api.embedded.unoffered import UNOFFERED

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
UPSTREAM = """
GET    /ping
GET    /session
POST   /session
DELETE /session/{session_id}
PUT    /session/{session_id}/configs
PATCH  /session/{session_id}/configs
GET    /session/{session_id}/configs
POST   /session/{session_id}/messages
GET    /session/{session_id}/messages
PATCH  /session/{session_id}/messages/{message_id}/meta
GET    /session/{session_id}/asset/download
POST   /session/{session_id}/flush
GET    /session/{session_id}/token_counts
GET    /session/{session_id}/observing_status
POST   /session/{session_id}/copy
POST   /session/{session_id}/events
GET    /session/{session_id}/events
GET    /session/{session_id}/task
GET    /disk
POST   /disk
DELETE /disk/{disk_id}
POST   /disk/{disk_id}/artifact
GET    /disk/{disk_id}/artifact
PUT    /disk/{disk_id}/artifact
DELETE /disk/{disk_id}/artifact
GET    /disk/{disk_id}/artifact/download
GET    /disk/{disk_id}/artifact/ls
GET    /disk/{disk_id}/artifact/grep
GET    /disk/{disk_id}/artifact/glob
POST   /disk/{disk_id}/artifact/download_to_sandbox
POST   /disk/{disk_id}/artifact/upload_from_sandbox
GET    /agent_skills
POST   /agent_skills
GET    /agent_skills/{skill_id}
DELETE /agent_skills/{skill_id}
GET    /agent_skills/{skill_id}/file
POST   /agent_skills/{skill_id}/download_to_sandbox
GET    /user/ls
DELETE /user/{identifier}
GET    /user/{identifier}/resources
GET    /sandbox/logs
POST   /sandbox
POST   /sandbox/{sandbox_id}/exec
DELETE /sandbox/{sandbox_id}
GET    /project/configs
PATCH  /project/configs
POST   /project/encrypt
POST   /project/decrypt
POST   /learning_spaces
GET    /learning_spaces
GET    /learning_spaces/{space_id}
PATCH  /learning_spaces/{space_id}
DELETE /learning_spaces/{space_id}
POST   /learning_spaces/{space_id}/learn
POST   /learning_spaces/{space_id}/skills
GET    /learning_spaces/{space_id}/skills
DELETE /learning_spaces/{space_id}/skills/{skill_id}
GET    /learning_spaces/{space_id}/sessions/{session_id}
GET    /learning_spaces/{space_id}/sessions
"""
"""The routes of the server whose exchanges were recorded, below /api/v1."""
BEYOND = {
    ("GET", "/agent_skills/{skill_id}/download_zip"),  # asked for by the SDK
    ("DELETE", "/user/ls"),  # a user called so, upstream by the route with {identifier}
    ("DELETE", "/sandbox/logs"),
}
HERE = sorted((method, path) for path, handlers in ROUTES.items() for method in handlers)
REFUSED = sorted((method, path) for path, handlers in UNOFFERED.items() for method in handlers)
SAID = {  # the first word that is in the path
    "sandbox": "sandboxes are",
    "agent_skills": "agent skills are",
    "learning_spaces": "learning spaces are",
    "project/configs": "project configs are",
    "crypt": "encryption is",
}
NOT_FOUND = (404, "text/plain", "404 page not found")


def filled(path: str) -> str:
    """Put something plausible and unknown for the parameters of a path, and the path below that of the API."""
    return "/api/v1" + re.sub(r"{\w+}", lambda _: str(uuid4()), path)


def seen(response: httpx.Response) -> tuple[int, str, str]:
    return response.status_code, response.headers["content-type"], response.text


def test_the_endpoints_are_those_of_acontext() -> None:
    upstream = {tuple(line.split()) for line in UPSTREAM.strip().splitlines()}

    assert set(HERE) == upstream | BEYOND


async def test_each_endpoint_wants_the_key_and_answers_in_json(client: Client) -> None:
    for method, path in HERE:
        answered = await client.http.request(method, filled(path))
        stranger = await client.http.request(method, filled(path), headers={"authorization": f"Bearer {API_KEY}x"})
        nobody = await client.http.request(method, filled(path), headers={"authorization": ""})

        assert answered.json().keys() >= {"code", "msg"}, (method, path)
        assert answered.json()["code"] != 401, (method, path)
        for refused in (stranger, nobody):
            assert (refused.status_code, refused.json()) == (401, {"code": 401, "msg": "Unauthorized"}), (method, path)


async def test_what_is_not_offered_says_so_in_one_line(client: Client) -> None:
    for method, path in REFUSED:
        what = next(said for word, said in SAID.items() if word in path)
        refused = await client.refused(method, filled(path).removeprefix("/api/v1"))
        assert refused == (501, 501, f"{what} not offered by the embedded Acontext"), (method, path)


async def test_other_methods_and_other_paths_are_not_found(client: Client) -> None:
    for method, path in product(METHODS, ROUTES):
        if (method, path) not in HERE:
            status, kind, text = seen(await client.http.request(method, filled(path)))
            assert (status, kind, text or "404 page not found") == NOT_FOUND, (method, path)
    for path in ("/", "/api/v1", "/api/v2/ping", "/ping", "/api/v1/disk/x/y", "/api/v1/session/x/y", "/swagger"):
        assert seen(await client.http.get(path)) == NOT_FOUND, path


async def test_a_slash_too_much_is_led_to_the_path_without_it(client: Client) -> None:
    client.http.headers["authorization"] = "Bearer wrong"

    read = await client.http.get("/api/v1/session/?limit=1&user=a%20b")
    written = await client.http.post("/api/v1/session/")
    named = await client.http.delete("/api/v1/user/a%20b/")
    wrong = await client.http.put("/api/v1/session/")
    twice = await client.http.get("/api/v1/session//")

    assert (read.status_code, read.headers["location"]) == (301, "/api/v1/session?limit=1&user=a%20b")
    assert read.text == '<a href="/api/v1/session?limit=1&amp;user=a%20b">Moved Permanently</a>.\n\n'
    assert (written.status_code, written.headers["location"], written.text) == (307, "/api/v1/session", "")
    assert (named.status_code, named.headers["location"]) == (307, "/api/v1/user/a%20b")
    assert (twice.status_code, twice.headers["location"]) == (301, "/api/v1/session/")
    assert seen(wrong) == NOT_FOUND


async def test_a_user_called_as_a_route_is_deleted_too(client: Client) -> None:
    session = await client.session(user="ls")

    await client.call("DELETE", "/user/ls")

    assert await client.refused("GET", f"/session/{session}/events") == (404, 404, "session not found")
    assert (await client.call("GET", "/user/ls"))["items"] == []


async def test_whether_the_server_lives_is_told_without_a_key(client: Client) -> None:
    del client.http.headers["authorization"]

    alive = await client.http.get("/health")
    unknown = await client.http.get(f"/api/v1/material/{'0' * 64}")

    assert alive.json() == {"code": 0, "msg": "ok"}
    assert (unknown.status_code, unknown.json()) == (404, {"code": 404, "msg": "material not found"})
