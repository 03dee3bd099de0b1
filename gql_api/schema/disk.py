"""Disks, directories and files, and the pages of files."""

import re
from datetime import datetime
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import strawberry

from gql_api import model
from gql_api.errors import BadUserInput, Correctable
from gql_api.loaders import FileKey
from gql_api.loaders.tree import files_below
from gql_api.schema import node
from gql_api.schema.computed import computed
from gql_api.schema.connection import PageInfo, check_size, page_info, read_cursor, write_cursor
from gql_api.schema.context import Info
from gql_api.schema.cost import CALL, SEARCH
from gql_api.schema.part import ExpiresIn, SignedUrl, check_expiry
from gql_api.schema.scalars import Json, Url, time_as_written
from gql_api.services import globs, greps, paths

if TYPE_CHECKING:
    from gql_api.schema.session import Session

_TEXTS = re.compile(
    r"text/.*|application/(json|xml|javascript|typescript|yaml|toml|sql|graphql|x-.*)|.*\+(json|xml)", re.IGNORECASE
)
"""Media types that may be text; whether it is shows when it is decoded."""
_LARGEST_TEXT = 1024 * 1024
_CURSOR = "file"

DirectoryPath = Annotated[
    str, strawberry.argument(description="The directory: `/`, or `/docs/`; slashes at its ends may be left out.")
]
Glob = Annotated[
    str | None,
    strawberry.argument(
        description="Give all files in and below the directory whose whole path matches, not its direct children: "
        "`*` and `?` within a directory, `**` across, `[abc]` a set. `*.md` counts from the directory, `/docs/**` from "
        "the root. Case counts. No directories are given then."
    ),
]
FilesFirst = Annotated[
    int | None, strawberry.argument(description="How many files to give: 1 to 100. Null: all of them.")
]
FilesAfter = Annotated[str | None, strawberry.argument(description="Give only the files after this cursor.")]
Expression = Annotated[
    str,
    strawberry.argument(
        description="A regular expression as PostgreSQL has them: `TODO|FIXME`, `\\mcat\\M` for a whole word, `^a` at "
        "the start of a text or, after `(?n)`, of a line; case does not count but after `(?c)`. 1 to 256 characters, "
        "also with all that it repeats written out; no back references, no looking ahead or behind."
    ),
]
FoundFirst = Annotated[
    int | None, strawberry.argument(description="How many files to give: 1 to 100. Null: all found.")
]
FilePath = Annotated[str, strawberry.argument(description="The whole path from `/`, the name included.")]


@strawberry.type(description="A file of a session's disk. Writing to its path again makes it new.")
class File(node.Node):
    """A file."""

    id: strawberry.ID = computed(node.GLOBAL_ID, lambda self: node.file_id(self.value.disk_id, self.path))
    disk: "Disk" = strawberry.field(description="The disk that it lies on.")
    path: str = computed("The whole path from `/`, the name included.", lambda self: self.value.path)
    filename: str = computed("The name alone.", lambda self: self.value.filename)
    mime_type: str = computed(
        "The media type, as Acontext told it from content and name.", lambda self: self.value.mime_type
    )
    size: int = computed("The size in bytes.", lambda self: self.value.size)
    metadata: Json = computed("The caller's own metadata, an object.", lambda self: self.value.metadata)
    created_at: datetime = computed(
        "When it was written.", lambda self: time_as_written(self.value.created_at, self.value.created_text)
    )
    updated_at: datetime = computed(
        "When it, or its metadata, was last written.",
        lambda self: time_as_written(self.value.updated_at, self.value.updated_text),
    )
    value: strawberry.Private[model.File]

    @strawberry.field(
        description="A URL that anybody can read the file from, as a download. The same URL is given again for half of "
        "its life, so that an image does not reload at each query. Null when the file has gone meanwhile."
    )
    async def public_url(self, info: Info, expires_in: ExpiresIn = 3600) -> SignedUrl | None:
        found = await info.context.loaders.file_url.load((self.value, check_expiry(expires_in)))
        return SignedUrl(url=Url(found.url), expires_at=found.expires_at) if found else None

    @strawberry.field(description="The content as text; null when the file is not text, or has gone meanwhile.")
    async def text_content(
        self,
        info: Info,
        max_bytes: Annotated[
            int,
            strawberry.argument(description="How many bytes of UTF-8 to give: 1 to 1048576; cut at a whole character."),
        ] = 65536,
    ) -> str | None:
        if not 1 <= max_bytes <= _LARGEST_TEXT:
            raise BadUserInput(f"maxBytes: 1 to {_LARGEST_TEXT} bytes.")
        if not _TEXTS.fullmatch(self.mime_type.partition(";")[0].strip()):
            return None
        content = await info.context.loaders.file_content.load(self.value)
        return None if content is None else _text(content, self.mime_type, max_bytes)


