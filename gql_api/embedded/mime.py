"""The type of a file from its bytes, refined by its name for plain text, in the way of upstream's detector."""

import csv
import io
import re
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath

import orjson

_LOOKED_AT = 3072
"""The detector reads no further, except for JSON."""

_SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (0, b"BM", "image/bmp"),
    (0, b"II*\x00", "image/tiff"),
    (0, b"MM\x00*", "image/tiff"),
    (0, b"\x00\x00\x01\x00", "image/x-icon"),
    (4, b"ftypavif", "image/avif"),
    (4, b"ftypheic", "image/heic"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"PK\x03\x04", "application/zip"),
    (0, b"\x1f\x8b", "application/gzip"),
    (0, b"BZh", "application/x-bzip2"),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (0, b"\xfd7zXZ\x00", "application/x-xz"),
    (0, b"\x28\xb5\x2f\xfd", "application/zstd"),
    (0, b"Rar!\x1a\x07", "application/x-rar-compressed"),
    (257, b"ustar", "application/x-tar"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"),
    (0, b"fLaC", "audio/flac"),
    (8, b"WAVE", "audio/wav"),
    (0, b"OggS", "application/ogg"),
    (8, b"AVI LIST", "video/x-msvideo"),
    (4, b"ftypM4A ", "audio/x-m4a"),
    (4, b"ftypqt  ", "video/quicktime"),
    (4, b"ftyp", "video/mp4"),
    (0, b"\x1aE\xdf\xa3", "video/webm"),
    (0, b"SQLite format 3\x00", "application/vnd.sqlite3"),
    (0, b"\x7fELF", "application/x-elf"),
    (0, b"MZ", "application/vnd.microsoft.portable-executable"),
    (0, b"\x00asm", "application/wasm"),
    (0, b"wOFF", "font/woff"),
    (0, b"wOF2", "font/woff2"),
    (0, b"\x00\x01\x00\x00\x00", "font/ttf"),
    (0, b"PAR1", "application/vnd.apache.parquet"),
)
_RIFF = (b"WEBP", b"WAVE", b"AVI LIST")
_ZIPPED: Mapping[bytes, str] = {
    b"word/": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    b"xl/": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    b"ppt/": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    b"META-INF/MANIFEST.MF": "application/java-archive",
    b"mimetypeapplication/epub+zip": "application/epub+zip",
}
_TAGS = rb"!DOCTYPE HTML|HTML|HEAD|SCRIPT|IFRAME|H1|DIV|FONT|TABLE|A|STYLE|TITLE|B|BODY|BR|P"
_TEXT_STARTS: tuple[tuple[re.Pattern[bytes], str], ...] = (
    (re.compile(rb"\s*<(?:" + _TAGS + rb")[ >]|\s*<!--", re.IGNORECASE), "text/html"),
    (re.compile(rb"\s*<\?xml(?s:.*)<svg"), "image/svg+xml"),
    (re.compile(rb"\s*<svg"), "image/svg+xml"),
    (re.compile(rb"\s*<\?xml"), "text/xml"),
    (re.compile(rb"\s*<\?php", re.IGNORECASE), "text/x-php"),
    (re.compile(rb"#!\s*/(?:usr/)?bin/(?:env +)?(?:node|nodejs)\b"), "text/javascript"),
    (re.compile(rb"#!\s*/(?:usr/)?bin/(?:env +)?lua\b"), "text/x-lua"),
    (re.compile(rb"#!\s*/(?:usr/)?bin/(?:env +)?perl\b"), "text/x-perl"),
    (re.compile(rb"#!\s*/(?:usr/)?bin/(?:env +)?python"), "text/x-python"),
    (re.compile(rb"\{\\rtf"), "text/rtf"),
    (re.compile(rb"BEGIN:VCARD\r?\n", re.IGNORECASE), "text/vcard"),
    (re.compile(rb"BEGIN:VCALENDAR\r?\n", re.IGNORECASE), "text/calendar"),
    (re.compile(rb"(?:\xef\xbb\xbf)?WEBVTT"), "text/vtt"),
)
_WITH_CHARSET = ("text/plain", "text/html", "text/xml")
_REFINED: Mapping[str, str] = {
    ".md": "text/markdown",
    ".markdown": "text/markdown",
    ".yaml": "text/yaml",
    ".yml": "text/yaml",
    ".csv": "text/csv",
    ".json": "application/json",
    ".xml": "application/xml",
    ".html": "text/html",
    ".htm": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".ts": "text/typescript",
    ".go": "text/x-go",
    ".py": "text/x-python",
    ".rs": "text/x-rust",
    ".rb": "text/x-ruby",
    ".java": "text/x-java",
    ".c": "text/x-c",
    ".cpp": "text/x-c++",
    ".h": "text/x-c",
    ".hpp": "text/x-c++",
    ".sh": "text/x-shellscript",
    ".bash": "text/x-shellscript",
    ".sql": "text/x-sql",
    ".toml": "text/x-toml",
    ".ini": "text/x-ini",
    ".cfg": "text/x-ini",
    ".conf": "text/x-ini",
}
_CONTROLS = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_WINDOWS = re.compile(rb"[\x80-\x9f]")
_ODD = re.compile(rb"\x7f")
_PLAIN = "text/plain"


