"""What every resolver may use: who asks, the loaders of this operation, and the services for writes."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import strawberry

from gql_api.errors import BadUserInput, Forbidden, Invalid
from gql_api.loaders import Loaders
from gql_api.loaders.media import MediaCache
from gql_api.model import Viewer
from gql_api.request_scope import current
from gql_api.schema.cost import BASE, CALL, Budgets, Spender
from gql_api.schema.known import KnownSizes
from gql_api.schema.limits import Allowance
from gql_api.services import rules
from gql_api.services.archive.bringing import Bringing
from gql_api.services.archive.carrying import Exports
from gql_api.services.erasing import Erasing
from gql_api.services.files import Files
from gql_api.services.following import Following
from gql_api.services.forking import Forking
from gql_api.services.globs import Globs
from gql_api.services.messages import Messages
from gql_api.services.sessions import Sessions
from gql_api.services.several import SeveralSessions


@dataclass(frozen=True, slots=True)
class Services:
    """The writes."""

    sessions: Sessions
    several: SeveralSessions
    messages: Messages
    files: Files
    erasing: Erasing
    forking: Forking
    bringing: Bringing


@dataclass(slots=True)
class Context(Spender):
    """One for each operation, which has so many seconds, and each event of a subscription as many again.

    `reserved_users` is the beginning of identifiers that are ours alone.
    """

    viewer: Viewer
    new_loaders: Callable[[], Loaders]
    services: Services
    media: MediaCache
    exports: Exports
    following: Following
    seconds: float
    reserved_users: str
    budgets: Budgets
    sizes: KnownSizes
    allowance: Allowance = field(default_factory=Allowance)
    globs: Globs = field(default_factory=Globs)
    _loaders: Loaders | None = None
    _estimated: int | None = None

    @property
    def loaders(self) -> Loaders:
        """What this operation has read, and reads with."""
        if self._loaders is None:
            self._loaders = self.new_loaders()
        return self._loaders

    def writing(self) -> Services:
        """Give the services; what was loaded before the write is not read again after it."""
        self._loaders = None
        return self.services

    def known(self, session_id: str) -> int | None:
        return self.sizes.of(self.viewer.user, session_id)

    def learn(self, session_id: UUID, messages: int) -> None:
        """Remember how many messages a session has that the viewer just read."""
        self.sizes.keep(self.viewer.user, session_id, messages)

    def spend(self, points: int) -> None:
        self.budgets.take(self.viewer.user, points)
        self._estimated = points

    def spent(self, *, is_reading: bool) -> dict[str, int]:
        """Tell what the operation was to cost and, where it only reads, what it did: the rest is given back."""
        estimated = self._estimated
        if estimated is None:
            return {}
        told, unneeded = {"estimated": estimated}, 0
        if is_reading:
            request = current()
            calls = CALL * request.calls if request else 0
            told["actual"] = actual = BASE + self.allowance.taken + self.allowance.worked + calls
            unneeded = estimated - actual
        left = self.budgets.give_back(self.viewer.user, unneeded)
        if left is not None:
            told["remaining"] = left
        return told

    def renew(self) -> None:
        """Begin anew, as for an operation of its own."""
        self._loaders, self.allowance, self.globs = None, Allowance(), Globs()

    def shows_again(self, times: int) -> bool:
        """Count all that was shown so many times more; False, and nothing is counted, where that is too much."""
        return self.allowance.take_again(times)

    def begin_again(self) -> None:
        """Count anew what is shown: the operation is run again from its start, with what was read."""
        self.allowance, self.globs = Allowance(), Globs()

    def acting_for(self, user: str | None, path: rules.Path = ("input", "user")) -> str:
        """Tell whose sessions are meant: those of the named user, else the viewer's own.

        Raises `Invalid`, or `Forbidden` where another is named by somebody who may not.
        """
        if user is None or user == self.viewer.user:
            return self.viewer.user
        if not self.viewer.may_name_others:
            raise Forbidden("You may name no other user than yourself.")
        return rules.user(user, path, reserved_prefix=self.reserved_users)

    def reading_for(self, user: str | None, name: str) -> str:
        """Tell whose sessions are read; raise `BadUserInput` naming the argument, or `Forbidden`."""
        try:
            return self.acting_for(user)
        except Invalid as problem:
            raise BadUserInput(f"{name}: {problem.message}") from None


Info = strawberry.Info[Context, Any]
