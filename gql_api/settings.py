"""The only reader of the environment: every setting with its default and its help; the README's table is made of it."""

import ipaddress
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated
from urllib.parse import SplitResult, quote, urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from gql_api.refusal import Refusal


class InvalidSetting(Refusal):
    """A setting has a value that the server cannot start with; the message names the setting."""


def _url(schemes: tuple[str, ...]) -> AfterValidator:
    def check(value: str | None) -> str | None:
        if value is None:
            return None
        if not _is_plain(value):
            raise ValueError("must be a URL without blanks, control characters and letters beyond ASCII")
        parts = _split(value)
        if parts.scheme not in schemes or not parts.hostname:
            raise ValueError(f"must be a URL that begins with {' or '.join(f'{scheme}://' for scheme in schemes)}")
        if parts.query or parts.fragment:
            raise ValueError("must be a URL without query and fragment")
        return value.rstrip("/")

    return AfterValidator(check)


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port  # read only to have it checked
    except ValueError:
        # The standard library's own words may repeat a part of a password.
        raise ValueError("must be a URL with a proper host and port") from None
    return parts


def _is_plain(value: str) -> bool:
    return value.isascii() and value.isprintable() and " " not in value


def _key(value: SecretStr | None) -> SecretStr | None:
    if value and not _is_plain(value.get_secret_value()):
        raise ValueError("must have no blanks, control characters and letters beyond ASCII")
    return value


def _host(value: str) -> str:
    if not value or not _is_plain(value):
        raise ValueError("must be an address or a name, without blanks and letters beyond ASCII")
    return value


def _user(value: str) -> str:
    if not 1 <= len(value) <= 255 or value != value.strip() or not value.isprintable():  # noqa: PLR2004
        raise ValueError("must have 1 to 255 characters, without control characters or outer blanks")
    return value


def _prefix(value: str) -> str:
    if not 1 <= len(value) <= 64 or "/" in value or value != value.strip() or not value.isprintable():  # noqa: PLR2004
        raise ValueError("must have 1 to 64 characters, without slashes, control characters or outer blanks")
    return value


def _absent(value: object) -> object:
    return None if value == "" else value


HttpUrl = Annotated[str | None, BeforeValidator(_absent), _url(("http", "https"))]


class Settings(BaseSettings):
    """What an operator may set, by environment or in a `.env` file of the working directory."""

    model_config = SettingsConfigDict(
        env_file=".env", env_file_encoding="utf-8", env_ignore_empty=True, extra="ignore", frozen=True
    )

    data_dir: Path = Field(
        Path("data"),
        alias="GQL_API_DATA_DIR",
        description="Folder of the SQLite database and of the embedded Acontext; one process at a time.",
    )
    database_url: Annotated[str | None, BeforeValidator(_absent)] = Field(
        None,
        alias="DATABASE_URL",
        repr=False,  # it may hold a password
        description="Where the mappings are kept: `postgres://user:password@host:5432/name` or `sqlite:////path/file`. "
        "Unset: `gql_api.sqlite3` in the data folder.",
    )
    acontext_base_url: HttpUrl = Field(
        None,
        alias="ACONTEXT_BASE_URL",
        description="The Acontext to use, as in `https://acontext.example/api/v1`. Unset: the embedded one.",
    )
    acontext_api_key: Annotated[SecretStr | None, BeforeValidator(_absent), AfterValidator(_key)] = Field(
        None, alias="ACONTEXT_API_KEY", description="The key for that Acontext; needed when its URL is set."
    )
    host: Annotated[str, AfterValidator(_host)] = Field(
        "127.0.0.1", alias="GQL_API_HOST", description="The address to listen on."
    )
    port: int = Field(8000, alias="GQL_API_PORT", ge=0, le=65535, description="The port to listen on; 0: a free one.")
    public_url: HttpUrl = Field(
        None,
        alias="GQL_API_PUBLIC_URL",
        description="The address that clients reach the server at; file URLs of the embedded Acontext begin with it. "
        "Unset: the address really bound.",
    )
    default_user: Annotated[str, AfterValidator(_user)] = Field(
        "anonymous@example.com",
        alias="GQL_API_DEFAULT_USER",
        description="Who asks when a request names nobody in its `X-User` header.",
    )
    adopt_unowned: bool = Field(
        False,
        alias="GQL_API_ADOPT_UNOWNED",
        description="Whether getOrCreateSession takes over an Acontext session that has no user.",
    )
    disk_owner_prefix: Annotated[str, AfterValidator(_prefix)] = Field(
        "gql-api:disk:",
        alias="GQL_API_DISK_OWNER_PREFIX",
        description="Begins the name of the Acontext user that owns a session's disk; its session id follows.",
    )
    upstream_concurrency: int = Field(
        32,
        alias="GQL_API_UPSTREAM_CONCURRENCY",
        ge=1,
        le=1000,
        description="Calls of Acontext at a time, in one process.",
    )
    upstream_timeout: float = Field(
        10.0, alias="GQL_API_UPSTREAM_TIMEOUT", gt=0, le=300, description="Seconds that one call of Acontext may take."
    )
    lock_patience: float = Field(
        10.0,
        alias="GQL_API_LOCK_PATIENCE",
        gt=0,
        le=300,
        description="Seconds that a write waits for others to the same session before it is BUSY.",
    )
    max_body_size: int = Field(
        40 * 1024 * 1024,
        alias="GQL_API_MAX_BODY_SIZE",
        ge=1024,
        description="Bytes of a request's body, files in text or base64 included.",
    )
    workers: int = Field(
        1,
        alias="GQL_API_WORKERS",
        ge=1,
        le=64,
        description="Server processes; more than one needs PostgreSQL and an Acontext of its own.",
    )
    log_level: Annotated[str, AfterValidator(str.upper)] = Field(
        "INFO",
        alias="GQL_API_LOG_LEVEL",
        pattern="(?i)^(debug|info|warning|error)$",
        description="How much is logged: DEBUG, INFO, WARNING or ERROR.",
    )

    @property
    def is_embedded(self) -> bool:
        """Whether the embedded Acontext is used."""
        return self.acontext_base_url is None

    @property
    def mappings_url(self) -> str:
        """Where the mappings are kept, the default included."""
        return self.database_url or f"sqlite:///{quote(str(self.data_dir.resolve() / 'gql_api.sqlite3'))}"

    @property
    def is_sqlite(self) -> bool:
        """Whether the mappings are in SQLite, which the server migrates by itself."""
        return self.mappings_url.startswith("sqlite")

    @property
    def is_single(self) -> bool:
        """Whether no second process may be at work on the same data."""
        return self.is_embedded or self.is_sqlite

    def bound_to(self, host: str, port: int) -> "Settings":
        """Return the settings with the public URL filled in from the address really bound."""
        if self.public_url:
            return self
        shown = f"[{host}]" if ":" in host else host
        if ipaddress.ip_address(host).is_unspecified:
            shown = "127.0.0.1" if ":" not in host else "[::1]"
        return self.model_copy(update={"public_url": f"http://{shown}:{port}"})


