"""The parameters of a GraphQL request, out of a URL or a body; what the document says is left to the schema."""

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope

from gql_api.web.answers import Refused
from gql_api.web.headers import headers_of
from gql_api.web.negotiation import JSON, is_json

_NUMBERLESS = frozenset({str, bool, type(None)})
_LONG_NUMBER = re.compile(rb"[0-9]{19}")


class Parameters(NamedTuple):
    """What GraphQL over HTTP names; keys beyond these are ignored."""

    query: str
    operation_name: str | None
    variables: dict[str, Any] | None
    extensions: dict[str, Any] | None


def loads(text: bytes) -> Any:
    """Read JSON; raise `ValueError` or `RecursionError`."""
    value = orjson.loads(text)
    # Beyond 64 bits orjson makes floats of integers: nobody could tell any more that they lose digits.
    return value if _is_numberless(value) or not _LONG_NUMBER.search(text) else json.loads(text)


def _is_numberless(value: Any) -> bool:
    """Tell whether an operation has no number, where that shows at a glance: as most have ids and texts alone."""
    variables = value.get("variables") if isinstance(value, dict) and "extensions" not in value else ()
    return variables is None or (
        isinstance(variables, dict) and all(one.__class__ in _NUMBERLESS for one in variables.values())
    )


def from_url(values: Mapping[str, str]) -> Parameters:
    """Read a GET request; raise `Refused`."""
    fields: dict[str, Any] = dict(values)
    for name in ("variables", "extensions"):
        if name in fields:
            fields[name] = _parse_field(name, fields[name])
    if fields.get("operationName") == "":
        del fields["operationName"]  # the specification: the empty string is the same as none
    return from_fields(fields)


async def from_body(scope: Scope, receive: Receive) -> Parameters:
    """Read a POST request; raise `Refused`, or `ClientDisconnect`."""
    if not is_json(headers_of(scope).get(b"content-type")):
        raise Refused(415, f"The Content-Type must be {JSON}, in UTF-8.", headers={"accept": JSON})
    body = await _body(receive)
    try:
        fields = loads(body)
    except (ValueError, RecursionError):
        raise Refused(400, "The body is not JSON in UTF-8 of a sane depth and with finite numbers.") from None
    if isinstance(fields, list):
        raise Refused(400, "The body must be one JSON object: lists of operations are not taken.")
    return from_fields(fields)


async def _body(receive: Receive) -> bytes:
    """Read a body to its end; most come in one piece."""
    pieces = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        pieces.append(message.get("body", b""))
        if not message.get("more_body", False):
            return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _parse_field(name: str, text: str) -> Any:
    try:
        return loads(text.encode())
    except (ValueError, RecursionError):
        raise Refused(400, f"{name} must be a JSON object.") from None


def from_fields(fields: Any) -> Parameters:
    """Read what a body or a message has; raise `Refused`."""
    if not isinstance(fields, dict):
        raise Refused(400, "The body must be a JSON object.")
    query = fields.get("query")
    if not isinstance(query, str) or not query:
        raise Refused(400, "query must be a string with the GraphQL document in it.")
    name = fields.get("operationName")
    if name is not None and not isinstance(name, str):
        raise Refused(400, "operationName must be a string or null.")
    return Parameters(query, name, _object(fields, "variables"), _object(fields, "extensions"))


def _object(fields: Mapping[str, Any], name: str) -> dict[str, Any] | None:
    value = fields.get(name)
    if value is None or isinstance(value, dict):
        return value
    raise Refused(400, f"{name} must be a JSON object or null.")
