"""The headers of a request, as they are looked up."""

from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers as Reference
from starlette.types import Scope

from gql_api.web.headers import headers_of

NAMES = [b"accept", b"authorization", b"x-user"]
VALUES = st.binary(max_size=5)


@given(st.lists(st.tuples(st.sampled_from(NAMES), VALUES)))
def test_headers_are_found_as_starlette_finds_them(raw: list[tuple[bytes, bytes]]) -> None:
    scope: Scope = {"type": "http", "headers": raw}
    reference = Reference(scope=scope)

    for name in NAMES:
        assert headers_of(scope).get(name) == reference.get(name.decode(), "")
        assert headers_of(scope).all(name) == reference.getlist(name.decode())


def test_headers_are_put_in_order_once() -> None:
    scope: Scope = {"type": "http", "headers": [(b"accept", b"a")]}

    assert headers_of(scope) is headers_of(scope)


def test_a_scope_with_other_headers_has_those() -> None:
    scope: Scope = {"type": "http", "headers": [(b"accept", b"a")]}
    headers_of(scope)

    assert headers_of({**scope, "headers": [(b"accept", b"b")]}).all(b"accept") == ["b"]
