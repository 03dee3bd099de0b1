"""What writers were told: the only thing that what is there in the end is held against."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass
class Value:
    """What a writer put in a place, over what it had put there before."""

    writer: str
    text: str
    is_sure: bool = False
    """It was acknowledged at the first try: no other try of it can come later."""
    is_over: bool = False
    """Its writer has put another there since."""


@dataclass
class Label(Value):
    """The title and the only tag that a writer gave a session, together with a pin or without one."""

    is_pinned: bool = False


def acknowledge(value: Value, beside: Sequence[Value], *, tries: int) -> None:
    """Note that a value was acknowledged after so many other tries: what its writer had put there is over."""
    value.is_sure = not tries
    for other in beside:
        if other.writer == value.writer and other is not value and other.is_sure:
            other.is_over = True


@dataclass
class Origin:
    """The session that another was made of, and the text of the last message that was to be copied, if it was told."""

    session: "Session"
    last: str | None


@dataclass
class Session:
    """A session that a writer was given. Messages and files are those that were acknowledged; texts are all unique."""

    id: str
    acontext_id: str
    user: str
    said: list[tuple[str, list[str]]] = field(default_factory=list)
    """Writers, and the texts of a list that was acknowledged, in the order of the acknowledgements of each writer."""
    message_ids: dict[str, str] = field(default_factory=dict)
    notes: dict[str, list[Value]] = field(default_factory=dict)
    """What writers put into the metadata of messages, by their texts, each under its own name."""
    keys: dict[str, list[str]] = field(default_factory=dict)
    """Keys of the metadata of messages that were acknowledged, by their texts."""
    files: dict[str, str] = field(default_factory=dict)
    file_ids: dict[str, str] = field(default_factory=dict)
    labels_of_files: dict[str, list[Value]] = field(default_factory=dict)
    """What the metadata of a file were made, by its path: what it was written with comes first."""
    removed: list[str] = field(default_factory=list)
    """Paths of files whose deletion was acknowledged, or that were not to be copied."""
    title: str = ""
    last: tuple[str, str] | None = None
    """Id and text of the message that is believed to be the last."""
    following: dict[str, str] = field(default_factory=dict)
    """Texts that were stored on the condition that this other one is the last; an empty one: that there is none."""
    refused: list[str] = field(default_factory=list)
    """Texts that were told not to be stored."""
    attached: dict[str, int] = field(default_factory=dict)
    """Texts with a file, and how many bytes that has."""
    labels: list[Label] = field(default_factory=list)
    configs: list[str] = field(default_factory=list)
    """Keys that were acknowledged."""
    origin: Origin | None = None
    is_deleted: bool = False
    is_doubtful: bool = False
    """A deletion was asked for, and nobody knows yet whether it began."""


@dataclass
class Ledger:
    """All sessions, by Acontext's id; and the counts."""

    sessions: dict[str, Session] = field(default_factory=dict)
    done: Counter[str] = field(default_factory=Counter)
    tries: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    erased: set[str] = field(default_factory=set)
    """Users of whom nothing was left, as was told."""
    offered: set[str] = field(default_factory=set)
    """Sessions made in Acontext itself that were to be taken over, and nobody knows whether they were."""
    given_up: int = 0
    """Mutations that had no answer after very many tries: what became of them is not claimed."""
    wrong: list[str] = field(default_factory=list)
    """Answers that must not be."""
