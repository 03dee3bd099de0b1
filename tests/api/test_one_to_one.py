"""The 1:1:1 rule against a model: Acontext fails at any call, before or after its effect, and the server restarts."""

from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, invariant, multiple, rule

from api.client import CREATE
from api.restarting import Restarting
from api.test_session import DELETE, GET_OR_CREATE

FAULTS = st.lists(st.sampled_from([None, None, "before", "after"]), max_size=6)
ALL = "{ sessions(first: 100) { totalCount nodes { id acontextId disk { acontextId } } } }"


class OneToOne(Restarting):
    """Every visible session has one disk, no disk two sessions, and upstream nothing is left that nobody can see."""

    sessions = Bundle("sessions")

    def __init__(self) -> None:
        super().__init__()
        self.known: dict[str, str] = {}
        self.gone: set[str] = set()

    def answer(self, query: str, **variables: Any) -> dict[str, Any] | None:
        """Return the payload, None where the operation failed."""
        answer = self.run(self.client.answer(query, **variables))
        self.upstream.fault = None
        payload: dict[str, Any] | None = next(iter(answer["data"].values()))
        return payload

    def note(self, payload: dict[str, Any] | None) -> Any:
        if payload is None or payload["session"] is None:
            return multiple()
        session = payload["session"]
        assert session["id"] not in self.gone
        assert self.known.setdefault(session["id"], session["disk"]["id"]) == session["disk"]["id"]
        return session["id"]

    @rule(target=sessions, faults=FAULTS)
    def create(self, faults: list[str | None]) -> Any:
        self.failing(faults)
        return self.note(self.answer(CREATE, input={}))

    @rule(target=sessions, id=sessions, faults=FAULTS)
    def get_or_create(self, id: str, faults: list[str | None]) -> Any:
        self.failing(faults)
        payload = self.answer(GET_OR_CREATE, input={"id": id})
        if payload and payload["session"]:
            assert payload["created"] == (id in self.gone)
        return self.note(payload)

    @rule(id=sessions, faults=FAULTS)
    def delete(self, id: str, faults: list[str | None]) -> None:
        self.failing(faults)
        payload = self.answer(DELETE, id=id)
        assert payload is not None
        assert (payload["deletedSessionId"] is None) == (id in self.gone)
        self.known.pop(id, None)
        self.gone.add(id)

    @rule()
    def restart(self) -> None:
        self.start_again()
        self.run(self.nothing_is_left_over())

    async def nothing_is_left_over(self) -> None:
        """After a start, Acontext holds exactly what can be seen."""
        visible = (await self.client.data(ALL))["sessions"]["nodes"]
        sessions = await self.upstream.ask("GET", "/session?limit=200")
        disks = await self.upstream.ask("GET", "/disk?limit=200")
        assert {item["id"] for item in sessions["items"]} == {node["acontextId"] for node in visible}
        assert {item["id"] for item in disks["items"]} == {node["disk"]["acontextId"] for node in visible}

    @invariant()
    def what_is_visible_is_whole(self) -> None:
        listed = self.run(self.client.data(ALL))["sessions"]
        assert listed["totalCount"] == len(self.known)
        disks = [node["disk"]["acontextId"] for node in listed["nodes"]]
        assert len(set(disks)) == len(disks)
        assert {node["id"] for node in listed["nodes"]} == set(self.known)


OneToOne.TestCase.settings = settings(
    max_examples=8, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
)
TestOneToOne = OneToOne.TestCase
