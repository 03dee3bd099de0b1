"""Stored messages as Anthropic messages: alternating roles, the system text apart, ids that Anthropic takes."""

from collections.abc import Sequence
from dataclasses import dataclass

from gql_api.formats.alternating import alternate
from gql_api.formats.anthropic.attaching import attachment
from gql_api.formats.arguments import arguments_object
from gql_api.formats.blob import loose_object, loose_text
from gql_api.formats.conversation import (
    NO_RESULT,
    Block,
    Call,
    Part,
    Result,
    exchanges,
    instruction_role,
    meta_of,
)
from gql_api.formats.layout import Layout, formatted
from gql_api.formats.media import MEDIA_TYPES
from gql_api.formats.naming import fit_ids
from gql_api.formats.notices import Report
from gql_api.formats.values import Formatted, JsonObject, Media, Source


def from_acontext(
    messages: Sequence[Source], *, media: Media, omit_media: bool = False, edited_through: str | None = None
) -> Formatted:
    """Write messages for Anthropic; `system` is a list of text blocks, None without system messages."""
    report = Report(media, omit_media)
    return formatted(messages, report=report, edited_through=edited_through, lay_out=_lay_out)


def _lay_out(messages: Sequence[Source], report: Report) -> Layout:
    told = [message for message in messages if instruction_role(message)]
    system = [block for message in told for part in message.parts if (block := _text_block(part))]
    found = exchanges([message for message in messages if not instruction_role(message)], report, _block)
    fit_ids(found)
    return Layout(alternate(found, _Dialect(report)), system or None)


@dataclass(frozen=True, slots=True)
class _Dialect:
    report: Report

    def call(self, call: Call) -> JsonObject:
        block = {"type": "tool_use", "id": call.sent_id, "name": call.name}
        return cached({**block, "input": arguments_object(call, self.report)}, call.part)

    def answer(self, call: Call, result: Result) -> JsonObject:
        block: JsonObject = {"type": "tool_result", "tool_use_id": call.sent_id, "is_error": result.is_error}
        if result.text.strip():
            block["content"] = [self.text(result.text)]
        return cached(block, result.part)

    def missing(self, call: Call) -> JsonObject:
        content = [self.text(NO_RESULT)]
        return {"type": "tool_result", "tool_use_id": call.sent_id, "is_error": True, "content": content}

    def text(self, text: str) -> JsonObject:
        return {"type": "text", "text": text}

    def message(self, role: str, blocks: list[JsonObject]) -> JsonObject:
        return {"role": role, "content": blocks}


def cached(block: JsonObject, part: Part) -> JsonObject:
    """Give the block its cache breakpoint back."""
    control = loose_object(meta_of(part).get("cache_control"))
    return {**block, "cache_control": {"type": "ephemeral"}} if control.get("type") == "ephemeral" else block


def _block(part: Part, source: Source, report: Report) -> Block | None:
    kind = part.get("type")
    if kind == "text":
        block = _text_block(part)
        return Block(block) if block else None
    if kind in MEDIA_TYPES:
        attached = attachment(part, source, report)
        return Block(cached(attached.value, part), attached.fleeting) if attached else None
    if kind in ("thinking", "redacted_thinking"):
        return _thinking(part, source, report)
    report.part_dropped(source, f"Anthropic takes no part of the type {kind}.")
    return None


def _text_block(part: Part) -> JsonObject | None:
    """Anthropic refuses a text block of nothing but blanks."""
    text = loose_text(part.get("text"))
    return cached({"type": "text", "text": text}, part) if text.strip() else None


def _thinking(part: Part, source: Source, report: Report) -> Block | None:
    """Give thinking back as Anthropic signed it; of anybody else's it would refuse the whole request."""
    meta = meta_of(part)
    signature, data = loose_text(meta.get("signature")), loose_text(meta.get("data"))
    if source.role == "assistant" and source.meta.get("source_format") not in ("gemini", "openai"):
        if part.get("type") == "redacted_thinking" and data:
            return Block({"type": "redacted_thinking", "data": data})
        if part.get("type") == "thinking" and signature:
            return Block({"type": "thinking", "thinking": loose_text(part.get("text")), "signature": signature})
    report.part_dropped(source, "Thinking without Anthropic's signature is left out.")
    return None
