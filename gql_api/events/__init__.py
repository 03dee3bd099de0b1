"""What happens to sessions, told to whoever follows them: in this process, and in others where there are others."""

from gql_api.events.broker import Broker, Event, ListChange, ListChanged, MessagesStored, UserErased, owner_key

__all__ = ["Broker", "Event", "ListChange", "ListChanged", "MessagesStored", "UserErased", "owner_key"]
