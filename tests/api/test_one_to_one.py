"""The 1:1:1 rule against a model: Acontext fails at any call, before or after its effect, and the server restarts."""

import asyncio
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule

from api.client import CREATE, Client
from api.test_session import DELETE, GET_OR_CREATE
from api.upstream import KEY, Upstream
from carrying import in_front
from gql_api.app import create_app
from gql_api.settings import read_settings

FAULTS = st.lists(st.sampled_from([None, None, "before", "after"]), max_size=6)
ALL = "{ sessions(first: 100) { totalCount nodes { id acontextId disk { acontextId } } } }"


class OneToOne(RuleBasedStateMachine):
    """Every visible session has one disk, no disk two sessions, and upstream nothing is left that nobody can see."""

    sessions = Bundle("sessions")

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.upstream = Upstream()
        self.known: dict[str, str] = {}
        self.gone: set[str] = set()
        self.stack = AsyncExitStack()
        self.client = self.run(self.start())

    def run(self, work: Any) -> Any:
        return self.runner.run(work)

    async def start(self) -> Client:
        chosen = read_settings(
            GQL_API_DATA_DIR=Path(self.folder.name),
            GQL_API_PUBLIC_URL="http://api.test",
            GQL_API_ALLOWED_HOSTS="api.test",
            ACONTEXT_API_KEY=KEY,
            _env_file=None,
        )
        app = create_app(chosen, front=in_front(self.upstream.in_front_of))
        await self.stack.enter_async_context(app.router.lifespan_context(app))
        transport = httpx.ASGITransport(app)
        http = await self.stack.enter_async_context(httpx.AsyncClient(transport=transport, base_url="http://api.test"))
        return Client(http)

    def failing(self, faults: list[str | None]) -> None:
        plan = list(faults)
        self.upstream.fault = lambda request: plan.pop(0) if plan else None

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
        self.run(self.stack.aclose())
        self.client = self.run(self.start())
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

    def teardown(self) -> None:
        self.run(self.stack.aclose())
        self.runner.close()
        self.folder.cleanup()


OneToOne.TestCase.settings = settings(
    max_examples=12, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
)
TestOneToOne = OneToOne.TestCase
