"""Writers, each of which does a little of everything to the sessions that it shares with others."""

import asyncio
from typing import Any

from soak.asking import GivenUp
from soak.copying import Copier
from soak.ledger import Session, Value, acknowledge

_STORE_LIST = """mutation ($input: StoreMessagesInput!) {
  storeMessages(input: $input) { storedCount replayed messages { id text } errors { code message } } }"""
_STORE = """mutation ($input: StoreMessageInput!) {
  storeMessage(input: $input) { replayed message { id text } errors { code message } } }"""
_UPLOAD = (
    "mutation ($input: UploadFileInput!) { uploadFile(input: $input) { file { id size } errors { code message } } }"
)
_REMARK = """mutation ($input: UpdateMessageMetadataInput!) {
  updateMessageMetadata(input: $input) { message { metadata } errors { code message } } }"""
_LABEL = """mutation ($input: UpdateFileMetadataInput!) {
  updateFileMetadata(input: $input) { file { metadata } errors { code message } } }"""
_ERASE = """mutation ($input: DeleteUserInput!) {
  deleteUser(input: $input) { erasure { finishedAt } errors { code message } } }"""
_REMOVE = "mutation ($input: DeleteFileInput!) { deleteFile(input: $input) { deletedFileId errors { code message } } }"
SHARES = {
    "store": 0.27,
    "store_next": 0.10,
    "attach": 0.05,
    "upload": 0.11,
    "update": 0.09,
    "remove": 0.05,
    "remark": 0.09,
    "label_file": 0.05,
    "fork": 0.03,
    "erase": 0.01,
    "organise": 0.04,
    "create": 0.06,
    "adopt": 0.02,
    "delete": 0.02,
    "delete_several": 0.01,
}
"""How often what is done."""
_OF_A_SESSION = (
    *("store", "store_next", "attach", "upload", "update", "remove", "remark", "label_file", "fork"),
    "delete",
)
_MEANWHILE = ("store", "upload", "update", "remark", "label_file", "fork")
"""What somebody may still be at whose sessions are being erased: none of it makes a session anew."""


class Writer(Copier):
    """One client that works until it is over."""

    async def work(self) -> None:
        """Write until it is over."""
        while not self.is_over():
            try:
                await self._step()
            except GivenUp:
                self.ledger.given_up += 1

    async def _step(self, *, may_erase: bool = True) -> None:
        open_sessions = self.open_sessions
        [act] = self.lot.choices([*SHARES], weights=[*SHARES.values()])
        if act == "erase":
            await (self.erase() if may_erase else self.create())
        elif len(open_sessions) < 2 or (act.startswith("delete") and len(open_sessions) < 4):
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
        session.message_ids |= {message["text"]: message["id"] for message in stored}

    async def upload(self, session: Session) -> None:
        """Write a new file."""
        path, text = f"/{self.fresh('file')}", self.fresh("content")
        input = {"sessionId": session.id, "path": path, "content": {"text": text}, "metadata": {"label": text}}
        code, payload, tries = await self.until_told("uploadFile", _UPLOAD, input)
        if code:
            self.must_be_gone(session, code)
        else:
            session.files[path] = text
            session.file_ids[path] = payload["file"]["id"]
            session.labels_of_files[path] = [Value(self.name, text, is_sure=not tries)]

    async def remove(self, session: Session) -> None:
        """Delete a file that this writer has uploaded, if there is one."""
        path = self._any_of_mine(session)
        if not path:
            return
        del session.files[path]
        input = {"file": {"at": {"sessionId": session.id, "path": path}}}
        code, _, tries = await self.until_told("deleteFile", _REMOVE, input)
        if code == "NOT_FOUND" and not tries and not session.is_deleted and not session.is_doubtful:
            raise AssertionError("a file that was uploaded was not there to delete")
        if session.labels_of_files[path][0].is_sure:  # else what was sent first may come after all
            session.removed.append(path)

    async def remark(self, session: Session) -> None:
        """Put something into the metadata of a message twice, one right after the other."""
        if not session.message_ids:
            return
        text = self.lot.choice([*session.message_ids])
        for _ in range(2):
            note = Value(self.name, self.fresh("note"))
            notes = session.notes.setdefault(text, [])
            notes.append(note)
            changes = {self.name: note.text, note.text: True}
            input = {"messageId": session.message_ids[text], "metadata": changes}
            code, payload, tries = await self.until_told("updateMessageMetadata", _REMARK, input)
            if code:
                self.must_be_gone(session, code)
                return
            found = payload["message"]["metadata"]
            if changes.items() - found.items():
                raise AssertionError(f"metadata were changed to {found}")
            session.keys.setdefault(text, []).append(note.text)
            acknowledge(note, notes, tries=tries)

    async def label_file(self, session: Session) -> None:
        """Replace the metadata of a file that this writer has uploaded twice, one right after the other."""
        path = self._any_of_mine(session)
        if not path:
            return
        for _ in range(2):
            label, labels = Value(self.name, self.fresh("label")), session.labels_of_files[path]
            labels.append(label)
            file = {"at": {"sessionId": session.id, "path": path}}
            input = {"file": file, "metadata": {"label": label.text}}
            code, payload, tries = await self.until_told("updateFileMetadata", _LABEL, input)
            if code:
                self.must_be_gone(session, code)
                return
            if payload["file"]["metadata"] != {"label": label.text}:
                raise AssertionError("the metadata of a file are others than they were to be")
            acknowledge(label, labels, tries=tries)

    async def erase(self) -> None:
        """Be somebody else for a while, and have all of theirs deleted while they still write."""
        name = self.fresh("guest")
        guest = Writer(name, name, self.servers, self.ledger, self.lot, [], self.is_over, self.patience)
        for _ in range(self.lot.randint(2, 8)):
            await guest._step(may_erase=False)
        for session in guest.sessions:
            session.is_doubtful = True
        [act] = self.lot.choices(_MEANWHILE)
        still = getattr(guest, act)(guest.sessions[0]) if guest.sessions else asyncio.sleep(0)
        input = {"user": name, "idempotencyKey": name}
        erasure = self.until_told("deleteUser", _ERASE, input, _is_finished)
        told = await asyncio.gather(erasure, still, return_exceptions=True)
        for failure in told:
            if isinstance(failure, BaseException):
                raise failure
        for session in guest.sessions:
            session.is_deleted = True
        self.ledger.erased.add(name)

    def _any_of_mine(self, session: Session) -> str | None:
        begins = f"/{self.name}-"
        mine = [path for path in session.files if path in session.file_ids and path.startswith(begins)]
        return self.lot.choice(mine) if mine else None


def _is_finished(payload: dict[str, Any]) -> bool:
    return payload["erasure"]["finishedAt"] is not None


def _said(text: str, **more: Any) -> dict[str, Any]:
    return {"chat": {"role": "USER", "content": text, **more}}
