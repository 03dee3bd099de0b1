"""Every failure that a client may learn of, each with its code.

Messages are written for the client: they hold no ids of others, no URLs and no SQL.

    Failure
    ├── Correctable            what the caller can put right: in a mutation it comes in the payload's `errors`
    │   ├── Invalid            INVALID_INPUT (in a query: BAD_USER_INPUT)
    │   ├── NotFound           NOT_FOUND
    │   ├── Conflict           CONFLICT
    │   ├── Busy               BUSY
    │   ├── IdempotencyMismatch  IDEMPOTENCY_MISMATCH
    │   ├── TooLarge           TOO_LARGE
    │   └── PartlyStored       UPSTREAM_FAILED, only for a list of which a part was stored
    ├── BadUserInput           BAD_USER_INPUT
    ├── Unauthenticated        UNAUTHENTICATED
    ├── Forbidden              FORBIDDEN
    ├── IdentityUnavailable    IDENTITY_UNAVAILABLE
    ├── DocumentMismatch       BAD_REQUEST
    ├── PersistedQueryNotFound      PERSISTED_QUERY_NOT_FOUND
    ├── PersistedQueryNotSupported  PERSISTED_QUERY_NOT_SUPPORTED
    ├── PersistedQueryNotInList     PERSISTED_QUERY_NOT_IN_LIST
    ├── QueryNotInSafelist     QUERY_NOT_IN_SAFELIST
    ├── SearchOff              SEARCH_OFF
    ├── CostLimitExceeded      COST_LIMIT_EXCEEDED
    ├── RateLimited            RATE_LIMITED
    ├── Overloaded             OVERLOADED
    ├── SlowConsumer           SLOW_CONSUMER
    ├── SubscriptionInterrupted  SUBSCRIPTION_INTERRUPTED
    ├── ServerStopping         SERVER_STOPPING
    ├── UpstreamFailure
    │   ├── UpstreamUnavailable  UPSTREAM_UNAVAILABLE
    │   ├── UpstreamTimeout      UPSTREAM_TIMEOUT
    │   └── UpstreamRejected     UPSTREAM_REJECTED
    └── DatabaseFailure
        ├── DatabaseUnavailable  DATABASE_UNAVAILABLE
        └── DatabaseTimeout      DATABASE_TIMEOUT
"""

from typing import ClassVar

CODES = {
    "GRAPHQL_PARSE_FAILED": "The document is not GraphQL.",
    "GRAPHQL_VALIDATION_FAILED": "The document does not fit the schema.",
    "OPERATION_RESOLUTION_FAILURE": "The document has several operations, or none of the given name.",
    "BAD_REQUEST": "The HTTP request is not a GraphQL request; `message` says what is wrong.",
    "BAD_USER_INPUT": "A variable or an argument cannot be used: an id of another kind, a cursor that does not fit.",
    "PERSISTED_QUERY_NOT_FOUND": "No document is known under this hash: send it once more with its text.",
    "PERSISTED_QUERY_NOT_SUPPORTED": "This server learns no documents by their hash: send their texts.",
    "PERSISTED_QUERY_NOT_IN_LIST": "None of the documents that this server's operator trusts has this id.",
    "QUERY_NOT_IN_SAFELIST": "This server runs only documents that its operator trusts, and this is none of them.",
    "UNAUTHENTICATED": "The caller did not prove who they are.",
    "FORBIDDEN": "The caller may not do this.",
    "IDENTITY_UNAVAILABLE": "The issuer's keys are not to be had, and no token can be checked; try again later.",
    "NOT_FOUND": "There is no such thing for this user.",
    "TOO_LARGE": "What was sent, or would have to be answered, is beyond a limit that the message names.",
    "SEARCH_OFF": "This server keeps no texts of messages, by its operator's choice, so they cannot be searched.",
    "COST_LIMIT_EXCEEDED": "The operation asks for more than one may, would cost or show more, or would ask Acontext "
    "more often; the message names the limit.",
    "UPSTREAM_UNAVAILABLE": "Acontext could not be reached, or failed; trying again later may help.",
    "UPSTREAM_TIMEOUT": "Acontext did not answer in time; a write may have taken effect all the same.",
    "UPSTREAM_REJECTED": "Acontext refused what this server asked; its operator has to look.",
    "DATABASE_UNAVAILABLE": "This server's database could not be reached, or failed; trying again later may help. "
    "A write may have taken effect.",
    "DATABASE_TIMEOUT": "This server's database did not answer in time: asking for less may help, as by a narrower "
    "filter. A write may have taken effect.",
    "RATE_LIMITED": "One caller asks for more at a time, or in a minute, than one may; the message names the limit. "
    "HTTP status 429, with `Retry-After`.",
    "OVERLOADED": "The server has as much to do as it may have; try again later, or elsewhere. HTTP status 503, "
    "with `Retry-After`.",
    "SLOW_CONSUMER": "Events came faster than the subscriber took them; subscribe again from the last resumeCursor.",
    "SUBSCRIPTION_INTERRUPTED": "Events may have been missed; subscribe again, a list after reading it anew.",
    "SERVER_STOPPING": "The server was told to stop and could not wait any longer; a write may have taken effect.",
    "INTERNAL_SERVER_ERROR": "A fault of this server; the log has more under the answer's `X-Request-ID`.",
}
"""What clients find in `extensions.code` of GraphQL errors."""


