"""A client that makes, changes and deletes sessions, one or several at once."""

from typing import Any
from uuid import UUID

from soak.asking import Asker
from soak.ledger import Label, Session, acknowledge

SEVERAL = "several"
"""The tag that is put on several sessions at once."""
_CREATE = """mutation ($input: CreateSessionInput!) {
  createSession(input: $input) { session { id acontextId } errors { code message } } }"""
_OPEN = """mutation ($input: GetOrCreateSessionInput!) {
  getOrCreateSession(input: $input) { session { id acontextId } errors { code message } } }"""
_UPDATE = """mutation ($input: UpdateSessionInput!) {
  updateSession(input: $input) { session { title } errors { code message } } }"""
_ORGANISE = """mutation ($input: UpdateSessionsInput!) {
  updateSessions(input: $input) { sessions { id } errors { code message } } }"""
_DELETE = """mutation ($input: DeleteSessionInput!) {
  deleteSession(input: $input) { deletedSessionId errors { code message } } }"""
_DELETE_ALL = """mutation ($input: DeleteSessionsInput!) {
  deleteSessions(input: $input) { deletedSessionIds errors { code message } } }"""


class Organiser(Asker):
    """What it is told goes into the ledger."""

    async def create(self) -> None:
        """Make a session, which all writers of these sessions know of then."""
        title = self.fresh("session")
        query, name = self.lot.choice([(_CREATE, "createSession"), (_OPEN, "getOrCreateSession")])
        code, payload, _ = await self.until_told(name, query, {"title": title, "idempotencyKey": title})
        if code:
            raise AssertionError(f"{name} says {code}")
        self._take(payload["session"], title)

    async def adopt(self) -> None:
        """Make a session in Acontext itself, and have it taken over."""
        id, title = str(UUID(int=self.lot.getrandbits(128), version=4)), self.fresh("session")
        self.ledger.offered.add(id)
        await self.servers.make_past_them(self.user, id)
        code, payload, _ = await self.until_told("adoption", _OPEN, {"id": id, "title": title, "idempotencyKey": title})
        if code or payload["session"]["acontextId"] != id:
            raise AssertionError(f"a session that was to be taken over was not: {code}")
        self.ledger.offered.remove(id)
        self._take(payload["session"], title)

    def _take(self, made: dict[str, Any], title: str) -> Session:
        if made["acontextId"] in self.ledger.sessions:
            raise AssertionError("a session was given out twice")
        session = Session(made["id"], made["acontextId"], self.user, title=title)
        self.ledger.sessions[session.acontext_id] = session
        self.sessions.append(session)
        return session

    async def update(self, session: Session) -> None:
        """Change all that a session has at once, so that it is seen whether it was one change."""
        label = Label(self.name, self.fresh("label"), is_pinned=self.numbers % 2 == 0)
        session.labels.append(label)
        input = {"id": session.id, "title": label.text, "tags": [label.text], "pinned": label.is_pinned}
        if has_configs := self.lot.random() < 0.5:
            input["configs"] = {label.text: True}
        code, payload, tries = await self.until_told("updateSession", _UPDATE, input)
        if code:
            self.must_be_gone(session, code)
            return
        if payload["session"] != {"title": label.text}:
            raise AssertionError("a session was changed otherwise than it was to be")
        acknowledge(label, session.labels, tries=tries)
        if has_configs:
            session.configs.append(label.text)

    async def organise(self) -> None:
        """Change several sessions alike."""
        some = self.lot.sample(self.open_sessions, k=min(3, len(self.open_sessions)))
        tags = self.lot.choice(["addTags", "removeTags"])
        input = {"ids": [one.id for one in some], tags: [SEVERAL], "archived": self.lot.random() < 0.5}
        code, payload, _ = await self.until_told("updateSessions", _ORGANISE, input)
        told = {session["id"] for session in payload["sessions"]}
        for session in some:
            if session.id not in told:
                self.must_be_gone(session, code)

    async def delete(self, session: Session) -> None:
        """Delete a session."""
        session.is_doubtful = True
        code, _, tries = await self.until_told("deleteSession", _DELETE, {"id": session.id})
        if code and (code != "NOT_FOUND" or not tries):
            raise AssertionError(f"deleteSession says {code}")
        session.is_deleted = True

    async def delete_several(self) -> None:
        """Delete some sessions at once."""
        some = self.lot.sample(self.open_sessions, k=2)
        for session in some:
            session.is_doubtful = True
        code, payload, tries = await self.until_told("deleteSessions", _DELETE_ALL, {"ids": [one.id for one in some]})
        gone = set(payload["deletedSessionIds"])
        if (code and (code != "NOT_FOUND" or not tries)) or not (code or gone == {one.id for one in some}):
            raise AssertionError(f"deleteSessions says {code}")
        for session in some:
            session.is_deleted = True
