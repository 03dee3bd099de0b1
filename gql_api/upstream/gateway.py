"""The door to Acontext that loaders and services are given: one method a call, grouped by resource."""

from dataclasses import dataclass

from gql_api.upstream.files import FileCalls
from gql_api.upstream.messages import MessageCalls
from gql_api.upstream.sessions import SessionCalls


@dataclass(frozen=True, slots=True)
class Gateway:
    """All that this server may ask of Acontext."""

    sessions: SessionCalls
    messages: MessageCalls
    files: FileCalls
