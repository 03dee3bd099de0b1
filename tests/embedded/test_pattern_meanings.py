"""Patterns of the kind that people write find what a real PostgreSQL finds, and what it refuses is refused."""

from collections.abc import AsyncIterator

import asyncpg  # type: ignore[import-untyped]
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from databases import PostgresDatabases
from gql_api.embedded.patterns import BadPattern, Searcher

_SINGLE = st.sampled_from(
    [
        *"ab1_ é.^$",
        "TODO",
        r"\d",
        r"\w",
        r"\s",
        r"\W",
        r"\y",
        r"\m",
        r"\M",
        r"\A",
        r"\Z",
        "[ab]",
        "[^a]",
        "[[:alpha:]]",
        "[a-c1]",
    ]
)
_OFTEN = st.sampled_from(["", "", "", "*", "+", "?", "*?", "{2}", "{1,3}", "{2,}", "{0}", "{,2}", "{3,1}", "{200}"])
_OPENINGS = st.sampled_from(["(", "(", "(?:", "(?:", "(?=", "(?!", "(?<=", "(?<!"])


def _larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    grouped = st.builds(lambda opening, within, often: f"{opening}{within})" + often, _OPENINGS, inner, _OFTEN)
    return grouped | st.builds("{}|{}".format, inner, inner) | st.builds("{}{}".format, inner, inner)


PATTERNS = st.recursive(st.builds("{}{}".format, _SINGLE, _OFTEN), _larger, max_leaves=6)
TEXTS = st.text(st.sampled_from("aAbB1_ é\n-"), max_size=8)


@pytest.fixture
async def postgres(postgres_databases: PostgresDatabases) -> AsyncIterator[asyncpg.Connection]:
    url = await postgres_databases.empty()
    connection = await asyncpg.connect(url)
    yield connection
    await connection.close()
    await postgres_databases.drop(url)


@settings(
    derandomize=True,
    database=None,
    max_examples=1000,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(pattern=PATTERNS, texts=st.lists(TEXTS, min_size=1, max_size=4))
async def test_an_honest_pattern_finds_what_postgresql_finds(
    postgres: asyncpg.Connection, pattern: str, texts: list[str]
) -> None:
    try:
        query = "SELECT t ~* $2 FROM unnest($1::text[]) WITH ORDINALITY AS u(t, n) ORDER BY n"
        expected = [row[0] for row in await postgres.fetch(query, texts, pattern)]
    except asyncpg.InvalidRegularExpressionError:
        with pytest.raises(BadPattern):
            Searcher(pattern)
        return
    searcher = Searcher(pattern)
    assert [searcher.found_in(text) for text in texts] == expected
