"""Sound, pictures, films and fonts that take more than fixed bytes to know."""

from gql_api.embedded.filetypes.rule import Kind, Rule, matches

_TABLES = (
    rb"acnt|ankr|avar|bdat|bhed|bloc|bsln|cmap|cvar|cvt |EBSC|fdsc|feat|fmtx|fond|fpgm|fvar|gasp|gcid|glyf|"
    rb"gvar|hdmx|head|hhea|hmtx|hvgl|hvpm|just|kern|kerx|lcar|loca|ltag|maxp|meta|mort|morx|name|opbd|OS/2"
)

is_mp3 = matches(rb"ID3|\xff[\xfa\xfb\xf2\xf3\xe2\xe3].")
"""A tag or a frame of layer III."""

is_mpeg = matches(rb"\x00\x00\x01[\xb0-\xbf]")
is_bitmap = matches(rb"BM.{12}[\x10\x18\x28\x30\x34\x38\x40\x6c\x7c]\x00{3}")
is_jp2 = matches(rb".{4}jP[ 2] .{12}jp2 ")
is_jpx = matches(rb".{4}jP[ 2] .{12}jpx ")
is_jpm = matches(rb".{4}jP[ 2] .{12}jpm ")
is_webp = matches(rb"RIFF.{4}WEBP.")
is_wave = matches(rb"RIFF.{4}WAVE.")
is_aiff = matches(rb"FORM.{4}AIFF.")
is_qualcomm = matches(rb"RIFF.{4}QLCM.")
is_avi = matches(rb"RIFF.{4}AVI LIST.")
is_quicktime = matches(
    rb"\x00.{3}ftyp(?:qt  |moov)|(?=.{12}).{4}(?:moov|mdat|free|skip|pnot)\x00|(?=.{12})\x00\x00\x00\x08wide",
)
is_mp4 = matches(rb"\x00.{3}ftyp.{4}")


def _brand(mime: str, *brands: bytes) -> Kind:
    return Kind(mime, lambda data: data[8:12] in brands)


_3GPP = (b"3gp1", b"3gp2", b"3gp3", b"3gp4", b"3gp5", b"3gp6", b"3gp7", b"3gs7", b"3ge6", b"3ge7", b"3gg6")
_DVB = (
    *(b"dby1", b"dsms", b"dts1", b"dts2", b"dts3", b"dxo ", b"dmb1", b"dmpf", b"drc1"),
    *(b"dv1a", b"dv1b", b"dv2a", b"dv2b", b"dv3a", b"dv3b", b"dvr1", b"dvt1", b"emsg"),
)
BRANDS = (
    _brand("image/avif", b"avif", b"avis"),
    _brand("video/3gpp", *_3GPP),
    _brand("video/3gpp2", b"3g24", b"3g25", b"3g26", b"3g2a", b"3g2b", b"3g2c", b"KDDI"),
    _brand("audio/mp4", b"F4A ", b"F4B ", b"M4B ", b"M4P ", b"MSNV", b"NDAS"),
    _brand("video/quicktime", b"mqt "),
    _brand("audio/x-m4a", b"M4A "),
    _brand("video/x-m4v", b"M4V ", b"M4VH", b"M4VP"),
    _brand("image/heic", b"heic", b"heix"),
    _brand("image/heic-sequence", b"hevc", b"hevx"),
    _brand("image/heif", b"mif1", b"heim", b"heis", b"avic"),
    _brand("image/heif-sequence", b"msf1", b"hevm", b"hevs", b"avcs"),
    _brand("video/mj2", b"mj2s", b"mjp2", b"MFSM", b"MGSV"),
    _brand("video/vnd.dvb.file", *_DVB),
)


OGG = (
    Kind("audio/ogg", matches(rb"(?=.{37}).{28}(?:\x7fFLAC|\x01vorbis|OpusHead|Speex   )")),
    Kind("video/ogg", matches(rb"(?=.{37}).{28}(?:\x80theora|fishead\x00|\x01video\x00{3})")),
)


def matroska(name: bytes) -> Rule:
    """Make a rule: a Matroska file whose document type begins so."""

    def applies(data: bytes) -> bool:
        if not data.startswith(b"\x1aE\xdf\xa3"):
            return False
        _, _, length = data.partition(b"\x42\x82")
        # The length takes a byte more for each zero bit that it begins with.
        width = min(9 - length[0].bit_length(), 8) if length else 0
        return bool(length) and length.startswith(name, width)

    return applies


is_truetype = matches(rb"\x00\x01\x00\x00\x00[\x00-\x30].{6}(?:" + _TABLES + rb")")
is_opentype = matches(rb"(?=.{49})OTTO\x00.{7,39}CFF ")
is_embedded_opentype = matches(rb".{8}(?:\x02\x00[\x01\x02]|\x01\x00\x00).{23}LP")
