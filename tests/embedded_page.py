"""The tables of docs/embedded.md, made of the routes and of the command's flags themselves; the remarks are ours."""

from pathlib import Path

from gql_api.cli import flags
from gql_api.embedded.app import ROUTES
from gql_api.embedded.unoffered import NotOffered

PAGE = Path(__file__).parent.parent / "docs" / "embedded.md"
_OPEN = {
    ("GET", "/health"): "outside `/api/v1`, without a key",
    ("GET", "/material/{token}"): "public URLs, without a key",
}
REMARKS = {
    ("GET", "/ping"): "answers `pong` to whoever has the key",
    ("POST", "/session"): "`use_uuid` chooses the id; one that exists is given back",
    ("GET", "/session"): "by user and by what their configs contain",
    ("DELETE", "/session/{session_id}"): "with its messages and events; disks stay",
    ("GET", "/session/{session_id}/configs"): "the whole session",
    ("PUT", "/session/{session_id}/configs"): "replaces them",
    ("PATCH", "/session/{session_id}/configs"): "merges; null deletes a key",
    (
        "POST",
        "/session/{session_id}/messages",
    ): "in the formats openai, anthropic, gemini and acontext; files by multipart",
    (
        "GET",
        "/session/{session_id}/messages",
    ): "in each of the formats, with edit strategies; pictures that are only linked "
    "are left out of anthropic and gemini",
    ("PATCH", "/session/{session_id}/messages/{message_id}/meta"): "merges; null deletes a key",
    ("GET", "/session/{session_id}/asset/download"): "a message's file by its `s3_key`",
    ("POST", "/session/{session_id}/flush"): "answers 500 `failed to flush session`: no tasks are extracted",
    ("GET", "/session/{session_id}/token_counts"): "of o200k_base",
    ("GET", "/session/{session_id}/observing_status"): "all messages stay pending",
    ("POST", "/session/{session_id}/copy"): "in order, and at most 5000 messages",
    ("POST", "/session/{session_id}/events"): "",
    ("GET", "/session/{session_id}/events"): "",
    ("GET", "/session/{session_id}/task"): "an empty page: no tasks are extracted",
    ("POST", "/disk"): "",
    ("GET", "/disk"): "by user",
    ("DELETE", "/disk/{disk_id}"): "with its files",
    ("POST", "/disk/{disk_id}/artifact"): "makes or replaces a file of at most 16 MiB",
    ("GET", "/disk/{disk_id}/artifact"): "what is told of a file, a public URL, its text",
    ("PUT", "/disk/{disk_id}/artifact"): "replaces its metadata",
    ("DELETE", "/disk/{disk_id}/artifact"): "",
    ("GET", "/disk/{disk_id}/artifact/download"): "the bytes",
    ("GET", "/disk/{disk_id}/artifact/ls"): "one directory, in order of names",
    ("GET", "/disk/{disk_id}/artifact/grep"): "files whose text a regular expression finds",
    ("GET", "/disk/{disk_id}/artifact/glob"): "files by their path",
    ("GET", "/user/ls"): "",
    ("DELETE", "/user/ls"): "of a user who is called so",
    ("DELETE", "/user/{identifier}"): "with their sessions and disks",
    ("GET", "/user/{identifier}/resources"): "how many sessions and disks; skills are 0",
}
"""To each endpoint that is covered, what is worth knowing of it."""


def with_tables(text: str) -> str:
    """Return the page with its tables as they must be."""
    for name, table in (("flags", _flags()), ("endpoints", _endpoints())):
        begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
        before, _, rest = text.partition(begin)
        text = before + begin + table + "\n" + end + rest.partition(end)[2]
    return text


def _flags() -> str:
    return _table(("Flag", "What it is"), [(f"`{flag}`", about) for flag, about in flags("embedded").items()])


def _endpoints() -> str:
    rows = [(*endpoint, "covered", remark) for endpoint, remark in _OPEN.items()]
    for path, handlers in ROUTES.items():
        for method, handler in handlers.items():
            here = "501" if isinstance(handler, NotOffered) else "covered"
            rows.append((method, path, here, _remark(method, path, handler)))
    rows.sort(key=lambda row: row[2] == "501")
    shown = [(f"`{method}`", f"`{path}`", here, remark) for method, path, here, remark in rows]
    return _table(("Method", "Path", "Here", "Remark"), shown)


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    return "".join("| " + " | ".join(line) + " |\n" for line in (head, ("---",) * len(head), *rows))


def _remark(method: str, path: str, handler: object) -> str:
    return f"`{handler.message}`" if isinstance(handler, NotOffered) else REMARKS[method, path]


def rewrite() -> None:
    """Write the tables into the page."""
    PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
