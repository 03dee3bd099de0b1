"""The issuer's keys: fetched by need, at most once at a time and once in ten seconds, and kept while it is away."""

import asyncio
import gzip
import logging
from typing import Any

import httpx
import pytest

from gql_api.identity.issuer import FRESH, KEPT, OLD, PAUSE
from identity.issuing import Asked, ask, by_issuer, client_of, jwk, private_key, token

AWAY = httpx.ConnectError("away")
URL = "https://issuer.example/keys"
UNAVAILABLE = {
    "errors": [
        {
            "message": "The issuer's keys cannot be fetched now; try again later.",
            "extensions": {"code": "IDENTITY_UNAVAILABLE"},
        }
    ]
}
FIRST, SECOND = {"keys": [jwk("ES256", kid="1")]}, {"keys": [jwk("ES256 2", kid="2")]}


def named(kid: str | None, kind: str = "ES256") -> str:
    return token(kind, headers={} if kid is None else {"kid": kid})


async def statuses(client: httpx.AsyncClient, *tokens: str) -> list[int]:
    return [(await ask(client, one)).status_code for one in tokens]


async def settled() -> None:
    """Let what runs in the background come to its end."""
    for _ in range(20):
        await asyncio.sleep(0)


def test_the_times_are_those_that_the_documents_tell() -> None:
    assert (PAUSE, FRESH, OLD, KEPT) == (10, 5 * 60, 10 * 60, 4 * 60 * 60)


async def test_the_keys_are_fetched_once_for_many() -> None:
    asked = Asked()
    verifier = by_issuer(asked)
    async with verifier.open(), client_of(verifier) as client:
        answers = await asyncio.gather(*(ask(client, named("1")) for _ in range(50)))

        assert {answer.status_code for answer in answers} == {200}
        assert asked.requests == [URL]
        assert verifier.is_ready


async def test_an_unknown_key_is_looked_for_at_once() -> None:
    asked = Asked([FIRST, SECOND])
    verifier = by_issuer(asked)
    async with verifier.open(), client_of(verifier) as client:
        assert await statuses(client, named("1")) == [200]
        asked.now += PAUSE
        assert await statuses(client, named("2", "ES256 2"), named("1")) == [200, 401]
        assert len(asked.requests) == 2


async def test_a_flood_of_made_up_keys_causes_one_fetch_in_ten_seconds() -> None:
    asked = Asked()
    verifier = by_issuer(asked)
    async with verifier.open(), client_of(verifier) as client:
        for _ in range(3):
            flood = await asyncio.gather(*(ask(client, named(f"made up {number}")) for number in range(50)))
            assert {answer.status_code for answer in flood} == {401}
            assert await statuses(client, named("1")) == [200]
        assert len(asked.requests) == 1
        asked.now += PAUSE
        await asyncio.gather(*(ask(client, named(f"made up {number}")) for number in range(50)))
        assert len(asked.requests) == 2


async def test_nobody_who_knows_their_key_waits_for_a_fetch() -> None:
    asked = Asked()
    verifier = by_issuer(asked)
    async with verifier.open(), client_of(verifier) as client:
        assert await statuses(client, named("1")) == [200]
        asked.gate = asyncio.Event()
        asked.now += PAUSE
        waiting = asyncio.create_task(ask(client, named("made up")))
        await settled()
        asked.now += PAUSE
        second = asyncio.create_task(ask(client, named("made up too")))
        await settled()
        assert len(asked.requests) == 2
        assert await statuses(client, named("1")) == [200]
        assert not waiting.done()
        asked.gate.set()
        assert [(await one).status_code for one in (waiting, second)] == [401, 401]


async def test_old_keys_are_fetched_anew_behind_the_callers() -> None:
    asked = Asked([FIRST, SECOND])
    verifier = by_issuer(asked)
    async with verifier.open(), client_of(verifier) as client:
        assert await statuses(client, named("1")) == [200]
        asked.now += FRESH
        assert await statuses(client, named("1")) == [200]
        await settled()
        assert len(asked.requests) == 1
        asked.now += 1
        assert await statuses(client, named("1")) == [200]
        await settled()
        assert await statuses(client, named("1"), named("2", "ES256 2")) == [401, 200]
        assert len(asked.requests) == 2


