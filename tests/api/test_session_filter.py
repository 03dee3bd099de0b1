"""Filters of sessions: titles without regard to case, no wildcards; times exclusive, written as RFC 3339 says."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.client import Client
from databases import Databases

FOUND = """
query ($filter: SessionFilter, $orderBy: SessionOrder) {
  sessions(filter: $filter, orderBy: $orderBy) { totalCount nodes { title createdAt } }
}
"""
TITLES = ["Plan", "100% plan", "under_score", "undeRscore", "ÄRGER", "ärger", "a\\b", "'; --", None]


@pytest.fixture
async def listed(client: Client) -> list[Any]:
    """Sessions of many titles, as they are listed: newest first."""
    for title in TITLES:
        await client.create(title=title)
    nodes: list[Any] = (await client.data(FOUND))["sessions"]["nodes"]
    assert [node["title"] for node in nodes] == TITLES[::-1]
    return nodes


async def found(client: Client, **filter: Any) -> list[Any]:
    """List the sessions that a filter leaves; the count must agree."""
    page = (await client.data(FOUND, filter=filter))["sessions"]
    assert page["totalCount"] == len(page["nodes"])
    nodes: list[Any] = page["nodes"]
    return nodes


async def test_titles_are_searched_without_regard_to_case_and_without_wildcards(
    client: Client, listed: list[Any]
) -> None:
    for text, titles in [
        ("PLAN", ["100% plan", "Plan"]),
        ("0%", ["100% plan"]),
        ("%", ["100% plan"]),
        ("r_s", ["under_score"]),
        ("RS", ["undeRscore"]),
        ("äRger", ["ärger", "ÄRGER"]),
        ("\\", ["a\\b"]),
        ("'", ["'; --"]),
        ("no such title", []),
        ("\x00", []),
        ("p" * 100_000, []),
    ]:
        assert [node["title"] for node in await found(client, titleContains=text)] == titles, text
    assert await found(client, titleContains=None, createdAfter=None, createdBefore=None) == listed


async def test_times_are_exclusive_and_may_have_any_offset(client: Client, listed: list[Any]) -> None:
    moments = [datetime.fromisoformat(node["createdAt"]) for node in listed]
    assert moments == sorted(set(moments), reverse=True)
    for zone in (UTC, timezone(timedelta(hours=5, minutes=30)), timezone(-timedelta(hours=23, minutes=59))):
        later, earlier = (moments[place].astimezone(zone).isoformat() for place in (2, 5))
        assert await found(client, createdAfter=earlier) == listed[:5]
        assert await found(client, createdBefore=later) == listed[3:]
        assert await found(client, createdAfter=earlier, createdBefore=later) == listed[3:5]
        assert await found(client, createdAfter=later, createdBefore=earlier) == []
        assert await found(client, createdBefore=later, titleContains="PLAN") == listed[-2:]
    assert (
        await found(client, createdAfter="0001-01-01T00:00:00Z", createdBefore="9999-12-31T23:59:59.999999Z") == listed
    )


async def test_the_order_may_be_turned(client: Client, listed: list[Any]) -> None:
    for order, nodes in [("CREATED_AT_DESC", listed), ("CREATED_AT_ASC", listed[::-1]), (None, listed)]:
        assert (await client.data(FOUND, orderBy=order))["sessions"]["nodes"] == nodes


NO_TIMES = [
    "2026-01-31T12:00:00",
    "2026-01-31",
    "2026-13-01T00:00:00Z",
    "2026-01-31T25:00:00Z",
    "yesterday",
    "",
    1769860800,
    True,
    "0001-01-01T00:00:00+01:00",
    "9999-12-31T23:59:59-01:00",
]
ODD_TIMES = [
    "20260131T120000Z",
    "2026-W05-6T12:00:00Z",
    "2026-01-31T12Z",
    "2026-01-31 12:00:00,5Z",
    "2026-01-31T12:00:00+01",
]


class TestSpelling:
    """On one kind of database: the times do not get that far."""

    @pytest.fixture
    def databases(self, sqlite_databases: Databases) -> Databases:
        return sqlite_databases

    async def test_what_is_no_moment_is_refused(self, client: Client) -> None:
        for time in [*NO_TIMES, *ODD_TIMES]:
            answer = await client.answer(FOUND, filter={"createdAfter": time})
            assert [error["extensions"] for error in answer["errors"]] == [{"code": "BAD_USER_INPUT"}], time
            assert "data" not in answer
        document = '{ sessions(filter: {createdAfter: "2026-01-31T12:00:00"}) { totalCount } }'
        assert await client.code(document) == "GRAPHQL_VALIDATION_FAILED"

    async def test_all_spellings_of_rfc_3339_are_taken(self, client: Client) -> None:
        await client.create()
        for time in ["2026-01-31T12:00:00Z", "2026-01-31t12:00:00.1z", "2026-01-31T12:00:00.123456789-00:00"]:
            assert len(await found(client, createdAfter=time)) == 1, time

    @settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(text=st.text("aA%_\\ÄäsS ", max_size=3))
    async def test_a_title_is_found_by_what_it_contains(self, client: Client, listed: list[Any], text: str) -> None:
        expected = [node for node in listed if not text or text.lower() in (node["title"] or "").lower()]
        assert await found(client, titleContains=text) == expected
