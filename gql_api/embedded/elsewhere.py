"""What no route answers: upstream's 404, or the way to the same path without its last slash."""

from collections.abc import Callable
from urllib.parse import quote

from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from gql_api.embedded.envelope import page_not_found

_MOVED, _REDIRECTED = 301, 307


def elsewhere(is_served: Callable[[Scope], bool]) -> ASGIApp:
    """Make the answer to requests that no route takes; `is_served` tells whether one takes a scope."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        shorter = {**scope, "path": scope["path"].removesuffix("/")}
        leads_on = scope["type"] == "http" and shorter["path"] != scope["path"] and is_served(shorter)
        response = _redirect(shorter) if leads_on else page_not_found()
        await response(scope, receive, send)

    return answer


def _redirect(scope: Scope) -> Response:
    query = scope["query_string"].decode("latin-1")
    target = quote(scope["path"], safe="/:@!$&'()*+,;=~") + (f"?{query}" if query else "")
    headers = {"location": target}
    if scope["method"] == "GET":
        return HTMLResponse(f'<a href="{target.replace("&", "&amp;")}">Moved Permanently</a>.\n\n', _MOVED, headers)
    return Response(status_code=_REDIRECTED, headers=headers)
