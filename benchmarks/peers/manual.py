"""A server as Strawberry's manual shows: resolvers, dataloaders in the context, and the SDK as it comes.

    python -m peers.manual UPSTREAM

It has no table of its own: sessions are listed by Acontext, and the disk's id is made of the session's.
"""

import asyncio
import sys
from enum import Enum
from itertools import count
from typing import Annotated, Any
from uuid import uuid4

import strawberry
from acontext import AcontextAsyncClient
from rig.ids import disk_of
from strawberry.asgi import GraphQL
from strawberry.dataloader import DataLoader

from peers.listening import listen

Key = tuple[str, str, int]
_DISKS = count()


class Loaders:
    """One of each kind for every request."""

    def __init__(self, sdk: AcontextAsyncClient) -> None:
        self.sdk = sdk
        self.messages: DataLoader[Key, Any] = DataLoader(self._messages)
        self.files: DataLoader[str, Any] = DataLoader(self._files)
        self.tokens: DataLoader[str, Any] = DataLoader(self._tokens)

    async def _messages(self, keys: list[Key]) -> list[Any]:
        def options(kind: str, number: int) -> dict[str, Any]:
            if kind == "edited":
                return {"edit_strategies": [{"type": "token_limit", "params": {"limit_tokens": number}}]}
            # The newest message is lost where there are more; the manual says nothing of that.
            return {"limit": number or None, "time_desc": True if kind == "last" else None}

        read = self.sdk.sessions.get_messages
        calls = [read(id, format="acontext", **options(kind, number)) for id, kind, number in keys]
        return list(await asyncio.gather(*calls))

    async def _files(self, keys: list[str]) -> list[Any]:
        return list(await asyncio.gather(*(self.sdk.disks.artifacts.list(key, path="/") for key in keys)))

    async def _tokens(self, keys: list[str]) -> list[Any]:
        return list(await asyncio.gather(*(self.sdk.sessions.get_token_counts(key) for key in keys)))


def _loaders(info: strawberry.Info) -> Loaders:
    return info.context["loaders"]  # type: ignore[no-any-return]


@strawberry.type
class TextPart:
    text: str


@strawberry.type
class ToolCallPart:
    call_id: str
    name: str
    arguments_text: str


@strawberry.type
class ToolResultPart:
    call_id: str
    text: str
    is_error: bool


MessagePart = Annotated[TextPart | ToolCallPart | ToolResultPart, strawberry.union("MessagePart")]


def _part(part: dict[str, Any]) -> TextPart | ToolCallPart | ToolResultPart:
    meta = part.get("meta") or {}
    if part["type"] == "tool-call":
        return ToolCallPart(call_id=meta["id"], name=meta["name"], arguments_text=meta["arguments"])
    if part["type"] == "tool-result":
        return ToolResultPart(call_id=meta["tool_call_id"], text=part["text"], is_error=False)
    return TextPart(text=part["text"])


@strawberry.type
class Message:
    item: strawberry.Private[dict[str, Any]]

    @strawberry.field
    def id(self) -> strawberry.ID:
        return strawberry.ID(self.item["id"])

    @strawberry.field
    def role(self) -> str:
        return str(self.item["role"]).upper()

    @strawberry.field
    def created_at(self) -> str:
        return str(self.item["created_at"])

    @strawberry.field
    def text(self) -> str:
        return "\n".join(part["text"] for part in self.item["parts"] if part["type"] == "text")

    @strawberry.field
    def parts(self) -> list[MessagePart]:
        return [_part(part) for part in self.item["parts"]]


@strawberry.type
class PageInfo:
    has_previous_page: bool
    start_cursor: str | None


@strawberry.type
class MessageConnection:
    nodes: list[Message]
    page_info: PageInfo
    token_count: int
    edit_at_message_id: strawberry.ID | None


@strawberry.type
class File:
    path: str
    mime_type: str
    size: int


@strawberry.type
class FileConnection:
    nodes: list[File]


@strawberry.type
class TokenCounts:
    total: int


@strawberry.type
class Disk:
    id: strawberry.ID


@strawberry.input
class TokenLimitInput:
    limit_tokens: int


@strawberry.input
class EditStrategyInput:
    token_limit: TokenLimitInput


