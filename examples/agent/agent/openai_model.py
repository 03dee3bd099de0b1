"""A model of OpenAI's, or of whoever speaks its chat completions; it needs the package `openai`."""

from typing import Any

from openai import OpenAI


class OpenAIModel:
    """Asks a model by its name; address and key come from the environment, as OpenAI's client reads them."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._client = OpenAI()

    def answer(self, messages: list[Any], tools: list[Any]) -> dict[str, Any]:
        """Give the assistant's next message, as the server takes it."""
        answered = self._client.chat.completions.create(model=self._name, messages=messages, tools=tools)
        return answered.choices[0].message.model_dump(mode="json", exclude_none=True)
