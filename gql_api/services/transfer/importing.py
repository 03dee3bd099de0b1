"""Takes over sessions that Acontext has already with disks that it has already, as a table elsewhere binds them."""

import asyncio
import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TypeVar

from gql_api import model
from gql_api.model import MappingState
from gql_api.services.transfer.inventory import Aside, Inventory
from gql_api.services.transfer.ownership import Owners
from gql_api.services.transfer.reading import Problem, Row
from gql_api.store import erasures, transfer
from gql_api.upstream.gateway import Gateway
from gql_api.upstream.inventory import Listed

T = TypeVar("T")


@dataclass(slots=True)
class Tally:
    """What has become of the lines so far."""

    new: int = 0
    there: int = 0
    refused: int = 0

    @property
    def lines(self) -> int:
        """How many there were."""
        return self.new + self.there + self.refused


@dataclass(frozen=True, slots=True)
class Terms:
    """What may be taken over, and whether anything is."""

    disk_owner_prefix: str
    adopt_unowned: bool
    dry_run: bool
    clock: Callable[[], datetime]
    at_once: int = 500
    """Lines that are looked at together, and written in one go."""


class Import:
    """One run over a file. What was in before is left as it is, so that a run may be repeated, and goes on."""

    def __init__(self, gateway: Gateway, aside: Aside, terms: Terms) -> None:
        self._aside = aside
        self._calls = gateway.inventory
        self._inventory = Inventory(gateway, aside)
        self._owners = Owners(gateway)
        self._terms = terms
        self.tally = Tally()

    async def run(self, lines: Iterable[Row | Problem], tell: Callable[[list[Problem]], None]) -> None:
        """Take over line by line; `tell` hears of the refused ones of each batch, in their order.

        Raises an `UpstreamFailure` when Acontext does not tell what it has, and a `DatabaseFailure` when the database
        is lost; what is in by then stays.
        """
        for batch in _batches(lines, self._terms.at_once):
            problems = await self._take(batch)
            self.tally.refused += len(problems)
            tell(sorted(problems, key=lambda problem: problem.line))

    async def _take(self, batch: list[Row | Problem]) -> list[Problem]:
        problems: list[Problem] = []
        told = [item if isinstance(item, Problem) else self._once(item) for item in batch]
        unbound = await self._unbound(_kept(told, problems))
        bindings = await self._bindings(_kept(unbound, problems), problems)
        if self._terms.dry_run:
            self.tally.new += len(bindings)
            return problems
        await self._write(bindings, problems)
        return problems

    def _once(self, row: Row) -> Row | Problem:
        """Refuse a session or a disk that another line has named."""
        session = self._aside.first_line("sessions", row.session, row.line)
        disk = self._aside.first_line("disks", row.disk, row.line)
        if session != row.line:
            return Problem(row.line, "session", f"It is on line {session} already.")
        if disk != row.line:
            return Problem(row.line, "disk", f"It is on line {disk} already.")
        return row

    async def _unbound(self, rows: list[Row]) -> list[Row | Problem]:
        """Leave out what is in already, and refuse what is bound otherwise."""
        known = await transfer.bound([row.session for row in rows], [row.disk for row in rows]) if rows else []
        sessions = {mapping.id: mapping for mapping in known}
        disks = {mapping.disk_id for mapping in known}
        left: list[Row | Problem] = []
        for row in rows:
            mapping = sessions.get(row.session)
            if mapping and (mapping.user, mapping.disk_id, mapping.state) == (row.user, row.disk, MappingState.READY):
                self.tally.there += 1
            elif mapping:
                left.append(Problem(row.line, "session", _otherwise(mapping, row)))
            else:
                left.append(Problem(row.line, "disk", "Another session has it.") if row.disk in disks else row)
        return left

    async def _bindings(self, rows: list[Row], problems: list[Problem]) -> list[tuple[Row, model.Disk]]:
        """Refuse what Acontext does not have, or has for others."""
        sessions, disks = await asyncio.gather(
            self._inventory.find("sessions", [row.session for row in rows]),
            self._inventory.find("disks", [row.disk for row in rows]),
        )
        by_user: dict[str, list[Row]] = {}
        for row in rows:
            by_user.setdefault(row.user, []).append(row)

        async def look(theirs: list[Row]) -> list[Row | Problem]:
            if await erasures.under_way(theirs[0].user):
                return [
                    Problem(row.line, "user", "The user is being deleted; import it again later.") for row in theirs
                ]
            # One after another: the first line of a user mostly spares the others the question.
            return [await self._looked_at(row, sessions.get(row.session), disks.get(row.disk)) for row in theirs]

        looked = await asyncio.gather(*map(look, by_user.values()))
        free = _kept((item for items in looked for item in items), problems)
        return [(row, model.Disk(row.disk, disks[row.disk].created_at)) for row in free]

    async def _looked_at(self, row: Row, session: Listed | None, disk: Listed | None) -> Row | Problem:
        if session is None:
            return Problem(row.line, "session", "Acontext has no such session.")
        if session.owner is None and not self._terms.adopt_unowned:
            return Problem(row.line, "user", "The session has no user in Acontext; --adopt-unowned takes it over.")
        if session.owner and not await self._owners.is_of(row.user, "sessions", session):
            return Problem(row.line, "user", "The session has another user in Acontext.")
        if disk is None:
            return Problem(row.line, "disk", "Acontext has no such disk.")
        if disk.owner and not await self._is_theirs(row, disk):
            return Problem(row.line, "disk", "It has another user in Acontext.")
        return row

    async def _is_theirs(self, row: Row, disk: Listed) -> bool:
        made_here = f"{self._terms.disk_owner_prefix}{row.session}"
        return await self._owners.is_of(row.user, "disks", disk) or await self._calls.is_of(made_here, "disks", disk)

    async def _write(self, bindings: list[tuple[Row, model.Disk]], problems: list[Problem]) -> None:
        """Write them down; what another server bound in the same moment is looked at once more."""
        if not bindings:
            return
        made = await transfer.adopt(
            [_binding(row, disk) for row, disk in bindings],
            nonce=secrets.token_hex(16),
            now=self._terms.clock(),
        )
        self.tally.new += len(made)
        lost = [row for row, _ in bindings if row.session not in made]
        for row in _kept(await self._unbound(lost), problems):
            problems.append(Problem(row.line, "session", "It is being taken over just now; import it again."))


def _binding(row: Row, disk: model.Disk) -> transfer.Binding:
    organised = transfer.Organised(row.pinned_at, row.archived_at, row.last_activity_at, row.tags, row.forked_from)
    return transfer.Binding(row.session, row.user, row.title, disk, row.created_at, organised)


def _otherwise(mapping: model.Mapping, row: Row) -> str:
    if mapping.state is MappingState.CREATING:
        return "It is being made just now; import it again later."
    if mapping.state is not MappingState.READY:
        return "It was deleted here."
    return "Another user has it here." if mapping.user != row.user else "It has another disk here."


def _kept(items: Iterable[Row | Problem], problems: list[Problem]) -> list[Row]:
    """Put the problems aside."""
    rows: list[Row] = []
    for item in items:
        if isinstance(item, Problem):
            problems.append(item)
        else:
            rows.append(item)
    return rows


def _batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
