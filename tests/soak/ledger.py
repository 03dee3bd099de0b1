"""What writers were told: the only thing that what is there in the end is held against."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Session:
    """A session that a writer was given. Messages and files are those that were acknowledged; texts are all unique."""

    id: str
    acontext_id: str
    user: str
    said: list[tuple[str, list[str]]] = field(default_factory=list)
    """Writers, and the texts of a list that was acknowledged, in the order of the acknowledgements of each writer."""
    files: dict[str, str] = field(default_factory=dict)
    title: str = ""
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
    given_up: int = 0
    """Mutations that had no answer after very many tries: what became of them is not claimed."""
