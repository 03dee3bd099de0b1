"""Edited views stay snapshots: cursors and pins carry on what the first read saw, and fit no other view."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from uuid import UUID, uuid4

import pytest

from api.client import Client
from api.conversation import KEEP_ONE, PAGE, read, refusal, results, texts, use_tools
from api.upstream import Upstream
from databases import Databases

RESULTS = "nodes { toolResults { text } } editAtMessageId"
VIEW = "nodes { id text toolResults { text } } editAtMessageId totalCount tokenCount"


@pytest.fixture
def databases(sqlite_databases: Databases) -> Databases:
    """One kind is enough: the database knows nothing of messages."""
    return sqlite_databases


@pytest.fixture
async def session(client: Client) -> str:
    """Six tool calls with their results: "result 0" to "result 5"."""
    made = str((await client.create())["id"])
    await use_tools(client, made, range(6))
    return made


async def test_a_walk_is_a_snapshot_and_what_came_after_it(client: Client, session: str) -> None:
    """Without the pin in the cursors, what is stored between two pages blanks results that were yet to come."""
    page = await read(client, session, f"{PAGE} {RESULTS}", edits=[KEEP_ONE], first=5)
    edit_at, walked = page["editAtMessageId"], results(page)
    numbers = iter(range(6, 9))
    while page["pageInfo"]["hasNextPage"]:
        for number in numbers:
            await use_tools(client, session, range(number, number + 1))
            break
        cursor = page["pageInfo"]["endCursor"]
        page = await read(client, session, f"{PAGE} {RESULTS}", edits=[KEEP_ONE], first=5, after=cursor)
        assert page["editAtMessageId"] == edit_at
        walked += results(page)
    assert walked == ["Done"] * 5 + ["result 5", "result 6", "result 7", "result 8"]


async def test_a_walk_back_is_the_same_snapshot(client: Client, session: str) -> None:
    page = await read(client, session, f"{PAGE} {RESULTS}", edits=[KEEP_ONE], last=5)
    walked = results(page)
    await use_tools(client, session, range(6, 9))
    while page["pageInfo"]["hasPreviousPage"]:
        cursor = page["pageInfo"]["startCursor"]
        page = await read(client, session, f"{PAGE} {RESULTS}", edits=[KEEP_ONE], last=5, before=cursor)
        walked = results(page) + walked
    assert walked == ["Done"] * 5 + ["result 5"]


async def test_edit_at_given_back_keeps_the_start_as_it_was(client: Client, session: str) -> None:
    before = await read(client, session, VIEW, edits=[KEEP_ONE])
    await use_tools(client, session, range(6, 8))
    after = await read(client, session, VIEW, edits=[KEEP_ONE], pin=before["editAtMessageId"])
    assert after["nodes"][:12] == before["nodes"]
    assert results(after) == ["Done"] * 5 + ["result 5", "result 6", "result 7"]
    assert after["editAtMessageId"] == before["editAtMessageId"]
    assert results(await read(client, session, VIEW, edits=[KEEP_ONE])) == ["Done"] * 7 + ["result 7"]


async def test_edit_at_is_told_also_when_the_edit_took_that_message_out(client: Client, upstream: Upstream) -> None:
    session = (await client.create())["id"]
    ids = await client.store(session, "short", "a text of so many words that it is over any limit that we set here")
    upstream.clear()
    edits = {"tokenLimit": {"limitTokens": 3}}
    page = await read(client, session, f"{VIEW} edges {{ cursor }}", edits=edits)
    assert page == {"nodes": [], "edges": [], "editAtMessageId": ids[1], "totalCount": 0, "tokenCount": 0}
    assert upstream.calls == ["GET /session/{id}/messages"] * 2
    await client.store(session, "new")
    page = await read(client, session, VIEW, edits=edits, pin=ids[1])
    assert [node["text"] for node in page["nodes"]] == ["new"]
    assert page["editAtMessageId"] == ids[1]


async def test_an_empty_conversation_has_no_place_of_edits(client: Client) -> None:
    session = (await client.create())["id"]
    page = await read(client, session, VIEW, edits=[KEEP_ONE])
    assert page == {"nodes": [], "editAtMessageId": None, "totalCount": 0, "tokenCount": 0}


@pytest.mark.parametrize("as_uuid", [False, True])
async def test_a_pin_may_be_any_message_by_either_id(client: Client, as_uuid: bool) -> None:
    session = (await client.create())["id"]
    await use_tools(client, session, range(3))
    [*_, node, _, _] = (await read(client, session, "nodes { id acontextId }"))["nodes"]
    pin = node["acontextId"].upper() if as_uuid else node["id"]
    page = await read(client, session, RESULTS, edits=[{"removeToolResult": {"keepRecentNToolResults": 0}}], pin=pin)
    assert results(page) == ["Done", "Done", "result 2"]
    assert page["editAtMessageId"] == node["id"]


async def test_pins_that_name_no_message_of_the_conversation_are_refused(client: Client, session: str) -> None:
    [other] = await client.store((await client.create())["id"], "elsewhere")
    nobody = "pinAtMessageId: there is no such message in this conversation."
    for pin in (str(uuid4()), other):
        assert await refusal(client, session, edits=[KEEP_ONE], pin=pin) == ("BAD_USER_INPUT", nobody)
    for pin in ("", "nonsense", session, str(UUID(int=0))):
        assert (await refusal(client, session, edits=[KEEP_ONE], pin=pin))[0] == "BAD_USER_INPUT"


async def test_a_pin_goes_with_strategies_only(client: Client, session: str) -> None:
    [node, *_] = (await read(client, session, "nodes { id }"))["nodes"]
    expected = ("BAD_USER_INPUT", "pinAtMessageId: a pin goes with editStrategy only.")
    assert await refusal(client, session, pin=node["id"]) == expected
    assert await refusal(client, session, pin=node["id"], edits=[]) == expected


async def test_cursors_hold_for_their_own_view_only(client: Client, session: str, upstream: Upstream) -> None:
    stored = (await read(client, session, PAGE))["pageInfo"]["startCursor"]
    edited = (await read(client, session, PAGE, edits=[KEEP_ONE]))["pageInfo"]["startCursor"]
    query = "{ sessions { edges { cursor } } }"
    [listed] = (await client.data(query))["sessions"]["edges"]
    upstream.clear()
    other = [{"removeToolResult": {"keepRecentNToolResults": 2}}]
    for bound in ("after", "before"):
        alien = ("BAD_USER_INPUT", f"{bound}: this is not a cursor of this list.")
        changed = ("BAD_USER_INPUT", f"{bound}: this cursor was made under other edit strategies.")
        assert await refusal(client, session, **{bound: edited}) == alien
        assert await refusal(client, session, **{bound: stored}, edits=[KEEP_ONE]) == alien
        assert await refusal(client, session, **{bound: listed["cursor"]}) == alien
        assert await refusal(client, session, **{bound: listed["cursor"]}, edits=[KEEP_ONE]) == alien
        assert await refusal(client, session, **{bound: edited}, edits=other) == changed
    assert upstream.calls == []


async def test_cursors_hold_in_their_own_session_only(client: Client, session: str, upstream: Upstream) -> None:
    """Also where both are the caller's: the place in one conversation says nothing of another."""
    other = (await client.create())["id"]
    await use_tools(client, other, range(2))
    stored = (await read(client, other, PAGE))["pageInfo"]["startCursor"]
    edited = (await read(client, other, PAGE, edits=[KEEP_ONE]))["pageInfo"]["startCursor"]
    upstream.clear()
    for bound, size in (("after", "first"), ("before", "last")):
        alien = ("BAD_USER_INPUT", f"{bound}: this is not a cursor of this list.")
        assert await refusal(client, session, **{bound: stored, size: 2}) == alien
        assert await refusal(client, session, **{bound: edited, size: 2}, edits=[KEEP_ONE]) == alien
    assert upstream.calls == []
    assert await texts(client, other, after=stored, first=1) == [""]


