"""graphql-core's executor, but for the objects and lists of which there is a plan."""

from collections.abc import Awaitable
from typing import Any, NamedTuple, Protocol, runtime_checkable

from graphql import (
    GraphQLError,
    GraphQLList,
    GraphQLObjectType,
    GraphQLResolveInfo,
    OperationType,
)
from graphql.execution import Executor
from graphql.execution.collect_fields import FieldDetailsList
from graphql.execution.executor import CollectedErrors
from graphql.pyutils import Path
from strawberry import Info
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from gql_api.schema.compiled.calls import Call
from gql_api.schema.compiled.plans import Places, Root
from gql_api.schema.compiled.writer import DEFINITION, Plan


@runtime_checkable
class Copying(Protocol):
    """What an operation's context must offer where a field that is asked for under several names is to run once."""

    def shows_again(self, times: int) -> bool:
        """Count all that was shown so many times more; False where it would be too much."""
        ...

    def begin_again(self) -> None:
        """Count anew: the operation is run again from its start."""
        ...


class Place(NamedTuple):
    """A field of an object: the object and its type, the field's nodes, and where it is in the answer."""

    source: Any
    kind: GraphQLObjectType
    details: FieldDetailsList
    path: Path


class CompilingExecutor(Executor[Any]):
    """Completes objects and lists by the plans that are kept with their document.

    Of a document that is not kept, or with middleware around the resolvers, all is left to graphql-core. So is a
    subtree in which anything is not as promised: it is completed again from its start, and its errors are told.
    """

    # What resolvers are told of their place is Strawberry's; what else is in its class is for @defer and @stream.
    build_resolve_info: Any = StrawberryGraphQLCoreExecutionContext.build_resolve_info

    def __init__(self, *args: Any, operation_extensions: dict[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.operation_extensions = operation_extensions
        self._places = self._find_places()

    def _find_places(self) -> Places | None:
        if self.abort_signal is not None or (self.middleware_manager and self.middleware_manager.middlewares):
            return None
        plans = self.schema.extensions[DEFINITION].documents.plans(self.operation)
        found: Places | None = plans and plans.places(self.operation, self.variable_values.coerced)
        return found

    def execute_operation(self, serially: bool | None = None) -> Any:
        """Run the operation: with the fields of its root found before, or as graphql-core does it."""
        root = self._places.root(self) if self._places and serially is None and self.hooks is None else None
        is_serial = self.operation.operation is OperationType.MUTATION and root is not None and len(root.fields) > 1
        if root is None or is_serial:
            return super().execute_operation(serially)
        if root.copies and isinstance(self.context_value, Copying):
            return self._copied(root, self.context_value)
        return self._run(root.kind, root.fields)

    def _run(self, kind: GraphQLObjectType, fields: Any) -> Any:
        try:
            data: Any = self.execute_fields(kind, self.root_value, None, fields, None)
        except GraphQLError as error:
            return self._refused(error)
        return self._awaited(data) if self.is_awaitable(data) else self.build_response(data)

    async def _copied(self, root: Root, context: "Copying") -> Any:
        """Resolve what is asked for under several names once; where anything went wrong with it, as if it were not."""
        found = self._run(root.kind, root.distinct)
        result = await found if self.is_awaitable(found) else found
        if result.errors or not context.shows_again(root.copied):
            context.begin_again()
            self.collected_errors = CollectedErrors()
            found = self._run(root.kind, root.fields)
            return await found if self.is_awaitable(found) else found
        return self.build_response({name: result.data[root.copies.get(name, name)] for name in root.fields})

    async def _awaited(self, data: Awaitable[dict[str, Any]]) -> Any:
        try:
            return self.build_response(await data)
        except GraphQLError as error:
            return self._refused(error)

    def _refused(self, error: GraphQLError) -> Any:
        """Answer with nothing but errors: one came up to the root."""
        self.collected_errors.add(error, None)
        return self.build_response(None)

    def execute_field(
        self,
        parent_type: GraphQLObjectType,
        source: Any,
        field_details_list: FieldDetailsList,
        path: Path,
        position_context: Any,
    ) -> Any:
        """Resolve a field: by a call of its resolver, or as graphql-core does it."""
        call = self._places.call(self, parent_type, field_details_list) if self._places else None
        arguments = call.arguments(self.variable_values.coerced) if call else None
        if call and arguments is not None:
            return self._called(call, arguments, Place(source, parent_type, field_details_list, path))
        return super().execute_field(parent_type, source, field_details_list, path, position_context)

    async def _called(self, call: Call, arguments: dict[str, Any], place: Place) -> Any:
        field, details = call.field, place.details
        try:
            raw = self.build_resolve_info(field, [one.node for one in details], place.kind, place.path)
            if call.info:
                arguments[call.info] = Info(_raw_info=raw, _field=call.definition)
            found = await call.function(place.source, **arguments)
            completed: Any = None
            if found is not None and call.kind:
                completed = self._by_plan(call.kind, details, place.path, found)
            if completed is None:
                completed = self.complete_value(field.type, details, raw, place.path, found, None)
            return (await completed) if self.is_awaitable(completed) else completed
        except Exception as error:
            self.handle_field_error(error, field.type, details, place.path)
            return None

    def collect_and_execute_subfields(
        self,
        return_type: GraphQLObjectType,
        field_details_list: FieldDetailsList,
        path: Path,
        result: Any,
        position_context: Any,
    ) -> Any:
        """Complete an object: its plain fields by its plan, the rest as graphql-core does."""
        planned = self._by_plan(return_type, field_details_list, path, result)
        if planned is not None:
            return planned
        return super().collect_and_execute_subfields(return_type, field_details_list, path, result, position_context)

    def _by_plan(self, kind: GraphQLObjectType, details: FieldDetailsList, path: Path, result: Any) -> Any:
        """Complete an object by its plan; None where that is for graphql-core."""
        for plan in self._places.plans(self, kind, details) if self._places else ():
            try:
                written = plan.write(result)
            except Exception:  # noqa: S112 - graphql-core comes upon it again, and tells of it
                continue
            return self._with_rest(plan, written, kind, path, result) if plan.rest else written
        return None

    def _with_rest(self, plan: Plan, written: dict[str, Any], kind: GraphQLObjectType, path: Path, result: Any) -> Any:
        """Fill the places that the plan has left open."""
        rest: Any = self.execute_fields(kind, result, path, plan.rest, None)
        if not self.is_awaitable(rest):
            written.update(rest)
            return written

        async def awaited() -> dict[str, Any]:
            written.update(await rest)
            return written

        return awaited()

    def complete_list_value(
        self,
        return_type: GraphQLList[Any],
        field_details_list: FieldDetailsList,
        info: GraphQLResolveInfo[Any],
        path: Path,
        result: Any,
        position_context: Any,
    ) -> Any:
        """Complete a list, at once when all its items are plain."""
        plan = self._places and self._places.list_plan(self, return_type, field_details_list)
        if plan:
            try:
                return plan(result)
            except Exception:  # noqa: S110 - as above
                pass
        return super().complete_list_value(return_type, field_details_list, info, path, result, position_context)
