"""Taking over a table of sessions and disks: what Acontext has for whom, in a few calls, whole or not at all."""

import io
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, get_args
from uuid import UUID, uuid4

import pytest

from api.odd_upstream import answering
from gql_api import model
from gql_api.errors import UpstreamUnavailable
from gql_api.services.transfer import Format
from gql_api.services.transfer.exporting import pages
from gql_api.services.transfer.importing import Import, Terms
from gql_api.services.transfer.inventory import aside
from gql_api.services.transfer.reading import Problem, Row, read
from gql_api.store import mappings
from gql_api.store.changing import Change, change
from services.parts import Parts, opened

LONG_AGO = datetime(2024, 2, 29, 23, 59, 59, 999999, tzinfo=UTC)


@pytest.fixture
async def parts(database: object, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Parts]:
    async with opened(tmp_path_factory.mktemp("acontext")) as parts:
        yield parts


class Taking:
    """Makes what is to be taken over in Acontext, and takes it over."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.terms = Terms(
            disk_owner_prefix="gql-api:disk:", adopt_unowned=False, dry_run=False, clock=lambda: parts.now
        )
        self._made = 0

    async def row(self, user: str = "ada", *, owner: str | None = "", disk_owner: str | None = None) -> Row:
        """Make a session, of this user unless `owner` says otherwise, and a disk of nobody's; give the line for it."""
        self._made += 1
        upstream = self.parts.upstream
        session = await upstream.ask("POST", "/session", json={"user": user if owner == "" else owner})
        disk_user = disk_owner and disk_owner.format(id=session["id"])
        disk = await upstream.ask("POST", "/disk", json={"user": disk_user} if disk_user else {})
        at = LONG_AGO + timedelta(microseconds=self._made)
        return Row(self._made, user, UUID(session["id"]), UUID(disk["id"]), f"number {self._made}", at)

    async def run(self, *rows: Row | Problem, **changed: Any) -> tuple[tuple[int, int, int], list[str]]:
        """Take over; give how many are new, were there and were refused, and what was told."""
        told: list[Problem] = []
        with aside() as ids:
            running = Import(self.parts.gateway, ids, replace(self.terms, **changed))
            await running.run(rows, told.extend)
        tally = running.tally
        return (tally.new, tally.there, tally.refused), [str(problem) for problem in told]


@pytest.fixture
def taking(parts: Parts) -> Taking:
    return Taking(parts)


async def test_many_lines_take_few_calls_and_are_sessions_then(taking: Taking) -> None:
    rows = [await taking.row(f"user {number % 3}") for number in range(12)]
    taking.parts.upstream.clear()
    assert await taking.run(*rows) == ((12, 0, 0), [])
    assert sorted(taking.parts.upstream.calls) == ["GET /disk"] + ["GET /session"] * 4  # 3 ask whose it is

    found = await mappings.ready("user 1", [row.session for row in rows])
    assert {
        session.id: (session.disk_id, session.title, session.created_at, session.updated_at)
        for session in found.values()
    } == {row.session: (row.disk, row.title, row.created_at, row.created_at) for row in rows[1::3]}
    mapping = await mappings.find(rows[0].session)
    assert mapping is not None
    assert (mapping.state, mapping.adopted) == (model.MappingState.READY, True)


async def test_the_same_file_again_changes_nothing_and_asks_nothing(taking: Taking) -> None:
    rows = [await taking.row() for _ in range(3)]
    assert await taking.run(*rows[:2]) == ((2, 0, 0), [])
    await change("ada", rows[0].session, Change(title=("another since",)), now=taking.parts.now)
    assert await taking.run(*rows) == ((1, 2, 0), [])
    taking.parts.upstream.clear()
    assert await taking.run(*rows) == ((0, 3, 0), [])
    assert taking.parts.upstream.calls == []
    assert (await mappings.ready("ada", [rows[0].session]))[rows[0].session].title == "another since"


async def test_a_dry_run_tells_the_same_and_writes_nothing(taking: Taking) -> None:
    rows = [await taking.row(), await taking.row(owner="bob"), await taking.row()]
    refused = ["line 2: user: The session has another user in Acontext."]
    for _ in range(2):
        assert await taking.run(*rows, dry_run=True) == ((2, 0, 1), refused)
    assert await taking.run(*rows) == ((2, 0, 1), refused)


async def test_what_acontext_lacks_or_has_for_others_is_refused(taking: Taking) -> None:
    rows = [
        await taking.row(),
        replace(await taking.row(), session=uuid4()),
        replace(await taking.row(), disk=uuid4()),
        await taking.row(owner="bob"),
        await taking.row(owner=None),
        await taking.row(disk_owner="bob"),
        await taking.row(disk_owner=f"gql-api:disk:{uuid4()}"),
        await taking.row(disk_owner="ada"),
        await taking.row(disk_owner="gql-api:disk:{id}"),
    ]
    first = [
        "line 2: session: Acontext has no such session.",
        "line 3: disk: Acontext has no such disk.",
        "line 4: user: The session has another user in Acontext.",
    ]
    last = [f"line {line}: disk: It has another user in Acontext." for line in (6, 7)]
    unowned = "line 5: user: The session has no user in Acontext; --adopt-unowned takes it over."
    assert await taking.run(*rows) == ((3, 0, 6), [*first, unowned, *last])
    assert await taking.run(*rows, adopt_unowned=True) == ((1, 3, 5), [*first, *last])


