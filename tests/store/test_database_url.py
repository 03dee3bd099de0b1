"""What a database URL may say, and that a wrong one is refused in one line that holds no password."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gql_api.store.database import InvalidDatabaseUrl, migrate
from gql_api.store.url import parse

PRAGMAS = {"busy_timeout": 10_000, "journal_mode": "WAL", "synchronous": "FULL"}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://db.example/app", {"host": "db.example", "database": "app"}),
        ("postgres://db.example/app", {"host": "db.example", "database": "app"}),
        (" postgresql://db.example/app\n", {"host": "db.example", "database": "app"}),
        (
            "postgresql://ada:p%40ss%2F%25word@db.example:6432/app",
            {"host": "db.example", "port": 6432, "user": "ada", "password": "p@ss/%word", "database": "app"},
        ),
        ("postgresql://[::1]:5433/app", {"host": "::1", "port": 5433, "database": "app"}),
        ("postgresql:///app?host=/run/postgresql", {"host": "/run/postgresql", "database": "app"}),
        ("postgresql://ada@/app?host=/run/postgresql", {"host": "/run/postgresql", "user": "ada", "database": "app"}),
        (
            "postgresql:///app?host=db.example&port=1&user=ada&password=s%26p",
            {"host": "db.example", "port": 1, "user": "ada", "password": "s&p", "database": "app"},
        ),
        (
            "postgresql://db.example/app?sslmode=verify-full",
            {"host": "db.example", "database": "app", "ssl_mode": "verify-full"},
        ),
        (
            "postgresql://db.example/app?sslrootcert=/etc/ca%20s.pem",
            {"host": "db.example", "database": "app", "ssl_root_cert": "/etc/ca s.pem"},
        ),
        ("postgresql:///app", {"host": None, "database": "app"}),
    ],
)
def test_a_postgres_url_names_where_and_who(url: str, expected: dict[str, Any]) -> None:
    target = parse(url)

    assert (target.dialect, target.credentials) == ("postgres", expected)


def test_three_slashes_are_a_relative_path_and_four_an_absolute_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    for url in ("sqlite:///sessions%20of%20ada.db", f"sqlite:///{tmp_path}/sessions%20of%20ada.db"):
        target = parse(url)
        assert target.dialect == "sqlite"
        assert target.credentials == {"file_path": f"{tmp_path}/sessions of ada.db", **PRAGMAS}


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "The database URL must begin with sqlite:// or postgresql://."),
        ("mysql://root:secret@db/app", "The database URL must begin with sqlite:// or postgresql://."),
        ("ada:secret@db/app", "The database URL must begin with sqlite:// or postgresql://."),
        ("sqlite://sessions.db", "A SQLite URL is sqlite:///relative/path or sqlite:////absolute/path."),
        ("sqlite://", "A SQLite URL is sqlite:///relative/path or sqlite:////absolute/path."),
        ("sqlite:///", "A SQLite URL is sqlite:///relative/path or sqlite:////absolute/path."),
        ("sqlite::memory:", "A SQLite URL is sqlite:///relative/path or sqlite:////absolute/path."),
        ("sqlite:///a.db?mode=ro", "A SQLite URL takes no options."),
        ("sqlite:////no/such/folder/a.db", "The folder of the SQLite file is not there: /no/such/folder"),
        ("postgresql://db.example", "The database URL names no database."),
        ("postgresql://ada:secret@db.example/", "The database URL names no database."),
        ("postgresql://ada:se#cret@db/app", "A # in the database URL must be written %23."),
        (
            "postgresql://ada:secret@db:port/app",
            "The database URL cannot be read: check its host, its port and its quoting.",
        ),
        (
            "postgresql://ada:se[cret@db/app",
            "The database URL cannot be read: check its host, its port and its quoting.",
        ),
        ("postgresql:///app?port=secret", "The port of the database URL is not a port."),
        ("postgresql:///app?port=70000", "The port of the database URL is not a port."),
        (
            "postgresql:///app?sslmode=secret",
            "The sslmode of the database URL is none of allow, disable, prefer, require, verify-ca, verify-full.",
        ),
        (
            "postgresql:///app?secret=1",
            "A PostgreSQL URL takes the options host, port, user, password, sslmode, sslrootcert.",
        ),
    ],
)
async def test_a_wrong_url_is_refused_with_its_reason(url: str, reason: str) -> None:
    with pytest.raises(InvalidDatabaseUrl) as refusal:
        await migrate(url)

    assert str(refusal.value) == reason


def refusal_of(url: str) -> InvalidDatabaseUrl | None:
    try:
        parse(url)
    except InvalidDatabaseUrl as refusal:
        return refusal
    return None


@given(st.text(max_size=12), st.text(max_size=12))
def test_no_refusal_shows_the_password(password: str, rest: str) -> None:
    url = f"postgresql://ada:Sekret{password}Sekret@{rest}"
    refusal = refusal_of(url)

    if refusal is None:
        assert "Sekret" not in repr(parse(url))
    else:
        assert ("Sekret" in str(refusal), "\n" in str(refusal), refusal.__cause__) == (False, False, None)
