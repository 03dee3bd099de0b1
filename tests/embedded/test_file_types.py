"""The type of a file is the one that upstream's detector gives; each expectation here was asked of that detector."""

import io
import json
import tarfile
import zipfile

import pytest

from embedded.opened import Client
from gql_api.embedded import mime

OFFICE = "application/vnd.openxmlformats-officedocument"
OPEN = "application/vnd.oasis.opendocument"


def zipped(*names: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return made.getvalue()


def declared(kind: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("mimetype", kind)
        archive.writestr("content.xml", "<x/>")
    return made.getvalue()


def compound(class_id: bytes) -> bytes:
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".ljust(48, b"\0") + b"\0\0\0\0"
    return head.ljust(512 + 80, b"\0") + class_id.ljust(64, b"\0")


def tarred(form: int) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=form) as archive:
        archive.addfile(tarfile.TarInfo("a"), io.BytesIO())
    return made.getvalue()


def old_tar() -> bytes:
    """A tar from before the format had a name."""
    header = bytearray(tarred(tarfile.GNU_FORMAT)[:512])
    header[257:265] = bytes(8)
    header[148:156] = b"%06o\0 " % (sum(header[:148]) + 8 * 32 + sum(header[156:]))
    return bytes(header) + bytes(512)


def brand(name: bytes) -> bytes:
    return b"\0\0\0\x18ftyp" + name + b"\0\0\0\0"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (zipped("[Content_Types].xml", "word/document.xml"), f"{OFFICE}.wordprocessingml.document"),
        (zipped("_rels/.rels", "xl/workbook.xml"), f"{OFFICE}.spreadsheetml.sheet"),
        (zipped("docProps/app.xml", "ppt/presentation.xml"), f"{OFFICE}.presentationml.presentation"),
        (zipped("a.txt", "word/document.xml"), "application/zip"),
        (zipped("META-INF/MANIFEST.MF", "A.class"), "application/java-archive"),
        (zipped("A.class", "META-INF/MANIFEST.MF"), "application/zip"),
        (zipped("a", "AndroidManifest.xml"), "application/vnd.android.package-archive"),
        (zipped("doc.kml"), "application/vnd.google-earth.kmz"),
        (declared("application/epub+zip"), "application/epub+zip"),
        (declared(f"{OPEN}.text"), f"{OPEN}.text"),
        (declared(f"{OPEN}.spreadsheet-template"), f"{OPEN}.spreadsheet-template"),
        (declared(f"{OPEN}.presentation"), f"{OPEN}.presentation"),
        (b"PK\x05\x06" + bytes(18), "application/zip"),
        (compound(b"\x06\x09\x02\0\0\0\0\0\xc0\0\0\0\0\0\0\x46"), "application/msword"),
        (compound(b"\x20\x08\x02\0\0\0\0\0"), "application/vnd.ms-excel"),
        (compound(b"\x10\x8d\x81\x64\x9b\x4f\xcf\x11\x86\xea\0\xaa\0\xb9\x29\xe8"), "application/vnd.ms-powerpoint"),
        (compound(b"\x0b\x0d\x02\0\0\0\0\0\xc0\0\0\0\0\0\0\x46"), "application/vnd.ms-outlook"),
        (compound(b""), "application/x-ole-storage"),
        (tarred(tarfile.USTAR_FORMAT), "application/x-tar"),
        (old_tar(), "application/x-tar"),
        (b"a" * 257 + b"ustar\0" + b"a" * 300, "application/octet-stream"),
        (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
        (b"\x28\xb5\x2f\xfd....", "application/zstd"),
        (b"LZIP\x01", "application/lzip"),
        (b"\n%PDF-1.7", "application/pdf"),
        (b"x" * 900 + b"%PDF-1.7", "application/pdf"),
        (b"%!PS-Adobe-3.0", "application/postscript"),
        (b"\x89PNG\r\n\x1a\n" + bytes(29) + b"acTL", "image/vnd.mozilla.apng"),
        (b"BM" + bytes(12) + b"\x28\0\0\0", "image/bmp"),
        (b"BM and nothing else to see", "text/plain; charset=utf-8"),
        (brand(b"avif"), "image/avif"),
        (brand(b"heic"), "image/heic"),
        (brand(b"mif1"), "image/heif"),
        (brand(b"isom"), "video/mp4"),
        (brand(b"qt  "), "video/quicktime"),
        (brand(b"M4A "), "audio/x-m4a"),
        (brand(b"M4V "), "video/x-m4v"),
        (brand(b"3gp4"), "video/3gpp"),
        (b"\xff\x0a\0\0", "image/jxl"),
        (b"\0\0\0\x0cjP  \r\n\x87\n\0\0\0\x14ftypjp2 ", "image/jp2"),
        (b"8BPS\0\x01", "image/vnd.adobe.photoshop"),
        (b"\xff\xfb\x90", "audio/mpeg"),
        (b"\xff\xf3\x90", "audio/mpeg"),
        (b"\xff\xf1\x50", "audio/aac"),
        (b"RIFF\0\0\0\0WAVEfmt ", "audio/wav"),
        (b"RIFF\0\0\0\0AVI LISTx", "video/x-msvideo"),
        (b"OggS\0" + bytes(23) + b"OpusHead\x01", "audio/ogg"),
        (b"OggS\0" + bytes(23) + b"\x80theora\x03\x02", "video/ogg"),
        (b"fLaC\0\0\0\x22", "audio/flac"),
        (b"#!AMR\n", "audio/amr"),
        (b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\x82\x84webm", "video/webm"),
        (b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\x82\x88matroska", "video/x-matroska"),
        (b"\x1aE\xdf\xa3", "application/octet-stream"),
        (b"FLV\x01", "video/x-flv"),
        (b"\0\0\x01\xba", "video/mpeg"),
        (b"\0\x01\0\0\0\x0a" + bytes(6) + b"cmap", "font/ttf"),
        (b"\0\x01\0\0\0\x0a" + bytes(6) + b"none", "application/octet-stream"),
        (b"OTTO\0\x0a" + bytes(6) + b"CFF " + bytes(40), "font/otf"),
        (b"\x7fELF" + bytes(12) + b"\x03\0", "application/x-sharedlib"),
        (b"\xcf\xfa\xed\xfe", "application/x-mach-binary"),
        (b"\xca\xfe\xba\xbe\0\0\0\x34", "application/x-java-applet"),
        (b"\0asm\x01\0\0\0", "application/wasm"),
        (b"SQLite format 3\0", "application/vnd.sqlite3"),
        (b"PAR1", "application/vnd.apache.parquet"),
        (b"x\x9c\x03\0", "application/zlib"),
        (b"\x01\x02\x03", "application/octet-stream"),
    ],
)
def test_binary_kinds_are_told_by_their_bytes(data: bytes, expected: str) -> None:
    assert mime.detect(data, "a.txt" if expected == "application/octet-stream" else "a.bin") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("#!/usr/bin/env  python3\n", "text/x-python"),
        ("#! /usr/bin/python\n", "text/x-python"),
        ("#!/usr/bin/env node\n", "text/javascript"),
        ("#!/bin/sh\n", "text/x-shellscript"),
        ("#!/bin/shell\n", "text/plain; charset=utf-8"),
        ("#!/usr/bin/perl -w\n", "text/x-perl"),
        ("#!/usr/bin/env ruby", "text/x-ruby"),
        ("#!/usr/bin/env lua\n", "text/x-lua"),
        ("<?php echo 1;", "text/x-php"),
        ("{\\rtf1}", "text/rtf"),
        ("BEGIN:VCARD\r\nVERSION:4.0\r\n", "text/vcard"),
        ("begin:vcalendar\nVERSION:2.0\n", "text/calendar"),
        ("1\n00:00:01,000 --> 00:00:02,500\nHello\n", "application/x-subrip"),
        ("1\n00:00:03,000 --> 00:00:02,500\nHello\n", "text/plain; charset=utf-8"),
        ("WEBVTT\n\n", "text/vtt"),
        ("From: a@b\nTo: c@d\n\nHi", "message/rfc822"),
        ("From: a@b\nhello", "text/plain; charset=utf-8"),
        ("P3\n2 2\n255\n", "image/x-portable-pixmap"),
        ("<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml"),
        ('<!-- x --><svg xmlns="http://www.w3.org/2000/svg">', "image/svg+xml"),
        ("<svg/>", "text/plain; charset=utf-8"),
        ('<?xml version="1.0"?><svg>', "image/svg+xml"),
        ('<?xml version="1.0"?>\n<rss version="2.0">', "application/rss+xml"),
        ('<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom">', "application/atom+xml"),
        ('<?xml version="1.0"?><gpx xmlns="http://www.topografix.com/GPX/1/1">', "application/gpx+xml"),
        ('<?xml version="1.0"?><kml xmlns="http://www.opengis.net/kml/2.2">', "application/vnd.google-earth.kml+xml"),
        ('<?xml version="1.0"?><!DOCTYPE html>', "application/xhtml+xml"),
        ('<?xml version="1.0" encoding="ISO-8859-2"?><a/>', "text/xml; charset=ISO-8859-2"),
        ("<?xml version='1.0'?><a/>", "text/xml; charset=utf-8"),
        ("  <!doctype HTML>", "text/html; charset=utf-8"),
        ("<p>x</p>", "text/html; charset=utf-8"),
        ("<px>", "text/plain; charset=utf-8"),
        ("<!--x-->", "text/plain; charset=utf-8"),
        ('<html><meta charset="Shift_JIS">', "text/html; charset=Shift_JIS"),
        ("<html><meta http-equiv=content-type content='text/html; charset=koi8-r'>", "text/html; charset=koi8-r"),
        ("<html><meta content='text/html; charset=koi8-r'>", "text/html; charset=utf-8"),
        ('{"type": "Feature", "geometry": null}', "application/geo+json"),
        ('{"a": [1], "type": "Feature"}', "application/json"),
        ('{"asset": {"version": "2.0"}}', "model/gltf+json"),
        ('{"log": {"version": "1.2"}}', "application/json"),
        ("[1, 2", "text/plain; charset=utf-8"),
        ("[[,1]", "application/json"),
        ('"text"', "text/plain; charset=utf-8"),
        ('{"a":1}\n\n{"a":2}\n', "application/x-ndjson"),
        ("1\n2\n", "text/plain; charset=utf-8"),
        ("a,b\n1,2\n", "text/csv"),
        ('"a\nb",c\n1,2', "text/csv"),
        ("a,b\n1\n", "text/plain; charset=utf-8"),
        ("# c\na,b\n\n1,2\n", "text/csv"),
        ("a\tb\n1\t2\n", "text/tab-separated-values"),
    ],
)
def test_kinds_of_text_are_told_by_what_they_say(text: str, expected: str) -> None:
    assert mime.detect(text.encode(), "a") == expected


