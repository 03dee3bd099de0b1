"""Operations over connections that stay open: their results one after the other, watched as they go."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, contextmanager
from typing import Any

from graphql import OperationType
from strawberry.types import ExecutionResult

from gql_api.request_scope import request_within
from gql_api.schema.errors import Schema
from gql_api.telemetry import Event, Operation, Stream, doing, notes
from gql_api.web.outcomes import note_result, watched
from gql_api.web.parameters import Parameters

EndedAs = Callable[[], str]
_ENDS = {"SLOW_CONSUMER": "slow", "UNAUTHENTICATED": "expired", "SERVER_STOPPING": "stopped"}


def type_of(schema: Schema, parameters: Parameters) -> OperationType | None:
    """Tell what the operation is; None when that is not clear, as in a document with faults."""
    operation = schema.documents.operation(parameters.query, parameters.operation_name)
    return operation.operation if operation else None


async def results(
    schema: Schema, parameters: Parameters, context: Any, *, seconds: float, ended_as: EndedAs = lambda: "gone"
) -> AsyncGenerator[ExecutionResult, None]:
    """Run an operation and give its results: one, or those of a subscription; each may take so many seconds.

    `ended_as` tells the outcome of a subscription that is ended from outside.
    """
    source = await schema.stream(
        parameters.query,
        variable_values=parameters.variables,
        context_value=context,
        operation_name=parameters.operation_name,
        operation_extensions=parameters.extensions,
    )
    is_subscription = type_of(schema, parameters) is OperationType.SUBSCRIPTION
    async with aclosing(_events(source, ended_as) if is_subscription else _answer(source, seconds)) as found:
        async for result in found:
            yield result


async def _events(source: Any, ended_as: EndedAs) -> AsyncGenerator[ExecutionResult, None]:
    with _streamed(ended_as) as stream:
        async with aclosing(source):
            async for result in source:
                _note(stream, result)
                yield result


async def _answer(source: Any, seconds: float) -> AsyncGenerator[ExecutionResult, None]:
    with watched() as operation, request_within(seconds):
        async with aclosing(source):
            async for result in source:
                note_result(operation, result)
                yield result


@contextmanager
def _streamed(ended_as: EndedAs) -> Iterator[Stream]:
    """Let the block be one subscription."""
    noted = notes()
    # Its name and type are noted here when its document was found valid.
    operation = Operation()
    if noted:
        noted.operation, noted.events = operation, 0
    with doing(Stream(operation=operation)) as stream:
        try:
            yield stream
        except (GeneratorExit, asyncio.CancelledError):
            if stream.outcome == "ok":
                stream.outcome = ended_as()
            raise


def _note(stream: Stream, result: Any) -> None:
    codes = tuple(sorted({str((error.extensions or {}).get("code")) for error in result.errors or ()}))
    stream.operation.codes = codes
    if result.data is not None:
        stream.events += 1
        noted = notes()
        if noted:
            noted.events = stream.events
        with doing(Event(stream=stream)):
            pass
    elif codes:
        stream.outcome = next((_ENDS[code] for code in codes if code in _ENDS), "failed")
