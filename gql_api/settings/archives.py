"""Sessions that are carried away and brought in over HTTP."""

from typing import Annotated

from pydantic import BaseModel, Field

from gql_api.settings.values import Key, secret


class ArchiveSettings(BaseModel):
    """Archives by URL, and as uploads."""

    signing_key: Annotated[Key, secret(32)] = Field(
        None,
        alias="GQL_API_SIGNING_KEY",
        description="Secret, at least 32 characters, the same for all servers, that URLs of exports are signed with; "
        " another one makes all URLs void that are out. Unset: one made of `ACONTEXT_API_KEY`, or the embedded "
        "Acontext's own.",
    )
    max_exports: int = Field(
        4,
        alias="GQL_API_MAX_EXPORTS",
        ge=1,
        le=1000,
        description="Archives that are read by URL at a time in one worker, of one user half as many; more are refused "
        "with OVERLOADED or RATE_LIMITED. Each holds up to 80 MiB.",
    )
    max_archive_size: int = Field(
        64 * 1024 * 1024,
        alias="GQL_API_MAX_ARCHIVE_SIZE",
        ge=1024,
        description="Bytes of an archive that is uploaded with importSession, within `GQL_API_MAX_UPLOAD_SIZE`.",
    )
