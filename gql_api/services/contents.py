"""The bytes and the names of files as callers give them."""

from base64 import b64decode
from binascii import Error as Base64Error

from gql_api.content import Content, HeldContent, UploadedFile
from gql_api.errors import Invalid, TooLarge
from gql_api.services import paths, rules
from gql_api.upstream.files import LARGEST_FILE

LONGEST_NAME = 255


def of_text(text: str, path: rules.Path) -> Content:
    """Give text as UTF-8; raise `Invalid`."""
    rules.exact_text(text, path, nul=True)
    return HeldContent(text.encode())


def of_base64(text: str, path: rules.Path) -> Content:
    """Give what is written in base64 with padding; raise `Invalid`."""
    try:
        return HeldContent(b64decode(text, validate=True))
    except (Base64Error, ValueError):
        raise Invalid("This is not base64 with padding.", path) from None


def within_limit(content: Content, path: rules.Path) -> Content:
    """Refuse with `TooLarge` what Acontext would not take."""
    if content.size > LARGEST_FILE:
        raise TooLarge(f"A file has at most {LARGEST_FILE} bytes.", path)
    return content


def of_upload(file: UploadedFile, path: rules.Path) -> Content:
    """Give the bytes of an upload that is no archive; raise `TooLarge`."""
    if file.is_large:
        raise TooLarge("Only an archive may be so large here.", path)
    return within_limit(file.content, path)


def filename(text: str, path: rules.Path) -> str:
    """Check the name of a file that lies in no directory; raise `Invalid` or `TooLarge`."""
    if len(text) > LONGEST_NAME:
        raise TooLarge(f"The name of a file has at most {LONGEST_NAME} characters.", path)
    directory, name = paths.file(text, path)
    if directory != "/" or name != text:
        raise Invalid("The name of a file must not contain slashes.", path)
    return name