def _text(content: bytes, mime_type: str, most: int) -> str | None:
    """Decode by the charset that Acontext found; bytes that are no text, or have NUL among them, make null."""
    if b"\x00" in content:
        return None
    charset = mime_type.partition("charset=")[2] or "utf-8"
    try:
        encoded = content.decode(charset).encode()
    except (LookupError, UnicodeError):
        return None
    return encoded[:most].decode(errors="ignore")


@strawberry.type(description="A file and its place in the list.")
class FileEdge:
    """Relay's edge."""

    cursor: str = computed(
        "The place of this file: opaque, for after.", lambda self: write_cursor(_CURSOR, self.node.path)
    )
    node: File = strawberry.field(description="The file.")


@strawberry.type(description="A directory. It is there as long as a file lies in or below it.")
class Directory:
    """A directory."""

    path: str = strawberry.field(description="The whole path, with a slash at both ends.")
    name: str = strawberry.field(description="The name alone.")
    disk: strawberry.Private["Disk"]

    @strawberry.field(description="The files and directories directly in it, each sorted by name.")
    async def files(self, info: Info, first: FilesFirst = None, after: FilesAfter = None) -> "FileConnection | None":
        return await directory_page(info, self.disk, self.path, first=first, after=after)


def _page_info(connection: "FileConnection") -> PageInfo:
    ends = [write_cursor(_CURSOR, file.path) for file in connection.nodes[:1] + connection.nodes[-1:]]
    return page_info(ends, has_previous=connection.has_previous, has_next=connection.has_next)


@strawberry.type(description="Files, sorted by name (found by a glob: by whole path), and the directories beside them.")
class FileConnection:
    """Relay's connection, forward only."""

    edges: list[FileEdge] = computed(
        "The files of this page with their cursors.", lambda self: [FileEdge(node=file) for file in self.nodes]
    )
    nodes: list[File] = strawberry.field(description="The files of this page alone.")
    directories: list[Directory] = strawberry.field(
        description="All directories directly in this one, sorted by name, on every page; none with a glob."
    )
    page_info: PageInfo = computed("Where this page lies among the files.", _page_info)
    total_count: int | None = strawberry.field(
        description="How many files there are on all pages, directories not counted."
    )
    has_previous: strawberry.Private[bool]
    has_next: strawberry.Private[bool]


@strawberry.type(description="The disk of one session: its files. One session has one disk, never shared.")
class Disk(node.Node):
    """A disk."""

    id: strawberry.ID = computed(node.GLOBAL_ID, lambda self: node.disk_id(self.acontext_id))
    acontext_id: UUID = strawberry.field(description="Acontext's id of the disk.")
    session: Annotated["Session", strawberry.lazy("gql_api.schema.session")] = strawberry.field(
        description="The session that it belongs to, and to no other."
    )
    created_at: datetime = strawberry.field(description="When Acontext made it.")

    @strawberry.field(description="The files and directories of a directory, or the files that match a glob.")
    async def files(
        self,
        info: Info,
        path: DirectoryPath = "/",
        glob: Glob = None,
        first: FilesFirst = None,
        after: FilesAfter = None,
    ) -> FileConnection | None:
        return await file_connection(info, self, path=path, glob=glob, first=first, after=after)

    @strawberry.field(description="One file by its path; null when there is none.")
    async def file(self, info: Info, path: FilePath) -> File | None:
        return await file_at(info, self, path)

    @strawberry.field(
        description="The text files in which an expression is found, sorted by path; media types are text/*, "
        "application/json and application/x-*. Acontext looks into all of the disk's, which costs as much as 50 other "
        "calls; where more than 200 match, it gives 200 of its own choice."
    )
    async def grep(self, info: Info, pattern: Expression, first: FoundFirst = None) -> list[File] | None:
        return await files_holding(info, self, pattern, first=first)


