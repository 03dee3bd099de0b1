"""`edits`: what edit strategies did to a conversation, told without any of its messages."""

import strawberry

from gql_api import model
from gql_api.loaders.preview import Edited, compare
from gql_api.loaders.view import View
from gql_api.schema import node
from gql_api.schema.computed import computed
from gql_api.schema.context import Info
from gql_api.schema.part import Together
from gql_api.schema.place import Asked
from gql_api.schema.selection import selects


@strawberry.type(
    description="What edit strategies did to a conversation, all of it and not only this page; what is stored stays as "
    "it is. The edited view is held against the conversation as it is stored up to the view's last message: what comes "
    "after that while both are read counts for nothing. Only a message that another writer stores at that very moment, "
    "and that comes before the last one, may be named as removed."
)
class EditReport:
    """A comparison of two reads."""

    tokens_before: int = computed(
        "How many tokens (o200k_base) the conversation has as it is stored; all of it, with a pin too.",
        lambda self: self.edited.tokens_before,
    )
    tokens_after: int = computed(
        "How many tokens (o200k_base) the edited view has: the connection's tokenCount.",
        lambda self: self.edited.tokens_after,
    )
    removed_ids: list[strawberry.ID] = computed(
        "The global ids of the messages that the edits took out, oldest first.",
        lambda self: _ids(self.edited.removed),
    )
    changed_ids: list[strawberry.ID] = computed(
        "The global ids of the messages that are still there, with other parts than are stored, oldest first.",
        lambda self: _ids(self.edited.changed),
    )
    edited: strawberry.Private[Edited]


def _ids(messages: list[model.Message]) -> list[strawberry.ID]:
    together = Together(messages)
    return [node.message_id_at(together.spelled(message)) for message in messages]


async def report(info: Info, asked: Asked, view: View) -> EditReport:
    """Tell what the edits of a view did; an id that is listed counts as what may be shown."""
    edited = await compare(info.context.loaders, asked.session_id, view)
    info.context.learn(asked.session_id, len(edited.stored))
    listed = {"removedIds": edited.removed, "changedIds": edited.changed}
    info.context.allowance.take(sum(len(messages) for name, messages in listed.items() if selects(info, name)))
    return EditReport(edited=edited)
