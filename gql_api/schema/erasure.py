"""Erasures: how far the deletion of all of a user's sessions is, or what came of it."""

from datetime import datetime
from uuid import UUID

import strawberry

from gql_api import model
from gql_api.loaders import Owned
from gql_api.schema import node
from gql_api.schema.computed import computed
from gql_api.schema.context import Info
from gql_api.schema.user import User


@strawberry.type(
    description="The deletion of all sessions of a user, under way or finished: a report to keep. Numbers count what "
    "is gone, here and in Acontext. It is known by its id for 90 days after it is finished; nothing here has the "
    "user's identifier then, and only who gives it is told."
)
class Erasure(node.Node):
    """An erasure."""

    id: strawberry.ID = computed(node.GLOBAL_ID, lambda self: node.erasure_id(self.value.id))
    user: User = computed("Whose sessions it deletes.", lambda self: User.of(self.value.user))
    started_at: datetime = computed(
        "When it began: since then nothing of what the user had before is seen.", lambda self: self.value.begun_at
    )
    finished_at: datetime | None = computed(
        "When nothing of the user was left; null while something is. Until then the user can make no session.",
        lambda self: self.value.finished_at,
    )
    sessions_deleted: int = computed(
        "Sessions that are gone, each with its conversation in Acontext.", lambda self: self.value.sessions
    )
    disks_deleted: int = computed("Disks that are gone, each with its files.", lambda self: self.value.disks)
    idempotency_keys_deleted: int = computed(
        "Idempotency keys of sessions and messages that are forgotten.", lambda self: self.value.keys
    )
    index_entries_deleted: int = computed(
        "What is forgotten of sessions beside that: places, counts and searched texts of messages, and tags.",
        lambda self: self.value.entries,
    )
    sessions_left: int = computed(
        "Sessions that are still to be deleted, those too that were left half made; 0 when it is finished.",
        lambda self: self.value.left,
    )
    sessions_delayed: int = computed(
        "Of those left, the ones that Acontext is asked to delete now, or did not delete yet: they are tried again.",
        lambda self: self.value.put_off,
    )
    value: strawberry.Private[model.Erasure]


async def find_erasure(info: Info, id: UUID, user: str | None = None) -> Erasure | None:
    """Find an erasure of the viewer's sessions, or of the named user's."""
    owner = info.context.viewer.user if user is None else user
    found = await info.context.loaders.erasure.load(Owned(owner, id))
    return Erasure(value=found) if found else None
