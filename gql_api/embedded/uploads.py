"""Reads multipart bodies: text fields and files whole, up to a size; the client's content types are ignored."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn

from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.types import Message, Receive

from gql_api.embedded import paths
from gql_api.embedded.envelope import PARAMETER_ERROR, Refusal, bad_parameter

_MOST_FIELD = 2**31


@dataclass(frozen=True, slots=True)
class Upload:
    """A file of a form; `filename` is only the last element of what the client called it."""

    filename: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Form:
    """A multipart body. Of several files with one name the first counts."""

    fields: Mapping[str, str]
    files: Mapping[str, Upload]


async def read_form(request: Request, *, most: int) -> Form:
    """Read the form of a request, none if it has another type; refuses what passes `most` bytes while it arrives."""
    guarded = Request(request.scope, _bounded(request.receive, most))
    try:
        async with guarded.form(max_part_size=_MOST_FIELD) as form:
            return await _contents(form)
    except (HTTPException, MultiPartException) as error:
        raise bad_parameter() from error


async def _contents(form: FormData) -> Form:
    fields: dict[str, str] = {}
    files: dict[str, Upload] = {}
    for name, value in form.multi_items():
        if isinstance(value, str):
            fields.setdefault(name, value)
        elif name not in files and value.filename:
            files[name] = await _read(value)
    return Form(fields=fields, files=files)


async def _read(file: UploadFile) -> Upload:
    return Upload(filename=paths.base_name(file.filename or ""), data=await file.read())


def _bounded(receive: Receive, most: int) -> Receive:
    left = most

    async def bounded() -> Message:
        nonlocal left
        message = await receive()
        left -= len(message.get("body", b""))
        if left < 0:
            _too_large()
        return message

    return bounded


def _too_large() -> NoReturn:
    raise Refusal(413, PARAMETER_ERROR, code=400)
