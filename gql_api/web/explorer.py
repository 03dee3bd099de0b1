"""The explorer's page and files; hatch_build.py builds them, and the endpoint decides who is shown the page."""

import json
import shlex
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from gql_api.web.negotiation import takes_gzip

HERE = Path(__file__).parent
STATIC = HERE.parent / "static" / "explorer"

PAGE_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "worker-src 'self'",
        "style-src 'self' 'unsafe-inline'",  # the editor places its lines with style attributes
        "font-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",  # the WebSocket of the same host too
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ]
)
FILE_POLICY = "default-src 'none'; frame-ancestors 'none'"  # a worker obeys the policy that it came with

MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".ttf": "font/ttf",
    ".txt": "text/plain; charset=utf-8",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
}
UNPACKED = {".woff", ".woff2"}
"""Files that are compressed as they are, and have no copy with gzip."""
_PART = '<link rel="modulepreload" href="explorer/{}">'
YEAR = 365 * 24 * 60 * 60


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the build left: the files that the page names, and the SHA-256 of every file.

    `parts` are what the script imports at once; a build of an earlier version names none.
    """

    script: str
    parts: Sequence[str]
    style: str
    files: Mapping[str, str]


def explorer_page(request: Request, *, headers: Mapping[str, str] | None = None, static: Path = STATIC) -> Response:
    """Answer the page of the explorer, or one that says how to build it.

    `headers` are those that the explorer's header editor opens with. The page's links are relative: it has to be
    served beside `/explorer/`, at any prefix.
    """
    manifest = read_manifest(static)
    tour = (HERE / "tour.graphql").read_text(encoding="utf-8")
    values = {
        "curl": curl_example(request, headers or {}),
        "tour": tour if manifest else tour.partition("\n\n")[2],  # what comes first is about the editor
        "variables": json.dumps({"session": str(uuid.uuid4())}, indent=2),
        "headers": json.dumps(dict(headers or {}), indent=2),
    }
    if manifest is not None:
        values |= {"script": manifest.script, "style": manifest.style}
    shown = {name: escape(value) for name, value in values.items()}
    shown["parts"] = "\n".join(_PART.format(escape(part)) for part in manifest.parts) if manifest else ""
    template = (HERE / ("explorer-missing.html" if manifest is None else "explorer.html")).read_text(encoding="utf-8")
    page = Template(template).substitute(shown)
    return HTMLResponse(page, headers=safe(PAGE_POLICY) | {"Cache-Control": "no-store", "Vary": "Accept"})


def explorer_routes(static: Path = STATIC) -> list[BaseRoute]:
    """Serve the files that the page asks for; only what the build listed can be had."""

    # Not async: Starlette runs it in a thread, since it reads a file.
    def serve(request: Request) -> Response:
        return static_file(request, static)

    return [Route("/explorer/{name}", serve, methods=["GET"])]


def static_file(request: Request, static: Path) -> Response:
    name: str = request.path_params["name"]
    manifest = read_manifest(static)
    if manifest is None or name not in manifest.files:
        return PlainTextResponse("Not found.\n", 404, headers=safe(FILE_POLICY))
    suffix = Path(name).suffix
    packed = suffix not in UNPACKED and takes_gzip(request.headers.get("accept-encoding", ""))
    headers = safe(FILE_POLICY) | {
        # A new build gives a changed file a new name; only the notices keep theirs.
        "Cache-Control": "no-cache" if name.endswith(".txt") else f"public, max-age={YEAR}, immutable",
        "Cross-Origin-Resource-Policy": "same-origin",
        # The two forms are two representations, so each has a strong tag of its own.
        "ETag": f'"{manifest.files[name]}{"-gzip" if packed else ""}"',
        "Vary": "Accept-Encoding",
    }
    if matches(request.headers.get("if-none-match", ""), headers["ETag"]):
        return Response(status_code=304, headers=headers)
    if packed:
        headers["Content-Encoding"] = "gzip"
    path = static / (f"{name}.gz" if packed else name)
    return FileResponse(path, headers=headers, media_type=MEDIA_TYPES[suffix])


def safe(policy: str) -> dict[str, str]:
    return {
        "Content-Security-Policy": policy,
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }


def read_manifest(static: Path) -> Manifest | None:
    """Read it at each request: a build while the server runs is seen at the next reload."""
    try:
        found: dict[str, Any] = json.loads((static / "manifest.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return Manifest(found["script"], found.get("parts", ()), found["style"], found["files"])


def matches(if_none_match: str, tag: str) -> bool:
    tags = [one.strip().removeprefix("W/") for one in if_none_match.split(",")]
    return tag in tags or "*" in tags


def curl_example(request: Request, headers: Mapping[str, str]) -> str:
    query = json.dumps({"query": "{ sessions(first: 5) { nodes { id title createdAt } } }"})
    endpoint = str(request.url).partition("?")[0]
    sent = {"Content-Type": "application/json", **headers}
    options = [f"  -H {shlex.quote(f'{name}: {value}')}" for name, value in sent.items()]
    return " \\\n".join([f"curl {shlex.quote(endpoint)}", *options, f"  -d {shlex.quote(query)}"])
