"""Images, sounds, files and thoughts: each provider gets what it takes, and is told of nothing it would refuse."""

from typing import Any

import pytest
from format_recordings import FORMATS

from gql_api.formats import InlineMedia, LinkedMedia, Media, Source, acontext, anthropic, gemini, openai

IMAGE, PDF, TEXT, SOUND, FILM, GONE = (letter * 64 for letter in "abcdef")
INLINE: Media = {
    IMAGE: InlineMedia("aW1n", "image/png"),
    PDF: InlineMedia("cGRm", "application/pdf"),
    TEXT: InlineMedia("aGk=", "text/plain; charset=utf-8"),
    SOUND: InlineMedia("c25k", "audio/mpeg"),
    FILM: InlineMedia("ZmxtLg==", "video/mp4"),
}


def part(kind: str, sha256: str, name: str = "") -> dict[str, Any]:
    return {"type": kind, "asset": {"sha256": sha256}, **({"filename": name} if name else {})}


ALL = Source(
    "m1",
    "user",
    [
        part("image", IMAGE),
        part("file", PDF, "a.pdf"),
        part("file", TEXT, "b.txt"),
        part("audio", SOUND),
        part("video", FILM),
        part("image", GONE),
        {"type": "text", "text": "look"},
    ],
    {},
)


def test_openai_gets_files_within_the_message() -> None:
    result = openai.from_acontext([ALL], media=INLINE)

    assert result.messages[0]["content"] == [
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,aW1n"}},
        {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,cGRm"}},
        {"type": "file", "file": {"filename": "b.txt", "file_data": "data:text/plain;base64,aGk="}},
        {"type": "input_audio", "input_audio": {"data": "c25k", "format": "mp3"}},
        {"type": "text", "text": "look"},
    ]
    assert [(notice.code, notice.message_id) for notice in result.warnings] == [("MEDIA_OMITTED", "m1")] * 2
    assert result.stable_count == 1


def test_anthropic_gets_files_within_the_message() -> None:
    result = anthropic.from_acontext([ALL], media=INLINE)

    pdf = {"type": "base64", "media_type": "application/pdf", "data": "cGRm"}
    text = {"type": "text", "media_type": "text/plain", "data": "hi"}
    assert result.messages[0]["content"] == [
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aW1n"}},
        {"type": "document", "source": pdf, "title": "a.pdf"},
        {"type": "document", "source": text, "title": "b.txt"},
        {"type": "text", "text": "look"},
    ]
    assert [notice.code for notice in result.warnings] == ["MEDIA_OMITTED"] * 3


def test_gemini_gets_files_within_the_message() -> None:
    result = gemini.from_acontext([ALL], media=INLINE)

    assert result.messages[0]["parts"] == [
        {"inlineData": {"mimeType": "image/png", "data": "aW1n"}},
        {"inlineData": {"mimeType": "application/pdf", "data": "cGRm"}},
        {"inlineData": {"mimeType": "text/plain", "data": "aGk="}},
        {"inlineData": {"mimeType": "audio/mpeg", "data": "c25k"}},
        {"inlineData": {"mimeType": "video/mp4", "data": "ZmxtLg=="}},
        {"text": "look"},
    ]
    assert [notice.code for notice in result.warnings] == ["MEDIA_OMITTED"]


LINKED: Media = {
    IMAGE: LinkedMedia("https://files.invalid/1", "image/png"),
    PDF: LinkedMedia("https://files.invalid/2", "application/pdf"),
}
WITH_LINKS = [
    Source("m1", "user", [{"type": "text", "text": "x"}], {}),
    Source("m2", "assistant", [{"type": "text", "text": "y"}], {}),
    Source("m3", "user", [part("image", IMAGE), part("file", PDF)], {}),
    Source("m4", "assistant", [{"type": "text", "text": "z"}], {}),
    Source("m5", "user", [{"type": "text", "text": "z"}], {}),
]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("openai", [{"type": "image_url", "image_url": {"url": "https://files.invalid/1"}}]),
        (
            "anthropic",
            [
                {"type": "image", "source": {"type": "url", "url": "https://files.invalid/1"}},
                {"type": "document", "source": {"type": "url", "url": "https://files.invalid/2"}},
            ],
        ),
        (
            "gemini",
            [
                {"fileData": {"fileUri": "https://files.invalid/1", "mimeType": "image/png"}},
                {"fileData": {"fileUri": "https://files.invalid/2", "mimeType": "application/pdf"}},
            ],
        ),
        (
            "acontext",
            [
                {
                    **part("image", IMAGE),
                    "meta": {"type": "url", "media_type": "image/png", "url": "https://files.invalid/1"},
                },
                {
                    **part("file", PDF),
                    "meta": {"type": "url", "media_type": "application/pdf", "url": "https://files.invalid/2"},
                },
            ],
        ),
    ],
)
def test_a_message_with_a_passing_url_ends_the_stable_start(name: str, content: list[Any]) -> None:
    result = FORMATS[name].from_acontext(WITH_LINKS, media=LINKED)

    message = result.messages[2]
    assert message.get("content", message.get("parts")) == content
    assert result.stable_count == 2


