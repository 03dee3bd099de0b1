"""Stored messages as Gemini contents: alternating roles, the system text apart, answers with their function's name."""

from collections.abc import Sequence
from dataclasses import dataclass

from gql_api.formats.alternating import alternate
from gql_api.formats.arguments import arguments_object, has_arguments, parse
from gql_api.formats.blob import loose_text
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
from gql_api.formats.media import MEDIA_TYPES, content_of, plain_mime
from gql_api.formats.notices import Report
from gql_api.formats.values import Formatted, InlineMedia, JsonObject, LinkedMedia, Media, Source


def from_acontext(
    messages: Sequence[Source], *, media: Media, omit_media: bool = False, edited_through: str | None = None
) -> Formatted:
    """Write messages for Gemini; `system` has the shape of systemInstruction, None without system messages."""
    report = Report(media, omit_media)
    return formatted(messages, report=report, edited_through=edited_through, lay_out=_lay_out)


def _lay_out(messages: Sequence[Source], report: Report) -> Layout:
    told = [message for message in messages if instruction_role(message)]
    texts = [loose_text(part.get("text")) for message in told for part in message.parts]
    system = [{"text": text} for text in texts if text]
    found = exchanges([message for message in messages if not instruction_role(message)], report, _block)
    return Layout(alternate(found, _Dialect(report)), {"parts": system} if system else None)


@dataclass(frozen=True, slots=True)
class _Dialect:
    report: Report

    def call(self, call: Call) -> JsonObject:
        function: JsonObject = {"name": call.name}
        if call.call_id:
            function["id"] = call.call_id
        if has_arguments(call):
            function["args"] = arguments_object(call, self.report)
        return _signed({"functionCall": function}, call.part, call.source)

    def answer(self, call: Call, result: Result) -> JsonObject:
        given = parse(result.text)
        response = given if isinstance(given, dict) else {"error" if result.is_error else "output": result.text}
        return self._response(call, response)

    def missing(self, call: Call) -> JsonObject:
        return self._response(call, {"error": NO_RESULT})

    def text(self, text: str) -> JsonObject:
        return {"text": text}

    def message(self, role: str, blocks: list[JsonObject]) -> JsonObject:
        return {"role": "model" if role == "assistant" else "user", "parts": blocks}

    def _response(self, call: Call, response: JsonObject) -> JsonObject:
        function: JsonObject = {"name": call.name, "response": response}
        if call.call_id:
            function["id"] = call.call_id
        return {"functionResponse": function}


def _block(part: Part, source: Source, report: Report) -> Block | None:
    kind = part.get("type")
    text = loose_text(part.get("text"))
    if kind == "text":
        return Block(_signed({"text": text}, part, source)) if text else None
    if kind == "thinking" and text and source.role == "assistant":
        return Block(_signed({"text": text, "thought": True}, part, source))
    if kind in MEDIA_TYPES:
        return _attachment(part, source, report)
    report.part_dropped(source, f"Gemini takes no part of the type {kind} here.")
    return None


def _signed(block: JsonObject, part: Part, source: Source) -> JsonObject:
    """Give back Gemini's signature; it refuses anybody else's."""
    signature = loose_text(meta_of(part).get("signature"))
    if not signature or source.meta.get("source_format") in ("anthropic", "openai"):
        return block
    return {**block, "thoughtSignature": signature}


def _attachment(part: Part, source: Source, report: Report) -> Block | None:
    """Write a media part; a URL is given on for Gemini to open, nothing is fetched here."""
    kind = part.get("type")
    if report.omit_media:
        report.media_omitted(source, f"The {kind} is left out as asked.")
        return None
    content = content_of(part, report.media)
    if content is None:
        report.media_omitted(source, f"The {kind} cannot be given to Gemini: its bytes are not at hand.")
        return None
    if isinstance(content, InlineMedia):
        return Block({"inlineData": {"mimeType": plain_mime(content.mime), "data": content.data}})
    file = {"fileUri": content.url}
    if content.mime:
        file["mimeType"] = plain_mime(content.mime)
    return Block({"fileData": file}, fleeting=isinstance(content, LinkedMedia))
