"""Input and payload of the mutation that brings in a session."""

import strawberry

from gql_api.content import UploadedFile
from gql_api.errors import Correctable
from gql_api.schema.context import Info
from gql_api.schema.fork import Progress
from gql_api.schema.session import Session
from gql_api.schema.session_list import SessionEdge
from gql_api.schema.session_write import USER
from gql_api.schema.user_error import ERRORS, UserError


@strawberry.input(description="Which session to bring in, and whose it is to be.")
class ImportSessionInput:
    """Input of importSession."""

    archive: UploadedFile = strawberry.field(
        description="A file of a multipart request: an archive of one session, as exportUrl and `gql-api export` make "
        "it, not compressed. All of it is looked at before anything is made."
    )
    user: str | None = strawberry.field(default=None, description=f"{USER} Whom the archive names is no matter.")
    dry_run: bool = strawberry.field(
        default=False,
        description="Whether the archive is only looked at: nothing is made, and `progress` tells how much is in it.",
    )


@strawberry.type(description="What came of importSession.")
class ImportSessionPayload:
    """Payload of importSession."""

    session: Session | None = strawberry.field(
        default=None, description="The session, once all of it is in; null before, or when none is made."
    )
    session_edge: SessionEdge | None = strawberry.field(default=None, description="The same, as its list shows it.")
    progress: Progress | None = strawberry.field(
        default=None,
        description="How far it is where it takes longer than a request: send the same archive again, and it goes on. "
        "Null when the session is there, or none is made.",
    )
    replayed: bool = strawberry.field(
        default=False, description="Whether the session was in before, of this archive: it is as it is by now."
    )
    errors: list[UserError] = strawberry.field(default_factory=list, description=ERRORS)


async def import_session(info: Info, input: ImportSessionInput) -> ImportSessionPayload:
    """Bring in a session."""
    try:
        owner = info.context.acting_for(input.user)
        bringing = info.context.writing().bringing
        brought = await bringing.bring(owner, input.archive.content, dry_run=input.dry_run)
    except Correctable as problem:
        return ImportSessionPayload(errors=[UserError.of(problem)])
    if brought.session is None:
        return ImportSessionPayload(progress=Progress(done=brought.done, total=brought.total))
    edge = SessionEdge(node=Session(value=brought.session))
    return ImportSessionPayload(session=edge.node, session_edge=edge, replayed=brought.replayed)
