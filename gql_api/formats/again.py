"""How a stored message is stored once more so that the same is kept; a leaf beside the formats that it tries."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from gql_api.formats import acontext, anthropic, openai
from gql_api.formats.blob import loose_object, loose_text
from gql_api.formats.values import FormatError, JsonObject, Source

Part = Mapping[str, Any]


class File(NamedTuple):
    """A file that is to be sent along, by the name of its field; `part` has the asset that it was read from."""

    field: str
    part: Part


class Again(NamedTuple):
    """A message to send, in which form, and the files that go with it."""

    format: str
    blob: JsonObject
    files: tuple[File, ...] = ()


def again(message: Source) -> Again | None:
    """Say what is to be sent so that Acontext keeps this message once more; None where nothing would do.

    Its own form takes nearly all that it keeps. Not empty texts, nor the results of OpenAI's old functions: those come
    only from their provider's form. What a form makes of a message is known here, so no other is chosen.
    """
    files = tuple(File(f"file-{index}", part) for index, part in enumerate(message.parts) if part.get("asset"))
    named = {id(file.part): file.field for file in files}
    wanted = [_sent(part, named.get(id(part))) for part in message.parts]
    meta = {key: value for key, value in message.meta.items() if not key.startswith("__user")}
    own = {"role": message.role, "parts": wanted, "meta": meta}
    for format, read, blob in _candidates(message, own, has_files=bool(files)):
        try:
            kept = read(blob)
        except FormatError:
            continue
        if (kept["role"], kept["parts"], kept["meta"]) == (message.role, wanted, meta):
            return Again(format, blob, files)
    return None


def is_same(one: Sequence[Part], other: Sequence[Part]) -> bool:
    """Tell whether parts say the same: assets by their bytes, wherever they lie."""
    return [*map(_compared, one)] == [*map(_compared, other)]


def _compared(part: Part) -> JsonObject:
    asset = loose_object(part.get("asset"))
    rest = {key: value for key, value in part.items() if key != "asset" and value not in ("", None)}
    return {**rest, "asset": (asset.get("sha256"), asset.get("size_b"))} if asset else rest


def _sent(part: Part, field: str | None) -> JsonObject:
    if field is None:
        return dict(part)
    return {**{key: value for key, value in part.items() if key not in ("asset", "filename")}, "file_field": field}


Read = Callable[[Any], JsonObject]


def _candidates(message: Source, own: JsonObject, *, has_files: bool) -> Iterator[tuple[str, Read, JsonObject]]:
    yield "acontext", acontext.to_acontext, own
    if has_files:
        return
    yield "openai", openai.to_acontext, _openai(message)
    yield "anthropic", anthropic.to_acontext, {"role": message.role, "content": [*map(_block, message.parts)]}


def _openai(message: Source) -> JsonObject:
    result = loose_object(message.parts[0].get("meta")) if message.parts else {}
    if "function_name" in result:
        return {"role": "function", "name": result["function_name"], "content": _text(message.parts[0])}
    said = [part for part in message.parts if part.get("type") != "tool-call"]
    blob: JsonObject = {"role": message.meta.get("original_role") or message.role, "content": [*map(_item, said)]}
    calls = [_call(loose_object(part.get("meta"))) for part in message.parts if part.get("type") == "tool-call"]
    if calls:
        blob["tool_calls"] = calls
    return {**blob, "name": message.meta["name"]} if "name" in message.meta else blob


def _call(meta: JsonObject) -> JsonObject:
    function = {key: meta.get(key) for key in ("name", "arguments")}
    return {"id": meta.get("id"), "type": "function", "function": function}


def _item(part: Part) -> JsonObject:
    kind, meta = part.get("type"), loose_object(part.get("meta"))
    if kind == "image":
        return {"type": "image_url", "image_url": meta}
    if kind == "audio":
        return {"type": "input_audio", "input_audio": meta}
    if kind == "file":
        return {"type": "file", "file": meta}
    if kind == "text" and meta.get("is_refusal") is True:
        return {"type": "refusal", "refusal": _text(part)}
    return {"type": kind, "text": _text(part)}


def _block(part: Part) -> JsonObject:
    kind, meta = loose_text(part.get("type")), loose_object(part.get("meta"))
    cached = {"cache_control": meta.get("cache_control")}
    if kind == "tool-call":
        return {"type": "tool_use", "id": meta.get("id"), "name": meta.get("name"), "input": _input(meta), **cached}
    if kind == "tool-result":
        result = {"tool_use_id": meta.get("tool_call_id"), "is_error": meta.get("is_error")}
        return {"type": "tool_result", "content": _text(part), **result, **cached}
    if kind in ("image", "file"):
        source = {key: value for key, value in meta.items() if key != "cache_control"}
        return {"type": "image" if kind == "image" else "document", "source": source, **cached}
    if kind == "redacted_thinking":
        return {"type": kind, "data": meta.get("data")}
    return {"type": kind, kind: _text(part), "signature": meta.get("signature"), **cached}


def _input(meta: JsonObject) -> Any:
    try:
        return json.loads(loose_text(meta.get("arguments")))
    except ValueError:
        return None


def _text(part: Part) -> str:
    return loose_text(part.get("text"))
