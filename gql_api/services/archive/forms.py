"""Messages of an archive in providers' forms too, for programs that have no use for Acontext's; no import reads them.

Each message is written by itself, so that one list of messages in memory is enough. What a provider's form has of
others, as what stands for a result that never came, is not in it.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gql_api import model
from gql_api.formats import Formatted, LinkedMedia, Source, anthropic, gemini, openai

FORMS = ("openai", "anthropic", "gemini")
"""In this order they stand in the tokens of URLs: a new one comes last."""
BLOB = "sha256:"
"""Begins what stands for the address of a medium: the bytes are the blob with that hash."""
_WRITERS: dict[str, Callable[..., Formatted]] = {
    "openai": openai.from_acontext,
    "anthropic": anthropic.from_acontext,
    "gemini": gemini.from_acontext,
}
_NAMELESS = "tool"


def written(message: model.Message, forms: Sequence[str]) -> model.JsonObject:
    """Give the message in each of these forms: the list of what it is there, mostly of one item."""
    source = Source(message.id_text, message.role, message.parts, message.meta)
    media = {sha256: LinkedMedia(f"{BLOB}{sha256}", mime) for sha256, mime in _assets(message.parts)}
    return {form: _items(form, source, media) for form in FORMS if form in forms}


def _items(form: str, source: Source, media: Mapping[str, LinkedMedia]) -> list[Any]:
    called = _called(source, name=None if form == "gemini" else _NAMELESS)
    found = _WRITERS[form]([*called, source], media=media)
    told = [item for item, ids in zip(found.messages, found.message_ids, strict=True) if source.id in ids]
    if found.system is None:
        return told
    system = found.system if form == "gemini" else {"content": found.system}
    return [{"role": "system", **system}, *told]


def _called(source: Source, *, name: str | None) -> list[Source]:
    """Give a message with the calls that this one answers, without which a result is written as text.

    `name` is that of a tool whose name the result does not tell; None: without it there can be no call.
    """
    results = [part.get("meta") or {} for part in source.parts if part.get("type") == "tool-result"]
    calls = [(meta.get("tool_call_id"), meta.get("name") or meta.get("function_name") or name) for meta in results]
    parts = [{"type": "tool-call", "meta": {"id": id, "name": name, "arguments": "{}"}} for id, name in calls if name]
    return [Source("", "assistant", parts, {})] if parts and source.role != "assistant" else []


def _assets(parts: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    assets = [part["asset"] for part in parts if part.get("asset")]
    return [(asset["sha256"], asset.get("mime") or "application/octet-stream") for asset in assets]
