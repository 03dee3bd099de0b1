"""What stands between a server and PostgreSQL, and can fall silent without closing anything, as a lost network does."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self


@dataclass
class SilentRelay:
    """Passes bytes on; once a server has said `last_words`, nothing more comes through on that connection."""

    socket_file: Path
    port: int = 0
    last_words: bytes | None = None
    silenced: int = 0
    _tasks: "set[asyncio.Task[None]]" = field(default_factory=set)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Self]:
        server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in list(self._tasks):
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_unix_connection(self.socket_file)
        silence = asyncio.Event()

        def is_heard(data: bytes) -> bool:
            if self.last_words and self.last_words in data:
                self.last_words = None
                self.silenced += 1
                silence.set()
            return not silence.is_set()

        self._start(_pass_on(reader, far_writer, is_heard))
        self._start(_pass_on(far_reader, writer, lambda _: not silence.is_set()))

    def _start(self, passing: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(passing)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _pass_on(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, is_heard: Callable[[bytes], bool]
) -> None:
    with closing(writer), suppress(ConnectionError):
        while data := await reader.read(65_536):
            if is_heard(data):
                writer.write(data)
