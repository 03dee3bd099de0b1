"""A faithful Acontext in this process, kept in one data folder; the real SDK talks to it as to the real server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from starlette.types import ASGIApp

from gql_api.embedded.app import build_app, build_material_app
from gql_api.embedded.store import claimed, open_store
from gql_api.holding import AlreadyHeld as FolderInUse

__all__ = ["EmbeddedAcontext", "FolderInUse", "claimed", "open_acontext"]


@dataclass(frozen=True, slots=True)
class EmbeddedAcontext:
    """An open data folder. `secret` is one that it keeps, for whoever serves it to make keys of.

    `app` is the whole REST API. `material` answers only public URLs, without a key, and is made to be mounted
    where `public_url` points to. Neither has a lifespan.
    """

    app: ASGIApp
    material: ASGIApp
    secret: bytes


@asynccontextmanager
async def open_acontext(data_dir: Path, *, api_key: str, public_url: str) -> AsyncIterator[EmbeddedAcontext]:
    """Open the data folder, made if it is not there; what was answered before is durable.

    `public_url` is what public URLs start with. Raises `FolderInUse`, an `OSError`, while somebody else has it open.
    """
    async with open_store(data_dir, public_url=public_url) as store:
        yield EmbeddedAcontext(
            app=build_app(store, api_key=api_key), material=build_material_app(store), secret=store.signer.secret
        )
