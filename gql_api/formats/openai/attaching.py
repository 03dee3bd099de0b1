"""Images, sounds and files as OpenAI's content parts; nothing is fetched, what OpenAI does not take is reported."""

from gql_api.formats.blob import loose_text
from gql_api.formats.conversation import Block, Part, meta_of
from gql_api.formats.media import content_of, data_url, filename_of, plain_mime
from gql_api.formats.notices import Report
from gql_api.formats.values import InlineMedia, JsonObject, LinkedMedia, Source

_SOUNDS = {
    "audio/wav": "wav",
    "audio/x-wav": "wav",
    "audio/wave": "wav",
    "audio/vnd.wave": "wav",
    "audio/mpeg": "mp3",
    "audio/mp3": "mp3",
}

_DETAILS = ("auto", "low", "high", "original")


def attachment(part: Part, source: Source, report: Report) -> Block | None:
    """Write a media part; None, and a notice, where OpenAI has no place for it."""
    kind = part.get("type")
    if report.omit_media:
        report.media_omitted(source, f"The {kind} is left out as asked.")
        return None
    if source.role == "assistant":
        report.media_omitted(source, f"OpenAI takes no {kind} from the assistant.")
        return None
    block = _as_given(part) or _converted(part, report)
    if block is None:
        report.media_omitted(
            source, f"The {kind} cannot be given to OpenAI: its bytes are not at hand, or of no kind it takes."
        )
    return block


def _as_given(part: Part) -> Block | None:
    """Give back what came in OpenAI's own form."""
    meta = meta_of(part)
    texts = {key: value for key, value in meta.items() if isinstance(value, str) and value}
    if part.get("type") == "image" and "url" in texts:
        return Block(_image(texts["url"], texts.get("detail")))
    if part.get("type") == "audio" and "data" in texts and texts.get("format") in _SOUNDS.values():
        return Block({"type": "input_audio", "input_audio": {key: texts[key] for key in ("data", "format")}})
    if part.get("type") == "file" and ("file_id" in texts or "file_data" in texts):
        file = {key: texts[key] for key in ("file_id", "file_data", "filename") if key in texts}
        return Block({"type": "file", "file": file})
    return None


def _image(url: str, detail: str | None = None) -> JsonObject:
    image = {"url": url, "detail": detail} if detail in _DETAILS else {"url": url}
    return {"type": "image_url", "image_url": image}


def _converted(part: Part, report: Report) -> Block | None:
    content = content_of(part, report.media)
    if content is None or content.mime is None:
        return None
    mime = plain_mime(content.mime)
    detail = loose_text(meta_of(part).get("detail"))
    if mime.startswith("image/"):
        url = data_url(content) if isinstance(content, InlineMedia) else content.url
        return Block(_image(url, detail), fleeting=isinstance(content, LinkedMedia))
    if not isinstance(content, InlineMedia) or mime.startswith("video/"):
        return None
    if mime in _SOUNDS:
        return Block({"type": "input_audio", "input_audio": {"data": content.data, "format": _SOUNDS[mime]}})
    file = {"filename": filename_of(part, mime), "file_data": data_url(content)}
    return Block({"type": "file", "file": file})
