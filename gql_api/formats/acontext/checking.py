"""Messages in Acontext's own form that a caller sends: what it keeps is passed on, what it would lose is refused."""

from typing import Any

from gql_api.formats import strict
from gql_api.formats.acontext.reading import to_acontext
from gql_api.formats.blob import loose_object
from gql_api.formats.strict import Path
from gql_api.formats.values import FormatError, JsonObject


def prepare(blob: Any) -> JsonObject:
    """Give an equal message that Acontext keeps whole; raises FormatError naming what it would lose or refuse.

    An asset is let go only where the meta of its part holds the bytes or a URL, as `from_acontext` writes it.
    """
    message = strict.an_object(blob, ())
    strict.is_storable(message)
    strict.nothing_else(message, (), known=("role", "parts", "meta"))
    read = to_acontext(message)
    for index, part in enumerate(message.get("parts") or []):
        _keeps_part(part, ("parts", str(index)))
    prepared = {"role": read["role"], "parts": read["parts"]}
    if message.get("meta"):
        prepared["meta"] = _meta(message["meta"])
    return prepared


def _keeps_part(part: JsonObject, path: Path) -> None:
    meta = loose_object(part.get("meta"))
    if part.get("file_field"):
        raise FormatError("Files cannot be sent along here.", (*path, "file_field"))
    stands_in_meta = ("asset", "filename") if meta.get("data") or meta.get("url") else ()
    strict.nothing_else(part, path, known=("type", "text", "meta", "file_field"), harmless=stands_in_meta)
    strict.keeps_numbers(meta, (*path, "meta"))
    for key in ("id", "name", "tool_call_id"):
        if key in meta and part["type"] in ("tool-call", "tool-result"):
            strict.a_text(meta[key], (*path, "meta", key))


def _meta(meta: JsonObject) -> JsonObject:
    strict.keeps_numbers(meta, ("meta",))
    for key, value in meta.items():
        if key.startswith("__"):
            raise FormatError("Keys that start with two underscores are Acontext's own.", ("meta", key))
        if isinstance(value, str):
            strict.without_nul(value, ("meta", key))
    return meta
