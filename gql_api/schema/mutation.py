"""The writes: one non-null input and one payload each; the rules are in `services`."""

from typing import Annotated

import strawberry

from gql_api.schema import file_write, fork, importing, message_write, session_write, several_write, user_write
from gql_api.schema.context import Info

_INPUT = strawberry.argument(description="What to do.")


@strawberry.type(
    description="All writes. Each field is nullable, so that one failure does not hide what the others did."
)
class Mutation:
    """The root of writes."""

    @strawberry.mutation(
        description="Make a session: a conversation in Acontext, a disk of its own, and their binding."
    )
    async def create_session(
        self, info: Info, input: Annotated[session_write.CreateSessionInput, _INPUT]
    ) -> session_write.CreateSessionPayload | None:
        return await session_write.create_session(info, input)

    @strawberry.mutation(
        description="Give the session with an id. One that is known is kept; one only Acontext knows is adopted for "
        "its own user, with a disk made and bound if it has none; else a session is made, under a fresh id."
    )
    async def get_or_create_session(
        self, info: Info, input: Annotated[session_write.GetOrCreateSessionInput, _INPUT]
    ) -> session_write.GetOrCreateSessionPayload | None:
        return await session_write.get_or_create_session(info, input)

    @strawberry.mutation(
        description="Change one of the viewer's sessions: title, configs or tags, or whether it is archived or pinned."
    )
    async def update_session(
        self, info: Info, input: Annotated[session_write.UpdateSessionInput, _INPUT]
    ) -> session_write.UpdateSessionPayload | None:
        return await session_write.update_session(info, input)

    @strawberry.mutation(
        description="Delete one of the viewer's sessions with its messages, disk and files. It is gone at once; "
        "the second time it is NOT_FOUND."
    )
    async def delete_session(
        self, info: Info, input: Annotated[session_write.DeleteSessionInput, _INPUT]
    ) -> session_write.DeleteSessionPayload | None:
        return await session_write.delete_session(info, input)

    @strawberry.mutation(
        description="Make a session of one of the viewer's: its messages up to one of them, in their order, with "
        "metadata and media, its configs, and its files on a disk of its own. It is seen when it is whole; where that "
        "takes longer than a request, `progress` tells how far it is. Neither tags nor pin are copied."
    )
    async def fork_session(
        self, info: Info, input: Annotated[fork.ForkSessionInput, _INPUT]
    ) -> fork.ForkSessionPayload | None:
        return await fork.fork_session(info, input)

    @strawberry.mutation(
        description="Bring in a session from an archive, with its conversation, media and files, its configs, title, "
        "tags and times, under its own id where that is free. Until all of it is in it is seen as far as it is. The "
        "same archive makes the session once, however often it is sent; ids and times of messages and files are new."
    )
    async def import_session(
        self, info: Info, input: Annotated[importing.ImportSessionInput, _INPUT]
    ) -> importing.ImportSessionPayload | None:
        return await importing.import_session(info, input)

    @strawberry.mutation(
        description="Archive, pin or tag several of the viewer's sessions alike. Each is changed whole or not at all; "
        "what is wrong with one keeps no other from it."
    )
    async def update_sessions(
        self, info: Info, input: Annotated[several_write.UpdateSessionsInput, _INPUT]
    ) -> several_write.UpdateSessionsPayload | None:
        return await several_write.update_sessions(info, input)

    @strawberry.mutation(
        description="Delete several of the viewer's sessions, each as deleteSession does. They are gone at once."
    )
    async def delete_sessions(
        self, info: Info, input: Annotated[several_write.DeleteSessionsInput, _INPUT]
    ) -> several_write.DeleteSessionsPayload | None:
        return await several_write.delete_sessions(info, input)

    @strawberry.mutation(
        description="Delete a user: all their sessions known here, each as deleteSession does, and all that is kept of "
        "them. They are gone at once, and no more can be made until it is finished. Many take longer than one answer: "
        "it goes on by itself, and the same call tells how far it is. It cannot be undone. Sessions of theirs that "
        "only Acontext knows stay, and so does their name there."
    )
    async def delete_user(
        self, info: Info, input: Annotated[user_write.DeleteUserInput, _INPUT]
    ) -> user_write.DeleteUserPayload | None:
        return await user_write.delete_user(info, input)

    @strawberry.mutation(
        description="Store a message at the end of a conversation. After UPSTREAM_TIMEOUT it may have been stored: "
        "with an idempotency key it is safe to send it again."
    )
    async def store_message(
        self, info: Info, input: Annotated[message_write.StoreMessageInput, _INPUT]
    ) -> message_write.StoreMessagePayload | None:
        return await message_write.store_message(info, input)

    @strawberry.mutation(
        description="Store messages at the end of a conversation, in their order. All are checked before the first is "
        "stored; if Acontext fails on the way, those before are stored and told."
    )
    async def store_messages(
        self, info: Info, input: Annotated[message_write.StoreMessagesInput, _INPUT]
    ) -> message_write.StoreMessagesPayload | None:
        return await message_write.store_messages(info, input)

    @strawberry.mutation(
        description="Merge keys into the metadata of a stored message, the one thing of it that may change. Nobody who "
        "follows the session is told; its place, lastActivityAt and the session's updatedAt stay."
    )
    async def update_message_metadata(
        self, info: Info, input: Annotated[message_write.UpdateMessageMetadataInput, _INPUT]
    ) -> message_write.UpdateMessageMetadataPayload | None:
        return await message_write.update_message_metadata(info, input)

    @strawberry.mutation(description="Write a file to a session's disk, in place of one with the same path.")
    async def upload_file(
        self, info: Info, input: Annotated[file_write.UploadFileInput, _INPUT]
    ) -> file_write.UploadFilePayload | None:
        return await file_write.upload_file(info, input)

    @strawberry.mutation(
        description="Put other metadata in place of those of a file. What is in it stays, its id and createdAt too."
    )
    async def update_file_metadata(
        self, info: Info, input: Annotated[file_write.UpdateFileMetadataInput, _INPUT]
    ) -> file_write.UpdateFileMetadataPayload | None:
        return await file_write.update_file_metadata(info, input)

    @strawberry.mutation(description="Delete a file from a session's disk; the second time it is NOT_FOUND.")
    async def delete_file(
        self, info: Info, input: Annotated[file_write.DeleteFileInput, _INPUT]
    ) -> file_write.DeleteFilePayload | None:
        return await file_write.delete_file(info, input)
