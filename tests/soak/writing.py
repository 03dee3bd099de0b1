"""Writers that do as clients should: each sends a mutation again, to any server, until it is answered."""

import asyncio
import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from soak.ledger import Ledger, Session

_CREATE = """mutation ($input: CreateSessionInput!) {
  createSession(input: $input) { session { id acontextId } errors { code } } }"""
_OPEN = """mutation ($input: GetOrCreateSessionInput!) {
  getOrCreateSession(input: $input) { session { id acontextId } errors { code } } }"""
_STORE = """mutation ($input: StoreMessagesInput!) {
  storeMessages(input: $input) { storedCount replayed messages { text } errors { code } } }"""
_UPLOAD = "mutation ($input: UploadFileInput!) { uploadFile(input: $input) { file { size } errors { code } } }"
_REMOVE = "mutation ($input: DeleteFileInput!) { deleteFile(input: $input) { deletedFileId errors { code } } }"
_UPDATE = (
    "mutation ($input: UpdateSessionInput!) { updateSession(input: $input) { session { title } errors { code } } }"
)
_DELETE = "mutation ($input: DeleteSessionInput!) { deleteSession(input: $input) { deletedSessionId errors { code } } }"
_AGAIN = {"BUSY", "UPSTREAM_FAILED"}
PATIENCE = 90.0
"""Seconds after which a writer no longer waits for an answer."""
_WAIT = 15.0


class GivenUp(Exception):
    """No answer after very many tries."""


@dataclass
class Servers:
    """The addresses that are asked; the one that is killed may change."""

    urls: list[str]
    http: aiohttp.ClientSession

    async def ask(self, lot: random.Random, user: str, query: str, input: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Ask any server; give the code of what went wrong, and the payload where there is one."""
        body = {"query": query, "variables": {"input": input}}
        limit = aiohttp.ClientTimeout(total=_WAIT)
        try:
            async with self.http.post(
                lot.choice(self.urls), json=body, headers={"x-user": user}, timeout=limit
            ) as answer:
                told = json.loads(await answer.read())
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            return type(error).__name__, {}
        payload = next(iter((told.get("data") or {}).values()), None) or {}
        if told.get("errors"):
            return told["errors"][0]["extensions"]["code"], payload
        return next((error["code"] for error in payload["errors"]), ""), payload


@dataclass
class Writer:
    """One client. Several share the sessions of one user."""

    name: str
    user: str
    servers: Servers
    ledger: Ledger
    lot: random.Random
    sessions: list[Session]
    is_over: Callable[[], bool]
    patience: float = PATIENCE
    numbers: int = 0
    mine: dict[str, list[str]] = field(default_factory=dict)

    async def work(self) -> None:
        """Write until it is over."""
        while not self.is_over():
            try:
                await self._step()
            except GivenUp:
                self.ledger.given_up += 1

    async def _step(self) -> None:
        open_sessions = [one for one in self.sessions if not one.is_deleted and not one.is_doubtful]
        if len(open_sessions) < 2:
            await self.create()
            return
        session = self.lot.choice(open_sessions)
        chance = self.lot.random()
        if chance < 0.60:
            await self.store(session)
        elif chance < 0.75:
            await self._upload(session)
        elif chance < 0.82:
            await self._update(session)
        elif chance < 0.88:
            await self._remove(session)
        elif chance < 0.95 or len(open_sessions) < 4:
            await self.create()
        else:
            await self._delete(session)

    def _fresh(self, kind: str) -> str:
        self.numbers += 1
        return f"{self.name}-{self.numbers}-{kind}"

    async def _until_told(self, kind: str, query: str, input: dict[str, Any]) -> tuple[str, dict[str, Any], int]:
        """Send it again until it is answered; give the code, the payload, and how many tries went before."""
        begun, pause = time.monotonic(), 0.02
        for tries in range(10_000):
            self.ledger.tries[kind] += 1
            code, payload = await self.servers.ask(self.lot, self.user, query, input)
            if not code or (payload.get("errors") and code not in _AGAIN):
                self.ledger.done[kind] += 1
                return code, payload, tries
            self.ledger.codes[code] += 1
            if time.monotonic() - begun > self.patience:
                break
            await asyncio.sleep(pause * self.lot.uniform(0.5, 1.5))
            pause = min(pause * 2, 1.0)
        raise GivenUp(kind)

    async def create(self) -> None:
        """Make a session, which all writers of these sessions know of then."""
        title = self._fresh("session")
        query, name = self.lot.choice([(_CREATE, "createSession"), (_OPEN, "getOrCreateSession")])
        code, payload, _ = await self._until_told(name, query, {"title": title, "idempotencyKey": title})
        if code:
            raise AssertionError(f"{name} says {code}")
        made = payload["session"]
        if made["acontextId"] in self.ledger.sessions:
            raise AssertionError("a session was given out twice")
        session = Session(made["id"], made["acontextId"], self.user, title=title)
        self.ledger.sessions[session.acontext_id] = session
        self.sessions.append(session)

    async def store(self, session: Session) -> None:
        """Store a list of messages, mostly of one."""
        key = self._fresh("key")
        texts = [f"{key}-{index}" for index in range(self.lot.choice([1, 1, 1, 2, 3, 5]))]
        messages = [{"message": {"chat": {"role": "USER", "content": text}}} for text in texts]
        input = {"sessionId": session.id, "messages": messages, "idempotencyKey": key}
        code, payload, _ = await self._until_told("storeMessages", _STORE, input)
        if code:
            self._must_be_gone(session, code)
            return
        if [message["text"] for message in payload["messages"]] != texts:
            raise AssertionError("other messages were given than were stored")
        session.said.append((self.name, texts))

    async def _upload(self, session: Session) -> None:
        path, text = f"/{self._fresh('file')}", self._fresh("content")
        input = {"sessionId": session.id, "path": path, "content": {"text": text}}
        code, _, _ = await self._until_told("uploadFile", _UPLOAD, input)
        if code:
            self._must_be_gone(session, code)
        else:
            session.files[path] = text

    async def _remove(self, session: Session) -> None:
        mine = [path for path in session.files if path.startswith(f"/{self.name}-")]
        if not mine:
            return
        path = self.lot.choice(mine)
        del session.files[path]
        session.files[f"-{path}"] = ""
        input = {"file": {"at": {"sessionId": session.id, "path": path}}}
        try:
            code, _, tries = await self._until_told("deleteFile", _REMOVE, input)
        except GivenUp:
            del session.files[f"-{path}"]
            raise
        if code == "NOT_FOUND" and not tries and not session.is_deleted and not session.is_doubtful:
            raise AssertionError("a file that was uploaded was not there to delete")

    async def _update(self, session: Session) -> None:
        title = self._fresh("title")
        code, _, _ = await self._until_told("updateSession", _UPDATE, {"id": session.id, "title": title})
        if code:
            self._must_be_gone(session, code)

    async def _delete(self, session: Session) -> None:
        session.is_doubtful = True
        code, _, tries = await self._until_told("deleteSession", _DELETE, {"id": session.id})
        if code and (code != "NOT_FOUND" or not tries):
            raise AssertionError(f"deleteSession says {code}")
        session.is_deleted = True

    @staticmethod
    def _must_be_gone(session: Session, code: str) -> None:
        if code != "NOT_FOUND" or not session.is_doubtful:
            raise AssertionError(f"a write to a session that is there says {code}")
