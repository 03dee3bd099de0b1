"""Calls about the messages of a session; they come in Acontext's own form, never converted upstream."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from gql_api import model
from gql_api.content import Content, sha256_of_bytes
from gql_api.upstream import cursor
from gql_api.upstream.files import BINARY
from gql_api.upstream.kinds import COSTLY_READ, DOWNLOAD, ONCE, ONCE_WITH_FILES, OVERWRITE
from gql_api.upstream.materials import through_us
from gql_api.upstream.refusal import checked

if TYPE_CHECKING:
    from acontext import AcontextAsyncClient
    from acontext.types.session import GetMessagesOutput, Message

    from gql_api.upstream.counted_calls import CountedCalls
    from gql_api.upstream.guarded_calls import GuardedCalls

LARGEST_PAGE = 200
_CALLERS_META = "__user_meta__"
ANOTHERS = "an answer about another session"
"""As from a cache in between that takes one for another: nothing of it may be shown."""
_ZEROS = bytes.maketrans(b"0123456789abcdef", b"0" * 16)
_USUAL_ID = b"00000000-0000-0000-0000-000000000000"


class Reading(NamedTuple):
    """What to read of a conversation. Without a limit: all of it, and then a cursor would be ignored upstream.

    `newest` cuts the page from the new end; the page still comes oldest first, and where there is more than `limit`
    the newest message of the range is left out of it (upstream's own way). Edits apply to the page that is read.
    """

    limit: int | None = None
    after: str | None = None
    newest: bool = False
    strategies: str | None = None
    """The JSON text of a list of strategies in Acontext's spelling."""
    pin: UUID | None = None
    asset_urls: bool = False


class MessageCalls:
    """One method a call; ids are checked before the SDK sees them."""

    def __init__(self, call: "GuardedCalls | CountedCalls", *, shown_at: str | None) -> None:
        self._call = call
        self._shown_at = shown_at

    def by(self, call: "CountedCalls") -> "MessageCalls":
        """Give the same calls, made by another."""
        return MessageCalls(call, shown_at=self._shown_at)

    async def read(self, session_id: UUID, reading: Reading) -> model.MessagePage:
        """Read messages, oldest first. An unknown session is refused in the same words as a wrong strategy."""
        spelled = checked(session_id)
        options: dict[str, Any] = {
            "format": "acontext",
            "with_asset_public_url": reading.asset_urls,
            "limit": reading.limit,
            "cursor": reading.after,
        }
        if reading.newest:
            options["time_desc"] = True
        if reading.strategies is not None:
            options["edit_strategies"] = json.loads(reading.strategies)
        if reading.pin is not None:
            options["pin_editing_strategies_at_message"] = checked(reading.pin)
        return await self._call.reading(
            COSTLY_READ,
            lambda sdk: sdk.sessions.get_messages(spelled, **options),
            lambda answer: _page(session_id, spelled, answer, self._shown_at),
        )

    async def store(
        self, session_id: UUID, *, format: str, blob: model.JsonObject, metadata: model.JsonObject | None
    ) -> model.Message:
        """Store one message, once: this call is never repeated by itself.

        The answer lacks the system keys of the message's meta (original_role, name): the caller knows what it sent.
        """
        spelled = checked(session_id)
        return await self._call.reading(
            ONCE,
            lambda sdk: sdk.sessions.store_message(spelled, blob=blob, format=format, meta=metadata),  # type: ignore[arg-type]
            lambda stored: _stored(session_id, spelled, stored),
        )

    async def store_with_files(
        self,
        session_id: UUID,
        *,
        blob: model.JsonObject,
        metadata: model.JsonObject | None,
        files: Mapping[str, tuple[str, Content]],
    ) -> model.Message:
        """Store one message in Acontext's own form, once, with files by their `file_field`, each with its name."""
        spelled = checked(session_id)
        path = f"/session/{spelled}/messages"
        payload = {"format": "acontext", "blob": blob, **({} if metadata is None else {"meta": metadata})}
        form = {"payload": json.dumps(payload)}
        # The SDK's own method takes one file.
        return await self._call.reading(
            ONCE_WITH_FILES,
            lambda sdk: sdk.request(
                "POST",
                path,
                data=form,
                files={field: (name, content.open(), BINARY) for field, (name, content) in files.items()},
            ),
            lambda stored: _message(session_id, spelled, stored)._replace(meta={}, user_meta=stored.get("meta") or {}),
        )

    async def patch_metadata(self, session_id: UUID, id: UUID, changes: model.JsonObject) -> model.JsonObject:
        """Merge the top-level keys into the caller's own metadata of a message, and give all; null deletes one.

        A message that is not there is `Refused`.
        """
        path = f"/session/{checked(session_id)}/messages/{checked(id)}/meta"
        # The SDK's own method takes any answer that has no metadata for empty ones.
        return await self._call.reading(
            OVERWRITE,
            lambda sdk: sdk.request("PATCH", path, json_data={"meta": changes}),
            lambda answer: _object(answer["meta"]),
        )

    async def asset(self, session_id: UUID, s3_key: str, sha256: str) -> bytes:
        """Download the bytes of a file that a message of this session holds.

        Other bytes than were stored are a failure of Acontext: a page of something in between is bytes too.
        """
        path, params = f"/session/{checked(session_id)}/asset/download", {"s3_key": s3_key}

        async def whole(sdk: "AcontextAsyncClient") -> bytes:
            content = await sdk.request_binary("GET", path, params=params)
            if await sha256_of_bytes(content) != sha256:
                raise ValueError("other bytes than were stored")
            return content

        return await self._call(DOWNLOAD, whole)


def _page(session_id: UUID, spelled: str, answer: "GetMessagesOutput", shown_at: str | None) -> model.MessagePage:
    messages = [_message(session_id, spelled, item) for item in answer.items]
    urls = {
        sha256: model.SignedUrl(through_us(public.url, shown_at), cursor.moment(public.expire_at))
        for sha256, public in (answer.public_urls or {}).items()
    }
    edit_at = UUID(answer.edit_at_message_id) if answer.edit_at_message_id else None
    return model.MessagePage(messages, answer.has_more, answer.this_time_tokens, edit_at, urls)


def _stored(session_id: UUID, spelled: str, answer: "Message") -> model.Message:
    if answer.session_id != spelled:
        raise ValueError(ANOTHERS)
    return model.Message(
        id_text=_id_text(answer.id),
        session_id=session_id,
        role=answer.role,
        parts=[part.model_dump(exclude_none=True) for part in answer.parts],
        meta={},
        user_meta=answer.meta,
        created_at=cursor.moment(answer.created_at),
        created_text=answer.created_at,
    )


def _message(session_id: UUID, spelled: str, item: model.JsonObject) -> model.Message:
    if item["session_id"] != spelled:
        raise ValueError(ANOTHERS)
    meta: model.JsonObject = item.get("meta") or {}
    callers: model.JsonObject = {}
    if meta.__class__ is not dict or _CALLERS_META in meta:
        meta = dict(meta)
        callers = meta.pop(_CALLERS_META, None) or {}
    # There are very many, for which the class's own way takes twice as long.
    return tuple.__new__(
        model.Message,
        (
            _id_text(item["id"]),
            session_id,
            item["role"],
            item.get("parts") or [],
            meta,
            callers,
            cursor.moment(item["created_at"]),
            item["created_at"],
        ),
    )


def _object(answer: object) -> model.JsonObject:
    if not isinstance(answer, dict):
        raise TypeError("not an object")
    return answer


def _id_text(id: str) -> str:
    """Write an id as all ids are written; making a UUID, which takes a microsecond, is left to those written oddly."""
    return id if id.encode("ascii", "replace").translate(_ZEROS) == _USUAL_ID else str(UUID(id))
