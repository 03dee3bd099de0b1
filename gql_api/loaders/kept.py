"""What a loader keeps of its keys: a plain dictionary, where Strawberry's own has a function for keys around one."""

from asyncio import Future
from typing import Any

from strawberry.dataloader import AbstractCache


class Kept(dict[Any, Future[Any]], AbstractCache[Any, Any]):
    """Finds and keeps by the keys themselves."""

    set = dict.__setitem__  # type: ignore[assignment]
    delete = dict.__delitem__  # type: ignore[assignment]
