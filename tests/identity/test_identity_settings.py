"""Settings of identity: what does not go together stops the start, with one line that names the setting."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from commands import environment
from gql_api.app import create_app
from gql_api.refusal import Refusal
from gql_api.settings import InvalidSetting, Settings, read_settings
from identity.issuing import SECRET, private_pem, public_pem

JWT = {
    "GQL_API_AUTH": "jwt",
    "GQL_API_JWT_ISSUER": "https://issuer.example/",
    "GQL_API_JWT_AUDIENCE": "gql-api",
    "GQL_API_JWT_ALGORITHMS": "ES256",
}
JWKS = {**JWT, "GQL_API_JWT_JWKS_URL": "https://issuer.example/keys"}
PEM = {**JWT, "GQL_API_JWT_KEY": public_pem("ES256")}
HS = {**JWT, "GQL_API_JWT_KEY": SECRET, "GQL_API_JWT_ALGORITHMS": "HS256"}
SSH_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ6cvT0o0Vu7LhUyhzGxq anna"


@pytest.fixture(autouse=True)
def nothing_else_is_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for field in Settings.model_fields.values():
        monkeypatch.delenv(str(field.alias), raising=False)


BAD: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("GQL_API_JWT_JWKS_URL", JWT, {}),
    ("GQL_API_JWT_JWKS_URL", JWKS, {"GQL_API_JWT_KEY": SECRET}),
    ("GQL_API_JWT_JWKS_URL", JWKS, {"GQL_API_JWT_JWKS_URL": "http://issuer.example/keys"}),
    ("GQL_API_JWT_JWKS_URL", JWKS, {"GQL_API_JWT_JWKS_URL": "http://localhost.example/keys"}),
    ("GQL_API_JWT_JWKS_URL", JWKS, {"GQL_API_JWT_JWKS_URL": "file:///keys"}),
    ("GQL_API_JWT_ISSUER", JWKS, {"GQL_API_JWT_ISSUER": ""}),
    ("GQL_API_JWT_AUDIENCE", JWKS, {"GQL_API_JWT_AUDIENCE": ""}),
    ("GQL_API_JWT_AUDIENCE", JWKS, {"GQL_API_JWT_AUDIENCE": " , "}),
    ("GQL_API_JWT_ALGORITHMS", JWKS, {"GQL_API_JWT_ALGORITHMS": ""}),
    ("GQL_API_JWT_ALGORITHMS", JWKS, {"GQL_API_JWT_ALGORITHMS": "none"}),
    ("GQL_API_JWT_ALGORITHMS", JWKS, {"GQL_API_JWT_ALGORITHMS": "ES256, None"}),
    ("GQL_API_JWT_ALGORITHMS", JWKS, {"GQL_API_JWT_ALGORITHMS": "es256"}),
    ("GQL_API_JWT_ALGORITHMS", JWKS, {"GQL_API_JWT_ALGORITHMS": "HS256"}),
    ("GQL_API_JWT_ALGORITHMS", JWKS, {"GQL_API_JWT_ALGORITHMS": "ES256,HS512"}),
    ("GQL_API_JWT_ALGORITHMS", HS, {"GQL_API_JWT_ALGORITHMS": "HS256,RS256"}),
    ("GQL_API_JWT_KEY", HS, {"GQL_API_JWT_KEY": "x" * 31}),
    ("GQL_API_JWT_KEY", HS, {"GQL_API_JWT_KEY": "x" * 63, "GQL_API_JWT_ALGORITHMS": "HS256,HS512"}),
    ("GQL_API_JWT_KEY", HS, {"GQL_API_JWT_KEY": public_pem("ES256")}),
    ("GQL_API_JWT_KEY", HS, {"GQL_API_JWT_KEY": f"  {public_pem('RS256')}".replace("\n", "\\n")}),
    ("GQL_API_JWT_KEY", HS, {"GQL_API_JWT_KEY": SSH_KEY}),
    ("GQL_API_JWT_KEY", PEM, {"GQL_API_JWT_KEY": SECRET}),
    ("GQL_API_JWT_KEY", PEM, {"GQL_API_JWT_KEY": SECRET, "GQL_API_JWT_ALGORITHMS": "RS256"}),
    ("GQL_API_HOST", {}, {"GQL_API_HOST": "0.0.0.0"}),  # noqa: S104
    ("GQL_API_HOST", {}, {"GQL_API_HOST": "::"}),
    ("GQL_API_HOST", {}, {"GQL_API_HOST": "192.0.2.1"}),
    ("GQL_API_HOST", {}, {"GQL_API_HOST": "localhost.example"}),
    ("GQL_API_CORS_ORIGINS", {}, {"GQL_API_CORS_ORIGINS": "*"}),
    ("GQL_API_CORS_ORIGINS", {}, {"GQL_API_CORS_ORIGINS": "https://app.example,*", "GQL_API_ALLOW_ANONYMOUS": True}),
]


@pytest.mark.parametrize(("named", "good", "changed"), BAD)
def test_what_does_not_go_together_is_refused_by_name(
    named: str, good: dict[str, Any], changed: dict[str, Any]
) -> None:
    with pytest.raises(InvalidSetting) as refused:
        read_settings(**{**good, **changed})
    message = str(refused.value)
    assert message.startswith(f"{named}: ")
    assert message.isprintable()
    assert not [value for value in changed.values() if len(str(value)) > 12 and str(value) in message]


@pytest.mark.parametrize(
    "given",
    [
        JWKS,
        PEM,
        HS,
        {**JWKS, "GQL_API_JWT_JWKS_URL": "http://127.0.0.1:8080/keys"},
        {**JWKS, "GQL_API_JWT_JWKS_URL": "http://localhost/keys"},
        {**JWKS, "GQL_API_HOST": "0.0.0.0", "GQL_API_CORS_ORIGINS": "*"},  # noqa: S104
        {**PEM, "GQL_API_JWT_KEY": public_pem("ES256").replace("\n", "\\n")},
        {"GQL_API_HOST": "127.8.9.10"},
        {"GQL_API_HOST": "::1"},
        {"GQL_API_HOST": "localhost"},
        {"GQL_API_HOST": "0.0.0.0", "GQL_API_ALLOW_ANONYMOUS": "true"},  # noqa: S104
        {"GQL_API_CORS_ORIGINS": "https://app.example:8443, http://localhost:3000"},
    ],
)
def test_what_goes_together_is_taken(given: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    settings = read_settings(**given)
    create_app(settings)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert read_settings() == settings
    assert str(given.get("GQL_API_JWT_KEY", "\0")) not in repr(settings)


@pytest.mark.parametrize(
    ("key", "algorithms", "reason"),
    [
        (private_pem("ES256"), "ES256", "this is a private key; only the issuer may have that: give the public one."),
        (public_pem("ES256"), "RS256", "this is no public key in PEM that fits RS256."),
        (public_pem("ES256"), "ES256,ES384", "this is no public key in PEM that fits ES384."),
        (public_pem("RS256"), "RS256,EdDSA", "this is no public key in PEM that fits EdDSA."),
        (
            "-----BEGIN PUBLIC KEY-----\nx\n-----END PUBLIC KEY-----",
            "RS256",
            "this is no public key in PEM that fits RS256.",
        ),
        (public_pem("RS256 short"), "RS256", "an RSA key must have 2048 to 8192 bits."),
    ],
    ids=lambda value: None if "-----" in value else value,
)
def test_a_key_that_does_not_fit_stops_the_start(key: str, algorithms: str, reason: str) -> None:
    settings = read_settings(**{**JWT, "GQL_API_JWT_KEY": key, "GQL_API_JWT_ALGORITHMS": algorithms})
    with pytest.raises(Refusal) as refused:
        create_app(settings)
    assert str(refused.value) == f"GQL_API_JWT_KEY: {reason}"


def test_serve_does_not_listen_to_the_world_for_whoever_says_who_they_are(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "gql_api", "serve", "--host", "0.0.0.0", "--port", "0"]  # noqa: S104
    done = subprocess.run(  # noqa: S603 - our own interpreter
        command, cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert done.stderr.startswith("gql-api: GQL_API_HOST: with GQL_API_AUTH=none anybody who reaches the server")
    assert done.stderr.count("\n") == 1
