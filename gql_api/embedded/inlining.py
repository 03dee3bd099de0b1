"""Pictures as base64 for the forms that want them inline; unlike upstream it never fetches a client's URL."""

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from typing import Any

from gql_api.embedded.storage import Storage

_DATA_URL = re.compile(r"data:(?P<mime>[^;,]*)(?:;[^,]*)?,(?P<data>.*)", re.DOTALL)
_DEFAULT_MIME = "image/png"

Part = Mapping[str, Any]
Picture = tuple[str, str]
Inline = Callable[[Part], Picture | None]


def inliner(storage: Storage) -> Inline:
    """Give the function that finds type and base64 text of an image part, or None if it holds no picture."""

    def inline(part: Part) -> Picture | None:
        asset, meta = part.get("asset"), part.get("meta") or {}
        if asset:
            return _from_storage(storage, asset)
        if isinstance(meta.get("url"), str):
            return _from_url(meta["url"])
        return _checked(meta.get("media_type"), meta.get("data"))

    return inline


def _from_storage(storage: Storage, asset: Mapping[str, Any]) -> Picture | None:
    try:
        data = storage.read(asset["sha256"])
    except FileNotFoundError:
        return None
    return asset["mime"], base64.b64encode(data).decode()


def _from_url(url: str) -> Picture | None:
    match = _DATA_URL.fullmatch(url)
    return _checked(match["mime"] or _DEFAULT_MIME, match["data"]) if match else None


def _checked(mime: Any, data: Any) -> Picture | None:
    if not isinstance(mime, str) or not isinstance(data, str) or not data:
        return None
    try:
        base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        return None
    return mime, data
