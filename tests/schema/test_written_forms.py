"""What is written back as it was read is written as all else is: ids and times of messages."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gql_api.schema.scalars import SCALARS, time_as_written
from gql_api.upstream import cursor
from gql_api.upstream.messages import _message

SESSION = UUID("11111111-2222-4333-8444-555555555555")
FORMS = (str, lambda id: str(id).upper(), lambda id: id.hex, lambda id: f"{{{id}}}", lambda id: id.urn)
TIMES = (
    st.datetimes(timezones=st.just(UTC)).map(lambda time: time.isoformat().replace("+00:00", "Z"))
    | st.datetimes(timezones=st.just(UTC)).map(lambda time: time.isoformat(timespec="microseconds")[:-6] + "Z")
    | st.datetimes(timezones=st.timezones()).map(datetime.isoformat)
    | st.from_regex(r"(19|20)[0-9]{2}-(W[0-9]{2}-[0-9]|[0-9]{2}-[0-9]{2}|[0-9]{4})[Tt ][0-2][0-9]:?[0-9]{2}:?[0-9]{2}"
                    r"([.,][0-9]{1,9})?(Z|[+-][0-9]{2}:?[0-9]{2})", fullmatch=True)
)  # fmt: skip


def item(**given: Any) -> dict[str, Any]:
    return {
        "id": str(SESSION),
        "session_id": str(SESSION),
        "role": "user",
        "created_at": "2026-01-01T00:00:00Z",
    } | given


@given(TIMES)
def test_a_time_is_written_as_its_moment_is(text: str) -> None:
    try:
        time = cursor.moment(text)
    except (ValueError, OverflowError):  # no time, or one beyond the years that there are
        return
    write: Any = SCALARS[datetime].serialize
    assert write(time_as_written(time, text)) == write(time)


@given(st.uuids(), st.sampled_from(FORMS))
def test_an_id_is_written_as_ids_are(id: UUID, form: Any) -> None:
    message = _message(SESSION, str(SESSION), item(id=form(id)))
    assert (message.id_text, message.id) == (str(id), id)


@pytest.mark.parametrize("id", ["", "no id", "1" * 31, f"{SESSION}\n", None, 7])
def test_an_id_that_is_none_is_no_answer(id: Any) -> None:
    with pytest.raises((ValueError, TypeError, AttributeError)):
        _message(SESSION, str(SESSION), item(id=id))


@pytest.mark.parametrize("meta", [None, {}, {"a": 1}, {"__user_meta__": None}, {"__user_meta__": {"b": 2}, "a": 1}])
def test_the_callers_meta_is_told_apart(meta: Any) -> None:
    kept = dict(meta or {})
    message = _message(SESSION, str(SESSION), item(meta=meta))
    callers = kept.pop("__user_meta__", None) or {}
    assert (message.meta, message.user_meta) == (kept, callers)
