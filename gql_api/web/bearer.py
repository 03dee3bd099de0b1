"""Bearer tokens in the `Authorization` header: how one is written there; whether it is good is for others to say."""

from collections.abc import Sequence


class TwoTokens(ValueError):
    """The header is there more than once."""


def bearer_token(given: Sequence[str]) -> str | None:
    """Give the token of the headers of this name, the scheme written in any case (RFC 9110); None where there is none.

    A token has no other way in, since URLs end up in logs and histories.
    """
    if len(given) > 1:
        raise TwoTokens
    scheme, _, token = given[0].strip(" \t").partition(" ") if given else ("", "", "")
    return token.strip(" ") or None if scheme.lower() == "bearer" else None
