"""Looks into a stored or given message as loosely as Acontext's decoders do; `strict` is for what must be refused."""

from collections.abc import Mapping
from typing import Any

from gql_api.formats.values import JsonObject


def loose_object(value: Any) -> JsonObject:
    """Give the object, or an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def loose_text(value: Any) -> str:
    """Give a text as the providers' Go decoders read it: scalars become their JSON text, all else is empty."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    return ""


def part(kind: str, *, text: str = "", meta: Mapping[str, Any] | None = None) -> JsonObject:
    """Make a stored part; what is empty is left out, as upstream leaves it out."""
    made: JsonObject = {"type": kind}
    if text:
        made["text"] = text
    if meta:
        made["meta"] = dict(meta)
    return made
