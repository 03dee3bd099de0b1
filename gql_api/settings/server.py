"""Where the server listens, where its data lie, and what it takes."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field

from gql_api.settings.values import Host, HttpUrl


class ServerSettings(BaseModel):
    """The server."""

    data_dir: Path = Field(
        Path("data"),
        alias="GQL_API_DATA_DIR",
        description="Folder of the SQLite database and of the embedded Acontext; one process at a time.",
    )
    host: Host = Field("127.0.0.1", alias="GQL_API_HOST", description="The address to listen on.")
    port: int = Field(8000, alias="GQL_API_PORT", ge=0, le=65535, description="The port to listen on; 0: a free one.")
    public_url: HttpUrl = Field(
        None,
        alias="GQL_API_PUBLIC_URL",
        description="The address that clients reach the server at; public URLs of files served here begin with it. "
        "Unset: the address really bound.",
    )
    production: bool = Field(
        False,
        alias="GQL_API_PRODUCTION",
        description="Whether the schema is kept to those who have it: no introspection, no suggestions in errors, no "
        "explorer.",
    )
    hsts_seconds: int | None = Field(
        None,
        alias="GQL_API_HSTS_SECONDS",
        ge=0,
        le=63_072_000,
        description="Seconds for which browsers come by HTTPS alone (`Strict-Transport-Security`), as in 31536000, if "
        "clients reach the server so; 0 ends what was told before. Unset: nothing is told.",
    )
    max_body_size: int = Field(
        8 * 1024 * 1024,
        alias="GQL_API_MAX_BODY_SIZE",
        ge=1024,
        description="Bytes of a request's body, files in text or base64 included; larger files come as multipart.",
    )
    gzip: bool = Field(
        True,
        alias="GQL_API_GZIP",
        description="Whether answers of 1400 bytes or more are compressed for clients that take gzip; a proxy in front "
        "that does it does it for less.",
    )
    http_edition: Literal["audited", "2026-09"] = Field(
        "audited",
        alias="GQL_API_HTTP_EDITION",
        description="Whose statuses answers have: of the drafts of GraphQL over HTTP that its public audit asks for "
        "(`audited`), or of the edition of September 2026 (`2026-09`), which has 422 and 294 and tells clients of "
        "`application/json` alone of failures by the status too.",
    )
    workers: int = Field(
        1,
        alias="GQL_API_WORKERS",
        ge=1,
        le=64,
        description="Server processes; more than one needs `DATABASE_URL` with PostgreSQL and `ACONTEXT_BASE_URL`.",
    )
