"""The routes of the embedded Acontext: which path and method leads where, and who may call."""

import hmac
import logging
import re
import sqlite3
from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Match, Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from gql_api.embedded import (
    artifacts,
    assets,
    copying,
    disks,
    events,
    messages,
    reading,
    searching,
    serving,
    sessions,
    tracking,
    users,
)
from gql_api.embedded.elsewhere import elsewhere
from gql_api.embedded.envelope import Refusal, database_error, page_not_found, said
from gql_api.embedded.store import Store
from gql_api.embedded.unoffered import UNOFFERED

log = logging.getLogger(__name__)

_API = "/api/v1"
_SESSION = "/session/{session_id}"
_DISK = "/disk/{disk_id}"
_BEARER = "Bearer "

Handler = Callable[[Store, Request], Awaitable[Response]]


async def _ping(_store: Store, _request: Request) -> Response:
    return said("pong")


async def _health(_store: Store, _request: Request) -> Response:
    return said("ok")


ROUTES: Mapping[str, Mapping[str, Handler]] = {
    "/ping": {"GET": _ping},
    "/session": {"POST": sessions.create, "GET": sessions.list_page},
    _SESSION: {"DELETE": sessions.delete},
    f"{_SESSION}/configs": {
        "GET": sessions.get_configs,
        "PUT": sessions.replace_configs,
        "PATCH": sessions.patch_configs,
    },
    f"{_SESSION}/messages": {"POST": messages.store_message, "GET": reading.get_messages},
    f"{_SESSION}/messages/{{message_id}}/meta": {"PATCH": messages.patch_meta},
    f"{_SESSION}/token_counts": {"GET": reading.token_counts},
    f"{_SESSION}/observing_status": {"GET": tracking.observing_status},
    f"{_SESSION}/task": {"GET": tracking.tasks},
    f"{_SESSION}/flush": {"POST": tracking.flush},
    f"{_SESSION}/copy": {"POST": copying.copy},
    f"{_SESSION}/events": {"POST": events.add, "GET": events.list_page},
    f"{_SESSION}/asset/download": {"GET": assets.download},
    "/disk": {"POST": disks.create, "GET": disks.list_page},
    _DISK: {"DELETE": disks.delete},
    f"{_DISK}/artifact": {
        "POST": artifacts.upload,
        "GET": artifacts.get,
        "PUT": artifacts.update,
        "DELETE": artifacts.delete,
    },
    f"{_DISK}/artifact/download": {"GET": artifacts.download},
    f"{_DISK}/artifact/ls": {"GET": searching.list_directory},
    f"{_DISK}/artifact/grep": {"GET": searching.grep},
    f"{_DISK}/artifact/glob": {"GET": searching.glob},
    "/user/ls": {"GET": users.list_all, "DELETE": users.delete},  # DELETE: of a user called so
    "/user/{identifier}": {"DELETE": users.delete},
    "/user/{identifier}/resources": {"GET": users.resources},
    **UNOFFERED,
}


class _Methods:
    """The handlers of one path. As an ASGI app it sees every method, since a wrong one is answered with 404."""

    def __init__(self, store: Store, path: str, handlers: Mapping[str, Handler], *, api_key: str | None) -> None:
        self._store = store
        self._path = path
        self._handlers = handlers
        self._api_key = api_key

    def takes(self, method: str) -> bool:
        return method in self._handlers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._respond(Request(scope, receive))
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        handler = self._handlers.get(request.method)
        if handler is None:
            return page_not_found()
        try:
            self._authorise(request)
            return await handler(self._store, request)
        except Refusal as refusal:
            return refusal.response()
        except ClientDisconnect:
            return Response()  # which nobody hears
        except (sqlite3.Error, OSError):
            log.exception("%s %s failed", request.method, self._path)
            return database_error().response()

    def _authorise(self, request: Request) -> None:
        if self._api_key is None:
            return
        given = request.headers.get("authorization", "").encode()
        if not hmac.compare_digest(given, f"{_BEARER}{self._api_key}".encode()):
            raise Refusal(401, "Unauthorized")


def build_app(store: Store, *, api_key: str) -> ASGIApp:
    """Make the whole API."""
    routes = [
        _route(_API + path, _Methods(store, path, handlers, api_key=api_key)) for path, handlers in ROUTES.items()
    ]
    routes += [_route("/health", _Methods(store, "/health", {"GET": _health}, api_key=None)), _material_route(store)]
    return _router(routes)


def build_material_app(store: Store) -> ASGIApp:
    """Make the part of the API that needs no key, for a server of ours that shall answer public URLs."""
    return _router([_material_route(store)])


def _material_route(store: Store) -> Route:
    path = f"{_API}/material/{{token}}"
    return _route(path, _Methods(store, path, {"GET": serving.serve}, api_key=None))


def _route(path: str, methods: _Methods) -> Route:
    """Make a route whose parameters may be empty, but for one at its end."""
    route = Route(path, methods)
    route.path_regex = re.compile(route.path_regex.pattern.replace("[^/]+)/", "[^/]*)/"))
    return route


def _router(routes: list[Route]) -> Router:
    begun = [(re.compile(begin), route.endpoint) for route in routes for begin in _begins(route.path)]

    def is_served(scope: Scope) -> bool:
        found = [route.endpoint for route in routes if route.matches(scope)[0] is Match.FULL]
        found += [methods for begin, methods in begun if begin.fullmatch(scope["path"])]
        return any(isinstance(methods, _Methods) and methods.takes(scope["method"]) for methods in found)

    return Router(routes, redirect_slashes=False, default=elsewhere(is_served))


def _begins(path: str) -> list[str]:
    """Give the patterns of a route up to each parameter: upstream's tree of routes takes those for routes too."""
    pattern = re.sub(r"\{\w+\}", "[^/]*", path)
    return [pattern[: found.end()] for found in re.finditer(re.escape("[^/]*"), pattern)]
