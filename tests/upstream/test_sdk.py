"""How the SDK is imported: without what it names in annotations alone."""

import subprocess
import sys

import pytest

from commands import environment

SERVED = """
import asyncio, sys, tempfile
from pathlib import Path
from gql_api.app import create_app
from gql_api.settings import Settings

async def serve() -> None:
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(Settings(_env_file=None, data_dir=Path(folder)))
        async with app.router.lifespan_context(app):
            print([name for name in ("acontext", "openai", "anthropic") if name in sys.modules])

asyncio.run(serve())
"""

AFTERWARDS = """
from gql_api.upstream import sdk
sdk.load()
from anthropic.types import MessageParam
from openai.types.chat import ChatCompletionMessageParam
print(MessageParam.__args__[0].__module__, ChatCompletionMessageParam.__args__[0].__module__)
"""

OF_MORE = """
import sys
from gql_api.upstream import sdk
sdk._NAMED[{module!r}] = "Other"
print(sdk.load().AcontextAsyncClient.__name__, {module!r} in sys.modules)
"""

BEFORE = """
from anthropic import types
from gql_api.upstream import sdk
from acontext.resources import async_sessions
print(sdk.load().__name__, async_sessions.MessageParam is types.MessageParam)
"""


def told(program: str) -> str:
    """Give what a program tells that nothing of whoever runs the tests reaches."""
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", program], env=environment(), capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout.strip()


def test_a_server_is_without_the_packages_that_the_sdk_only_names() -> None:
    assert told(SERVED) == "['acontext']"


def test_who_needs_them_afterwards_has_the_real_ones() -> None:
    anthropic, openai = told(AFTERWARDS).split()

    assert anthropic.startswith("anthropic.types.")
    assert openai.startswith("openai.types.chat.")


def test_who_had_them_before_keeps_them() -> None:
    assert told(BEFORE) == "acontext True"


@pytest.mark.parametrize("module", ["openai.types.chat", "anthropic.types"])
def test_an_sdk_that_needs_more_of_them_gets_them(module: str) -> None:
    assert told(OF_MORE.format(module=module)) == "AcontextAsyncClient True"
