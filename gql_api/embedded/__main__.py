"""Runs the embedded Acontext alone, as `python -m gql_api.embedded` or for the command line of the whole."""

import argparse
import asyncio
import sys
from pathlib import Path

import uvicorn

from gql_api.embedded.server import Address, CannotServe, listen

_TURN_SECONDS = 0.0005
"""How long a thread that computes lets others wait: a row read and a request taken in wait for it each time."""

__all__ = ["CannotServe", "main", "serve"]


def serve(*, data_dir: Path, api_key: str, host: str, port: int, public_url: str | None = None) -> None:
    """Serve until a signal comes; tells the bound address on standard output. One process per folder.

    Raises `CannotServe` before anything is served.
    """
    address = Address(host=host, port=port, public_url=public_url)
    sys.setswitchinterval(_TURN_SECONDS)
    with asyncio.Runner(loop_factory=uvicorn.Config("").get_loop_factory()) as runner:  # uvloop's, where there is one
        runner.run(listen(address, data_dir=data_dir, api_key=api_key, announce=_announce))


def main() -> None:
    parser = argparse.ArgumentParser("python -m gql_api.embedded", description="A faithful Acontext in one process.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default %(default)s)")
    parser.add_argument("--port", type=int, default=8029, help="port, 0 for a free one (default %(default)s)")
    parser.add_argument("--data-dir", type=Path, required=True, help="folder for all data, of no other process")
    parser.add_argument("--api-key", required=True, help="key that clients send as their bearer token")
    parser.add_argument("--public-url", help="what file URLs begin with (default: the address really bound)")
    options = vars(parser.parse_args())
    try:
        serve(**options)
    except CannotServe as error:
        sys.exit(str(error))


def _announce(bound: str) -> None:
    sys.stdout.write(f"Acontext listens on {bound}/api/v1\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