def _file(artifact: Any) -> File:
    info = artifact.meta["__artifact_info__"]
    return File(path=artifact.path + artifact.filename, mime_type=info["mime"], size=info["size"])


@strawberry.type
class Session:
    id: strawberry.ID
    title: str | None = None
    created_at: str = "2026-01-01T00:00:00Z"
    disk_id: strawberry.Private[str] = ""

    @strawberry.field
    def disk(self) -> Disk:
        return Disk(id=strawberry.ID(self.disk_id))

    @strawberry.field
    async def messages(
        self,
        info: strawberry.Info,
        first: int | None = None,
        last: int | None = None,
        edit_strategy: list[EditStrategyInput] | None = None,
    ) -> MessageConnection:
        key = (str(self.id), "last" if last else "first", last or first or 0)
        if edit_strategy:
            key = (str(self.id), "edited", edit_strategy[0].token_limit.limit_tokens)
        page = await _loaders(info).messages.load(key)
        nodes = [Message(item=item) for item in page.items]
        return MessageConnection(
            nodes=nodes,
            page_info=PageInfo(has_previous_page=page.has_more, start_cursor=page.items[0]["id"] if nodes else None),
            token_count=page.this_time_tokens,
            edit_at_message_id=page.edit_at_message_id,
        )

    @strawberry.field
    async def files(self, info: strawberry.Info, first: int | None = None) -> FileConnection:
        found = await _loaders(info).files.load(self.disk_id)
        return FileConnection(nodes=[_file(artifact) for artifact in found.artifacts[:first]])

    @strawberry.field
    async def token_counts(self, info: strawberry.Info) -> TokenCounts:
        return TokenCounts(total=(await _loaders(info).tokens.load(str(self.id))).total_tokens)


@strawberry.type
class SessionConnection:
    nodes: list[Session]


@strawberry.type
class Query:
    @strawberry.field
    def session(self, id: strawberry.ID) -> Session:
        return Session(id=id, disk_id=disk_of(id))

    @strawberry.field
    async def sessions(self, info: strawberry.Info, first: int) -> SessionConnection:
        page = await _loaders(info).sdk.sessions.list(limit=first, time_desc=True)
        nodes = [
            Session(id=strawberry.ID(item.id), created_at=item.created_at, disk_id=(item.configs or {})["disk_id"])
            for item in page.items
        ]
        return SessionConnection(nodes=nodes)


@strawberry.enum
class Role(Enum):
    USER = "user"
    ASSISTANT = "assistant"


@strawberry.input
class ChatInput:
    role: Role
    content: str


@strawberry.input
class MessageInput:
    chat: ChatInput


@strawberry.input
class StoreMessageInput:
    session_id: strawberry.ID
    message: MessageInput


@strawberry.type
class StoreMessagePayload:
    message: Message


@strawberry.input
class CreateSessionInput:
    title: str


@strawberry.type
class CreateSessionPayload:
    session: Session


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def store_message(self, info: strawberry.Info, input: StoreMessageInput) -> StoreMessagePayload:
        said = input.message.chat
        blob: Any = {"role": said.role.value, "parts": [{"type": "text", "text": said.content}]}
        made = await _loaders(info).sdk.sessions.store_message(input.session_id, blob=blob, format="acontext")
        return StoreMessagePayload(message=Message(item=made.model_dump()))

    @strawberry.mutation
    async def create_session(self, info: strawberry.Info, input: CreateSessionInput) -> CreateSessionPayload:
        sdk = _loaders(info).sdk
        session, disk = await asyncio.gather(
            sdk.sessions.create(user="maker", configs={"nonce": "manual"}, use_uuid=str(uuid4())),
            sdk.disks.create(user=f"disk:{next(_DISKS)}"),
        )
        made = Session(id=strawberry.ID(session.id), title=input.title, created_at=session.created_at, disk_id=disk.id)
        return CreateSessionPayload(session=made)


class Server(GraphQL[Any, None]):
    """The view with new loaders for every request, on one client of the SDK."""

    sdk: AcontextAsyncClient | None = None

    async def get_context(self, request: Any, response: Any) -> Any:
        if self.sdk is None:
            self.sdk = AcontextAsyncClient(api_key="bench", base_url=sys.argv[1])
        return {"loaders": Loaders(self.sdk)}


if __name__ == "__main__":
    listen(Server(strawberry.Schema(query=Query, mutation=Mutation)))
