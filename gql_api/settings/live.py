"""What subscriptions may cost, and how soon they tell."""

from pydantic import BaseModel, Field


class LiveSettings(BaseModel):
    """Subscriptions."""

    follow_seconds: float = Field(
        5.0,
        alias="GQL_API_FOLLOW_SECONDS",
        ge=0.05,
        le=300,
        description="Seconds within which a subscriber is told of a message that others stored in Acontext itself: a "
        "followed session is read this often when nothing happens, and sooner when something does.",
    )
    follow_overlap: float = Field(
        5.0,
        alias="GQL_API_FOLLOW_OVERLAP",
        gt=0,
        le=300,
        description="Seconds that Acontext may take from a message's time to its being there for readers; each read of "
        "a followed session begins this much before the last message.",
    )
    max_subscriptions: int = Field(
        10_000,
        alias="GQL_API_MAX_SUBSCRIPTIONS",
        ge=1,
        le=1_000_000,
        description="Most subscriptions of one worker, and most WebSocket connections.",
    )
    max_subscriptions_per_user: int = Field(
        200,
        alias="GQL_API_MAX_SUBSCRIPTIONS_PER_USER",
        ge=1,
        le=1_000_000,
        description="Most subscriptions of one user in one worker.",
    )
    max_connections_per_user: int = Field(
        100,
        alias="GQL_API_MAX_CONNECTIONS_PER_USER",
        ge=1,
        le=1_000_000,
        description="Most WebSocket connections of one user in one worker; of callers who cannot be told apart any "
        "number.",
    )
    max_subscriptions_per_connection: int = Field(
        100,
        alias="GQL_API_MAX_SUBSCRIPTIONS_PER_CONNECTION",
        ge=1,
        le=10_000,
        description="Most operations at a time of one WebSocket connection.",
    )
