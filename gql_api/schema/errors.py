"""Failures to GraphQL errors: each leaves with a code, and nothing of the inside; HTTP statuses are left to the web."""

import logging
from collections import Counter
from collections.abc import Callable, Iterable
from functools import cache, partial
from typing import Any

import strawberry
from graphql import GraphQLError, GraphQLSyntaxError
from graphql.execution import Executor
from graphql.execution.values import VariableValues
from strawberry.extensions import SchemaExtension
from strawberry.extensions.runner import SchemaExtensionsRunner
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types import ExecutionContext, ExecutionResult
from strawberry.types.execution import PreExecutionError
from strawberry.types.graphql import OperationType

from gql_api.errors import Correctable, CostLimitExceeded, DatabaseFailure, Failure, RateLimited, UpstreamFailure
from gql_api.schema.caches import DocumentCache, DocumentRunner, Documents, note_operation, read
from gql_api.schema.compiled import CompilingExecutor
from gql_api.schema.cost import billed, charge
from gql_api.schema.persisted import Persisted
from gql_api.schema.ready import RESOLVING, Ready

INTERNAL = "INTERNAL_SERVER_ERROR"
UNPARSABLE = "GRAPHQL_PARSE_FAILED"
INTERNAL_MESSAGE = "An internal error occurred."
_TOO_MUCH = tuple(
    f"Syntax Error: {begins}"
    for begins in ("Document contains more than ", "Source contains more than ", "Document is nested too deeply.")
)
"""How graphql-core's parser begins where a limit stops it."""

_SUGGESTION = " Did you mean "

logger = logging.getLogger(__name__)


