"""The ready operations of the repository, each asked once by its id, of a server that runs nothing else."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from databases import Databases
from gql_api.documents import tools
from gql_api.schema import print_schema
from live.conftest import Live

OPERATIONS = Path(__file__).parents[2] / "operations"
FOLLOWING = {"FollowMessages", "FollowSessions"}
CALL = {"callId": "call_1", "name": "forecast", "arguments": {"city": "Kyoto"}}
WEATHER = [
    {"message": {"chat": {"role": "ASSISTANT", "toolCalls": [CALL]}}},
    {"message": {"chat": {"role": "TOOL", "toolCallId": "call_1", "content": "Sunny, 21 degrees"}}},
    {"message": {"openai": {"role": "assistant", "content": "No, sunny."}}, "metadata": {"model": "demo"}},
]


@pytest.fixture
def databases(sqlite_databases: Databases) -> Databases:
    return sqlite_databases


class Application:
    """Asks as an application does that was given the ids, and the schemas of the variables."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._inputs = {
            tool["name"]: tool["inputSchema"] for tool in tools([OPERATIONS], print_schema(), form="mcp")[0]
        }
        self.asked: set[str] = set()

    async def ask(self, name: str, **variables: Any) -> Any:
        """Give the value of an operation's only field, in which there are no errors."""
        jsonschema_rs.validate(self._inputs[name], variables)
        self.asked.add(name)
        body = {"documentId": name, "variables": variables}
        answer = (await self._live.client.http.post("/graphql", json=body)).json()
        assert "errors" not in answer, answer["errors"]
        [value] = answer["data"].values()
        assert value.get("errors", []) == []
        return value


async def test_each_is_run_where_nothing_else_is(serve: Callable[..., Any]) -> None:
    async with serve(documents=OPERATIONS, only_trusted_documents=True) as live:
        application = Application(live)
        session = await told(application)
        last = await talked(application, session)
        await followed(live, session, last)
        await edited(application, session)
        await kept(application, session)
        await organised(application, session)
        await copied(application, session)
        await in_bulk(application, live)
        gone = await application.ask("DeleteSession", session=session)
        assert gone["deletedSessionId"] == session
        assert application.asked | FOLLOWING == {file.stem for file in OPERATIONS.iterdir()}
        refused = await live.client.answer("{ viewer { id } }")
        assert refused["errors"][0]["extensions"]["code"] == "QUERY_NOT_IN_SAFELIST"


async def told(application: Application) -> str:
    """Make a session, find it again, and give it another title."""
    made = await application.ask("CreateSession", title="To Kyoto", key="journey 1")
    again = await application.ask("CreateSession", title="To Kyoto", key="journey 1")
    session = str(made["session"]["id"])
    assert again["session"]["id"] == session
    found = await application.ask("GetOrCreateSession", session=session, key="journey 1 again")
    assert (found["created"], found["session"]["id"]) == (False, session)
    await application.ask("RenameSession", session=session, title="To Nara")
    await application.ask("CreateSession", key="journey 2")
    page = await application.ask("ListSessions", first=1)
    assert page["pageInfo"]["hasNextPage"]
    rest = await application.ask("ListSessions", after=page["pageInfo"]["endCursor"])
    assert [one["title"] for one in rest["nodes"]] == ["To Nara"]
    by_title = await application.ask("ListSessions", titleContains="nara")
    assert [one["id"] for one in by_title["nodes"]] == [session]
    return session


