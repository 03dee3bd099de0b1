"""Writers, each of which does a little of everything to the sessions that it shares with others."""

from typing import Any

from soak.asking import GivenUp
from soak.ledger import Session
from soak.organising import Organiser

_STORE_LIST = """mutation ($input: StoreMessagesInput!) {
  storeMessages(input: $input) { storedCount replayed messages { id text } errors { code } } }"""
_STORE = """mutation ($input: StoreMessageInput!) {
  storeMessage(input: $input) { replayed message { id text } errors { code } } }"""
_UPLOAD = "mutation ($input: UploadFileInput!) { uploadFile(input: $input) { file { id size } errors { code } } }"
_REMOVE = "mutation ($input: DeleteFileInput!) { deleteFile(input: $input) { deletedFileId errors { code } } }"
SHARES = {
    "store": 0.40,
    "store_next": 0.12,
    "attach": 0.05,
    "upload": 0.13,
    "update": 0.10,
    "remove": 0.05,
    "organise": 0.04,
    "create": 0.06,
    "adopt": 0.02,
    "delete": 0.02,
    "delete_several": 0.01,
}
"""How often what is done."""
_OF_A_SESSION = ("store", "store_next", "attach", "upload", "update", "remove", "delete")


class Writer(Organiser):
    """One client that works until it is over."""

    async def work(self) -> None:
        """Write until it is over."""
        while not self.is_over():
            try:
                await self._step()
            except GivenUp:
                self.ledger.given_up += 1

    async def _step(self) -> None:
        open_sessions = self.open_sessions
        [act] = self.lot.choices([*SHARES], weights=[*SHARES.values()])
        if len(open_sessions) < 2 or (act.startswith("delete") and len(open_sessions) < 4):
            await self.create()
        elif act in _OF_A_SESSION:
            await getattr(self, act)(self.lot.choice(open_sessions))
        else:
            await getattr(self, act)()

    async def store(self, session: Session) -> None:
        """Store a list of messages, mostly of one."""
        key = self.fresh("key")
        texts = [f"{key}-{index}" for index in range(self.lot.choice([1, 1, 1, 2, 3, 5]))]
        messages = [{"message": _said(text)} for text in texts]
        input = {"sessionId": session.id, "messages": messages, "idempotencyKey": key}
        code, payload, _ = await self.until_told("storeMessages", _STORE_LIST, input)
        if code:
            self.must_be_gone(session, code)
        else:
            self._note(session, texts, payload["messages"])

    async def store_next(self, session: Session) -> None:
        """Store a message if it is the next one after what is believed to be the last."""
        text, last = self.fresh("next"), session.last
        input: dict[str, Any] = {"sessionId": session.id, "message": _said(text), "idempotencyKey": text}
        input["expectedLastMessageId" if last else "expectEmpty"] = last[0] if last else True
        code, payload, tries = await self.until_told("storeMessage", _STORE, input)
        if code == "CONFLICT":
            session.refused.append(text)
        elif code:
            self.must_be_gone(session, code)
        else:
            self._note(session, [text], [payload["message"]])
            if not tries:  # another try goes on with what was begun, and expects nothing
                session.following[text] = last[1] if last else ""

    async def attach(self, session: Session) -> None:
        """Store a message with a file of the session's disk."""
        path = self._any_of_mine(session)
        if not path:
            await self.upload(session)
            return
        text, content = self.fresh("with"), session.files[path]
        message = _said(text, attachments=[{"fileId": session.file_ids[path]}])
        input = {"sessionId": session.id, "message": message, "idempotencyKey": text}
        code, payload, _ = await self.until_told("attachment", _STORE, input)
        if code:
            self.must_be_gone(session, code)
        else:
            self._note(session, [text], [payload["message"]])
            session.attached[text] = len(content)

    def _note(self, session: Session, texts: list[str], stored: list[dict[str, str]]) -> None:
        if [message["text"] for message in stored] != texts:
            raise AssertionError("other messages were given than were stored")
        session.said.append((self.name, texts))
        session.last = (stored[-1]["id"], texts[-1])

    async def upload(self, session: Session) -> None:
        """Write a new file."""
        path, text = f"/{self.fresh('file')}", self.fresh("content")
        input = {"sessionId": session.id, "path": path, "content": {"text": text}, "metadata": {"of": self.name}}
        code, payload, _ = await self.until_told("uploadFile", _UPLOAD, input)
        if code:
            self.must_be_gone(session, code)
        else:
            session.files[path] = text
            session.file_ids[path] = payload["file"]["id"]

    async def remove(self, session: Session) -> None:
        """Delete a file that this writer has uploaded, if there is one."""
        path = self._any_of_mine(session)
        if not path:
            return
        del session.files[path]
        session.files[f"-{path}"] = ""
        input = {"file": {"at": {"sessionId": session.id, "path": path}}}
        try:
            code, _, tries = await self.until_told("deleteFile", _REMOVE, input)
        except GivenUp:
            del session.files[f"-{path}"]
            raise
        if code == "NOT_FOUND" and not tries and not session.is_deleted and not session.is_doubtful:
            raise AssertionError("a file that was uploaded was not there to delete")

    def _any_of_mine(self, session: Session) -> str | None:
        mine = [path for path in session.files if path.startswith(f"/{self.name}-")]
        return self.lot.choice(mine) if mine else None


def _said(text: str, **more: Any) -> dict[str, Any]:
    return {"chat": {"role": "USER", "content": text, **more}}
