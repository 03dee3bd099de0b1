"""Transports of httpx between the SDK's client and Acontext: tests have httpx's words for requests and answers."""

from collections.abc import Callable

import httpx

from gql_api.upstream.sender import Answer, NoAnswer, NotConnected, Request, Sender, TooLate, Unreached

Wrap = Callable[[httpx.AsyncBaseTransport], httpx.AsyncBaseTransport]
_FAILURES = {
    httpx.ConnectError: Unreached,
    httpx.ConnectTimeout: NotConnected,
    httpx.PoolTimeout: NotConnected,
    httpx.TimeoutException: TooLate,
    httpx.TransportError: NoAnswer,
}


class By:
    """A sender that has a transport of httpx send."""

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self._transport = transport

    async def send(self, request: Request) -> Answer:
        url = f"http://{request.headers['host']}{request.target}"
        more = {"room": request.room}
        asked = httpx.Request(request.method, url, headers=dict(request.headers), content=request.body, extensions=more)
        try:
            response = await self._transport.handle_async_request(asked)
            body = await response.aread()
        except httpx.TransportError as error:
            raise next(ours for kind, ours in _FAILURES.items() if isinstance(error, kind)) from error
        return Answer(response.status_code, response.reason_phrase, response.headers, body)


class Over(httpx.AsyncBaseTransport):
    """A transport of httpx that has a sender send."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        target, headers = request.url.raw_path.decode(), dict(request.headers)
        body, room = await request.aread(), request.extensions.get("room")
        answer = await self._sender.send(Request(request.method, target, headers, body, seconds=60, room=room))
        headers = [(name.encode(), value.encode("utf-8", "surrogateescape")) for name, value in answer.headers.items()]
        kept = [header for header in headers if header[0].lower() != b"content-encoding"]
        return httpx.Response(answer.status, headers=kept, content=answer.body)


def in_front(wrap: Wrap) -> Callable[[Sender], Sender]:
    """Put what `wrap` makes in front of a sender."""
    return lambda sender: By(wrap(Over(sender)))
