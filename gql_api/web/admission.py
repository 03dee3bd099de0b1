"""Who is let in: operations under way, bytes of bodies in memory and on disk, in all and of one user.

Nothing waits here for a place: who would wait is refused, and told when to come again, as long as it still listens.
"""

import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any, BinaryIO

from gql_api.errors import Overloaded, RateLimited
from gql_api.web.answers import Refused

SMALL_BODY = 64 * 1024
"""Bytes up to which a body is not counted: the server below has as many of each connection at hand anyhow."""
_ANY = sys.maxsize
_LATER = {"retry-after": "1"}
"""Seconds after which to come again: places come free as soon as anything is answered."""


def overloaded() -> Refused:
    message = "The server has as much to do as it may have; try again later."
    return Refused(503, message, extensions={"code": Overloaded.code}, headers=_LATER)


class Bound:
    """So much of something at a time, in all and of one user.

    `everybody` is the user that all are who cannot be told apart: it is bound only with all others.
    """

    __slots__ = ("_everybody", "_in_all", "_of_user", "_told", "_users", "taken")

    def __init__(self, in_all: int, of_user: int, *, told: str, everybody: str | None) -> None:
        self.taken = 0
        self._in_all = in_all
        self._of_user = of_user
        self._told = told
        self._everybody = everybody
        self._users: dict[str, int] = {}

    @property
    def is_full(self) -> bool:
        """Whether there is no more of it for anybody."""
        return self.taken >= self._in_all

    def take(self, user: str, amount: int = 1) -> None:
        """Take some of it, to be given back; raise `Refused`, and take nothing."""
        has = self._users.get(user, 0) + amount
        if has > self._of_user and user != self._everybody:
            raise Refused(429, self._told, extensions={"code": RateLimited.code}, headers=_LATER)
        if self.taken + amount > self._in_all:
            raise overloaded()
        self.taken += amount
        self._users[user] = has

    def give_back(self, user: str, amount: int = 1) -> None:
        """Give back what was taken."""
        self.taken -= amount
        left = self._users[user] - amount
        if left:
            self._users[user] = left
        else:
            del self._users[user]


def exports_bound(in_all: int, *, everybody: str | None) -> Bound:
    """Bound the archives that are read at a time: of one user half of them, and one in any case."""
    most = max(1, in_all // 2)
    return Bound(in_all, most, told=f"One user reads at most {most} archives at a time here.", everybody=everybody)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is let in at a time; of the largest `body` and `upload` one user may always have one."""

    operations: int = _ANY
    operations_of_user: int = _ANY
    bodies: int = _ANY
    body: int = _ANY
    uploads: int = _ANY
    upload: int = _ANY
    files: int = _ANY
    """Of one upload."""
    file: int = _ANY
    """Bytes of one of them."""
    archive: int = _ANY
    """Bytes of one that is an archive."""
    sockets_of_user: int = _ANY


@dataclass(frozen=True, slots=True)
class SocketLimits:
    """How many sockets, operations of one of them at a time, and seconds of one operation or event.

    A client that takes nothing for `patience` seconds is let go.
    """

    sockets: int
    operations: int
    seconds: float
    patience: float = 30.0


def _nobody(context: Any) -> str:
    return ""


class Admission:
    """Lets operations in. `user_of` tells from an operation's context whose it is."""

    def __init__(
        self,
        limits: Limits | None = None,
        *,
        user_of: Callable[[Any], str] = _nobody,
        everybody: str | None = None,
    ) -> None:
        self.limits = limits = limits or Limits()
        bound = partial(Bound, everybody=everybody)
        most = limits.operations_of_user
        self.operations = bound(limits.operations, most, told=f"One user has at most {most} operations at a time here.")
        most = max(limits.bodies // 2, limits.body)
        self.bodies = bound(limits.bodies, most, told=f"One user's bodies have at most {most} bytes at a time here.")
        most = max(limits.uploads // 2, limits.upload)
        self.uploads = bound(limits.uploads, most, told=f"One user's files have at most {most} bytes at a time here.")
        most = limits.sockets_of_user
        self.sockets = bound(_ANY, most, told=f"One user has at most {most} connections here.")
        self._user_of = user_of

    def look(self) -> None:
        """Raise `Refused` where nobody is let in, before anything is done to learn who asks, and for what."""
        if self.operations.is_full:
            raise overloaded()

    def place(self, context: Any) -> "Place":
        """Give a place, not yet taken, for the operation with this context."""
        return Place(self, self._user_of(context))


class Place:
    """What one operation takes, until the end of the block."""

    __slots__ = ("_admission", "_files", "_held", "_is_in", "_spooled", "user")

    def __init__(self, admission: Admission, user: str) -> None:
        self._admission = admission
        self.user = user
        self._held = self._spooled = 0
        self._files: list[BinaryIO] = []
        self._is_in = False

    def __enter__(self) -> "Place":
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()
        if self._held:
            self._admission.bodies.give_back(self.user, self._held)
        if self._spooled or self._files:
            self._let_go()

    def hold(self, size: int) -> None:
        """Say that so many bytes of the body have come, all in all; raise `Refused`."""
        if size > SMALL_BODY:
            self._admission.bodies.take(self.user, size - self._held)
            self._held = size

    def spool(self, size: int) -> None:
        """Say that so many bytes of files have come, all in all; raise `Refused`."""
        self._admission.uploads.take(self.user, size - self._spooled)
        self._spooled = size

    @property
    def limits(self) -> Limits:
        """How much one operation may bring."""
        return self._admission.limits

    @property
    def has_files(self) -> bool:
        """Whether files are open that are closed when the block ends."""
        return bool(self._files)

    def keep(self, file: BinaryIO) -> None:
        """Close a file when the block ends, which deletes it."""
        self._files.append(file)

    def _let_go(self) -> None:
        with ExitStack() as stack:
            if self._spooled:
                stack.callback(self._admission.uploads.give_back, self.user, self._spooled)
            for file in self._files:
                stack.callback(file.close)

    def enter(self) -> None:
        """Begin to work; raise `Refused`."""
        self._admission.operations.take(self.user)
        self._is_in = True

    def leave(self) -> None:
        """Work no more: what goes on has limits of its own."""
        if self._is_in:
            self._is_in = False
            self._admission.operations.give_back(self.user)
