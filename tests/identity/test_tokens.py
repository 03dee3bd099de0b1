"""Bearer tokens: which are taken, and that all others get the same answer, whatever is wrong with them."""

import hmac
import json
import logging
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from identity.issuing import (
    AUDIENCE,
    SECRET,
    WHO,
    Later,
    ask,
    by_key,
    claims,
    client_of,
    public_pem,
    raw_token,
    secret_token,
    signed_token,
    token,
)

INVALID = "The token is not valid, or not any more."
CHALLENGE = f'Bearer realm="gql_api", error="invalid_token", error_description="{INVALID}"'


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(by_key(public_pem("ES256"), "ES256")) as made:
        yield made


def refusal(message: str) -> dict[str, Any]:
    return {"errors": [{"message": message, "extensions": {"code": "UNAUTHENTICATED"}}]}


GOOD: dict[str, dict[str, Any]] = {
    "as it comes": {},
    "with our audience among others": {"aud": ["other", AUDIENCE]},
    "over, within the leeway": {"exp": Later(-3)},
    "made in the future, within the leeway": {"iat": Later(5), "nbf": Later(5)},
    "with dates in fractions": {"exp": 4_102_444_800.5, "nbf": 0, "iat": 0.5},
    "without a type": {"headers": {"typ": None}},
    "an access token by its type": {"headers": {"typ": "at+jwt"}},
    "a type in capitals": {"headers": {"typ": "Application/AT+JWT"}},
    "naming a key": {"headers": {"kid": "any"}},
    "with a number among its scopes": {"scp": [1, "x"], "scope": 5},
}
BAD: dict[str, dict[str, Any]] = {
    "over": {"exp": Later(-60)},
    "without an end": {"exp": None},
    "ending in words": {"exp": "tomorrow"},
    "ending at a date in quotes": {"exp": "4102444800"},
    "ending beyond numbers": {"exp": float("inf")},
    "ending at no number": {"exp": float("nan")},
    "ending after all years": {"exp": 253_402_300_800},
    "ending so far off that it is no float": {"exp": 10**400},
    "ending at a list": {"exp": [4_102_444_800]},
    "beginning in quotes": {"nbf": "0"},
    "beginning at true": {"nbf": True},
    "beginning before 1970": {"nbf": -1},
    "beginning before all numbers": {"nbf": float("-inf")},
    "made in quotes": {"iat": "0"},
    "made at false": {"iat": False},
    "made at no number": {"iat": float("nan")},
    "not begun": {"nbf": Later(600)},
    "made in the future": {"iat": Later(600)},
    "of no issuer": {"iss": None},
    "of another issuer": {"iss": "https://issuer.example"},
    "for nobody": {"aud": None},
    "for others": {"aud": ["other"]},
    "without a user": {"sub": None},
    "of a user that is a number": {"sub": 5},
    "of a user that is a list": {"sub": ["anna"]},
    "of a user with an empty name": {"sub": ""},
    "of a user with blanks around": {"sub": " anna"},
    "of a user with a NUL": {"sub": "an\x00na"},
    "of a user with a line end": {"sub": "anna\r\nX-User: bob"},
    "of a user with a lone surrogate": {"sub": "an\ud800na"},
    "of a user with too long a name": {"sub": "x" * 256},
    "of a user whose name is ours": {"sub": "gql-api:disk:x"},
    "critical": {"headers": {"crit": ["exp"]}},
    "for logging out": {"headers": {"typ": "logout+jwt"}},
    "with a type that is a number": {"headers": {"typ": 5}},
    "naming a key at length": {"headers": {"kid": "x" * 513}},
    "too long": {"extra": "x" * 16_384},
    "of another key": {"kind": "ES256 other", "headers": {"jwk": {"kty": "EC"}, "jku": "https://evil.example/keys"}},
    "of another algorithm": {"kind": "RS256"},
}


