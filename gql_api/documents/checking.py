"""Documents of clients held against the schema: what would be refused, and what uses that is deprecated."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from graphql import (
    ASTValidationRule,
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    NoDeprecatedCustomRule,
    NoUnusedFragmentsRule,
    specified_rules,
)
from graphql import validate as validate_by

from gql_api.documents.collecting import Collection, collect, fault_of
from gql_api.documents.files import read_all

Rules = tuple[type[ASTValidationRule], ...]
Validate = Callable[[GraphQLSchema, DocumentNode, Rules], list[GraphQLError]]
_FOR_FRAGMENTS: Rules = tuple(rule for rule in specified_rules if rule is not NoUnusedFragmentsRule)


def check(paths: Sequence[Path], schema: GraphQLSchema, validate: Validate) -> tuple[str, int]:
    """Check what is in files and folders; give the report, and the exit code: 1 where anything is wrong.

    `validate` does for a request's document what is done here for those of files. Raise `Refusal`.
    """
    collection = collect(read_all(paths))
    faults = {*collection.faults, *map(fault_of, _errors(collection, schema, validate))}
    warnings = {fault_of(error) for node in _nodes(collection) for error in _deprecated(schema, node)}
    lines = [f"{fault}\n" for fault in sorted(faults)] + [f"{one} (warning)\n" for one in sorted(warnings)]
    told = f"{_counted(len(collection.documents), 'document')}: {_counted(len(faults), 'fault')}"
    return "".join([*lines, f"{told}, {_counted(len(warnings), 'warning')}\n"]), int(bool(faults))


def _errors(collection: Collection, schema: GraphQLSchema, validate: Validate) -> Iterator[GraphQLError]:
    for document in collection.documents:
        yield from validate(schema, document.node, tuple(specified_rules))
    for node in collection.loose:
        yield from validate(schema, node, _FOR_FRAGMENTS)


def _nodes(collection: Collection) -> Iterator[DocumentNode]:
    yield from (document.node for document in collection.documents)
    yield from collection.loose


def _deprecated(schema: GraphQLSchema, node: DocumentNode) -> list[GraphQLError]:
    return validate_by(schema, node, [NoDeprecatedCustomRule])


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
