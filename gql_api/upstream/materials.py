"""The bytes behind a private Acontext's public URLs, for clients that cannot reach it: fetched without the key."""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx

from gql_api.upstream.failures import Fate, Late, Unavailable

_TOKEN = re.compile(r"[0-9a-f]{64}")
_URL = re.compile(r"/api/v1/material/([0-9a-f]{64})/?")
_PASSED_ON = frozenset({"range", "if-range", "if-none-match", "if-modified-since"})
_GIVEN_BACK = (
    "content-type",
    "content-length",
    "content-range",
    "content-disposition",
    "accept-ranges",
    "etag",
    "last-modified",
)


def through_us(url: str, public_url: str | None) -> str:
    """Give the address at which this server shows what Acontext shows at `url`; the same one if it does not.

    `public_url` None: this server shows nothing of Acontext's. An address of another shape, as of an object store, is
    left alone.
    """
    found = _URL.fullmatch(httpx.URL(url).path)
    return f"{public_url}/api/v1/material/{found[1]}" if found and public_url else url


@dataclass(frozen=True, slots=True)
class Material:
    """An answer under way."""

    status: int
    headers: Mapping[str, str]
    chunks: AsyncIterator[bytes]


class Materials:
    """Fetches materials by the token in their URL; `http` has no credentials."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    @asynccontextmanager
    async def open(self, token: str, headers: Mapping[str, str]) -> AsyncIterator[Material | None]:
        """Open what a public URL shows, a part of it if `headers` ask for one; None if there is nothing.

        Raises `UpstreamUnavailable` and `UpstreamTimeout`, also while chunks are read.
        """
        if not _TOKEN.fullmatch(token):
            yield None
            return
        asked = {name: value for name, value in headers.items() if name.lower() in _PASSED_ON}
        # What is given on is what came, byte for byte: a range of a compressed answer would be another range.
        request = self._http.build_request("GET", f"material/{token}", headers={**asked, "accept-encoding": "identity"})
        try:
            response = await self._http.send(request, stream=True)
            try:
                yield _material(response)
            finally:
                await response.aclose()
        except httpx.TimeoutException as error:
            raise Late("Acontext did not give the file in time.") from error
        except httpx.HTTPError as error:
            raise Unavailable("Acontext did not give the file.", Fate.FAILED) from error


def _material(response: httpx.Response) -> Material | None:
    if response.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
        raise Unavailable("Acontext did not give the file.", Fate.FAILED)
    if response.is_redirect and response.status_code != httpx.codes.NOT_MODIFIED:
        raise Unavailable("Acontext did not give the file.", Fate.UNREADABLE)
    if response.is_client_error and response.status_code != httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
        return None
    response.headers.encoding = "latin-1"  # as they are sent on; a name of a file may be UTF-8
    headers = {name: response.headers[name] for name in _GIVEN_BACK if name in response.headers}
    return Material(response.status_code, headers, response.aiter_raw())
