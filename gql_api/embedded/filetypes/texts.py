"""The kinds of text: by how they begin, by what the first lines say, or by reading them as JSON or a table."""

import re

from gql_api.embedded.filetypes import charsets, jsons, netpbm, tables, xmls
from gql_api.embedded.filetypes.rule import Kind, Rule, either, matches, starts
from gql_api.embedded.filetypes.scanning import Cursor

_BINARY = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")
_BLANKS = rb"[\t\n\x0c\r ]"
_TAGS = rb"!DOCTYPE HTML|HTML|HEAD|SCRIPT|IFRAME|H1|DIV|FONT|TABLE|A|STYLE|TITLE|B|BODY|BR|P|!--"
_HTML = rb"(?i)(?:\xef\xbb\xbf)?[\t\n\x0c\r ]*<(?:" + _TAGS + rb")[\t\n\x0c\r >]"
_TIMES = re.compile(rb"((?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d,\d{3}) --> ((?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d,\d{3})")
_MAIL = re.compile(
    rb"From: |To: |(?i:CC: |DELIVERED-TO: |RETURN-PATH: )|Date: |Subject: |Received: |Relay-Version: |"
    rb"N?#! rnews|Forward to|Pipe to|Content-Type: |Content-Transfer-Encoding: "
)
_MAIL_LINES = 20
_LOCAL = ("/usr/bin/", "/usr/local/bin/", "/usr/bin/env ", "/usr/bin/env -S ")
_NOT_LOCAL = ("/usr/bin/", "/usr/bin/env ", "/usr/bin/env -S ")
_NODE = ("/bin/", "/usr/bin/", "/usr/bin/env ", "/usr/bin/env -S ")
_SHELLS = ("bash", "csh", "dash", "ksh", "tcsh", "zsh")
_SHELL_PLACES = ("/bin/", "/usr/local/bin/", "/usr/bin/env ", "/usr/bin/env -S ")


def is_text(data: bytes) -> bool:
    """Tell whether a byte order mark begins it, or no control character is in it that text has not."""
    return bool(charsets.from_mark(data)) or not _BINARY.search(data)


def _run_by(*programs: str, places: tuple[str, ...], exactly: bool = False) -> Rule:
    """Make a rule: the first line says which program runs this.

    Unless `exactly`, any blanks separate words, and more may follow the name at once.
    """
    blank, end = (b" ", _BLANKS + rb"|\Z") if exactly else (rb"[\t\x0c\r ]+", b"")
    commands = (re.escape(f"{place}{program}".encode()) for place in places for program in programs)
    wanted = b"|".join(commands).replace(rb"\ ", blank)
    return matches(rb"#![\t\x0c\r ]*(?:" + wanted + rb")(?:" + end + rb")")


def _is_subtitles(data: bytes) -> bool:
    """Tell whether it begins with the number 1, two times in order, and a line of text."""
    cursor = Cursor(data)
    if cursor.line() != b"1":
        return False
    times = _TIMES.fullmatch(cursor.line())
    return times is not None and times[1] <= times[2] and cursor.line() != b""


def _is_mail(data: bytes) -> bool:
    """Tell whether the first line and one of the next look like headers."""
    cursor = Cursor(data)
    if not _MAIL.match(cursor.line()):
        return False
    return any(_MAIL.match(cursor.line()) for _ in range(_MAIL_LINES))


_shell = _run_by(*_SHELLS, places=_SHELL_PLACES, exactly=True)
_posix_shell = _run_by("sh", places=("/bin/",), exactly=True)
_php_script = _run_by("php", places=("/usr/local/bin/", "/usr/bin/", "/usr/bin/env ", "/usr/bin/env -S "))

_JSON = (
    Kind("application/geo+json", lambda data: jsons.is_json(data, jsons.GEO, first=b"{")),
    Kind("application/json", lambda data: jsons.is_json(data, jsons.HAR, first=b"{")),
    Kind("model/gltf+json", lambda data: jsons.is_json(data, jsons.GLTF, first=b"{")),
)
KINDS = (
    Kind("image/svg+xml", xmls.is_svg),
    Kind("text/html", matches(_HTML)),
    Kind("text/xml", xmls.is_xml, xmls.KINDS),
    Kind("text/x-php", either(matches(rb"(?i)<\?(?:PHP|[\n\r ])."), _php_script)),
    Kind("text/javascript", _run_by("node", places=_NODE)),
    Kind("text/x-lua", _run_by("lua", places=_LOCAL, exactly=True)),
    Kind("text/x-perl", _run_by("perl", places=_NOT_LOCAL, exactly=True)),
    Kind("text/x-python", _run_by("python", places=_LOCAL)),
    Kind("text/x-ruby", _run_by("ruby", places=_LOCAL)),
    Kind("application/json", jsons.is_json, _JSON),
    Kind("application/x-ndjson", jsons.is_json_lines),
    Kind("text/rtf", starts(b"{\\rtf")),
    Kind("application/x-subrip", _is_subtitles),
    Kind("text/x-tcl", _run_by("tcl", "wish", places=_LOCAL)),
    Kind("text/csv", lambda data: tables.is_table(data, delimiter=b",")),
    Kind("text/tab-separated-values", lambda data: tables.is_table(data, delimiter=b"\t")),
    Kind("text/vcard", matches(rb"(?i)BEGIN:VCARD\r?\n.")),
    Kind("text/calendar", matches(rb"(?i)BEGIN:VCALENDAR\r?\n.")),
    Kind("application/warc", starts(b"WARC/1.0", b"WARC/1.1")),
    Kind("text/vtt", matches(rb"(?:\xef\xbb\xbf)?WEBVTT(?:[\t\n\r ]|\Z)")),
    Kind("text/x-shellscript", either(_posix_shell, _shell)),
    Kind("image/x-portable-bitmap", netpbm.is_picture(b"P1\n", b"P4\n")),
    Kind("image/x-portable-graymap", netpbm.is_picture(b"P2\n", b"P5\n")),
    Kind("image/x-portable-pixmap", netpbm.is_picture(b"P3\n", b"P6\n")),
    Kind("image/x-portable-arbitrarymap", netpbm.is_arbitrary_map),
    Kind("message/rfc822", _is_mail),
)
