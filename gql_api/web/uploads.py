"""Forms of the GraphQL multipart request specification: an operation, and files put into its variables.

Files go to disk as they come, and are counted there; what is not a file is counted with the bodies in memory.
"""

import asyncio
import json
import re
from collections.abc import AsyncGenerator
from typing import Any

from starlette.datastructures import Headers as StarletteHeaders
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.types import Receive, Scope

from gql_api.content import Content, HeldContent, SpooledContent, UploadedFile
from gql_api.errors import TooLarge
from gql_api.web.admission import SMALL_BODY, Place, overloaded
from gql_api.web.answers import BodyTooLarge, Refused
from gql_api.web.headers import Headers, headers_of
from gql_api.web.negotiation import FORM, parse_media_type
from gql_api.web.parameters import Parameters, from_fields, parsed, pieces

PREFLIGHT = ("apollo-require-preflight", "x-apollo-operation-name", "graphql-require-preflight")
"""Headers that the form of a page cannot send: with one of them a browser asks first whether the page may."""
_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]")
_INDEX = re.compile("0|[1-9][0-9]{0,8}")
_FIELDS = ("operations", "map")
_ARCHIVE = ".archive"
"""Ends the places where a file may be larger than elsewhere."""
_LONGEST_SHOWN = 100
_ABSENT: Any = object()


async def from_form(scope: Scope, receive: Receive, place: Place) -> Parameters:
    """Receive a form; raise `Refused`, or `ClientDisconnect`. Its files are open until the place is left."""
    headers = headers_of(scope)
    _refuse_simple(headers)
    parser = _Parser(_checked_type(headers), pieces(receive), place)
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise Refused(400, f"The form cannot be read: {error.message}") from None
    except OSError:
        raise overloaded() from None  # there is no room on the disk, or no descriptor left
    files = {name: value for name, value in form.multi_items() if isinstance(value, UploadFile)}
    if not parser.is_whole:
        raise Refused(400, "The form breaks off before its end.")
    place.enter()
    most = place.limits.file
    return _with_files(parser.fields, {name: await _uploaded(file, most) for name, file in files.items()})


def _refuse_simple(headers: Headers) -> None:
    if not any(headers.get(name.encode()) for name in PREFLIGHT):
        wanted = ", ".join(PREFLIGHT)
        raise Refused(400, f"A multipart request needs one of these headers, so that no page can send it: {wanted}.")


def _checked_type(headers: Headers) -> StarletteHeaders:
    """Write the Content-Type anew: the parser takes any boundary and any encoding."""
    kind = parse_media_type(headers.get(b"content-type"))
    boundary = kind.parameters.get("boundary", "")
    if not kind.is_utf8:
        raise Refused(415, "A multipart request must be in UTF-8.")
    if not _BOUNDARY.fullmatch(boundary):
        raise Refused(400, "The Content-Type of a multipart request needs a boundary as RFC 2046 says.")
    return StarletteHeaders({"content-type": f'{FORM}; boundary="{boundary}"'})


class _Parser(MultiPartParser):
    """Starlette's parser, which refuses as soon as there is too much, and keeps what is no file as it came."""

    spool_max_size = SMALL_BODY

    def __init__(self, headers: StarletteHeaders, stream: AsyncGenerator[bytes, None], place: Place) -> None:
        super().__init__(headers, stream)
        self.fields: dict[str, bytes] = {}
        self.is_whole = self._is_archive = False
        self._limits = place.limits
        self._place = place
        self._names: set[str] = set()
        self._archives: set[str] = set()
        self._size = self._in_memory = self._on_disk = self._files = 0

    def on_headers_finished(self) -> None:
        super().on_headers_finished()
        part, self._size = self._current_part, 0
        if part.field_name in self._names:
            raise Refused(400, f"The form has two parts with the name {_shown(part.field_name)}.")
        self._names.add(part.field_name)
        if part.file is None:
            if part.field_name not in _FIELDS:
                raise Refused(400, f"The part {_shown(part.field_name)} of the form is neither a file nor expected.")
        else:
            part.file = _File(part.file)
            self._is_archive = part.field_name in self._archives
            # Starlette closes files after an error, and not those of a form that breaks off.
            self._place.keep(part.file.file)
            self._files += 1
            if self._files > self._limits.files:
                raise _too_large(f"A form has at most {self._limits.files} files.")

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        part, length = self._current_part, end - start
        self._size += length
        if part.file is None:
            self._in_memory += length
            if self._in_memory > self._limits.body:
                raise BodyTooLarge(self._limits.body, what="What is no file in the form")
            self._place.hold(self._in_memory)
            part.data.extend(data[start:end])
            return
        most = self._limits.archive if self._is_archive else self._limits.file
        if self._size > most:
            raise _too_large(f"The file {_shown(part.field_name)} is larger than {most} bytes.")
        self._on_disk += length
        self._place.spool(self._on_disk)
        super().on_part_data(data, start, end)

    def on_part_end(self) -> None:
        part = self._current_part
        if part.file is None:
            self.fields[part.field_name] = bytes(part.data)
            if part.field_name == "map":
                self._archives = _archives(self.fields["map"])
        super().on_part_end()

    def on_end(self) -> None:
        self.is_whole = True


