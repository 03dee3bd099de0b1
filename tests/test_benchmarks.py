"""What benchmarks stand on: a stub that pages as Acontext does, and a gate that shuts."""

import json
import sys
from itertools import product
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from embedded.opened import Client, opened
from gql_api.upstream import cursor

sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))

from rig import ids, limits
from rig.measuring import Figures
from rig.report import Result
from rig.stub import Stub

COUNT = 7
SESSION = ids.session_id(1, messages=COUNT)


def asked_of_the_stub(query: dict[str, str]) -> dict[str, Any]:
    status, body = Stub().answer("GET", f"/api/v1/session/{SESSION}/messages", query, b"")
    assert status == 200
    data: dict[str, Any] = json.loads(body)["data"]
    return data


def seen(page: dict[str, Any], whole: list[str]) -> tuple[list[int], bool]:
    """Tell which messages are on a page, counted from the oldest, and whether there are more."""
    return [whole.index(item["id"]) for item in page["items"]], page["has_more"]


def place_of(item: dict[str, Any], *, just_before: bool) -> str:
    find = cursor.just_before if just_before else cursor.after
    return find(cursor.moment(item["created_at"]), UUID(item["id"]))


async def test_the_stub_pages_as_acontext_does(tmp_path: Path) -> None:
    async with opened(tmp_path) as client:
        session = await client.session()
        for number in range(COUNT):
            await client.say(session, f"message {number}")
        await compare(client, session)


async def compare(client: Client, session: str) -> None:
    real, ours = await client.messages(session, format="acontext"), asked_of_the_stub({})
    ids_of = [[item["id"] for item in page["items"]] for page in (real, ours)]
    for limit, newest, at, just_before in product((1, 3, 7, 9), (False, True), (None, 0, 3, 6), (False, True)):
        query = {"format": "acontext", "limit": str(limit)} | ({"time_desc": "true"} if newest else {})
        cursors = [
            {} if at is None else {"cursor": place_of(page["items"][at], just_before=just_before)}
            for page in (real, ours)
        ]
        expected = seen(await client.messages(session, **query, **cursors[0]), ids_of[0])
        assert seen(asked_of_the_stub(query | cursors[1]), ids_of[1]) == expected, (limit, newest, at, just_before)


def result(cpu: float, **others: Any) -> Result:
    floor, here = Figures(cpu=1.0, median_ms=21, calls=3, rounds=1), Figures(cpu=cpu, median_ms=21, calls=3, rounds=1)
    given: dict[str, Any] = {"found": {"S1": {"product": here, "floor": floor}}, "paths": {"S1": 20.0}, "peaks": {}}
    return Result(machine="", seconds=0, titles={"S1": ""}, needed={"S1": 3}, **({"crowd": {}} | given | others))


def test_the_gate_opens_for_what_is_within_its_limits() -> None:
    assert limits.exceeded(result(1.9)) == []


@pytest.mark.parametrize(
    "beyond",
    [
        result(2.1),
        result(1.9, paths={"S1": 19.0}),
        result(1.9, peaks={"product": 201.0}),
        result(1.9, crowd={"asked": 256, "answered": 255}),
    ],
    ids=["cpu", "time", "memory", "unanswered"],
)
def test_the_gate_shuts_before_what_is_beyond(beyond: Result) -> None:
    assert len(limits.exceeded(beyond)) == 1


def test_the_gate_knows_what_is_to_be_flat() -> None:
    rows = [{"size": 10**power, "S8 product cpu_ms": float(power)} for power in (1, 2, 3, 4)]
    [fault] = limits.outgrown({"messages": rows})
    assert "S8" in fault
    assert list(limits.outgrown({"messages": [row | {"S8 product cpu_ms": 2.0} for row in rows]})) == []


def test_the_gate_lets_nothing_rise_faster_than_the_size_but_where_the_floor_does_too() -> None:
    rows = [
        {"size": 10**power, "S6 product cpu_ms": 20.0**power, "S6 floor cpu_ms": 10.0**power} for power in (1, 2, 3)
    ]
    [fault] = limits.outgrown({"messages": rows})
    assert fault.startswith("messages: S6 product cpu_ms is not linear: 2.00 times that")
    assert (
        list(limits.outgrown({"messages": [row | {"S6 floor cpu_ms": row["S6 product cpu_ms"]} for row in rows]})) == []
    )
