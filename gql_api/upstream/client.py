"""The SDK's client on a sender of ours: its paths, parameters, models and errors stay.

It is imported when a connection is made, not before, and by `sdk.load`.
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, cast
from urllib.parse import quote_plus

import httpx
from acontext import AcontextAsyncClient
from acontext.errors import TransportError
from pydantic_core import from_json

from gql_api.errors import CostLimitExceeded
from gql_api.request_scope import Exceeded, OneTooLarge
from gql_api.telemetry import outgoing_headers
from gql_api.upstream.exchange import room
from gql_api.upstream.failures import TooMuch
from gql_api.upstream.measuring import note_answer, note_request
from gql_api.upstream.routes import route_of
from gql_api.upstream.sender import Answer, NoAnswer, NotAnAnswer, Request, Sender, Stream

_JSON = "application/json"
_BYTES = "/download"
_CLIENT_ERROR = 400
_ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode
"""As httpx does; orjson, faster by some millionths of a second, writes null for what is not a number."""
_PLAIN = re.compile(r"(?:/[A-Za-z0-9_~:-][A-Za-z0-9._~:-]*)+")
_SPELLED = re.compile(r"[A-Za-z0-9._~-]*").fullmatch
"""What a query spells as it is."""
_LONGEST_QUERY = 65_536
_LARGE_FORM = 256 * 1024
"""A form above it is read while it is sent: its files may be on disk, and are not to be in memory too."""
_SENDS_A_LENGTH = frozenset({"POST", "PUT", "PATCH"})


class Client(AcontextAsyncClient):
    """The client that the SDK's resources ask. `seconds` is how long Acontext may be silent."""

    def __init__(self, sender: Sender, *, api_key: str, base_url: str, seconds: float) -> None:
        # It sends nothing: the SDK puts its headers there, and takes the address from it.
        self._http = http = httpx.AsyncClient(base_url=base_url, transport=httpx.AsyncBaseTransport(), trust_env=False)
        super().__init__(api_key=api_key, base_url=base_url, client=http, timeout=seconds)
        self._sender = sender
        self._seconds = seconds
        self._at = http.base_url
        self._prefix = self._at.raw_path.decode().rstrip("/")
        own = {"host": self._at.netloc.decode(), "accept-encoding": "gzip, deflate"}
        self._headers = {**http.headers, **own}

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        unwrap: bool = True,
        timeout: float | None = None,  # noqa: ASYNC109 - the SDK's word
        **content: Any,
    ) -> Any:
        """Give what the SDK reads in the answer; `content` is `json_data`, or `data` and `files`."""
        answer = await self._ask(method, path, params, timeout, **content)
        return self._handle_response(cast(httpx.Response, answer), unwrap=unwrap)

    async def request_binary(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - the SDK's word
    ) -> bytes:
        """Give the body of a success as it is."""
        answer = await self._ask(method, path, params, timeout)
        if answer.status_code >= _CLIENT_ERROR:
            self._handle_response(cast(httpx.Response, answer), unwrap=False)  # raises what it says
        return answer.content

    async def _ask(
        self, method: str, path: str, params: Mapping[str, Any] | None, seconds: float | None, **content: Any
    ) -> "_Response":
        target = self._target(path, params)
        headers, body = _encoded(**content)
        if body or method in _SENDS_A_LENGTH:
            headers["content-length"] = str(len(body))
        note_request(route_of(method, path), self._at.host, self._at.port)
        headers = {**self._headers, **headers, **outgoing_headers()}
        silence = self._seconds if seconds is None else seconds
        # A named tuple's own way takes twice as long, and a page of sessions makes a hundred.
        request = tuple.__new__(Request, (method, target, headers, body, silence, room()))
        try:
            answer = await self._sender.send(request)
            note_answer(answer.status, answer.headers.get("retry-after"))
            _distrust(path, answer)
        except NoAnswer as error:
            raise TransportError(type(error).__name__) from error
        except OneTooLarge as error:
            raise TooMuch(error.most) from error
        except Exceeded as error:
            raise CostLimitExceeded(
                f"One operation reads at most {error.most} bytes from Acontext: ask for fewer things, or by pages."
            ) from error
        return tuple.__new__(_Response, answer)

    def _target(self, path: str, params: Mapping[str, Any] | None) -> str:
        """Write path and query; what is unusual is written, or refused with `httpx.InvalidURL`, by httpx."""
        query = _query(params) if params else ""
        if len(query) > _LONGEST_QUERY or not _PLAIN.fullmatch(path):
            return self._http.build_request("GET", path, params=params).url.raw_path.decode()
        return f"{self._prefix}{path}?{query}" if query else self._prefix + path


def _query(params: Mapping[str, Any]) -> str:
    """Write a query; what is not plain text is written by httpx."""
    pieces = []
    for name, value in params.items():
        if type(value) is int:
            text = str(value)
        elif type(value) is not str:
            return str(httpx.QueryParams(params))
        else:
            text = value if _SPELLED(value) else quote_plus(value)
        pieces.append(f"{name if _SPELLED(name) else quote_plus(name)}={text}")
    return "&".join(pieces)


class _Response(NamedTuple):
    """An answer in the words that the SDK reads it by, in the order of `Answer`."""

    status_code: int
    reason_phrase: str
    headers: Mapping[str, str]
    content: bytes

    @property
    def text(self) -> str:
        return self.content.decode(errors="replace")

    def json(self) -> Any:
        """Read JSON as `json` does, which reads what is left: a lone surrogate, another encoding."""
        try:
            # Ids and texts hardly ever come twice: to remember them costs more than reading them.
            return from_json(self.content, cache_strings="keys")
        except ValueError:
            return json.loads(self.content)


def _distrust(path: str, answer: Answer) -> None:
    """Refuse a success that is no JSON object: the SDK would take nothing for no files, and a delete for done."""
    if answer.status >= _CLIENT_ERROR:
        return
    if not httpx.codes.is_success(answer.status):
        raise NotAnAnswer("neither success nor refusal")
    if path.endswith(_BYTES):
        return
    body = answer.body.strip()
    if not answer.headers.get("content-type", "").startswith(_JSON) or body[:1] + body[-1:] != b"{}":
        raise NotAnAnswer("a success that is not a JSON object")


def _encoded(json_data: Any = None, data: Any = None, files: Any = None) -> tuple[dict[str, str], bytes | Stream]:
    """Give the headers that tell of a body, but its length, and the body."""
    if data or files:
        form = httpx.Request("POST", "http://form.invalid", data=data, files=files)
        headers, length = {"content-type": form.headers["content-type"]}, int(form.headers["content-length"])
        return headers, form.read() if length <= _LARGE_FORM else Stream(cast(Iterable[bytes], form.stream), length)
    if json_data is None:
        return {}, b""
    return {"content-type": _JSON}, _ENCODE(json_data).encode()