class Schema(strawberry.Schema):
    """Strawberry's schema, with documents parsed and validated once, and with every error coded and logged."""

    def __init__(
        self,
        query: type,
        *,
        extensions: Iterable[type[SchemaExtension] | Callable[[], SchemaExtension]] = (),
        execution_context_class: type[Executor[Any]] | None = CompilingExecutor,
        **options: Any,
    ) -> None:
        self.documents = Documents()
        self.persisted = Persisted(self.is_valid)
        extensions = list(extensions)
        self._has_others = bool(extensions)
        super().__init__(
            query,
            extensions=[lambda: DocumentCache(self.documents), *extensions],
            execution_context_class=execution_context_class,
            **options,
        )

    def get_extensions(self, sync: bool = False) -> list[SchemaExtension]:
        """Give the extensions of one operation; ours alone takes none of what it takes to run extensions."""
        return super().get_extensions(sync) if self._has_others or sync else []

    def create_extensions_runner(
        self, execution_context: ExecutionContext, extensions: list[SchemaExtension]
    ) -> SchemaExtensionsRunner:
        """Make what runs the extensions of one operation."""
        if extensions:
            return super().create_extensions_runner(execution_context, extensions)
        return DocumentRunner(self.documents, execution_context)

    async def execute(self, query: str | None, *args: Any, **given: Any) -> ExecutionResult:
        """Run one operation: one that ran before at once, any other as Strawberry does it."""
        ready = None if self._has_others or args else self._ready(query or "", given)
        values = ready.values(self._schema, given.get("variable_values")) if ready else None
        if ready is None or values is None:
            return await super().execute(query, *args, **given)
        note_operation(ready.told)
        make = partial(self._executor, ready, values, given)
        result = await self._executed(make, partial(self._asked, ready, query, given.get("operation_name")))
        result.extensions = billed(given.get("context_value"), is_reading=ready.kind is OperationType.QUERY)
        return result

    def known(self, query: str, name: str | None, context: Any) -> ExecutionResult | None:
        """Answer a query that comes to the same each time, where it ran before; None for any other operation."""
        ready = None if self._has_others else self.documents.ready(self._schema, query, name)
        if ready is None or ready.constant is None or ready.kind is not OperationType.QUERY:
            return None
        try:
            charge(ready.estimate, None, context, self.documents.limits)
        except Failure:
            return None  # `execute` tells
        note_operation(ready.told)
        return ExecutionResult({**ready.constant}, None, billed(context, is_reading=True))

    def is_valid(self, query: str) -> bool:
        """Tell whether a document can be run; what is found is kept as that of any document."""
        context = ExecutionContext(query, self, ())
        read(self.documents, context)
        return context.graphql_document is not None and not self.documents.faults(context)

    def _ready(self, query: str, given: dict[str, Any]) -> Ready | None:
        allowed = given.get("allowed_operation_types")
        ready = self.documents.ready(self._schema, query, given.get("operation_name"))
        return ready if ready and (allowed is None or ready.kind in allowed) else None

    def _executor(self, ready: Ready, values: VariableValues, given: dict[str, Any]) -> Executor[Any]:
        self.documents.check_variables(given.get("variable_values"))
        charge(ready.estimate, given.get("variable_values"), given.get("context_value"), self.documents.limits)
        kind: Callable[..., Executor[Any]] = self.execution_context_class
        return kind(
            self._schema,
            ready.fragments,
            ready.details,
            given.get("root_value"),
            given.get("context_value"),
            ready.operation,
            values,
            **RESOLVING,
            operation_extensions=given.get("operation_extensions"),
        )

    async def _executed(
        self, make: Callable[[], Executor[Any]], asked: Callable[[], ExecutionContext]
    ) -> ExecutionResult:
        try:
            executor = make()
            result: Any = executor.execute_operation()
            if executor.is_awaitable(result):
                result = await result
        except Exception as error:  # Strawberry answers it too
            raised = error if isinstance(error, GraphQLError) else GraphQLError(str(error), original_error=error)
            result = PreExecutionError(data=None, errors=[raised])
        if result.errors:
            self.process_errors(result.errors, asked())
        else:
            # Nothing of it goes on; without what refers back to it, it goes at once and not when the collector comes.
            del executor.async_helpers
        if isinstance(result, PreExecutionError):
            return result
        return ExecutionResult(data=result.data, errors=result.errors)

    def _asked(self, ready: Ready, query: str | None, name: str | None) -> ExecutionContext:
        """Describe an operation as Strawberry does, for who tells of its errors."""
        context = ExecutionContext(query, self, (ready.kind,), provided_operation_name=name)
        context.graphql_document = ready.node
        return context

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Log errors, and put into the list what the client may know of them.

        Every way to run an operation passes here once with the very list that it answers with. An extension such as
        Strawberry's MaskErrors does not see what another extension raises.
        """
        # Asked at most once, however many errors there are: a long document is validated again for it.
        is_invalid = cache(lambda: execution_context is not None and bool(self.documents.faults(execution_context)))
        coded = [self._coded(error, execution_context, is_invalid) for error in errors]
        _log(errors, coded)
        errors[:] = coded

    def _coded(
        self, error: GraphQLError, context: ExecutionContext | None, is_invalid: Callable[[], bool]
    ) -> GraphQLError:
        message, extensions = _told(error, context, is_invalid)
        if self.documents.is_private and not isinstance(_cause(error), Failure):
            message = message.partition(_SUGGESTION)[0]
        return GraphQLError(
            message,
            nodes=error.nodes,
            source=error.source,
            positions=error.positions,
            path=error.path,
            extensions=extensions,
        )


def _told(
    error: GraphQLError, context: ExecutionContext | None, is_invalid: Callable[[], bool]
) -> tuple[str, dict[str, Any]]:
    """Give the message and the extensions of an error as the client may see them."""
    cause = _cause(error)
    if isinstance(cause, Failure):
        return cause.message, extensions_of(cause, writing=_is_writing(context))
    if error.extensions and "code" in error.extensions:
        return error.message, error.extensions
    code = _code(error, cause)
    if code is None:
        code = "GRAPHQL_VALIDATION_FAILED" if is_invalid() else "BAD_USER_INPUT"
    if code == INTERNAL:
        return INTERNAL_MESSAGE, {"code": code}
    if not isinstance(cause, GraphQLError | CannotGetOperationTypeError | InvalidOperationTypeError):
        # What Python says of a number of 5000 digits is none of the client's business.
        return "This value cannot be read as the type that is wanted here.", {"code": code}
    return error.message, {"code": code}


def extensions_of(failure: Failure, *, writing: bool) -> dict[str, Any]:
    """Describe a failure for programs: its code, the argument that is to blame, the seconds to wait, where known."""
    if isinstance(failure, RateLimited) and failure.retry_after is not None:
        return {"code": failure.code, "retryAfter": failure.retry_after}
    if not isinstance(failure, Correctable):
        return {"code": failure.code}
    extensions: dict[str, Any] = {"code": failure.code if writing else failure.query_code}
    if failure.path:
        extensions["argumentPath"] = list(failure.path)
    return extensions


def _code(error: GraphQLError, cause: BaseException) -> str | None:
    """Tell the code from the error alone; None for one about the document or its variables."""
    if isinstance(error, GraphQLSyntaxError):
        is_too_much = error.message.startswith(_TOO_MUCH)
        return CostLimitExceeded.code if is_too_much else UNPARSABLE
    if isinstance(cause, CannotGetOperationTypeError):
        return "OPERATION_RESOLUTION_FAILURE"
    if isinstance(cause, InvalidOperationTypeError):
        return "BAD_REQUEST"
    if error.path is not None:
        return "BAD_USER_INPUT" if _is_about_argument(error) else INTERNAL
    # GraphQL's own errors point into the document; what an extension threw does not.
    if error.nodes is None and not isinstance(cause, GraphQLError):
        return INTERNAL
    return None


def _is_about_argument(error: GraphQLError) -> bool:
    """Know the errors of arguments that only running shows, such as a null variable where no null may be."""
    raised = error.original_error
    return isinstance(raised, GraphQLError) and bool(raised.nodes) and raised.message.startswith("Argument '")


def _is_writing(context: ExecutionContext | None) -> bool:
    return (
        context is not None
        and context.graphql_document is not None
        and context.operation_type is OperationType.MUTATION
    )


def _cause(error: GraphQLError) -> BaseException:
    """Find what was raised first: GraphQL wraps errors to say where they happened, at times twice."""
    cause: BaseException = error
    while isinstance(cause, GraphQLError) and cause.original_error is not None:
        cause = cause.original_error
    return cause


def _log(errors: list[GraphQLError], coded: list[GraphQLError]) -> None:
    """Log what is ours to mend with its traceback, once for each cause; what is not, in one line without texts."""
    logged: list[BaseException] = []
    mistakes: Counter[str] = Counter()
    upstream: Counter[str] = Counter()
    database: Counter[str] = Counter()
    for error, told in zip(errors, coded, strict=True):
        cause, code = _cause(error), str((told.extensions or {})["code"])
        if isinstance(cause, DatabaseFailure):
            database[cause.for_log] += 1
        elif code != INTERNAL:
            (upstream if isinstance(cause, UpstreamFailure) else mistakes)[code] += 1
        elif not any(cause is one for one in logged):
            logged.append(cause)
            where = ".".join(map(str, error.path or ())) or "the operation"
            logger.error("Internal error at %s", where, exc_info=cause)
    if upstream:
        logger.warning("Upstream failures: %s", _listed(upstream))
    if database:
        logger.warning("Database failures: %s", _listed(database))
    if mistakes:
        logger.info("Client errors: %s", _listed(mistakes))


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{code} x{count}" for code, count in counts.items())
