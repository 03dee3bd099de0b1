"""One probe of an Acontext for an operator: whether it is there, takes the key, and what it tells of itself."""

import time
from dataclasses import dataclass
from typing import Literal

import httpx

from gql_api.upstream.dates import seconds_until

Found = Literal["well", "no entry", "not Acontext", "failing"]
_FAILING = 500


@dataclass(frozen=True, slots=True)
class Probe:
    """What was found; `ahead` is by how many seconds its clock is ahead of ours, None when it does not say."""

    found: Found
    status: int
    seconds: float
    ahead: float | None
    server: str | None


async def probe(base_url: str, api_key: str, *, seconds: float) -> Probe:
    """Ask for nothing, with the key; raise what the client does where no answer comes."""
    began = time.perf_counter()
    async with httpx.AsyncClient(timeout=seconds) as http:
        answer = await http.get(f"{base_url}/ping", headers={"authorization": f"Bearer {api_key}"})
    took = time.perf_counter() - began
    server = answer.headers.get("server")
    return Probe(
        _found(answer),
        answer.status_code,
        took,
        _ahead(answer.headers.get("date"), took),
        server if server and server.isprintable() else None,
    )


def _found(answer: httpx.Response) -> Found:
    if answer.status_code in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
        return "no entry"
    if answer.status_code >= _FAILING:
        return "failing"
    try:
        said = answer.json()
    except ValueError:
        return "not Acontext"
    return "well" if answer.is_success and isinstance(said, dict) and said.get("msg") == "pong" else "not Acontext"


def _ahead(date: str | None, took: float) -> float | None:
    """Compare clocks; the header has whole seconds, cut off, and was written some time before it came."""
    seconds = seconds_until(date or "")
    return None if seconds is None else seconds + 0.5 + took / 2
