"""Gemini contents that a caller sends: what Acontext keeps is passed on, what it would lose is refused."""

import base64
import binascii
from collections.abc import Callable
from typing import Any

from gql_api.formats import strict
from gql_api.formats.strict import Path
from gql_api.formats.values import FormatError, JsonObject

_CAMEL = {
    "thought_signature": "thoughtSignature",
    "inline_data": "inlineData",
    "mime_type": "mimeType",
    "display_name": "displayName",
    "function_call": "functionCall",
    "function_response": "functionResponse",
}
"""Python's SDK writes snake case where the API, and Acontext, have camel case."""


def prepare(blob: Any) -> JsonObject:
    """Give an equal content that Acontext keeps whole; raises FormatError naming what it would lose or refuse.

    A signature that is not of a thought is passed on, but only `signed_as_acontext` gets it stored.
    """
    content = strict.an_object(blob, ())
    strict.is_storable(content)
    role = strict.one_of(content.get("role"), ("user", "model"), ("role",))
    strict.nothing_else(content, (), known=("role", "parts"))
    given = content.get("parts")
    items = [] if given is None else strict.a_list(given, ("parts",))
    parts = [_part(item, ("parts", str(index))) for index, item in enumerate(items)]
    return {"role": role, "parts": [part for part in parts if part]}


def _camel(value: Any, path: Path) -> JsonObject:
    return {_CAMEL.get(key, key): item for key, item in strict.an_object(value, path).items() if item is not None}


def _part(value: Any, path: Path) -> JsonObject:
    """Check one part; an empty one, as streams end with, gives nothing."""
    part = _camel(value, path)
    strict.nothing_else(part, path, known=("text", "thought", "thoughtSignature", *_BODIES))
    text = strict.a_text(part.get("text", ""), (*path, "text"))
    bodies = [key for key in _BODIES if key in part]
    if len(bodies) + bool(text) > 1:
        raise FormatError("Acontext would keep only one of what this part holds.", (*path, bodies[-1]))
    if bodies:
        return {bodies[0]: _BODIES[bodies[0]](part[bodies[0]], (*path, bodies[0])), **_thought(part, path)}
    return {"text": text, **_thought(part, path)} if text else {}


def _thought(part: JsonObject, path: Path) -> JsonObject:
    thought = part.get("thought", False)
    if not isinstance(thought, bool):
        raise FormatError("This must be true or false.", (*path, "thought"))
    prepared: JsonObject = {"thought": True} if thought else {}
    if part.get("thoughtSignature"):
        prepared["thoughtSignature"] = _base64(part["thoughtSignature"], (*path, "thoughtSignature"))
    return prepared


def _base64(value: Any, path: Path) -> str:
    """Give standard base64: Python's SDK writes the alphabet for URLs, which Acontext refuses."""
    text = strict.a_text(value, path).replace("-", "+").replace("_", "/").rstrip("=")
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise FormatError("This must be base64.", path) from error
    return base64.b64encode(raw).decode()


def _inline(value: Any, path: Path) -> JsonObject:
    inline = _camel(value, path)
    strict.nothing_else(inline, path, known=("data", "mimeType"))
    mime = strict.some_text(inline.get("mimeType"), (*path, "mimeType"))
    strict.some_text(inline.get("data"), (*path, "data"))
    return {"mimeType": mime, "data": _base64(inline["data"], (*path, "data"))}


def _function(value: Any, path: Path, body: str) -> JsonObject:
    function = _camel(value, path)
    strict.nothing_else(function, path, known=("id", "name", body))
    prepared: JsonObject = {"name": strict.some_text(function.get("name"), (*path, "name"))}
    if function.get("id"):
        prepared["id"] = strict.a_text(function["id"], (*path, "id"))
    return prepared


def _call(value: Any, path: Path) -> JsonObject:
    return {**_function(value, path, "args"), **_body(value, path, "args")}


def _answer(value: Any, path: Path) -> JsonObject:
    # An answer without a body would be stored as the word null.
    return {**_function(value, path, "response"), "response": {}, **_body(value, path, "response")}


def _body(value: JsonObject, path: Path, key: str) -> JsonObject:
    body = value.get(key)
    if body is None:
        return {}
    strict.keeps_numbers(strict.an_object(body, (*path, key)), (*path, key))
    return {key: body}


_BODIES: dict[str, Callable[[Any, Path], JsonObject]] = {
    "inlineData": _inline,
    "functionCall": _call,
    "functionResponse": _answer,
}
