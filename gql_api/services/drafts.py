"""Messages as callers write them, checked and brought into a form that Acontext keeps whole."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from gql_api.content import Content
from gql_api.errors import Invalid
from gql_api.formats import FormatError, acontext, anthropic, chat, gemini, openai
from gql_api.model import JsonObject
from gql_api.services import attachments, contents, rules, words
from gql_api.services.attachments import Attachment, Enclosure

_PROVIDERS = {"openai": openai, "anthropic": anthropic, "gemini": gemini, "acontext": acontext}
_KEPT_WHOLE = {"openai": openai.named_as_acontext, "gemini": gemini.signed_as_acontext}
"""What is sent in Acontext's own form since it would lose something in its provider's: the names of OpenAI's tools, and
the signatures without which Gemini takes no conversation back."""


class ChatMessage(NamedTuple):
    """The plain shape of a message."""

    role: str
    content: str | None
    tool_calls: list[chat.ToolCall]
    tool_call_id: str | None
    is_error: bool
    attachments: list[Attachment] = []  # noqa: RUF012 - a named tuple's default, which nobody changes


class ProviderMessage(NamedTuple):
    """A message as a provider's SDK writes it; `format` is openai, anthropic, gemini or acontext."""

    format: str
    blob: Any


class KeptMessage(NamedTuple):
    """A message as Acontext kept it elsewhere; `files` are those of its parts, by the number of the part."""

    blob: JsonObject
    files: Mapping[int, tuple[str, Content]]


class Draft(NamedTuple):
    """A message to store. `path` is where it stands in the caller's input."""

    message: ChatMessage | ProviderMessage | KeptMessage
    metadata: Any
    path: rules.Path


class Storable(NamedTuple):
    """A checked message, and the files that go with it.

    `system_meta` are the keys that Acontext keeps beside it and does not give back at once.
    """

    format: str
    blob: JsonObject
    system_meta: JsonObject
    metadata: JsonObject | None
    path: rules.Path
    files: tuple[Enclosure, ...] = ()


def storable(draft: Draft, *, longest_run: int = words.LONGEST_RUN) -> Storable:
    """Check a draft; raise `Invalid` naming the field of what would be refused, changed or lost.

    `TooLarge` where as many letters or signs follow each other as Acontext cannot count the tokens of.
    """
    checked = _storable(draft)
    words.no_endless_run(checked.blob, checked.path, longest=longest_run)
    return checked


def _storable(draft: Draft) -> Storable:
    metadata = rules.json_object(draft.metadata, (*draft.path, "metadata"))
    message = draft.message
    if isinstance(message, ChatMessage):
        place = (*draft.path, "message", "chat")
        parts, files = attachments.parts_of(message.attachments, (*place, "attachments"))
        blob = _named(lambda: _from_chat(message, parts), place)
        # It was made to be kept as it is, of texts that were checked.
        return Storable("acontext", blob, {**acontext.OWN_META, **blob.get("meta", {})}, metadata, place, files)
    if isinstance(message, KeptMessage):
        return _storable_again(message, metadata, draft.path)
    provider, place = message.format, (*draft.path, "message", message.format)
    rules.exact_json(message.blob, place, nul=True)
    blob = _named(lambda: _PROVIDERS[provider].prepare(message.blob), place)
    rules.exact_json(blob, place, nul=True)
    if provider in _KEPT_WHOLE and (whole := _KEPT_WHOLE[provider](blob)):
        provider, blob = "acontext", whole
    kept = _named(lambda: _PROVIDERS[provider].to_acontext(blob), place)
    return Storable(provider, blob, dict(kept.get("meta") or {}), metadata, place)


def _storable_again(message: KeptMessage, metadata: JsonObject | None, path: rules.Path) -> Storable:
    rules.exact_json(message.blob, path, nul=True)
    blob = _named(lambda: acontext.prepare(message.blob), path)
    files = tuple(_enclosed(index, *file, path) for index, file in message.files.items())
    for index, file in zip(message.files, files, strict=True):
        blob["parts"][index] = {**blob["parts"][index], "file_field": file.field}
    return Storable("acontext", blob, {**acontext.OWN_META, **blob.get("meta", {})}, metadata, path, files)


def _enclosed(index: int, name: str, content: Content, path: rules.Path) -> Enclosure:
    place = (*path, "parts", str(index))
    return Enclosure(f"file-{index}", contents.filename(name, place), contents.within_limit(content, place), place)


def _from_chat(message: ChatMessage, attached: list[JsonObject]) -> JsonObject:
    return chat.to_acontext(
        role=message.role,
        content=message.content,
        tool_calls=message.tool_calls,
        tool_call_id=message.tool_call_id,
        is_error=message.is_error,
        attached=attached,
    )


def _named(convert: Any, place: rules.Path) -> JsonObject:
    try:
        return dict(convert())
    except FormatError as error:
        raise Invalid(error.message, (*place, *error.path)) from None
