"""Settings: where they come from, and one clear line for each that is wrong; a secret is in no line."""

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gql_api.settings import InvalidSetting, Settings, read_settings
from setting_defaults import DEFAULTS

FIELDS = {str(field.alias): name for name, field in Settings.model_fields.items()}
SECRET = "s3cret-w0rd"  # noqa: S105 - what must not be shown
REAL = {"ACONTEXT_BASE_URL": "https://acontext.example/api/v1", "ACONTEXT_API_KEY": SECRET}
POSTGRES = {"DATABASE_URL": f"postgres://user:{SECRET}@db.example/name"}

BAD: dict[str, list[str]] = {
    "ACONTEXT_BASE_URL": ["acontext.example", "ftp://a.example", "http://", "https:///api", "http://[", "http://a?b=c"],
    "ACONTEXT_API_KEY": ["sk-ac-\n", "sk-ac-é", " sk-ac-x", "sk ac"],
    "GQL_API_PUBLIC_URL": ["localhost:8000", "//a.example", "http://a.example/#x", "javascript:alert(1)"],
    "GQL_API_HOST": [" ", "a b", "a\n"],
    "GQL_API_PORT": ["x", "-1", "65536", "80.5", "0x50"],
    "GQL_API_DEFAULT_USER": [" anna", "anna ", "an\tna", "x" * 256, "gql-api:disk:x"],
    "GQL_API_ADOPT_UNOWNED": ["maybe", "2"],
    "GQL_API_DISK_OWNER_PREFIX": ["a/b", " a", "a\n", "x" * 65],
    "GQL_API_UPSTREAM_CONCURRENCY": ["0", "-1", "1001", "many"],
    "GQL_API_UPSTREAM_TIMEOUT": ["0", "-1", "301", "nan", "inf", "soon"],
    "GQL_API_SWEEP_SECONDS": ["0", "0.9", "3601", "nan", "often"],
    "GQL_API_LOCK_PATIENCE": ["0", "-0.5", "301", "nan", "-inf", "x"],
    "GQL_API_MAX_BODY_SIZE": ["0", "1023", "1k"],
    "GQL_API_WORKERS": ["0", "65", "-1", "two"],
    "GQL_API_LOG_LEVEL": ["loud", "INFO\n", "trace"],
    "DATABASE_POOL_MIN": ["-1", "1001", "11", "few"],
    "DATABASE_POOL_MAX": ["0", "1001", "1.5"],
    "DATABASE_CONNECT_TIMEOUT": ["0", "301", "nan"],
    "DATABASE_STATEMENT_TIMEOUT": ["0", "0.05", "601", "inf"],
    "DATABASE_APPLICATION_NAME": ["a b", "ä", "x" * 64, "x\n"],
    "DATABASE_SSL_MODE": ["on", "verify", "VERIFY-FULL"],
    "DATABASE_DIRECT_URL": ["postgres://db.example/name"],  # while the mappings are in SQLite
    "GQL_API_LEASE": ["0", "-1", "601", "long"],
    "GQL_API_AUTH": ["basic", "JWT", "None", "none,jwt"],
    "GQL_API_ALLOW_ANONYMOUS": ["maybe", "2"],
    "GQL_API_ALLOWED_HOSTS": ["a:80", "http://a", "*", "a b", "-a", "a..b", "a,b/c", "ä.example", "x::y"],
    "GQL_API_CORS_ORIGINS": ["a.example", "https://a/", "https://a:443", "https://a:x", "null", "https://A", "*"],
    "GQL_API_JWT_JWKS_URL": ["keys", "ftp://a.example", "https://a.example/?x"],
    "GQL_API_JWT_USER_CLAIM": ["x" * 256],
    "GQL_API_JWT_LEEWAY": ["-1", "301", "nan", "soon"],
    "GQL_API_ACT_AS_SCOPE": ["a b", 'a"b', "a\\b", "ä", "a\n"],
    "GQL_API_REQUEST_TIMEOUT": ["0", "-1", "301", "nan", "soon"],
    "GQL_API_UPSTREAM_TRANSFER_TIMEOUT": ["0", "-1", "301", "inf", "soon"],
    "GQL_API_SERVE_PUBLIC_URLS": ["maybe", "2"],
    "GQL_API_LOG_FORMAT": ["text", "JSON"],
    "GQL_API_LOG_USER_KEY": ["short", "with blanks in it, and long"],
    "GQL_API_METRICS_PORT": ["-1", "65536", "x", "8000"],
    "GQL_API_METRICS_HOST": [" ", "a b"],
    "GQL_API_METRICS_TOKEN": ["short", "with blanks in it, and long"],
    "OTEL_EXPORTER_OTLP_ENDPOINT": ["collector:4318", "grpc://collector", "http://"],
    "OTEL_EXPORTER_OTLP_HEADERS": ["key", "a=b,c", "=b", "a=b\n", "ä=b"],
    "OTEL_SERVICE_NAME": ["x" * 256],
    "GQL_API_SEARCH": ["maybe", "2"],
    "GQL_API_DRAIN_SECONDS": ["-1", "301", "nan"],
    "GQL_API_SHUTDOWN_SECONDS": ["0", "601", "1.5", "soon"],
    "GQL_API_FOLLOW_SECONDS": ["0", "301", "nan", "soon"],
    "GQL_API_FOLLOW_OVERLAP": ["0", "-1", "301", "nan"],
    "GQL_API_PRODUCTION": ["perhaps"],
    "GQL_API_MAX_RUN": ["99", "many"],
    "GQL_API_STORE_SETTLING": ["0", "3601", "nan", "soon"],
    "GQL_API_MAX_SUBSCRIPTIONS": ["0", "1000001", "many"],
    "GQL_API_MAX_SUBSCRIPTIONS_PER_USER": ["0", "1000001", "1.5"],
    "GQL_API_MAX_SUBSCRIPTIONS_PER_CONNECTION": ["0", "10001", "many"],
    "GQL_API_MAX_CONNECTIONS_PER_USER": ["0", "1000001", "many"],
    "GQL_API_MAX_OPERATIONS": ["0", "100001", "1.5"],
    "GQL_API_MAX_OPERATIONS_PER_USER": ["0", "100001", "many"],
    "GQL_API_MAX_BODY_MEMORY": ["0", "1023", "8000000", "much"],
    "GQL_API_MAX_UPLOAD_FILES": ["0", "1001", "many"],
    "GQL_API_MAX_UPLOAD_FILE_SIZE": ["1023", "16777217", "1m"],
    "GQL_API_MAX_UPLOAD_SIZE": ["0", "1023", "64m"],
    "GQL_API_MAX_UPLOAD_SPOOL": ["1023", "67108863", "much"],
    "GQL_API_SIGNING_KEY": ["short", "x" * 31, "with blanks in it, and quite long enough"],
    "GQL_API_MAX_EXPORTS": ["0", "1001", "many"],
    "GQL_API_MAX_ARCHIVE_SIZE": ["0", "1023", "64m"],
    "GQL_API_MAX_CALLS_PER_OPERATION": ["0", "1000001", "many"],
    "GQL_API_HSTS_SECONDS": ["-1", "63072001", "a year"],
    "GQL_API_MAX_COST": ["0", "1000000001", "much"],
    "GQL_API_MAX_COST_PER_MINUTE": ["0", "49999", "much"],
    "GQL_API_MAX_DOWNLOAD_SIZE": ["0", "1000000", "64MB"],
    "GQL_API_MAX_ANSWER_SIZE": ["0", "1000000", "32MB"],
    "GQL_API_MAX_VARIABLES": ["0", "10000001", "many"],
    "GQL_API_MAX_VARIABLES_DEPTH": ["0", "501", "deep"],
    "GQL_API_MAX_READ_SIZE": ["0", "1000000", "32MB"],
    "GQL_API_ONLY_TRUSTED_DOCUMENTS": ["perhaps", "true"],  # without documents nothing could be run
    "GQL_API_GZIP": ["perhaps", "9"],
    "GQL_API_HTTP_EDITION": ["2026", "newest"],
    "GQL_API_PERSISTED_QUERIES": ["-1", "1000001", "many"],
    "GQL_API_PERSISTED_QUERY_MEMORY": ["0", "1023", "much"],
}
DOCUMENTS = (
    "DOCUMENT_CHARACTERS",
    "DOCUMENT_TOKENS",
    "DEPTH",
    "ALIASES",
    "FIELDS",
    "ROOT_FIELDS",
    "MUTATIONS",
    "DIRECTIVES",
)
BAD |= {f"GQL_API_MAX_{name}": ["-1", "100000001", "1.5", "many"] for name in DOCUMENTS}
BAD["ACONTEXT_BASE_URL"] += ["http://a.example:port/", "http://a.example:99999/", "http://a b/", "http://a.example/ü\n"]
TOGETHER = {
    ("ACONTEXT_BASE_URL", "ACONTEXT_API_KEY"),
    ("GQL_API_DISK_OWNER_PREFIX", "GQL_API_DEFAULT_USER"),
}
"""Settings that are good by themselves, and the one that is named when they do not go together."""
FREE = {"GQL_API_DATA_DIR", "DATABASE_SSL_ROOT_CERT", "DATABASE_URL", "GQL_API_DOCUMENTS"}
"""Any text may be a folder; a database's URL is read by who opens it, and its tests are there."""
FREE |= {"GQL_API_JWT_KEY", "GQL_API_JWT_ALGORITHMS", "GQL_API_JWT_ISSUER", "GQL_API_JWT_AUDIENCE"}
"""These are looked at when tokens are asked for; the tests are with those of tokens."""


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Work where nothing is set, whoever runs the tests."""
    monkeypatch.chdir(tmp_path)
    for name in FIELDS:
        monkeypatch.delenv(name, raising=False)


def refusal(**given: Any) -> str:
    """Give the one line that refuses these settings."""
    with pytest.raises(InvalidSetting) as caught:
        read_settings(**given)
    message = str(caught.value)
    assert message == message.strip()
    assert message.isprintable()
    assert caught.value.__cause__ is None  # what pydantic says holds the values
    return message


def test_every_setting_is_tried_here() -> None:
    assert set(FIELDS) == set(BAD) | FREE


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in BAD.items() for value in values])
def test_a_bad_value_is_refused_in_one_line_that_names_the_setting(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = {key: other for key, other in REAL.items() if key != name and name.startswith("ACONTEXT")}
    assert refusal(**{**others, name: value}).startswith(f"{name}: ")
    for key, other in {**others, name: value}.items():
        monkeypatch.setenv(key, other)
    assert refusal().startswith(f"{name}: ")


@given(name=st.sampled_from(sorted(FIELDS)), value=st.text(max_size=20).filter(lambda text: len(text) != 1))
def test_any_text_is_a_setting_or_is_refused_by_name(name: str, value: str) -> None:
    try:
        settings = read_settings(**{name: value})
    except InvalidSetting as refused:
        named, _, reason = str(refused).partition(": ")
        assert reason.isprintable()
        assert named == name or (name, named) in TOGETHER
    else:
        assert read_settings(**{name: value}) == settings


def test_without_any_setting_everything_has_a_default() -> None:
    settings = read_settings()
    assert settings.model_dump() == DEFAULTS
    assert (settings.is_embedded, settings.is_single) == (True, True)
    assert settings.mappings_url == f"sqlite:///{Path('data').resolve()}/gql_api.sqlite3"
    assert all(field.description for field in Settings.model_fields.values())


def test_what_is_given_goes_before_the_environment_and_that_before_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("GQL_API_PORT=1\nGQL_API_WORKERS=1\nUNKNOWN=x\nGQL_API_DEFAULT_USER=änna\n", "utf-8")
    assert (read_settings().port, read_settings().default_user) == (1, "änna")
    monkeypatch.setenv("GQL_API_PORT", "2")
    assert read_settings().port == 2
    assert read_settings(GQL_API_PORT=3).port == 3


def test_empty_values_are_as_absent_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in FIELDS:
        monkeypatch.setenv(name, "")
    given = read_settings()
    for name in FIELDS:
        monkeypatch.delenv(name)
    assert given == read_settings()


def test_a_file_that_is_not_text_is_refused_in_one_line() -> None:
    Path(".env").write_bytes(b"GQL_API_PORT=\xff\xfe")
    with pytest.raises(InvalidSetting, match=r"^\.env: the file must be written in UTF-8\.$"):
        read_settings()


def test_several_processes_need_a_database_and_an_acontext_that_serve_several() -> None:
    singles: list[dict[str, str]] = [{}, REAL, POSTGRES, {**REAL, "DATABASE_URL": "sqlite:////var/x"}]
    for given_ in singles:
        assert refusal(GQL_API_WORKERS=2, **given_).startswith("GQL_API_WORKERS: ")
    settings = read_settings(GQL_API_WORKERS=2, **REAL, **POSTGRES)
    assert (settings.workers, settings.is_single, settings.is_embedded) == (2, False, False)


def test_a_lease_outlasts_every_call_that_it_is_for() -> None:
    several = {**REAL, **POSTGRES, "GQL_API_UPSTREAM_TIMEOUT": 20}
    assert read_settings(**several).lease_seconds == 25
    assert read_settings(**several, GQL_API_LEASE=23).lease_seconds == 23
    assert refusal(**several, GQL_API_LEASE=22.9).startswith("GQL_API_LEASE: ")
    read_settings(**{**several, "DATABASE_URL": "sqlite:////var/x"}, GQL_API_LEASE=1)  # one process needs none


def test_a_message_is_not_sent_again_before_a_call_that_sent_it_is_over() -> None:
    assert read_settings(GQL_API_UPSTREAM_TIMEOUT=60).store_settling == 60
    assert refusal(GQL_API_UPSTREAM_TIMEOUT=61).startswith("GQL_API_STORE_SETTLING: ")
    assert read_settings(GQL_API_UPSTREAM_TIMEOUT=61, GQL_API_STORE_SETTLING=61).store_settling == 61


def test_a_direct_url_is_for_postgresql() -> None:
    direct = {"DATABASE_DIRECT_URL": f"postgres://user:{SECRET}@direct.example/name"}
    assert read_settings(**POSTGRES, **direct).database_direct_url == direct["DATABASE_DIRECT_URL"]
    assert SECRET not in refusal(**direct)
    assert refusal(**POSTGRES, DATABASE_DIRECT_URL="sqlite:////data/x.sqlite3").startswith("DATABASE_DIRECT_URL: ")


def test_an_acontext_needs_its_key() -> None:
    assert refusal(ACONTEXT_BASE_URL="http://a.example").startswith("ACONTEXT_API_KEY: ")


def test_the_key_of_an_acontext_is_not_in_its_url() -> None:
    """A user in the URL would be sent in its place."""
    given_ = {**REAL, "ACONTEXT_BASE_URL": f"https://user:{SECRET}@a.example/api/v1"}
    assert refusal(**given_).startswith("ACONTEXT_BASE_URL: ")
    assert SECRET not in refusal(**given_)


def test_a_secret_is_in_no_message_and_in_no_print_of_the_settings() -> None:
    bad: list[dict[str, Any]] = [
        {**REAL, "GQL_API_PORT": "x"},
        {**REAL, "ACONTEXT_API_KEY": f"{SECRET}\n"},
        {**REAL, **POSTGRES, "GQL_API_WORKERS": "x"},
        {**REAL, "ACONTEXT_BASE_URL": f"ftp://user:{SECRET}@a.example"},
        {**REAL, "ACONTEXT_BASE_URL": f"http://user:{SECRET}@a.example:port"},
        {**POSTGRES, "GQL_API_WORKERS": 2},
    ]
    for given_ in bad:
        assert SECRET not in refusal(**given_)
    assert SECRET not in repr(read_settings(**REAL, **POSTGRES))


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        ("127.0.0.1", "http://127.0.0.1:80"),
        ("0.0.0.0", "http://127.0.0.1:80"),  # noqa: S104 - nothing is bound here
        ("::", "http://[::1]:80"),
        ("::1", "http://[::1]:80"),
        ("10.1.2.3", "http://10.1.2.3:80"),
    ],
)
def test_the_public_url_is_that_of_the_address_really_bound_unless_it_is_set(host: str, shown: str) -> None:
    assert read_settings().bound_to(host, 80).public_url == shown
    chosen = read_settings(GQL_API_PUBLIC_URL="https://api.example/")
    assert chosen.bound_to(host, 80).public_url == "https://api.example"


def test_reading_leaves_the_environment_as_it_is() -> None:
    before = dict(os.environ)
    read_settings(**REAL)
    assert dict(os.environ) == before
