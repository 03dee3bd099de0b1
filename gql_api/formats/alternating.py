"""Exchanges as strictly alternating messages, for providers that want the user to begin and the sides to take turns."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from gql_api.formats.conversation import Block, Call, Exchange, Result, Spoken
from gql_api.formats.layout import Item
from gql_api.formats.values import JsonObject, Source

OPENING = "The conversation begins here, with the assistant."
"""Said by the user where the first message left is the assistant's: providers want the user to begin."""


class Dialect(Protocol):
    """How one provider writes what exchanges are made of."""

    def call(self, call: Call) -> JsonObject: ...
    def answer(self, call: Call, result: Result) -> JsonObject: ...
    def missing(self, call: Call) -> JsonObject: ...
    def text(self, text: str) -> JsonObject: ...
    def message(self, role: str, blocks: list[JsonObject]) -> JsonObject: ...


@dataclass(frozen=True, slots=True)
class _Said:
    block: JsonObject
    source: Source
    fleeting: bool = False


def alternate(exchanges: Sequence[Exchange], dialect: Dialect) -> list[Item]:
    """Write one message a run, results first; only the last message can still grow."""
    items: list[Item] = []
    if exchanges and exchanges[0].assistant:
        items.append(Item(dialect.message("user", [dialect.text(OPENING)]), [], settled=True))
    for exchange in exchanges:
        last = exchange is exchanges[-1]
        if exchange.assistant:
            said = [item for spoken in exchange.assistant for item in _others(spoken, exchange, dialect)]
            items.append(_item(dialect, "assistant", said, settled=not last or bool(exchange.user)))
        if exchange.user:
            said = _answers(exchange, dialect)
            said += [item for spoken in exchange.user for item in _others(spoken, exchange, dialect)]
            items.append(_item(dialect, "user", said, settled=not last))
    return items


def _item(dialect: Dialect, role: str, said: Sequence[_Said], *, settled: bool) -> Item:
    message = dialect.message(role, [item.block for item in said])
    fleeting = any(item.fleeting for item in said)
    return Item(message, [item.source for item in said], settled and not fleeting)


def _answers(exchange: Exchange, dialect: Dialect) -> list[_Said]:
    """Write the results of all calls at once, as providers want them: a stand-in for one that is still to come."""
    said = [_Said(dialect.answer(call, result), result.source) for result, call in exchange.answers.items()]
    return said + [_Said(dialect.missing(call), call.source) for call in exchange.unanswered]


def _others(spoken: Spoken, exchange: Exchange, dialect: Dialect) -> list[_Said]:
    said = []
    for piece in spoken.pieces:
        if isinstance(piece, Block):
            said.append(_Said(piece.value, spoken.source, piece.fleeting))
        elif isinstance(piece, Call):
            said.append(_Said(dialect.call(piece), spoken.source))
        elif piece not in exchange.answers:
            said.append(_Said(dialect.text(piece.as_text), spoken.source))
    return said