async def talked(application: Application, session: str) -> str:
    """Store a turn once, and several messages once; read them upwards. Give where to follow from."""
    question = {"chat": {"role": "USER", "content": "Rain in Kyoto?"}}
    first = await application.ask("StoreMessage", session=session, message=question, key="turn 1", empty=True)
    again = await application.ask("StoreMessage", session=session, message=question, key="turn 1", empty=True)
    assert (first["replayed"], again["replayed"]) == (False, True)
    last = first["message"]["id"]
    stored = await application.ask("StoreMessages", session=session, messages=WEATHER, key="answers 1", last=last)
    assert stored["storedCount"] == 3
    noted = await application.ask("AnnotateMessage", message=last, metadata={"liked": True})
    assert noted["message"]["metadata"] == {"liked": True}
    page = (await application.ask("ReadMessages", session=session, last=3))["messages"]
    assert [one["text"] for one in page["nodes"]] == ["", "", "No, sunny."]
    assert page["nodes"][0]["toolCalls"][0]["result"]["text"] == "Sunny, 21 degrees"
    above = (await application.ask("ReadMessages", session=session, before=page["pageInfo"]["startCursor"]))["messages"]
    assert ([one["text"] for one in above["nodes"]], above["pageInfo"]["hasPreviousPage"]) == (
        ["Rain in Kyoto?"],
        False,
    )
    [hit] = (await application.ask("SearchMessages", words="rain"))["nodes"]
    assert (hit["messageId"], hit["session"]["title"]) == (last, "To Nara")
    return str(page["resumeCursor"])


async def followed(live: Live, session: str, after: str) -> None:
    """Follow the session from where it was read, while another message is stored."""
    async with live.socket() as socket:
        variables = {"session": session, "after": after}
        await socket.send(id="1", type="subscribe", payload={"documentId": "FollowMessages", "variables": variables})
        await socket.send(id="2", type="subscribe", payload={"documentId": "FollowSessions"})
        await live.until(lambda: live.app.state.running.following.subscriptions == 2)
        message = {"chat": {"role": "USER", "content": "Thanks"}}
        stored = {"session": session, "message": message, "key": "turn 2"}
        await live.client.http.post("/graphql", json={"documentId": "StoreMessage", "variables": stored})
        assert (await socket.event("1"))["messageEdge"]["node"]["text"] == "Thanks"
        active = await socket.event("2")
        assert (active["kind"], active["sessionEdge"]["node"]["id"]) == ("ACTIVE", session)


async def edited(application: Application, session: str) -> None:
    """Weigh two ways to edit, count, and load what a model gets, under a pin too."""
    blank, short = {"removeToolResult": {"keepRecentNToolResults": 0}}, {"tokenLimit": {"limitTokens": 5}}
    compared = await application.ask("CompareStrategies", session=session, one=[blank], other=[short])
    total = (await application.ask("CountTokens", session=session))["tokenCounts"]["total"]
    one, other = compared["one"], compared["other"]
    assert one["edits"]["tokensBefore"] == other["edits"]["tokensBefore"] == total
    assert (one["totalCount"], len(one["edits"]["changedIds"]), one["edits"]["removedIds"]) == (5, 1, [])
    assert len(other["edits"]["removedIds"]) == 5 - other["totalCount"] > 0
    history = (await application.ask("LoadHistory", session=session, results=0, form="ANTHROPIC"))["messages"]
    assert "Sunny" not in str(history["formatted"]["messages"])
    pinned = await application.ask("LoadHistory", session=session, results=0, pin=history["editAtMessageId"])
    assert pinned["messages"]["editAtMessageId"] == history["editAtMessageId"]


async def kept(application: Application, session: str) -> None:
    """Write a file, list it, read it, delete it."""
    plan = {"session": session, "path": "/notes/plan.md"}
    written = await application.ask("UploadFile", **plan, content={"text": "# Kyoto"}, metadata={"by": "me"})
    assert (written["replaced"], written["file"]["size"]) == (False, 7)
    root = (await application.ask("ListFiles", session=session))["files"]
    assert (root["nodes"], root["directories"]) == ([], [{"path": "/notes/"}])
    notes = (await application.ask("ListFiles", session=session, glob="**/*.md"))["files"]
    assert [one["path"] for one in notes["nodes"]] == ["/notes/plan.md"]
    found = (await application.ask("SearchFiles", session=session, pattern="^# kyoto"))["disk"]["grep"]
    assert [one["path"] for one in found] == ["/notes/plan.md"]
    file = (await application.ask("ReadFile", **plan))["file"]
    assert (file["textContent"], file["metadata"], file["publicUrl"] is None) == ("# Kyoto", {"by": "me"}, False)
    changed = await application.ask("DescribeFile", **plan, metadata={"read": True})
    assert (changed["file"]["id"], changed["file"]["metadata"]) == (written["file"]["id"], {"read": True})
    assert (await application.ask("DeleteFile", **plan))["deletedFileId"]
    assert (await application.ask("ReadFile", **plan))["file"] is None