def forged() -> dict[str, str]:
    """Give what an attacker would try, beside what an issuer would sign."""
    body = json.dumps(claims()).encode()
    good = token()
    head, payload, signature = good.split(".")
    deep = b"[" * 4000 + b"]" * 4000
    return {
        "unsigned": raw_token(b'{"alg":"none"}', body, b""),
        "unsigned in capitals": raw_token(b'{"alg":"nOnE"}', body),
        "signed with the public key as a secret": _signed_with_public_key(body),
        "critical in what is known elsewhere": signed_token(b'{"alg":"ES256","crit":["b64"],"b64":true}'),
        "with its payload in clear": signed_token(b'{"alg":"ES256","b64":false}'),
        "without an algorithm": raw_token(b'{"typ":"JWT"}', body),
        "with a list of algorithms": raw_token(b'{"alg":["ES256"]}', body),
        "nested deep in its header": raw_token(b'{"alg":"ES256","x":' + deep + b"}", body),
        "nested deep in its payload": raw_token(b'{"alg":"ES256"}', deep),
        "with a header that is a list": raw_token(b"[]", body),
        "with a header that is no JSON": raw_token(b"\xff", body),
        "with a number of many digits": raw_token(b'{"alg":"ES256","x":' + b"9" * 5000 + b"}", body),
        "with a key's name that is a number": raw_token(b'{"alg":"ES256","kid":5}', body),
        "without a signature": f"{head}.{payload}.",
        "with half a signature": f"{head}.{payload}.{signature[:43]}",
        "in two parts": f"{head}.{payload}",
        "in five parts": f"{good}.x.x",
        "with a signature of blanks": f"{head}.{payload}. {signature}",
        "with a second one after a comma": f"{good}, Bearer {good}",
        "no token": "x",
        "beyond ASCII": f"{good}\u00e9",
    }


def _signed_with_public_key(body: bytes) -> str:
    unsigned = raw_token(b'{"alg":"HS256"}', body, b"")
    signature = hmac.digest(public_pem("ES256").encode(), unsigned[:-1].encode(), "sha256")
    return unsigned + urlsafe_b64encode(signature).decode().rstrip("=")


@pytest.mark.parametrize("case", GOOD)
async def test_a_good_token_tells_who_asks(client: httpx.AsyncClient, case: str) -> None:
    answer = await ask(client, token(**GOOD[case]))

    assert (answer.status_code, answer.json()) == (200, {"data": {"user": "anna", "mayNameOthers": False}})


@pytest.mark.parametrize("algorithm", ["ES256", "ES384", "ES512", "RS256", "RS512", "PS256", "EdDSA"])
async def test_a_token_may_be_signed_by_a_public_key_of_any_kind(algorithm: str) -> None:
    async with client_of(by_key(public_pem(algorithm), algorithm)) as client:
        answer = await ask(client, token(algorithm))

    assert answer.json()["data"]["user"] == "anna"


async def test_a_token_may_be_signed_by_a_secret_that_both_sides_have() -> None:
    async with client_of(by_key(SECRET, "HS256")) as client:
        good, other = await ask(client, secret_token()), await ask(client, secret_token("x" * 32))

    assert (good.status_code, other.status_code) == (200, 401)


async def test_all_bad_tokens_get_the_same_answer(client: httpx.AsyncClient) -> None:
    tokens = {case: token(**changed) for case, changed in BAD.items()} | forged()
    for case, bad in tokens.items():
        sent = [(b"authorization", f"Bearer {bad}".encode())]
        answer = await client.post("/graphql", json=WHO, headers=sent)
        told = (answer.status_code, answer.json(), answer.headers["www-authenticate"])
        assert told == (401, refusal(INVALID), CHALLENGE), case


@settings(max_examples=100, deadline=None)
@given(header=st.binary(max_size=60) | st.dictionaries(
    st.sampled_from(["alg", "kid", "typ", "crit"]),
    st.none() | st.integers() | st.text(max_size=5) | st.sampled_from(["ES256", "none", "HS256"]) | st.just([[]]),
).map(lambda value: json.dumps(value).encode()))  # fmt: skip
async def test_no_header_of_a_token_breaks_the_check(header: bytes) -> None:
    async with client_of(by_key(public_pem("ES256"), "ES256")) as client:
        assert (await ask(client, raw_token(header, b"{}"))).json() == refusal(INVALID)