async def test_two_lines_for_one_session_or_disk_are_one_too_many(taking: Taking) -> None:
    row, other = await taking.row(), await taking.row()
    again = [replace(row, line=3), replace(other, line=4, session=uuid4()), Problem(5, "csv", "No line at all.")]
    for at_once in (500, 1):
        told = ["line 3: session: It is on line 1 already.", "line 4: disk: It is on line 2 already."]
        tally, problems = await taking.run(row, other, *again, at_once=at_once)
        assert problems == [*told, "line 5: csv: No line at all."]
        assert tally[2] == 3


async def test_what_is_bound_otherwise_stays_as_it_is(taking: Taking) -> None:
    made = await taking.parts.creation().begin("ada", id=uuid4(), title=None, adopted=False)
    assert made is not None
    bound, deleted, spare = await taking.row(), await taking.row(), await taking.row()
    await taking.run(bound, deleted)
    await mappings.entomb("ada", deleted.session, now=taking.parts.now, lease_until=taking.parts.now)
    rows = [
        replace(bound, line=1, user="bob"),
        replace(bound, line=2, disk=spare.disk),
        replace(spare, line=3, session=made.id, disk=uuid4()),
        replace(spare, line=4, disk=bound.disk),
        replace(deleted, line=5),
    ]
    taking.parts.upstream.clear()
    answers = [await taking.run(row) for row in rows]
    assert [problem for _, [problem] in answers] == [
        "line 1: session: Another user has it here.",
        "line 2: session: It has another disk here.",
        "line 3: session: It is being made just now; import it again later.",
        "line 4: disk: Another session has it.",
        "line 5: session: It was deleted here.",
    ]
    assert taking.parts.upstream.calls == []
    assert await taking.run(bound) == ((0, 1, 0), [])


async def test_what_another_server_binds_in_the_same_moment_is_told_as_it_is_then(taking: Taking, parts: Parts) -> None:
    same, otherwise, untouched = [await taking.row() for _ in range(3)]
    stolen = uuid4()

    async def bind(_: object) -> None:
        parts.upstream.meanwhile = None
        await taking.run(same)
        intent = await parts.creation().begin("bob", id=stolen, title=None, adopted=True)
        assert intent is not None
        await parts.creation().bind(intent, model.Disk(otherwise.disk, LONG_AGO))

    parts.upstream.meanwhile = bind
    assert await taking.run(same, otherwise, untouched) == ((1, 1, 1), ["line 2: disk: Another session has it."])
    assert await mappings.find(otherwise.session) is None


async def test_a_run_that_acontext_broke_off_goes_on_from_there(taking: Taking, parts: Parts) -> None:
    rows = [await taking.row(f"user {number}") for number in range(4)]
    seen: list[str] = []

    def is_odd(request: Any) -> bool:
        seen.append(str(request.url))
        return "user+3" in seen[-1] or "user%203" in seen[-1]

    parts.upstream.is_odd, parts.upstream.instead = is_odd, answering(500, {"code": 500, "msg": "down"})
    with pytest.raises(UpstreamUnavailable):
        await taking.run(*rows, at_once=2)
    parts.upstream.instead = None
    assert await taking.run(*rows, at_once=2) == ((2, 2, 0), [])


async def test_lists_longer_than_a_page_are_walked_once(taking: Taking, parts: Parts) -> None:
    for _ in range(200):
        await parts.upstream.ask("POST", "/disk", json={})
    rows = [await taking.row() for _ in range(3)]
    late = replace(await taking.row(), disk=uuid4())
    parts.upstream.clear()
    assert (await taking.run(*rows, late, at_once=1))[0] == (3, 0, 1)
    # Two pages of disks for the first line; after the last line the list is asked for what has come since.
    assert parts.upstream.calls.count("GET /disk") == 3


@pytest.mark.parametrize("format", get_args(Format))
async def test_an_export_has_all_that_is_ready_in_its_order_whatever_the_page(taking: Taking, format: Format) -> None:
    rows = [replace(await taking.row(user), created_at=LONG_AGO) for user in ("ada", "bob", 'a "b", c')]
    rows += [replace(await taking.row(), title=title) for title in (None, "", '"日本", "x"\u2028')]
    rows.append(replace(await taking.row(), pinned_at=LONG_AGO, archived_at=LONG_AGO, tags=("Work", "ä, b")))
    deleted = await taking.row()
    assert (await taking.run(*rows, deleted))[0] == (8, 0, 0)
    await mappings.entomb("ada", deleted.session, now=taking.parts.now, lease_until=taking.parts.now)

    whole = await exported(format)
    assert await exported(format, at_once=2) == await exported(format, at_once=1) == whole
    found = list(read(io.BytesIO(whole.encode()), format, reserved_prefix="gql-api:disk:"))
    ordered = sorted(rows, key=lambda row: (row.user, row.created_at, row.session))
    assert found == [replace(row, line=number) for number, row in enumerate(ordered, 2 if format == "csv" else 1)]


async def exported(format: Format, *, at_once: int = 1000) -> str:
    return "".join([line async for page in pages(format, at_once=at_once) for line in page.lines])
