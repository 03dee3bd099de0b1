"""Inputs and payloads of the mutations that change or delete several sessions at once."""

from uuid import UUID

import strawberry

from gql_api.errors import Correctable
from gql_api.schema import node
from gql_api.schema.context import Info
from gql_api.schema.session import Session
from gql_api.schema.user_error import UserError
from gql_api.services.several import Organising

_IDS = "1 to 100 sessions by their global ids, or the bare UUIDs that Acontext knows. One that is named twice is one."
_FLAG = "Absent: as it is. Null: it is not."
_ERRORS = (
    "What the caller can put right; empty when all went well. `path` of a session that was left as it was is its "
    "place: `input`, `ids`, the index."
)


@strawberry.input(description="What to change of several sessions, of all of them alike.")
class UpdateSessionsInput:
    """Input of updateSessions."""

    ids: list[strawberry.ID] = strawberry.field(description=_IDS)
    archived: strawberry.Maybe[bool | None] = strawberry.field(
        description=f"Whether they are archived. Those that are already stay so since then. {_FLAG}"
    )
    pinned: strawberry.Maybe[bool | None] = strawberry.field(
        description=f"Whether they are pinned. Those that are already stay so since then. {_FLAG}"
    )
    add_tags: list[str] | None = strawberry.field(
        default=None,
        description="Tags that they are to have too, by the rules of updateSession; one that is there already stays as "
        "it is written. Null: none.",
    )
    remove_tags: list[str] | None = strawberry.field(
        default=None, description="Tags that they are not to have, at most 20, in upper or lower case. Null: none."
    )


@strawberry.input(description="Which sessions to delete.")
class DeleteSessionsInput:
    """Input of deleteSessions."""

    ids: list[strawberry.ID] = strawberry.field(description=_IDS)


@strawberry.type(description="What came of updateSessions.")
class UpdateSessionsPayload:
    """Payload of updateSessions."""

    sessions: list[Session] = strawberry.field(
        default_factory=list, description="The sessions that were changed, as they are now, in the order of the ids."
    )
    errors: list[UserError] = strawberry.field(default_factory=list, description=_ERRORS)


@strawberry.type(description="What came of deleteSessions.")
class DeleteSessionsPayload:
    """Payload of deleteSessions."""

    deleted_session_ids: list[strawberry.ID] = strawberry.field(
        default_factory=list, description="The global ids of the sessions that are gone, in the order of the ids."
    )
    errors: list[UserError] = strawberry.field(default_factory=list, description=_ERRORS)


async def update_sessions(info: Info, input: UpdateSessionsInput) -> UpdateSessionsPayload:
    """Change several sessions alike."""
    ids = _session_ids(input.ids)
    wanted = Organising(
        pinned=bool(input.pinned.value) if input.pinned else None,
        archived=bool(input.archived.value) if input.archived else None,
        add_tags=input.add_tags or (),
        remove_tags=input.remove_tags or (),
    )
    try:
        outcome = await info.context.writing().several.organise(info.context.viewer.user, ids, wanted)
    except Correctable as problem:
        return UpdateSessionsPayload(errors=[UserError.of(problem)])
    info.context.allowance.take(len(outcome.done))
    return UpdateSessionsPayload(
        sessions=[Session(value=one, beside=len(outcome.done)) for one in outcome.done],
        errors=[UserError.of(problem) for problem in outcome.problems],
    )


async def delete_sessions(info: Info, input: DeleteSessionsInput) -> DeleteSessionsPayload:
    """Delete several sessions."""
    ids = _session_ids(input.ids)
    try:
        outcome = await info.context.writing().several.delete(info.context.viewer.user, ids)
    except Correctable as problem:
        return DeleteSessionsPayload(errors=[UserError.of(problem)])
    return DeleteSessionsPayload(
        deleted_session_ids=[node.session_id(id) for id in outcome.done],
        errors=[UserError.of(problem) for problem in outcome.problems],
    )


def _session_ids(ids: list[strawberry.ID]) -> list[UUID]:
    return [node.read_session(id, f"ids.{place}") for place, id in enumerate(ids)]
