"""Inputs and payloads of the mutations that write files."""

import strawberry

from gql_api.content import Content, UploadedFile
from gql_api.errors import BadUserInput, Correctable
from gql_api.loaders import FileKey
from gql_api.model import Session as SessionValue
from gql_api.schema import node
from gql_api.schema.context import Info
from gql_api.schema.disk import File
from gql_api.schema.scalars import Json
from gql_api.schema.session import Session, disk_of
from gql_api.schema.user_error import ERRORS, UserError
from gql_api.services import contents, paths, rules
from gql_api.services.files import Upload


@strawberry.input(one_of=True, description="The bytes of a file, at most 16 MiB.")
class FileContentInput:
    """Exactly one of the forms."""

    upload: strawberry.Maybe[UploadedFile] = strawberry.field(
        description="A file of a multipart request, for any size; its own name is not looked at."
    )
    text: strawberry.Maybe[str] = strawberry.field(description="Text, stored as UTF-8.")
    base64: strawberry.Maybe[str] = strawberry.field(description="Any bytes, in base64 with padding (RFC 4648).")


@strawberry.input(description="Which file to write.")
class UploadFileInput:
    """Input of uploadFile."""

    session_id: strawberry.ID = strawberry.field(description=node.SESSION_ID)
    path: str = strawberry.field(
        description="The whole path from `/`, the name included. At most 1024 characters; no empty segments, none with "
        "`..`, no control characters, backslashes or double quotes. A file that is there is replaced."
    )
    content: FileContentInput = strawberry.field(description="The bytes.")
    metadata: Json | None = strawberry.field(
        default=None,
        description="The caller's own metadata of the file: an object of at most 64 KiB; null: none. What a replaced "
        "file had is gone.",
    )


@strawberry.input(description="A file by session and path.")
class FilePathInput:
    """Where a file lies."""

    session_id: strawberry.ID = strawberry.field(description=node.SESSION_ID)
    path: str = strawberry.field(description="The whole path from `/`, the name included.")


@strawberry.input(one_of=True, description="Which file.")
class FileRefInput:
    """Exactly one of the ways."""

    id: strawberry.Maybe[strawberry.ID] = strawberry.field(description="By its global id.")
    at: strawberry.Maybe[FilePathInput] = strawberry.field(description="By session and path.")


@strawberry.input(description="Which file to delete.")
class DeleteFileInput:
    """Input of deleteFile."""

    file: FileRefInput = strawberry.field(description="The file.")


@strawberry.input(description="Which file to describe, and how.")
class UpdateFileMetadataInput:
    """Input of updateFileMetadata."""

    file: FileRefInput = strawberry.field(description="The file.")
    metadata: Json = strawberry.field(
        description="The caller's own metadata of the file: an object of at most 64 KiB, in place of all that it has; "
        "an empty one clears them."
    )


@strawberry.type(description="What came of uploadFile.")
class UploadFilePayload:
    """Payload of uploadFile."""

    file: File | None = strawberry.field(default=None, description="The file; null when none was written.")
    replaced: bool = strawberry.field(default=False, description="Whether a file with this path was there before.")
    errors: list[UserError] = strawberry.field(default_factory=list, description=ERRORS)


@strawberry.type(description="What came of deleteFile.")
class DeleteFilePayload:
    """Payload of deleteFile."""

    deleted_file_id: strawberry.ID | None = strawberry.field(
        default=None, description="The global id of the file that is gone; null when none was deleted."
    )
    errors: list[UserError] = strawberry.field(default_factory=list, description=ERRORS)


@strawberry.type(description="What came of updateFileMetadata.")
class UpdateFileMetadataPayload:
    """Payload of updateFileMetadata."""

    file: File | None = strawberry.field(
        default=None, description="The file as it is now; null when nothing was changed."
    )
    errors: list[UserError] = strawberry.field(default_factory=list, description=ERRORS)


async def upload_file(info: Info, input: UploadFileInput) -> UploadFilePayload:
    """Write a file."""
    session_id = node.read_session(input.session_id, "sessionId")
    try:
        upload = Upload(input.path, _content(input.content), input.metadata)
        stored = await info.context.writing().files.upload(info.context.viewer.user, session_id, upload)
    except Correctable as problem:
        return UploadFilePayload(errors=[UserError.of(problem)])
    file = File(disk=disk_of(Session(value=stored.session)), value=stored.file)
    return UploadFilePayload(file=file, replaced=stored.replaced)


async def delete_file(info: Info, input: DeleteFileInput) -> DeleteFilePayload:
    """Delete a file."""
    files = info.context.writing().files
    try:
        session, key, path = await _located(info, input.file)
        await files.delete(session, directory=key.directory, filename=key.filename, path=path)
    except Correctable as problem:
        return DeleteFilePayload(errors=[UserError.of(problem)])
    return DeleteFilePayload(deleted_file_id=node.file_id(key.disk_id, key.directory + key.filename))


async def update_file_metadata(info: Info, input: UpdateFileMetadataInput) -> UpdateFileMetadataPayload:
    """Describe a file anew."""
    files = info.context.writing().files
    try:
        session, key, path = await _located(info, input.file)
        file = await files.replace_metadata(
            session, directory=key.directory, filename=key.filename, metadata=input.metadata, path=path
        )
    except Correctable as problem:
        return UpdateFileMetadataPayload(errors=[UserError.of(problem)])
    return UpdateFileMetadataPayload(file=File(disk=disk_of(Session(value=session)), value=file))


async def _located(info: Info, file: FileRefInput) -> tuple[SessionValue, FileKey, rules.Path]:
    """Find the viewer's session that the file belongs to, the file's key, and the argument that named it."""
    files, viewer = info.context.services.files, info.context.viewer.user
    if file.id:
        key = node.read_file(file.id.value, "id")
        path: rules.Path = ("input", "file", "id")
        return await files.session_of_disk(viewer, key.disk_id, path), key, path
    if file.at:
        at, path = file.at.value, ("input", "file", "at")
        session_id = node.read_session(at.session_id, "sessionId")
        session = await files.session_at(viewer, session_id, (*path, "sessionId"))
        directory, filename = paths.file(at.path, (*path, "path"))
        return session, FileKey(session.disk_id, directory, filename), (*path, "path")
    raise BadUserInput("file: exactly one way to name it must be given.")


def _content(given: FileContentInput) -> Content:
    if given.upload:
        return contents.of_upload(given.upload.value, ("input", "content", "upload"))
    if given.text:
        return contents.of_text(given.text.value, ("input", "content", "text"))
    if given.base64:
        return contents.of_base64(given.base64.value, ("input", "content", "base64"))
    raise BadUserInput("content: exactly one form must be given.")