class _File(UploadFile):
    """A file that nobody closes while it is written: the thread that opens it on disk cannot be called off."""

    def __init__(self, given: UploadFile) -> None:
        super().__init__(given.file, size=0, filename=given.filename, headers=given.headers)

    async def write(self, data: bytes) -> None:
        writing = asyncio.ensure_future(super().write(data))
        try:
            await asyncio.shield(writing)
        except asyncio.CancelledError:
            await asyncio.wait([writing])
            raise


def _archives(map: bytes) -> set[str]:
    """Name the files that belong where an archive does, as the map says, which comes before them."""
    try:
        places = json.loads(map)
        return {name for name, paths in places.items() if all(path.endswith(_ARCHIVE) for path in paths)}
    except (ValueError, AttributeError, TypeError, RecursionError):
        return set()  # it is refused when it is read


def _too_large(message: str) -> Refused:
    return Refused(413, message, extensions={"code": TooLarge.code})


async def _uploaded(file: UploadFile, most: int) -> UploadedFile:
    size = file.size or 0
    # What the parser left in memory, which the limit of its spool tells, has no place on disk.
    content: Content = SpooledContent(file.file.fileno(), size) if size > SMALL_BODY else HeldContent(await file.read())
    return UploadedFile(file.filename or "", file.content_type or "", content, is_large=size > most)


def _with_files(fields: dict[str, bytes], files: dict[str, UploadedFile]) -> Parameters:
    """Put the files where the map says; raise `Refused` naming what does not fit."""
    for name in _FIELDS:
        if name not in fields:
            raise Refused(400, f"The form has no part {_shown(name)}.")
    operations, places = (parsed(fields[name], name) for name in _FIELDS)
    for name, paths in _checked_map(places, set(files)).items():
        for path in paths:
            _put(operations, path, files[name])
    return from_fields(operations)


def _checked_map(places: Any, names: set[str]) -> dict[str, list[str]]:
    if not isinstance(places, dict):
        raise Refused(400, "map must be a JSON object: of each file, the list of its places.")
    for name in sorted(names - places.keys()):
        raise Refused(400, f"map does not say where the file {_shown(name)} belongs.")
    for name, paths in places.items():
        if name not in names:
            raise Refused(400, f"map names the file {_shown(name)}, which is not in the form.")
        if not isinstance(paths, list) or not paths or not all(isinstance(path, str) for path in paths):
            raise Refused(400, f"map has no list of places for the file {_shown(name)}.")
    return places


def _put(operations: Any, path: str, file: UploadedFile) -> None:
    root, *way = path.split(".")
    if root != "variables" or not way:
        raise Refused(400, f"map has the place {_shown(path)}; all begin with variables.")
    holder, value = None, operations
    for key in (root, *way):
        holder, value = value, _within(value, key)
    if value is not None or holder is None:
        told = "which is not there" if value is _ABSENT else "which is not null"
        raise Refused(400, f"map has the place {_shown(path)} in operations, {told}.")
    holder[int(way[-1]) if isinstance(holder, list) else way[-1]] = file


def _within(value: Any, key: str) -> Any:
    if isinstance(value, dict):
        return value.get(key, _ABSENT)
    if isinstance(value, list) and _INDEX.fullmatch(key) and int(key) < len(value):
        return value[int(key)]
    return _ABSENT


def _shown(text: str) -> str:
    """Quote what a client wrote, not all of what is long."""
    return json.dumps(text[:_LONGEST_SHOWN], ensure_ascii=False)
