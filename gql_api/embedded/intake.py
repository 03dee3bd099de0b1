"""Reads what a request carries, with the refusals that upstream's framework gives; what it means is the routes' own."""

import asyncio
import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from starlette.requests import Request

from gql_api.embedded import gojson
from gql_api.embedded.envelope import PARAMETER_ERROR, bad_parameter, database_error

_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE = frozenset({"0", "f", "F", "FALSE", "false", "False"})
_DIGITS = "[0-9a-fA-F]"
_DASHED = rf"{_DIGITS}{{8}}-{_DIGITS}{{4}}-{_DIGITS}{{4}}-{_DIGITS}{{4}}-{_DIGITS}{{12}}"
_UUID = re.compile(rf"(?i:urn:uuid:){_DASHED}|\{{{_DASHED}\}}|{_DASHED}|{_DIGITS}{{32}}")
_URN = "urn:uuid:"
_LARGE = 64 * 1024
_MOST_META = 64 * 1024
_MOST_ITEMS = 200
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


class FormText(str):
    """A value of a form, where a boolean is a word; in JSON it is not."""

    __slots__ = ()


def parse_uuid(text: str) -> str | None:
    """Read an id in any form that Go's uuid.Parse takes; None if it is none."""
    if not _UUID.fullmatch(text):
        return None
    return str(UUID(text[len(_URN) :] if text[: len(_URN)].lower() == _URN else text))


def path_id(request: Request, name: str, *, message: str = PARAMETER_ERROR) -> str:
    """Give an id from the path, lower-case with dashes."""
    found = parse_uuid(request.path_params[name])
    if found is None:
        raise bad_parameter(message)
    return found


def text(request: Request, name: str, *, required: bool = False) -> str:
    value = request.query_params.get(name, "")
    if required and not value:
        raise bad_parameter()
    return value


def whole(request: Request, name: str, *, default: int) -> int:
    value = request.query_params.get(name, "")
    if not value:
        return default
    if not _INTEGER.fullmatch(value):
        raise bad_parameter()
    return int(value)


def limit(request: Request, *, default: int, least: int = 1) -> int:
    """Give the page size; outside `least`..200 it is refused."""
    value = whole(request, "limit", default=default)
    if not least <= value <= _MOST_ITEMS:
        raise bad_parameter()
    return value


def flag(request: Request, name: str, *, default: bool) -> bool:
    value = request.query_params.get(name, "")
    if value in _TRUE:
        return True
    if value in _FALSE:
        return False
    if value:
        raise bad_parameter()
    return default


async def json_body(request: Request) -> dict[str, Any]:
    """Read a body that must be a JSON object; null is an empty one."""
    body = await request.body()
    try:
        value = await asyncio.to_thread(gojson.loads, body) if len(body) > _LARGE else gojson.loads(body)
    except gojson.NotJson as error:
        raise bad_parameter() from error
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise bad_parameter()
    return value


async def body(request: Request) -> Mapping[str, Any]:
    """Read a body that may be JSON, a form or not there at all."""
    kind = content_type(request)
    if kind == "application/json":
        return await json_body(request)
    if kind in _FORMS:
        async with request.form() as form:
            return {name: FormText(value) for name, value in form.items() if isinstance(value, str)}
    return {}


def content_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def text_field(fields: Mapping[str, Any], name: str) -> str:
    """Give a text field; absent and null are empty."""
    value = fields.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise bad_parameter()
    return value


def object_field(fields: Mapping[str, Any], name: str) -> dict[str, Any] | None:
    """Give an object field with its numbers as floats; absent and null are None."""
    value = fields.get(name)
    if value is not None and not isinstance(value, dict):
        raise bad_parameter()
    return None if value is None else gojson.as_floats(value)


def flag_field(fields: Mapping[str, Any], name: str) -> bool:
    value = fields.get(name)
    if isinstance(value, FormText) and value in _TRUE | _FALSE:
        return value in _TRUE
    if value is not None and not isinstance(value, bool):
        raise bad_parameter()
    return bool(value)


def within_64k(value: dict[str, Any], *, what: str) -> str:
    """Give the JSON text of metadata, or refuse what is too large."""
    written = gojson.dumps(value)
    if len(written.encode()) > _MOST_META:
        raise bad_parameter(f"{what} size exceeds 64KB limit")
    return written


def storable(written: str, *, status: int = 500) -> str:
    """Refuse JSON text with NUL characters, as upstream's database does."""
    if gojson.has_nul(written):
        raise database_error(status)
    return written


def storable_identifier(identifier: str) -> str:
    if "\0" in identifier:
        raise database_error()
    return identifier
