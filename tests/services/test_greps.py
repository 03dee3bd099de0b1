"""Expressions that texts are searched for, held against PostgreSQL, and what they may not be."""

from collections.abc import AsyncIterator

import asyncpg  # type: ignore[import-untyped]
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from databases import Databases
from gql_api.errors import Correctable
from gql_api.services import greps

WRITTEN = r"""
a b A 1 _ - . , é 日 [ab] [^a] [a-c] []a] [[:alpha:]] [[:nope:]] [[.a.]] [[=a=]] [z-a] [\d-] [a-\d] [a ( ) (?: (?= (?!
(?<= | * + ? *? {2} {1,3} {,2} {2, {3,1} {256} {2 \ \d \W \y \m \M \Y \A \Z \b \1 \2 \x41 \u00e9 \q \0 \12 \cA \e \B
^ $ (?i) (?x) (?q) (?z) ***= ***: *** (?#n) # [[:<:]]
"""
PIECES = [*WRITTEN.split(), " ", "\n"]
WRONG = "This is no regular expression of the kind that is understood here: "
TAKES = """
CREATE FUNCTION takes(expression text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 'x' ~* expression;
    RETURN true;
EXCEPTION WHEN invalid_regular_expression THEN RETURN false;
END $$
"""


@pytest.fixture
async def postgres(postgres_databases: Databases) -> AsyncIterator[asyncpg.Connection]:
    url = await postgres_databases.empty()
    connection = await asyncpg.connect(url)
    await connection.execute(TAKES)
    yield connection
    await connection.close()
    await postgres_databases.drop(url)


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=7).map("".join))
async def test_what_postgresql_does_not_take_is_not_sent_and_nothing_else_is_called_wrong(
    postgres: asyncpg.Connection, expression: str
) -> None:
    assert (refusal(expression) or "").startswith(WRONG) is not await postgres.fetchval("SELECT takes($1)", expression)


def refusal(expression: str) -> str | None:
    """Tell what is said of an expression that is not sent."""
    try:
        sent = greps.checked(expression, ("pattern",))
    except Correctable as problem:
        return problem.message
    assert sent == expression
    return None


@pytest.mark.parametrize("expression", [r"(a)\1", "(?=a)b", "a(?!b)", "(?<=a)b", "(?<!a)b", r"(?:(?:(a)))*(\1|b)"])
def test_what_takes_more_than_one_pass_is_refused(expression: str) -> None:
    """PostgreSQL looks ahead from each place of a text: a MiB of it takes longer than anybody waits."""
    assert refusal(expression) == "Texts are not searched with back references, nor by looking ahead or behind."


@pytest.mark.parametrize(
    ("enough", "beyond"),
    [
        ("a" * 256, "a" * 257),
        ("." * 256, "." * 257),
        ("a{254}", "a{255}"),
        ("a{0,255}", "a{0,255}b"),
        ("(?:ab){50}", "(?:ab){64}"),
        ("(a|b)*a(a|b){40}", "(a|b)*a(a|b){60}"),
        ("(?#" + "x" * 251 + ")a", "(?#" + "x" * 252 + ")a"),
    ],
)
def test_what_is_within_a_limit_is_taken_and_more_is_not(enough: str, beyond: str) -> None:
    assert refusal(enough) is None
    assert "256 characters" in (refusal(beyond) or "")


@pytest.mark.parametrize("expression", ["", "a\0b", "a\ud800"])
def test_what_no_database_takes_is_refused(expression: str) -> None:
    assert refusal(expression) is not None


@pytest.mark.parametrize(
    "expression",
    [
        r"TODO|FIXME",
        r"\mcat\M",
        r"(?n)^\s*def\s+\w+\(",
        r"(?c)Cat",
        r"***=a.b(",
        r"[^,]+@[[:alnum:].]{1,63}\.[a-z]{2,9}",
    ],
)
def test_what_people_look_for_is_taken(expression: str) -> None:
    assert refusal(expression) is None
