"""The parameters of a GraphQL request, out of a URL or a body; what the document says is left to the schema."""

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Any, NamedTuple

import orjson
from starlette.datastructures import QueryParams
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive, Scope

from gql_api.schema.persisted import Named
from gql_api.web.answers import Malformed, Refused
from gql_api.web.headers import headers_of
from gql_api.web.negotiation import FORM, JSON, is_json

PIECE_SECONDS = 30.0
LONGEST_ID = 1000
_IDS = ("documentId", "doc_id")
"""Of the appendix on persisted documents to GraphQL over HTTP, and of Relay's guide."""
ASKING = {"query", "extensions", *_IDS}
"""Parameters of a URL of which one at least is there where something is asked."""
_FIELDS = {"operationName", "variables", *ASKING}
_BY_HASH = "sha256:"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_PLAIN = {"", "identity"}
_NUMBERLESS = frozenset({str, bool, type(None)})
_LONG_NUMBER = re.compile(rb"[0-9]{19}")


class Parameters(NamedTuple):
    """What GraphQL over HTTP names; keys beyond these are ignored.

    `query` is empty where the document is only named.
    """

    query: str
    operation_name: str | None
    variables: dict[str, Any] | None
    extensions: dict[str, Any] | None
    named: Named | None = None


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


def from_url(values: QueryParams) -> Parameters:
    """Read a GET request; raise `Refused`."""
    for name in _FIELDS & values.keys():
        # Of two values one stands before a proxy, and the other one runs here.
        if len(values.getlist(name)) > 1:
            raise Malformed(f"{name} is in the URL more than once.")
    # The specification: the empty string is the same as none.
    fields: dict[str, Any] = {name: value for name, value in values.items() if value}
    for name in ("variables", "extensions"):
        if name in fields:
            fields[name] = _parse_field(name, fields[name])
    return from_fields(fields)


def from_text(body: bytes) -> Parameters:
    """Read the body of a POST request; raise `Refused`."""
    return from_fields(parsed(body, "The body"))


def parsed(text: bytes, name: str) -> Any:
    """Read JSON that is called so; raise `Refused`."""
    try:
        fields = loads(text.removeprefix(_BYTE_ORDER_MARK))
    except (ValueError, RecursionError):
        raise Refused(400, f"{name} is not JSON in UTF-8 of a sane depth and with finite numbers.") from None
    if isinstance(fields, list):
        raise Malformed(f"{name} must be one JSON object: lists of operations are not taken.")
    return fields


async def pieces(receive: Receive) -> AsyncGenerator[bytes, None]:
    """Give what comes of a body, piece by piece; raise `Refused`, or `ClientDisconnect`."""
    is_more = True
    while is_more:
        piece, is_more = _piece(await _soon(receive))
        yield piece


async def received(scope: Scope, receive: Receive, hold: Callable[[int], None]) -> bytes:
    """Receive the body of a POST request; most come in one piece. Raise `Refused`, or `ClientDisconnect`.

    `hold` is told how many bytes have come, each time, and may raise.
    """
    headers = headers_of(scope)
    if not is_json(headers.get(b"content-type")):
        told = f"The Content-Type must be {JSON}, in UTF-8, or {FORM} with files."
        raise Refused(415, told, headers={"accept": f"{JSON}, {FORM}"})
    if headers.get(b"content-encoding").lower() not in _PLAIN:
        raise Refused(415, "The body must not be compressed.", headers={"accept-encoding": "identity"})
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
        raise Malformed(f"{name} must be a JSON object.") from None


def from_fields(fields: Any) -> Parameters:
    """Read what a body or a message has; raise `Refused`."""
    if not isinstance(fields, dict):
        raise Malformed("The body must be a JSON object.")
    extensions = _object(fields, "extensions")
    named = _named(fields, extensions)
    query = fields.get("query")
    if named is not None and query is None:
        query = ""
    if not isinstance(query, str) or not (query or named):
        raise Malformed("query must be a string with the GraphQL document in it.")
    name = fields.get("operationName")
    if name is not None and not isinstance(name, str):
        raise Malformed("operationName must be a string or null.")
    return Parameters(query, name, _object(fields, "variables"), extensions, named)


def _named(fields: Mapping[str, Any], extensions: dict[str, Any] | None) -> Named | None:
    """Read which document is meant by its name alone; raise `Refused`."""
    named = [Named(_id(fields[name], name), is_hash=False) for name in _IDS if fields.get(name) is not None]
    persisted = extensions.get("persistedQuery") if extensions else None
    if persisted is not None:
        if not isinstance(persisted, dict) or persisted.get("version") != 1:
            raise Malformed("persistedQuery must be an object of version 1.")
        named.append(Named(_id(persisted.get("sha256Hash"), "sha256Hash"), is_hash=True))
    # Of two documents one was meant by a part of the client, and the other one would run.
    if len(named) > 1 and len({one.id.removeprefix(_BY_HASH) for one in named}) > 1:
        raise Malformed("documentId, doc_id and sha256Hash name different documents.")
    return named[0] if named else None


def _id(value: Any, name: str) -> str:
    if isinstance(value, str) and 0 < len(value) <= LONGEST_ID:
        return value
    raise Malformed(f"{name} must be a string of 1 to {LONGEST_ID} characters.")


def _object(fields: Mapping[str, Any], name: str) -> dict[str, Any] | None:
    value = fields.get(name)
    if value is None or isinstance(value, dict):
        return value
    raise Malformed(f"{name} must be a JSON object or null.")
