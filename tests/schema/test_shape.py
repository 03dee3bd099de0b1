"""What documents come to: the counts are those of the slow way, and no document makes the counting slow."""

from typing import Any

import pytest
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    OperationDefinitionNode,
    SelectionNode,
    get_introspection_query,
    parse,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from gql_api.schema.shape import DocumentLimits, Shape, excesses, shapes

LIMITS = DocumentLimits()


def unfolded(document: DocumentNode) -> list[Shape]:
    """Count by writing each fragment where it is spread, as often as it is."""
    fragments = {one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)}

    def walk(selected: Any, depth: int) -> None:
        for one in selected.selections:
            shape.directives += len(one.directives or ())
            count(one, depth)

    def count(one: SelectionNode, depth: int) -> None:
        if isinstance(one, FragmentSpreadNode):
            shape.directives += len(fragments[one.name.value].directives or ())
            walk(fragments[one.name.value].selection_set, depth)
            return
        if isinstance(one, FieldNode):
            depth += 1
            shape.fields += 1
            shape.aliases += one.alias is not None
            shape.root_fields += depth == 1
            shape.depth = max(shape.depth, depth)
        if one.selection_set:  # type: ignore[attr-defined]
            walk(one.selection_set, depth)  # type: ignore[attr-defined]

    found = []
    for operation in (one for one in document.definitions if isinstance(one, OperationDefinitionNode)):
        shape = Shape(directives=len(operation.directives or ()))
        shape.directives += sum(len(one.directives or ()) for one in operation.variable_definitions or ())
        walk(operation.selection_set, 0)
        found.append(shape)
    return found


def written(selection: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(selection, min_size=1, max_size=3).map(lambda found: f"{{ {' '.join(found)} }}")


def selection(*spreads: str) -> st.SearchStrategy[str]:
    directives = st.sampled_from(["", "", " @skip(if: true)", " @a @b"])
    leaf = st.builds("".join, st.tuples(st.sampled_from(["a", "b: a", "__typename", *spreads]), directives))
    return st.recursive(
        leaf,
        lambda inner: st.builds(
            "".join, st.tuples(st.sampled_from(["a", "b: a", "...", "... on T"]), directives, written(inner))
        ),
        max_leaves=6,
    )


def document_of(draw: Any) -> str:
    """Write operations and fragments, each of which spreads later ones."""
    names = [f"F{number}" for number in range(draw(st.integers(0, 4)))]
    fragments = [
        f"fragment {name} on T {draw(written(selection(*(f'...{later}' for later in names[index + 1 :]))))}"
        for index, name in enumerate(names)
    ]
    spread = selection(*(f"...{name}" for name in names))
    begins = draw(st.lists(st.sampled_from(["query A", "mutation B @a", "query C($a: ID @b)"]), min_size=1, max_size=3))
    return " ".join(draw(st.permutations([*fragments, *(f"{begin} {draw(written(spread))}" for begin in begins)])))


@settings(deadline=None)
@given(st.composite(document_of)())
def test_fragments_count_as_if_they_were_unfolded(text: str) -> None:
    document = parse(text)

    assert [shape for _, shape in shapes(document)] == unfolded(document)


def many(number: int, text: str) -> str:
    return " ".join(text.format(one, one + 1) for one in range(number))


def told(text: str, limits: DocumentLimits = LIMITS) -> list[str]:
    found = excesses(parse(text), limits)
    assert {(error.extensions or {})["code"] for error in found} <= {"COST_LIMIT_EXCEEDED"}
    return [error.message for error in found]


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        pytest.param(
            f"{{ ...F0 }} {many(31, 'fragment F{0} on T {{ ...F{1} ...F{1} }}')} fragment F31 on T {{ a }}",
            [
                "The operation comes to a million or more fields; at most 1000 are taken.",
                "The operation comes to a million or more fields at its root; at most 20 are taken.",
            ],
            id="fragments that spread the next twice",
        ),
        pytest.param(
            f"{{ ...F0 }} {many(13, 'fragment F{0} on T {{ x: a {{ ...F{1} }} y: a {{ ...F{1} }} z: a }}')}"
            " fragment F13 on T { a }",
            [
                "The operation comes to 24573 aliases; at most 30 are taken.",
                "The operation comes to 32765 fields; at most 1000 are taken.",
            ],
            id="fragments with aliases",
        ),
        pytest.param(
            f"{{ ...F0 }} {many(999, 'fragment F{0} on T {{ a {{ ...F{1} ...F{1} }} }}')} fragment F999 on T {{ a }}",
            [
                "The operation comes to 1000 levels of fields; at most 15 are taken.",
                "The operation comes to a million or more fields; at most 1000 are taken.",
            ],
            id="a chain of fragments",
        ),
        pytest.param(
            f"{{ a {'{ a ' * 190}{'}' * 190} }}",
            ["The operation comes to 191 levels of fields; at most 15 are taken."],
            id="deep",
        ),
        pytest.param(
            f"{{ a {'@no ' * 3_000} }}", ["The document has 3000 directives; at most 50 are taken."], id="directives"
        ),
        pytest.param(
            f"{{ a }} fragment F on T {{ {'a @no ' * 51} }}",
            ["The document has 51 directives; at most 50 are taken."],
            id="directives that nothing spreads",
        ),
        pytest.param(
            f"{{ {'...F ' * 18} }} fragment F on T {{ a @a @b @c }}",
            ["The operation comes to 54 directives; at most 50 are taken."],
            id="directives spread",
        ),
        pytest.param(
            f"mutation {{ {'a ' * 11} }} query Q {{ {'a ' * 21} }}",
            [
                "The operation comes to 11 mutations; at most 10 are taken.",
                "The operation comes to 21 fields at its root; at most 20 are taken.",
            ],
            id="each operation by itself",
        ),
        pytest.param("{ ...A ...No } fragment A on T { a ...B } fragment B on T { ...A ...B b }", [], id="cycles"),
        pytest.param(f"query A {{ a {{ {'b: a ' * 30} }} }} query B {{ a {{ {'b: a ' * 30} }} }}", [], id="two halves"),
    ],
)
def test_what_is_too_much_is_told_in_one_line_for_each_limit(text: str, messages: list[str]) -> None:
    assert told(text) == messages


def test_the_place_of_the_operation_is_told() -> None:
    [error] = excesses(parse("query A { a }\nquery B { b: a }"), DocumentLimits(aliases=0))

    assert [place.line for place in error.locations or ()] == [2]


@pytest.mark.parametrize("options", [{}, dict.fromkeys(("descriptions", "specified_by_url"), False)])
def test_tools_that_read_the_schema_ask_for_no_more_than_they_may(options: dict[str, bool]) -> None:
    everything = dict.fromkeys(
        ("specified_by_url", "directive_is_repeatable", "schema_description", "input_value_deprecation", "one_of"), True
    )

    assert told(get_introspection_query(**options)) == told(get_introspection_query(**everything)) == []
