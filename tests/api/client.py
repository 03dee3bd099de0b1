"""A GraphQL client for tests: whole answers, and the few operations that most tests begin with."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx

CREATE = """
mutation ($input: CreateSessionInput!) {
  createSession(input: $input) { session { id acontextId title disk { id acontextId } } errors { code message path } }
}
"""
STORE = """
mutation ($session: ID!, $messages: [StoreMessagesItemInput!]!) {
  storeMessages(input: {sessionId: $session, messages: $messages}) {
    messages { id acontextId } storedCount errors { code message path }
  }
}
"""
UPLOAD = """
mutation ($input: UploadFileInput!) {
  uploadFile(input: $input) { file { id path size } replaced errors { code message path } }
}
"""


class _At:
    """A client's way to one server."""

    def __init__(self, http: httpx.AsyncClient, url: str) -> None:
        self._http = http
        self._url = url

    async def post(self, path: str, **options: Any) -> httpx.Response:
        return await self._http.post(self._url + path, **options)


Learn = Callable[[], Awaitable[None]]


async def _of_another_process() -> None:
    raise NotImplementedError("only an application of this process can be told so")


class Client:
    """Asks as one user."""

    def __init__(self, http: httpx.AsyncClient, user: str | None = None, *, learn: Learn = _of_another_process) -> None:
        """`learn` lets the application write down at once what it has noted behind the requests."""
        self.http = http
        self.user = user
        self.learn = learn

    @classmethod
    def of(cls, http: httpx.AsyncClient, url: str) -> "Client":
        """Make a client of the server at `http://host:port`, one of several that are asked by the same means."""
        return cls(_At(http, url))  # type: ignore[arg-type]

    def as_user(self, user: str) -> "Client":
        """Return a client that asks as another user."""
        return Client(self.http, user, learn=self.learn)

    async def answer(self, query: str, **variables: Any) -> dict[str, Any]:
        """Return the whole answer, errors included."""
        headers = {"X-User": self.user} if self.user else {}
        response = await self.http.post("/graphql", json={"query": query, "variables": variables}, headers=headers)
        answer: dict[str, Any] = response.json()
        return answer

    async def data(self, query: str, **variables: Any) -> dict[str, Any]:
        """Return the data of an answer without errors."""
        answer = await self.answer(query, **variables)
        assert "errors" not in answer, answer["errors"]
        data: dict[str, Any] = answer["data"]
        return data

    async def code(self, query: str, **variables: Any) -> str:
        """Return the code of the answer's only error."""
        answer = await self.answer(query, **variables)
        [error] = answer["errors"]
        code: str = error["extensions"]["code"]
        return code

    async def create(self, **input: Any) -> dict[str, Any]:
        """Make a session."""
        payload = (await self.data(CREATE, input=input))["createSession"]
        assert payload["errors"] == []
        session: dict[str, Any] = payload["session"]
        return session

    async def store(self, session: str, *messages: Any) -> list[str]:
        """Store messages, plain texts being the user's; return their ids."""
        payload = await self._store(session, messages)
        assert payload["errors"] == []
        return [message["id"] for message in payload["messages"]]

    async def try_to_store(self, session: str, *messages: Any) -> list[str]:
        """Store messages, if they can be; return the codes of what is in the way."""
        return [error["code"] for error in (await self._store(session, messages))["errors"]]

    async def _store(self, session: str, messages: tuple[Any, ...]) -> dict[str, Any]:
        items = [{"message": _message(message)} for message in messages]
        payload: dict[str, Any] = (await self.data(STORE, session=session, messages=items))["storeMessages"]
        return payload

    async def upload(self, session: str, path: str, text: str = "text") -> dict[str, Any]:
        """Write a file."""
        payload = (await self.data(UPLOAD, input={"sessionId": session, "path": path, "content": {"text": text}}))[
            "uploadFile"
        ]
        assert payload["errors"] == []
        file: dict[str, Any] = payload["file"]
        return file


def _message(given: Any) -> Any:
    return {"chat": {"role": "USER", "content": given}} if isinstance(given, str) else given