async def test_the_user_may_be_in_another_claim() -> None:
    async with client_of(by_key(SECRET, "HS256", user_claim="https://example.com/email")) as client:
        named = await ask(client, secret_token(**{"https://example.com/email": "anna@example.com"}))
        unnamed = await ask(client, secret_token())

    assert named.json()["data"]["user"] == "anna@example.com"
    assert unnamed.status_code == 401


async def test_names_that_look_alike_are_different_users(client: httpx.AsyncClient) -> None:
    names = ["anna", "\u0430nna", "ann\u0061\u0301", "ann\u00e1", "\uff41nna"]
    found = [(await ask(client, token(sub=name))).json()["data"]["user"] for name in names]

    assert found == names
    assert len(set(found)) == len(names)


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "Bearer  "])
async def test_the_scheme_is_read_in_any_case(client: httpx.AsyncClient, scheme: str) -> None:
    answer = await client.post("/graphql", json=WHO, headers={"authorization": f"{scheme} {token()}"})

    assert answer.json()["data"]["user"] == "anna"


@pytest.mark.parametrize("given", [None, "", "Bearer", "Bearer ", "Basic YTpi", "Token x", "x"])
async def test_who_sends_no_token_is_told_to_send_one(client: httpx.AsyncClient, given: str | None) -> None:
    headers = {} if given is None else {"authorization": given}
    answer = await client.post("/graphql", json=WHO, headers=headers)

    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer realm="gql_api"')
    assert answer.json() == refusal("A bearer token is needed: send `Authorization: Bearer <token>`.")


async def test_two_tokens_are_none(client: httpx.AsyncClient) -> None:
    sent = [("authorization", f"Bearer {token()}"), ("authorization", f"Bearer {token(sub='bob')}")]
    answer = await client.post("/graphql", json=WHO, headers=sent)

    assert (answer.status_code, answer.json()) == (401, refusal("Authorization: the header must be there once."))
    assert answer.headers["www-authenticate"] == 'Bearer realm="gql_api", error="invalid_request"'


async def test_a_token_in_the_address_or_in_the_body_is_not_looked_at(client: httpx.AsyncClient) -> None:
    asked = {**WHO, "access_token": token(), "extensions": {"authorization": f"Bearer {token()}"}}
    posted = await client.post(f"/graphql?access_token={token()}", json=asked)
    got = await client.get("/graphql", params={"query": "{ user }", "access_token": token()})

    assert (posted.status_code, got.status_code) == (401, 401)


async def test_who_may_not_ask_is_not_listened_to(client: httpx.AsyncClient) -> None:
    async def unread() -> AsyncIterator[bytes]:
        raise AssertionError("the body was read")
        yield b""

    answer = await client.post("/graphql", content=unread(), headers={"content-type": "application/json"})

    assert answer.status_code == 401


@pytest.mark.parametrize("media", ["application/json", "application/graphql-response+json"])
async def test_a_refusal_comes_in_the_media_type_asked_for(client: httpx.AsyncClient, media: str) -> None:
    answer = await ask(client, "x", accept=media)

    assert (answer.status_code, answer.json()) == (401, refusal(INVALID))
    assert answer.headers["content-type"] == f"{media}; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"


async def test_no_token_is_in_the_log(client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    sent = [token(), token(sub=5), token(exp=Later(-60)), token("ES256 other"), raw_token(b"{}", b"{}")]
    for one in sent:
        await ask(client, one)

    lines = [record.getMessage() for record in caplog.records if record.name.startswith("gql_api")]
    assert [line for line in lines if "refused" in line] == [
        "A token was refused: InvalidSubjectError",
        "A token was refused: ExpiredSignatureError",
        "A token was refused: InvalidSignatureError",
        "A token was refused: another algorithm than the settings say",
    ]
    parts = {part for one in sent for part in one.split(".") if len(part) > 2}
    assert not [part for part in parts if part in caplog.text]
