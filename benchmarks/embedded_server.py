"""An embedded Acontext in a process of its own on a folder for the time of a benchmark, and a plain client for it."""

import http.client
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

API_KEY = "sk-ac-benchmark"
_SECONDS = 120
_BOUNDARY = "benchmark-boundary-7f3a"


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Serve the folder and give host and port; the server is ended with the block."""
    command = (sys.executable, "-m", "gql_api.embedded", "--port", "0", "--data-dir", str(folder), "--api-key", API_KEY)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603  our own interpreter
        assert process.stdout is not None  # noqa: S101  a pipe was asked for
        try:
            yield process.stdout.readline().split()[-1].removeprefix("http://").removesuffix("/api/v1")
        finally:
            process.terminate()


class Connection:
    """One kept connection, one request at a time."""

    def __init__(self, address: str) -> None:
        self._http = http.client.HTTPConnection(address, timeout=_SECONDS)

    def send(self, method: str, path: str, *, body: bytes = b"", kind: str = "application/json") -> bytes:
        """Give the bytes of a success."""
        headers = {"Authorization": f"Bearer {API_KEY}"} | ({"Content-Type": kind} if body else {})
        self._http.request(method, f"/api/v1{path}", body=body or None, headers=headers)
        response = self._http.getresponse()
        data = response.read()
        if not HTTP_OK <= response.status < HTTP_ABOVE:
            raise RuntimeError(f"{method} {path}: {response.status} {data[:200]!r}")
        return data

    def call(self, method: str, path: str, fields: Any = None) -> Any:
        """Send JSON and give the data of the answer."""
        body = b"" if fields is None else json.dumps(fields).encode()
        return json.loads(self.send(method, path, body=body)).get("data")


HTTP_OK, HTTP_ABOVE = 200, 300


def query(route: str, **parameters: Any) -> str:
    return f"{route}?{urlencode(parameters)}"


def form(fields: dict[str, str], *, name: str, filename: str, data: bytes) -> tuple[bytes, str]:
    """Give a multipart body with one file, and its content type."""
    head = "".join(
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'
        for key, value in fields.items()
    )
    disposition = f'Content-Disposition: form-data; name="{name}"; filename="{filename}"'
    head += f"--{_BOUNDARY}\r\n{disposition}\r\nContent-Type: text/plain\r\n\r\n"
    return head.encode() + data + f"\r\n--{_BOUNDARY}--\r\n".encode(), f"multipart/form-data; boundary={_BOUNDARY}"
