"""GraphQL over WebSocket (graphql-transport-ws): Strawberry's protocol, with who asks, limits and a record of each."""

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from contextlib import ExitStack, aclosing, suppress
from datetime import timedelta
from json import JSONDecodeError
from typing import Any, cast

from graphql import GraphQLError, OperationType
from starlette.requests import Request
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.http.exceptions import WebSocketDisconnected
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import BaseGraphQLTransportWSHandler
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import Operation as SocketOperation
from strawberry.types.execution import PreExecutionError
from strawberry.types.unset import UNSET, UnsetType

from gql_api.errors import Failure, IdentityUnavailable, RateLimited
from gql_api.schema.errors import INTERNAL, INTERNAL_MESSAGE, Schema
from gql_api.schema.persisted import Named
from gql_api.web.admission import Admission, SocketLimits
from gql_api.web.answers import Refused, encode
from gql_api.web.closing import BAD_REQUEST, FORBIDDEN, RESTART, TRY_LATER, Closing, ClosingAdapter
from gql_api.web.handshake import Connect, Connection, as_request
from gql_api.web.outcomes import note_turned_away
from gql_api.web.parameters import Parameters, from_fields, loads
from gql_api.web.recording import Recorder
from gql_api.web.refusing import meant
from gql_api.web.streaming import results, type_of

INIT_SECONDS = 10
_WITH_PAYLOAD = ("connection_init", "ping", "pong")
_NO_PAYLOAD = "payload must be a JSON object"
_MAY_COME_AGAIN = {IdentityUnavailable.code, RateLimited.code}

_LOG = logging.getLogger(__name__)


class SocketView(GraphQL[Connection[Any], None]):
    """The ASGI endpoint for sockets. `connect` tells who asks, and for how long that holds.

    It is given a request with the headers of the handshake, and in their place those that connection_init brings; it
    raises `Refused` or a `Failure`. Pages of other origins than ours are refused but for `origins`. `admission` lets
    in each user's sockets, and operations; subscriptions take a place only to begin.
    """

    def __init__(
        self,
        schema: Schema,
        connect: Connect[Any],
        *,
        origins: Sequence[str],
        limits: SocketLimits,
        admission: Admission,
        recorder: Recorder,
    ) -> None:
        super().__init__(
            schema,
            graphql_ide=None,
            subscription_protocols=(GRAPHQL_TRANSPORT_WS_PROTOCOL,),
            connection_init_wait_timeout=timedelta(seconds=INIT_SECONDS),
            max_subscriptions_per_connection=limits.operations,
            allowed_origins=origins,
        )
        self.graphql_transport_ws_handler_class = _Handler
        self.websocket_adapter_class = cast("type[ClosingAdapter]", self._adapter)
        self.limits = limits
        self.admission = admission
        self.recorder = recorder
        self._connect = connect
        self._open = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        with self.recorder.socket(scope) as record, ExitStack() as until_closed:
            scope.setdefault("state", {}).update(record=record, until_closed=until_closed)
            if self._open >= self.limits.sockets:
                await self._turn_away(WebSocket(scope, receive, send))
                return
            self._open += 1
            try:
                await super().__call__(scope, receive, send)
            finally:
                self._open -= 1

    async def _turn_away(self, socket: WebSocket) -> None:
        await socket.accept(subprotocol=await self.pick_websocket_subprotocol(socket))
        await self._adapter(self, socket, socket).close(TRY_LATER, "Too many connections")

    def _adapter(self, view: Any, socket: WebSocket, _: WebSocket) -> ClosingAdapter:
        return ClosingAdapter(view, socket, record=socket.state.record, patience=self.limits.patience)

    async def reject_websocket(self, request: WebSocket) -> WebSocket:
        request.state.record.status = 403
        return await super().reject_websocket(request)

    async def get_context(self, request: Any, response: Any) -> Connection[Any]:
        asking = Request({**request.scope, "type": "http", "method": "GET"})
        return Connection(asking, record=request.state.record)

    async def on_ws_connect(self, context: Connection[Any]) -> UnsetType:
        """Learn who asks; raise `Closing`."""
        try:
            asker = await self._connect(as_request(context))
            self.admission.sockets.take(asker.user)
        except Refused as refused:
            code = str(refused.extensions["code"])
            close = TRY_LATER if code in _MAY_COME_AGAIN else FORBIDDEN
            raise Closing(close, f"{code}: {refused.message}") from None
        except Failure as failure:
            raise Closing(FORBIDDEN, f"{failure.code}: {failure.message}") from None
        context.request.state.until_closed.callback(self.admission.sockets.give_back, asker.user)
        context.new_context, context.user, context.until = asker.new_context, asker.user, asker.until
        return cast("UnsetType", UNSET)

    def decode_json(self, data: str | bytes) -> object:
        try:
            return loads(data.encode() if isinstance(data, str) else data)
        except (ValueError, RecursionError):
            raise JSONDecodeError("no JSON of a sane depth and with finite numbers", "", 0) from None

    def encode_json(self, data: object) -> str:
        return encode(data).decode()