async def file_at(info: Info, disk: Disk, path: str) -> File | None:
    """Find a file by its path."""
    try:
        directory, filename = paths.file(path, ("path",))
    except Correctable as problem:
        raise BadUserInput(f"path: {problem.message}") from None
    found = await info.context.loaders.file.load(FileKey(disk.acontext_id, directory, filename))
    return File(disk=disk, value=found) if found else None


async def file_connection(
    info: Info, disk: Disk, *, path: str, glob: str | None, first: int | None, after: str | None
) -> FileConnection:
    """Read a page of files: of a directory, or of what a glob finds in and below it."""
    try:
        directory = paths.directory(path, ("path",))
        pattern = glob if glob is None else globs.absolute(glob, directory, ("glob",))
    except Correctable as problem:
        raise BadUserInput(f"{problem.path[0]}: {problem.message}") from None
    if pattern is None:
        return await directory_page(info, disk, directory, first=first, after=after)
    start = _start(first, after)
    below = max(directory, globs.below(pattern), key=len)
    files = await files_below(info.context.loaders, disk.acontext_id, below)
    inside = [file for file in files if file.path.startswith(directory)]
    found = await info.context.globs.found(pattern, inside)
    return _page(info, disk, found, [], first=first, start=start)


async def files_holding(info: Info, disk: Disk, pattern: str, *, first: int | None) -> list[File]:
    """Find the files whose text holds what is looked for."""
    check_size(first, None)
    try:
        expression = greps.checked(pattern, ("pattern",))
    except Correctable as problem:
        raise BadUserInput(f"pattern: {problem.message}") from None
    info.context.allowance.worked += SEARCH - CALL
    found = await info.context.loaders.grep.load((disk.acontext_id, expression))
    kept = found if first is None else found[:first]
    info.context.allowance.take(len(kept))
    return [File(disk=disk, value=file) for file in kept]


async def directory_page(
    info: Info, disk: Disk, directory: str, *, first: int | None, after: str | None
) -> FileConnection:
    """Read a page of a directory's files; `directory` is checked, or a name that Acontext gave."""
    start = _start(first, after)
    listing = await info.context.loaders.directory.load((disk.acontext_id, directory))
    directories = [Directory(path=f"{directory}{name}/", name=name, disk=disk) for name in listing.directories]
    return _page(info, disk, listing.files, directories, first=first, start=start)


def _start(first: int | None, after: str | None) -> str:
    check_size(first, None)
    return "" if after is None else read_cursor(after, "after", _CURSOR, 1)[0]


def _page(
    info: Info, disk: Disk, files: list[model.File], directories: list[Directory], *, first: int | None, start: str
) -> FileConnection:
    """Cut a page out of files that are sorted by path; a cursor is the path of the last one seen."""
    rest = [file for file in files if file.path > start] if start else files
    kept = rest if first is None else rest[:first]
    info.context.allowance.take(len(kept) + len(directories))
    nodes = []
    for file in kept:
        made = object.__new__(File)  # as parts of messages are made
        made.disk = disk
        made.value = file
        nodes.append(made)
    return FileConnection(
        nodes=nodes,
        directories=directories,
        total_count=len(files),
        has_previous=start != "",
        has_next=len(kept) < len(rest),
    )