async def test_a_key_that_was_taken_back_does_not_outlast_a_quiet_time() -> None:
    asked = Asked([FIRST, SECOND])
    verifier = by_issuer(asked)
    async with verifier.open(), client_of(verifier) as client:
        known = named("1")
        assert await statuses(client, known) == [200]
        asked.now += OLD + 1
        assert await statuses(client, named("1"), known) == [401, 401]


async def test_keys_are_kept_for_four_hours_while_the_issuer_is_away() -> None:
    asked = Asked([FIRST, AWAY])
    verifier = by_issuer(asked)
    async with verifier.open(), client_of(verifier) as client:
        await statuses(client, named("1"))
        asked.now += KEPT
        assert await statuses(client, named("1"), named("1")) == [200, 200]
        # Whether a key that nobody knows is a new one cannot be told now.
        assert await statuses(client, named("2")) == [503]
        asked.now += 1
        assert await statuses(client, named("1")) == [503]
        assert not verifier.is_ready
        asked.documents = [SECOND]
        asked.now += PAUSE
        assert await statuses(client, named("2", "ES256 2")) == [200]


async def test_a_server_starts_without_the_issuer_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    asked = Asked([AWAY, FIRST])
    verifier = by_issuer(asked)
    async with verifier.open(), client_of(verifier) as client:
        for _ in range(5):
            answer = await ask(client, named("1"))
            assert (answer.status_code, answer.json()) == (503, UNAVAILABLE)
            assert answer.headers["retry-after"] == "10"
            assert "www-authenticate" not in answer.headers
        assert (len(asked.requests), verifier.is_ready) == (1, False)
        asked.now += PAUSE
        assert await statuses(client, named("1")) == [200]
    assert [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING] == [
        "The issuer's keys could not be fetched: ConnectError"
    ]


async def test_a_caller_that_goes_away_does_not_end_the_fetch_of_others() -> None:
    asked = Asked()
    verifier = by_issuer(asked)
    async with verifier.open(), client_of(verifier) as client:
        asked.gate = asyncio.Event()
        gone = asyncio.create_task(ask(client, named("1")))
        await settled()
        assert len(asked.requests) == 1
        gone.cancel()
        await settled()
        asked.gate.set()
        assert await statuses(client, named("1")) == [200]
        assert len(asked.requests) == 1


@pytest.mark.parametrize(
    "members",
    [
        {"use": "enc"},
        {"key_ops": ["sign"]},
        {"key_ops": "verify"},
        {"alg": "ES384"},
        {"alg": 5},
        {"kty": "RSA"},
        {"kty": ["EC"]},
        {"kty": None},
        {"crv": "P-384"},
        {"crv": {}},
        {"x": "AAAA"},
        {"x": 5},
        {"y": None},
        {"kid": 1},
    ],
)
async def test_keys_that_do_not_fit_are_left_out(members: dict[str, Any]) -> None:
    asked = Asked([{"keys": ["x", None, jwk("ES256", **{"kid": "1", **members}), jwk("ES256 2", kid="2")]}])
    verifier = by_issuer(asked)
    async with verifier.open(), client_of(verifier) as client:
        assert await statuses(client, named("1"), named("2", "ES256 2")) == [401, 200]


@pytest.mark.filterwarnings("ignore:The RSA key is 1024 bits long")
async def test_a_key_is_for_its_own_kind_of_algorithm_alone() -> None:
    secret = {"kty": "oct", "k": "c2VjcmV0", "kid": "3"}
    asked = Asked([{"keys": [jwk("RS256", kid="1"), jwk("ES256", kid="2"), secret, jwk("RS256 short", kid="4")]}])
    verifier = by_issuer(asked, "RS256", "PS256", "ES256")
    async with verifier.open(), client_of(verifier) as client:
        good = [token("RS256", headers={"kid": "1"}), token("PS256", headers={"kid": "2"}), named("2")]
        assert await statuses(client, good[0], good[2]) == [200, 200]
        assert (
            await statuses(client, good[1], token("RS256", headers={"kid": "2"}), named("1"), named("3")) == [401] * 4
        )
        assert await statuses(client, token("RS256 short", headers={"kid": "4"})) == [401]


