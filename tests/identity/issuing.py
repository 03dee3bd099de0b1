"""An issuer of tokens as tests have it: its keys, what it signs with them, and the server that asks who is calling."""

import asyncio
import json
import time
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import httpx
import jwt
import strawberry
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import Scope

from gql_api.identity import Expected, GivenKey, IssuerKeys, Verifier
from gql_api.model import Viewer
from gql_api.schema.errors import Schema
from gql_api.web.auth import by_token
from gql_api.web.graphql import GraphQLView
from gql_api.web.headers import headers_of

ISSUER, AUDIENCE = "https://issuer.example/", "gql-api"
SCOPE = "sessions:act-as"
RESERVED = "gql-api:disk:"
SECRET = "a secret of thirty-two bytes or more"  # noqa: S105
WHO = {"query": "{ user mayNameOthers }"}


@cache
def private_key(kind: str) -> Any:
    """Make a key, once for each kind: `ES256`, `RS256 2`, `EdDSA`, ...; what follows a blank tells keys apart."""
    algorithm = kind.split(" ", maxsplit=1)[0]
    curves: dict[str, Any] = {"ES256": ec.SECP256R1, "ES384": ec.SECP384R1, "ES512": ec.SECP521R1}
    if algorithm in curves:
        return ec.generate_private_key(curves[algorithm]())
    if algorithm == "EdDSA":
        return ed25519.Ed25519PrivateKey.generate()
    return rsa.generate_private_key(65537, 1024 if "short" in kind else 2048)


def public_pem(kind: str) -> str:
    pem: bytes = private_key(kind).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return pem.decode()


def private_pem(kind: str) -> str:
    pem: bytes = private_key(kind).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return pem.decode()


def jwk(kind: str, **members: Any) -> dict[str, Any]:
    """Write the public key as a JWK; a member that is None is left out."""
    algorithm: Any = jwt.get_algorithm_by_name(kind.split(" ", maxsplit=1)[0])
    written = json.loads(algorithm.to_jwk(private_key(kind).public_key()))
    return {name: value for name, value in {**written, **members}.items() if value is not None}


@dataclass(frozen=True)
class Later:
    """A time, as of when a token is made: tests may begin long after they were written down."""

    seconds: int


def claims(**changed: Any) -> dict[str, Any]:
    """Write the claims of a good token; those that are None are left out."""
    good = {"iss": ISSUER, "aud": AUDIENCE, "sub": "anna", "exp": Later(600), "iat": Later(0)}
    written = {name: value for name, value in {**good, **changed}.items() if value is not None}
    now = int(time.time())
    return {name: now + value.seconds if isinstance(value, Later) else value for name, value in written.items()}


def token(kind: str = "ES256", *, headers: dict[str, Any] | None = None, **changed: Any) -> str:
    """Sign claims with a key."""
    return jwt.encode(claims(**changed), private_key(kind), kind.split(" ", maxsplit=1)[0], headers)


def secret_token(key: str | bytes = SECRET, *, algorithm: str = "HS256", **changed: Any) -> str:
    """Sign claims with a secret."""
    return jwt.encode(claims(**changed), key, algorithm)


def raw_token(header: bytes, payload: bytes, signature: bytes = b"x") -> str:
    """Put a token together that nobody signed."""
    return ".".join(urlsafe_b64encode(part).decode().rstrip("=") for part in (header, payload, signature))


def signed_token(header: bytes) -> str:
    """Sign good claims under a header that no library writes."""
    unsigned = raw_token(header, json.dumps(claims()).encode(), b"")
    signature: bytes = jwt.get_algorithm_by_name("ES256").sign(unsigned[:-1].encode(), private_key("ES256"))
    return unsigned + urlsafe_b64encode(signature).decode().rstrip("=")


@dataclass
class Asked:
    """Time, and what the issuer's server was asked, and answers."""

    documents: list[Any] = field(default_factory=lambda: [{"keys": [jwk("ES256", kid="1")]}])
    """The answers in their order; the last one for ever. An exception is raised, a Response given as it is."""
    now: float = 1000.0
    requests: list[str] = field(default_factory=list)
    gate: asyncio.Event | None = None
    """What answers wait for."""

    def clock(self) -> float:
        return self.now

    async def answer(self, request: httpx.Request) -> httpx.Response:
        document = self.documents.pop(0) if len(self.documents) > 1 else self.documents[0]
        self.requests.append(str(request.url))
        if self.gate:
            await self.gate.wait()
        if isinstance(document, Exception):
            raise document
        return document if isinstance(document, httpx.Response) else httpx.Response(200, json=document)


EXPECTED: dict[str, Any] = {"issuer": ISSUER, "audiences": (AUDIENCE,), "user_claim": "sub", "leeway": 10}


def by_key(key: str, *algorithms: str, **changed: Any) -> Verifier:
    """Check tokens by a given key."""
    names = frozenset(algorithms)
    return Verifier(Expected(names, **{**EXPECTED, **changed}), GivenKey(key, names))


def by_issuer(asked: Asked, *algorithms: str, url: str = "https://issuer.example/keys") -> Verifier:
    """Check tokens by the keys of the issuer's server."""
    names = frozenset(algorithms or ("ES256",))
    keys = IssuerKeys(url, names, transport=httpx.MockTransport(asked.answer), clock=asked.clock)
    return Verifier(Expected(names, **EXPECTED), keys)


@strawberry.type
class Query:
    @strawberry.field
    def user(self, info: strawberry.Info[Viewer, None]) -> str:
        return info.context.user

    @strawberry.field
    def may_name_others(self, info: strawberry.Info[Viewer, None]) -> bool:
        return info.context.may_name_others


def client_of(verifier: Verifier) -> httpx.AsyncClient:
    """Serve an API that tells who is asking."""
    identify = by_token(verifier, act_as_scope=SCOPE, reserved_users=RESERVED)

    async def make_context(scope: Scope) -> Viewer:
        return await identify(headers_of(scope))

    app = Starlette(routes=[Route("/graphql", GraphQLView[Viewer](Schema(Query), make_context))])
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


async def ask(client: httpx.AsyncClient, token: str, **headers: str) -> httpx.Response:
    """Ask who is calling."""
    return await client.post("/graphql", json=WHO, headers={"authorization": f"Bearer {token}", **headers})