def detect(data: bytes, filename: str) -> str:
    """Give the type as upstream stores it, with the charset where it has one. Slow for large JSON."""
    found = _with_charset(_sniff(data), data[:_LOOKED_AT])
    refined = _REFINED.get(PurePosixPath(filename).suffix.lower())
    if refined and found.startswith(_PLAIN):
        return found.replace(_PLAIN, refined, 1)
    return found


def _sniff(data: bytes) -> str:
    head = data[:_LOOKED_AT]
    for offset, signature, found in _SIGNATURES:
        if head.startswith(signature, offset) and (signature not in _RIFF or head.startswith(b"RIFF")):
            return _zipped(head) if found == "application/zip" else found
    if _CONTROLS.search(head) and not head.startswith(_UTF16):
        return "application/octet-stream"
    return _sniff_text(data, head)


def _zipped(head: bytes) -> str:
    return next((found for entry, found in _ZIPPED.items() if entry in head), "application/zip")


def _sniff_text(data: bytes, head: bytes) -> str:
    for start, found in _TEXT_STARTS:
        if start.match(head):
            return found
    for looks_like, found in _TEXT_KINDS:
        if looks_like(data):
            return found
    return _PLAIN


def _is_json(data: bytes) -> bool:
    if not data.lstrip().startswith((b"{", b"[")):
        return False
    try:
        orjson.loads(data)
    except orjson.JSONDecodeError:
        return False
    return True


def _is_json_lines(data: bytes) -> bool:
    lines = [line for line in data[:_LOOKED_AT].splitlines() if line.strip()]
    whole = lines if len(data) <= _LOOKED_AT else lines[:-1]
    return len(whole) > 1 and all(map(_is_json, whole))


def _is_csv(data: bytes) -> bool:
    return _is_table(data, ",")


def _is_tsv(data: bytes) -> bool:
    return _is_table(data, "\t")


def _is_table(data: bytes, delimiter: str) -> bool:
    """Tell whether there are several lines with the same number of fields, more than one."""
    text = data[:_LOOKED_AT].decode("latin-1")
    if len(data) > _LOOKED_AT:
        text = text.rpartition("\n")[0]
    lines = (line for line in io.StringIO(text, newline="") if line.strip() and not line.startswith("#"))
    try:
        widths = [len(row) for row in csv.reader(lines, delimiter=delimiter)]
    except csv.Error:
        return False
    return len(widths) > 1 and widths[0] > 1 and len(set(widths)) == 1


_TEXT_KINDS: tuple[tuple[Callable[[bytes], bool], str], ...] = (
    (_is_json, "application/json"),
    (_is_json_lines, "application/x-ndjson"),
    (_is_csv, "text/csv"),
    (_is_tsv, "text/tab-separated-values"),
)


def _with_charset(found: str, head: bytes) -> str:
    if found not in _WITH_CHARSET or not head:
        return found
    charset = _charset(head)
    return f"{found}; charset={charset}" if charset else found


def _charset(head: bytes) -> str:
    if head.startswith(_UTF16):
        return "utf-16le" if head.startswith(b"\xff\xfe") else "utf-16be"
    if _is_utf8(head):
        return "utf-8"
    if _ODD.search(head):
        return ""
    return "windows-1252" if _WINDOWS.search(head) else "iso-8859-1"


def _is_utf8(head: bytes) -> bool:
    """Tell whether it is UTF-8, apart from a character that the cut at the end has halved."""
    try:
        head.decode()
    except UnicodeDecodeError as error:
        return error.reason == "unexpected end of data" and len(head) == _LOOKED_AT
    return True