async def test_the_private_part_of_a_key_is_not_read() -> None:
    number = private_key("ES256").private_numbers().private_value
    asked = Asked([{"keys": [jwk("ES256", kid="1", d=str(number))]}])
    verifier = by_issuer(asked)
    async with verifier.open(), client_of(verifier) as client:
        assert await statuses(client, named("1")) == [200]


@pytest.mark.parametrize(
    ("keys", "kid", "status"),
    [
        ([jwk("ES256", kid=None)], None, 200),
        ([jwk("ES256", kid="1")], None, 200),
        ([jwk("RS256", kid=None), jwk("ES256", kid=None)], None, 200),
        ([jwk("ES256", kid=None), jwk("ES256 2", kid=None)], None, 401),
        ([jwk("ES256", kid=None)], "1", 401),
        ([jwk("ES256", kid="1"), jwk("ES256 2", kid="1")], "1", 401),
        ([jwk("ES256", kid="1"), jwk("ES256 2", kid="1", use="enc")], "1", 200),
    ],
)
async def test_without_a_name_exactly_one_key_must_fit(keys: list[Any], kid: str | None, status: int) -> None:
    verifier = by_issuer(Asked([{"keys": keys}]))
    async with verifier.open(), client_of(verifier) as client:
        assert await statuses(client, named(kid)) == [status]


def redirect(to: str) -> httpx.Response:
    return httpx.Response(302, headers={"location": to})


OK = httpx.Response(200, json=FIRST)
ODD: dict[str, tuple[list[Any], str]] = {
    "a redirect off https": ([redirect("http://issuer.example/keys"), OK], "a redirect off https"),
    "redirects without end": ([redirect("https://issuer.example/again")], "too many redirects"),
    "a failure": ([httpx.Response(500, json=FIRST)], "status 500"),
    "packed": (
        [httpx.Response(200, content=gzip.compress(b"{}"), headers={"content-encoding": "gzip"})],
        "a packed answer",
    ),
    "nothing": ([httpx.Response(204)], "status 204"),
    "too large": ([httpx.Response(200, content=b" " * (512 * 1024 + 1))], "more than 524288 bytes"),
    "a page": ([httpx.Response(200, text="<html>")], "JSONDecodeError"),
    "nested deep": ([httpx.Response(200, content=b"[" * 100_000)], "RecursionError"),
    "a list": ([[]], "this is no JWK Set"),
    "keys that are none": ([{"keys": 5}], "this is no JWK Set"),
    "no keys": ([{"keys": []}], "no key in it fits the algorithms"),
    "slow": ([httpx.ReadTimeout("slow")], "ReadTimeout"),
}


@pytest.mark.parametrize("case", ODD)
async def test_an_odd_answer_is_a_failure_to_fetch(case: str, caplog: pytest.LogCaptureFixture) -> None:
    documents, reason = ODD[case]
    verifier = by_issuer(Asked(documents.copy()))
    async with verifier.open(), client_of(verifier) as client:
        assert await statuses(client, named("1")) == [503]
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == [
        f"The issuer's keys could not be fetched: {reason}"
    ]


async def test_redirects_to_https_are_followed() -> None:
    asked = Asked([redirect("https://keys.example/set"), OK])
    verifier = by_issuer(asked)
    async with verifier.open(), client_of(verifier) as client:
        assert await statuses(client, named("1")) == [200]
    assert asked.requests == [URL, "https://keys.example/set"]


async def test_what_is_under_way_ends_with_the_server() -> None:
    asked = Asked()
    verifier = by_issuer(asked)
    async with verifier.open():
        pass
    assert len(asyncio.all_tasks()) == 1
    async with client_of(verifier) as client:
        assert await statuses(client, named("1")) == [503]
