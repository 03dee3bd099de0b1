"""GraphQL over HTTP: one operation a request, by GET or POST; what operations mean is left to the schema."""

import inspect
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from graphql import GraphQLError
from graphql import OperationType as DocumentOperation
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types import ExecutionResult
from strawberry.types.graphql import OperationType

from gql_api.errors import Failure
from gql_api.request_scope import request_within
from gql_api.schema.errors import Schema
from gql_api.telemetry import Operation
from gql_api.web.admission import Admission, Place
from gql_api.web.answers import JsonAnswer, Refused
from gql_api.web.compression import compress
from gql_api.web.disconnect import stopped_when_gone
from gql_api.web.events import HEADERS, EventStream, Pace, single
from gql_api.web.headers import headers_of
from gql_api.web.negotiation import EVENTS, GRAPHQL, JSON, Wanted, is_form, wanted, wants_page
from gql_api.web.outcomes import note_result, watched
from gql_api.web.parameters import ASKING, Parameters, from_text, from_url, received
from gql_api.web.refusing import meant, refused_by
from gql_api.web.statuses import Audited, Statuses
from gql_api.web.streaming import results, type_of
from gql_api.web.uploads import from_form

ContextT = TypeVar("ContextT")
METHODS = {"allow": "GET, HEAD, POST, OPTIONS"}
READING = {"GET", "HEAD"}
_BY_GET = (OperationType.QUERY,)
_BY_POST = (OperationType.QUERY, OperationType.MUTATION)
_VARY = (b"vary", b"Accept")
CLIENT_GONE = 499  # nobody reads this status but the log


@dataclass(frozen=True, slots=True)
class Answering:
    """How requests are answered.

    One may ask Acontext for `seconds`. Large answers are compressed where `is_compressing`. Subscriptions break off
    when `is_closing` says so.
    """

    seconds: float = 30.0
    is_compressing: bool = False
    is_closing: Callable[[], bool] = lambda: False
    statuses: Statuses = field(default_factory=Audited)


_ALONE = Answering()


