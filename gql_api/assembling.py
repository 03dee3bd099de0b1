"""Makes the services of the settings: each is given the values that it needs, and what it works with."""

import os
import secrets
import socket
from datetime import UTC, datetime, timedelta

from gql_api.events import Broker
from gql_api.mark import Settling
from gql_api.schema.context import Services
from gql_api.services.adoption import Adoption
from gql_api.services.creation import Creation
from gql_api.services.files import Files
from gql_api.services.following import Following
from gql_api.services.following import Limits as FollowingLimits
from gql_api.services.forking import Forking
from gql_api.services.forking.making import Making
from gql_api.services.forking.work import Tools
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


def services_of(
    gateway: Gateway, settings: Settings, locks: SessionLocks, events: Broker, places: PlaceKeeper
) -> tuple[Services, Reconciler, Making]:
    """Make what writes, what goes on with what was left open, and what copies sessions, which is to be opened."""
    creation = Creation(gateway, disk_owner_prefix=settings.disk_owner_prefix, clock=now)
    turn = None if settings.is_single else turn_at_sweep(_holder(), every=settings.sweep_seconds)
    settling = timedelta(seconds=settings.store_settling)
    transfer = timedelta(seconds=settings.upstream_transfer_timeout)
    making = Making(Tools(gateway, creation, events, places, settling, transfer))
    reconciler = Reconciler(gateway, creation=creation, clock=now, turn=turn, making=making)
    sessions = Sessions(
        gateway,
        locks=locks,
        creation=creation,
        adoption=Adoption(gateway, creation=creation, adopt_unowned=settings.adopt_unowned),
        reconciler=reconciler,
        events=events,
    )
    keys = Keys(gateway, now, settling)
    messages = Messages(keys, locks, events, places, longest_run=settings.max_run)
    services = Services(sessions, SeveralSessions(sessions), messages, Files(gateway, locks), Forking(making))
    return services, reconciler, making


def locks_of(settings: Settings) -> SessionLocks:
    """Make what lets one write to a session at a time, also where other processes do."""
    return SessionLocks(patience=settings.lock_patience, terms=None if settings.is_single else _terms(settings))


def following_of(gateway: Gateway, settings: Settings, events: Broker, places: PlaceKeeper) -> Following:
    """Make what tells subscribers."""
    return Following(
        gateway,
        events,
        settling=Settling(timedelta(seconds=settings.follow_overlap), now),
        slowest=settings.follow_seconds,
        limits=FollowingLimits(of_user=settings.max_subscriptions_per_user, in_all=settings.max_subscriptions),
        places=places,
    )


def _terms(settings: Settings) -> Terms:
    return Terms(
        holder=_holder(),
        seconds=settings.lease_seconds,
        call_seconds=settings.upstream_timeout,
        transfer_seconds=settings.upstream_transfer_timeout,
    )


def _holder() -> str:
    return f"{socket.gethostname()[:200]}:{os.getpid()}:{secrets.token_hex(8)}"


def now() -> datetime:
    """Tell the time."""
    return datetime.now(UTC)
