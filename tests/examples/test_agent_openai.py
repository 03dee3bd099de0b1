"""The agent with OpenAI's own client: what the client gives is stored, and what the server gives it takes."""

import json
import subprocess
import sys
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from commands import environment
from examples.agents import FOLDER, asked
from loopback import served

CREATE = "mutation { createSession(input: {}) { session { id } } }"
CALL = {"id": "call_x", "type": "function", "function": {"name": "get_weather", "arguments": '{"city":"Oslo"}'}}
SAYS: list[dict[str, Any]] = [{"content": None, "tool_calls": [CALL]}, {"content": "No umbrella is needed."}]


def completions(requests: list[Any]) -> type[BaseHTTPRequestHandler]:
    """Answer as chat completions do, with all that they say beside the answer; note what was asked."""

    class Completions(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            requests.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            said = {"role": "assistant", "refusal": None, "annotations": [], **SAYS[len(requests) - 1]}
            choice = {"index": 0, "finish_reason": "stop", "logprobs": None, "message": said}
            answer = {"id": "c", "object": "chat.completion", "created": 1, "model": "some-model", "choices": [choice]}
            body = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: Any) -> None:
            """Say nothing."""

    return Completions


async def test_a_model_of_openais_is_asked_and_stored(endpoint: str) -> None:
    session = (await asked(endpoint, "openai", CREATE))["createSession"]["session"]["id"]
    requests: list[Any] = []
    with served(completions(requests)) as address:
        settings = {"OPENAI_BASE_URL": f"{address}/v1", "OPENAI_API_KEY": "none", "PYTHONPATH": str(FOLDER)}
        command = [sys.executable, str(Path(__file__).with_name("with_openai.py")), endpoint, "openai", session]
        done = subprocess.run(  # noqa: S603, ASYNC221  the server is a process of its own
            [*command, "Do I need an umbrella in Oslo?"],
            env=environment(**settings),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert (done.stdout, done.stderr) == ("No umbrella is needed.", "")
    first, second = (request["messages"] for request in requests)
    question = {"role": "user", "content": "Do I need an umbrella in Oslo?"}
    assert [first[0]["role"], first[1:]] == ["system", [question]]
    assert second[1:] == [
        question,
        {"role": "assistant", "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "call_x", "content": "Sun and clouds, 4 °C"},
    ]
    assert [tool["function"]["name"] for tool in requests[0]["tools"]] == [
        "get_weather",
        "book_train",
        "write_file",
        "read_file",
    ]
