"""Who may ask, how callers prove who they are, and from where browsers may ask."""

import ipaddress
import re
from collections.abc import Iterator
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode

from gql_api.loopback import is_loopback
from gql_api.settings.values import HttpUrl, Text, User, absent

_SYMMETRIC = {"HS256": 32, "HS384": 48, "HS512": 64}
"""The bytes that a secret has at least, as many as the hash (RFC 7518, section 3.2)."""
ALGORITHMS = (
    *_SYMMETRIC,
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA"),
)
_HOST_NAME = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*", re.ASCII)
_SCOPE = re.compile(r"[!#-\[\]-~]+", re.ASCII)  # a scope-token of RFC 6749
_ORIGIN = re.compile(r"https?://[a-z0-9.\[\]:_-]+", re.ASCII)


def _items(value: object) -> object:
    if isinstance(value, str):
        return tuple(item.strip() for item in value.split(",") if item.strip()) or None
    return value


def _hosts(values: tuple[str, ...] | None) -> tuple[str, ...] | None:
    return None if values is None else tuple(_host(value) for value in values)


def _host(value: str) -> str:
    bare = value.removeprefix("[").removesuffix("]")
    if ":" in bare:
        try:
            return f"[{ipaddress.IPv6Address(bare)}]"
        except ValueError:
            raise ValueError("must be names or addresses of hosts, without ports, separated by commas") from None
    name = bare.lower().removesuffix(".")
    if not _HOST_NAME.fullmatch(name):
        raise ValueError("must be names or addresses of hosts, without ports, separated by commas")
    return name


def _origins(values: tuple[str, ...] | None) -> tuple[str, ...] | None:
    for value in values or ():
        if value != "*" and not _is_origin(value):
            raise ValueError("must be origins as browsers send them, such as https://app.example, or *")
    return values


def _is_origin(value: str) -> bool:
    if not _ORIGIN.fullmatch(value):
        return False
    try:
        parts = urlsplit(value)
        default = {"http": 80, "https": 443}[parts.scheme]
        return bool(parts.hostname) and parts.port != default
    except ValueError:
        return False


def _scope(value: str) -> str:
    if not _SCOPE.fullmatch(value):
        raise ValueError("must be one scope: no blanks, quotes, backslashes and letters beyond ASCII")
    return value


def _key(value: SecretStr | None) -> SecretStr | None:
    # Many ways to set an environment cannot hold the line ends of a PEM key.
    return value and SecretStr(value.get_secret_value().replace("\\n", "\n").strip())


Items = Annotated[tuple[str, ...] | None, NoDecode, BeforeValidator(_items)]
Hosts = Annotated[Items, AfterValidator(_hosts)]
Origins = Annotated[Items, AfterValidator(_origins)]
JwtKey = Annotated[SecretStr | None, BeforeValidator(absent), AfterValidator(_key)]
Scope = Annotated[str, AfterValidator(_scope)]


