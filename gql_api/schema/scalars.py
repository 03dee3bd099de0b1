"""The custom scalars, each with its specification; everything else of the schema uses them by their Python types."""

import re
from datetime import UTC, datetime
from typing import Any, NewType
from uuid import UUID

import strawberry
from graphql import GraphQLError
from strawberry.types.scalar import ScalarDefinition

from gql_api.content import UploadedFile

Url = NewType("Url", str)
Json = NewType("Json", object)

_UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}", re.ASCII)
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})?")
"""What Python reads is more: weeks, days without dashes, hours alone."""


_USUAL_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}(?:\.(?!000000)[0-9]{6})?Z")


def time_as_written(time: datetime, text: str) -> datetime | str:
    """Give a time for an answer: the text that it was read from, if a DateTime is written so, which takes the least."""
    return text if _USUAL_TIME.fullmatch(text) else time


def _write_time(value: datetime | str) -> str:
    if isinstance(value, str):
        return value  # as `time_as_written` gives it
    in_utc = value if value.tzinfo is UTC else value.astimezone(UTC)
    return in_utc.isoformat().removesuffix("+00:00") + "Z"


PASSING_TEXT = frozenset({str, _write_time})
"""Of the functions that write scalars, those that give a text as it is."""


def _read_time(value: Any) -> datetime:
    if not isinstance(value, str):
        raise GraphQLError("A DateTime is written as a string.")
    try:
        time = datetime.fromisoformat(value.upper() if _TIME.fullmatch(value.upper()) else "")
    except ValueError:
        raise GraphQLError("A DateTime is written as RFC 3339 says, as in 2026-01-31T12:00:00Z.") from None
    if time.tzinfo is None:
        raise GraphQLError("A DateTime needs its offset from UTC, as in 2026-01-31T12:00:00Z.")
    return time.astimezone(UTC)


def read_uuid(text: str) -> UUID:
    """Read a UUID in any spelling; ValueError for anything else, and for the nil UUID, which names nothing."""
    digits = text.lower().removeprefix("urn:uuid:")
    if digits.startswith("{") and digits.endswith("}"):
        digits = digits[1:-1]
    # Python takes more for a UUID: signs, blanks, underscores, dashes anywhere.
    if not _UUID.fullmatch(digits):
        raise ValueError("not a UUID")
    id = UUID(digits)
    if id.int == 0:
        raise ValueError("the nil UUID names nothing")
    return id


def _read_uuid(value: Any) -> UUID:
    try:
        if isinstance(value, str):
            return read_uuid(value)
    except ValueError:
        pass
    raise GraphQLError("A UUID is written as RFC 9562 says, and is not the nil UUID.")


def _read_upload(value: Any) -> UploadedFile:
    if isinstance(value, UploadedFile):
        return value
    raise GraphQLError("An Upload is null in the JSON, and a file of a multipart request by its map.")


def _write_upload(value: Any) -> Any:
    raise GraphQLError("An Upload is never part of an answer.")


SCALARS: dict[object, ScalarDefinition] = {
    datetime: strawberry.scalar(
        name="DateTime",
        description="A moment in UTC as RFC 3339 writes it, to the microsecond: `2026-01-31T12:00:00.123456Z`.",
        specified_by_url="https://datatracker.ietf.org/doc/html/rfc3339",
        serialize=_write_time,
        parse_value=_read_time,
    ),
    UUID: strawberry.scalar(
        name="UUID",
        description="A UUID in lower case with dashes; on input any spelling of RFC 9562, but not the nil UUID.",
        specified_by_url="https://datatracker.ietf.org/doc/html/rfc9562",
        serialize=str,
        parse_value=_read_uuid,
    ),
    Url: strawberry.scalar(
        name="URL",
        description="An absolute URL.",
        specified_by_url="https://url.spec.whatwg.org/",
        serialize=str,
        parse_value=str,
    ),
    UploadedFile: strawberry.scalar(
        name="Upload",
        description="A file that comes with the request, by the GraphQL multipart request specification: the variable "
        "is null in `operations`, and `map` puts a file in its place. It is never part of an answer.",
        specified_by_url="https://github.com/jaydenseric/graphql-multipart-request-spec",
        serialize=_write_upload,
        parse_value=_read_upload,
    ),
    Json: strawberry.scalar(
        name="JSON",
        description="Any JSON value: object, list, string, number, boolean or null.",
        specified_by_url="https://datatracker.ietf.org/doc/html/rfc8259",
        serialize=lambda value: value,
        parse_value=lambda value: value,
    ),
}
