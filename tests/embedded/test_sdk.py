"""Every method of the real SDK, called against the embedded Acontext on a port, is answered or clearly refused."""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_type_hints
from uuid import uuid4

import httpx
import pytest
from acontext import AcontextAsyncClient, AcontextClient, FileUpload, TextEvent
from acontext.errors import APIError
from pydantic import TypeAdapter

from embedded.alone import Alone, alone

ANY = str(uuid4())
SKILL, SPACE = {"skill_id": ANY}, {"space_id": ANY}
ZIP = FileUpload(filename="skill.zip", content=b"PK")
FILE = {"file_path": "/docs/", "filename": "a.md"}
IN_SANDBOX = {"sandbox_id": ANY, "sandbox_path": "/x/"}


@dataclass(frozen=True)
class Call:
    """What a method is called with, and the status and message that it is refused with, if it is."""

    arguments: Callable[[SimpleNamespace], dict[str, Any]]
    refusal: tuple[int, str] | None = None


def given(**arguments: Any) -> Call:
    return Call(lambda _: arguments)


def of_session(**arguments: Any) -> Call:
    return Call(lambda here: {"session_id": here.session, **arguments})


def of_disk(**arguments: Any) -> Call:
    return Call(lambda here: {"disk_id": here.disk, **arguments})


def never(what: str, **arguments: Any) -> Call:
    return Call(lambda _: arguments, (501, f"{what} not offered by the embedded Acontext"))


