"""Accept headers: the media type of an answer, whether it may be compressed or a page; the rest is left to the view."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, wraps
from typing import NamedTuple, TypeVar

GRAPHQL = "application/graphql-response+json"
JSON = "application/json"
EVENTS = "text/event-stream"
FORM = "multipart/form-data"
UTF8 = {"utf-8", "utf8"}
_GZIP = ("gzip", "*")
_LONGEST_KEPT = 200
"""Characters of a header that is remembered with what it means: clients send the same few."""

# Commas and semicolons may stand inside quotes.
_ITEM = re.compile(r'(?:[^,"]|"(?:\\.|[^"\\])*")+')
_PARAMETER = re.compile(r'(?:[^;"]|"(?:\\.|[^"\\])*")+')

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class MediaType:
    """A media type or a range of them, in lower case, with its parameters."""

    name: str
    parameters: dict[str, str]

    @property
    def quality(self) -> float:
        """How much it is wanted, from 0 to 1; what cannot be read counts as unwanted."""
        try:
            quality = float(self.parameters.get("q", "1"))
        except ValueError:
            return 0.0
        return quality if 0 <= quality <= 1 else 0.0

    @property
    def is_utf8(self) -> bool:
        return self.parameters.get("charset", "utf-8").lower() in UTF8


def parse_media_type(text: str) -> MediaType:
    """Read a Content-Type, or one entry of an Accept header."""
    name, *parameters = _PARAMETER.findall(text)
    pairs = (parameter.partition("=") for parameter in parameters)
    return MediaType(
        name.strip().lower(), {key.strip().lower(): value.strip().strip('"') for key, _, value in pairs if value}
    )


def _remembered(read: Callable[[str | None], T]) -> Callable[[str | None], T]:
    known = lru_cache(maxsize=256)(read)
    return wraps(read)(lambda accept: (known if len(accept or "") <= _LONGEST_KEPT else read)(accept))


@_remembered
def choose(accept: str | None) -> str | None:
    """Choose the media type of an answer; None when the client takes neither of the two.

    Of equal wishes the one that names the type itself wins, then the one that stands first. Who has no preference
    gets application/json, which every client understands.
    """
    if not accept or accept == "*/*":
        return JSON
    ranges = _ranges(accept)
    ranked = {media: _rank(media, ranges) for media in (JSON, GRAPHQL)}
    best = max(ranked, key=lambda media: ranked[media])
    return best if ranked[best][0] > 0 else None


@_remembered
def takes_events(accept: str | None) -> bool:
    """Tell whether the client names event streams among what it takes; a range does not mean them."""
    return any(one.name == EVENTS and one.quality > 0 for one in _ranges(accept or ""))


@_remembered
def prefers_events(accept: str | None) -> bool:
    """Tell whether an event stream is wanted more than the two media types of single answers, or before them."""
    ranges = _ranges(accept or "")
    events = max(((one.quality, -place) for place, one in enumerate(ranges) if one.name == EVENTS), default=(0.0, 0))
    others = max(_rank(media, ranges) for media in (JSON, GRAPHQL))
    return events[0] > 0 and events > (others[0], others[2])


class Wanted(NamedTuple):
    """What an Accept header wants: `media` as `choose` says, and event streams as the other two say."""

    media: str | None
    events: bool
    events_first: bool


@_remembered
def wanted(accept: str | None) -> Wanted:
    """Read all of it at once."""
    return Wanted(choose(accept), takes_events(accept), prefers_events(accept))


@_remembered
def wants_page(accept: str | None) -> bool:
    """Tell a browser, which names text/html, from programs, which take anything."""
    return any(one.name == "text/html" and one.quality > 0 for one in _ranges(accept or ""))


@_remembered
def is_json(content_type: str | None) -> bool:
    """Tell whether a Content-Type says that the body is JSON as it is taken here."""
    kind = parse_media_type(content_type or "none")
    return kind.name == JSON and kind.is_utf8


@_remembered
def takes_gzip(accepted: str | None) -> bool:
    """Read an Accept-Encoding header; what it says of gzip by name goes before what it says of any coding."""
    taken = {coding.name: coding.quality > 0 for coding in _ranges(accepted or "")}
    return next((taken[name] for name in _GZIP if name in taken), False)


@_remembered
def is_form(content_type: str | None) -> bool:
    """Tell whether a Content-Type says that the body is a form that may have files."""
    return parse_media_type(content_type or "none").name == FORM


def _ranges(accept: str) -> list[MediaType]:
    return [parse_media_type(item) for item in _ITEM.findall(accept) if item.strip(" ;\t")]


def _rank(media: str, ranges: list[MediaType]) -> tuple[float, int, int]:
    """Rank a media type by its quality, by how closely it is named, and by its place; the closest range decides."""
    closeness = {media: 2, "application/*": 1, "*/*": 0}
    found = [
        (closeness[one.name], one.quality, -place)
        for place, one in enumerate(ranges)
        if one.name in closeness and one.is_utf8
    ]
    if not found:
        return (0.0, 0, 0)
    close, quality, place = max(found)
    return (quality, close, place)
