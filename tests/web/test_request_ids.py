"""The ids of requests that came with none."""

import asyncio
import re
import subprocess
import sys

import httpx

from small_api import create_app

FORKED = """
import os
from gql_api.web.recording import id_of

print(id_of({}), flush=True)
child = os.fork()
if child:
    os.waitpid(child, 0)
print(*[id_of({}) for _ in range(300)], sep="\\n", flush=True)
"""


async def test_many_requests_have_as_many_ids() -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(create_app()), base_url="http://test") as client:
        answers = await asyncio.gather(*(client.get("/happened/it") for _ in range(600)))
    ids = {answer.headers["x-request-id"] for answer in answers}

    assert len(ids) == 600
    assert all(re.fullmatch("[0-9a-f]{32}", id) for id in ids)


def test_a_process_that_is_forked_off_gives_others_than_the_one_that_it_came_from() -> None:
    command = [sys.executable, "-c", FORKED]
    told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, timeout=60).stdout.split()  # noqa: S603

    assert len(told) == 601
    assert len({*told}) == 601
