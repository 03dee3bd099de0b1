"""How the tests' applications execute: with generated functions, each of whose answers graphql-core gives too.

A test that runs on several databases, or ways to Acontext, compares on the first. With `GQL_API_TEST_EXECUTION` all do
what it says: `compared`; `generated`, which leaves the comparison out; `graphql-core`, to which all is left then.
"""

import json
import os
from copy import copy
from functools import cache
from typing import Any

from graphql import DocumentNode, GraphQLError, GraphQLList, GraphQLObjectType, GraphQLSchema
from graphql.execution import Executor
from graphql.execution.executor import CollectedErrors

from gql_api.schema import build_schema
from gql_api.schema.caches import SPECIFIED, DocumentCache, Documents
from gql_api.schema.compiled import CompilingExecutor
from gql_api.schema.compiled.writer import DEFINITION
from gql_api.schema.errors import Schema
from gql_api.schema.persisted import Persisted
from gql_api.schema.validating import Rules


class DifferentAnswerError(BaseException):
    """Not an Exception, which would become an error of a field."""


class ComparingExecutor(CompilingExecutor):
    """Does what is answered by a plan a second time, as graphql-core does it; that asks Acontext nothing more."""

    def _by_plan(self, kind: GraphQLObjectType, details: Any, path: Any, result: Any) -> Any:
        for plan in self._places.plans(self, kind, details) if self._places else ():
            written = _tried(plan.write, result)
            if written is not None:
                wanted = self.collect_subfields(kind, details).grouped_field_set
                plain = {name: found for name, found in wanted.items() if name not in plan.rest}
                other = self._reference()
                again = other.execute_fields(kind, result, path, plain, None)
                same = [*written] == [*wanted] and _text({name: written[name] for name in plain}) == _text(again)
                _insist(same and not other.collected_errors.errors, path)
        return super()._by_plan(kind, details, path, result)

    async def _copied(self, root: Any, context: Any) -> Any:
        """Run all of it too, with what was read by then."""
        copied = await super()._copied(root, context)
        context.begin_again()
        self.collected_errors = CollectedErrors()
        found = self._run(root.kind, root.fields)
        whole = await found if self.is_awaitable(found) else found
        _insist(_text(copied.data) == _text(whole.data) and copied.errors == whole.errors, None)
        return whole

    def complete_list_value(
        self, return_type: GraphQLList[Any], details: Any, info: Any, path: Any, result: Any, position_context: Any
    ) -> Any:
        plan = self._places and self._places.list_plan(self, return_type, details)
        written = plan and _tried(plan, result)
        if written is not None:
            other = self._reference()
            again = other.complete_list_value(return_type, details, info, path, result, position_context)
            _insist(_text(written) == _text(again) and not other.collected_errors.errors, path)
        return super().complete_list_value(return_type, details, info, path, result, position_context)

    def _reference(self) -> CompilingExecutor:
        other = copy(self)
        other._places = None
        other.collected_errors = CollectedErrors()
        return other


def _tried(plan: Any, result: Any) -> Any:
    try:
        return plan(result)
    except Exception:
        return None


def _text(value: Any) -> str:
    return json.dumps(value)


def _insist(same: bool, path: Any) -> None:
    if not same:
        raise DifferentAnswerError(path.as_list())


class KnownDocuments(Documents):
    """Validates no text twice that was found valid once, by whichever of these schemas: they are all the same."""

    def validated(self, schema: GraphQLSchema, node: DocumentNode, rules: Rules = SPECIFIED) -> list[GraphQLError]:
        text = node.loc.source.body if node.loc else None
        known = (text, rules, self.is_private)
        if known in _VALID:
            return []
        faults = super().validated(schema, node, rules)
        if text and not faults:
            _VALID.add(known)
        return faults


_VALID: set[object] = set()
EXECUTORS: dict[str, type[Executor[Any]] | None] = {
    "compared": ComparingExecutor,
    "generated": CompilingExecutor,
    "graphql-core": None,
}


def schema(*, is_compared: bool = True) -> Schema:
    """Give the schema as these tests shall execute it: its types are made once, and what it keeps is new each time."""
    built = _built(os.environ.get("GQL_API_TEST_EXECUTION", "compared" if is_compared else "generated"))
    fresh, types = copy(built), GraphQLSchema.__new__(GraphQLSchema)
    fresh.documents = documents = KnownDocuments()
    fresh.persisted = Persisted(fresh.is_valid)
    fresh.extensions = (lambda: DocumentCache(documents),)
    fresh._schema = types
    vars(types).update(vars(built._schema))  # to copy it makes a map of its types anew
    types.extensions = {**types.extensions, DEFINITION: fresh}
    types._strawberry_schema = fresh  # type: ignore[attr-defined]
    return fresh


@cache
def _built(executing: str) -> Schema:
    return build_schema(EXECUTORS[executing])
