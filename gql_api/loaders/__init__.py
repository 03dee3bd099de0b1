"""Reads, batched and remembered for one operation: each distinct thing is asked for once, all of a batch at once.

Acontext has no call for several things, so a batch is one call for each distinct key; how many run at a time is the
gateway's to say. One key's failure is that key's alone. After a write the operation goes on with new loaders.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from contextlib import suppress
from functools import cached_property, partial
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

from strawberry.dataloader import DataLoader

from gql_api import model
from gql_api.errors import UpstreamFailure
from gql_api.loaders import kept, urls
from gql_api.loaders.counter import Count, TokenCounter
from gql_api.loaders.keys import FileKey, MessageKey, Owned, SessionEventKey, SessionsKey, Shown
from gql_api.loaders.session_events import Pages as EventPages
from gql_api.loaders.session_events import one_of
from gql_api.loaders.spreading import spread
from gql_api.loaders.view import Views
from gql_api.store import mappings
from gql_api.store.place_keeper import PlaceKeeper
from gql_api.store.places import Counted, Place, Wanted
from gql_api.telemetry import Batch, doing, is_watched
from gql_api.upstream import cursor
from gql_api.upstream.gateway import Gateway
from gql_api.upstream.messages import Reading
from gql_api.upstream.urls import UrlCache

if TYPE_CHECKING:
    from gql_api.upstream.guarded_calls import GuardedCalls

__all__ = ["FileKey", "Loaders", "MessageKey", "Owned", "SessionEventKey", "SessionsKey", "Shown"]

_HALF_A_DAY = 12 * 3600
_WHOLE = Reading()

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
Pages = DataLoader[tuple[UUID, Reading], model.MessagePage]


class Loaders:
    """All loaders of one operation."""

    def __init__(self, gateway: Gateway, urls: UrlCache, places: PlaceKeeper, counter: TokenCounter) -> None:
        self.places = places
        self._counter = counter
        self.heads: Views = {}
        self.tails: Views = {}
        self._gateway = gateway
        self._urls = urls

    @cached_property
    def session(self) -> DataLoader[Owned, model.Session | None]:
        """Give sessions by their ids."""
        return _batched("session", kept.mappings_of(mappings.ready))

    @cached_property
    def session_of_disk(self) -> DataLoader[Owned, model.Session | None]:
        """Give sessions by the ids of their disks."""
        return _batched("session_of_disk", kept.mappings_of(mappings.ready_by_disk))

    @cached_property
    def sessions(self) -> DataLoader[SessionsKey, tuple[list[model.Session], bool]]:
        """Give pages of the list of sessions, and whether there is more."""
        return self._each("sessions", partial(kept.sessions_of, self.places))

    @cached_property
    def session_count(self) -> DataLoader[tuple[str, model.SessionFilter], int]:
        """Count sessions."""
        return self._each("session_count", kept.session_count)

    @cached_property
    def erasure(self) -> DataLoader[Owned, model.Erasure | None]:
        """Give erasures of users by their ids."""
        return self._each("erasure", kept.erasure_of)

    @cached_property
    def tags(self) -> DataLoader[UUID, list[str]]:
        """Give the tags of sessions."""
        return _batched("tags", kept.tags_of)

    @cached_property
    def opening(self) -> DataLoader[UUID, str | None]:
        """Give how conversations open, as far as it is known here."""
        return _batched("opening", partial(kept.openings_of, self.places))

    @cached_property
    def siblings(self) -> DataLoader[UUID, UUID]:
        """Give back what is asked for, once all that is resolved along with it has begun."""
        return DataLoader(_themselves)

    def whole(self, session_id: UUID) -> "asyncio.Future[model.MessagePage] | None":
        """Give the read of a whole conversation, if this operation makes one."""
        return self.messages.cache_map.get((session_id, _WHOLE))

    @cached_property
    def configs(self) -> DataLoader[UUID, model.JsonObject | None]:
        """Give the configs of sessions."""
        return self._each("configs", partial(_configs, self._gateway))

    @cached_property
    def token_total(self) -> DataLoader[UUID, int]:
        """Count the tokens of whole conversations."""
        return self._each("token_total", partial(_token_total, self._gateway, self.messages))

    @cached_property
    def token_count(self) -> DataLoader[Shown, int | None]:
        """Count the tokens of single messages as they are shown."""
        return _batched("token_count", partial(_token_counts, self._counter))

    @cached_property
    def anchor(self) -> DataLoader[Wanted, Place | None]:
        """Give known places in conversations."""
        return _batched("anchor", kept.anchors_of)

    @cached_property
    def counted(self) -> DataLoader[UUID, Counted | None]:
        """Give what was counted of conversations before."""
        return _batched("counted", kept.counts_of)

    @cached_property
    def messages(self) -> DataLoader[tuple[UUID, Reading], model.MessagePage]:
        """Give pages of conversations."""
        return self._each("messages", partial(_page, self._gateway, self.places))

    @cached_property
    def message(self) -> DataLoader[MessageKey, model.Message | None]:
        """Give single messages."""
        return self._each("message", partial(_message, self.messages))

    @cached_property
    def session_events(self) -> EventPages:
        """Give pages of the events of sessions."""
        read = self._gateway.session_events.read
        return self._each("session_events", lambda key: read(key.session_id, limit=key.limit, after=key.after))

    @cached_property
    def session_event(self) -> DataLoader[SessionEventKey, model.SessionEvent | None]:
        """Give single events."""
        return self._each("session_event", partial(one_of, self.session_events))

    @cached_property
    def message_urls(self) -> DataLoader[MessageKey, dict[str, model.SignedUrl]]:
        """Give the URLs of the media of messages, by their hashes."""
        return _batched("message_urls", partial(urls.message_urls, self._gateway))

    @cached_property
    def asset(self) -> DataLoader[tuple[UUID, str, str], bytes]:
        """Give the bytes of media."""
        read = self._gateway.messages.asset
        return self._each("asset", lambda key: read(*key))

    @cached_property
    def directory(self) -> DataLoader[tuple[UUID, str], model.Listing]:
        """Give what is in directories of disks."""
        read = self._gateway.files.directory
        return self._each("directory", lambda key: read(*key))

    @cached_property
    def all_files(self) -> DataLoader[UUID, list[model.File] | None]:
        """Give all files of disks."""
        return self._each("all_files", self._gateway.files.all)

    @cached_property
    def grep(self) -> DataLoader[tuple[UUID, str], list[model.File]]:
        """Find files of disks by what is written in them; of one operation one search after the other."""
        return _batched("grep", partial(_in_turn, self._gateway.files.grep))

    @cached_property
    def file(self) -> DataLoader[FileKey, model.File | None]:
        """Give single files."""
        read = self._gateway.files.get
        return self._each("file", lambda key: read(key.disk_id, key.directory, key.filename))

    @cached_property
    def file_content(self) -> DataLoader[model.File, bytes | None]:
        """Give the bytes of files."""
        return self._each("file_content", self._gateway.files.content_now)

    @cached_property
    def file_url(self) -> DataLoader[tuple[model.File, int], model.SignedUrl | None]:
        """Give URLs of files that work for so many seconds."""
        return self._each("file_url", partial(urls.file_url, self._gateway, self._urls))

    def _each(self, name: str, ask: Callable[[K], Awaitable[V]]) -> DataLoader[K, V]:
        return _batched(name, partial(_asked_each, ask, self._gateway.calls))

    async def media_url(self, key: MessageKey, sha256: str, *, seconds: int) -> model.SignedUrl | None:
        """Give the URL of a message's medium: one that is known for half of the day that Acontext makes them work.

        It works for so many seconds at least.
        """
        known = self._urls.find((key.session_id, sha256), least_seconds=max(seconds, _HALF_A_DAY))
        if known:
            return known
        urls = await self.message_urls.load(key)
        for found, url in urls.items():
            self._urls.keep((key.session_id, found), url)
        return urls.get(sha256)


def _batched(name: str, load: Callable[[list[K]], Awaitable[Sequence[V | BaseException]]]) -> DataLoader[K, V]:
    return DataLoader(partial(_told, name, load) if is_watched() else load)


# These stand here, not within the functions that use them: making a function, with the types in its signature, takes
# longer than calling it, and loaders are made for each operation. None of them holds the loaders: what refers
# back to them would stay, with all that was read, until the garbage collector comes.


async def _told(
    name: str, load: Callable[[list[K]], Awaitable[Sequence[V | BaseException]]], keys: list[K]
) -> Sequence[V | BaseException]:
    with doing(Batch(loader=name, size=len(keys))):
        return await load(keys)


async def _asked_each(
    ask: Callable[[K], Awaitable[V]], calls: "GuardedCalls", keys: list[K]
) -> Sequence[V | BaseException]:
    if len(keys) > 1:
        return await spread(ask, keys, lambda: calls.is_crowded)
    try:
        return [await ask(keys[0])]
    except Exception as failure:  # it is that key's
        return [failure]


async def _in_turn(
    ask: Callable[[UUID, str], Awaitable[V]], keys: list[tuple[UUID, str]]
) -> Sequence[V | BaseException]:
    found: list[V | BaseException] = []
    for key in keys:
        try:
            found.append(await ask(*key))
        except Exception as failure:  # it is that key's
            found.append(failure)
    return found


async def _page(gateway: Gateway, places: PlaceKeeper, key: tuple[UUID, Reading]) -> model.MessagePage:
    session_id, reading = key
    page = await gateway.messages.read(session_id, reading)
    if page.messages:
        places.note_activity(session_id, page.messages[-1].created_at)
        if reading.strategies is None:
            places.note_read(page.messages)
        if reading.strategies is None and reading.after is None and not (reading.newest and page.has_more):
            places.note_start(session_id, page.messages)
    return page


async def _themselves(keys: list[UUID]) -> list[UUID]:
    return keys


async def _configs(gateway: Gateway, session_id: UUID) -> model.JsonObject | None:
    return (await gateway.sessions.get(session_id)).configs


async def _token_total(gateway: Gateway, messages: Pages, session_id: UUID) -> int:
    """Count the tokens; a read of the whole conversation tells them, where this operation makes one anyhow."""
    whole = messages.cache_map.get((session_id, _WHOLE))
    if whole:
        with suppress(UpstreamFailure):  # that is told where the messages are asked for
            return (await whole).tokens
    return await gateway.sessions.token_total(session_id)


async def _token_counts(counter: TokenCounter, keys: list[Shown]) -> Sequence[Count]:
    return await counter.counts([key.message for key in keys])


async def _message(messages: Pages, key: MessageKey) -> model.Message | None:
    place = cursor.just_before(key.created_at, key.id)
    page = await messages.load((key.session_id, Reading(limit=1, after=place)))
    named = (key.id, key.created_at)
    return next((message for message in page.messages if (message.id, message.created_at) == named), None)
