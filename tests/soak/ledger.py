"""What writers were told: the only thing that what is there in the end is held against."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Label:
    """The title and the only tag that a writer gave a session, together with a pin or without one."""

    writer: str
    text: str
    is_pinned: bool
    is_sure: bool = False
    """It was acknowledged at the first try: no other try of it can come later."""
    is_over: bool = False
    """Its writer has given another one since."""


@dataclass
class Session:
    """A session that a writer was given. Messages and files are those that were acknowledged; texts are all unique."""

    id: str
    acontext_id: str
    user: str
    said: list[tuple[str, list[str]]] = field(default_factory=list)
    """Writers, and the texts of a list that was acknowledged, in the order of the acknowledgements of each writer."""
    files: dict[str, str] = field(default_factory=dict)
    file_ids: dict[str, str] = field(default_factory=dict)
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
    offered: set[str] = field(default_factory=set)
    """Sessions made in Acontext itself that were to be taken over, and nobody knows whether they were."""
    given_up: int = 0
    """Mutations that had no answer after very many tries: what became of them is not claimed."""
