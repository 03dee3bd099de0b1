"""What the model may have done: each tool a class with its arguments, done once for each call however often it runs."""

import json
from typing import Any, NamedTuple

from pydantic import BaseModel, ValidationError

from agent.conversation import Call
from agent.server import Failure, Server

WEATHER = {"Bergen": "Rain from noon, 7 °C", "Oslo": "Sun and clouds, 4 °C", "Trondheim": "Snow, -2 °C"}


class Desk(NamedTuple):
    """Where a tool works: the session's files, and the id of the call that it works for."""

    server: Server
    session: str
    call_id: str

    def write(self, path: str, text: str) -> None:
        """Write a file: again at the same path it is the same file."""
        made_by = {"call": self.call_id}
        self.server.ask(lambda client: client.write_file(self.session, path, text, metadata=made_by))

    def read(self, path: str) -> str:
        """Read a file as text."""
        file = self.server.ask(lambda client: client.read_file(self.session, path)).file
        if file is None or file.text_content is None:
            raise Failure("NOT_FOUND", f"There is no text at {path}.")
        return file.text_content


class Tool(BaseModel):
    """A tool is its arguments; its docstring is what the model is told of it."""

    def run(self, desk: Desk) -> str:
        """Do it, or find it done; give what the model is told. Raises `Failure`."""
        raise NotImplementedError


class GetWeather(Tool):
    """Tell today's weather in a city."""

    city: str

    def run(self, desk: Desk) -> str:
        """Look it up."""
        if self.city not in WEATHER:
            raise Failure("NOT_FOUND", f"No weather is known for {self.city}.")
        return WEATHER[self.city]


class BookTrain(Tool):
    """Book a seat in a train to a city."""

    to: str

    def run(self, desk: Desk) -> str:
        """Book under the id of the call: when it runs again, there is still one booking."""
        desk.write(f"/bookings/{desk.call_id}.json", json.dumps({"to": self.to, "booking": desk.call_id}))
        return f"Seat to {self.to}, booking {desk.call_id}"


class WriteFile(Tool):
    """Write a text file."""

    path: str
    text: str

    def run(self, desk: Desk) -> str:
        """Write it to the session's disk."""
        desk.write(self.path, self.text)
        return f"{self.path} is written."


class ReadFile(Tool):
    """Read a text file."""

    path: str

    def run(self, desk: Desk) -> str:
        """Read it from the session's disk."""
        return desk.read(self.path)


TOOLS: dict[str, type[Tool]] = {
    "get_weather": GetWeather,
    "book_train": BookTrain,
    "write_file": WriteFile,
    "read_file": ReadFile,
}


def offered() -> list[dict[str, Any]]:
    """Describe the tools as OpenAI's chat completions take them."""
    return [
        {
            "type": "function",
            "function": {"name": name, "description": tool.__doc__, "parameters": tool.model_json_schema()},
        }
        for name, tool in TOOLS.items()
    ]


def run(desk: Desk, call: Call) -> tuple[str, bool]:
    """Run what the model called; give what to tell it, and whether that is a failure, which is the model's to mend."""
    try:
        return TOOLS[call.name].model_validate(call.arguments).run(desk), False
    except KeyError:
        return f"There is no tool {call.name}.", True
    except ValidationError as error:
        wrong = error.errors()[0]
        return f"{'.'.join(str(step) for step in wrong['loc'])}: {wrong['msg']}", True
    except Failure as failure:
        if failure.code in {"NOT_FOUND", "INVALID_INPUT", "TOO_LARGE"}:
            return str(failure), True
        raise
