"""Stored messages as OpenAI chat completion messages; results come right after their calls, where OpenAI wants them."""

from collections.abc import Mapping, Sequence
from typing import Any

from gql_api.formats.arguments import arguments_text
from gql_api.formats.blob import loose_text
from gql_api.formats.conversation import (
    NO_RESULT,
    Block,
    Call,
    Exchange,
    Part,
    Result,
    Spoken,
    exchanges,
    instruction_role,
    meta_of,
)
from gql_api.formats.layout import Item, Layout, formatted
from gql_api.formats.media import MEDIA_TYPES
from gql_api.formats.naming import keep_ids
from gql_api.formats.notices import Report
from gql_api.formats.openai.attaching import attachment
from gql_api.formats.values import Formatted, JsonObject, Media, Source


def from_acontext(
    messages: Sequence[Source], *, media: Media, omit_media: bool = False, edited_through: str | None = None
) -> Formatted:
    """Write messages for OpenAI; `system` is always None, since system messages stay in their places."""
    report = Report(media, omit_media)
    return formatted(messages, report=report, edited_through=edited_through, lay_out=_lay_out)


def _lay_out(messages: Sequence[Source], report: Report) -> Layout:
    found = exchanges(messages, report, _block)
    keep_ids(found)
    items: list[Item] = []
    for exchange in found:
        items += _exchange(exchange, last=exchange is found[-1])
    return Layout(items)


def _block(part: Part, source: Source, report: Report) -> Block | None:
    kind = part.get("type")
    if kind == "text":
        return _text_block(part, source)
    if kind in MEDIA_TYPES:
        return attachment(part, source, report)
    report.part_dropped(source, f"OpenAI takes no part of the type {kind}.")
    return None


def _text_block(part: Part, source: Source) -> Block | None:
    text = loose_text(part.get("text"))
    if source.role == "assistant" and meta_of(part).get("is_refusal") is True:
        return Block({"type": "refusal", "refusal": text})
    return Block(_text(text)) if text or source.role != "assistant" else None


def _text(text: str) -> JsonObject:
    return {"type": "text", "text": text}


def _exchange(exchange: Exchange, *, last: bool) -> list[Item]:
    items = _assistant(exchange, settled=not last or bool(exchange.user))
    for result, call in exchange.answers.items():
        items.append(Item(_tool(call, result.text) | _name(result), [result.source], settled=True))
    if exchange.user or not last:
        # OpenAI wants all results of a turn or none; in the last one a result may still come in place of this.
        items += [Item(_tool(call, NO_RESULT), [call.source], settled=not last) for call in exchange.unanswered]
    return items + [_user(spoken, content) for spoken, content in _rest(exchange)]


def _assistant(exchange: Exchange, *, settled: bool) -> list[Item]:
    """One item a message; from the first that calls a tool they are one, as nothing may stand before the results."""
    run = exchange.assistant
    calling = [any(isinstance(piece, Call) for piece in spoken.pieces) for spoken in run]
    alone = calling.index(True) if any(calling) else len(run)
    items = [_turn([spoken], settled=True) for spoken in run[:alone]]
    return items + ([_turn(run[alone:], settled=settled)] if run[alone:] else [])


def _turn(run: Sequence[Spoken], *, settled: bool) -> Item:
    pieces = [piece for spoken in run for piece in spoken.pieces]
    message: JsonObject = {"role": "assistant"}
    content = [_said(piece) for piece in pieces if not isinstance(piece, Call)]
    if content:
        message["content"] = _short(content)
    names = [name for spoken in run if (name := loose_text(spoken.source.meta.get("name")))]
    if names:
        message["name"] = names[0]
    calls = [_tool_call(piece) for piece in pieces if isinstance(piece, Call)]
    if calls:
        message["tool_calls"] = calls
    return Item(message, [spoken.source for spoken in run], settled)


def _said(piece: Block | Result) -> JsonObject:
    return piece.value if isinstance(piece, Block) else _text(piece.as_text)


def _short(content: list[JsonObject]) -> str | list[JsonObject]:
    """A single text is given as a string, as the SDKs do."""
    only: Mapping[str, Any] = content[0]
    return str(only["text"]) if len(content) == 1 and only["type"] == "text" else content


def _tool_call(call: Call) -> JsonObject:
    function = {"name": call.name, "arguments": arguments_text(call)}
    return {"id": call.sent_id, "type": "function", "function": function}


def _tool(call: Call, text: str) -> JsonObject:
    return {"role": "tool", "tool_call_id": call.sent_id, "content": text}


def _name(result: Result) -> JsonObject:
    """Give back the name of the tool where OpenAI's own message had it."""
    name = loose_text(meta_of(result.part).get("name"))
    return {"name": name} if name and result.source.meta.get("source_format") == "openai" else {}


def _rest(exchange: Exchange) -> list[tuple[Spoken, list[Block | Result]]]:
    """What the user's run says beside the answers to calls."""
    rest = []
    for spoken in exchange.user:
        content = [piece for piece in spoken.pieces if not isinstance(piece, Call) and piece not in exchange.answers]
        if content:
            rest.append((spoken, content))
    return rest


def _user(spoken: Spoken, content: Sequence[Block | Result]) -> Item:
    source = spoken.source
    message: JsonObject = {
        "role": instruction_role(source) or "user",
        "content": _short([_said(one) for one in content]),
    }
    name = loose_text(source.meta.get("name"))
    if name:
        message["name"] = name
    fleeting = any(isinstance(piece, Block) and piece.fleeting for piece in content)
    return Item(message, [source], settled=not fleeting)
