"""Where the mappings are kept, how their database is connected to, and how long a session may be held in it."""

from typing import Literal

from pydantic import BaseModel, Field

from gql_api.settings.values import Text


class DatabaseSettings(BaseModel):
    """The database. All but its URL is for PostgreSQL only."""

    database_url: Text = Field(
        None,
        alias="DATABASE_URL",
        repr=False,  # it may hold a password
        description="Where the mappings are kept: `postgres://user:password@host:5432/name` or `sqlite:////path/file`. "
        "Unset: `gql_api.sqlite3` in the data folder.",
    )
    database_direct_url: Text = Field(
        None,
        alias="DATABASE_DIRECT_URL",
        repr=False,
        description="The same PostgreSQL without a pooler in between, for migrations and for the one connection by "
        "which a server hears of what others do. Set it where `DATABASE_URL` is a pooler in transaction mode, such as "
        "PgBouncer: then no statement is prepared for later, and no session parameter is sent. Unset: `DATABASE_URL`.",
    )
    database_pool_min: int = Field(
        1, alias="DATABASE_POOL_MIN", ge=0, le=1000, description="Connections that one process keeps open at least."
    )
    database_pool_max: int = Field(
        10, alias="DATABASE_POOL_MAX", ge=1, le=1000, description="Connections that one process opens at most."
    )
    database_connect_timeout: float = Field(
        10.0, alias="DATABASE_CONNECT_TIMEOUT", gt=0, le=300, description="Seconds that connecting may take."
    )
    database_statement_timeout: float = Field(
        30.0,
        alias="DATABASE_STATEMENT_TIMEOUT",
        ge=0.1,
        le=600,
        description="Seconds that one statement may take; migrations may take longer. Enforced by PostgreSQL, or by "
        "this server where a pooler is in between.",
    )
    database_application_name: str = Field(
        "gql_api",
        alias="DATABASE_APPLICATION_NAME",
        pattern="^[!-~]{1,63}$",
        description="What the connections are called in PostgreSQL, as in `pg_stat_activity`.",
    )
    database_ssl_mode: Literal["disable", "allow", "prefer", "require", "verify-ca", "verify-full"] | None = Field(
        None,
        alias="DATABASE_SSL_MODE",
        description="TLS to PostgreSQL, as libpq names it: `disable`, `allow`, `prefer`, `require`, `verify-ca` or "
        "`verify-full`; `sslmode` in the URL goes first. Unset: `prefer`.",
    )
    database_ssl_root_cert: Text = Field(
        None,
        alias="DATABASE_SSL_ROOT_CERT",
        description="File of the CA certificates that PostgreSQL's is verified by; `sslrootcert` in the URL goes "
        "first. Unset: those of the system.",
    )
    lease: float | None = Field(
        None,
        alias="GQL_API_LEASE",
        gt=0,
        le=600,
        description="Seconds after which others may write to a session whose server was killed while it wrote; at "
        "least 3 more than `GQL_API_UPSTREAM_TIMEOUT`. Unset: 5 more.",
    )
