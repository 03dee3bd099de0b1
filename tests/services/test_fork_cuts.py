"""Where a conversation may be cut: at the longest start of it that no provider would miss a result in."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gql_api import model
from gql_api.formats import Source
from gql_api.formats.conversation import Block, exchanges
from gql_api.formats.notices import Report
from gql_api.services.forking.cutting import Step, closed_before

IDS = st.sampled_from(["a", "b", "c", ""])
NAMES = st.sampled_from(["f", "g", ""])
CALLS = st.tuples(IDS, NAMES).map(
    lambda named: {"type": "tool-call", "meta": {"id": named[0], "name": named[1], "arguments": "{}"}}
)
RESULTS = st.tuples(IDS, NAMES).map(
    lambda named: {"type": "tool-result", "meta": {"tool_call_id": named[0], "function_name": named[1]}}
)
TEXTS = st.just({"type": "text", "text": "x"})
SAID = st.tuples(st.sampled_from(["user", "assistant"]), st.lists(CALLS | RESULTS | TEXTS, max_size=3))


def is_closed(said: list[tuple[str, list[dict[str, Any]]]]) -> bool:
    """Ask those who write conversations for providers whether a call at the end is without a result."""
    sources = [Source("x", role, parts, {}) for role, parts in said]
    found = exchanges(sources, Report({}, False), lambda *_: Block({}))
    return not found or not found[-1].unanswered


def steps(said: list[tuple[str, list[dict[str, Any]]]]) -> list[Step]:
    moment: Any = None
    return [
        Step.of(model.Message("00000000-0000-0000-0000-000000000001", moment, role, parts, {}, {}, moment))
        for role, parts in said
    ]


@given(st.lists(SAID, max_size=8))
def test_the_longest_start_without_an_open_call_is_taken(said: list[tuple[str, list[dict[str, Any]]]]) -> None:
    closed = [end for end in range(len(said) + 1) if is_closed(said[:end])]
    assert closed_before(steps(said)) == max(closed)
