"""Documents of office programs that are no zips: Microsoft's compound files, and some older formats."""

from gql_api.embedded.filetypes.rule import Kind, Rule, matches

_SECTOR = 512
_LARGE_SECTOR = 4096
_FAMILY = b"\x00\x00\x00\x00\xc0\x00\x00\x00\x00\x00\x00\x46"
"""The end of the class ids that Microsoft gave its own."""
_WORD = (b"\x06\x09\x02\x00", b"\x00\x09\x02\x00", b"\x07\x09\x02\x00")
_PUBLISHER = b"\x01\x12\x02\x00\x00\x00\x00\x00\x00\xc0\x00\x00\x00\x00\x00\x46"
_POWERPOINT = (
    b"\x10\x8d\x81\x64\x9b\x4f\xcf\x11\x86\xea\x00\xaa\x00\xb9\x29\xe8",
    b"\x70\xae\x7b\xea\x3b\xfb\xcd\x11\xa9\x03\x00\xaa\x00\x51\x0e\xa3",
)
_POWERPOINT_STARTS = (b"\xa0\x46\x1d\xf0", b"\x00\x6e\x1e\xf0", b"\x0f\x00\xe8\x03")
_EXCEL = (b"\x10\x08\x02\x00\x00\x00\x00\x00", b"\x20\x08\x02\x00\x00\x00\x00\x00")
_EXCEL_STARTS = (
    b"\x09\x08\x10\x00\x00\x06\x05\x00",
    *(b"\xfd\xff\xff\xff" + bytes([kind]) for kind in (0x10, 0x1F, 0x22, 0x23, 0x28, 0x29)),
)
_FIRST_STREAM = 512
_NAMES = 1152
_POWERPOINT_NAME = "PowerPoint Document".encode("utf-16le")[:-1]
_EXCEL_NAME = "WksSSWorkBook".encode("utf-16le")[:-1]


def _of_class(*ids: bytes) -> Rule:
    """Make a rule: the root of the compound file has a class id that begins so."""

    def applies(data: bytes) -> bool:
        if len(data) < _SECTOR:
            return False
        sector = _LARGE_SECTOR if data[26:28] == b"\x04\x00" else _SECTOR
        directory = int.from_bytes(data[48:52], "little")
        at = sector * (1 + directory) + 80
        return len(data) > at + 16 and data.startswith(ids, at)

    return applies


def _own(*numbers: bytes) -> Rule:
    return _of_class(*(number + _FAMILY for number in numbers))


def _is_powerpoint(data: bytes) -> bool:
    if _of_class(*_POWERPOINT)(data):
        return True
    if len(data) < _FIRST_STREAM + 8:
        return False
    if data.startswith(_POWERPOINT_STARTS, _FIRST_STREAM):
        return True
    plain = data.startswith(b"\xfd\xff\xff\xff", _FIRST_STREAM) and data[518:520] == b"\x00\x00"
    return plain or _POWERPOINT_NAME in data[_NAMES:]


def _is_excel(data: bytes) -> bool:
    if _of_class(*_EXCEL)(data):
        return True
    if len(data) < _FIRST_STREAM + 8:
        return False
    return data.startswith(_EXCEL_STARTS, _FIRST_STREAM) or _EXCEL_NAME in data[_NAMES:]


COMPOUND = (
    Kind("application/x-ms-installer", _own(b"\x84\x10\x0c\x00")),
    Kind("application/vnd.ms-outlook", _own(b"\x0b\x0d\x02\x00")),
    Kind("application/vnd.ms-excel", _is_excel),
    Kind(
        "application/vnd.ms-publisher", _of_class(b"\x01\x12\x02\x00\x00\x00\x00\x00\x00\xc0\x00\x00\x00\x00\x00\x46")
    ),
    Kind("application/vnd.ms-powerpoint", _is_powerpoint),
    Kind("application/msword", _own(*_WORD)),
)


is_lotus = matches(rb"(?=.{21})(?:\x00\x00\x02\x00.{2}[^\x00]\x00|\x00\x00\x1a\x00.{16}[\x01-\x1f])")
is_wordperfect = matches(rb"\xffWPC.{4}\x01\x0a")
is_framemaker = matches(rb"(?=<MakerFile|<MakerDictionary|(?i:<BOOKFILE)).{0,511}\x00")
