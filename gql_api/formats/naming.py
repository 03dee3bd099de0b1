"""Ids for the tool calls of one conversation, the same at every conversion; which rule is used, the provider says."""

import hashlib
import re
from collections.abc import Sequence

from gql_api.formats.conversation import Exchange

_UNFIT = re.compile(r"[^a-zA-Z0-9_-]")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:12]


def keep_ids(exchanges: Sequence[Exchange]) -> None:
    """Send calls under their own ids; only one without an id is given one."""
    for exchange in exchanges:
        for place, call in enumerate(exchange.calls):
            call.sent_id = call.call_id or f"call_{_digest(f'{call.source.id}:{place}')}"


def fit_ids(exchanges: Sequence[Exchange]) -> None:
    """Send calls under ids of letters, digits, _ and - that are unique in the conversation.

    An id depends on the calls before it only, so it stays when the conversation goes on.
    """
    used: set[str] = set()
    for exchange in exchanges:
        for place, call in enumerate(exchange.calls):
            call.sent_id = _unused(call.call_id, f"{call.source.id}:{place}", used)
            used.add(call.sent_id)


def _unused(call_id: str, place: str, used: set[str]) -> str:
    fit = _UNFIT.sub("_", call_id)
    wanted = call_id if fit == call_id and call_id else f"{fit or 'call'}_{_digest(call_id or place)}"
    name, count = wanted, 1
    while name in used:
        count += 1
        name = f"{wanted}_{count}"
    return name