class GraphQLView(Generic[ContextT]):
    """An ASGI endpoint for one schema.

    `make_context` may raise `Refused`, or a `Failure`, which refuses the request too: 401, 403, 503, 504 or 400.
    `explorer` makes the page for browsers; without one they are answered as other clients are.
    Who is not let in by `admission` is told so before the body is read, where that is known by then, and parsed.
    """

    def __init__(
        self,
        schema: Schema,
        make_context: Callable[[Scope], ContextT | Awaitable[ContextT]],
        explorer: Callable[[Request], Response] | None = None,
        *,
        admission: Admission | None = None,
        answering: Answering = _ALONE,
    ) -> None:
        self._schema = schema
        self._make_context = make_context
        self._explorer = explorer
        self._admission = admission or Admission()
        self._answering = answering
        self.pace = Pace()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._respond(scope, receive)
        _add_vary(response)
        if self._answering.is_compressing and isinstance(response, JsonAnswer):
            await compress(response, scope)
        await response(scope, receive, _without_body(send) if scope["method"] == "HEAD" else send)

    async def _respond(self, scope: Scope, receive: Receive) -> Response:
        method = scope["method"]
        accept = ",".join(headers_of(scope).all(b"accept"))
        if self._explorer is not None and method in READING and _is_for_page(scope, accept):
            return self._explorer(Request(scope, receive))
        if method == "OPTIONS":
            return Response(status_code=204, headers=METHODS)
        asked = wanted(accept)
        if asked.media is None and not asked.events:
            return Refused(406, f"Answers are {GRAPHQL}, {JSON} or {EVENTS}; the Accept header takes none.").answer()
        try:
            with watched() as operation:
                return await self._run(scope, receive, asked, operation)
        except Refused as refused:
            return self._answering.statuses.refuse(refused, asked.media or JSON)
        except ClientDisconnect:
            return Response(status_code=CLIENT_GONE)

    async def _run(self, scope: Scope, receive: Receive, asked: Wanted, operation: Operation) -> Response:
        method = scope["method"]
        is_get = method in READING
        if not is_get and method != "POST":
            raise Refused(405, "GraphQL is asked by GET or POST.", headers=METHODS)
        self._admission.look()
        # Who may not ask is not listened to: the body is read after.
        context = await self._context(scope)
        with self._admission.place(context) as place:
            parameters = meant(self._schema, await _asked(scope, receive, place), place.user)
            scope.setdefault("state", {})["operation_name"] = parameters.operation_name
            if (
                asked.events
                and not place.has_files
                and type_of(self._schema, parameters) is DocumentOperation.SUBSCRIPTION
            ):
                operation.type = "subscription"
                return self._stream(parameters, context, method)
            # What is known is answered without a limit to its time, and without a look whether anybody still waits.
            result = self._schema.known(parameters.query, parameters.operation_name, context)
            if result is None:
                result = await self._while_wanted(parameters, context, receive, is_get=is_get)
            note_result(operation, result)
            return (
                single(result) if asked.events_first else self._answering.statuses.answer(result, asked.media or JSON)
            )

    def _stream(self, parameters: Parameters, context: ContextT, method: str) -> Response:
        if method == "HEAD":
            return Response(headers=HEADERS)
        stream = results(self._schema, parameters, context, seconds=self._answering.seconds)
        return EventStream(stream, is_cut=self._answering.is_closing, pace=self.pace)

    async def _while_wanted(
        self, parameters: Parameters, context: ContextT, receive: Receive, *, is_get: bool
    ) -> ExecutionResult:
        with (
            request_within(self._answering.seconds) as request,
            stopped_when_gone(request.loop, receive, lambda: self._only_reads(parameters)),
        ):
            return await self._execute(parameters, context, is_get=is_get)

    async def _context(self, scope: Scope) -> ContextT:
        try:
            context = self._make_context(scope)
            return await context if inspect.iscoroutine(context) or inspect.isawaitable(context) else context
        except Failure as failure:
            raise refused_by(failure) from failure

    async def _execute(self, parameters: Parameters, context: ContextT, *, is_get: bool) -> ExecutionResult:
        allowed = _BY_GET if is_get else _BY_POST
        try:
            return await self._schema.execute(
                parameters.query,
                variable_values=parameters.variables,
                context_value=context,
                operation_name=parameters.operation_name,
                allowed_operation_types=allowed,
                operation_extensions=parameters.extensions,
            )
        except CannotGetOperationTypeError:
            return _unresolved("The document has no operation, or none of the name in operationName.")
        except InvalidOperationTypeError as error:
            if error.operation_type is OperationType.MUTATION:
                raise Refused(405, "A mutation is sent by POST.", headers={"allow": "POST"}) from None
            return _unresolved(f"Subscriptions are answered over WebSocket, or with Accept: {EVENTS}.")

    def _only_reads(self, parameters: Parameters) -> bool:
        """Tell whether an operation may be left half done; a mutation may not, nor what is not known to be a query."""
        return type_of(self._schema, parameters) is DocumentOperation.QUERY


async def _asked(scope: Scope, receive: Receive, place: Place) -> Parameters:
    """Read what is asked; the place is taken when the body is there, and before it is parsed."""
    if scope["method"] in READING:
        place.enter()
        return from_url(Request(scope).query_params)
    if is_form(headers_of(scope).get(b"content-type")):
        return await from_form(scope, receive, place)
    body = await received(scope, receive, place.hold)
    place.enter()
    return from_text(body)


def _add_vary(response: Response) -> None:
    """Say that the answer depends on the Accept header."""
    if b"vary" not in dict(response.raw_headers):
        response.raw_headers.append(_VARY)
    elif "accept" not in re.split(r"[,\s]+", response.headers["vary"].lower()):
        response.headers.add_vary_header("Accept")


def _is_for_page(scope: Scope, accept: str) -> bool:
    return wants_page(accept) and ASKING.isdisjoint(Request(scope).query_params)


def _unresolved(message: str) -> ExecutionResult:
    error = GraphQLError(message, extensions={"code": "OPERATION_RESOLUTION_FAILURE"})
    return ExecutionResult(data=None, errors=[error])


def _without_body(send: Send) -> Send:
    async def send_head(message: Message) -> None:
        await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

    return send_head