class IdentitySettings(BaseModel):
    """Callers."""

    auth: Literal["none", "jwt"] = Field(
        "none",
        alias="GQL_API_AUTH",
        description="How callers prove who they are. `none`: not at all, the `X-User` header is believed; `jwt`: by "
        "bearer tokens.",
    )
    allow_anonymous: bool = Field(
        False,
        alias="GQL_API_ALLOW_ANONYMOUS",
        description="Whether the server may listen on other addresses than loopback with GQL_API_AUTH=none; then "
        "whoever reaches it can act as any user.",
    )
    default_user: User = Field(
        "anonymous@example.com",
        alias="GQL_API_DEFAULT_USER",
        description="With GQL_API_AUTH=none, who asks when a request names nobody in its `X-User` header.",
    )
    allowed_hosts: Hosts = Field(
        None,
        alias="GQL_API_ALLOWED_HOSTS",
        description="Names that the server answers for in the `Host` header, without ports, separated by commas; the "
        "loopback names always. Unset: no others with GQL_API_AUTH=none, any with `jwt`.",
    )
    cors_origins: Origins = Field(
        None,
        alias="GQL_API_CORS_ORIGINS",
        description="Origins of web pages that may ask (CORS), such as `https://app.example`, separated by commas; "
        "`*`, with GQL_API_AUTH=jwt only, for all. Unset: pages of this server alone.",
    )
    jwt_jwks_url: HttpUrl = Field(
        None,
        alias="GQL_API_JWT_JWKS_URL",
        description="Where the issuer's public keys are, as a JWK Set; https, or http on loopback.",
    )
    jwt_key: JwtKey = Field(
        None,
        alias="GQL_API_JWT_KEY",
        description="Instead of `GQL_API_JWT_JWKS_URL`: one public key in PEM (line ends may be written as `\\n`), or "
        "the secret of HS256, HS384 or HS512, of at least 32, 48 or 64 bytes.",
    )
    jwt_algorithms: Items = Field(
        None,
        alias="GQL_API_JWT_ALGORITHMS",
        description=f"The algorithms that tokens may be signed with, separated by commas: {', '.join(ALGORITHMS)}.",
    )
    jwt_issuer: Text = Field(
        None, alias="GQL_API_JWT_ISSUER", description="What the claim `iss` must be, exactly; needed with `jwt`."
    )
    jwt_audience: Items = Field(
        None,
        alias="GQL_API_JWT_AUDIENCE",
        description="What the claim `aud` must be or hold: one of these, separated by commas; needed with `jwt`.",
    )
    jwt_user_claim: Annotated[str, Field(min_length=1, max_length=255)] = Field(
        "sub", alias="GQL_API_JWT_USER_CLAIM", description="The claim that names the user."
    )
    jwt_leeway: float = Field(
        10.0,
        alias="GQL_API_JWT_LEEWAY",
        ge=0,
        le=300,
        description="Seconds by which the issuer's clock may differ from this server's.",
    )
    act_as_scope: Scope = Field(
        "sessions:act-as",
        alias="GQL_API_ACT_AS_SCOPE",
        description="The scope of tokens that may name another user, in `X-User` or in a `user` argument.",
    )

    @property
    def served_hosts(self) -> tuple[str, ...] | None:
        """The hosts that are answered for beside loopback; None for any."""
        return () if self.allowed_hosts is None and self.auth == "none" else self.allowed_hosts

    def identity_faults(self, listening_on: str) -> Iterator[str]:
        """Tell what does not go together, the setting first; `listening_on` is the address of the server."""
        if self.auth == "jwt":
            yield from self._jwt_faults()
        elif not (self.allow_anonymous or is_loopback(listening_on)):
            yield (
                "GQL_API_HOST: with GQL_API_AUTH=none anybody who reaches the server is any user; listen on 127.0.0.1, "
                "set GQL_API_AUTH=jwt, or say GQL_API_ALLOW_ANONYMOUS=true."
            )
        elif "*" in (self.cors_origins or ()):
            yield "GQL_API_CORS_ORIGINS: * goes with GQL_API_AUTH=jwt only; name the origins."

    def _jwt_faults(self) -> Iterator[str]:
        if (self.jwt_jwks_url is None) == (self.jwt_key is None):
            yield "GQL_API_JWT_JWKS_URL: GQL_API_AUTH=jwt needs either this or GQL_API_JWT_KEY, not both."
        elif self.jwt_issuer is None:
            yield "GQL_API_JWT_ISSUER: needed with GQL_API_AUTH=jwt."
        elif self.jwt_audience is None:
            yield "GQL_API_JWT_AUDIENCE: needed with GQL_API_AUTH=jwt."
        elif self.jwt_algorithms is None:
            yield "GQL_API_JWT_ALGORITHMS: needed with GQL_API_AUTH=jwt, as in RS256 or ES256."
        elif not set(self.jwt_algorithms) <= set(ALGORITHMS):
            yield f"GQL_API_JWT_ALGORITHMS: must be of {', '.join(ALGORITHMS)}, and never none."
        elif self.jwt_jwks_url is not None:
            yield from _url_faults(self.jwt_jwks_url, set(self.jwt_algorithms))
        elif self.jwt_key is not None:
            yield from _key_faults(self.jwt_key.get_secret_value(), set(self.jwt_algorithms))


def _url_faults(url: str, algorithms: set[str]) -> Iterator[str]:
    parts = urlsplit(url)
    if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
        yield "GQL_API_JWT_JWKS_URL: must begin with https://; http:// is for loopback only."
    if algorithms & set(_SYMMETRIC):
        yield "GQL_API_JWT_ALGORITHMS: HS256, HS384 and HS512 need a secret in GQL_API_JWT_KEY, not public keys."


def _key_faults(key: str, algorithms: set[str]) -> Iterator[str]:
    symmetric = algorithms & set(_SYMMETRIC)
    if symmetric and ("-----BEGIN" in key or key.startswith(("ssh-", "ecdsa-", "{"))):
        # Who has the public key, as everybody may, could sign tokens with it.
        yield "GQL_API_JWT_KEY: a public key is no secret, so it does not go with HS256, HS384 or HS512."
    elif symmetric and algorithms - symmetric:
        yield "GQL_API_JWT_ALGORITHMS: HS256, HS384 and HS512 do not go with others: they need a secret."
    elif symmetric and len(key.encode()) < max(_SYMMETRIC[name] for name in symmetric):
        yield f"GQL_API_JWT_KEY: the secret must have at least {max(_SYMMETRIC[name] for name in symmetric)} bytes."
    elif not symmetric and not key.startswith("-----BEGIN"):
        yield f"GQL_API_JWT_KEY: {', '.join(sorted(algorithms))} need a public key in PEM."
