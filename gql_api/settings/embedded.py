"""What the embedded Acontext alone is told, by flags only: other programs' settings are none of its own."""

import os
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, Field, ValidationError

from gql_api.settings.faults import InvalidSetting, line
from gql_api.settings.values import Host, HttpUrl, is_plain


class EmbeddedFlags(BaseModel):
    """Where it listens."""

    host: Host = Field(alias="--host")
    port: int = Field(alias="--port", ge=0, le=65535)
    public_url: HttpUrl = Field(alias="--public-url")


def check_embedded(flags: Mapping[str, object]) -> EmbeddedFlags:
    """Check the flags, by their names; raise `InvalidSetting` with one line that names the first one that is wrong."""
    try:
        return EmbeddedFlags.model_validate(flags)
    except ValidationError as error:
        raise InvalidSetting(line(error.errors()[0])) from None


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
    if not key or not is_plain(key):
        raise InvalidSetting(f"{name}: must be a key without blanks, control characters and letters beyond ASCII.")
    return key


def _content(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise InvalidSetting(f"--api-key-file: {file} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise InvalidSetting(f"--api-key-file: {file} must be written in UTF-8.") from None
