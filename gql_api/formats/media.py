"""The bytes or the address of an image, sound, film or file part; which of them a provider takes, its writer knows."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes

from gql_api.formats.blob import loose_object, loose_text
from gql_api.formats.values import InlineMedia, LinkedMedia, Media

_BY_FAMILY = ("image", "audio", "video")
MEDIA_TYPES = frozenset({"image", "audio", "video", "file"})

_UNKNOWN_MIME = "application/octet-stream"

# Not the standard library's guess: that reads files of the machine, and the same message must look the same everywhere.
_MIME_BY_EXTENSION = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
    "svg": "image/svg+xml",
    "pdf": "application/pdf",
    "txt": "text/plain",
    "md": "text/markdown",
    "csv": "text/csv",
    "html": "text/html",
    "json": "application/json",
    "wav": "audio/wav",
    "mp3": "audio/mpeg",
    "mp4": "video/mp4",
}
_EXTENSION_BY_MIME = {mime: extension for extension, mime in reversed(_MIME_BY_EXTENSION.items())}


@dataclass(frozen=True, slots=True)
class WebLink:
    """An address that a user wrote; nothing here ever opens it."""

    url: str
    mime: str | None


def content_of(part: Mapping[str, Any], media: Media) -> InlineMedia | LinkedMedia | WebLink | None:
    """Find what a part holds: the asset if its bytes or URL were given, else what stands in its meta."""
    asset = media.get(loose_text(loose_object(part.get("asset")).get("sha256")))
    if asset is not None:
        return asset
    meta = loose_object(part.get("meta"))
    url, data, file_data = (loose_text(meta.get(key)) for key in ("url", "data", "file_data"))
    for text in (url, file_data):
        if text.startswith("data:"):
            return parse_data_url(text)
    if url:
        return WebLink(url, _named_mime(meta) or _mime_by_name(url.partition("?")[0]))
    if data:
        return InlineMedia(data, _named_mime(meta) or _UNKNOWN_MIME)
    guessed = _mime_by_name(loose_text(meta.get("filename")))
    return InlineMedia(file_data, guessed or _UNKNOWN_MIME) if file_data else None


def kind_of(mime: str | None, name: str) -> str:
    """Tell the type of a part by the media type, or else by the ending of the name; what is not known is a file."""
    family = plain_mime(mime or "").partition("/")[0]
    if family not in _BY_FAMILY:
        family = (_mime_by_name(name) or "").partition("/")[0]
    return family if family in _BY_FAMILY else "file"


def _mime_by_name(name: str) -> str | None:
    return _MIME_BY_EXTENSION.get(name.rpartition(".")[2].lower())


def _named_mime(meta: Mapping[str, Any]) -> str | None:
    sound = loose_text(meta.get("format"))
    return loose_text(meta.get("media_type")) or (f"audio/{sound}" if sound else None)


def parse_data_url(url: str) -> InlineMedia | None:
    """Take a `data:` URL apart; None when it is malformed."""
    head, comma, body = url.removeprefix("data:").partition(",")
    if not comma:
        return None
    mime, *options = head.split(";")
    if "base64" in options:
        return InlineMedia(body, mime or "text/plain")
    return InlineMedia(base64.b64encode(unquote_to_bytes(body)).decode(), mime or "text/plain")


def data_url(media: InlineMedia) -> str:
    return f"data:{plain_mime(media.mime)};base64,{media.data}"


def plain_mime(mime: str) -> str:
    """Cut the parameters off: `text/plain; charset=utf-8` is `text/plain`."""
    return mime.partition(";")[0].strip().lower()


def text_of(media: InlineMedia) -> str | None:
    """Decode UTF-8 text; None when it is not."""
    try:
        return base64.b64decode(media.data, validate=True).decode()
    except (binascii.Error, ValueError):
        return None


def filename_of(part: Mapping[str, Any], mime: str) -> str:
    """Give the name of the file, or a neutral one with the extension of its type."""
    named = loose_text(part.get("filename")) or loose_text(loose_object(part.get("meta")).get("filename"))
    extension = _EXTENSION_BY_MIME.get(plain_mime(mime))
    return named or (f"file.{extension}" if extension else "file")
