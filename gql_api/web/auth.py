"""Who asks: for now the `X-User` header is believed, and without it the default user asks."""

from collections.abc import Callable

from starlette.requests import Request

from gql_api.errors import BadUserInput, Invalid
from gql_api.model import Viewer
from gql_api.services import rules

_HEADER = "x-user"


def viewer_by_header(*, default_user: str, reserved_users: str) -> Callable[[Request], Viewer]:
    """Make the function that tells who sends a request; it raises `BadUserInput` for a name that cannot be one."""

    def viewer(request: Request) -> Viewer:
        given = request.headers.getlist(_HEADER)
        if not given:
            return Viewer(default_user)
        if len(given) > 1:
            raise BadUserInput("X-User: the header must be there once.")
        try:
            # Starlette reads headers as Latin-1; names beyond ASCII come as UTF-8.
            name = given[0].strip(" \t").encode("latin-1").decode()
            return Viewer(rules.user(name, (), reserved_prefix=reserved_users))
        except (UnicodeError, Invalid) as problem:
            reason = problem.message if isinstance(problem, Invalid) else "A user identifier is written in UTF-8."
            raise BadUserInput(f"X-User: {reason}") from None

    return viewer
