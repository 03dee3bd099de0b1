"""One session's conversation: what its end leaves to do, and what comes next stored once, whoever else writes."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any

import stamina

from agent.client import Client, MessageRole, ReadTailSessionMessagesNodes, ReadTailSessionMessagesNodesToolCalls
from agent.server import Failure, Server

Message = ReadTailSessionMessagesNodes
Call = ReadTailSessionMessagesNodesToolCalls
LONGEST_TAIL = 100


@dataclass(frozen=True)
class Tail:
    """The newest messages, oldest first, from which follows what has to be done next."""

    messages: list[Message]

    @property
    def last_id(self) -> str | None:
        """The message that the next one is put behind; None: it will be the first."""
        return self.messages[-1].id if self.messages else None

    @property
    def is_open(self) -> bool:
        """Whether the user waits for an answer."""
        newest = self._newest
        return newest is not None and (newest.role is MessageRole.USER or bool(newest.tool_calls))

    @property
    def open_call(self) -> Call | None:
        """The model's first call that has no result; None: it is the model's turn."""
        calls = self._newest.tool_calls if self._newest else []
        return next((call for call in calls if call.result is None), None)

    @property
    def pin(self) -> str | None:
        """The pin under which the model was asked last."""
        answers = (message for message in reversed(self.messages) if message.role is MessageRole.ASSISTANT)
        return next((message.metadata.get("pin") for message in answers), None)

    def answer_to(self, question_id: str) -> str | None:
        """Give what the model said in the end; None: nothing yet."""
        ids = [message.id for message in self.messages]
        if question_id not in ids:
            raise Failure("NOT_FOUND", f"The question is not among the last {LONGEST_TAIL} messages any more.")
        after = self.messages[ids.index(question_id) :]
        final = (one for one in after if one.role is MessageRole.ASSISTANT and not one.tool_calls)
        return next((message.text for message in final), None)

    @property
    def _newest(self) -> Message | None:
        """The newest message that is no result."""
        return next((message for message in reversed(self.messages) if message.role is not MessageRole.TOOL), None)


class Conversation:
    """The messages of a session. `settling`: seconds that a message may be on its way, as the server is told too."""

    def __init__(self, server: Server, session: str, *, settling: float) -> None:
        self.server = server
        self.session = session
        self._settling = settling

    def tail(self) -> Tail:
        """Read the end of the conversation as it is stored."""
        found = self.server.ask(lambda client: client.read_tail(self.session, LONGEST_TAIL))
        return Tail(found.messages.nodes if found.messages else [])

    def ask(self, tail: Tail, question: str, *, key: str) -> str | None:
        """Put a question behind the tail; give its id, for one key always the same. None: others wrote meanwhile."""
        message = {"role": "user", "content": question}
        try:
            stored = self.server.ask(lambda client: self._add(client, f"question {key}", tail, message, {})).message
        except Failure as failure:
            if failure.code == "CONFLICT":
                return None
            raise
        return str(stored.id)

    def answer(self, tail: Tail, message: dict[str, Any], pin: str | None) -> None:
        """Put what the model said behind the tail, unless something is there already."""
        self._put(tail, lambda client, key: self._add(client, key, tail, message, {"pin": pin}))

    def result(self, tail: Tail, call: Call, text: str, *, failed: bool) -> None:
        """Put what a tool gave behind the tail, unless something is there already."""
        last = str(tail.last_id)
        self._put(tail, lambda client, key: client.add_result(self.session, call.call_id, text, failed, key, last))

    def _add(self, client: Client, key: str, tail: Tail, message: dict[str, Any], metadata: dict[str, Any]) -> Any:
        last = tail.last_id
        return client.add_message(self.session, message, metadata, key, first=last is None, last=last)

    def _put(self, tail: Tail, add: Callable[[Client, str], Any]) -> None:
        """Store what follows the tail, once: its key says what it follows.

        The key may stand for other words, which are nowhere: those of an agent that died together with the server. When
        they cannot come any more, these are stored, under another key.
        """
        for tries in count():
            key = f"after {tail.last_id}" + " again" * tries
            refused = self._refusal(add, key)
            if refused != "IDEMPOTENCY_MISMATCH" or self._has_come(tail):
                return

    def _refusal(self, add: Callable[[Client, str], Any], key: str) -> str | None:
        """Store under a key; give the code when something else stands there or under the key."""
        try:
            self.server.ask(lambda client: add(client, key))
        except Failure as failure:
            if failure.code in {"CONFLICT", "IDEMPOTENCY_MISMATCH"}:
                return failure.code
            raise
        return None

    def _has_come(self, tail: Tail) -> bool:
        """Wait for what may be on its way to follow the tail; say whether it came."""

        @stamina.retry(on=_NotYetError, attempts=None, timeout=self._settling)
        def look() -> None:
            if self.tail().last_id == tail.last_id:
                raise _NotYetError("An earlier try may be on its way.")

        try:
            look()
        except _NotYetError:
            return False
        return True


class _NotYetError(Exception):
    """Nothing has come so far."""
