"""What the caller can put right, as data in the payload of a mutation."""

from enum import Enum

import strawberry

from gql_api.errors import Correctable

ERRORS = "What the caller can put right; empty when all went well."
"""The description of a payload's `errors`."""


@strawberry.enum(description="What is wrong, for programs.")
class UserErrorCode(Enum):
    """The codes of `Correctable` failures."""

    INVALID_INPUT = strawberry.enum_value(
        "INVALID_INPUT", description="A value is not allowed, or something is missing."
    )
    NOT_FOUND = strawberry.enum_value("NOT_FOUND", description="There is no such thing for this user.")
    CONFLICT = strawberry.enum_value("CONFLICT", description="It is there already, or bound to something else.")
    BUSY = strawberry.enum_value("BUSY", description="Another write is still running; trying again is safe.")
    IDEMPOTENCY_MISMATCH = strawberry.enum_value(
        "IDEMPOTENCY_MISMATCH", description="The idempotency key was used with other input."
    )
    TOO_LARGE = strawberry.enum_value("TOO_LARGE", description="A value is beyond its limit.")
    UPSTREAM_FAILED = strawberry.enum_value(
        "UPSTREAM_FAILED", description="Acontext, or this server's database, failed after a part of a list was done."
    )


@strawberry.type(
    description="A mistake that the caller can put right. What was changed all the same, the payload shows."
)
class UserError:
    """One mistake."""

    code: UserErrorCode = strawberry.field(description="What is wrong, for programs.")
    message: str = strawberry.field(description="What is wrong, for people.")
    path: list[str] = strawberry.field(
        description="The argument it is about, outermost first: `input`, then a field, then an index or a field in it."
    )

    @classmethod
    def of(cls, problem: Correctable) -> "UserError":
        """Make the error that tells of a failure."""
        return cls(code=UserErrorCode(problem.code), message=problem.message, path=list(problem.path))
