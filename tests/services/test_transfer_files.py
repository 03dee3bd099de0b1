"""Files of mappings: what is written is read as it was, and what is wrong is named by line and field."""

import io
import json
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import get_args
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gql_api import model
from gql_api.services.transfer import Format
from gql_api.services.transfer.exporting import line
from gql_api.services.transfer.reading import Problem, Row, UnfitFile, read

HEAD = "user,session,disk,title,created_at\n"
EXPORTED = "user,session,disk,title,created_at,pinned_at,archived_at,last_activity_at,tags,forked_from\n"
S, D = UUID(int=7), UUID(int=8)
NO_TIME = "created_at: This is no time by ISO 8601, such as 2026-01-31T12:00:00.123456Z."
NO_OBJECT = "json: This is no JSON object in which each name is there once."
THERE_ARE = f"there are {EXPORTED.strip().replace(',', ', ')}."
NO_FIELD = f"There is no such field; {THERE_ARE}"
NO_UNICODE = "title: This text is not valid Unicode: it contains a lone surrogate."
TOO_LONG = "csv: field larger than field limit (131072)"
AT = datetime(2026, 1, 31, 12, 0, 0, 123456, tzinfo=UTC)
TIMES = st.datetimes(timezones=st.timezones(), min_value=datetime(2, 1, 1), max_value=datetime(9998, 1, 1))
IDS = st.uuids(allow_nil=False)
ODD = st.one_of(st.text("a,\"'\\ \t;日本语é\u2028\u2029\ufeff𝄞", max_size=12), st.text(max_size=12))
TITLES = st.none() | ODD.filter(lambda text: all(unicodedata.category(letter) not in ("Cc", "Cs") for letter in text))
USERS = TITLES.filter(lambda text: bool(text) and text == text.strip())


def parsed(text: str | bytes, format: Format = "csv") -> list[Row | Problem]:
    content = text.encode() if isinstance(text, str) else text
    return list(read(io.BytesIO(content), format, reserved_prefix="gql-api:disk:"))


def told(text: str | bytes, format: Format = "csv") -> list[str]:
    return [str(one) if isinstance(one, Problem) else f"line {one.line} is right" for one in parsed(text, format)]


def in_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


ROWS = st.builds(
    Row,
    st.just(0),
    USERS,
    IDS,
    IDS,
    TITLES,
    TIMES.map(in_utc),
    pinned_at=st.sampled_from([None, AT]),
    archived_at=st.sampled_from([None, AT]),
    last_activity_at=st.sampled_from([None, AT]),
    tags=st.lists(st.sampled_from(["Work", "ä, b", '"', "[]", "日\u2028本"]), max_size=3).map(tuple),
    forked_from=st.none() | IDS,
)


@given(st.lists(ROWS, max_size=4), st.sampled_from(get_args(Format)))
def test_what_is_written_is_read_as_it_was(rows: list[Row], format: Format) -> None:
    text = EXPORTED if format == "csv" else ""
    for row in rows:
        session = model.Session(
            id=row.session,
            user=row.user,
            title=row.title,
            disk_id=row.disk,
            disk_created_at=AT,
            created_at=row.created_at,
            updated_at=AT,
            pinned_at=row.pinned_at,
            archived_at=row.archived_at,
            last_activity_at=row.last_activity_at,
            forked_from=row.forked_from,
        )
        text += line(session, format, list(row.tags) or None)
    first = 2 if format == "csv" else 1
    assert parsed(text, format) == [replace(row, line=number) for number, row in enumerate(rows, first)]


def test_tags_and_the_times_of_organising_may_be_missing_or_empty_and_must_be_right() -> None:
    whole = f"{EXPORTED}ada,{S},{D},"
    assert parsed(f"{whole},{AT},,,,,\n") == parsed(f"{whole},{AT},,,,[],\n") == [Row(2, "ada", S, D, None, AT)]
    for cells, problem in [
        (',"",,,', "pinned_at: This is missing."),
        (",today,,,", NO_TIME.replace("created_at", "pinned_at")),
        (",,tomorrow,,", NO_TIME.replace("created_at", "archived_at")),
        (",,,late,", NO_TIME.replace("created_at", "last_activity_at")),
        (',,,,""', "tags: This must be a JSON array of texts."),
        (",,,,null", "tags: This must be a JSON array of texts."),
        (",,,,work", "tags: This must be a JSON array of texts."),
        (",,,,[1]", "tags: This must be a JSON array of texts."),
        (',,,,"["" ""]"', "tags: A tag must not be empty, nor contain control characters."),
        (f',,,,"[""{"x" * 51}""]"', "tags: A tag has at most 50 characters."),
    ]:
        assert told(f"{whole},{AT}{cells},\n") == [f"line 2: {problem}"], cells
    assert told(f"{whole},{AT},,,,,x\n") == ["line 2: forked_from: This is no UUID."]


@given(st.lists(st.text('a,"\n\r日', max_size=6), min_size=1, max_size=5))
def test_one_title_spoils_no_other_line(titles: list[str]) -> None:
    """Titles over several lines are refused, and the lines after them keep their numbers."""
    cells = ['"' + title.replace('"', '""') + '"' for title in titles]
    expected, number = [], 2
    for cell, title in zip(cells, titles, strict=True):
        bad = any(unicodedata.category(letter) == "Cc" for letter in title)
        expected.append(
            f"line {number}: title: A title must not contain control characters." if bad else f"line {number} is right"
        )
        number += cell.count("\n") + 1
    assert told(HEAD + "".join(f"ada,{S},{D},{cell},{AT}\n" for cell in cells)) == expected


