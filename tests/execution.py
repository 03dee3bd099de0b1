"""How the tests' applications execute: with generated functions, each of whose answers graphql-core gives too.

`GQL_API_TEST_EXECUTION=graphql-core` leaves all to graphql-core, and `generated` leaves the comparison out.
"""

import json
import os
from copy import copy
from typing import Any

from graphql import GraphQLList, GraphQLObjectType
from graphql.execution import Executor
from graphql.execution.executor import CollectedErrors

from gql_api.schema import build_schema
from gql_api.schema.compiled import CompilingExecutor
from gql_api.schema.errors import Schema


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


EXECUTORS: dict[str, type[Executor[Any]] | None] = {
    "compared": ComparingExecutor,
    "generated": CompilingExecutor,
    "graphql-core": None,
}


def schema() -> Schema:
    """Build the schema as these tests shall execute it."""
    return build_schema(EXECUTORS[os.environ.get("GQL_API_TEST_EXECUTION", "compared")])
