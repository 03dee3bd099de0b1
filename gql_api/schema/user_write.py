"""Input and payload of the mutation that deletes all of a user."""

import strawberry

from gql_api.errors import Correctable
from gql_api.schema.context import Info
from gql_api.schema.erasure import Erasure
from gql_api.schema.user_error import ERRORS, UserError


@strawberry.input(description="Whom to delete.")
class DeleteUserInput:
    """Input of deleteUser."""

    user: str | None = strawberry.field(
        default=None,
        description="Whose sessions are deleted; null: the viewer's. 1 to 255 characters, no control characters or "
        "outer blanks.",
    )
    idempotency_key: str | None = strawberry.field(
        default=None,
        description="1 to 255 characters that stand for this deletion among those of its user, for 90 days after it "
        "is finished: sent again it gives the same erasure, and deletes nothing that was made since. BUSY, with the "
        "erasure, while another is under way. Null: what is under way is gone on with, else another begins.",
    )


@strawberry.type(description="What came of deleteUser.")
class DeleteUserPayload:
    """Payload of deleteUser."""

    erasure: Erasure | None = strawberry.field(
        default=None, description="How far the deletion is; null when none was begun."
    )
    errors: list[UserError] = strawberry.field(default_factory=list, description=ERRORS)


async def delete_user(info: Info, input: DeleteUserInput) -> DeleteUserPayload:
    """Delete all sessions of a user, as far as time allows."""
    try:
        owner = info.context.acting_for(input.user)
        asked = await info.context.writing().erasing.delete_user(owner, key=input.idempotency_key)
    except Correctable as problem:
        return DeleteUserPayload(errors=[UserError.of(problem)])
    return DeleteUserPayload(
        erasure=Erasure(value=asked.erasure), errors=[UserError.of(asked.other)] if asked.other else []
    )
