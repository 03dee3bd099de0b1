"""The only reader of the environment: every setting with its default and its help; the README's table is made of it."""

import ipaddress
import os
from typing import Any, Self
from urllib.parse import quote, urlsplit

from dotenv import dotenv_values
from pydantic import ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from gql_api.settings.acontext import AcontextSettings
from gql_api.settings.admission import AdmissionSettings
from gql_api.settings.archives import ArchiveSettings
from gql_api.settings.database import DatabaseSettings
from gql_api.settings.documents import DocumentSettings
from gql_api.settings.embedded import EmbeddedFlags, check_embedded, embedded_key
from gql_api.settings.faults import InvalidSetting, line
from gql_api.settings.identity import IdentitySettings
from gql_api.settings.live import LiveSettings
from gql_api.settings.operations import OperationsSettings
from gql_api.settings.server import ServerSettings
from gql_api.settings.uploads import UploadSettings

__all__ = [
    "EmbeddedFlags",
    "InvalidSetting",
    "Settings",
    "check_embedded",
    "embedded_key",
    "read_settings",
    "setting_faults",
    "unknown_names",
]

_OURS = ("GQL_API_", "ACONTEXT_")
_LEASE_BEYOND_CALL, _LEAST_BEYOND_CALL = 5.0, 3.0
"""Seconds that a lease lasts longer than a call: one goes by before it is renewed, the rest is for a slow database."""


class Settings(
    OperationsSettings,
    LiveSettings,
    UploadSettings,
    ArchiveSettings,
    AdmissionSettings,
    IdentitySettings,
    AcontextSettings,
    DatabaseSettings,
    DocumentSettings,
    ServerSettings,
    BaseSettings,
):
    """What an operator may set, by environment or in a `.env` file of the working directory."""

    model_config = SettingsConfigDict(
        env_file=".env", env_file_encoding="utf-8", env_ignore_empty=True, extra="ignore", frozen=True
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
    def shown_at(self) -> str:
        """The address that clients are told, the default included."""
        return self.public_url or f"http://{self.host}:{self.port}"

    @property
    def has_explorer(self) -> bool:
        """Whether browsers are shown the explorer: nothing of it would work where only trusted documents are run."""
        return not (self.production or self.only_trusted_documents)

    @property
    def is_sqlite(self) -> bool:
        """Whether the mappings are in SQLite, which the server migrates by itself."""
        return self.mappings_url.startswith("sqlite")

    @property
    def is_single(self) -> bool:
        """Whether no second process may be at work on the same data."""
        return self.is_embedded or self.is_sqlite

    @property
    def body_memory(self) -> int:
        """Bytes of bodies that may be held, the default included."""
        return self.max_body_memory or 4 * self.max_body_size

    @property
    def lease_seconds(self) -> float:
        """How long a session is held, the default included: longer than any call that writes to it."""
        return self.lease or self.upstream_timeout + _LEASE_BEYOND_CALL

    def bound_to(self, host: str, port: int) -> Self:
        """Return the settings with the public URL filled in from the address really bound."""
        if self.public_url:
            return self
        shown = f"[{host}]" if ":" in host else host
        if ipaddress.ip_address(host).is_unspecified:
            shown = "127.0.0.1" if ":" not in host else "[::1]"
        return self.model_copy(update={"public_url": f"http://{shown}:{port}"})


def setting_faults() -> list[str]:
    """Tell all that is wrong with the settings, a line each; what does not go together only where all else is right."""
    nothing: dict[str, Any] = {}
    try:
        Settings(**nothing)
    except ValidationError as error:
        return [line(one) for one in error.errors()]
    except UnicodeDecodeError:
        pass  # said below
    try:
        read_settings()
    except InvalidSetting as fault:
        return [str(fault)]
    return []


def unknown_names() -> list[str]:
    """Name what looks like a setting of ours and is none."""
    known = {str(field.alias).upper() for field in Settings.model_fields.values()}
    given = {name.upper() for name in (*os.environ, *dotenv_values(".env", encoding="utf-8"))}
    return sorted(name for name in given - known if name.startswith(_OURS))


def read_settings(*, serving: bool = True, **overrides: object) -> Settings:
    """Read the settings; raise `InvalidSetting` with one line that names the first one that is wrong.

    Commands that listen to nobody are not `serving`: who may ask, and where, is no matter to them.
    """
    try:
        settings = Settings(**overrides)  # type: ignore[arg-type]
    except UnicodeDecodeError:
        raise InvalidSetting(".env: the file must be written in UTF-8.") from None
    except ValidationError as error:
        raise InvalidSetting(line(error.errors()[0])) from None
    if settings.acontext_base_url and not settings.acontext_api_key:
        raise InvalidSetting("ACONTEXT_API_KEY: needed when ACONTEXT_BASE_URL is set.")
    if settings.acontext_base_url and "@" in urlsplit(settings.acontext_base_url).netloc:
        # It would be sent in place of the key.
        raise InvalidSetting("ACONTEXT_BASE_URL: must have no user and no password; the key is ACONTEXT_API_KEY.")
    if settings.default_user.startswith(settings.disk_owner_prefix):
        raise InvalidSetting("GQL_API_DEFAULT_USER: must not begin as GQL_API_DISK_OWNER_PREFIX says; those are ours.")
    if settings.workers > 1 and settings.is_single:
        raise InvalidSetting(
            "GQL_API_WORKERS: SQLite and the embedded Acontext serve one process; "
            "more need DATABASE_URL with PostgreSQL and ACONTEXT_BASE_URL."
        )
    _check_times(settings)
    _check_database(settings)
    faults = (
        *settings.document_faults(),
        *settings.identity_faults(settings.host),
        *settings.operations_faults(settings.port),
        *settings.admission_faults(settings.max_body_size),
        *settings.upload_faults(),
    )
    if serving and faults:
        raise InvalidSetting(faults[0])
    return settings


def _check_times(settings: Settings) -> None:
    if settings.store_settling < settings.upstream_timeout:
        raise InvalidSetting(
            "GQL_API_STORE_SETTLING: must not be less than GQL_API_UPSTREAM_TIMEOUT, which a call may take that is "
            "not given up."
        )


def _check_database(settings: Settings) -> None:
    if settings.database_pool_min > settings.database_pool_max:
        raise InvalidSetting("DATABASE_POOL_MIN: must not be more than DATABASE_POOL_MAX.")
    if settings.database_direct_url and (settings.is_sqlite or settings.database_direct_url.startswith("sqlite")):
        raise InvalidSetting("DATABASE_DIRECT_URL: needs DATABASE_URL with PostgreSQL, the same by another way.")
    if not settings.is_single and settings.lease_seconds < settings.upstream_timeout + _LEAST_BEYOND_CALL:
        raise InvalidSetting(
            f"GQL_API_LEASE: must be at least {_LEAST_BEYOND_CALL:g} seconds more than GQL_API_UPSTREAM_TIMEOUT, "
            "so that no call of Acontext outlasts it."
        )
