"""Who asks: by the `X-User` header, which is believed, or by a bearer token, which is checked."""

from collections.abc import Awaitable, Callable
from functools import lru_cache, partial

from gql_api.errors import BadUserInput, Forbidden, IdentityUnavailable, Invalid, Unauthenticated
from gql_api.identity import Caller, Verifier
from gql_api.identity.issuer import PAUSE
from gql_api.model import Viewer
from gql_api.services import rules
from gql_api.web.answers import Refused
from gql_api.web.bearer import TwoTokens, bearer_token
from gql_api.web.headers import Headers

Identify = Callable[[Headers], Awaitable[Viewer]]
_HEADER = b"x-user"
_MOST_KEPT = 4096
"""Users of tokens whose names were found to be such, and viewers."""
_CHALLENGE = 'Bearer realm="gql_api"'
_NO_TOKEN = "A bearer token is needed: send `Authorization: Bearer <token>`."  # noqa: S105 - no password
_BAD_TOKEN = "The token is not valid, or not any more."  # noqa: S105 - no password


def by_header(*, default_user: str, reserved_users: str) -> Identify:
    """Make the function that tells who sends a request; it raises `BadUserInput` for a name that cannot be one.

    Without the header it is the default user. Everybody may name everybody.
    """

    async def identify(headers: Headers) -> Viewer:
        named = _named(headers, reserved_users)
        return Viewer(default_user if named is None else named, may_name_others=True)

    return identify


def by_token(verifier: Verifier, *, act_as_scope: str, reserved_users: str) -> Identify:
    """Make the function that tells who sends a request, by its token.

    A caller with the scope may name the user it acts for in `X-User`; others may name nobody but themselves. Raises
    `Refused`, or `BadUserInput` for a name that cannot be one.
    """

    checked = lru_cache(maxsize=_MOST_KEPT)(partial(rules.user, path=(), reserved_prefix=reserved_users))
    viewer = lru_cache(maxsize=_MOST_KEPT)(Viewer)

    async def identify(headers: Headers) -> Viewer:
        token = _token(headers)
        caller = verifier.known(token) or await _caller(verifier, token)
        user = _own(caller, checked)
        named = _named(headers, reserved_users)
        may_name_others = act_as_scope in caller.scopes
        if named not in (None, user) and not may_name_others:
            raise _refused(
                403, Forbidden("X-User: you may name no other user than yourself."), **_lacking(act_as_scope)
            )
        return viewer(user if named is None else named, may_name_others, caller.until)

    return identify


def _named(headers: Headers, reserved_users: str) -> str | None:
    """Read the `X-User` header; None when there is none."""
    given = headers.all(_HEADER)
    if not given:
        return None
    if len(given) > 1:
        raise BadUserInput("X-User: the header must be there once.")
    try:
        # Headers are read as Latin-1; names beyond ASCII come as UTF-8.
        name = given[0].strip(" \t").encode("latin-1").decode()
        return rules.user(name, (), reserved_prefix=reserved_users)
    except (UnicodeError, Invalid) as problem:
        reason = problem.message if isinstance(problem, Invalid) else "A user identifier is written in UTF-8."
        raise BadUserInput(f"X-User: {reason}") from None


def _token(headers: Headers) -> str:
    try:
        token = bearer_token(headers.all(b"authorization"))
    except TwoTokens:
        failure = Unauthenticated("Authorization: the header must be there once.")
        raise _refused(401, failure, error="invalid_request") from None
    if token is None:
        raise _refused(401, Unauthenticated(_NO_TOKEN))
    return token


async def _caller(verifier: Verifier, token: str) -> Caller:
    try:
        return await verifier.caller(token)
    except Unauthenticated as failure:
        raise _refused(401, failure, error="invalid_token", error_description=_BAD_TOKEN) from None
    except IdentityUnavailable as failure:
        raise Refused(
            503, failure.message, extensions={"code": failure.code}, headers={"retry-after": f"{PAUSE:.0f}"}
        ) from None


def _own(caller: Caller, checked: Callable[[str], str]) -> str:
    try:
        return checked(caller.user)
    except Invalid:
        failure = Unauthenticated(_BAD_TOKEN)
        raise _refused(401, failure, error="invalid_token", error_description=_BAD_TOKEN) from None


def _lacking(scope: str) -> dict[str, str]:
    return {"error": "insufficient_scope", "scope": scope}


def _refused(status: int, failure: Unauthenticated | Forbidden, **told: str) -> Refused:
    """Refuse with a challenge (RFC 6750, section 3); `told` are its parameters, none where no token was sent."""
    challenge = ", ".join([_CHALLENGE, *(f'{name}="{value}"' for name, value in told.items())])
    return Refused(status, failure.message, extensions={"code": failure.code}, headers={"www-authenticate": challenge})
