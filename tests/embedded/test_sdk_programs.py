"""Programs as a newcomer writes them, with either client of the SDK, against the embedded Acontext on a port."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
from acontext import AcontextAsyncClient, AcontextClient, DiskEvent, FileUpload, TextEvent
from acontext.agent.disk import DISK_TOOLS
from acontext.messages import MessagePart, build_acontext_message

from embedded.alone import Alone, alone

NOTES = b"# Notes\nTODO: buy an umbrella\n"
ASKED = {"role": "user", "content": "Do I need an umbrella in Oslo?"}
CALLED = {
    "role": "assistant",
    "content": [
        {"type": "text", "text": "Let me see."},
        {"type": "tool_use", "id": "call_1", "name": "get_weather", "input": {"city": "Oslo"}},
    ],
}
ANSWERED = {"role": "tool", "tool_call_id": "call_1", "content": "Rain from noon, " + "heavy at times, " * 20}
CONCLUDED = {"role": "model", "parts": [{"text": "Yes: it rains from noon."}]}
BLANKED = {"type": "remove_tool_result", "params": {"keep_recent_n_tool_results": 0, "tool_result_placeholder": "gone"}}
SHORTENED = {"type": "remove_tool_call_params", "params": {"keep_recent_n_tool_calls": 0}}
FORMS = ("openai", "anthropic", "gemini", "acontext")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alone]:
    with alone(tmp_path_factory.mktemp("programs")) as running:
        yield running


@pytest.fixture
def sdk(server: Alone) -> Iterator[AcontextClient]:
    with AcontextClient(**server.sdk) as client:
        yield client


@pytest.fixture
async def async_sdk(server: Alone) -> AsyncIterator[AcontextAsyncClient]:
    async with AcontextAsyncClient(**server.sdk) as client:
        yield client


def talk(sdk: AcontextClient, **session: Any) -> str:
    """Have a conversation with a message in each of the four formats; the last one has a file."""
    made = sdk.sessions.create(**session)
    sdk.sessions.store_message(made.id, blob=ASKED)
    sdk.sessions.store_message(made.id, blob=CALLED, format="anthropic")
    sdk.sessions.store_message(made.id, blob=ANSWERED)
    sdk.sessions.store_message(made.id, blob=CONCLUDED, format="gemini")
    parts = ["Here are my notes.", MessagePart(type="file", file_field="notes")]
    blob = build_acontext_message(role="user", parts=parts)
    upload = FileUpload(filename="notes.md", content=NOTES, content_type="text/markdown")
    sdk.sessions.store_message(made.id, blob=blob, format="acontext", file_field="notes", file=upload)
    return made.id


def test_a_conversation_is_read_back_in_each_format(sdk: AcontextClient) -> None:
    session = talk(sdk)

    openai, anthropic, gemini, acontext = [sdk.sessions.get_messages(session, format=form) for form in FORMS]

    call = {"id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": '{"city":"Oslo"}'}}
    assert openai.items == [
        ASKED,
        {"role": "assistant", "content": "Let me see.", "tool_calls": [call]},
        ANSWERED,
        {"role": "assistant", "content": "Yes: it rains from noon."},
        {"role": "user", "content": [{"type": "text", "text": "Here are my notes."}]},
    ]
    assert [item["role"] for item in anthropic.items] == ["user", "assistant", "user", "assistant", "user"]
    assert anthropic.items[1] == CALLED
    assert [item["role"] for item in gemini.items] == ["user", "model", "user", "model", "user"]
    assert gemini.items[3] == CONCLUDED
    [file] = [part for part in acontext.items[4]["parts"] if part["type"] == "file"]
    assert (file["filename"], file["asset"]["size_b"]) == ("notes.md", len(NOTES))
    assert acontext.public_urls is not None
    assert httpx.get(acontext.public_urls[file["asset"]["sha256"]].url).content == NOTES
    assert openai.ids == anthropic.ids == gemini.ids == acontext.ids == [item["id"] for item in acontext.items]


def test_a_history_is_edited_for_a_model_and_stays_as_it_is(sdk: AcontextClient) -> None:
    session = talk(sdk)
    whole = sdk.sessions.get_messages(session)

    edited = sdk.sessions.get_messages(session, edit_strategies=[BLANKED, SHORTENED])
    limit = whole.this_time_tokens - 1
    fewer = sdk.sessions.get_messages(
        session, edit_strategies=[{"type": "token_limit", "params": {"limit_tokens": limit}}]
    )
    middle = sdk.sessions.get_messages(
        session, edit_strategies=[{"type": "middle_out", "params": {"token_reduce_to": limit}}]
    )
    sdk.sessions.store_message(session, blob={"role": "tool", "tool_call_id": "call_1", "content": "Sun"})
    pinned = sdk.sessions.get_messages(
        session, edit_strategies=[BLANKED], pin_editing_strategies_at_message=edited.edit_at_message_id
    )

    assert edited.items[2]["content"] == "gone"
    assert edited.items[1]["tool_calls"][0]["function"]["arguments"] == "{}"
    assert edited.edit_at_message_id == whole.ids[-1]
    assert fewer.items == whole.items[1:]
    assert middle.items == [whole.items[0], *whole.items[3:]]
    assert [item["content"] for item in pinned.items if item["role"] == "tool"] == ["gone", "Sun"]
    assert sdk.sessions.get_messages(session).items[:5] == whole.items
    assert sdk.sessions.get_token_counts(session).total_tokens == whole.this_time_tokens + 2


def test_a_session_is_kept_found_noted_upon_copied_and_deleted(sdk: AcontextClient) -> None:
    session = talk(sdk, user="mia@example.com", configs={"agent": {"name": "bot", "version": 2}})
    first, *_, last = sdk.sessions.get_messages(session).ids
    noted = sdk.sessions.add_event(session, TextEvent(text="dark mode"))
    sdk.sessions.store_message(session, blob={"role": "user", "content": "Thanks"}, meta={"device": "phone"})
    sdk.sessions.patch_configs(session, configs={"mood": "good"})

    found = sdk.sessions.list(user="mia@example.com", filter_by_configs={"agent": {"name": "bot"}})
    page = sdk.sessions.get_messages(session, limit=2)
    rest = sdk.sessions.get_messages(session, cursor=page.next_cursor, limit=100, with_events=True)
    copy = sdk.sessions.copy(session)
    copied = sdk.sessions.get_messages(copy.new_session_id)
    sdk.sessions.delete(session)

    assert [item.id for item in found.items] == [session]
    assert found.items[0].configs == {"agent": {"name": "bot", "version": 2}, "mood": "good"}
    assert (page.has_more, page.ids[0], rest.has_more, rest.ids[-2]) == (True, first, False, last)
    assert rest.metas[-1] == {"device": "phone"}
    assert rest.events == [noted]
    assert copied.items == page.items + rest.items
    assert [event.data for event in sdk.sessions.get_events(copy.new_session_id).items] == [{"text": "dark mode"}]
    assert [item.id for item in sdk.sessions.list(user="mia@example.com").items] == [copy.new_session_id]


def test_files_are_put_found_shown_and_deleted(sdk: AcontextClient) -> None:
    disk = sdk.disks.create(user="noa@example.com")
    files = sdk.disks.artifacts
    files.upsert(disk.id, file=FileUpload(filename="notes.md", content=NOTES), file_path="/docs/", meta={"by": "noa"})
    files.upsert(disk.id, file=("data.bin", b"\x00\x01"), file_path="/docs/deep/")

    shown = files.get(disk.id, file_path="/docs", filename="notes.md", with_public_url=True, with_content=True)
    files.update(disk.id, file_path="/docs/", filename="notes.md", meta={"read": True})
    listed = files.list(disk.id, path="/docs/")
    event = sdk.sessions.add_event(talk(sdk), DiskEvent(disk_id=disk.id, path="/docs/notes.md", note="put"))

    assert shown.content is not None
    assert (shown.artifact.meta["by"], shown.content.raw) == ("noa", NOTES.decode())
    assert shown.public_url is not None
    served = httpx.get(shown.public_url)
    assert (served.content, served.headers["content-type"]) == (NOTES, "text/markdown; charset=utf-8")
    assert ([file.filename for file in listed.artifacts], listed.directories) == (["notes.md"], ["deep"])
    assert listed.artifacts[0].meta["read"] is True
    assert [file.filename for file in files.grep_artifacts(disk.id, query="todo.*umbrella")] == ["notes.md"]
    assert [file.path for file in files.glob_artifacts(disk.id, query="**/*.bin")] == ["/docs/deep/"]
    assert event.data == {"disk_id": disk.id, "path": "/docs/notes.md", "note": "put"}
    files.delete(disk.id, file_path="/docs/deep", filename="data.bin")
    assert files.list(disk.id, path="/docs/").directories == []
    sdk.disks.delete(disk.id)
    assert sdk.disks.list(user="noa@example.com").items == []


def test_the_tools_of_an_agent_work_on_a_disk(sdk: AcontextClient) -> None:
    context = DISK_TOOLS.format_context(sdk, sdk.disks.create().id)

    def use(tool: str, **arguments: Any) -> str:
        return DISK_TOOLS.execute_tool(context, tool, arguments)

    here = {"file_path": "/try/", "filename": "a.txt"}
    assert "written" in use("write_file_disk", **here, content="one\ntwo\n")
    use("replace_string_disk", **here, old_string="two", new_string="three")
    assert "three" in use("read_file_disk", **here)
    assert "a.txt" in use("list_disk", file_path="/try/")
    assert "a.txt" in use("grep_disk", query="thr.e")
    assert "/try/a.txt" in use("glob_disk", query="**/*.txt")
    told = use("download_file_disk", **here, expire=300)
    [url] = [word for word in told.split() if word.startswith("http://")]
    assert httpx.get(url).text == "one\nthree\n"


def test_a_user_goes_with_all_that_is_theirs(sdk: AcontextClient) -> None:
    user = "bö, b@example.com?"
    session, disk = talk(sdk, user=user), sdk.disks.create(user=user)

    counts = sdk.users.get_resources(user).counts
    assert user in [item.identifier for item in sdk.users.list(limit=200).items]
    sdk.users.delete(user)

    assert (counts.sessions_count, counts.disks_count, counts.skills_count) == (1, 1, 0)
    assert user not in [item.identifier for item in sdk.users.list().items]
    assert session not in [item.id for item in sdk.sessions.list(limit=200).items]
    assert disk.id not in [item.id for item in sdk.disks.list(limit=200).items]


async def test_many_sessions_are_written_at_once_by_the_async_client(async_sdk: AcontextAsyncClient) -> None:
    async def work(number: int) -> tuple[list[str], str]:
        made = await async_sdk.sessions.create(user=f"async-{number}")
        disk = await async_sdk.disks.create(user=f"async-{number}")
        for turn in range(3):
            await async_sdk.sessions.store_message(made.id, blob={"role": "user", "content": f"{number}.{turn}"})
        await async_sdk.artifacts.upsert(disk.id, file=("a.txt", f"file {number}".encode()), file_path="/")
        page, file = await asyncio.gather(
            async_sdk.sessions.get_messages(made.id, format="gemini"),
            async_sdk.artifacts.get(disk.id, file_path="/", filename="a.txt"),
        )
        assert file.public_url is not None
        async with httpx.AsyncClient() as anybody:
            return [item["parts"][0]["text"] for item in page.items], (await anybody.get(file.public_url)).text

    told = await asyncio.gather(*(work(number) for number in range(8)))

    assert told == [([f"{number}.{turn}" for turn in range(3)], f"file {number}") for number in range(8)]