async def organised(application: Application, session: str) -> None:
    """Find the session by what it is tagged and pinned as, put it away, and take it out again."""
    recent = (await application.ask("RecentSessions", first=1))["nodes"]
    assert [(one["id"], one["displayTitle"], one["pinnedAt"]) for one in recent] == [(session, "To Nara", None)]
    changed = (await application.ask("OrganiseSession", session=session, pinned=True, tags=["Japan"]))["session"]
    assert (changed["pinnedAt"] is None, changed["tags"]) == (False, ["Japan"])
    tagged = (await application.ask("RecentSessions", pinned=True, tags=["japan"]))["nodes"]
    assert [one["id"] for one in tagged] == [session]
    put_away = (await application.ask("OrganiseSession", session=session, archived=True))["session"]
    assert (put_away["archivedAt"] is None, put_away["pinnedAt"], put_away["tags"]) == (
        False,
        changed["pinnedAt"],
        ["Japan"],
    )
    assert (await application.ask("RecentSessions", pinned=True))["nodes"] == []
    archive = (await application.ask("RecentSessions", archived=True))["nodes"]
    assert [one["id"] for one in archive] == [session]
    back = (await application.ask("OrganiseSession", session=session, archived=False))["session"]
    assert back["archivedAt"] is None


async def copied(application: Application, session: str) -> None:
    """Copy the first message of it, once."""
    page = (await application.ask("ReadMessages", session=session, last=5))["messages"]
    asked = {"session": session, "at": page["nodes"][0]["id"], "title": "To Osaka", "key": "copy 1"}
    made = await application.ask("ForkSession", **asked)
    assert (made["session"]["title"], made["session"]["forkedFrom"], made["progress"]) == (
        "To Osaka",
        {"id": session},
        None,
    )
    assert await application.ask("ForkSession", **asked) == made
    exported = await application.ask("ExportSession", session=made["session"]["id"])
    assert "/api/v1/exports/" in exported["exportUrl"]["url"]
    copy = (await application.ask("ReadMessages", session=made["session"]["id"], last=5))["messages"]
    assert [one["text"] for one in copy["nodes"]] == ["Rain in Kyoto?"]


async def in_bulk(application: Application, live: Live) -> None:
    """Tag several sessions, and delete them, beside one that is not there."""
    keys = [f"bulk {number}" for number in range(2)]
    sessions = [(await application.ask("CreateSession", key=key))["session"]["id"] for key in keys]
    tagged = await application.ask("OrganiseSessions", sessions=sessions, addTags=["old"], archived=True)
    assert [(one["id"], one["tags"], one["archivedAt"] is None) for one in tagged["sessions"]] == [
        (id, ["old"], False) for id in sessions
    ]
    gone = await application.ask("DeleteSessions", sessions=sessions)
    assert gone["deletedSessionIds"] == sessions
    body = {"documentId": "OrganiseSessions", "variables": {"sessions": sessions[:1], "pinned": True}}
    [error] = (await live.client.http.post("/graphql", json=body)).json()["data"]["updateSessions"]["errors"]
    assert (error["code"], error["path"]) == ("NOT_FOUND", ["input", "ids", "0"])


def test_each_is_in_a_file_of_its_name_and_says_what_it_and_its_variables_are() -> None:
    made, left_out = tools([OPERATIONS], print_schema(), form="mcp")

    assert [line.partition(": ")[2] for line in left_out] == [
        f"{name} is left out: a subscription has no end." for name in sorted(FOLLOWING)
    ]
    assert [tool["name"] for tool in made] == sorted({file.stem for file in OPERATIONS.iterdir()} - FOLLOWING)
    for tool in made:
        text = (OPERATIONS / f"{tool['name']}.graphql").read_text(encoding="utf-8")
        said = [tool["description"], *(one["description"] for one in tool["inputSchema"]["properties"].values())]
        assert tool["_meta"]["documentId"] == tool["name"]
        assert [one for one in said if one not in " ".join(text.replace("#", " ").split())] == []
