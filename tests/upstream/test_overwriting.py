"""What overwrites something is sent again only where nothing of a first call can come any more."""

from contextlib import nullcontext

import httpx
import pytest
import stamina

from gql_api.errors import UpstreamUnavailable
from upstream.test_retries import OVERWRITES, Ask, Server, gateway_to


@pytest.mark.parametrize("ask", OVERWRITES.values(), ids=OVERWRITES)
async def test_what_acontext_itself_failed_to_do_is_tried_again(ask: Ask) -> None:
    """It has answered, and does no more; what stands before it may have sent on what it calls a failure."""
    for failure, tries in (({"code": 500, "msg": "no"}, 2), ({"message": "the gateway timed out"}, 1)):
        server = Server([httpx.Response(500, json=failure)])
        async with gateway_to(server) as gateway:
            with (
                stamina.set_testing(True, attempts=2),
                nullcontext() if tries > 1 else pytest.raises(UpstreamUnavailable),
            ):
                await ask(gateway)
        assert len(server.requests) == tries