class _Handler(BaseGraphQLTransportWSHandler[Connection[Any], None]):
    """Speaks the protocol on one socket."""

    view: SocketView
    schema: Schema
    websocket: ClosingAdapter

    async def handle(self) -> None:
        self._expiry: asyncio.TimerHandle | None = None
        self._has_expired = False
        self._named: dict[str, Named] = {}
        self._writing: dict[asyncio.Future[None], SocketOperation[Connection[Any], None]] = {}
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(None) as self.websocket.serving:
                    await super().handle()
        finally:
            if self._expiry:
                self._expiry.cancel()
            if self._writing:
                with suppress(asyncio.CancelledError):
                    await asyncio.wait(self._writing)

    async def handle_message(self, message: Any) -> None:
        try:
            if not isinstance(message, dict):
                raise Closing(BAD_REQUEST, "A message is a JSON object")
            if message.get("type") in _WITH_PAYLOAD and not isinstance(message.get("payload"), dict | None):
                raise Closing(BAD_REQUEST, _NO_PAYLOAD)
            await super().handle_message(cast("Any", message))
        except Closing as closing:
            await self._close(closing)

    async def handle_connection_init(self, message: Any) -> None:
        given: Any = {**message, "payload": message.get("payload") or {}}
        await super().handle_connection_init(given)
        self.context.record.user = self.context.user
        until = self.context.until
        if self.connection_acknowledged and until is not None and self._expiry is None:
            loop = asyncio.get_running_loop()
            self._expiry = loop.call_at(until, self._begin_expiry)

    async def handle_subscribe(self, message: Any) -> None:
        if not self.connection_acknowledged:
            await super().handle_subscribe(message)
            return
        id = message["id"]
        if not isinstance(id, str) or not id:
            raise Closing(BAD_REQUEST, "id must be text that is not empty")
        if not isinstance(message["payload"], dict):
            raise Closing(BAD_REQUEST, _NO_PAYLOAD)
        try:
            parameters = from_fields(message["payload"])
        except Refused as refused:
            raise Closing(BAD_REQUEST, f"payload: {refused.message}") from None
        # What a client gave up and goes on here counts too.
        left = sum(operation.completed for operation in self._writing.values())
        if id not in self.operations and len(self.operations) + left >= self.view.limits.operations:
            failure = RateLimited(f"One connection has at most {self.view.limits.operations} operations at a time.")
            error = GraphQLError(failure.message, extensions={"code": failure.code})
            await self.send_message({"id": id, "type": "error", "payload": [error.formatted]})
            return
        if parameters.named:
            self._named[id] = parameters.named
        message["payload"]["query"] = parameters.query  # Strawberry looks for it, where the document is named too
        await super().handle_subscribe(message)

    async def run_operation(self, operation: SocketOperation[Connection[Any], None]) -> None:
        """Run one operation, if it is let in, which is known before its document is looked at."""
        context = self.context.new_context()
        named = self._named.pop(operation.id, None)
        parameters = Parameters(operation.query, operation.operation_name, operation.variables, None, named)
        with self.view.admission.place(context) as place:
            try:
                place.enter()
                parameters = meant(self.schema, parameters, place.user)
            except Refused as refused:
                await self._turn_away(operation, refused)
                return
            kind = type_of(self.schema, parameters)
            if kind is OperationType.SUBSCRIPTION:
                place.leave()
            run = self._recorded(operation, parameters, context)
            await (self._to_the_end(operation, run) if kind is OperationType.MUTATION else run)

    async def _turn_away(self, operation: SocketOperation[Connection[Any], None], refused: Refused) -> None:
        with self.context.record.operation(), suppress(WebSocketDisconnected):
            note_turned_away(refused)
            error = GraphQLError(refused.message, extensions=dict(refused.extensions))
            await operation.send_initial_errors([error])

    async def _to_the_end(
        self, operation: SocketOperation[Connection[Any], None], run: Coroutine[Any, Any, None]
    ) -> None:
        """Run what writes, which goes on though nobody may hear of it."""
        task = asyncio.ensure_future(run)
        self._writing[task] = operation
        task.add_done_callback(self._writing.pop)
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            await asyncio.wait([task])
            raise

    async def handle_complete(self, message: Any) -> None:
        if not isinstance(message["id"], str):
            raise Closing(BAD_REQUEST, "id must be text")
        await super().handle_complete(message)

    async def cleanup_operation(self, operation_id: str) -> None:
        operation = self.operations.get(operation_id)
        if operation:
            operation.completed = True
        await super().cleanup_operation(operation_id)

    def _ended_as(self) -> str:
        """Tell what a subscription's record says when it was ended from outside."""
        if self._has_expired:
            return "expired"
        return "stopped" if self.view.recorder.is_stopping() else "gone"

    async def _recorded(
        self, operation: SocketOperation[Connection[Any], None], parameters: Parameters, context: Any
    ) -> None:
        with self.context.record.operation():
            try:
                await self._answer(operation, parameters, context)
            except WebSocketDisconnected:
                return
            except Exception:
                _LOG.exception("An operation over a socket failed")
                error = GraphQLError(INTERNAL_MESSAGE, extensions={"code": INTERNAL})
                await operation.send_initial_errors([error])

    async def _answer(
        self, operation: SocketOperation[Connection[Any], None], parameters: Parameters, context: Any
    ) -> None:
        seconds = self.view.limits.seconds
        source = results(self.schema, parameters, context, seconds=seconds, ended_as=self._ended_as)
        async with aclosing(source):
            async for result in source:
                if self.view.recorder.is_stopping():
                    await self._close(Closing(RESTART, "The server stops; come back"))
                    return
                if isinstance(result, PreExecutionError):
                    await operation.send_initial_errors(result.errors or [])
                    return
                await operation.send_next(result)
        await operation.send_operation_message({"id": operation.id, "type": "complete"})

    def _begin_expiry(self) -> None:
        self._expiring = asyncio.create_task(self._expire())

    async def _expire(self) -> None:
        self._has_expired = True
        await self._close(Closing(FORBIDDEN, "UNAUTHENTICATED: The token is not valid any more"))

    async def _close(self, closing: Closing) -> None:
        """Close the socket; its operations have nobody left to tell, and end."""
        ending = asyncio.current_task()
        for id, operation in list(self.operations.items()):
            if operation.task is not ending:
                await self.cleanup_operation(id)
        await self.websocket.close(closing.code, closing.reason)
