"""How much may be uploaded by multipart requests; their files lie on disk until they are answered."""

from collections.abc import Iterator

from pydantic import BaseModel, Field

_MIB = 1024 * 1024


class UploadSettings(BaseModel):
    """Files by the GraphQL multipart request specification."""

    max_upload_files: int = Field(
        10,
        alias="GQL_API_MAX_UPLOAD_FILES",
        ge=1,
        le=1000,
        description="Files in one multipart request; more are refused with TOO_LARGE, HTTP status 413.",
    )
    max_upload_file_size: int = Field(
        16 * _MIB,
        alias="GQL_API_MAX_UPLOAD_FILE_SIZE",
        ge=1024,
        le=16 * _MIB,
        description="Bytes of one uploaded file; Acontext takes no more than 16 MiB.",
    )
    max_upload_size: int = Field(
        64 * _MIB,
        alias="GQL_API_MAX_UPLOAD_SIZE",
        ge=1024,
        description="Bytes of a whole multipart request; of these, `operations` and `map` together have at most "
        "`GQL_API_MAX_BODY_SIZE`.",
    )
    max_upload_spool: int | None = Field(
        None,
        alias="GQL_API_MAX_UPLOAD_SPOOL",
        ge=1024,
        description="Bytes of uploaded files that lie in the folder for temporary files (`TMPDIR`) at a time, in one "
        "worker; of one user half as many, or those of one request. What does not fit is refused with OVERLOADED or "
        "RATE_LIMITED. At least `GQL_API_MAX_UPLOAD_SIZE`; unset: four times as many.",
    )

    @property
    def upload_spool(self) -> int:
        """Bytes of files that may lie on disk, the default included."""
        return self.max_upload_spool or 4 * self.max_upload_size

    def upload_faults(self) -> Iterator[str]:
        """Tell what does not go together."""
        if self.max_upload_spool is not None and self.max_upload_spool < self.max_upload_size:
            yield "GQL_API_MAX_UPLOAD_SPOOL: must not be less than GQL_API_MAX_UPLOAD_SIZE."
