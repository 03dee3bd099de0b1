"""Which Acontext is used, and how much is asked of it."""

from pydantic import BaseModel, Field

from gql_api.settings.values import HttpUrl, Key, Prefix


class AcontextSettings(BaseModel):
    """Acontext."""

    acontext_base_url: HttpUrl = Field(
        None,
        alias="ACONTEXT_BASE_URL",
        description="The Acontext to use, as in `https://acontext.example/api/v1`. Unset: the embedded one.",
    )
    acontext_api_key: Key = Field(
        None, alias="ACONTEXT_API_KEY", description="The key for that Acontext; needed when its URL is set."
    )
    adopt_unowned: bool = Field(
        False,
        alias="GQL_API_ADOPT_UNOWNED",
        description="Whether getOrCreateSession takes over an Acontext session that has no user.",
    )
    disk_owner_prefix: Prefix = Field(
        "gql-api:disk:",
        alias="GQL_API_DISK_OWNER_PREFIX",
        description="Begins the name of the Acontext user that owns a session's disk; its session id follows.",
    )
    serve_public_urls: bool = Field(
        False,
        alias="GQL_API_SERVE_PUBLIC_URLS",
        description="Whether publicUrl points at this server, which then fetches the file: for clients that cannot "
        "reach a private Acontext. The embedded one's always does.",
    )
    upstream_concurrency: int = Field(
        64,
        alias="GQL_API_UPSTREAM_CONCURRENCY",
        ge=1,
        le=1000,
        description="Calls of Acontext at a time, in one process.",
    )
    upstream_timeout: float = Field(
        10.0, alias="GQL_API_UPSTREAM_TIMEOUT", gt=0, le=300, description="Seconds that one call of Acontext may take."
    )
    upstream_transfer_timeout: float = Field(
        30.0,
        alias="GQL_API_UPSTREAM_TRANSFER_TIMEOUT",
        gt=0,
        le=300,
        description="Seconds that one call of Acontext may take when it moves a whole file.",
    )
    max_answer_size: int = Field(
        32 * 1024 * 1024,
        alias="GQL_API_MAX_ANSWER_SIZE",
        ge=1024 * 1024,
        description="Bytes that one answer of Acontext may have, unpacked, where it is no query that reads: to write, "
        "to follow, in the background. A larger one is not read to its end, and is UPSTREAM_UNAVAILABLE. Queries have "
        "`GQL_API_MAX_READ_SIZE` and `GQL_API_MAX_DOWNLOAD_SIZE`. In memory JSON takes several times its size.",
    )
    store_settling: float = Field(
        60.0,
        alias="GQL_API_STORE_SETTLING",
        ge=1,
        le=3600,
        description="Seconds after which a message that was sent to Acontext, and of which nothing was heard, is taken "
        "not to come any more, and may be stored again under its idempotency key: longer than Acontext, and any proxy "
        "before it, lets a request live. At least `GQL_API_UPSTREAM_TIMEOUT`.",
    )
    max_run: int = Field(
        8000,
        alias="GQL_API_MAX_RUN",
        ge=100,
        description="Most letters, signs or blanks that follow each other in a message without any other character: "
        "the time in which Acontext counts their tokens grows with the square, in every later read.",
    )
    request_timeout: float = Field(
        30.0,
        alias="GQL_API_REQUEST_TIMEOUT",
        gt=0,
        le=300,
        description="Seconds after which a request asks Acontext for nothing more: what is missing then is "
        "UPSTREAM_TIMEOUT. Retries lie within it.",
    )
    sweep_seconds: float = Field(
        30.0,
        alias="GQL_API_SWEEP_SECONDS",
        ge=1,
        le=3600,
        description="Seconds, more or less, between two looks for sessions that were left half made or half deleted. "
        "Of several servers one looks for all.",
    )
    lock_patience: float = Field(
        10.0,
        alias="GQL_API_LOCK_PATIENCE",
        gt=0,
        le=300,
        description="Seconds that a write waits for others to the same session before it is BUSY.",
    )
