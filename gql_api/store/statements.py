"""Statements that nobody has to build: written once, for both databases."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from tortoise.fields import DatetimeField, Field

from gql_api.store.models import SessionMapping

Row = dict[str, Any]
_VALUE = re.compile(r"\$(\d+)(::\w+)?")


class Statement:
    """A text as PostgreSQL takes it, `$1` and so on for values; SQLite gets it without casts."""

    def __init__(self, text: str) -> None:
        self._postgres = text
        self._sqlite = _VALUE.sub(r"?\1", text)

    async def rows(self, *values: Any) -> list[Row]:
        """Give the rows, with what is in columns of mappings as Python's values."""
        connection = SessionMapping._meta.db
        if connection.capabilities.dialect != "sqlite":
            return await connection.execute_query_dict(self._postgres, list(values))
        plain = [str(value) if isinstance(value, UUID) else value for value in values]
        return [converted(row) for row in await connection.execute_query_dict(self._sqlite, plain)]


@lru_cache(maxsize=256)
def numbered(text: str, count: int, before: int = 0) -> Statement:
    """Write a statement with so many values in a list, where `{marks}` stands, after so many others."""
    return Statement(text.format(marks=", ".join(f"${before + number}" for number in range(1, count + 1))))


def arrays(rows: Sequence[Sequence[Any]], count: int) -> list[str]:
    """Turn rows of so many values into arrays, one for each value, as `unnest` takes them."""
    return [array(column) for column in zip(*rows, strict=True)] if rows else [array(()) for _ in range(count)]


def array(values: Iterable[Any]) -> str:
    """Write ids, numbers, times or truths as PostgreSQL writes an array: its driver takes longer with lists of them."""
    return f"{{{','.join(map(str, values))}}}"


def converted(row: Row) -> Row:
    """Make Python's values of what SQLite gives."""
    fields = SessionMapping._meta.fields_map
    return {name: _value(fields[name], value) if name in fields else value for name, value in row.items()}


def _value(field: Field[Any], value: Any) -> Any:
    # Times are written here alone, so Python's own way of reading them will do, which is far quicker.
    is_time = isinstance(value, str) and isinstance(field, DatetimeField)
    return datetime.fromisoformat(value) if is_time else field.to_python_value(value)