def test_columns_may_come_in_any_order_and_the_title_may_be_missing() -> None:
    text = f"\ufeffcreated_at,disk, session ,user\r\n2026-01-31T12:00:00.123456Z,{D},{S},ada\r\n\r\n"
    assert parsed(text) == [Row(2, "ada", S, D, None, AT)]
    assert parsed(
        json.dumps({"disk": str(D), "session": S.hex.upper(), "user": "ada", "created_at": str(AT)}), "ndjson"
    ) == [Row(1, "ada", S, D, None, AT)]


def test_an_empty_title_is_not_the_same_as_none() -> None:
    titles = [
        row.title for row in parsed(HEAD + f'"a,""b",{S},{D},,{AT}\n"a,""b",{S},{D},"",{AT}\n') if isinstance(row, Row)
    ]
    assert titles == [None, ""]
    last = f'user,session,disk,created_at,title\nada,{S},{D},{AT},\nada,{S},{D},{AT},""'
    assert [row.title for row in parsed(last) if isinstance(row, Row)] == [None, ""]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-01-31T12:00:00.123456+00:00", AT),
        ("2026-01-31 12:00:00.123456+00", AT),
        ("2026-01-31 12:00:00.123456", AT),
        ("2026-01-31T13:30:00.123456789+01:30", AT),
        ("2026-01-31", datetime(2026, 1, 31, tzinfo=UTC)),
    ],
)
def test_a_time_without_an_offset_is_utc(written: str, meant: datetime) -> None:
    [row] = parsed(HEAD + f"ada,{S},{D},,{written}\n")
    assert isinstance(row, Row)
    assert (row.created_at, row.created_at.utcoffset()) == (meant, timedelta(0))


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        ("", "missing columns: user, session, disk, created_at."),
        ("user,session,disk", "missing columns: created_at."),
        (
            "user;session;disk",
            f"unknown columns: 'user;session;disk'; {THERE_ARE}",
        ),
        (
            "user,session,disk,created_at,note,Title",
            f"unknown columns: 'note', 'Title'; {THERE_ARE}",
        ),
        ("user,session,disk,created_at,user", "a column is there twice."),
        ('"user', "the header cannot be read: unexpected end of data"),
    ],
)
def test_a_file_with_other_columns_is_refused_by_their_names(head: str, reason: str) -> None:
    with pytest.raises(UnfitFile) as caught:
        parsed(head)
    assert str(caught.value) == reason


def test_each_wrong_line_of_a_csv_file_is_named_and_the_others_are_read() -> None:
    lines = [
        (f"ada,{S},{D},,{AT}", "line 2 is right"),
        (f"ada,{S},{D},{AT}", "line 3: csv: 4 cells, where the header has 5."),
        (f",{S},{D},,{AT}", "line 4: user: This is missing."),
        (f"ada,{str(S)[:-1]},{D},,{AT}", "line 5: session: This is no UUID."),
        (f"ada,{S},{{{D}}},,{AT}", "line 6: disk: This is no UUID."),
        (f"ada,{UUID(int=0)},{D},,{AT}", "line 7: session: The nil UUID names nothing."),
        (f"ada,{S},{D},,yesterday", f"line 8: {NO_TIME}"),
        (f"ada,{S},{D},,0001-01-01T00:00+23:00", f"line 9: {NO_TIME}"),
        (f"gql-api:disk:x,{S},{D},,{AT}", "line 10: user: This user identifier is reserved."),
        (f"ada,{S},{D},{'x' * 1001},{AT}", "line 11: title: A title has at most 1000 characters."),
        (f"ada,{S},{D},\udcff,{AT}", f"line 12: {NO_UNICODE}"),
        (f"ada,{S},{D},{'x' * 1_100_000},{AT}", f"line 13: {TOO_LONG}; read up to line 13."),
        (f'ada,{S},{D},"a"b,{AT}', "line 14: csv: ',' expected after '\"'; read up to line 14."),
        (f"ada,{S},{D},fine,{AT}", "line 15 is right"),
        (f'ada,{S},{D},"open,{AT}', "line 16: csv: unexpected end of data; read up to line 16."),
    ]  # fmt: skip
    text = HEAD + "\n".join(written for written, _ in lines)
    assert told(text.encode("utf-8", "surrogateescape")) == [expected for _, expected in lines]


def test_each_wrong_line_of_an_ndjson_file_is_named_and_the_others_are_read() -> None:
    right = {"user": "ada", "session": str(S), "disk": str(D), "created_at": str(AT)}
    lines = [
        (json.dumps(right | {"title": "\u2028"}, ensure_ascii=False), "line 1 is right"),
        ("[]", f"line 2: {NO_OBJECT}"),
        ("{" * 100_000, f"line 3: {NO_OBJECT}"),
        ('{"user": "ada", "user": "bob"}', f"line 4: {NO_OBJECT}"),
        (json.dumps(right | {"note": 1}), f"line 5: note: {NO_FIELD}"),
        (json.dumps(right | {"title": 5}), "line 6: title: This must be text."),
        (json.dumps(right | {"title": "\ud800"}), f"line 7: {NO_UNICODE}"),
        (json.dumps(right | {"disk": None}), "line 8: disk: This is missing."),
        (json.dumps(right | {"title": "x" * 1_100_000}), f"line 9: {NO_OBJECT}"),
        (json.dumps(right | {"title": None}), "line 10 is right"),
    ]  # fmt: skip
    assert told("\n".join(written for written, _ in lines), "ndjson") == [expected for _, expected in lines]
