"""The media of messages for `formatted`: bytes from Acontext's own store, remembered by hash, or their URLs."""

import asyncio
from base64 import b64encode
from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from gql_api import model
from gql_api.errors import TooLarge, UpstreamRejected
from gql_api.formats import InlineMedia, LinkedMedia, Media
from gql_api.loaders.keys import MessageKey

if TYPE_CHECKING:
    from gql_api.loaders import Loaders

LARGEST_INLINE = 32 * 1024 * 1024
"""Bytes of media that the messages of one `formatted` may hold."""


class MediaCache:
    """Base64 texts of media by hash, bounded in all by so many bytes; the least recently used go first.

    The bytes behind a hash never change, so an entry is right for ever.
    """

    def __init__(self, most_bytes: int = 64 * 1024 * 1024) -> None:
        self._most = most_bytes
        self._size = 0
        self._texts: OrderedDict[str, str] = OrderedDict()

    def get(self, sha256: str) -> str | None:
        """Return the text, if it is still here."""
        text = self._texts.get(sha256)
        if text is not None:
            self._texts.move_to_end(sha256)
        return text

    def put(self, sha256: str, text: str) -> None:
        """Remember the text, unless it would take more than a quarter of the room."""
        if len(text) > self._most // 4 or sha256 in self._texts:
            return
        self._texts[sha256] = text
        self._size += len(text)
        while self._size > self._most:
            self._size -= len(self._texts.popitem(last=False)[1])


def _assets(messages: Sequence[model.Message]) -> list[tuple[UUID, model.JsonObject]]:
    return [(message.session_id, part["asset"]) for message in messages for part in message.parts if part.get("asset")]


def _by_hash(assets: Sequence[tuple[UUID, model.JsonObject]]) -> dict[str, tuple[UUID, model.JsonObject]]:
    return {asset["sha256"]: (session_id, asset) for session_id, asset in assets}


async def inline(loaders: "Loaders", cache: MediaCache, messages: Sequence[model.Message]) -> Media:
    """Fetch the bytes of all media that Acontext keeps for these messages; raise `TooLarge` above 32 MiB in all.

    A file that is shown twice counts twice, as it is twice in the answer. One that Acontext refuses is left out, and
    so told of by the format's warning; a failure is raised, since a prompt must not change with the weather.
    """
    every = _assets(messages)
    if sum(int(asset.get("size_b") or 0) for _, asset in every) > LARGEST_INLINE:
        raise TooLarge(f"media: more than {LARGEST_INLINE} bytes; ask for URL or OMIT, or for fewer messages.")
    assets = _by_hash(every)
    texts = await asyncio.gather(*(_text(loaders, cache, *named) for named in assets.values()))
    return {
        sha256: InlineMedia(data=text, mime=_mime(asset))
        for (sha256, (_, asset)), text in zip(assets.items(), texts, strict=True)
        if text is not None
    }


async def _text(loaders: "Loaders", cache: MediaCache, session_id: UUID, asset: model.JsonObject) -> str | None:
    known = cache.get(asset["sha256"])
    if known is not None:
        return known
    try:
        content = await loaders.asset.load((session_id, asset["s3_key"], asset["sha256"]))
    except UpstreamRejected:
        return None
    text = b64encode(content).decode()
    cache.put(asset["sha256"], text)
    return text


async def linked(loaders: "Loaders", messages: Sequence[model.Message]) -> Media:
    """Ask for the URLs of all media that Acontext keeps for these messages."""
    keys = [
        MessageKey(message.session_id, message.created_at, message.id)
        for message in messages
        if any(part.get("asset") for part in message.parts)
    ]
    urls: dict[str, model.SignedUrl] = {}
    for found in await loaders.message_urls.load_many(keys):
        urls |= found
    return {
        sha256: LinkedMedia(url=urls[sha256].url, mime=_mime(asset))
        for sha256, (_, asset) in _by_hash(_assets(messages)).items()
        if sha256 in urls
    }


def _mime(asset: model.JsonObject) -> str:
    return str(asset.get("mime") or "application/octet-stream").partition(";")[0].strip()
