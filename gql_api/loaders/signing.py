"""URLs that anybody may read from: asked of Acontext where none is known that is still good for long enough."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from gql_api import model
from gql_api.loaders.keys import MessageKey
from gql_api.upstream import cursor
from gql_api.upstream.gateway import Gateway
from gql_api.upstream.messages import LARGEST_PAGE, Reading
from gql_api.upstream.urls import UrlCache


async def file_url(gateway: Gateway, urls: UrlCache, key: tuple[model.File, int]) -> model.SignedUrl | None:
    """Give a URL that is known for half of its life, else make one."""
    file, seconds = key
    name = (file.disk_id, file.path, file.updated_at, seconds)
    known = urls.find(name, least_seconds=seconds / 2)
    if known:
        return known
    end = urls.now() + timedelta(seconds=seconds)
    url = await gateway.files.public_url(file.disk_id, file.directory, file.filename, seconds=seconds)
    if url is None:
        return None
    made = model.SignedUrl(url, end)
    urls.keep(name, made)
    return made


async def message_urls(
    gateway: Gateway, keys: Sequence[MessageKey]
) -> list[dict[str, model.SignedUrl] | BaseException]:
    """Ask for the URLs of all messages of a session with one walk from the first of them to the last."""
    sessions: defaultdict[UUID, list[MessageKey]] = defaultdict(list)
    for key in keys:
        sessions[key.session_id].append(key)
    answers = await asyncio.gather(*(_walk(gateway, one) for one in sessions.values()), return_exceptions=True)
    found = dict(zip(sessions, answers, strict=True))
    return [found[key.session_id] for key in keys]


async def _walk(gateway: Gateway, keys: list[MessageKey]) -> dict[str, model.SignedUrl]:
    missing = {key.id for key in keys}
    first = min(keys, key=lambda key: (key.created_at, key.id))
    place = cursor.just_before(first.created_at, first.id)
    limit = 1 if len(missing) == 1 else LARGEST_PAGE
    urls: dict[str, model.SignedUrl] = {}
    while missing:
        reading = Reading(limit=limit, after=place, asset_urls=True)
        page = await gateway.messages.read(first.session_id, reading)
        urls |= page.asset_urls
        missing -= {message.id for message in page.messages}
        if not page.has_more:
            break
        place = cursor.after(page.messages[-1].created_at, page.messages[-1].id)
    return urls
