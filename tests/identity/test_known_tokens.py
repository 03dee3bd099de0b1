"""Tokens that were found good: they are not proved again, and are good no longer than their key and their time."""

import asyncio

from gql_api.identity.issuer import OLD
from identity.issuing import SECRET, Asked, Later, by_issuer, by_key, client_of, jwk, secret_token
from identity.test_issuer_keys import named, statuses


async def test_a_token_that_was_good_is_checked_by_the_key_that_has_its_name_now() -> None:
    other = {"keys": [jwk("ES256 other", kid="1")]}
    asked = Asked([{"keys": [jwk("ES256", kid="1")]}, other])
    verifier = by_issuer(asked)
    async with verifier.open(), client_of(verifier) as client:
        known = named("1")
        assert await statuses(client, known, known) == [200, 200]
        asked.now += OLD + 1
        assert await statuses(client, known) == [401]


async def test_a_token_that_was_good_is_refused_when_its_time_is_over() -> None:
    verifier = by_key(SECRET, "HS256")
    async with client_of(verifier) as client:
        soon = secret_token(exp=Later(-8))
        assert await statuses(client, soon) == [200]
        async with asyncio.timeout(20):
            while await statuses(client, soon) == [200]:  # noqa: ASYNC110 - only time ends it
                await asyncio.sleep(0.05)
        assert await statuses(client, soon) == [401]