def test_text_that_breaks_off_where_the_detector_stops_reading_is_taken_for_whole() -> None:
    rows = json.dumps([{"number": 1}] * 400).encode()

    assert mime.detect(rows, "a") == "application/json"
    assert mime.detect(rows[:3072], "a") == "application/json"
    assert mime.detect(rows[:3071], "a") == "text/plain; charset=utf-8"
    assert mime.detect(b"[" * 3072, "a") == "application/json"
    assert mime.detect(b"a,b\n" * 767 + b"a,b,c\n", "a") == "text/csv"


@pytest.mark.parametrize(
    ("data", "charset"),
    [
        ("naïve".encode(), "utf-8"),
        ("café".encode(), "iso-8859-1"),
        ("日本".encode(), "utf-8"),
        ("日".encode(), ""),
        ("a😀".encode(), "utf-8"),
        ("x".encode("utf-16"), "utf-16le"),
        (b"\xfe\xff\0x", "utf-16be"),
        (b"\xff\xfe\0\0x\0\0\0", "utf-32le"),
        (b"\xef\xbb\xbfx", "utf-8"),
        (b"caf\xe9 noir", "iso-8859-1"),
        (b"x\x85\xe9x", "windows-1252"),
        (b"\x93x\x94", ""),
        (b"a\x7fb", ""),
        (b"a" * 1024 + b"\xff", "utf-8"),
    ],
)
def test_the_charset_is_told_by_the_first_bytes(data: bytes, charset: str) -> None:
    assert mime.detect(data, "a") == ("text/plain; charset=" + charset if charset else "text/plain")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.PY", "text/x-python; charset=utf-8"),
        (".py", "text/x-python; charset=utf-8"),
        ("a.tar.md", "text/markdown; charset=utf-8"),
        ("a.", "text/plain; charset=utf-8"),
        ("py", "text/plain; charset=utf-8"),
        ("a.xml", "application/xml; charset=utf-8"),
    ],
)
def test_the_name_refines_plain_text_only(name: str, expected: str) -> None:
    assert mime.detect(b"x = 1", name) == expected
    assert mime.detect(b"<p>x", name) == "text/html; charset=utf-8"


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("a.txt", b'{"a": 1}', "json"),
        ("a.csv", b'a,"b"\r\n1,2\r', "csv"),
        ("a.csv", b'a,b"c\n', None),
        ("a.csv", b'"a"b,c\n', None),
        ("a.json", b'{"a": "x\ny\xff"}', "json"),
        ("a.json", b'{"a": 1e999}', None),
        ("a.vue", b"<x>", "code"),
        ("a", b"#!/usr/bin/env python3\n", "code"),
        ("a.txt", b"\x01\x02", "text"),
        ("a.ndjson", b'{"a":1}\n{"a":2}\n', None),
        ("a.yaml", b"a: 1", "text"),
        ("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", None),
    ],
)
async def test_the_kind_of_content_goes_by_json_table_code_and_text(
    client: Client, name: str, data: bytes, kind: str | None
) -> None:
    disk = await client.disk()
    await client.put(disk, f"/{name}", data)

    found = await client.call("GET", f"/disk/{disk}/artifact", params={"file_path": f"/{name}"})

    assert found.get("content", {}).get("type") == kind


async def test_each_byte_that_is_no_text_is_one_mark(client: Client) -> None:
    disk = await client.disk()
    await client.put(disk, "/a.txt", b"x\xe6\x97 \xed\xa0\x80")

    found = await client.call("GET", f"/disk/{disk}/artifact", params={"file_path": "/a.txt"})

    assert found["content"]["raw"] == "x\ufffd\ufffd \ufffd\ufffd\ufffd"


async def test_text_in_two_bytes_a_character_is_kept_and_shown_as_it_is(client: Client) -> None:
    disk = await client.disk()
    await client.put(disk, "/a.txt", "x".encode("utf-16"))

    found = await client.call("GET", f"/disk/{disk}/artifact", params={"file_path": "/a.txt"})

    assert found["content"] == {"type": "text", "raw": "\ufffd\ufffdx\0"}
