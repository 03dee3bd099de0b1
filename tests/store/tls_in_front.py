"""What speaks TLS in front of a PostgreSQL that does not, as that of the wheel for tests."""

import asyncio
import ssl
from contextlib import suppress
from pathlib import Path

SSL_REQUEST = bytes.fromhex("0000000804d2162f")


class TlsInFront:
    """Takes up TLS where it is asked for, and passes on all the rest; it tells whether it had to.

    Without certificates it passes on that question too, and PostgreSQL says no.
    """

    def __init__(self, socket_file: Path, certificates: Path | None) -> None:
        self.was_asked = False
        self._socket_file = socket_file
        self._context: ssl.SSLContext | None = None
        if certificates:
            self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            self._context.load_cert_chain(certificates / "server.pem", certificates / "server.key")

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        first = await reader.readexactly(len(SSL_REQUEST))
        self.was_asked = first == SSL_REQUEST
        if self._context and self.was_asked:
            writer.write(b"S")
            await writer.start_tls(self._context)
            first = b""
        far_reader, far_writer = await asyncio.open_unix_connection(self._socket_file)
        far_writer.write(first)
        await asyncio.gather(_pass_on(reader, far_writer), _pass_on(far_reader, writer))


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError, ssl.SSLError):
        while data := await reader.read(65_536):
            writer.write(data)
    writer.close()
