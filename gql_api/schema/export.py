"""URLs that sessions are exported by."""

from enum import Enum
from typing import Annotated

import strawberry

from gql_api import model
from gql_api.schema.part import SignedUrl
from gql_api.schema.scalars import Url


@strawberry.enum(description="A provider's form, in which the messages of an archive are beside their own.")
class ArchiveForm(Enum):
    """The names of the forms in an archive."""

    OPENAI = strawberry.enum_value("openai", description="OpenAI's chat completions.")
    ANTHROPIC = strawberry.enum_value("anthropic", description="Anthropic's messages.")
    GEMINI = strawberry.enum_value("gemini", description="Gemini's contents.")


Forms = Annotated[
    list[ArchiveForm] | None,
    strawberry.argument(
        description="Forms in which each message is there too, for programs that have no use for Acontext's. Null or "
        "empty: none."
    ),
]


def names_of(forms: list[ArchiveForm] | None) -> tuple[str, ...]:
    """Give the names that an archive has for these forms."""
    return tuple(str(form.value) for form in forms or ())


def shown(made: model.SignedUrl) -> SignedUrl:
    """Show a URL."""
    return SignedUrl(url=Url(made.url), expires_at=made.expires_at)
