"""Puts the services together, for writes and for what goes on behind them; `running` opens what they work with."""

import os
import secrets
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import NamedTuple

from gql_api import __version__
from gql_api.beside import beside
from gql_api.events import Broker
from gql_api.mark import Settling
from gql_api.schema.context import Services
from gql_api.services.adoption import Adoption
from gql_api.services.archive import making as archives
from gql_api.services.archive.bringing import Bringing
from gql_api.services.archive.carrying import Exports
from gql_api.services.archive.checking import Rules
from gql_api.services.catching_up import CatchUp, emptying
from gql_api.services.creation import Creation
from gql_api.services.erasing import Erasing
from gql_api.services.files import Files
from gql_api.services.following import Following
from gql_api.services.following import Limits as FollowingLimits
from gql_api.services.following.reader import Reader
from gql_api.services.forking import Forking
from gql_api.services.forking.making import Making
from gql_api.services.forking.work import Tools
from gql_api.services.keyed import Keys
from gql_api.services.lease import Terms
from gql_api.services.locks import SessionLocks
from gql_api.services.messages import Messages
from gql_api.services.reconcile import Reconciler, turn_at
from gql_api.services.sessions import Sessions
from gql_api.services.several import SeveralSessions
from gql_api.settings import Settings
from gql_api.store.clock import DatabaseClock
from gql_api.store.place_keeper import PlaceKeeper
from gql_api.upstream.gateway import Gateway


class Assembled(NamedTuple):
    """The services, and those of them that work in the background too."""

    services: Services
    reconciler: Reconciler
    making: Making

    @asynccontextmanager
    async def background(self, *, every: float) -> AsyncIterator[None]:
        """Finish during the block what is open, and look for it at intervals of about so many seconds."""
        async with (
            self.making.open(),
            beside(self.reconciler.run(every=every)),
            beside(self.services.erasing.run(every=every)),
        ):
            yield


def locks(settings: Settings) -> SessionLocks:
    """Make what lets one writer at a time have a session: in all processes, where there may be several."""
    terms = Terms(
        holder=_holder(),
        seconds=settings.lease_seconds,
        call_seconds=settings.upstream_timeout,
        transfer_seconds=settings.upstream_transfer_timeout,
    )
    return SessionLocks(patience=settings.lock_patience, terms=None if settings.is_single else terms)


def creation_of(
    gateway: Gateway, settings: Settings, clock: DatabaseClock, places: PlaceKeeper | None = None
) -> Creation:
    """Give what makes sessions as the settings say."""
    prefix, settling = settings.disk_owner_prefix, settings.store_settling
    return Creation(gateway, disk_owner_prefix=prefix, clock=clock, settling=settling, places=places)


def services(
    gateway: Gateway,
    settings: Settings,
    locks: SessionLocks,
    events: Broker,
    places: PlaceKeeper,
    clock: DatabaseClock,
) -> Assembled:
    """Hand each service what it works with."""
    creation = creation_of(gateway, settings, clock, places)
    turns = [
        None if settings.is_single else turn_at(task, _holder(), every=settings.sweep_seconds)
        for task in ("sweep", "erasures")
    ]
    settling = timedelta(seconds=settings.store_settling)
    transfer = timedelta(seconds=settings.upstream_transfer_timeout)
    making = Making(Tools(gateway, creation, events, places, settling, transfer))
    reader = Reader(gateway, _overlap(settings, clock), places)
    chore = CatchUp(reader, places.texts) if places.texts else emptying
    reconciler = Reconciler(gateway, creation=creation, turn=turns[0], making=making, chore=chore, events=events)
    sessions = Sessions(
        gateway,
        locks=locks,
        creation=creation,
        adoption=Adoption(gateway, creation=creation, adopt_unowned=settings.adopt_unowned),
        reconciler=reconciler,
        events=events,
    )
    keys = Keys(gateway, clock, settling)
    messages, files = Messages(keys, locks, events, places, longest_run=settings.max_run), Files(gateway, locks)
    made = Services(
        sessions=sessions,
        several=SeveralSessions(sessions),
        messages=messages,
        files=files,
        erasing=Erasing(locks=locks, creation=creation, reconciler=reconciler, events=events, turn=turns[1]),
        forking=Forking(making),
        bringing=_bringing(archives.Services(sessions, messages, files, events), settings, clock),
    )
    return Assembled(made, reconciler, making)


def _bringing(services: archives.Services, settings: Settings, clock: DatabaseClock) -> Bringing:
    rules = Rules(settings.disk_owner_prefix, settings.max_run)
    terms = archives.Terms(user=None, dry_run=False, rules=rules, patience=0.0, clock=clock)
    return Bringing(services, terms, longest_line=settings.max_body_size)


def exports(gateway: Gateway, settings: Settings, secret: bytes, clock: DatabaseClock) -> Exports:
    """Make what exports sessions by URL; `secret` is what the URLs are signed with where no key is set."""
    key = settings.signing_key
    signed_with = key.get_secret_value().encode() if key else secret
    return Exports(gateway, signed_with, clock, public_url=settings.shown_at, program=f"gql-api {__version__}")


def following(
    gateway: Gateway, events: Broker, places: PlaceKeeper, settings: Settings, clock: DatabaseClock
) -> Following:
    """Make what lets sessions and lists be followed."""
    return Following(
        gateway,
        events,
        settling=_overlap(settings, clock),
        slowest=settings.follow_seconds,
        limits=FollowingLimits(of_user=settings.max_subscriptions_per_user, in_all=settings.max_subscriptions),
        places=places,
    )


def _overlap(settings: Settings, clock: DatabaseClock) -> Settling:
    return Settling(timedelta(seconds=settings.follow_overlap), clock)


def _holder() -> str:
    return f"{socket.gethostname()[:200]}:{os.getpid()}:{secrets.token_hex(8)}"
