"""The input for what is attached to a message."""

import strawberry

from gql_api.content import UploadedFile
from gql_api.errors import BadUserInput
from gql_api.schema import node
from gql_api.schema.scalars import Url
from gql_api.services.attachments import Attachment, Encoded, Linked, OnDisk


@strawberry.input(description="A file written in base64; larger ones are uploaded.")
class Base64Input:
    """Bytes and their name."""

    data: str = strawberry.field(description="The bytes, in base64 with padding (RFC 4648).")
    filename: str | None = strawberry.field(
        default=None, description="The file's name, at most 255 characters, no slashes; null: one made of the type."
    )
    mime_type: str | None = strawberry.field(
        default=None,
        description="The media type, as in `image/png`: it decides of which kind the part is. Null: the name does. "
        "Acontext tells the type that it keeps from the bytes.",
    )


@strawberry.input(
    one_of=True,
    description="Something attached to a message, in exactly one of the forms. It becomes a MediaPart: an image, audio "
    "or video by its media type or the ending of its name, else a file.",
)
class AttachmentInput:
    """Exactly one of the forms."""

    upload: strawberry.Maybe[UploadedFile] = strawberry.field(
        description="A file of a multipart request, at most 16 MiB; its name at most 255 characters, no slashes."
    )
    file_id: strawberry.Maybe[strawberry.ID] = strawberry.field(
        description="The global id of a file on the disk of one of the viewer's sessions. Its bytes are copied as they "
        "are now; those of one message have at most 16 MiB together."
    )
    url: strawberry.Maybe[Url] = strawberry.field(
        description="An absolute URL of http or https, at most 2048 characters. It is kept as it is: nobody here opens "
        "it, nor looks whether it leads somewhere."
    )
    base64: strawberry.Maybe[Base64Input] = strawberry.field(description="Bytes in the request itself.")


def attachment(given: AttachmentInput) -> Attachment:
    """Read one of the forms; raise `BadUserInput`."""
    if given.upload:
        return given.upload.value
    if given.file_id:
        key = node.read_file(given.file_id.value, "fileId")
        return OnDisk(key.disk_id, key.directory, key.filename)
    if given.url:
        return Linked(given.url.value)
    if given.base64:
        encoded = given.base64.value
        return Encoded(encoded.data, encoded.filename, encoded.mime_type)
    raise BadUserInput("attachments: exactly one form must be given.")
