"""Reading a database URL into what Tortoise connects with; opening it is left to `database`."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

_POSTGRES_OPTIONS = {
    "host": "host",
    "port": "port",
    "user": "user",
    "password": "password",
    "sslmode": "ssl_mode",
    "sslrootcert": "ssl_root_cert",
}
"""What may stand after the question mark, with our word for it."""
_SSL_MODES = {"disable", "allow", "prefer", "require", "verify-ca", "verify-full"}
_BUSY_MILLISECONDS = 10_000
_LARGEST_PORT = 65_535


class InvalidDatabaseUrl(ValueError):
    """The URL cannot be used; the message is one line and never holds the password."""


class FolderMissing(InvalidDatabaseUrl):
    """There is no folder for the SQLite file."""


class CertificatesUnusable(InvalidDatabaseUrl):
    """The file of CA certificates cannot be read; `in_url` tells whether the URL itself names it."""

    def __init__(self, message: str, *, in_url: bool) -> None:
        super().__init__(message)
        self.in_url = in_url


@dataclass(frozen=True, slots=True)
class Target:
    """Where the database is: which kind, Tortoise's engine for it, and how to connect."""

    dialect: Literal["sqlite", "postgres"]
    engine: str
    credentials: dict[str, Any] = field(repr=False)


def parse(url: str) -> Target:
    """Read `sqlite:///relative/path`, `sqlite:////absolute/path` or `postgresql://user:password@host:port/database`.

    A PostgreSQL URL may name host, port, user, password, sslmode and sslrootcert after a question mark instead;
    `postgresql:///database?host=/run/postgresql` is a Unix socket.
    """
    try:
        parts = urlsplit(url.strip())
        if parts.scheme == "sqlite":
            return _sqlite(parts)
        if parts.scheme in {"postgres", "postgresql"}:
            if parts.fragment:
                raise InvalidDatabaseUrl("A # in the database URL must be written %23.")
            return _postgres(parts, port=parts.port)
    except InvalidDatabaseUrl:
        raise
    except ValueError:
        # The standard library's own words may repeat a part of the password.
        raise InvalidDatabaseUrl("The database URL cannot be read: check its host, its port and its quoting.") from None
    raise InvalidDatabaseUrl("The database URL must begin with sqlite:// or postgresql://.")


def sqlite_file(url: str) -> Path | None:
    """Return the file of a SQLite URL, links followed; None for another database. Raises `InvalidDatabaseUrl`."""
    target = parse(url)
    return Path(target.credentials["file_path"]).resolve() if target.dialect == "sqlite" else None


def _sqlite(parts: SplitResult) -> Target:
    if parts.netloc or not parts.path.startswith("/") or parts.path == "/" or "\0" in unquote(parts.path):
        raise InvalidDatabaseUrl("A SQLite URL is sqlite:///relative/path or sqlite:////absolute/path.")
    if parts.query or parts.fragment:
        raise InvalidDatabaseUrl("A SQLite URL takes no options.")
    file = Path(unquote(parts.path)[1:]).absolute()
    if not file.parent.is_dir():
        raise FolderMissing(f"The folder of the SQLite file is not there: {file.parent}")
    if file.name == ":memory:":
        raise InvalidDatabaseUrl("A database in memory would forget all sessions; name a file.")
    # Waiting comes first: taking up the write-ahead log can meet another process already.
    pragmas = {"busy_timeout": _BUSY_MILLISECONDS, "journal_mode": "WAL", "synchronous": "FULL"}
    return Target("sqlite", "gql_api.store.sqlite_engine", {"file_path": str(file), **pragmas})


def _postgres(parts: SplitResult, *, port: int | None) -> Target:
    found = {
        "host": _decoded(parts.hostname),
        "port": port,
        "user": _decoded(parts.username),
        "password": _decoded(parts.password),
        "database": _decoded(parts.path.removeprefix("/")),
    }
    credentials = {name: value for name, value in found.items() if value} | _options(parts.query)
    if "database" not in credentials:
        raise InvalidDatabaseUrl("The database URL names no database.")
    return Target("postgres", "gql_api.store.engine", {"host": None, **credentials})


def _options(query: str) -> dict[str, Any]:
    options: dict[str, Any] = {}
    for name, value in parse_qsl(query, keep_blank_values=True, strict_parsing=True) if query else ():
        if name not in _POSTGRES_OPTIONS:
            raise InvalidDatabaseUrl("A PostgreSQL URL takes the options " + ", ".join(_POSTGRES_OPTIONS) + ".")
        options[_POSTGRES_OPTIONS[name]] = value
    if "port" in options:
        options["port"] = _port(options["port"])
    if options.get("ssl_mode", "disable") not in _SSL_MODES:
        raise InvalidDatabaseUrl("The sslmode of the database URL is none of " + ", ".join(sorted(_SSL_MODES)) + ".")
    return options


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= _LARGEST_PORT:
        raise InvalidDatabaseUrl("The port of the database URL is not a port.")
    return int(text)


def _decoded(part: str | None) -> str | None:
    return unquote(part) if part else None
