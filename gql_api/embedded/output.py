"""Shows messages in the form a reader asked for."""

import sqlite3
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from gql_api.embedded import anthropic_output, clock, gemini_output, gojson, messages, openai_output, serving
from gql_api.embedded.inlining import inliner
from gql_api.embedded.store import Store

_LIFE_SECONDS = 24 * 60 * 60
_WITH_ASSET = '"asset":'
_ASSETS = """
    SELECT sha256, material_id FROM assets WHERE message_id = ?
"""


@dataclass(frozen=True, slots=True)
class Shown:
    """A message on its way out; `parts` only if editing has looked at them, else they are as stored."""

    row: sqlite3.Row
    tokens: int
    parts: Sequence[Mapping[str, Any]] | None

    def read_parts(self) -> Sequence[Mapping[str, Any]]:
        parts: Sequence[Mapping[str, Any]] = orjson.loads(self.row["parts"]) if self.parts is None else self.parts
        return parts


@dataclass(frozen=True, slots=True)
class AssetUrl:
    """A public URL of an asset and when it ends, in seconds since 1970."""

    url: str
    expires_at: int

    def shown(self) -> dict[str, str]:
        return {"url": self.url, "expire_at": clock.text(self.expires_at * 1_000_000)}


def asset_urls(connection: sqlite3.Connection, store: Store, shown: Sequence[Shown]) -> dict[str, AssetUrl]:
    """Make URLs for the assets of these messages, by SHA-256."""
    expires_at = int(time.time()) + _LIFE_SECONDS
    urls: dict[str, AssetUrl] = {}
    for each in shown:
        if _WITH_ASSET not in each.row["parts"]:
            continue
        for asset in connection.execute(_ASSETS, (each.row["id"],)):
            url = serving.url_for(store, asset["material_id"], seconds=_LIFE_SECONDS)
            urls.setdefault(asset["sha256"], AssetUrl(url, expires_at))
    return urls


def items(store: Store, shown: Sequence[Shown], message_format: str, urls: Mapping[str, AssetUrl]) -> list[Any]:
    """Give the messages; Gemini's form leaves out those that become empty."""
    plain_urls = {sha256: url.url for sha256, url in urls.items()}
    inline = inliner(store.storage, plain_urls)
    match message_format:
        case "acontext":
            return [_as_stored(each) for each in shown]
        case "anthropic":
            return [anthropic_output.show(each.row["role"], each.read_parts(), inline) for each in shown]
        case "gemini":
            return gemini_output.show_all([(each.row["role"], each.read_parts()) for each in shown], inline)
        case _:
            return [
                openai_output.show(each.row["role"], each.read_parts(), orjson.loads(each.row["meta"]), plain_urls)
                for each in shown
            ]


def _as_stored(shown: Shown) -> dict[str, Any]:
    parts = shown.row["parts"] if shown.parts is None else gojson.dumps(shown.parts)
    return messages.show(shown.row, parts=parts, meta=messages.system_meta(shown.row))
