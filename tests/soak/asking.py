"""A client that does as clients should: it sends a mutation again, to any server, until it is answered."""

import asyncio
import json
import random
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import aiohttp

from replicas.fleet import KEY
from soak.ledger import Ledger, Session

AGAIN = {"BUSY", "UPSTREAM_FAILED"}
PATIENCE = 90.0
"""Seconds after which a writer no longer waits for an answer."""
_WAIT = 15.0
_HANGS_UP, _HURRY = 0.03, 0.3
"""The share of requests that clients do not wait for, and within how many seconds they hang up."""
_TRIES_PAST = 5


class GivenUp(Exception):
    """No answer after very many tries."""


@dataclass
class Servers:
    """The addresses that are asked; the one that is killed may change. `acontext` is Acontext itself, if any."""

    urls: list[str]
    http: aiohttp.ClientSession
    acontext: str = ""

    async def ask(self, lot: random.Random, user: str, query: str, input: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Ask any server; give the code of what went wrong, and the payload where there is one.

        Of several codes the one comes first after which it is to be asked again.
        """
        body = {"query": query, "variables": {"input": input}}
        hangs_up = lot.random() < _HANGS_UP
        limit = aiohttp.ClientTimeout(total=lot.uniform(0, _HURRY) if hangs_up else _WAIT)
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
        codes = [error["code"] for error in payload["errors"]]
        return next((code for code in codes if code in AGAIN), next(iter(codes), "")), payload

    async def make_past_them(self, user: str, id: str) -> None:
        """Make a session in Acontext itself; it is asked again where a connection was kept for too long."""
        headers, body = {"authorization": f"Bearer {KEY}"}, {"user": user, "use_uuid": id}
        for _ in range(_TRIES_PAST):
            with suppress(aiohttp.ClientError):
                async with self.http.post(f"{self.acontext}/session", json=body, headers=headers) as answer:
                    answer.raise_for_status()
                    return
        raise AssertionError("Acontext itself does not answer")


@dataclass
class Asker:
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
    refusal: str = ""
    """What was told last, for the report."""

    @property
    def open_sessions(self) -> list[Session]:
        """Those that nobody has tried to delete."""
        return [one for one in self.sessions if not one.is_deleted and not one.is_doubtful]

    def fresh(self, kind: str) -> str:
        """Give a text that is nowhere else."""
        self.numbers += 1
        return f"{self.name}-{self.numbers}-{kind}"

    async def until_told(
        self, kind: str, query: str, input: dict[str, Any], is_done: Callable[[Any], bool] = bool
    ) -> tuple[str, dict[str, Any], int]:
        """Send it again until it is answered; give the code, the payload, and how many tries went before.

        A payload without errors can say that it is not done: then it is asked again too.
        """
        begun, pause = time.monotonic(), 0.02
        for tries in range(10_000):
            self.ledger.tries[kind] += 1
            code, payload = await self.servers.ask(self.lot, self.user, query, input)
            if (not code and is_done(payload)) or (payload.get("errors") and code not in AGAIN):
                self.ledger.done[kind] += 1
                self.refusal = f"{kind}: {payload.get('errors')}"
                return code, payload, tries
            self.ledger.codes[code or "not done yet"] += 1
            if time.monotonic() - begun > self.patience:
                break
            await asyncio.sleep(pause * self.lot.uniform(0.5, 1.5))
            pause = min(pause * 2, 1.0)
        raise GivenUp(kind)

    def must_be_gone(self, session: Session, code: str) -> None:
        """See that a write was refused for the only good reason."""
        if code != "NOT_FOUND" or not session.is_doubtful:
            self.ledger.wrong.append(f"a write to a session that is there was refused: {self.refusal}")
