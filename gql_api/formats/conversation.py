"""Stored messages sorted into exchanges, each tool result put to its call; how a piece is written is each provider's.

An exchange is a run of assistant messages and the run of other messages that follows it. A call can be answered only
within its exchange: once the assistant speaks again, providers take no more results for it. So what is written for an
exchange never changes after the next one began, and a prompt cache holds. A result that finds no call becomes text.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gql_api.formats.blob import loose_object, loose_text
from gql_api.formats.media import MEDIA_TYPES
from gql_api.formats.notices import Report
from gql_api.formats.values import JsonObject, Notice, Source

Part = Mapping[str, Any]

NO_RESULT = "No result was recorded for this call."
"""Stands for a result that is not there, since providers refuse a turn that answers only some of its calls."""


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """A part written for the provider; `fleeting` when it holds a URL that will be another one next time."""

    value: JsonObject
    fleeting: bool = False


@dataclass(slots=True, eq=False)
class Call:
    """A tool call; `sent_id` is the id that the provider is given for it."""

    source: Source
    call_id: str
    name: str
    part: Part
    sent_id: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """A tool result."""

    source: Source
    call_id: str
    name: str
    part: Part

    @property
    def text(self) -> str:
        return loose_text(self.part.get("text"))

    @property
    def is_error(self) -> bool:
        return meta_of(self.part).get("is_error") is True

    @property
    def as_text(self) -> str:
        """The result told in words, for when it cannot be sent as one."""
        about = self.call_id or self.name
        return f"Result of the tool call {about}:\n{self.text}" if about else f"Result of a tool call:\n{self.text}"


Piece = Block | Call | Result
Render = Callable[[Part, Source, Report], Block | None]


@dataclass(frozen=True, slots=True)
class Spoken:
    """A message that has something to say in the provider's form."""

    source: Source
    pieces: list[Piece]


@dataclass(frozen=True, slots=True)
class Exchange:
    """A run of assistant messages and what followed; `closed` when no result can come any more."""

    assistant: list[Spoken] = field(default_factory=list)
    user: list[Spoken] = field(default_factory=list)
    answers: dict[Result, Call] = field(default_factory=dict)

    @property
    def calls(self) -> list[Call]:
        return [piece for spoken in self.assistant for piece in spoken.pieces if isinstance(piece, Call)]

    @property
    def unanswered(self) -> list[Call]:
        answered = set(self.answers.values())
        return [call for call in self.calls if call not in answered]


def meta_of(part: Part) -> JsonObject:
    return loose_object(part.get("meta"))


def instruction_role(source: Source) -> str | None:
    """Give system or developer for a message written as one; a message with more than text counts as the user's."""
    role = source.meta.get("original_role")
    if role not in ("system", "developer") or source.role != "user":
        return None
    return role if all(part.get("type") == "text" for part in source.parts) else None


def exchanges(messages: Sequence[Source], report: Report, render: Render) -> list[Exchange]:
    """Sort messages into exchanges and link their calls; messages that say nothing in this form are left out."""
    found: list[Exchange] = []
    for source in messages:
        pieces = list(_pieces(source, report, render))
        if not pieces:
            continue
        if not found or (source.role == "assistant" and found[-1].user):
            found.append(Exchange())
        run = found[-1].assistant if source.role == "assistant" else found[-1].user
        run.append(Spoken(source, pieces))
    for exchange in found:
        _link(exchange, report)
    return found


def _pieces(source: Source, report: Report, render: Render) -> Iterator[Piece]:
    for part in source.parts:
        kind = part.get("type")
        piece: Piece | None
        if kind == "tool-call":
            piece = _call(part, source, report)
        elif kind == "tool-result":
            piece = _result(part, source)
        else:
            piece = render(part, source, report)
        if piece is not None:
            yield piece
        caption = kind in MEDIA_TYPES and part.get("text")
        if caption and (words := render({"type": "text", "text": caption}, source, report)):
            yield words


def _call(part: Part, source: Source, report: Report) -> Call | None:
    meta = meta_of(part)
    name = loose_text(meta.get("name"))
    if source.role != "assistant":
        report.part_dropped(source, f"A call of the tool {name} by the user cannot be sent.")
        return None
    if not name:
        report.part_dropped(source, "A tool call without a name cannot be sent.")
        return None
    return Call(source, loose_text(meta.get("id")), name, part)


def _result(part: Part, source: Source) -> Result:
    meta = meta_of(part)
    name = loose_text(meta.get("name")) or loose_text(meta.get("function_name"))
    return Result(source, loose_text(meta.get("tool_call_id")), name, part)


def _link(exchange: Exchange, report: Report) -> None:
    waiting = exchange.calls
    for spoken in exchange.assistant + exchange.user:
        for piece in spoken.pieces:
            if not isinstance(piece, Result):
                continue
            call = _matching(piece, waiting) if spoken.source.role != "assistant" else None
            if call is None:
                text = f"The call of the tool result {piece.call_id or piece.name} is not there: sent as text."
                report.notices.append(Notice("RESULT_WITHOUT_CALL", piece.source.id, text))
            else:
                waiting.remove(call)
                exchange.answers[piece] = call
    for call in waiting:
        text = f"The call {call.call_id or call.name} of the tool {call.name} has no result."
        report.notices.append(Notice("CALL_WITHOUT_RESULT", call.source.id, text))


def _matching(result: Result, waiting: Sequence[Call]) -> Call | None:
    """Find the call by id, or by name when the result has no id (OpenAI's old function messages)."""
    for call in waiting:
        if result.call_id == call.call_id if result.call_id else result.name == call.name:
            return call
    return None
