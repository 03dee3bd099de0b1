"""What can be looked at on this machine: settings, folder, ports, explorer."""

import asyncio
import os
import shutil
import socket
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from gql_api.app import prepared_schema
from gql_api.doctor.finding import Finding
from gql_api.folder import FolderTaken, claim
from gql_api.refusal import Refusal
from gql_api.settings import Settings, unknown_names
from gql_api.web.explorer import STATIC, read_manifest

_LITTLE = 1024**3
_GIGABYTE = 1e9
_URLS = {"acontext_base_url", "public_url", "jwt_jwks_url", "otlp_endpoint"}


def setting_findings(settings: Settings) -> list[Finding]:
    """Name what is set, each with its value where that is no secret, and what looks like a setting and is none."""
    shown = [
        Finding("ok", str(field.alias), _shown(name, field, getattr(settings, name)))
        for name, field in type(settings).model_fields.items()
        if getattr(settings, name) != field.get_default()
    ]
    unknown = [
        Finding("warning", name, "there is no such setting", "Look at its spelling; the README has the settings.")
        for name in unknown_names()
    ]
    return [*(shown or [Finding("ok", "settings", "everything at its default")]), *unknown]


def _shown(name: str, field: FieldInfo, value: object) -> str:
    if isinstance(value, SecretStr) or field.repr is False:
        return "set (not shown)"
    if name in _URLS:
        parts = urlsplit(str(value))
        port = f":{parts.port}" if parts.port else ""
        return f"{parts.scheme}://{parts.hostname}{port}{parts.path}"
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def time_findings(settings: Settings) -> list[Finding]:
    """Compare the time that a request has with the times of the calls within it."""
    calls = {
        "GQL_API_UPSTREAM_TIMEOUT": settings.upstream_timeout,
        "GQL_API_UPSTREAM_TRANSFER_TIMEOUT": settings.upstream_transfer_timeout,
    }
    longer = [f"{name} ({seconds:g} s)" for name, seconds in calls.items() if seconds > settings.request_timeout]
    if not longer:
        return []
    return [
        Finding(
            "warning",
            "request time",
            f"GQL_API_REQUEST_TIMEOUT ({settings.request_timeout:g} s) is less than {' and '.join(longer)}",
            "Such a call is cut off with its request, as UPSTREAM_TIMEOUT; a write may take effect all the same, and "
            "an Acontext that hangs is not left alone. Raise the one or lower the other.",
        )
    ]


def folder_findings(settings: Settings) -> list[Finding]:
    """Look at the data folder, where anything is kept in it."""
    if not settings.is_single:
        return []
    folder = settings.data_dir.resolve()
    if not folder.exists():
        return [_unmade(folder)]
    try:
        with tempfile.TemporaryFile(dir=folder):
            free = shutil.disk_usage(folder).free
    except OSError as error:
        return [
            Finding(
                "fault",
                "data folder",
                f"{folder} cannot be written to: {error.strerror}",
                "Give the server's user the right to write there, or set GQL_API_DATA_DIR.",
            )
        ]
    found = f"{folder}, {free / _GIGABYTE:.0f} GB free"
    if free < _LITTLE:
        return [Finding("warning", "data folder", found, "Make room: when it is full, nothing is stored.")]
    return [Finding("ok", "data folder", found + (", in use by a server" if _is_taken(folder) else ""))]


def _unmade(folder: Path) -> Finding:
    parent = next(above for above in folder.parents if above.exists())
    try:
        with tempfile.TemporaryFile(dir=parent):
            return Finding("ok", "data folder", f"{folder} is not there yet; the first start makes it")
    except OSError as error:
        return Finding(
            "fault",
            "data folder",
            f"{folder} cannot be made: {error.strerror}",
            "Make it and give it to the server's user, or set GQL_API_DATA_DIR.",
        )


def _is_taken(folder: Path) -> bool:
    try:
        with claim(folder):
            return False
    except FolderTaken:
        return True


def document_findings(settings: Settings) -> list[Finding]:
    """Read the documents that are trusted, where there are any."""
    if settings.documents is None:
        return []
    try:
        schema = prepared_schema(settings)
    except Refusal as error:
        return [Finding("fault", "documents", str(error), f"Run gql-api documents check {settings.documents}")]
    return [Finding("ok", "documents", f"{len(schema.documents.trusted)} of them trusted")]


def explorer_findings() -> list[Finding]:
    """Look for the explorer's files."""
    if read_manifest(STATIC) is None:
        return [Finding("warning", "explorer", "not built", "Run make explorer; without it only the page is missing.")]
    return [Finding("ok", "explorer", "built")]


async def port_findings(settings: Settings) -> list[Finding]:
    """Try to listen; where somebody does already, ask whether it is a server of ours."""
    wanted = [("port", settings.host, settings.port, "GQL_API_PORT")]
    if settings.metrics_port:
        wanted.append(("metrics port", settings.metrics_host, settings.metrics_port, "GQL_API_METRICS_PORT"))
    return [await _port(subject, host, port, setting) for subject, host, port, setting in wanted]


async def _port(subject: str, host: str, port: int, setting: str) -> Finding:
    place = f"{host}:{port}" if port else f"{host}, a free one"
    reason = await asyncio.to_thread(_hindrance, host, port)
    if reason is None:
        return Finding("ok", subject, f"{place} is free" if port else place)
    if await _is_ours(host, port, "/metrics" if "metrics" in subject else "/livez"):
        return Finding("ok", subject, f"{place} is a running server's")
    return Finding("fault", subject, f"{place}: {reason}", f"Stop what listens there, or set {setting}.")


def _hindrance(host: str, port: int) -> str | None:
    try:
        with socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET):
            return None
    except OSError as error:
        return (os.strerror(error.errno) if error.errno else str(error)).lower()


async def _is_ours(host: str, port: int, path: str) -> bool:
    shown = f"[{host}]" if ":" in host else host
    try:
        async with httpx.AsyncClient(timeout=1, trust_env=False) as http:
            answer = await http.get(f"http://{shown}:{port}{path}")
    except httpx.HTTPError:
        return False
    return answer.text == '{"status":"alive"}' or "gql_api_build_info" in answer.text
