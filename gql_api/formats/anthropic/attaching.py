"""Images and documents as Anthropic's blocks; nothing is fetched, what Anthropic does not take is reported."""

from gql_api.formats.blob import loose_text
from gql_api.formats.conversation import Block, Part, meta_of
from gql_api.formats.media import WebLink, content_of, plain_mime, text_of
from gql_api.formats.notices import Report
from gql_api.formats.values import InlineMedia, JsonObject, LinkedMedia, Source

_IMAGES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
_TEXTS = frozenset({"application/json", "application/xml", "application/x-yaml", "application/javascript"})


def attachment(part: Part, source: Source, report: Report) -> Block | None:
    """Write a media part; None, and a notice, where Anthropic has no place for it."""
    kind = part.get("type")
    if report.omit_media:
        report.media_omitted(source, f"The {kind} is left out as asked.")
        return None
    if source.role == "assistant":
        report.media_omitted(source, f"Anthropic takes no {kind} from the assistant.")
        return None
    content = content_of(part, report.media)
    if isinstance(content, InlineMedia):
        block = _inline(content, part)
    else:
        block = _linked(content, loose_text(kind)) if content else None
    if block is None:
        why = f"The {kind} cannot be given to Anthropic: its bytes are not at hand, or of no type that it takes."
        report.media_omitted(source, why)
        return None
    return Block(block, fleeting=isinstance(content, LinkedMedia))


def _inline(content: InlineMedia, part: Part) -> JsonObject | None:
    mime = plain_mime(content.mime)
    encoded = {"type": "base64", "media_type": mime, "data": content.data}
    if mime in _IMAGES:
        return {"type": "image", "source": encoded}
    if mime == "application/pdf":
        return _document(encoded, part)
    if mime.startswith("text/") or mime in _TEXTS:
        text = text_of(content)
        return _document({"type": "text", "media_type": "text/plain", "data": text}, part) if text else None
    return None


def _linked(content: LinkedMedia | WebLink, kind: str) -> JsonObject | None:
    mime = plain_mime(content.mime or "")
    source = {"type": "url", "url": content.url}
    if mime in _IMAGES or (kind == "image" and isinstance(content, WebLink)):
        return {"type": "image", "source": source}
    if mime == "application/pdf" or (kind == "file" and isinstance(content, WebLink)):
        return {"type": "document", "source": source}
    return None


def _document(source: JsonObject, part: Part) -> JsonObject:
    title = loose_text(part.get("filename")) or loose_text(meta_of(part).get("filename"))
    block: JsonObject = {"type": "document", "source": source}
    return {**block, "title": title} if title else block