SESSIONS = {
    "create": given(user="kim", configs={"mode": "chat"}, disable_task_tracking=True),
    "list": given(user="kim", limit=10, time_desc=True, filter_by_configs={"mode": "chat"}),
    "get_configs": of_session(),
    "update_configs": of_session(configs={"mode": "other"}),
    "patch_configs": of_session(configs={"added": 1}),
    "store_message": of_session(blob={"role": "user", "content": "Hello"}, meta={"device": "phone"}),
    "get_messages": of_session(limit=5, with_events=True, with_asset_public_url=True, time_desc=True),
    "patch_message_meta": Call(
        lambda here: {"session_id": here.session, "message_id": here.message, "meta": {"read": True}}
    ),
    "get_token_counts": of_session(),
    "messages_observing_status": of_session(),
    "add_event": of_session(event=TextEvent(text="noted")),
    "get_events": of_session(limit=5, time_desc=True),
    "copy": of_session(),
    "get_tasks": of_session(limit=5, time_desc=True),
    "get_session_summary": of_session(limit=5),
    "flush": Call(lambda here: {"session_id": here.session}, (500, "failed to flush session")),
    "delete": Call(lambda here: {"session_id": here.doomed_session}),
}
DISKS = {
    "create": given(user="kim"),
    "list": given(user="kim", limit=10, time_desc=True),
    "delete": Call(lambda here: {"disk_id": here.doomed_disk}),
}
ARTIFACTS = {
    "upsert": of_disk(file=("b.txt", b"hello", "text/plain"), file_path="/docs/", meta={"by": "kim"}),
    "get": of_disk(**FILE, with_public_url=True, with_content=True, expire=60),
    "update": of_disk(**FILE, meta={"by": "ada"}),
    "list": of_disk(path="/docs/"),
    "grep_artifacts": of_disk(query="title", limit=5),
    "glob_artifacts": of_disk(query="**/*.md", limit=5),
    "delete": of_disk(file_path="/docs/", filename="doomed.md"),
    "download_to_sandbox": never("sandboxes are", disk_id=ANY, **FILE, **IN_SANDBOX),
    "upload_from_sandbox": never(
        "sandboxes are", disk_id=ANY, **IN_SANDBOX, sandbox_filename="a.md", file_path="/docs/"
    ),
}
USERS = {
    "list": given(limit=10, time_desc=True),
    "get_resources": given(identifier="kim"),
    "delete": given(identifier="nobody at all?"),
}
SKILLS = {
    "create": never("agent skills are", file=ZIP, user="kim", meta={"a": 1}),
    "list_catalog": never("agent skills are", user="kim", limit=10, time_desc=True),
    "get": never("agent skills are", **SKILL),
    "delete": never("agent skills are", **SKILL),
    "get_file": never("agent skills are", **SKILL, file_path="SKILL.md", expire=60),
    "download": never("agent skills are", **SKILL, path="nowhere"),
    "download_zip": never("agent skills are", **SKILL),
    "download_to_sandbox": never("sandboxes are", **SKILL, sandbox_id=ANY),
}
SANDBOXES = {
    "create": never("sandboxes are"),
    "exec_command": never("sandboxes are", sandbox_id=ANY, command="ls", timeout=5.0),
    "get_logs": never("sandboxes are", limit=5, time_desc=True),
    "kill": never("sandboxes are", sandbox_id=ANY),
}
LEARNING = {
    "create": never("learning spaces are", user="kim", meta={"a": 1}),
    "list": never("learning spaces are", user="kim", limit=5, filter_by_meta={"a": 1}),
    "get": never("learning spaces are", **SPACE),
    "update": never("learning spaces are", **SPACE, meta={"a": 2}),
    "delete": never("learning spaces are", **SPACE),
    "learn": never("learning spaces are", **SPACE, session_id=ANY),
    "get_session": never("learning spaces are", **SPACE, session_id=ANY),
    "wait_for_learning": never("learning spaces are", **SPACE, session_id=ANY, timeout=1.0, poll_interval=0.1),
    "list_sessions": never("learning spaces are", **SPACE),
    "include_skill": never("learning spaces are", **SPACE, **SKILL),
    "exclude_skill": never("learning spaces are", **SPACE, **SKILL),
    "list_skills": never("learning spaces are", **SPACE),
}
PROJECT = {
    "get_configs": never("project configs are"),
    "update_configs": never("project configs are", configs={"a": 1}),
}
RESOURCES = {
    "sessions": SESSIONS,
    "disks": DISKS,
    "disks.artifacts": ARTIFACTS,
    "users": USERS,
    "skills": SKILLS,
    "sandboxes": SANDBOXES,
    "learning_spaces": LEARNING,
    "project": PROJECT,
}
CALLS = {f"{resource}.{name}": call for resource, calls in RESOURCES.items() for name, call in calls.items()}
CALLS["ping"] = given()
UNSPOKEN = {"request", "request_binary", "close", "aclose"}
"""What a client has beside its calls: the plumbing of the resources, and its end."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alone]:
    with alone(tmp_path_factory.mktemp("sdk")) as running:
        yield running


@pytest.fixture
def here(server: Alone) -> SimpleNamespace:
    """What the calls are about, made for each test."""
    with AcontextClient(**server.sdk) as sdk:
        session, disk = sdk.sessions.create(user="kim").id, sdk.disks.create(user="kim").id
        message = sdk.sessions.store_message(session, blob={"role": "user", "content": "First"}).id
        for name in ("a.md", "doomed.md"):
            sdk.artifacts.upsert(disk, file=(name, b"# title"), file_path="/docs/")
        doomed = {"doomed_session": sdk.sessions.create().id, "doomed_disk": sdk.disks.create().id}
    return SimpleNamespace(session=session, disk=disk, message=message, **doomed)


def methods(holder: object, prefix: str = "") -> Iterator[str]:
    """Name the public methods of a client and of its resources, as they are called."""
    yield from (prefix + name for name, _ in inspect.getmembers(type(holder), inspect.isfunction) if name[0] != "_")
    for name, resource in vars(holder).items():
        if name[0] != "_" and type(resource).__module__.startswith("acontext."):
            yield from methods(resource, f"{prefix}{name}.")


def method(sdk: object, name: str) -> Callable[..., Any]:
    for part in name.split("."):
        sdk = getattr(sdk, part)
    assert callable(sdk)
    return sdk


def check_result(called: Callable[..., Any], result: object) -> None:
    """Compare with the type that the SDK promises; its models are instances by then, and nothing is converted."""
    kinds = vars(inspect.getmodule(called)) | {"list": list}
    promised = get_type_hints(inspect.unwrap(called), kinds)["return"]
    TypeAdapter(promised).validate_python(result, strict=True)


async def outcome(called: Callable[..., Any], **arguments: Any) -> Any:
    result = called(**arguments)
    return await result if inspect.isawaitable(result) else result


@pytest.fixture(params=[AcontextClient, AcontextAsyncClient])
async def sdk(request: pytest.FixtureRequest, server: Alone) -> Any:
    client = request.param(**server.sdk)
    yield client
    await outcome(getattr(client, "aclose", None) or client.close)


async def test_every_method_of_the_sdk_is_decided_upon(sdk: Any) -> None:
    """A new version of the SDK with a new method fails here until its call stands above."""
    assert sdk.artifacts is sdk.disks.artifacts
    assert {name for name in methods(sdk) if not name.startswith("artifacts.")} - UNSPOKEN == CALLS.keys()


async def test_every_method_is_answered_as_the_sdk_promises_or_refused(sdk: Any, here: SimpleNamespace) -> None:
    refusals = {}
    for name, call in CALLS.items():
        called = method(sdk, name)
        try:
            check_result(called, await outcome(called, **call.arguments(here)))
        except APIError as error:
            refusals[name] = (error.status_code, error.code, error.message)

    assert refusals == {name: (call.refusal[0], *call.refusal) for name, call in CALLS.items() if call.refusal}


async def test_no_tasks_and_no_summaries_are_made(sdk: Any, here: SimpleNamespace) -> None:
    tasks = await outcome(sdk.sessions.get_tasks, session_id=here.session)
    status = await outcome(sdk.sessions.messages_observing_status, session_id=here.session)

    assert (tasks.items, tasks.has_more, tasks.next_cursor) == ([], False, None)
    assert await outcome(sdk.sessions.get_session_summary, session_id=here.session) == ""
    assert (status.observed, status.in_process, status.pending) == (0, 0, 1)


@pytest.mark.parametrize("key", ["sk-ac-other", "sk-ac-", "alone"])
async def test_another_key_is_refused_to_the_sdk(server: Alone, key: str) -> None:
    with AcontextClient(base_url=server.base_url, api_key=key) as stranger, pytest.raises(APIError) as refused:
        stranger.ping()

    assert (refused.value.status_code, refused.value.message) == (401, "Unauthorized")


def test_a_key_of_another_kind_serves_as_it_is(tmp_path: Path) -> None:
    with alone(tmp_path, key="my~key") as server, AcontextClient(base_url=server.base_url, api_key="my~key") as sdk:
        assert sdk.ping() == "pong"
        assert httpx.get(f"{server.base_url}/ping").status_code == 401
