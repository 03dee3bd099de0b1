"""Answers compressed for who takes that: large ones of JSON; what fits one packet is left alone, and so are streams."""

import gzip

import anyio.to_thread
from starlette.types import Scope

from gql_api.web.answers import JsonAnswer
from gql_api.web.headers import headers_of
from gql_api.web.negotiation import takes_gzip

LEAST = 1400
"""Bytes from which on an answer is compressed: what is smaller fits one packet anyhow."""
LEAST_FOR_A_THREAD = 64 * 1024
"""Bytes that are compressed beside the event loop: it would be held up for about a millisecond, or longer."""
LEVEL = 4
"""Level 1 takes two thirds of the time and leaves a tenth more; 6 takes twice the time, and leaves as much."""


async def compress(answer: JsonAnswer, scope: Scope) -> None:
    """Compress an answer with gzip, where it is large and who asks takes that."""
    body = answer.body
    if len(body) < LEAST:
        return
    answer.headers.add_vary_header("Accept-Encoding")
    if not takes_gzip(",".join(headers_of(scope).all(b"accept-encoding"))):
        return
    answer.body = await anyio.to_thread.run_sync(_pack, body) if len(body) >= LEAST_FOR_A_THREAD else _pack(body)
    answer.headers["content-encoding"] = "gzip"
    answer.headers["content-length"] = str(len(answer.body))


def _pack(body: bytes) -> bytes:
    return gzip.compress(body, LEVEL, mtime=0)
