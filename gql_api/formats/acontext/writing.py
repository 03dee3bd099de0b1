"""Stored messages in Acontext's own form, ready to be stored again; nothing of a part is lost."""

from collections.abc import Sequence

from gql_api.formats.blob import loose_object, loose_text
from gql_api.formats.conversation import Part
from gql_api.formats.layout import Item, Layout, formatted
from gql_api.formats.media import MEDIA_TYPES
from gql_api.formats.notices import Report
from gql_api.formats.values import Formatted, InlineMedia, JsonObject, Media, Source


def from_acontext(
    messages: Sequence[Source], *, media: Media, omit_media: bool = False, edited_through: str | None = None
) -> Formatted:
    """Write messages as they are stored; the bytes or URL of an asset are added to the meta of its part.

    So an item can be stored again: Acontext takes no asset by reference, but keeps what the meta holds.
    """
    report = Report(media, omit_media)
    return formatted(messages, report=report, edited_through=edited_through, lay_out=_lay_out)


def _lay_out(messages: Sequence[Source], report: Report) -> Layout:
    return Layout([_item(message, report) for message in messages])


def _item(source: Source, report: Report) -> Item:
    parts, settled = [], True
    for part in source.parts:
        given, lasting = _part(part, source, report)
        parts += given
        settled = settled and lasting
    message: JsonObject = {"role": source.role, "parts": parts}
    # Keys like __user_meta__ are the server's book-keeping, not the message's.
    meta = {key: value for key, value in source.meta.items() if not key.startswith("__")}
    if meta:
        message["meta"] = meta
    return Item(message, [source], settled)


def _part(part: Part, source: Source, report: Report) -> tuple[list[JsonObject], bool]:
    """Give the part, if it is not left out, and whether it will be the same next time."""
    kind = part.get("type")
    if kind in MEDIA_TYPES and report.omit_media:
        report.media_omitted(source, f"The {kind} is left out as asked.")
        return [], True
    if not part.get("asset"):
        return [dict(part)], True
    content = report.media.get(loose_text(loose_object(part["asset"]).get("sha256")))
    if content is None:
        report.media_omitted(source, f"The {kind} is named, but its bytes are not at hand.")
        return [dict(part)], True
    if isinstance(content, InlineMedia):
        added = {"type": "base64", "media_type": content.mime, "data": content.data}
    else:
        added = {"type": "url", "media_type": content.mime, "url": content.url}
    if part.get("filename"):
        added["filename"] = part["filename"]
    return [{**part, "meta": {**added, **loose_object(part.get("meta"))}}], isinstance(content, InlineMedia)
