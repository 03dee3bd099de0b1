"""How much one worker takes on at a time, in all and of one user, and how much one operation may ask of Acontext."""

from collections.abc import Iterator

from pydantic import BaseModel, Field


class AdmissionSettings(BaseModel):
    """What is refused at once, so that what was begun is answered in time."""

    max_operations: int = Field(
        256,
        alias="GQL_API_MAX_OPERATIONS",
        ge=1,
        le=100_000,
        description="Queries and mutations under way in one worker; more are refused with OVERLOADED, HTTP status 503.",
    )
    max_operations_per_user: int = Field(
        160,
        alias="GQL_API_MAX_OPERATIONS_PER_USER",
        ge=1,
        le=100_000,
        description="Queries and mutations of one user under way in one worker; more are refused with RATE_LIMITED, "
        "HTTP status 429. Callers without token and `X-User`, who cannot be told apart, have no such limit.",
    )
    max_body_memory: int | None = Field(
        None,
        alias="GQL_API_MAX_BODY_MEMORY",
        ge=1024,
        description="Bytes of requests' bodies held in one worker, those of up to 64 KiB not counted; of one user half "
        "as many, or one body. What does not fit is refused with OVERLOADED or RATE_LIMITED. At least "
        "`GQL_API_MAX_BODY_SIZE`; unset: four times as many. In memory a body takes up to five times its size.",
    )
    max_calls_per_operation: int = Field(
        1000,
        alias="GQL_API_MAX_CALLS_PER_OPERATION",
        ge=1,
        le=1_000_000,
        description="Calls of Acontext that one operation makes to read; what needs more is COST_LIMIT_EXCEEDED.",
    )

    max_cost: int = Field(
        50_000,
        alias="GQL_API_MAX_COST",
        ge=1,
        le=1_000_000_000,
        description="Points that one operation may cost, estimated before it runs: 10 for each call of Acontext, 1 for "
        "each session, message and file that it may show.",
    )
    max_cost_per_minute: int = Field(
        6_000_000,
        alias="GQL_API_MAX_COST_PER_MINUTE",
        ge=1,
        le=1_000_000_000_000,
        description="Points that the operations of one user may cost in a minute in one worker; more are refused with "
        "RATE_LIMITED, HTTP status 429. Callers without token and `X-User` have no such limit.",
    )
    max_read_size: int = Field(
        32 * 1024 * 1024,
        alias="GQL_API_MAX_READ_SIZE",
        ge=1024 * 1024,
        description="Bytes of conversations and lists that one operation reads from Acontext; what has more is "
        "COST_LIMIT_EXCEEDED.",
    )
    max_download_size: int = Field(
        64 * 1024 * 1024,
        alias="GQL_API_MAX_DOWNLOAD_SIZE",
        ge=1024 * 1024,
        description="Bytes of files and media that one operation reads from Acontext; what has more is "
        "COST_LIMIT_EXCEEDED.",
    )

    def admission_faults(self, largest_body: int) -> Iterator[str]:
        """Tell what does not go together; `largest_body` is that of one request."""
        if self.max_body_memory is not None and self.max_body_memory < largest_body:
            yield "GQL_API_MAX_BODY_MEMORY: must not be less than GQL_API_MAX_BODY_SIZE."
        if self.max_cost_per_minute < self.max_cost:
            yield "GQL_API_MAX_COST_PER_MINUTE: must not be less than GQL_API_MAX_COST."
