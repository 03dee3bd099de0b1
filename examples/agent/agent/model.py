"""What a model is to the agent, and one that follows a script in the place of a real one."""

import hashlib
import json
from typing import Any, Protocol

from agent.tools import WEATHER


class Model(Protocol):
    """Whatever answers a list of messages with one more, all in the form of OpenAI's chat completions."""

    def answer(self, messages: list[Any], tools: list[dict[str, Any]]) -> dict[str, Any]:
        """Give the assistant's next message: text, or calls of the tools that are offered."""
        ...


class ScriptedModel:
    """Plans a day by four messages. It knows nothing but what it is given, so the same gives the same."""

    def answer(self, messages: list[Any], tools: list[dict[str, Any]]) -> dict[str, Any]:
        """Look how far the turn has come since the user spoke."""
        asked = max((place for place, one in enumerate(messages) if one["role"] == "user"), default=None)
        if asked is None:
            return _say("I have lost the thread. What shall I plan?")
        city = next((city for city in WEATHER if city in str(messages[asked]["content"])), None)
        if city is None:
            return _say(f"I plan days in {', '.join(WEATHER)}. Which shall it be?")
        turn = messages[asked + 1 :]
        results = [one["content"] for one in turn if one["role"] == "tool"]
        path = f"/plans/{city.lower()}.md"
        match sum(one["role"] == "assistant" for one in turn):
            case 0:
                return _call(messages, ("get_weather", {"city": city}), ("book_train", {"to": city}))
            case 1:
                return _call(messages, ("write_file", {"path": path, "text": _plan(city, results)}))
            case 2:
                return _call(messages, ("read_file", {"path": path}))
        return _say(f"{results[-1]}\nThe plan is in {path}.")


def _plan(city: str, results: list[str]) -> str:
    return "\n".join([f"A day in {city}", *(f"- {result}" for result in results)])


def _say(text: str) -> dict[str, Any]:
    return {"role": "assistant", "content": text}


def _call(messages: list[Any], *wanted: tuple[str, dict[str, str]]) -> dict[str, Any]:
    """Call tools under ids that no other call has, since no other prompt is the same."""
    prompt = hashlib.sha256(json.dumps(messages).encode()).hexdigest()[:12]
    calls = [
        {"id": f"call_{prompt}_{place}", "type": "function", "function": {"name": name, "arguments": json.dumps(given)}}
        for place, (name, given) in enumerate(wanted)
    ]
    return {"role": "assistant", "content": None, "tool_calls": calls}
