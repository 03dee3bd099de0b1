"""Copies the start of a conversation message by message, in its order, each with its media and metadata."""

from collections.abc import AsyncIterator
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

from gql_api import model
from gql_api.content import Content, HeldContent
from gql_api.errors import Conflict, UpstreamFailure
from gql_api.formats.again import Again, again, is_same
from gql_api.formats.blob import loose_object, loose_text
from gql_api.services import rules
from gql_api.services.forking.cutting import source_of
from gql_api.store.forks import Plan
from gql_api.upstream import cursor
from gql_api.upstream.messages import Reading
from gql_api.upstream.refusal import Refused
from gql_api.upstream.walking import walk

if TYPE_CHECKING:
    from gql_api.services.forking.work import Work

_SESSION: rules.Path = ("input", "sessionId")
_NAMELESS = "file"
_AT_HAND = 200


class ConversationCopy:
    """The messages of one fork. `last` is the newest that is copied, `start` some from the beginning on."""

    def __init__(self, work: "Work") -> None:
        assert work.fork.plan  # noqa: S101 - it is made before
        self._work = work
        self._plan: Plan = work.fork.plan
        self._calls = work.tools.gateway.messages
        self._from, self._to = work.fork.asked.source, work.fork.id
        self.last: model.Message | None = None
        self.start: list[model.Message] = []

    async def run(self) -> None:
        """Compare what is there already, and store the rest; raise `Conflict` where they differ."""
        there: AsyncIterator[model.Message] | None = self._each(self._to)
        self._work.done = 0
        async for message in self._originals():
            copied = await _next(there)
            if copied is None:
                there, copied = None, await self._store(message)
            _check(copied, message)
            self.last = copied
            if len(self.start) < _AT_HAND:
                self.start.append(copied._replace(meta=message.meta))  # which the answer to a store does not have
            self._work.done += 1
        if await _next(there):
            raise _changed()

    async def _originals(self) -> AsyncIterator[model.Message]:
        """Give the messages to copy, as many as were counted, up to the one that was found to be the last."""
        left = self._plan.messages
        if not left:
            return
        async for message in self._each(self._from):
            yield message
            left -= 1
            if not left and message.id == self._plan.last:
                return
            if not left:
                break
        raise _changed()

    async def _each(self, session_id: UUID) -> AsyncIterator[model.Message]:
        async for messages in walk(partial(self._page, session_id), None):
            for message in messages:
                yield message

    async def _page(self, session_id: UUID, reading: Reading) -> model.MessagePage:
        await self._work.hold()
        if session_id == self._from:
            await self._work.source()
        return await self._calls.read(session_id, reading)

    async def _store(self, message: model.Message) -> model.Message:
        what = again(source_of(message))
        if what is None:
            raise _changed()
        files = await self._files(what)
        metadata = rules.without_ours(message.user_meta) or None
        try:
            async with self._work.sending():
                return await self._sent(what, metadata, files)
        except Refused as refusal:
            if not refusal.is_mistake:
                raise
            raise Conflict("Acontext refused a copy of a message.", _SESSION) from None
        except UpstreamFailure:
            if not self._work.is_in_doubt:
                raise
            found = None
            with suppress(UpstreamFailure):
                found = await self._look()
            if found is None:
                raise
            self._work.settle()
            return found

    async def _sent(
        self, what: Again, metadata: model.JsonObject | None, files: dict[str, tuple[str, Content]]
    ) -> model.Message:
        given: dict[str, Any] = {"blob": what.blob, "metadata": metadata}
        if files:
            return await self._calls.store_with_files(self._to, **given, files=files)
        return await self._calls.store(self._to, **given, format=what.format)

    async def _files(self, what: Again) -> dict[str, tuple[str, Content]]:
        """Read the bytes of a message's media."""
        files: dict[str, tuple[str, Content]] = {}
        for file in what.files:
            await self._work.hold()
            asset = loose_object(file.part.get("asset"))
            key, sha256 = (loose_text(asset.get(name)) for name in ("s3_key", "sha256"))
            content = HeldContent(await self._calls.asset(self._from, key, sha256))
            files[file.field] = (loose_text(file.part.get("filename")) or _NAMELESS, content)
        return files

    async def _look(self) -> model.Message | None:
        """Find the message that was sent without an answer: the one after the last, should it be there."""
        place = cursor.after(self.last.created_at, self.last.id) if self.last else None
        page = await self._calls.read(self._to, Reading(limit=1, after=place))
        return page.messages[0] if page.messages else None


async def _next(messages: AsyncIterator[model.Message] | None) -> model.Message | None:
    """Give the next of these; None where there is none."""
    if messages:
        async for message in messages:
            return message
    return None


def _check(copied: model.Message, message: model.Message) -> None:
    """Compare what Acontext keeps of both; metadata may be changed at any time, and are those of when it was copied."""
    if copied.role != message.role or not is_same(copied.parts, message.parts):
        raise _changed()


def _changed() -> Conflict:
    return Conflict("The conversation changed while it was copied; try again.", _SESSION)
