"""Servers that sessions are carried between: a folder, a database, and the commands that work on them."""

import asyncio
import base64
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

import execution
from gql_api import cli
from gql_api.app import create_app
from gql_api.settings import read_settings

Ask = Callable[..., Awaitable[Any]]
CREATE = "mutation ($i: CreateSessionInput!) { createSession(input: $i) { session { id acontextId } errors { path } } }"
UPDATE = "mutation ($i: UpdateSessionInput!) { updateSession(input: $i) { errors { path } } }"
STORE = "mutation ($i: StoreMessagesInput!) { storeMessages(input: $i) { storedCount errors { path message } } }"
UPLOAD = "mutation ($i: UploadFileInput!) { uploadFile(input: $i) { errors { path message } } }"
DELETE = "mutation ($i: DeleteSessionInput!) { deleteSession(input: $i) { errors { path } } }"
READ = """
{ sessions { nodes {
  acontextId title tags configs createdAt pinnedAt archivedAt
  messages { nodes { role text metadata parts {
    __typename metadata
    ... on TextPart { text } ... on ThinkingPart { text redacted }
    ... on ToolCallPart { callId name argumentsText result { text } }
    ... on ToolResultPart { callId text isError call { name } }
    ... on MediaPart { kind filename mimeType size sha256 }
    ... on DataPart { dataType }
  } } openai: formatted(as: OPENAI) { messages } anthropic: formatted(as: ANTHROPIC) { system messages } }
  files(glob: "**") { nodes { path mimeType size metadata textContent } }
} } }
"""


@dataclass
class Server:
    """A server that is not running: commands work on its data, and questions start it for as long as they take."""

    folder: Path
    database_url: str
    patch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]
    more: dict[str, str] = field(default_factory=dict)

    @property
    def settings(self) -> dict[str, str]:
        """What it is told by the environment."""
        return {"GQL_API_DATA_DIR": str(self.folder), "DATABASE_URL": self.database_url, **self.more}

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """Run a command; give exit code, output and errors."""
        code: Any = 0
        with self.patch.context() as patch:
            for name, value in self.settings.items():
                patch.setenv(name, value)
            try:
                cli.main(arguments)
            except SystemExit as end:
                code = end.code
        told = self.capsys.readouterr()
        return code, told.out, told.err

    def within(self, work: Callable[[Ask], Awaitable[Any]], *, user: str = "ada") -> Any:
        """Do something as this user."""

        async def working() -> Any:
            settings: dict[str, Any] = {"GQL_API_ALLOWED_HOSTS": "api.test", **self.settings}
            app = create_app(read_settings(**settings), schema=execution.schema(is_compared=False))
            transport = httpx.ASGITransport(app)
            async with (
                app.router.lifespan_context(app),
                httpx.AsyncClient(transport=transport, base_url="http://api.test", timeout=60) as http,
            ):

                async def ask(query: str, **variables: Any) -> Any:
                    body = {"query": query, "variables": variables}
                    answer = (await http.post("/graphql", json=body, headers={"x-user": user})).json()
                    assert "errors" not in answer, answer
                    assert not any((one or {}).get("errors") for one in answer["data"].values()), answer
                    return answer["data"]

                return await work(ask)

        return asyncio.run(working())

    def all(self, user: str = "ada") -> list[Any]:
        """Give all that a user sees."""

        async def read(ask: Ask) -> Any:
            return (await ask(READ))["sessions"]["nodes"]

        nodes: list[Any] = self.within(read, user=user)
        return nodes


async def make(ask: Ask, *, title: str = "Oslo", **more: Any) -> tuple[str, str]:
    """Make a session; give its global id, and Acontext's."""
    made = (await ask(CREATE, i={"title": title, **more}))["createSession"]["session"]
    return made["id"], made["acontextId"]


async def say(ask: Ask, session: str, *messages: Any) -> None:
    """Store messages, texts or whole inputs."""
    items = [
        {"message": {"chat": {"role": "USER", "content": message}}} if isinstance(message, str) else message
        for message in messages
    ]
    for start in range(0, len(items), 100):
        await ask(STORE, i={"sessionId": session, "messages": items[start : start + 100]})


async def put(ask: Ask, session: str, path: str, content: bytes, **more: Any) -> None:
    """Store a file."""
    encoded = {"base64": base64.b64encode(content).decode()}
    await ask(UPLOAD, i={"sessionId": session, "path": path, "content": encoded, **more})
