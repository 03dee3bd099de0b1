"""The kinds of XML, by the root tag and its namespace; SVG also without a declaration."""

import re

from gql_api.embedded.filetypes.rule import Kind, Rule
from gql_api.embedded.filetypes.scanning import BLANKS, Cursor

_XML = re.compile(rb"(?:\xef\xbb\xbf)?[\t\n\x0c\r ]*<\?XML[\t\n\x0c\r >]", re.IGNORECASE)
_XHTML = re.compile(rb"<!DOCTYPE[\t\n\x0c\r ]+HTML|<HTML[\t\n\x0c\r ]+XMLNS=", re.IGNORECASE)
_SVG_SPACE = b"http://www.w3.org/2000/svg"
_HEAD = 512
_XHTML_HEAD = 1024


def is_xml(data: bytes) -> bool:
    return _XML.match(data) is not None


def is_svg(data: bytes) -> bool:
    cursor = Cursor(data)
    cursor.skip()
    if data.startswith(b"<?xml", cursor.at):
        return _is_declared_svg(cursor)
    while cursor.skip_comment():
        pass
    return data.startswith(b"<svg", cursor.at) and _has(cursor, b"xmlns", _SVG_SPACE)


def _is_declared_svg(cursor: Cursor) -> bool:
    return _has(cursor, b"version", None) and b"<svg" in cursor.data[cursor.at :]


def _has(cursor: Cursor, wanted: bytes, wanted_value: bytes | None) -> bool:
    """Read the attributes up to the wanted one."""
    more = True
    while more:
        name, value, more = cursor.attribute()
        if name == wanted and wanted_value in (None, value):
            return True
    return False


def _root(tag: bytes, *spaces: bytes) -> Rule:
    """Make a rule: the tag is in the head, before one of the namespaces if there are any."""

    def applies(data: bytes) -> bool:
        head = data.lstrip(BLANKS)[:_HEAD]
        at = head.find(tag)
        if not spaces:
            return at > 0
        return at >= 0 and any(at < head.find(_namespace(space)) for space in spaces)

    return applies


def _namespace(space: bytes) -> bytes:
    return b'xmlns="' + space + b'"'


def _prefixed(prefix: bytes, *spaces: bytes) -> Rule:
    names = [b"xmlns:" + prefix + b'="' + space + b'"' for space in spaces]
    return lambda data: any(data.lstrip(BLANKS)[:_HEAD].find(name) > 0 for name in names)


def _is_x3d(data: bytes) -> bool:
    head = data.lstrip(BLANKS)[:_HEAD]
    return -1 < head.find(b"<X3D") < head.find(b'xmlns:xsd="http://www.w3.org/2001/XMLSchema-instance"')


_GARMIN = b"http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2"
_EARTH = b"http://earth.google.com/kml/2."
_OPENGIS = b"http://www.opengis.net/"
_3MF = "application/vnd.ms-package.3dmanufacturing-3dmodel+xml"
KINDS = (
    Kind("application/rss+xml", _root(b"<rss")),
    Kind("application/atom+xml", _root(b"<feed", b"http://www.w3.org/2005/Atom")),
    Kind("model/x3d+xml", _is_x3d),
    Kind(
        "application/vnd.google-earth.kml+xml",
        _root(b"<kml", _OPENGIS + b"kml/2.2", _EARTH + b"0", _EARTH + b"1", _EARTH + b"2"),
    ),
    Kind("application/x-xliff+xml", _root(b"<xliff", b"urn:oasis:names:tc:xliff:document:1.2")),
    Kind("model/vnd.collada+xml", _root(b"<COLLADA", b"http://www.collada.org/2005/11/COLLADASchema")),
    Kind("application/gml+xml", _prefixed(b"gml", _OPENGIS + b"gml", _OPENGIS + b"gml/3.2", _OPENGIS + b"gml/3.3/exr")),
    Kind("application/gpx+xml", _root(b"<gpx", b"http://www.topografix.com/GPX/1/1")),
    Kind("application/vnd.garmin.tcx+xml", _root(b"<TrainingCenterDatabase", _GARMIN)),
    Kind("application/x-amf", _root(b"<amf")),
    Kind(_3MF, _root(b"<model", b"http://schemas.microsoft.com/3dmanufacturing/core/2015/02")),
    Kind("application/vnd.adobe.xfdf", _root(b"<xfdf", b"http://ns.adobe.com/xfdf/")),
    Kind("application/owl+xml", _root(b"<Ontology", b"http://www.w3.org/2002/07/owl#")),
    Kind("application/xhtml+xml", lambda data: _XHTML.search(data[:_XHTML_HEAD]) is not None),
)
