"""OpenAI messages that a caller sends: what Acontext keeps is passed on, what it would lose is refused."""

from collections.abc import Callable
from typing import Any

from gql_api.formats import strict
from gql_api.formats.strict import Path
from gql_api.formats.values import FormatError, JsonObject

_ROLES = ("system", "developer", "user", "assistant", "tool", "function")

_REPEATING = {"message": ("parsed",), "call": ("index",), "function": ("parsed_arguments",)}
"""What SDKs write beside the message that only repeats it, or counts its pieces."""


def prepare(blob: Any) -> JsonObject:
    """Give an equal message that Acontext keeps whole; raises FormatError naming what it would lose or refuse.

    The name of a tool's message is passed on, but only `named_as_acontext` gets it stored.
    """
    message = strict.an_object(blob, ())
    strict.is_storable(message)
    role = strict.one_of(message.get("role"), _ROLES, ("role",))
    prepared = {"role": role, **_PREPARE[role](message)}
    name = message.get("name")
    if name is not None and name != "":
        prepared["name"] = strict.without_nul(strict.a_text(name, ("name",)), ("name",))
    return prepared


def _user(message: JsonObject) -> JsonObject:
    strict.nothing_else(message, (), known=("role", "content", "name"))
    return {"content": _content(message.get("content"), _user_item)}


def _instructions(message: JsonObject) -> JsonObject:
    strict.nothing_else(message, (), known=("role", "content", "name"))
    return {"content": _content(message.get("content"), _text_item)}


def _tool(message: JsonObject) -> JsonObject:
    strict.nothing_else(message, (), known=("role", "content", "tool_call_id", "name"))
    call_id = strict.some_text(message.get("tool_call_id"), ("tool_call_id",))
    return {"content": _content(message.get("content"), _text_item), "tool_call_id": call_id}


def _old_function(message: JsonObject) -> JsonObject:
    strict.nothing_else(message, (), known=("role", "content", "name"))
    strict.some_text(message.get("name"), ("name",))
    content = message.get("content")
    return {"content": "" if content is None else strict.a_text(content, ("content",))}


def _assistant(message: JsonObject) -> JsonObject:
    known = ("role", "content", "name", "tool_calls", "function_call", "refusal")
    strict.nothing_else(message, (), known=known, harmless=_REPEATING["message"])
    prepared: JsonObject = {"content": _assistant_content(message)}
    calls = message.get("tool_calls")
    if calls is not None and calls != []:
        prepared["tool_calls"] = [
            _call(call, ("tool_calls", str(index))) for index, call in enumerate(strict.a_list(calls, ("tool_calls",)))
        ]
    function = message.get("function_call")
    if function is not None:
        prepared["function_call"] = _function(function, ("function_call",))
    return prepared


def _assistant_content(message: JsonObject) -> str | list[JsonObject] | None:
    """Acontext loses a refusal beside the content, but keeps one within it."""
    given, refusal = message.get("content"), message.get("refusal")
    content = _content(given, _assistant_item) if given is not None and given != [] else None
    if refusal is None or refusal == "":
        return content
    items = [{"type": "text", "text": content}] if isinstance(content, str) and content else content or []
    return [*items, {"type": "refusal", "refusal": strict.a_text(refusal, ("refusal",))}]


def _content(content: Any, item: Callable[[Any, Path], JsonObject]) -> str | list[JsonObject]:
    if isinstance(content, str):
        return content
    if not isinstance(content, list) or not content:
        raise FormatError("The content must be a text or a list that is not empty.", ("content",))
    return [item(one, ("content", str(index))) for index, one in enumerate(content)]


def _text_item(item: Any, path: Path) -> JsonObject:
    return _item(item, path, {"text": _text})


def _user_item(item: Any, path: Path) -> JsonObject:
    return _item(item, path, {"text": _text, "image_url": _image, "input_audio": _audio, "file": _file})


def _assistant_item(item: Any, path: Path) -> JsonObject:
    return _item(item, path, {"text": _text, "refusal": _text})


def _item(item: Any, path: Path, kinds: dict[str, Callable[[Any, Path], Any]]) -> JsonObject:
    """Check one item of the content: its body stands under the name of its type."""
    item = strict.an_object(item, path)
    kind = strict.one_of(item.get("type"), kinds, (*path, "type"))
    strict.nothing_else(item, path, known=("type", kind), harmless=("cache_control",))
    return {"type": kind, kind: kinds[kind](item.get(kind), (*path, kind))}


def _text(value: Any, path: Path) -> str:
    return strict.a_text(value, path)


def _image(value: Any, path: Path) -> JsonObject:
    image = strict.an_object(value, path)
    strict.nothing_else(image, path, known=("url", "detail"))
    prepared = {"url": strict.some_text(image.get("url"), (*path, "url"))}
    if image.get("detail"):
        prepared["detail"] = strict.a_text(image["detail"], (*path, "detail"))
    return prepared


def _audio(value: Any, path: Path) -> JsonObject:
    audio = strict.an_object(value, path)
    strict.nothing_else(audio, path, known=("data", "format"))
    return {key: strict.some_text(audio.get(key), (*path, key)) for key in ("data", "format")}


def _file(value: Any, path: Path) -> JsonObject:
    file = strict.an_object(value, path)
    keys = ("file_id", "file_data", "filename")
    strict.nothing_else(file, path, known=keys)
    prepared = {key: strict.some_text(file[key], (*path, key)) for key in keys if file.get(key) not in (None, "")}
    if not prepared.keys() & {"file_id", "file_data"}:
        raise FormatError("A file needs file_id or file_data.", path)
    return prepared


def _call(value: Any, path: Path) -> JsonObject:
    call = strict.an_object(value, path)
    strict.nothing_else(call, path, known=("id", "type", "function"), harmless=_REPEATING["call"])
    strict.one_of(call.get("type", "function"), ("function",), (*path, "type"))
    call_id = strict.some_text(call.get("id"), (*path, "id"))
    return {"id": call_id, "type": "function", "function": _function(call.get("function"), (*path, "function"))}


def _function(value: Any, path: Path) -> JsonObject:
    function = strict.an_object(value, path)
    strict.nothing_else(function, path, known=("name", "arguments"), harmless=_REPEATING["function"])
    name = strict.some_text(function.get("name"), (*path, "name"))
    return {"name": name, "arguments": strict.a_text(function.get("arguments"), (*path, "arguments"))}


_PREPARE: dict[str, Callable[[JsonObject], JsonObject]] = {
    "system": _instructions,
    "developer": _instructions,
    "user": _user,
    "assistant": _assistant,
    "tool": _tool,
    "function": _old_function,
}
