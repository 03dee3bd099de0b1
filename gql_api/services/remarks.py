"""What callers keep beside a stored message: merged key by key as Acontext does it, with what is ours left as it is."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from gql_api import gojson, model
from gql_api.errors import Invalid, NotFound, TooLarge
from gql_api.services import rules
from gql_api.upstream import cursor
from gql_api.upstream.gateway import Gateway
from gql_api.upstream.messages import Reading
from gql_api.upstream.refusal import Refused

NAMED = ("input", "messageId")
_METADATA = ("input", "metadata")


class Named(NamedTuple):
    """A message, and where it stands."""

    session_id: UUID
    created_at: datetime
    id: UUID


def checked(changes: Any) -> model.JsonObject:
    """Check what is to be merged, before anything is asked of Acontext; raise `Invalid` or `TooLarge`."""
    found = rules.json_object(changes, _METADATA)
    if found is None:
        raise Invalid("This must be a JSON object.", _METADATA)
    return found


async def there(gateway: Gateway, named: Named) -> model.Message:
    """Read the message; raise `NotFound`, also where Acontext has lost the conversation."""
    place = cursor.just_before(named.created_at, named.id)
    try:
        page = await gateway.messages.read(named.session_id, Reading(limit=1, after=place))
    except Refused as refusal:
        # Acontext says the same words for an unknown session and for a cursor that it will not have.
        if not refusal.is_mistake or await gateway.sessions.exists(named.session_id):
            raise
        page = None
    for message in page.messages if page else ():
        if (message.id, message.created_at) == (named.id, named.created_at):
            return message
    raise _absent()


async def merged(gateway: Gateway, message: model.Message, changes: model.JsonObject) -> model.Message:
    """Merge top-level keys into the message's metadata, and give it as it is then; raise `NotFound`."""
    try:
        metadata = await gateway.messages.patch_metadata(message.session_id, message.id, changes)
    except Refused as refusal:
        if not refusal.is_absence:
            raise
        raise _absent() from None
    return message._replace(user_meta=metadata)


def within_limit(message: model.Message, changes: model.JsonObject) -> None:
    """Refuse with `TooLarge` what would be too much together: Acontext itself looks at the changes alone."""
    together = {key: value for key, value in {**message.user_meta, **changes}.items() if value is not None}
    if len(gojson.dumps(together).encode()) > rules.LARGEST_JSON:
        raise TooLarge(
            f"With what the message has, its idempotency key included, this is more than {rules.LARGEST_JSON} bytes "
            "of JSON.",
            _METADATA,
        )


def _absent() -> NotFound:
    return NotFound("There is no such message.", NAMED)
