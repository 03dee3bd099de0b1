"""Imports the SDK without the two packages of which it names one type each, in annotations that nobody evaluates.

They are thousands of modules: a second and a half of start-up and 70 MiB for each process.
"""

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from types import ModuleType

_NAMED = {"openai.types.chat": "ChatCompletionMessageParam", "anthropic.types": "MessageParam"}


@cache
def load() -> ModuleType:
    """Give the SDK; it is imported when it is needed first, and whole where it should need more of the two."""
    try:
        with _stand_ins():
            return importlib.import_module("acontext")
    except (ImportError, AttributeError):
        return importlib.import_module("acontext")


@contextmanager
def _stand_ins() -> Iterator[None]:
    """Let modules of one empty class each stand for those that are not loaded yet, to the end of the block."""
    missing = [name for name in _NAMED if name not in sys.modules]
    for name in missing:
        sys.modules[name] = module = ModuleType(name)
        setattr(module, _NAMED[name], type(_NAMED[name], (), {}))
    try:
        yield
    finally:
        for name in missing:
            del sys.modules[name]