def _said(message: str) -> str:
    """Put pydantic's words as ours are."""
    return re.sub("^Value error, |^(Input|String) (?=should)", "", message).replace("should", "must", 1)


def _first(error: ValidationError) -> InvalidSetting:
    first = error.errors()[0]
    name = str(first["loc"][0]) if first["loc"] else "settings"
    return InvalidSetting(f"{name}: {_said(first['msg'])}.")


def read_settings(**overrides: object) -> Settings:
    """Read the settings; raise `InvalidSetting` with one line that names the first one that is wrong."""
    try:
        settings = Settings(**overrides)  # type: ignore[arg-type]
    except UnicodeDecodeError:
        raise InvalidSetting(".env: the file must be written in UTF-8.") from None
    except ValidationError as error:
        raise _first(error) from None
    if settings.acontext_base_url and not settings.acontext_api_key:
        raise InvalidSetting("ACONTEXT_API_KEY: needed when ACONTEXT_BASE_URL is set.")
    if settings.default_user.startswith(settings.disk_owner_prefix):
        raise InvalidSetting("GQL_API_DEFAULT_USER: must not begin as GQL_API_DISK_OWNER_PREFIX says; those are ours.")
    if settings.workers > 1 and settings.is_single:
        raise InvalidSetting(
            "GQL_API_WORKERS: SQLite and the embedded Acontext serve one process; "
            "more need DATABASE_URL with PostgreSQL and ACONTEXT_BASE_URL."
        )
    return settings


class EmbeddedFlags(BaseModel):
    """What the embedded Acontext alone is told, by flags only: other programs' settings are none of its own."""

    host: Annotated[str, AfterValidator(_host)] = Field(alias="--host")
    port: int = Field(alias="--port", ge=0, le=65535)
    public_url: HttpUrl = Field(alias="--public-url")


def check_embedded(flags: Mapping[str, object]) -> EmbeddedFlags:
    """Check the flags, by their names; raise `InvalidSetting` with one line that names the first one that is wrong."""
    try:
        return EmbeddedFlags.model_validate(flags)
    except ValidationError as error:
        raise _first(error) from None


def embedded_key(*, given: str | None, file: Path | None, default: str) -> str:
    """Give the key that the embedded Acontext alone demands.

    From its flags, else from where the SDK, too, looks for its key: the environment, without any `.env`.
    """
    if given is not None:
        name, key = "--api-key", given
    elif file is not None:
        name, key = "--api-key-file", _content(file)
    else:
        name, key = "ACONTEXT_API_KEY", os.environ.get("ACONTEXT_API_KEY") or default
    if not key or not _is_plain(key):
        raise InvalidSetting(f"{name}: must be a key without blanks, control characters and letters beyond ASCII.")
    return key


def _content(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise InvalidSetting(f"--api-key-file: {file} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise InvalidSetting(f"--api-key-file: {file} must be written in UTF-8.") from None
