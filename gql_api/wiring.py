"""Puts the services together: each is handed what it works with, as the settings say."""

import os
import secrets
import socket
from datetime import UTC, datetime, timedelta

from gql_api.events import Broker
from gql_api.mark import Settling
from gql_api.schema.context import Services
from gql_api.services.adoption import Adoption
from gql_api.services.catching_up import CatchUp, emptying
from gql_api.services.creation import Creation
from gql_api.services.files import Files
from gql_api.services.following import Following
from gql_api.services.following import Limits as FollowingLimits
from gql_api.services.following.reader import Reader
from gql_api.services.keyed import Keys
from gql_api.services.lease import Terms
from gql_api.services.locks import SessionLocks
from gql_api.services.messages import Messages
from gql_api.services.reconcile import Reconciler, turn_at_sweep
from gql_api.services.sessions import Sessions
from gql_api.services.several import SeveralSessions
from gql_api.settings import Settings
from gql_api.store.place_keeper import PlaceKeeper
from gql_api.upstream.gateway import Gateway


def services(
    gateway: Gateway, settings: Settings, locks: SessionLocks, events: Broker, places: PlaceKeeper
) -> tuple[Services, Reconciler]:
    """Give the writes, and what finishes those that were left open."""
    creation = Creation(gateway, disk_owner_prefix=settings.disk_owner_prefix, clock=now)
    turn = None if settings.is_single else turn_at_sweep(_holder(), every=settings.sweep_seconds)
    chore = CatchUp(Reader(gateway, _settling(settings), places), places.texts) if places.texts else emptying
    reconciler = Reconciler(gateway, creation=creation, clock=now, turn=turn, chore=chore)
    sessions = Sessions(
        gateway,
        locks=locks,
        creation=creation,
        adoption=Adoption(gateway, creation=creation, adopt_unowned=settings.adopt_unowned),
        reconciler=reconciler,
        events=events,
    )
    keys = Keys(gateway, now, timedelta(seconds=settings.store_settling))
    messages = Messages(keys, locks, events, places, longest_run=settings.max_run)
    return Services(sessions, SeveralSessions(sessions), messages, Files(gateway, locks)), reconciler


def following(gateway: Gateway, events: Broker, places: PlaceKeeper, settings: Settings) -> Following:
    """Give what tells of new messages."""
    return Following(
        gateway,
        events,
        settling=_settling(settings),
        slowest=settings.follow_seconds,
        limits=FollowingLimits(of_user=settings.max_subscriptions_per_user, in_all=settings.max_subscriptions),
        places=places,
    )


def _settling(settings: Settings) -> Settling:
    return Settling(timedelta(seconds=settings.follow_overlap), now)


def terms(settings: Settings) -> Terms:
    """Give the terms by which this process holds sessions."""
    return Terms(
        holder=_holder(),
        seconds=settings.lease_seconds,
        call_seconds=settings.upstream_timeout,
        transfer_seconds=settings.upstream_transfer_timeout,
    )


def _holder() -> str:
    return f"{socket.gethostname()[:200]}:{os.getpid()}:{secrets.token_hex(8)}"


def now() -> datetime:
    """Give the time of this machine's clock."""
    return datetime.now(UTC)
