"""Sessions made of others: the start of a conversation, and the files, copied to a session and a disk of their own.

Nobody sees a fork before it is whole. It is made behind the request (`making`), which waits for it as long as it may
and tells how far it is; who asks under the same key joins. What a process leaves open the sweep goes on
with, or undoes.
"""

import asyncio
from typing import NamedTuple
from uuid import UUID, uuid4

from gql_api import model, request_scope
from gql_api.errors import Busy, DatabaseFailure, NotFound, ServerStopping, UpstreamFailure
from gql_api.services import rules
from gql_api.services.creation import KEY_PATH, used_with_other_input
from gql_api.services.forking.making import Making, Running
from gql_api.services.ownership import own_session
from gql_api.store import forks, mappings
from gql_api.store.forks import Asked, Fork

__all__ = ["MOST_OF_USER", "Asked", "Forked", "Forking", "New"]

MOST_OF_USER = 2
"""How many forks a user may have under way."""
_SESSION: rules.Path = ("input", "sessionId")
_LOOK_AGAIN = 0.25


class New(NamedTuple):
    """What a session is to be made of, as the caller asks for it; without a title it gets that of the other."""

    asked: Asked
    title: str | None = None
    key: str | None = None


class Forked(NamedTuple):
    """The session, once it is there, and how much of it is copied; of how much is 0 until that was counted."""

    session: model.Session | None
    done: int
    total: int


class Forking:
    """What is asked for."""

    def __init__(self, making: Making) -> None:
        self._making = making

    async def fork(self, owner: str, new: New) -> Forked:
        """Make a session of another of this owner's, or tell how far one under the same key has come.

        Raises `NotFound`, `Invalid`, `Conflict` where a tool call is open, `TooLarge`, `IdempotencyMismatch`, `Busy`,
        or an `UpstreamFailure`. Under a key what failed so is gone on with; without one it is undone.
        """
        new = new._replace(title=rules.title(new.title, ("input", "title")))
        key = _key(new)
        deadline = asyncio.get_running_loop().time() + request_scope.patience()
        running: Running | None = None
        while running is None:
            earlier = await self._earlier(owner, key, deadline) if key else None
            if isinstance(earlier, Forked):
                return earlier
            if isinstance(earlier, Fork):
                running = await self._making.go_on(earlier)
            else:
                running = earlier or await self._begin(owner, new, key)
        return await self._await(running, deadline)

    async def _earlier(self, owner: str, key: mappings.Key, deadline: float) -> Forked | Running | Fork | None:
        """Look what was begun under a key: what came of it, who makes it here, or what anybody may go on with.

        Others who make it are waited for.
        """
        while found := await mappings.find_by_key(owner, key.text):
            mapping, fingerprint = found
            if fingerprint != key.fingerprint:
                raise used_with_other_input()
            if mapping.state is not model.MappingState.CREATING:
                return await self._made(owner, mapping.id)
            if running := self._making.running(mapping.id):
                return running
            fork = await forks.find(mapping.id)
            if fork and (fork.is_free or fork.lease_until < self._making.now()):
                return fork
            if fork and asyncio.get_running_loop().time() > deadline:
                return _progress(fork)
            await asyncio.sleep(_LOOK_AGAIN)
        return None

    async def _made(self, owner: str, id: UUID) -> Forked:
        session = (await mappings.ready(owner, [id])).get(id)
        if session is None:
            raise NotFound("The session that was made under this idempotency key is deleted.", KEY_PATH)
        return Forked(session, 0, 0)

    async def _begin(self, owner: str, new: New, key: mappings.Key | None) -> Running | None:
        """Write down what is to be made, and begin; None where another began under the same key."""
        source = await own_session(owner, new.asked.source, _SESSION)
        async with self._making.turn:  # of those who begin at once, each counts the others
            self._making.make_room()
            if await forks.count(owner) >= MOST_OF_USER:
                raise Busy(f"A user may have {MOST_OF_USER} sessions copied at a time; try again later.", _SESSION)
            intent = mappings.Intent(
                id=uuid4(),
                owner=owner,
                title=source.title if new.title is None else new.title,
                adopted=False,
                nonce=uuid4().hex,
                now=self._making.now(),
                lease_until=self._making.lease_end(),
                key=key,
            )
            fork = await forks.begin(intent, new.asked)
            return self._making.start(fork) if fork else None

    async def _await(self, running: Running, deadline: float) -> Forked:
        """Wait for a fork that is made here as long as one may; who is cut off, or leaves, stops nothing."""
        work, task = running
        await asyncio.wait([task], timeout=max(0.0, deadline - asyncio.get_running_loop().time()))
        if not task.done():
            return Forked(None, min(work.done, work.total), work.total)
        try:
            return Forked(task.result(), work.total, work.total)
        except asyncio.CancelledError:
            raise ServerStopping("This server ends, and another goes on with the fork; ask again.") from None
        except (UpstreamFailure, DatabaseFailure):
            if not work.fork.has_key:
                await asyncio.shield(self._making.give_up(work))
            raise


def _key(new: New) -> mappings.Key | None:
    text = rules.idempotency_key(new.key, KEY_PATH)
    if text is None:
        return None
    asked = new.asked
    told = [str(asked.source), asked.at and str(asked.at), asked.cuts_before, asked.with_files, new.title]
    return mappings.Key(text, rules.fingerprint(["forkSession", *told]))


def _progress(fork: Fork) -> Forked:
    total = fork.plan.messages + fork.plan.files if fork.plan else 0
    return Forked(None, min(fork.done, total), total)