@pytest.mark.parametrize("name", FORMATS)
def test_all_media_is_left_out_when_asked(name: str) -> None:
    source = Source("m1", "user", [*ALL.parts, {"type": "image", "meta": {"url": "https://e.invalid/i.png"}}], {})

    result = FORMATS[name].from_acontext([source], media=INLINE, omit_media=True)

    message = result.messages[0]
    said = message.get("content", message.get("parts"))
    assert said in ("look", [{"type": "text", "text": "look"}], [{"text": "look"}])
    assert [notice.code for notice in result.warnings] == ["MEDIA_OMITTED"] * 7


def test_a_picture_of_another_provider_is_kept() -> None:
    image = {"type": "image", "meta": {"type": "base64", "media_type": "image/gif", "data": "aW1n"}}
    document = {"type": "file", "meta": {"type": "base64", "media_type": "application/pdf", "data": "cGRm"}}

    result = openai.from_acontext([Source("m1", "user", [image, document], {})], media={})

    assert result.messages[0]["content"] == [
        {"type": "image_url", "image_url": {"url": "data:image/gif;base64,aW1n"}},
        {"type": "file", "file": {"filename": "file.pdf", "file_data": "data:application/pdf;base64,cGRm"}},
    ]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("data:image/png;base64,aW1n", {"inlineData": {"mimeType": "image/png", "data": "aW1n"}}),
        ("data:image/svg+xml,%3Csvg/%3E", {"inlineData": {"mimeType": "image/svg+xml", "data": "PHN2Zy8+"}}),
        (
            "https://e.invalid/i.png?x=1",
            {"fileData": {"fileUri": "https://e.invalid/i.png?x=1", "mimeType": "image/png"}},
        ),
        ("https://e.invalid/i", {"fileData": {"fileUri": "https://e.invalid/i"}}),
    ],
)
def test_a_url_that_a_user_wrote_is_given_on_unopened(url: str, expected: dict[str, Any]) -> None:
    source = Source("m1", "user", [{"type": "image", "meta": {"url": url}}], {})

    assert gemini.from_acontext([source], media={}).messages[0]["parts"] == [expected]


def test_an_asset_that_is_not_at_hand_stays_named_for_acontext() -> None:
    source = Source("m1", "user", [part("image", GONE, "p.png")], {})

    result = acontext.from_acontext([source], media={})

    assert result.messages == [{"role": "user", "parts": [part("image", GONE, "p.png")]}]
    assert [notice.code for notice in result.warnings] == ["MEDIA_OMITTED"]


THOUGHTS = [
    {"type": "thinking", "text": "hm", "meta": {"signature": "s"}},
    {"type": "redacted_thinking", "meta": {"data": "zz"}},
    {"type": "text", "text": "so"},
]


def test_thinking_goes_back_to_who_signed_it() -> None:
    begin = Source("m1", "user", [{"type": "text", "text": "x"}], {})
    claude = [begin, Source("m2", "assistant", THOUGHTS, {"source_format": "anthropic"})]

    for_anthropic, for_gemini, for_openai = (one.from_acontext(claude, media={}) for one in (anthropic, gemini, openai))

    assert for_anthropic.messages[1]["content"] == [
        {"type": "thinking", "thinking": "hm", "signature": "s"},
        {"type": "redacted_thinking", "data": "zz"},
        {"type": "text", "text": "so"},
    ]
    assert for_gemini.messages[1]["parts"] == [{"text": "hm", "thought": True}, {"text": "so"}]
    assert for_openai.messages[1] == {"role": "assistant", "content": "so"}
    dropped = [[notice.code for notice in one.warnings] for one in (for_anthropic, for_gemini, for_openai)]
    assert dropped == [[], ["PART_DROPPED"], ["PART_DROPPED", "PART_DROPPED"]]


def test_gemini_gets_the_signatures_of_its_calls_back() -> None:
    begin = Source("m1", "user", [{"type": "text", "text": "x"}], {})
    signed = {"role": "model", "parts": [{"functionCall": {"id": "g1", "name": "f"}, "thoughtSignature": "aGk="}]}
    stored = gemini.signed_as_acontext(signed)
    assert stored is not None

    kept = Source("m2", "assistant", stored["parts"], stored["meta"])

    assert gemini.from_acontext([begin, kept], media={}).messages[1] == signed


@pytest.mark.parametrize("detail", ["auto", "low", "high", "original"])
def test_how_closely_openai_shall_look_comes_back(detail: str) -> None:
    image = {"type": "image_url", "image_url": {"url": "https://e.invalid/i.png", "detail": detail}}
    stored = openai.to_acontext({"role": "user", "content": [image]})

    result = openai.from_acontext([Source("m1", "user", stored["parts"], stored["meta"])], media={})

    assert result.messages == [{"role": "user", "content": [image]}]
