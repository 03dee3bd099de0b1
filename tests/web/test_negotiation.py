"""Accept headers, by rule and by example."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gql_api.web.negotiation import GRAPHQL, JSON, choose, parse_media_type, wants_page

qualities = st.integers(0, 1000).map(lambda thousandths: thousandths / 1000)


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        (None, JSON),
        ("", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (f"{GRAPHQL}, {JSON}", GRAPHQL),
        (f"{JSON}, {GRAPHQL}", JSON),
        (f"{JSON};q=0.9, {GRAPHQL}", GRAPHQL),
        (f"{JSON};q=0.9, */*", GRAPHQL),
        (f"*/*, {GRAPHQL}", GRAPHQL),
        (f"{GRAPHQL};q=0, */*", JSON),
        (f"{GRAPHQL}, */*;q=0.1", GRAPHQL),
        (f"{GRAPHQL.upper()} ; Q=1", GRAPHQL),
        (f"{GRAPHQL};charset=UTF-8", GRAPHQL),
        (f'{GRAPHQL};charset="utf-8"', GRAPHQL),
        (f"{GRAPHQL};charset=latin1, {JSON};q=0.1", JSON),
        (f'text/x;note="a, {GRAPHQL}", {JSON}', JSON),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", JSON),
        ("multipart/mixed;deferSpec=20220824,application/graphql-response+json,application/json;q=0.9", GRAPHQL),
        ("text/html", None),
        (f"{JSON};q=0", None),
        (f"{JSON};q=high", None),
        (f"{JSON};q=nan", None),
        (f"{JSON};q=2", None),
        ("*/*;q=0", None),
        ('"', None),
        (";;,,;", None),
    ],
)
def test_an_accept_header_chooses_its_type(accept: str | None, chosen: str | None) -> None:
    assert choose(accept) == chosen


@given(qualities, qualities, st.booleans())
def test_the_better_liked_type_is_chosen(graphql: float, plain: float, swapped: bool) -> None:
    ranges = [f"{GRAPHQL};q={graphql}", f"{JSON};q={plain}"]
    wish = max(graphql, plain)

    chosen = choose(", ".join(reversed(ranges) if swapped else ranges))

    if wish == 0:
        assert chosen is None
    elif graphql != plain:
        assert chosen == (GRAPHQL if graphql > plain else JSON)
    else:
        assert chosen == (JSON if swapped else GRAPHQL)


@given(st.text(st.sampled_from('*/,;="\\ qtexhmljson+.015')) | st.text())
def test_any_text_is_understood_somehow(accept: str) -> None:
    assert choose(accept) in {GRAPHQL, JSON, None}
    assert wants_page(accept) in {True, False}


@pytest.mark.parametrize(
    ("accept", "is_wanted"),
    [
        (None, False),
        ("*/*", False),
        ("text/*", False),
        (JSON, False),
        ("text/html;q=0, */*", False),
        ("text/html,application/xhtml+xml,*/*;q=0.8", True),
        ("application/xml, TEXT/HTML;q=0.1", True),
    ],
)
def test_only_who_names_html_wants_a_page(accept: str | None, is_wanted: bool) -> None:
    assert wants_page(accept) is is_wanted


def test_a_media_type_is_read_with_its_parameters() -> None:
    parsed = parse_media_type(' Application/JSON ; Charset="UTF-8" ; boundary="a;b" ; flag')

    assert parsed.name == "application/json"
    assert parsed.parameters == {"charset": "UTF-8", "boundary": "a;b"}