class Failure(Exception):
    """The root of the family; `code` is what clients test for."""

    code: ClassVar[str] = "INTERNAL_SERVER_ERROR"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Correctable(Failure):
    """A mistake that the caller can put right; `path` names the argument, outermost first."""

    query_code: ClassVar[str] = "BAD_USER_INPUT"

    def __init__(self, message: str, path: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.path = path


class Invalid(Correctable):
    """An argument has a value that it must not have."""

    code = "INVALID_INPUT"


class NotFound(Correctable):
    """No such thing for this viewer: absent and foreign look the same."""

    code = "NOT_FOUND"
    query_code = "NOT_FOUND"


class Conflict(Correctable):
    """The thing is there already, or is no longer as the caller believes."""

    code = "CONFLICT"


class Busy(Correctable):
    """Another write to the same session did not end within the time that one may wait; trying again is safe."""

    code = "BUSY"


class IdempotencyMismatch(Correctable):
    """The idempotency key was used with other input."""

    code = "IDEMPOTENCY_MISMATCH"


class TooLarge(Correctable):
    """A value is beyond the stated limit."""

    code = "TOO_LARGE"


class PartlyStored(Correctable):
    """Only the first messages of a list were stored, and in their order."""

    code = "UPSTREAM_FAILED"


class BadUserInput(Failure):
    """An argument that cannot be read at all: an id of another kind, a cursor of another view."""

    code = "BAD_USER_INPUT"


class Unauthenticated(Failure):
    """The caller did not prove who they are."""

    code = "UNAUTHENTICATED"


class Forbidden(Failure):
    """The caller is known and may not do this."""

    code = "FORBIDDEN"


class IdentityUnavailable(Failure):
    """Whether a token is good cannot be told now: the keys of its issuer are not to be had."""

    code = "IDENTITY_UNAVAILABLE"


class DocumentMismatch(Failure):
    """A request names one document and has the text of another."""

    code = "BAD_REQUEST"


class PersistedQueryNotFound(Failure):
    """No document is known under a hash; clients know the message too, and send the text."""

    code = "PERSISTED_QUERY_NOT_FOUND"


class PersistedQueryNotSupported(Failure):
    """No documents are learned; clients know the message too, and send texts from then on."""

    code = "PERSISTED_QUERY_NOT_SUPPORTED"


class PersistedQueryNotInList(Failure):
    """No trusted document has the id."""

    code = "PERSISTED_QUERY_NOT_IN_LIST"


class QueryNotInSafelist(Failure):
    """A text is that of no trusted document, where only those are run."""

    code = "QUERY_NOT_IN_SAFELIST"


class SearchOff(Failure):
    """Messages are searched, and their texts are not kept."""

    code = "SEARCH_OFF"


class CostLimitExceeded(Failure):
    """One operation asks for more than one may."""

    code = "COST_LIMIT_EXCEEDED"


class RateLimited(Failure):
    """One caller asks for more than one may, at a time or in a minute.

    `retry_after`: whole seconds after which there is enough again, where that is known.
    """

    code = "RATE_LIMITED"

    def __init__(self, message: str, *, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Overloaded(Failure):
    """The server has as much to do as it may have."""

    code = "OVERLOADED"


class SlowConsumer(Failure):
    """A subscriber did not take its events as fast as they came."""

    code = "SLOW_CONSUMER"


class SubscriptionInterrupted(Failure):
    """A subscriber cannot be told of everything any more."""

    code = "SUBSCRIPTION_INTERRUPTED"


class ServerStopping(Failure):
    """The server was told to stop."""

    code = "SERVER_STOPPING"


class UpstreamFailure(Failure):
    """Acontext did not do what was asked."""

    code = "UPSTREAM_UNAVAILABLE"


class UpstreamUnavailable(UpstreamFailure):
    """Acontext could not be reached, or failed."""

    code = "UPSTREAM_UNAVAILABLE"


class UpstreamTimeout(UpstreamFailure):
    """Acontext did not answer in time; a write may have taken effect all the same."""

    code = "UPSTREAM_TIMEOUT"


class UpstreamRejected(UpstreamFailure):
    """Acontext refused a request that this server believed to be right."""

    code = "UPSTREAM_REJECTED"


class DatabaseFailure(Failure):
    """The database did not do what was asked, by no fault of what was asked; the cause is what its driver raised."""

    code = "DATABASE_UNAVAILABLE"

    @property
    def for_log(self) -> str:
        """The code and the kind of the driver's error, whose text may hold what a log must not."""
        return f"{self.code} ({type(self.__cause__).__name__})"


class DatabaseUnavailable(DatabaseFailure):
    """The database could not be reached, or failed; a write may have taken effect all the same."""

    code = "DATABASE_UNAVAILABLE"


class DatabaseTimeout(DatabaseFailure):
    """The database did not answer in time; a write may have taken effect all the same."""

    code = "DATABASE_TIMEOUT"
