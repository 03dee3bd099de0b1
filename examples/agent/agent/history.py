"""The conversation as the model gets it: cut to what it may cost, with a start that stays as long as it can."""

from typing import Any, NamedTuple

from agent.client import LoadHistorySessionMessages
from agent.conversation import Conversation
from agent.server import Failure


class Budget(NamedTuple):
    """What a history keeps when it is cut: tokens and tool results; `room`: tokens that it may grow by until then."""

    limit: int = 70_000
    room: int = 20_000
    results: int = 5


class History(NamedTuple):
    """Messages in OpenAI's form, and the message up to which they were edited."""

    messages: list[Any]
    pin: str | None


def load(of: Conversation, budget: Budget, pin: str | None) -> History:
    """Read the history under a pin, by which its start stays as it was; under a new one where it has grown too long.

    Each cut costs the provider's prompt cache: it is made seldom and deep, not at every message beyond the limit.
    """
    found = _read(of, budget, pin)
    if pin and (found.token_count or 0) > budget.limit + budget.room:
        found = _read(of, budget, None)
    if not found.formatted or not found.formatted.messages:
        raise Failure("TOO_LARGE", f"The last message alone has more than {budget.limit} tokens.")
    return History(found.formatted.messages, found.edit_at_message_id)


def _read(of: Conversation, budget: Budget, pin: str | None) -> LoadHistorySessionMessages:
    found = of.server.ask(lambda client: client.load_history(of.session, budget.limit, budget.results, pin)).messages
    if found is None:
        raise Failure("NOT_FOUND", "The conversation is gone.")
    return found
