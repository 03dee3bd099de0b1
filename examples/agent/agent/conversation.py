"""One session's conversation: what its end leaves to do, and what comes next stored once, whoever else writes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

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
    def next_key(self) -> str:
        """The key of what comes next: what follows a message is written once."""
        return f"after {self.last_id}"

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
    """The messages of a session."""

    def __init__(self, server: Server, session: str) -> None:
        self._server = server
        self.session = session

    def tail(self) -> Tail:
        """Read the end of the conversation as it is stored."""
        found = self._server.ask(lambda client: client.read_tail(self.session, LONGEST_TAIL))
        return Tail(found.messages.nodes if found.messages else [])

    def ask(self, tail: Tail, question: str, *, key: str) -> str | None:
        """Put a question behind the tail; give its id, for one key always the same. None: others wrote meanwhile."""
        message = {"role": "user", "content": question}
        return self._unless({"CONFLICT"}, self._adding(tail, message, {}, f"question {key}"))

    def answer(self, tail: Tail, message: dict[str, Any], pin: str | None) -> None:
        """Put what the model said behind the tail, unless something is there already."""
        self._unless({"CONFLICT", "IDEMPOTENCY_MISMATCH"}, self._adding(tail, message, {"pin": pin}, tail.next_key))

    def result(self, tail: Tail, call: Call, text: str, *, failed: bool) -> None:
        """Put what a tool gave behind the tail, unless something is there already."""

        def add(client: Client) -> Any:
            return client.add_result(self.session, call.call_id, text, failed, tail.next_key, str(tail.last_id))

        self._unless({"CONFLICT", "IDEMPOTENCY_MISMATCH"}, add)

    def _adding(
        self, tail: Tail, message: dict[str, Any], metadata: dict[str, Any], key: str
    ) -> Callable[[Client], Any]:
        last = tail.last_id
        return lambda client: client.add_message(
            self.session, message=message, metadata=metadata, key=key, last=last, first=last is None
        )

    def _unless(self, overtaken: set[str], add: Callable[[Client], Any]) -> str | None:
        """Store; what somebody else, or this agent before it was killed, has put there meanwhile, stands."""
        try:
            return str(self._server.ask(add).message.id)
        except Failure as failure:
            if failure.code in overtaken:
                return None
            raise
