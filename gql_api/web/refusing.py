"""Failures that refuse a request before GraphQL sees it, each with its status."""

from gql_api.errors import (
    DatabaseFailure,
    DatabaseTimeout,
    Failure,
    Forbidden,
    IdentityUnavailable,
    PersistedQueryNotFound,
    PersistedQueryNotSupported,
    Unauthenticated,
    UpstreamFailure,
    UpstreamTimeout,
)
from gql_api.schema.errors import Schema, extensions_of
from gql_api.web.answers import Refused
from gql_api.web.parameters import Parameters

STATUSES: list[tuple[type[Failure], int]] = [
    (Unauthenticated, 401),
    (Forbidden, 403),
    (IdentityUnavailable, 503),
    (UpstreamTimeout, 504),
    (UpstreamFailure, 503),
    (DatabaseTimeout, 504),
    (DatabaseFailure, 503),
    # Clients expect these two, and take any other status for a failure of the transport.
    (PersistedQueryNotFound, 200),
    (PersistedQueryNotSupported, 200),
]


def refused_by(failure: Failure) -> Refused:
    """Make a refusal of a failure."""
    status = next((status for kind, status in STATUSES if isinstance(failure, kind)), 400)
    headers = {"www-authenticate": "Bearer"} if status == 401 else None  # noqa: PLR2004
    return Refused(status, failure.message, extensions=extensions_of(failure, writing=False), headers=headers)


def meant(schema: Schema, parameters: Parameters, user: str) -> Parameters:
    """Give the parameters with the text of the document that they mean; raise `Refused`."""
    try:
        text = schema.persisted.text(parameters.query, parameters.named, user)
    except Failure as failure:
        raise refused_by(failure) from None
    return parameters if text is parameters.query else parameters._replace(query=text)
