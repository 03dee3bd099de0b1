"""`formatted(as:)`: the messages of a page as a provider's SDK takes them, made from their parts."""

from collections.abc import Callable, Sequence
from enum import Enum

import strawberry

from gql_api import model
from gql_api.formats import Formatted, Media, Source, acontext, anthropic, gemini, openai
from gql_api.loaders.media import inline, linked
from gql_api.loaders.view import View
from gql_api.schema import node
from gql_api.schema.context import Info
from gql_api.schema.part import key_of
from gql_api.schema.scalars import Json


@strawberry.enum(description="The forms of messages that providers' SDKs take.")
class MessageFormat(Enum):
    """Acontext's names of the formats."""

    ACONTEXT = strawberry.enum_value("acontext", description="Acontext's own: role, parts, meta. Nothing is lost.")
    OPENAI = strawberry.enum_value(
        "openai", description="OpenAI's chat completions; system prompts among the messages."
    )
    ANTHROPIC = strawberry.enum_value("anthropic", description="Anthropic's messages; system prompts in `system`.")
    GEMINI = strawberry.enum_value("gemini", description="Gemini's contents; system prompts in `system`.")


@strawberry.enum(description="How pictures, sound and files come along.")
class MediaMode(Enum):
    """What happens to media."""

    INLINE = strawberry.enum_value(
        "inline", description="Their bytes within the message, from Acontext's store only; URLs of others stay URLs."
    )
    URL = strawberry.enum_value("url", description="As URLs that work for a day, where the provider takes URLs.")
    OMIT = strawberry.enum_value("omit", description="Left out, with a warning each.")


@strawberry.enum(description="What is not as the conversation has it.")
class FormatWarningCode(Enum):
    """Why a warning was given."""

    MEDIA_OMITTED = strawberry.enum_value("MEDIA_OMITTED", description="A medium is left out.")
    CALL_WITHOUT_RESULT = strawberry.enum_value(
        "CALL_WITHOUT_RESULT", description="A tool call has no result among these messages."
    )
    RESULT_WITHOUT_CALL = strawberry.enum_value(
        "RESULT_WITHOUT_CALL", description="A tool result has no call among these messages; an edit may have cut it."
    )
    PART_DROPPED = strawberry.enum_value("PART_DROPPED", description="A part has no place in this form.")


@strawberry.type(description="A hint that the form does not hold all that the conversation has.")
class FormatWarning:
    """One loss."""

    code: FormatWarningCode = strawberry.field(description="What it is.")
    message_id: strawberry.ID | None = strawberry.field(description="The message it is about; null for none alone.")
    message: str = strawberry.field(description="The same in words.")


@strawberry.type(description="Messages in a provider's form.")
class FormattedMessages:
    """Ready for the provider's SDK."""

    system: Json | None = strawberry.field(
        description="The system prompt for providers that take it apart from the messages; else null."
    )
    messages: Json = strawberry.field(description="The list of messages.")
    message_ids: list[list[strawberry.ID]] = strawberry.field(
        description="For each item of the list, the message or messages that it was made of."
    )
    stable_count: int = strawberry.field(
        description="How many leading items stay the same byte for byte while the conversation grows, and "
        "editAtMessageId is given back as pin. With media as URLs, only as far as the first URL."
    )
    warnings: list[FormatWarning] = strawberry.field(description="What is not as the conversation has it.")


_FORMATS: dict[str, Callable[..., Formatted]] = {
    "acontext": acontext.from_acontext,
    "openai": openai.from_acontext,
    "anthropic": anthropic.from_acontext,
    "gemini": gemini.from_acontext,
}


async def format_messages(info: Info, view: View, *, format: MessageFormat, mode: MediaMode) -> FormattedMessages:
    """Format the messages of a view."""
    sources = [Source(message.id_text, message.role, message.parts, message.meta) for message in view.messages]
    formatted = _FORMATS[str(format.value)](
        sources,
        media=await _media(info, view.messages, mode),
        omit_media=mode is MediaMode.OMIT,
    )
    return _answer(formatted, view.messages)


async def _media(info: Info, messages: Sequence[model.Message], mode: MediaMode) -> Media:
    if mode is MediaMode.OMIT:
        return {}
    if mode is MediaMode.URL:
        return await linked(info.context.loaders, messages)
    return await inline(info.context.loaders, info.context.media, messages)


def _answer(formatted: Formatted, messages: Sequence[model.Message]) -> FormattedMessages:
    ids = {message.id_text: node.message_id(key_of(message)) for message in messages}
    return FormattedMessages(
        system=None if formatted.system is None else Json(formatted.system),
        messages=Json(formatted.messages),
        message_ids=[[ids[id] for id in made_of] for made_of in formatted.message_ids],
        stable_count=formatted.stable_count,
        warnings=[
            FormatWarning(
                code=FormatWarningCode(notice.code),
                message_id=ids.get(notice.message_id or ""),
                message=notice.message,
            )
            for notice in formatted.warnings
        ],
    )
