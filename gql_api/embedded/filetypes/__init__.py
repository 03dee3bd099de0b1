"""Tells the type of a file from its first bytes, in the way of the detector that upstream uses; names are no matter."""

from collections.abc import Callable, Mapping

from gql_api.embedded.filetypes import binaries, charsets
from gql_api.embedded.filetypes.rule import LOOKED_AT, Kind

_ANYTHING = Kind("application/octet-stream", lambda _data: True, binaries.KINDS)
_CHARSETS: Mapping[str, Callable[[bytes], str]] = {
    "text/plain": charsets.of_plain,
    "text/html": charsets.of_html,
    "text/xml": charsets.of_xml,
}


def detect(data: bytes) -> str:
    """Give the type, with the character set of text where there is one."""
    head = data[:LOOKED_AT]
    mime = _ANYTHING.found_in(head).mime
    charset = _CHARSETS[mime](head) if mime in _CHARSETS else ""
    return f"{mime}; charset={charset}" if charset else mime
