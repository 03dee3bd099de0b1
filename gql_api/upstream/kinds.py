"""The kinds of calls: how long one may take, and after which failures it may be made again."""

from dataclasses import dataclass
from enum import Enum

from gql_api.upstream.failures import Fate


class Size(Enum):
    """How much is under way; each size has a time limit of its own."""

    SMALL = "small"
    TRANSFER = "transfer"
    """Whole files."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What is promised of a call."""

    again: frozenset[Fate]
    """Failures after which it may be repeated."""
    size: Size = Size.SMALL
    costly: bool = False
    """Its work upstream grows with the conversation and goes on when nobody waits for it any more."""


_ALWAYS = frozenset({Fate.UNSENT, Fate.DEFERRED})
_WITHOUT_HARM = _ALWAYS | {Fate.FAILED, Fate.ASTRAY, Fate.LOST, Fate.LATE}

READ = Kind(_WITHOUT_HARM)
COSTLY_READ = Kind(_WITHOUT_HARM - {Fate.LATE}, costly=True)
"""Late answers of these are not asked for again: that would double the work that made them late."""
SEARCH = Kind(_ALWAYS | {Fate.LOST}, costly=True)
"""What is too much for Acontext is late or fails, and would again."""
DOWNLOAD = Kind(_WITHOUT_HARM, size=Size.TRANSFER)
REMOVAL = Kind(_WITHOUT_HARM)
"""Done twice it has the same effect as done once."""
OVERWRITE = Kind(_ALWAYS | {Fate.FAILED})
"""As that, but not once something else was done since: a first one that is late would undo what was written by then, or
make anew what was deleted."""
ONCE = Kind(_ALWAYS)
"""Done twice it has two effects, so it is repeated only where it certainly had none."""
ONCE_WITH_FILES = Kind(_ALWAYS, size=Size.TRANSFER)
"""The same with whole files."""
UPLOAD = Kind(_ALWAYS, size=Size.TRANSFER)
"""A repeated upload is the same file, but a lost first one could land later, over what somebody wrote since."""
