"""Where a conversation is cut: after which message, how many come before it, and whether a tool call is open there.

A call is open until it has its result, or until the assistant speaks again: from then on no provider takes a result for
it (see `formats.conversation`).
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

from gql_api import model
from gql_api.errors import Conflict, Invalid, NotFound, TooLarge
from gql_api.formats import Source
from gql_api.formats.again import again
from gql_api.formats.blob import loose_object, loose_text
from gql_api.services import rules
from gql_api.store.forks import Asked
from gql_api.upstream.gateway import Gateway
from gql_api.upstream.walking import walk

MOST_MESSAGES = 10_000
AT: rules.Path = ("input", "atMessageId")


class Named(NamedTuple):
    """A tool call, or the one that a result is of."""

    id: str
    name: str


class Step(NamedTuple):
    """What matters of a message here: who speaks, and which calls it makes and answers, each by its id and name."""

    id: UUID
    by_assistant: bool | None
    """None where it says nothing."""
    calls: tuple[Named, ...] = ()
    answers: tuple[Named, ...] = ()

    @classmethod
    def of(cls, message: model.Message) -> "Step":
        """Look at a message. What stands with the wrong speaker is no call, and no answer."""
        by_assistant = message.role == "assistant"
        calls = _named(message.parts, "tool-call", "id", "name")
        sent = tuple(call for call in calls if call.name and by_assistant)  # no provider takes others
        if len(message.parts) == len(calls) - len(sent):
            return cls(message.id, None)
        results = _named(message.parts, "tool-result", "tool_call_id", "name", "function_name")
        return cls(message.id, by_assistant, calls=sent, answers=() if by_assistant else results)


class Cut(NamedTuple):
    """How many messages are copied, and the last of them."""

    messages: int
    last: UUID | None


async def cut(gateway: Gateway, asked: Asked, hold: Callable[[], Awaitable[None]]) -> Cut:
    """Find where a conversation is cut; `hold` is called before each call of Acontext.

    Raises `NotFound` where there is no such message, `Conflict` where a call is open there that is not to be cut off,
    `TooLarge`, and `Invalid` where a message cannot be stored once more.
    """
    steps = await _steps(gateway, asked, hold)
    if len(steps) > MOST_MESSAGES:
        raise TooLarge(f"At most {MOST_MESSAGES} messages can be copied.", AT)
    end = closed_before(steps)
    if end < len(steps) and not asked.cuts_before:
        raise Conflict(
            "A tool call has no result yet at this place. Cut after its result, or have it cut off with openToolCalls.",
            AT,
        )
    return Cut(end, steps[end - 1].id if end else None)


def closed_before(steps: Sequence[Step]) -> int:
    """Give the longest start of a conversation at whose end no call is open."""
    end = len(steps)
    while (opened := _open_at(steps[:end])) is not None:
        end = opened
    return end


def _open_at(steps: Sequence[Step]) -> int | None:
    """Give the place of the first message at whose call the end of these messages waits."""
    waiting: list[tuple[int, Named]] = []
    for place, step in _exchange(steps):
        waiting += [(place, call) for call in step.calls]
        for answer in step.answers:
            waiting = _without(waiting, answer)
    return waiting[0][0] if waiting else None


def _exchange(steps: Sequence[Step]) -> Iterator[tuple[int, Step]]:
    """Give the last run of the assistant's messages, and what follows it, each with its place."""
    start = len(steps)
    while start and not steps[start - 1].by_assistant:
        start -= 1
    while start and steps[start - 1].by_assistant is not False:
        start -= 1
    return ((place, steps[place]) for place in range(start, len(steps)))


def _without(waiting: list[tuple[int, Named]], answer: Named) -> list[tuple[int, Named]]:
    """Take out the call that is answered: by its id, or by its name where the answer has no id."""
    for index, (_, call) in enumerate(waiting):
        if call.id == answer.id if answer.id else call.name == answer.name:
            return waiting[:index] + waiting[index + 1 :]
    return waiting


def _named(parts: Sequence[Mapping[str, Any]], kind: str, id: str, *names: str) -> tuple[Named, ...]:
    metas = [loose_object(part.get("meta")) for part in parts if part.get("type") == kind]
    return tuple(Named(loose_text(meta.get(id)), next(filter(None, _texts(meta, names)), "")) for meta in metas)


def _texts(meta: model.JsonObject, names: Sequence[str]) -> Iterator[str]:
    return (loose_text(meta.get(name)) for name in names)


async def _steps(gateway: Gateway, asked: Asked, hold: Callable[[], Awaitable[None]]) -> list[Step]:
    """Read the conversation up to where it is to be cut, or one message more than can be copied."""
    steps: list[Step] = []
    async for messages in walk(partial(gateway.messages.read, asked.source), None):
        for message in messages:
            if not again(source_of(message)):
                raise Invalid("A message of this conversation is of a kind that cannot be stored once more.", AT)
            steps.append(Step.of(message))
            if message.id == asked.at or len(steps) > MOST_MESSAGES:
                return steps
        if asked.at_time and messages[-1].created_at > asked.at_time:
            break
        await hold()
    if asked.at:
        raise NotFound("There is no such message in this conversation.", AT)
    return steps


def source_of(message: model.Message) -> Source:
    """Give a message as the formats take it."""
    return Source(message.id_text, message.role, message.parts, message.meta)
