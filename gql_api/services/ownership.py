"""Whose session it is: the check that every write begins with, and repeats once it holds the session's lock."""

from uuid import UUID

from gql_api import model
from gql_api.errors import Busy, NotFound
from gql_api.services import rules
from gql_api.store import mappings
from gql_api.upstream.sessions import UpstreamSession


class BeingErased(Busy):
    """All of the user's is being erased: until that is done nothing new is made for them."""

    def __init__(self) -> None:
        super().__init__("All sessions of this user are being deleted; try again when that is done.", ("input", "user"))


async def own_session(owner: str, id: UUID, path: rules.Path) -> model.Session:
    """Find the owner's session; raise `NotFound`, whether there is none or it is another's."""
    return present((await mappings.ready(owner, [id])).get(id), "session", path)


def present(session: model.Session | None, noun: str, path: rules.Path) -> model.Session:
    """Return the session, if there is one; raise `NotFound` naming what was looked for."""
    if session is None:
        raise NotFound(f"There is no such {noun}.", path)
    return session


def is_tagged(session: UpstreamSession, nonce: str) -> bool:
    """Tell whether the session was made for the intent with this nonce."""
    tag = (session.configs or {}).get(rules.RESERVED)
    return isinstance(tag, dict) and tag.get("nonce") == nonce
