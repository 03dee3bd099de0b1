"""Reads multipart bodies: text fields and files whole, up to a size; the client's content types are ignored."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn

from starlette.requests import Request
from starlette.types import Message

from gql_api.embedded import forms, paths
from gql_api.embedded.envelope import PARAMETER_ERROR, Refusal, bad_parameter
from gql_api.embedded.multipart import form_parts

_MULTIPART = "multipart/form-data"
_LARGE = 256 * 1024


@dataclass(frozen=True, slots=True)
class Upload:
    """A file of a form; `filename` is only the last element of what the client called it."""

    filename: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Form:
    """A multipart body. Of several values or files with one name the first counts."""

    fields: Mapping[str, str]
    files: Mapping[str, Upload]


async def read_form(request: Request, *, most: int) -> Form:
    """Read a multipart body; refuses what is none, and what passes `most` bytes while it arrives."""
    try:
        forms.pairs(request.scope["query_string"])
        kind, parameters = forms.media_type(request.headers.get("content-type", ""))
        boundary = parameters.get("boundary", "")
        if kind != _MULTIPART or not boundary:
            raise bad_parameter()
        body = await bounded(request, most=most).body()
        return await asyncio.to_thread(_form, body, boundary) if len(body) > _LARGE else _form(body, boundary)
    except forms.Malformed as error:
        raise bad_parameter() from error


def _form(body: bytes, boundary: str) -> Form:
    fields: dict[str, str] = {}
    files: dict[str, Upload] = {}
    for part in form_parts(body, boundary):
        if part.filename:
            files.setdefault(part.name, Upload(filename=paths.base_name(part.filename), data=part.data))
        else:
            fields.setdefault(part.name, forms.decoded(part.data))
    return Form(fields=fields, files=files)


def bounded(request: Request, *, most: int) -> Request:
    """Give the request with a body that is refused once more than `most` bytes of it have come."""
    left = most

    async def receive() -> Message:
        nonlocal left
        message = await request.receive()
        left -= len(message.get("body", b""))
        if left < 0:
            _too_large()
        return message

    return Request(request.scope, receive)


def _too_large() -> NoReturn:
    raise Refusal(413, PARAMETER_ERROR, code=400)
