"""Events within one process."""

import logging
from uuid import UUID

import pytest

from gql_api.events import Event, ListChange, ListChanged, MessagesStored, owner_key
from gql_api.events.local import LocalBroker

SESSION = UUID("11111111-1111-4111-8111-111111111111")
STORED = MessagesStored(SESSION)
CREATED = ListChanged(ListChange.CREATED, owner_key("ada"), SESSION)


def ignore() -> None:
    """Nothing can be missed here."""


def test_listeners_are_told_while_they_listen_in_the_order_of_their_coming() -> None:
    broker, told = LocalBroker(), list[tuple[str, Event]]()
    broker.publish(STORED)
    with broker.listening(lambda event: told.append(("one", event)), missed=ignore):
        with broker.listening(lambda event: told.append(("two", event)), missed=ignore):
            broker.publish(STORED)
        broker.publish(CREATED)
    broker.publish(CREATED)
    assert told == [("one", STORED), ("two", STORED), ("one", CREATED)]
    assert broker.is_whole


def test_a_listener_that_fails_hinders_nobody(caplog: pytest.LogCaptureFixture) -> None:
    broker, told = LocalBroker(), list[Event]()

    def fail(event: Event) -> None:
        raise RuntimeError("a fault of the listener")

    listening = broker.listening
    with listening(fail, missed=ignore), listening(told.append, missed=ignore), caplog.at_level(logging.ERROR):
        broker.publish(STORED)
    assert told == [STORED]
    assert "a listener to events failed" in caplog.text


def test_a_listener_may_go_while_it_is_told() -> None:
    broker, told = LocalBroker(), list[Event]()
    listening = broker.listening(lambda event: listening.__exit__(None, None, None), missed=ignore)
    with broker.listening(told.append, missed=ignore):
        listening.__enter__()
        broker.publish(STORED)
        broker.publish(CREATED)
    assert told == [STORED, CREATED]


def test_users_are_named_by_what_cannot_be_read() -> None:
    assert owner_key("ada") == owner_key("ada") != owner_key("Ada")
    assert len(owner_key("ä" * 255)) == len(owner_key("")) == 32
