"""Less common formats that take more than fixed bytes to know: programs, tables, drawings, measurements."""

from gql_api.embedded.filetypes.rule import matches

_SIGNED_DATA = rb"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07"
_SHAPE = rb"[\x00\x01\x03\x05\x08\x0b\x0d\x0f\x12\x15\x17\x19\x1c\x1f]\x00{3}"
_DBASE = rb"[\x02-\x05\x30-\x32\x42\x62\x7b\x82\x83\x87\x8a\x8b\x8e\xb3\xcb\xe5\xf4\xf5\xfb]"

is_pkcs7 = matches(
    rb"-----BEGIN PKCS7|(?=.{20})\x30(?:\x80|\x81.|\x82.{2}|\x83.{3}|\x84.{4})" + _SIGNED_DATA,
)
"""A signature: as text, or in DER with any form of the length."""

is_java_class = matches(rb"\xca\xfe\xba\xbe.{3}[\x1f-\xff]")
is_mach = matches(rb"\xfe\xed\xfa[\xce\xcf]|[\xce\xcf]\xfa\xed\xfe|\xca\xfe\xba\xbe.{3}[\x00-\x13]")
"""Programs for several processors begin like Java classes, and tell themselves apart by how few there are."""

is_shapefile = matches(rb"\x00\x00\x27\x0a\x00{20}.{4}\xe8\x03\x00\x00.{76}" + _SHAPE)
is_dbase = matches(
    rb"(?=.{68})" + _DBASE + rb".[\x01-\x0c][\x01-\x1f].{8}\x00\x00.{14}[\x00\x01].\x00\x00",
)
is_djvu = matches(rb"AT&TFORM.{4}(?:DJV[MUI]|THUM)")
is_dwg = matches(rb"AC(?:1\.40|1\.50|2\.10|100[23469]|101[2458]|102[14]|1032)")
is_marc = matches(rb"(?=[0-9]{5}.{15}4500).{0,2047}\x1e")
is_time_zone = matches(rb"TZif[\x0023].{31}(?!\x00{4}).{8}")
is_grib = matches(rb"GRIB.{3}[\x01\x02]")
is_bufr = matches(rb"BUFR.{3}[\x03\x04]")
