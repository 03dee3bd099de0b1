"""The embedded Acontext alone, as `gql-api embedded` runs it: what another program finds on the port."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from commands import address_told, running

KEY = "sk-ac-alone"


@dataclass(frozen=True)
class Alone:
    """A running one; what the SDK is told of it is `sdk`."""

    base_url: str

    @property
    def sdk(self) -> dict[str, str]:
        return {"base_url": self.base_url, "api_key": KEY}


@contextmanager
def alone(folder: Path, *, port: int = 0, key: str = KEY) -> Iterator[Alone]:
    """Run one on a data folder below the given one; it must end in order."""
    flags = ("--port", str(port), "--data-dir", "data", "--api-key", key)
    with running("embedded", *flags, cwd=folder) as process:
        yield Alone(address_told(process))
        process.terminate()
        assert process.wait(timeout=30) == 0
