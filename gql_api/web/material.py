"""Shows what is behind a private Acontext's public URLs to whoever has the URL, always as an attachment."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from gql_api.errors import UpstreamFailure, UpstreamTimeout
from gql_api.upstream.materials import Material, Materials

_SAFE = {"content-security-policy": "sandbox; default-src 'none'"}
_WITHOUT_BODY = frozenset({304, 416})


class MaterialView:
    """An ASGI endpoint with the path parameter `token`."""

    def __init__(self, materials: Materials) -> None:
        self._materials = materials

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        if request.method not in {"GET", "HEAD"}:
            await PlainTextResponse("Method Not Allowed", 405, {"allow": "GET, HEAD"})(scope, receive, send)
            return
        has_begun = False

        async def send_noticed(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            async with self._materials.open(request.path_params["token"], request.headers) as material:
                await _answer(material, head=request.method == "HEAD")(scope, receive, send_noticed)
        except UpstreamFailure as failure:
            if has_begun:
                raise  # the connection is cut, for nothing else tells the client that the file is not whole
            status = 504 if isinstance(failure, UpstreamTimeout) else 502
            await PlainTextResponse(failure.message, status)(scope, receive, send)


def _answer(material: Material | None, *, head: bool) -> Response:
    if material is None:
        return PlainTextResponse("Not Found", 404)
    headers = {"content-disposition": "attachment", **material.headers, **_SAFE}
    if head or material.status in _WITHOUT_BODY:
        return Response(status_code=material.status, headers=headers)
    return StreamingResponse(material.chunks, material.status, headers)
