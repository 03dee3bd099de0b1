"""One try to make a fork: it may end anywhere, and the next one, whoever makes it, goes on from what is there.

How far it has come is not believed but looked at: what stands in the new conversation is compared with the other's
start, what is on the new disk is there. So nothing has to be marked. What was sent and not answered may still come,
for as long as is written down with the lease: nobody goes on before.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from gql_api import model
from gql_api.errors import Busy, Conflict, NotFound, ServerStopping, UpstreamFailure, UpstreamTimeout
from gql_api.events import Broker, ListChange, ListChanged, owner_key
from gql_api.services import rules
from gql_api.services.creation import Creation
from gql_api.services.forking.conversation import ConversationCopy
from gql_api.services.forking.cutting import cut
from gql_api.services.forking.disk import DiskCopy, files_of
from gql_api.services.ownership import is_tagged
from gql_api.services.single_call import make_session
from gql_api.store import forks, mappings
from gql_api.store.forks import Fork, Plan
from gql_api.store.place_keeper import PlaceKeeper
from gql_api.upstream.failures import is_harmless
from gql_api.upstream.gateway import Gateway
from gql_api.upstream.refusal import Refused

LONGEST = timedelta(days=1)
"""After this time a fork that could not be made is given up."""
_RENEWAL = timedelta(seconds=5)
_SKEW = timedelta(seconds=30)
"""By how much what servers take for the database's time may differ at most."""
_SPARE = timedelta(seconds=5)
_SESSION: rules.Path = ("input", "sessionId")


@dataclass(frozen=True, slots=True)
class Tools:
    """What forks are made with. `settling` is how long what was sent may still be on its way, `transfer` a call."""

    gateway: Gateway
    creation: Creation
    events: Broker
    places: PlaceKeeper
    settling: timedelta
    transfer: timedelta

    @property
    def quiet(self) -> timedelta:
        """How long after the last call nothing can come any more."""
        return max(self.settling, self.transfer + _SPARE)


class Passed(Busy):
    """Another has taken over: nothing is to be done here any more, not even tidied up."""

    def __init__(self) -> None:
        super().__init__("Another server goes on with this fork; ask again.", ("input",))


class Work:
    """The work on one fork. `done` counts what is copied; `is_in_doubt` tells that something may still arrive."""

    def __init__(self, tools: Tools, fork: Fork, *, is_stopping: Callable[[], bool]) -> None:
        self.tools = tools
        self.fork = fork
        self.done = fork.done
        self.is_in_doubt = False
        self.is_settled = fork.plan is None
        """Whether nothing of it can be in Acontext but what is known to be."""
        self._is_stopping = is_stopping
        self._is_held = False

    @property
    def total(self) -> int:
        """How many messages and files there are to copy; 0 until they are counted."""
        return self.fork.plan.messages + self.fork.plan.files if self.fork.plan else 0

    async def run(self) -> model.Session:
        """Make it; raise a `Correctable` where that cannot be, and an `UpstreamFailure` where it cannot be now."""
        now = self.tools.creation.now()
        if self.fork.settled > now:
            raise UpstreamTimeout("An earlier try may still take effect; it is gone on with in a while.")
        if self.fork.begun + LONGEST < now:
            raise Conflict("The session could not be copied for a day.", _SESSION)
        try:
            return await self._run(await self.source())
        except UpstreamFailure:
            await self.source()  # of a session that is deleted Acontext says all kinds of things
            raise

    async def _run(self, source: model.Session) -> model.Session:
        if self.fork.plan is None:
            await self._plan(source)
        disk = await self._make()
        messages = ConversationCopy(self)
        await messages.run()
        if self.fork.asked.with_files:
            await DiskCopy(self, source.disk_id, disk.id).run()
        session = await forks.bind(self.fork, disk, now=self.tools.creation.now())
        if session is None:
            raise Passed
        if messages.last:
            self.tools.places.note_activity(session.id, messages.last.created_at)
            self.tools.places.note_start(session.id, messages.start)
            self.tools.places.note_read(messages.start)  # the rest is looked through, as where something grew
        self.tools.events.publish(ListChanged(ListChange.CREATED, owner_key(session.user), session.id))
        return session

    async def source(self) -> model.Session:
        """Give the session that is copied, as it is now; raise `NotFound` when it was deleted."""
        found = (await mappings.ready(self.fork.user, [self.fork.asked.source])).get(self.fork.asked.source)
        if found is None:
            raise NotFound("The session was deleted before it was copied.", _SESSION)
        return found

    async def hold(self) -> None:
        """Make sure, before each call, that nobody else begins before it has ended and settled.

        Raises `Passed` when somebody has, and `ServerStopping` when this process ends.
        """
        if self._is_stopping():
            raise ServerStopping("This server ends, and another goes on with the fork; ask again.")
        self._is_held = True
        now = self.tools.creation.now()
        if self.fork.settled - now < self.tools.quiet:
            settled = now + self.tools.quiet + _RENEWAL
            await self._write(lease_until=settled + _SKEW, settled=settled)

    async def let_go(self, pause: timedelta = timedelta()) -> None:
        """Let others go on with it: who asks for it at once, the sweep after a pause.

        Where something may still arrive it stays as it is, and nobody does before that has settled.
        """
        if not self.is_in_doubt:
            settled = forks.FREE if self._is_held else self.fork.settled
            await self._write(lease_until=max(self.tools.creation.now() + pause, settled), settled=settled)

    @asynccontextmanager
    async def sending(self) -> AsyncIterator[None]:
        """Send in this block what is not repeated: unless its outcome is known at the end, it may still come."""
        await self.hold()
        self.is_in_doubt = True
        try:
            yield
        except (Refused, UpstreamFailure) as failure:
            self.is_in_doubt = not is_harmless(failure)
            raise
        self.is_in_doubt = False

    def settle(self) -> None:
        """Note that what was in doubt is found to be there."""
        self.is_in_doubt = False

    async def _write(self, *, lease_until: datetime, settled: datetime) -> None:
        held = await forks.hold(self.fork, lease_until=lease_until, settled=settled, done=self.done)
        if held is None:
            raise Passed
        self.fork = held

    async def _plan(self, source: model.Session) -> None:
        """Count what there is to copy, before anything is made."""
        await self.hold()
        found = await cut(self.tools.gateway, self.fork.asked, self.hold)
        files = await files_of(self.tools.gateway, source.disk_id, self.hold) if self.fork.asked.with_files else []
        plan = Plan(found.messages, found.last, len(files))
        await forks.keep_plan(self.fork.id, plan)
        self.fork = self.fork._replace(plan=plan)

    async def _make(self) -> model.Disk:
        """Make the session, with the other's configs, and its disk, or find them."""
        sessions, creation, id = self.tools.gateway.sessions, self.tools.creation, self.fork.id
        await self.hold()
        configs = rules.without_ours((await sessions.get(self.fork.asked.source)).configs or {})
        self.is_settled = False
        async with self.sending():  # a late one could make anew what is deleted by then
            configs |= creation.tag(self.fork.nonce)
            made = await make_session(self.tools.gateway, id, owner=self.fork.user, configs=configs)
        if not is_tagged(made, self.fork.nonce):
            raise Conflict("The id of the new session is taken.", _SESSION)
        disks = await sessions.disks_of(creation.disk_owner(id))
        if not disks:
            async with self.sending():
                disks = [await creation.make_disk(id)]
        for late in disks[1:]:  # of a try that had no answer
            await sessions.delete_disk(late.id)
        self.is_settled = True
        return disks[0]
