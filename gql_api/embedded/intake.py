"""Reads what a request carries, with the refusals that upstream's framework gives; what it means is the routes' own."""

import asyncio
import json
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from uuid import UUID

from starlette.requests import Request

from gql_api import gojson as go
from gql_api.embedded import forms, gojson
from gql_api.embedded.envelope import PARAMETER_ERROR, bad_parameter, database_error
from gql_api.embedded.uploads import bounded, read_form

T = TypeVar("T")

_INTEGER = re.compile(r"[+-]?[0-9]+")
_INTEGERS = range(-(2**63), 2**63)
_MOST_DIGITS = 1000
_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE = frozenset({"0", "f", "F", "FALSE", "false", "False"})
_DIGITS = "[0-9a-fA-F]"
_DASHED = rf"{_DIGITS}{{8}}-{_DIGITS}{{4}}-{_DIGITS}{{4}}-{_DIGITS}{{4}}-{_DIGITS}{{12}}"
_UUID = re.compile(rf"(?i:urn:uuid:){_DASHED}|\{{{_DASHED}\}}|{_DASHED}|{_DIGITS}{{32}}")
_URN = "urn:uuid:"
_LARGE = 64 * 1024
_MOST_BODY = 32 * 1024 * 1024
_MOST_META = 64 * 1024
_MOST_ITEMS = 200
_MOST_FORM = 10 * 1024 * 1024
_JSON = "application/json"
_ENCODED = "application/x-www-form-urlencoded"
_MULTIPART = "multipart/form-data"
_BINARY = "application/octet-stream"
_UNREAD = frozenset(
    f"{family}/{kind}"
    for family in ("application", "text")
    for kind in ("xml", "yaml", "x-yaml", "toml", "x-msgpack", "msgpack", "x-protobuf")
    if family == "application" or kind == "xml"
)
"""Types that upstream reads into its structures and no client of it sends: refused, as a body that fits none is."""

_WITH_FORM = ("POST", "PUT", "PATCH")


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


def text(request: Request, name: str, *, required: bool = False, strict: bool = True) -> str:
    """Give a text of the query. One with a malformed pair is refused; unless `strict`, such pairs do not count."""
    value = _query(request, strict=strict).get(name, "")
    if required and not value:
        raise bad_parameter()
    return value


def _query(request: Request, *, strict: bool) -> dict[str, str]:
    if strict and request.method == "GET" and content_type(request) == _MULTIPART:
        raise bad_parameter()
    try:
        return forms.pairs(request.scope["query_string"], strict=strict)
    except forms.Malformed as error:
        raise bad_parameter() from error


def whole(request: Request, name: str, *, default: int, strict: bool = True) -> int:
    value = text(request, name, strict=strict)
    if not value:
        return default
    if not _INTEGER.fullmatch(value) or len(value) > _MOST_DIGITS or int(value) not in _INTEGERS:
        raise bad_parameter()
    return int(value)


def limit(request: Request, *, default: int, least: int = 1, strict: bool = True) -> int:
    """Give the page size; outside `least`..200 it is refused."""
    value = whole(request, "limit", default=default, strict=strict)
    if not least <= value <= _MOST_ITEMS:
        raise bad_parameter()
    return value


def flag(request: Request, name: str, *, default: bool) -> bool:
    value = text(request, name)
    if value in _TRUE:
        return True
    if value in _FALSE:
        return False
    if value:
        raise bad_parameter()
    return default


def is_large(request: Request) -> bool:
    """Tell whether the body is, or may be, one that takes long to read into."""
    length = request.headers.get("content-length")
    if length is None:
        return "transfer-encoding" in request.headers
    return not length.isdecimal() or int(length) > _LARGE


async def aside(request: Request, work: Callable[[], T]) -> T:
    """Look into what the body held, in a thread if that may take long."""
    return await asyncio.to_thread(work) if is_large(request) else work()


async def json_body(request: Request) -> dict[str, Any]:
    """Read a body that must be a JSON object; null is an empty one. Names may be in any case."""
    body = await bounded(request, most=_MOST_BODY).body()
    try:
        value = await asyncio.to_thread(_first_value, body) if len(body) > _LARGE else _first_value(body)
    except gojson.NotJson as error:
        raise bad_parameter() from error
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise bad_parameter()
    return {name.lower(): member for name, member in value.items()}


def _first_value(body: bytes) -> Any:
    """Parse JSON; what follows the first value does not count, not even for being JSON."""
    try:
        return gojson.loads(body)
    except gojson.NotJson:
        text = forms.decoded(body).lstrip(" \t\r\n")
    try:
        _, end = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError) as error:
        raise gojson.NotJson("not JSON") from error
    return gojson.loads(text[:end])


async def body(request: Request) -> Mapping[str, Any]:
    """Read a body of any type: JSON, a form of either kind, or one that does not count, with the query then."""
    kind = re.split("[ ;]", request.headers.get("content-type", ""), maxsplit=1)[0]
    if kind == _JSON:
        return await json_body(request)
    if kind in _UNREAD:
        raise bad_parameter()
    if kind == _MULTIPART:
        return await _multipart(request)
    fields: dict[str, Any] = {name: FormText(value) for name, value in _query(request, strict=True).items()}
    if content_type(request) == _MULTIPART:
        return {**await _multipart(request), **fields}
    return {**fields, **await _encoded(request)} if request.method in _WITH_FORM else fields


async def _multipart(request: Request) -> dict[str, Any]:
    form = await read_form(request, most=_MOST_BODY)
    return {**{name: FormText(value) for name, value in form.fields.items()}, **form.files}


async def _encoded(request: Request) -> dict[str, FormText]:
    """Read a form, none if it has another type; a type that cannot be read is refused."""
    try:
        kind, _ = forms.media_type(request.headers.get("content-type") or _BINARY)
        if kind != _ENCODED:
            return {}
        encoded = await bounded(request, most=_MOST_BODY).body()
        if len(encoded) > _MOST_FORM:
            raise bad_parameter()
        return {name: FormText(value) for name, value in forms.pairs(encoded).items()}
    except forms.Malformed as error:
        raise bad_parameter() from error


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
    """Give an object field with its numbers as floats; absent and null are None. In a form it is JSON text."""
    value = fields.get(name)
    if isinstance(value, FormText):
        value = _form_json(value)
    if value is not None and not isinstance(value, dict):
        raise bad_parameter()
    return None if value is None else gojson.as_floats(value)


def _form_json(text: str) -> Any:
    try:
        return gojson.loads(text)
    except gojson.NotJson as error:
        raise bad_parameter() from error


def flag_field(fields: Mapping[str, Any], name: str) -> bool:
    value = fields.get(name)
    if isinstance(value, FormText) and (value in _TRUE | _FALSE or not value):
        return value in _TRUE
    if value is not None and not isinstance(value, bool):
        raise bad_parameter()
    return bool(value)


def within_64k(value: dict[str, Any], *, what: str) -> str:
    """Give the JSON text of metadata, or refuse what is too large as Go writes it, with HTML characters escaped."""
    if len(go.dumps(value).encode()) > _MOST_META:
        raise bad_parameter(f"{what} size exceeds 64KB limit")
    return gojson.dumps(value)


def storable(written: str, *, status: int = 500) -> str:
    """Refuse JSON text with NUL characters, as upstream's database does."""
    if gojson.has_nul(written):
        raise database_error(status)
    return written


def storable_text(text: str) -> str:
    """Refuse a text that upstream's database does not take."""
    if "\0" in text:
        raise database_error()
    return text
