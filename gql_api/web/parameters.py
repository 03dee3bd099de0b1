"""The parameters of a GraphQL request, out of a URL or a body; what the document says is left to the schema."""

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Any, NamedTuple

import orjson
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive, Scope

from gql_api.web.answers import Refused
from gql_api.web.headers import headers_of
from gql_api.web.negotiation import FORM, JSON, is_json

PIECE_SECONDS = 30.0
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


def from_text(body: bytes) -> Parameters:
    """Read the body of a POST request; raise `Refused`."""
    return from_fields(parsed(body, "The body"))


def parsed(text: bytes, name: str) -> Any:
    """Read JSON that is called so; raise `Refused`."""
    try:
        fields = loads(text)
    except (ValueError, RecursionError):
        raise Refused(400, f"{name} is not JSON in UTF-8 of a sane depth and with finite numbers.") from None
    if isinstance(fields, list):
        raise Refused(400, f"{name} must be one JSON object: lists of operations are not taken.")
    return fields


async def pieces(receive: Receive) -> AsyncGenerator[bytes, None]:
    """Give what comes of a body, piece by piece; raise `Refused`, or `ClientDisconnect`."""
    is_more = True
    while is_more:
        piece, is_more = _piece(await _soon(receive))
        yield piece


async def body_of(scope: Scope, receive: Receive, hold: Callable[[int], None]) -> bytes:
    """Receive the body of a POST request; most come in one piece. Raise `Refused`, or `ClientDisconnect`.

    `hold` is told how many bytes have come, each time, and may raise.
    """
    if not is_json(headers_of(scope).get(b"content-type")):
        told = f"The Content-Type must be {JSON}, in UTF-8, or {FORM} with files."
        raise Refused(415, told, headers={"accept": f"{JSON}, {FORM}"})
    piece, is_more = _piece(await receive())
    hold(len(piece))
    if not is_more:
        return piece
    came, size = [piece], len(piece)
    while is_more:
        piece, is_more = _piece(await _soon(receive))
        came.append(piece)
        size += len(piece)
        hold(size)
    return b"".join(came)


def _piece(message: Message) -> tuple[bytes, bool]:
    """Give what came of a body, and whether there is more."""
    if message["type"] == "http.disconnect":
        raise ClientDisconnect
    return message.get("body", b""), message.get("more_body", False)


async def _soon(receive: Receive) -> Message:
    """Receive the next piece: what has come of a body takes memory that others might use."""
    try:
        async with asyncio.timeout(PIECE_SECONDS):
            return await receive()
    except TimeoutError:
        told = f"Of the body nothing came for {PIECE_SECONDS:g} seconds."
        raise Refused(408, told, headers={"connection": "close"}) from None


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
