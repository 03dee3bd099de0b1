"""How much one operation may ask of Acontext."""

from pydantic import BaseModel, Field


class AdmissionSettings(BaseModel):
    """What is refused, so that what is begun is answered in time."""

    max_calls_per_operation: int = Field(
        1000,
        alias="GQL_API_MAX_CALLS_PER_OPERATION",
        ge=1,
        le=1_000_000,
        description="Calls of Acontext that one operation makes to read; what needs more is COST_LIMIT_EXCEEDED.",
    )
