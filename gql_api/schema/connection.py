"""What all connections share: arguments, limits, page info, and cursors that are opaque to clients."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Annotated

import strawberry

from gql_api.errors import BadUserInput

MOST = 100
DEFAULT_PAGE = 20
"""Sessions of a page where a client does not say how many."""

First = Annotated[
    int | None,
    strawberry.argument(description="How many to give from the start of the range: 1 to 100. Not together with last."),
]
Last = Annotated[
    int | None,
    strawberry.argument(description="How many to give from the end of the range: 1 to 100. Not together with first."),
]
After = Annotated[
    str | None, strawberry.argument(description="Give only what comes after this cursor, itself excluded.")
]
Before = Annotated[
    str | None, strawberry.argument(description="Give only what comes before this cursor, itself excluded.")
]


@strawberry.type(description="Where a page lies in its list.")
class PageInfo:
    """Relay's page info."""

    has_next_page: bool = strawberry.field(description="Whether more comes after the end of this page.")
    has_previous_page: bool = strawberry.field(description="Whether something comes before the start of this page.")
    start_cursor: str | None = strawberry.field(description="The cursor of the first edge; null for an empty page.")
    end_cursor: str | None = strawberry.field(description="The cursor of the last edge; null for an empty page.")


def page_info(cursors: list[str], *, has_previous: bool, has_next: bool) -> PageInfo:
    """Describe a page by the cursors of its edges."""
    return PageInfo(
        has_next_page=has_next,
        has_previous_page=has_previous,
        start_cursor=cursors[0] if cursors else None,
        end_cursor=cursors[-1] if cursors else None,
    )


def check_size(first: int | None, last: int | None) -> None:
    """Refuse page sizes that are out of bounds, and first together with last."""
    if first is not None and last is not None:
        raise BadUserInput("first and last cannot be given together.")
    for name, size in (("first", first), ("last", last)):
        if size is not None and not 1 <= size <= MOST:
            raise BadUserInput(f"{name}: a page has 1 to {MOST} entries.")


def write_cursor(kind: str, *fields: object) -> str:
    """Make a cursor of a kind of list and the place in it."""
    text = "\n".join((kind, *map(str, fields)))
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(cursor: str, name: str, kind: str, fields: int) -> list[str]:
    """Read what a cursor was made of; raise `BadUserInput` naming the argument when it is of another list or none."""
    try:
        text = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except ValueError:
        raise bad_cursor(name) from None
    found, *rest = text.split("\n", fields)
    if found != kind or len(rest) != fields:
        raise bad_cursor(name)
    return rest


def bad_cursor(name: str) -> BadUserInput:
    """Say that a cursor does not fit."""
    return BadUserInput(f"{name}: this is not a cursor of this list.")
