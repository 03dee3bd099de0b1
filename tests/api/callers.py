"""Callers of the API: those who are believed by `X-User`, and those who prove who they are by a token."""

from typing import Any

import httpx
from pydantic import SecretStr

from api.client import Client
from identity.issuing import AUDIENCE, ISSUER, SECRET, secret_token

BY_TOKEN = {
    "auth": "jwt",
    "jwt_key": SecretStr(SECRET),
    "jwt_algorithms": ("HS256",),
    "jwt_issuer": ISSUER,
    "jwt_audience": (AUDIENCE,),
}
"""What to change of the settings so that callers are asked for tokens."""


class Caller(Client):
    """Asks with headers of its own."""

    def __init__(self, http: httpx.AsyncClient, headers: dict[str, str]) -> None:
        super().__init__(http)
        self.headers = headers

    async def reply(self, query: str, **variables: Any) -> httpx.Response:
        """Return the whole reply."""
        return await self.http.post("/graphql", json={"query": query, "variables": variables}, headers=self.headers)

    async def answer(self, query: str, **variables: Any) -> dict[str, Any]:
        answer: dict[str, Any] = (await self.reply(query, **variables)).json()
        return answer


def believed(client: Client, user: str) -> Caller:
    """Give a caller that says who it is."""
    return Caller(client.http, {"X-User": user})


def proven(client: Client, user: str, *, x_user: str | None = None, **claims: Any) -> Caller:
    """Give a caller with a token."""
    headers = {"Authorization": f"Bearer {secret_token(sub=user, **claims)}"}
    return Caller(client.http, headers if x_user is None else {**headers, "X-User": x_user})
