"""What the server tells about itself, to whom, and how it ends."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, SecretStr

from gql_api.settings.values import Host, HttpUrl, Key, absent, secret

_LEAST_SECRET = 16


def _pairs(value: SecretStr | None) -> SecretStr | None:
    text = value.get_secret_value() if value else ""
    if value and not all(name.strip() and text.isascii() and text.isprintable() for name, _ in split_pairs(text)):
        raise ValueError("must be pairs such as name=value, separated by commas")
    return value


def split_pairs(text: str) -> list[tuple[str, str]]:
    """Read `name=value,name=value`; a piece without `=` has no name."""
    found = (piece.partition("=") for piece in text.split(",") if piece.strip())
    return [(name.strip().lower() if equals else "", value.strip()) for name, equals, value in found]


Pairs = Annotated[SecretStr | None, BeforeValidator(absent), AfterValidator(_pairs)]
Secret = Annotated[Key, secret(_LEAST_SECRET)]


class OperationsSettings(BaseModel):
    """Logs, metrics, traces, and the end."""

    log_level: Annotated[str, AfterValidator(str.upper)] = Field(
        "INFO",
        alias="GQL_API_LOG_LEVEL",
        pattern="(?i)^(debug|info|warning|error)$",
        description="How much is logged: DEBUG, INFO, WARNING or ERROR.",
    )
    log_format: Literal["line", "json"] = Field(
        "line",
        alias="GQL_API_LOG_FORMAT",
        description="How it is logged, to stderr: `line` for people, `json` for programs, one object a line.",
    )
    log_user_key: Secret = Field(
        None,
        alias="GQL_API_LOG_USER_KEY",
        description="Secret, at least 16 characters, that users are hashed with in the log; with the same one on all "
        "replicas a user can be followed. Unset: a new one at each start.",
    )
    metrics_port: int | None = Field(
        None,
        alias="GQL_API_METRICS_PORT",
        ge=0,
        le=65535,
        description="A separate port for Prometheus metrics, without a token; 0: a free one. Unset: none.",
    )
    metrics_host: Host = Field(
        "127.0.0.1", alias="GQL_API_METRICS_HOST", description="The address that the metrics port listens on."
    )
    metrics_token: Secret = Field(
        None,
        alias="GQL_API_METRICS_TOKEN",
        description="Bearer token, at least 16 characters, that `/metrics` on the main port asks for. Unset: there "
        "is no `/metrics`.",
    )
    otlp_endpoint: HttpUrl = Field(
        None,
        alias="OTEL_EXPORTER_OTLP_ENDPOINT",
        description="Where traces are sent, by OTLP over HTTP, as in `http://collector:4318`; `/v1/traces` is added. "
        "Unset: no traces.",
    )
    otlp_headers: Pairs = Field(
        None,
        alias="OTEL_EXPORTER_OTLP_HEADERS",
        description="Headers sent with traces, as in `api-key=secret,other=value`.",
    )
    otel_service_name: Annotated[str, Field(min_length=1, max_length=255)] = Field(
        "gql_api", alias="OTEL_SERVICE_NAME", description="What this server is called in traces."
    )
    search: bool = Field(
        True,
        alias="GQL_API_SEARCH",
        description="Whether messages can be searched: what users and models say is then kept in the database too, up "
        "to 20 000 characters of each message. Where it is false nothing is kept, and what was kept before is deleted.",
    )
    drain_seconds: float = Field(
        0.0,
        alias="GQL_API_DRAIN_SECONDS",
        ge=0,
        le=300,
        description="Seconds that a server goes on taking requests after it was told to stop, while `/readyz` already "
        "fails: as long as the load balancer needs to notice.",
    )
    shutdown_seconds: int = Field(
        10,
        alias="GQL_API_SHUTDOWN_SECONDS",
        ge=1,
        le=600,
        description="Seconds that requests under way then have to end, before they are cut off.",
    )

    @property
    def is_measured(self) -> bool:
        """Whether anybody may ask for metrics."""
        return self.metrics_port is not None or self.metrics_token is not None

    def operations_faults(self, port: int) -> Iterator[str]:
        """Tell what does not go together; `port` is the main one."""
        if self.metrics_port and self.metrics_port == port:
            yield "GQL_API_METRICS_PORT: must not be GQL_API_PORT; GQL_API_METRICS_TOKEN offers them there."
