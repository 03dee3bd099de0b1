"""Pictures as base64 for the forms that want them inline; unlike upstream it never fetches a client's URL."""

import base64
import re
from collections.abc import Callable, Container, Mapping
from typing import Any

from gql_api.embedded.parts import Part, meta_text
from gql_api.embedded.storage import Storage

_DATA_URL = re.compile(r"data:(?P<mime>[^;,]*)(?:;[^,]*)?,(?P<data>.+)", re.DOTALL)
_DEFAULT_MIME = "image/png"

Picture = tuple[str, str]
Inline = Callable[[Part], Picture | None]


def inliner(storage: Storage, shown: Container[str]) -> Inline:
    """Give the function that finds type and base64 text of an image part, or None if it holds no picture.

    `shown` has the SHA-256 of each asset with a public URL: upstream reads it there, or else looks for the part's own
    URL. Base64 that a message came with outside of a URL is not looked at.
    """

    def inline(part: Part) -> Picture | None:
        asset = part.get("asset")
        if asset and asset["sha256"] in shown:
            return _from_storage(storage, asset)
        return _from_url(meta_text(part, "url"))

    return inline


def _from_storage(storage: Storage, asset: Mapping[str, Any]) -> Picture | None:
    try:
        data = storage.read(asset["sha256"])
    except FileNotFoundError:
        return None
    return asset["mime"], base64.b64encode(data).decode()


def _from_url(url: str) -> Picture | None:
    match = _DATA_URL.fullmatch(url)
    return (match["mime"] or _DEFAULT_MIME, match["data"]) if match else None
