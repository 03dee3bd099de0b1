"""What an orchestrator asks: whether the process lives, whether it can serve, and its metrics."""

import asyncio
import hmac
from collections.abc import Awaitable, Callable, Mapping
from contextvars import Context

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from gql_api.stopping import Stop
from gql_api.web.answers import answer
from gql_api.web.bearer import TwoTokens, bearer_token

PROBES = frozenset({"/livez", "/readyz", "/metrics"})
"""Paths that are asked every few seconds, by the address that a machine has just then."""
SECONDS = 2.0
"""How long one part may take to say that it is there."""
KEPT = 1.5
"""Seconds that an answer is given again, so that probes cannot become a load."""
Check = Callable[[], Awaitable[object]]


class Readiness:
    """Asks all parts at once, and at most once at a time; whoever asks meanwhile gets the same answer."""

    def __init__(self, checks: Mapping[str, Check], *, seconds: float = SECONDS, kept: float = KEPT) -> None:
        self._checks = checks
        self._seconds = seconds
        self._kept = kept
        self._known: dict[str, str] = {}
        self._until = 0.0
        self._asking: asyncio.Task[None] | None = None

    async def parts(self) -> dict[str, str]:
        """Tell of each part whether it is `ok` or has `failed`; why is told to nobody here."""
        if asyncio.get_running_loop().time() >= self._until:
            if self._asking is None:
                # It belongs to no request: it carries no id, and goes on when the one who asked has gone.
                self._asking = asyncio.create_task(self._ask(), context=Context())
            await asyncio.shield(self._asking)
        return self._known

    async def _ask(self) -> None:
        try:
            told = await asyncio.gather(*map(self._state, self._checks.values()))
            self._known = dict(zip(self._checks, told, strict=True))
            self._until = asyncio.get_running_loop().time() + self._kept
        finally:
            self._asking = None

    async def _state(self, check: Check) -> str:
        try:
            async with asyncio.timeout(self._seconds):
                await check()
        except Exception:  # whatever a part raises, it is not there; its own layers log why
            return "failed"
        return "ok"


def probes(readiness: Callable[[Request], Readiness], stop: Stop) -> list[Route]:
    """Make the routes. Nobody proves who they are there: an orchestrator cannot, and nothing is told that matters."""

    async def alive(_: Request) -> Response:
        return answer({"status": "alive"}, 200)

    async def ready(request: Request) -> Response:
        if stop.is_stopping:
            return answer({"status": "stopping", "checks": {}}, 503)
        checks = await readiness(request).parts()
        is_ready = set(checks.values()) == {"ok"}
        return answer({"status": "ready" if is_ready else "not ready", "checks": checks}, 200 if is_ready else 503)

    return [Route("/livez", alive), Route("/readyz", ready)]


def metrics_route(token: str, exposition: Callable[[], bytes], content_type: str) -> Route:
    """Make the route of the metrics, for who has the token."""
    expected = token.encode()

    async def metrics(request: Request) -> Response:
        if not hmac.compare_digest(_given(request), expected):
            return PlainTextResponse("Unauthorized", 401, {"www-authenticate": "Bearer"})
        text = await asyncio.to_thread(exposition)
        return Response(text, headers={"content-type": content_type, "cache-control": "no-store"})

    return Route("/metrics", metrics)


def _given(request: Request) -> bytes:
    """Give the token that came along; nothing at all is never right."""
    try:
        return (bearer_token(request.headers.getlist("authorization")) or "").encode("latin-1")
    except TwoTokens:
        return b""
