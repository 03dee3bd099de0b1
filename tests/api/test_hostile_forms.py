"""Forms that nobody should send: each is refused with the part at fault named, and none is a crash or leaves a file."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.client import UPLOAD as UPLOAD_FILE
from api.client import Client
from api.forms import BOUNDARY, Part, Spool, form, headers, post
from databases import Databases

PLACE = "variables.input.content.upload"
VARIABLES: dict[str, Any] = {"input": {"sessionId": "x", "path": "/a", "content": {"upload": None}}, "list": [None, 1]}
OPERATIONS: dict[str, Any] = {"query": UPLOAD_FILE, "variables": VARIABLES}
FILE: Part = ("0", "a.bin", b"bytes")


@pytest.fixture
def databases(sqlite_databases: Databases) -> Databases:
    """One kind is enough here: nothing of it comes to a database."""
    return sqlite_databases


def operations(value: Any = OPERATIONS) -> Part:
    return ("operations", None, value if isinstance(value, bytes) else json.dumps(value).encode())


def places(value: Any) -> Part:
    return ("map", None, value if isinstance(value, bytes) else json.dumps(value).encode())


def mapped(*paths: Any, value: Any = OPERATIONS) -> list[Part]:
    return [operations(value), places({"0": list(paths)}), FILE]


WHOLE = mapped(PLACE)
NOT_THERE = 'map has the place "{}" in operations, which is not there.'
JSON_OF = "{} is not JSON in UTF-8 of a sane depth and with finite numbers."
CASES: dict[str, tuple[list[Part], str]] = {
    "nothing": ([], 'The form has no part "operations".'),
    "no operations": (WHOLE[1:], 'The form has no part "operations".'),
    "no map": ([WHOLE[0], FILE], 'The form has no part "map".'),
    "operations as a file": ([("operations", "a", b"{}"), *WHOLE[1:]], 'The form has no part "operations".'),
    "operations that are no JSON": ([operations(b"{"), *WHOLE[1:]], JSON_OF.format("operations")),
    "operations in Latin-1": ([operations(b'{"query": "\xe9"}'), *WHOLE[1:]], JSON_OF.format("operations")),
    "operations 100 000 deep": ([operations(b"[" * 100_000), *WHOLE[1:]], JSON_OF.format("operations")),
    "a batch": (
        [operations([OPERATIONS]), *WHOLE[1:]],
        "operations must be one JSON object: lists of operations are not taken.",
    ),
    "operations that are a number": ([operations(1), *WHOLE[1:]], NOT_THERE.format(PLACE)),
    "operations without a query": (
        mapped("variables.a", value={"variables": {"a": None}}),
        "query must be a string with the GraphQL document in it.",
    ),
    "variables that are a list": (
        mapped("variables.0", value={"query": "{ a }", "variables": [None]}),
        "variables must be a JSON object or null.",
    ),
    "variables that are null": (mapped("variables.a", value={"query": "{ a }"}), NOT_THERE.format("variables.a")),
    "a map that is no JSON": ([WHOLE[0], places(b"x"), FILE], JSON_OF.format("map")),
    "a map that is a list": (
        [WHOLE[0], places([]), FILE],
        "map must be one JSON object: lists of operations are not taken.",
    ),
    "a map that is a text": (
        [WHOLE[0], places("x"), FILE],
        "map must be a JSON object: of each file, the list of its places.",
    ),
    "a text for a list": ([WHOLE[0], places({"0": PLACE}), FILE], 'map has no list of places for the file "0".'),
    "no places": (mapped(), 'map has no list of places for the file "0".'),
    "a place that is a number": (mapped(0), 'map has no list of places for the file "0".'),
    "a file without map": ([*WHOLE, ("1", "b", b"")], 'map does not say where the file "1" belongs.'),
    "a map without file": (WHOLE[:2], 'map names the file "0", which is not in the form.'),
    "two files of one name": ([*WHOLE, FILE], 'The form has two parts with the name "0".'),
    "two maps": ([*WHOLE, WHOLE[1]], 'The form has two parts with the name "map".'),
    "a value for a file": (
        [*WHOLE[:2], ("0", None, b"bytes")],
        'The part "0" of the form is neither a file nor expected.',
    ),
    "a part of its own": ([*WHOLE, ("é" * 200, None, b"")], f'The part "{"é" * 100}" of the form is neither'),
    "a place twice": (mapped(PLACE, PLACE), f'map has the place "{PLACE}" in operations, which is not null.'),
    "a place that is taken": (
        mapped("variables.list.1"),
        'map has the place "variables.list.1" in operations, which is not null.',
    ),
    "the query": (mapped("query"), 'map has the place "query"; all begin with variables.'),
    "all variables": (mapped("variables"), 'map has the place "variables"; all begin with variables.'),
    "an operation of a batch": (mapped(f"0.{PLACE}"), f'map has the place "0.{PLACE}"; all begin with variables.'),
    "an empty place": (mapped(""), 'map has the place ""; all begin with variables.'),
} | {
    f"a place {way}": (mapped(f"variables.{way}"), NOT_THERE.format(f"variables.{way}"))
    for way in (
        *(
            "list.2",
            "list.-1",
            "list.01",
            "list.1e0",
            "list.",
            "list.x",
            "list.99999999",
            f"list.{'9' * 80}",
            "list.\u0660",
        ),
        *("__proto__", "__class__.__init__", "constructor.prototype.x", "input.__dict__", "", ".", "input..upload"),
        *("input.content.upload.x", "input.content.other", "Input.content.upload", "input.x.y.z"),
    )
}


@pytest.mark.parametrize("case", CASES)
async def test_a_form_at_fault_is_refused_and_the_part_named(client: Client, case: str, spool: Spool) -> None:
    parts, message = CASES[case]
    response = await post(client, form(parts))
    assert response.status_code == 400, response.text
    [error] = response.json()["errors"]
    assert error["extensions"] == {"code": "BAD_REQUEST"}
    assert error["message"].startswith(message) if case == "a part of its own" else error["message"] == message
    assert spool.files == []


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("multipart/form-data", 400),
        ("multipart/form-data; boundary=", 400),
        ("multipart/form-data; boundary=" + "x" * 71, 400),
        ('multipart/form-data; boundary="a\\"b"', 400),
        ("multipart/form-data; boundary=another", 400),
        (f"multipart/form-data; boundary={BOUNDARY}; charset=idna", 415),
        (f"multipart/form-data; boundary={BOUNDARY}; charset=utf-16", 415),
        (f"multipart/mixed; boundary={BOUNDARY}", 415),
        (f'Multipart/Form-Data; charset="UTF-8"; boundary="{BOUNDARY}"', 200),
    ],
)
async def test_the_type_of_a_form_is_checked(client: Client, kind: str, status: int) -> None:
    sound = [operations({"query": "{ __typename }"}), places({})]
    response = await post(client, form(sound), **{"content-type": kind})
    assert response.status_code == status, response.text


@pytest.mark.parametrize("end", [b"", b"\r\n", b"-"])
async def test_a_form_that_breaks_off_is_refused(client: Client, end: bytes, spool: Spool) -> None:
    response = await post(client, form([*WHOLE[:2], ("0", "a", bytes(100_000))], end=end))
    assert (response.status_code, response.json()["errors"][0]["extensions"]) == (400, {"code": "BAD_REQUEST"})
    assert spool.files == []


TRIVIAL = "{ __typename }"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from(["operations", "map", "0", "1", "", "é", "a\tb"])
DATA = st.binary(max_size=20) | JSON.map(lambda value: json.dumps(value).encode())
PARTS = st.tuples(NAMES, st.none() | NAMES, DATA)
PATHS = st.sampled_from([PLACE, "variables.list.0", "variables.list.1", "variables", "x"]) | st.text(max_size=10)
MAPS = st.dictionaries(NAMES, st.lists(PATHS, max_size=3) | JSON, max_size=3)
FORMS = st.one_of(
    st.lists(PARTS, max_size=5),
    st.tuples(MAPS, st.lists(PARTS, max_size=2)).map(lambda drawn: [operations(), places(drawn[0]), *drawn[1]]),
    st.tuples(JSON, PATHS).map(lambda drawn: mapped(drawn[1], value={"query": TRIVIAL, "variables": drawn[0]})),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=FORMS, cut=st.none() | st.integers(1, 200), noise=st.none() | st.tuples(st.integers(0, 400), st.binary()))
async def test_no_form_is_a_crash(
    client: Client, spool: Spool, parts: list[Part], cut: int | None, noise: tuple[int, bytes] | None
) -> None:
    body = form(parts)
    if cut:
        body = body[:-cut]
    if noise:
        body = body[: noise[0]] + noise[1] + body[noise[0] :]
    response = await client.http.post("/graphql", content=body, headers=headers())
    assert response.status_code in (200, 400, 413), response.text
    answer = response.json()
    assert "data" in answer or answer["errors"][0]["message"]
    assert "INTERNAL_SERVER_ERROR" not in response.text
    assert spool.files == []
