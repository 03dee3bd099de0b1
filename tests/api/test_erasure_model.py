"""Erasures against a model: writes are under way meanwhile, Acontext fails at any call, and the server restarts."""

import asyncio
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from api.client import CREATE, STORE, UPLOAD
from api.erasing import ERASE, READ, erased, everything_kept, left_upstream, until_erased
from api.restarting import Restarting
from api.test_one_to_one import FAULTS
from api.test_session import DELETE, GET_OR_CREATE

LIST = "{ sessions(first: 100) { nodes { id acontextId disk { acontextId } } } }"
USERS = ("anna@example.com", "bob@example.com")
USER = st.sampled_from(USERS)
MESSAGES = [{"message": {"chat": {"role": "USER", "content": "hello"}}}]


class Erasures(Restarting):
    """What a user sees is what was made since they were erased; of a finished erasure nothing is left anywhere."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: dict[str, set[str]] = {user: set() for user in USERS}
        self.under_way: dict[str, dict[str, Any]] = {}
        self.finished: list[dict[str, Any]] = []
        self.gone: set[str] = set()
        self.clean: set[str] = set()
        self.theirs = {user: self.run(self.made_elsewhere(user)) for user in USERS}

    async def made_elsewhere(self, user: str) -> str:
        """Make a session of another application's, under the same name."""
        return str((await self.upstream.ask("POST", "/session", json={"user": user}))["id"])

    async def answer(self, user: str, query: str, **variables: Any) -> dict[str, Any] | None:
        answer = await self.client.as_user(user).answer(query, **variables)
        payload: dict[str, Any] | None = next(iter(answer["data"].values()))
        return payload

    async def listed(self, user: str) -> list[dict[str, Any]]:
        nodes: list[dict[str, Any]] = (await self.client.as_user(user).data(LIST))["sessions"]["nodes"]
        return nodes

    def note(self, user: str, payload: dict[str, Any] | None) -> None:
        self.clean.discard(user)
        if payload and payload["session"]:
            assert payload["session"]["id"] not in self.gone
            if user in self.under_way:  # then it was gone on with, and is over
                self.over(user, self.run(self.report(self.under_way[user])))
                self.clean.discard(user)
            self.seen[user].add(payload["session"]["id"])

    async def report(self, erasure: dict[str, Any]) -> dict[str, Any]:
        user = erasure["user"]["identifier"]
        return dict((await self.client.data(READ, id=erasure["id"], user=user))["erasure"])

    @rule(user=USER, faults=FAULTS, key=st.none() | st.sampled_from(["a", "b"]))
    def create(self, user: str, faults: list[str | None], key: str | None) -> None:
        self.failing(faults)
        self.note(user, self.run(self.answer(user, CREATE, input={"title": user, "idempotencyKey": key})))
        self.upstream.fault = None

    @rule(user=USER, data=st.data())
    def delete(self, user: str, data: st.DataObject) -> None:
        if self.seen[user]:
            id = data.draw(st.sampled_from(sorted(self.seen[user])))
            assert self.run(self.answer(user, DELETE, id=id)) == {"deletedSessionId": id, "errors": []}
            self.seen[user].remove(id)
            self.gone.add(id)

    @rule(user=USER, faults=FAULTS)
    def erase(self, user: str, faults: list[str | None]) -> None:
        self.failing(faults)
        payload = self.run(self.answer(user, ERASE, input={}))
        self.upstream.fault = None
        assert payload is not None
        self.note_erasure(user, payload["erasure"])

    @rule(user=USER)
    def erase_beside_writes(self, user: str) -> None:
        """Each write ends as if it had come before, or it is refused."""
        self.note_erasure(user, self.run(self.beside_writes(user)))

    async def beside_writes(self, user: str) -> dict[str, Any]:
        ids = sorted(self.seen[user])[:2]
        writes = [
            *(self.answer(user, STORE, session=id, messages=MESSAGES) for id in ids),
            *(self.answer(user, UPLOAD, input=_file(id)) for id in ids),
            self.answer(user, GET_OR_CREATE, input={"id": ids[0] if ids else None, "title": user}),
            *(self.answer(user, CREATE, input={"title": user}) for _ in range(3)),
        ]
        begun = [asyncio.create_task(write) for write in writes]
        for _ in range(len(self.gone) % 5):
            await asyncio.sleep(0.001)
        erasure = await erased(self.client.as_user(user))
        for payload in await asyncio.gather(*begun):
            assert payload is not None
            assert {error["code"] for error in payload["errors"]} <= {"NOT_FOUND", "BUSY"}
        # What was made just after the end is there; the model cannot know, and lets it go too.
        return await erased(self.client.as_user(user)) if await self.listed(user) else erasure

    def note_erasure(self, user: str, erasure: dict[str, Any]) -> None:
        self.gone |= self.seen[user]
        self.seen[user] = set()
        self.under_way[user] = erasure
        if erasure["finishedAt"]:
            self.over(user, erasure)

    def over(self, user: str, erasure: dict[str, Any]) -> None:
        assert erasure["finishedAt"]
        assert (erasure["sessionsLeft"], erasure["sessionsDelayed"]) == (0, 0)
        assert erasure["sessionsDeleted"] == erasure["disksDeleted"]
        self.finished.append(erasure)
        self.clean.add(user)
        del self.under_way[user]

    @rule()
    def restart(self) -> None:
        self.start_again()
        for user, erasure in list(self.under_way.items()):
            self.over(user, self.run(until_erased(self.client, erasure)))
        self.run(self.nothing_else_is_left())

    async def nothing_else_is_left(self) -> None:
        """After a start there is what can be seen, what others made, and nothing of who was erased."""
        visible = [node for user in USERS for node in await self.listed(user)]
        sessions, disks, _ = await left_upstream(self.upstream)
        assert sessions == {node["acontextId"] for node in visible} | set(self.theirs.values())
        assert disks == {node["disk"]["acontextId"] for node in visible}
        text = await everything_kept()
        assert [user for user in self.clean if user in text] == []
        for erasure in self.finished:
            assert await self.report(erasure) == erasure

    @invariant()
    def what_is_seen_is_what_was_made_since(self) -> None:
        for user in USERS:
            assert {node["id"] for node in self.run(self.listed(user))} == self.seen[user]


def _file(session: str) -> dict[str, Any]:
    return {"sessionId": session, "path": "/a.txt", "content": {"text": "text"}}


Erasures.TestCase.settings = settings(
    max_examples=8, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck)
)
TestErasures = Erasures.TestCase
