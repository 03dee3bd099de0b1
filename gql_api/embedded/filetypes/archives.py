"""Archives: zip and the formats that are zips, tar, and others that take more than fixed bytes to know."""

from collections.abc import Iterator

from gql_api.embedded.filetypes.rule import Kind, Rule, holds, matches

_ENTRY = b"PK\x03\x04"
_NAME_LENGTH = 26
_NAME = 30
_MANY = 100
_EXECUTABLE = b"\xfe\xca"
_OFFICE_FIRST = (b"_rels/", b"docProps/", b"customXml/", b"[trash]/")
_ANDROID = (
    b"AndroidManifest.xml",
    b"META-INF/com/android/build/gradle/app-metadata.properties",
    b"classes.dex",
    b"resources.arsc",
    b"res/drawable",
)
_TAR_HEADER = 512
_CHECKSUM = slice(148, 156)
_OPEN = "application/vnd.oasis.opendocument."


is_zip = matches(rb"PK[\x03\x05\x07][\x04\x06\x08]")
is_cpio = matches(rb"(?=.{6})\xc7\x71|07070[127]")
is_installshield = matches(rb"ISc\(.{2}\x00[\x01\x02\x04]")
is_zstandard = matches(rb"[\x22-\x28]\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18")
"""A frame, or one to skip."""

has_zlib_header = matches(rb"x[\x01\x20\x3f\x5e\x7d\x9c\xbb\xda\xf9]")
_has_signed_head = matches(rb"Cr24.{12}")


def is_chrome_extension(data: bytes) -> bool:
    """Tell whether a zip follows a key and a signature, whose lengths are said."""
    lengths = int.from_bytes(data[8:12], "little") + int.from_bytes(data[12:16], "little")
    return _has_signed_head(data) and is_zip(data[16 + lengths :])


def is_tar(data: bytes) -> bool:
    """Tell whether the checksum of the first header is right, taken over unsigned or over signed bytes."""
    header = data[:_TAR_HEADER]
    if len(header) < _TAR_HEADER or b"/gpkg-1\x00" in header[:100]:
        return False
    digits = header[_CHECKSUM].strip(b" \x00").partition(b"\x00")[0]
    if not digits or digits.strip(b"01234567"):
        return False
    summed = header[: _CHECKSUM.start] + b" " * 8 + header[_CHECKSUM.stop :]
    unsigned = sum(summed)
    signed = unsigned - 256 * sum(byte >> 7 for byte in summed)
    return int(digits, 8) in (unsigned, signed)


def _names(data: bytes, *, most: int) -> Iterator[bytes]:
    """Give the names of the first entries, which are found by their mark and not by their sizes."""
    at = data.find(_ENTRY)
    while at >= 0 and most > 0:
        length = int.from_bytes(data[at + _NAME_LENGTH : at + _NAME_LENGTH + 2], "little")
        name = data[at + _NAME : at + _NAME + length]
        if not name or len(name) < length:
            return
        yield name
        most -= 1
        at = data.find(_ENTRY, at + _NAME)


def _with_entry(*entries: bytes, among: int = _MANY) -> Rule:
    return lambda data: any(name in entries for name in _names(data, most=among))


def _office(folder: bytes) -> Rule:
    """Make a rule: it begins as Office writes its files, and the folder of this kind of document is in it."""

    def applies(data: bytes) -> bool:
        for number, name in enumerate(_names(data, most=_MANY)):
            if name.startswith(folder):
                return True
            if number == 0 and name != b"[Content_Types].xml" and not name.startswith(_OFFICE_FIRST):
                return False
        return False

    return applies


def _is_jar(data: bytes) -> bool:
    return _is_executable_jar(data) or _with_entry(b"META-INF/", b"META-INF/MANIFEST.MF", among=1)(data)


def _is_executable_jar(data: bytes) -> bool:
    """Tell whether the flag follows the first name; a place behind the end leaves the reader where it was."""
    at = _NAME_LENGTH if len(data) >= _NAME_LENGTH else 0
    if len(data) < at + 2:
        return False
    skipped = int.from_bytes(data[at : at + 2], "little") + 2
    at += 2
    at += skipped if len(data) - at >= skipped else 0
    return data.startswith(_EXECUTABLE, at)


def _declared(mime: str) -> Rule:
    """Make a rule: the first entry is not packed and names the type."""
    return holds(b"mimetype" + mime.encode(), at=_NAME)


def _document(name: str, *, template: bool = False) -> Kind:
    mime = _OPEN + name
    cases = (Kind(f"{mime}-template", _declared(f"{mime}-template")),) if template else ()
    return Kind(mime, _declared(mime), cases)


ZIPPED = (
    Kind("application/vnd.openxmlformats-officedocument.wordprocessingml.document", _office(b"word/")),
    Kind("application/vnd.openxmlformats-officedocument.presentationml.presentation", _office(b"ppt/")),
    Kind("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", _office(b"xl/")),
    Kind("application/epub+zip", _declared("application/epub+zip")),
    Kind("application/vnd.android.package-archive", _with_entry(*_ANDROID)),
    Kind("application/java-archive", _is_jar),
    _document("text", template=True),
    _document("spreadsheet", template=True),
    _document("presentation", template=True),
    _document("graphics", template=True),
    _document("formula"),
    _document("chart"),
    Kind("application/vnd.sun.xml.calc", _declared("application/vnd.sun.xml.calc")),
    Kind("application/vnd.google-earth.kmz", _with_entry(b"doc.kml")),
    Kind("application/vnd.ms-visio.drawing.main+xml", _office(b"visio/")),
)
