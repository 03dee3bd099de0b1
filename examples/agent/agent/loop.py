"""The loop: read how the conversation ends, do the one thing that is missing, read again. Nothing is kept between."""

from collections.abc import Callable
from typing import TypeVar

from agent import history, tools
from agent.conversation import Call, Conversation, Tail
from agent.model import Model
from agent.server import Failure

T = TypeVar("T")
MOST_STEPS = 200
INSTRUCTIONS = {"role": "system", "content": "You plan days in Norway. Write each plan to a file, and read it back."}
"""They are not stored: so no edit cuts them, and they change with the program."""


class Agent:
    """Answers in one session. It may be killed at any moment and run again, or run twice at once."""

    def __init__(
        self, conversation: Conversation, *, model: Model, budget: history.Budget, tell: Callable[[str, str], None]
    ) -> None:
        self._conversation = conversation
        self._model = model
        self._budget = budget
        self._tell = tell

    def ask(self, question: str, *, key: str) -> str:
        """Answer what is open, then ask, once for each key; give the answer."""
        id: str | None = None
        while id is None:
            id = self._conversation.ask(self.finish(), question, key=key)
        asked = id
        return self._until(lambda tail: tail.answer_to(asked))

    def finish(self) -> Tail:
        """Answer what is open; give the end of the conversation."""
        return self._until(lambda tail: None if tail.is_open else tail)

    def _until(self, done: Callable[[Tail], T | None]) -> T:
        for _ in range(MOST_STEPS):
            tail = self._conversation.tail()
            found = done(tail)
            if found is not None:
                return found
            self._step(tail)
        raise Failure("TOO_LARGE", f"There is no answer after {MOST_STEPS} steps.")

    def _step(self, tail: Tail) -> None:
        if call := tail.open_call:
            self._run(tail, call)
        else:
            self._answer(tail)

    def _answer(self, tail: Tail) -> None:
        """Have the model say what comes next. The pin that it was asked under is kept with what it said."""
        loaded = history.load(self._conversation, self._budget, tail.pin)
        message = self._model.answer([INSTRUCTIONS, *loaded.messages], tools.offered())
        self._conversation.answer(tail, message, loaded.pin)

    def _run(self, tail: Tail, call: Call) -> None:
        """Run a tool whose result is not stored. It may have run before, and knows that by the call's id."""
        text, failed = tools.run(tools.Desk(self._conversation.server, self._conversation.session, call.call_id), call)
        self._tell(call.name, text)
        self._conversation.result(tail, call, text, failed=failed)