async def test_a_cursor_holds_no_id_but_those_of_messages(client: Client, session: str) -> None:
    [edge, *_] = (await read(client, session, "edges { cursor node { acontextId session { acontextId } } }"))["edges"]
    text = urlsafe_b64decode(edge["cursor"] + "==").decode()
    assert edge["node"]["acontextId"] in text
    assert edge["node"]["session"]["acontextId"] not in text


async def test_cursors_of_two_snapshots_do_not_mix(client: Client, session: str) -> None:
    early = await read(client, session, f"{PAGE} editAtMessageId", edits=[KEEP_ONE])
    await use_tools(client, session, range(6, 7))
    late = await read(client, session, f"{PAGE} editAtMessageId", edits=[KEEP_ONE])
    expected = ("BAD_USER_INPUT", "pinAtMessageId: the cursors were made under another pin.")
    cursor = early["pageInfo"]["startCursor"]
    assert await refusal(client, session, edits=[KEEP_ONE], after=cursor, pin=late["editAtMessageId"]) == expected
    assert (
        await refusal(client, session, edits=[KEEP_ONE], after=cursor, before=late["pageInfo"]["endCursor"]) == expected
    )
    assert await texts(client, session, edits=[KEEP_ONE], after=cursor, pin=early["editAtMessageId"], first=1) == [""]


def spoil(cursor: str, place: int, field: str) -> str:
    """Put another field into a cursor."""
    fields = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().split("\n")
    fields[place] = field
    return urlsafe_b64encode("\n".join(fields).encode()).decode().rstrip("=")


GARBAGE = ["", "=", "x", "äöü", "\x00", "bWVzc2FnZQ", "bWVzc2FnZQo", "A" * 10_000]
TIMES = ["", "noon", "-1", "9" * 17, "9" * 30, "9" * 5000]
IDS = ["", "id", str(UUID(int=0))]
MARKS = ["", "0" * 16]


async def test_spoiled_cursors_are_refused(client: Client, session: str, upstream: Upstream) -> None:
    stored = (await read(client, session, PAGE))["pageInfo"]["startCursor"]
    edited = (await read(client, session, PAGE, edits=[KEEP_ONE]))["pageInfo"]["startCursor"]
    upstream.clear()
    spoiled = [spoil(stored, place, field) for place, fields in ((1, MARKS), (2, TIMES), (3, IDS)) for field in fields]
    for cursor in [*GARBAGE, *spoiled, stored[:-9]]:
        for bound, size in (("after", "first"), ("before", "last")):
            assert (await refusal(client, session, **{bound: cursor, size: 3}))[0] == "BAD_USER_INPUT"
    places = ((1, MARKS), (2, MARKS), (3, IDS), (4, TIMES), (5, IDS))
    spoiled = [spoil(edited, place, field) for place, fields in places for field in fields]
    for cursor in [*GARBAGE, *spoiled, edited[:-9]]:
        assert (await refusal(client, session, edits=[KEEP_ONE], after=cursor))[0] == "BAD_USER_INPUT"
    assert upstream.calls == []


async def test_a_read_of_a_page_far_from_the_edits_end_still_costs_one_call(
    client: Client, session: str, upstream: Upstream
) -> None:
    upstream.clear()
    page = await read(client, session, RESULTS, edits=[KEEP_ONE], first=1)
    assert page["editAtMessageId"] is not None
    assert upstream.calls == ["GET /session/{id}/messages"]
