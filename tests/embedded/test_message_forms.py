"""What a message may look like and what becomes of it, beyond the recordings: as the decoders of upstream have it."""

import base64
import json
from typing import Any

import pytest

from embedded.opened import Client

PNG = base64.b64encode(b"\x89PNG").decode()


async def _stored(client: Client, message_format: str, blob: Any) -> Any:
    session = await client.session()
    body = {"blob": blob, "format": message_format}
    return await client.call("POST", f"/session/{session}/messages", json=body)


async def _refusal(client: Client, message_format: str, blob: Any) -> tuple[int, int, str]:
    session = await client.session()
    body = {"blob": blob, "format": message_format}
    return await client.refused("POST", f"/session/{session}/messages", json=body)


CALL = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}


@pytest.mark.parametrize(
    ("blob", "parts"),
    [
        (
            {"role": "system", "content": [1, None, {"text": "x"}]},
            [{"type": "text"}] * 2 + [{"type": "text", "text": "x"}],
        ),
        ({"role": "tool", "tool_call_id": ["a"], "content": ["b", {"text": 1.5}]}, ['["a"]', "1.5"]),
        ({"role": "tool", "tool_call_id": 1e21, "content": "r"}, ["1000000000000000000000", "r"]),
        ({"role": "tool", "tool_call_id": False, "content": "r"}, ["false", "r"]),
        ({"role": "assistant", "function_call": {}}, []),
        ({"role": "assistant", "tool_calls": [CALL, {"type": ["function"]}]}, []),
    ],
    ids=str,
)
async def test_openai_s_decoder_makes_texts_of_almost_anything(client: Client, blob: Any, parts: list[Any]) -> None:
    if blob["role"] == "tool":
        call_id, text = parts
        parts = [{"type": "tool-result", "text": text, "meta": {"tool_call_id": call_id}}]

    assert (await _stored(client, "openai", blob))["parts"] == parts


async def test_a_name_of_null_is_an_empty_one_and_of_another_type_none(client: Client) -> None:
    session = await client.session()
    for name in (None, 5, "ann"):
        blob = {"role": "user", "content": "x", "name": name}
        await client.call("POST", f"/session/{session}/messages", json={"blob": blob})

    items = (await client.messages(session, format="acontext"))["items"]

    source = {"source_format": "openai"}
    assert [item["meta"] for item in items] == [{**source, "name": ""}, source, {**source, "name": "ann"}]


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        ([{"type": "text", "text": ["x"]}], [{"type": "text", "text": '["x"]'}]),
        ([{"type": {"a": 1}}, {"type": "text", "text": "x"}], []),
        (
            [{"type": "document", "source": {"type": "base64", "data": "aGk="}}],
            [{"type": "file", "meta": {"type": "base64", "media_type": "application/pdf", "data": "aGk="}}],
        ),
        (
            [{"type": "tool_result", "tool_use_id": "u", "content": [{"type": "text", "text": "a"}, {"type": "odd"}]}],
            [{"type": "tool-result", "meta": {"tool_call_id": "u", "is_error": False}}],
        ),
    ],
    ids=str,
)
async def test_anthropic_s_decoder_drops_what_it_cannot_tell(client: Client, content: Any, parts: Any) -> None:
    assert (await _stored(client, "anthropic", {"role": "user", "content": content}))["parts"] == parts


@pytest.mark.parametrize(
    "part",
    [
        {"text": "x", "fileData": "y"},
        {"text": "x", "videoMetadata": {"startOffset": "1 second"}},
        {"text": "x", "mediaResolution": {"numTokens": 1.5}},
        {"text": "x", "executableCode": {"code": 1}},
        {"functionCall": {"name": "f", "partialArgs": [{"boolValue": "no"}]}},
        {"functionResponse": {"name": "f", "parts": [{"inlineData": {"data": "not base64"}}]}},
    ],
    ids=str,
)
async def test_gemini_s_decoder_looks_at_every_field(client: Client, part: Any) -> None:
    refused = await _refusal(client, "gemini", {"role": "user", "parts": [part]})

    assert refused == (400, 400, "failed to normalize gemini message")


async def test_gemini_s_and_acontext_s_fields_may_be_in_any_case(client: Client) -> None:
    gemini = {"ROLE": "user", "Part\u017f": [{"InlineData": {"MIMETYPE": "image/png", "Data": [104, 105]}}]}
    acontext = {"Role": "user", "PARTS": [{"TYPE": "text", "Text": "x", "META": {"Kept": 1}}], "Meta": {"name": "n"}}

    image = await _stored(client, "gemini", gemini)
    text = await _stored(client, "acontext", acontext)

    assert image["parts"] == [{"type": "image", "meta": {"type": "base64", "media_type": "image/png", "data": "aGk="}}]
    assert text["parts"] == [{"type": "text", "text": "x", "meta": {"Kept": 1}}]


async def test_numbers_are_written_as_go_writes_them(client: Client) -> None:
    session = await client.session()
    numbers = "[9223372036854775807, 4611686018427387905, 18446744073709551615, 1e20, 1e21, 1.0, 1e-7]"
    written = "[9223372036854776000,4611686018427388000,18446744073709552000,100000000000000000000,1e+21,1,1e-7]"
    part = f'{{"type": "tool-call", "meta": {{"id": "c", "name": "f", "arguments": {{"n": {numbers}}}}}}}'
    body = f'{{"format": "acontext", "blob": {{"role": "assistant", "parts": [{part}]}}, "meta": {{"n": {numbers}}}}}'
    path = f"/api/v1/session/{session}/messages"

    stored = await client.http.post(path, content=body, headers={"content-type": "application/json"})
    shown = [await client.http.get(path, params={"format": form}) for form in ("acontext", "anthropic", "gemini")]

    assert stored.text.count(written) == 2
    assert [page.text.count(written) for page in shown] == [3, 2, 2]


async def test_an_event_s_integers_keep_all_their_digits(client: Client) -> None:
    session = await client.session()
    body = '{"type": "t", "data": {"n": 123456789012345678901234567890, "m": [9007199254740993]}}'

    headers = {"content-type": "application/json"}
    made = await client.http.post(f"/api/v1/session/{session}/events", content=body, headers=headers)
    listed = await client.http.get(f"/api/v1/session/{session}/events")

    data = {"n": 123456789012345678901234567890, "m": [9007199254740993]}
    assert made.json()["data"]["data"] == data
    assert listed.json()["data"]["items"][0]["data"] == data


async def test_each_byte_that_is_no_utf_8_has_a_replacement_of_its_own(client: Client) -> None:
    session = await client.session()
    body = b'{"blob": {"role": "user", "content": "a\xe2\x82b\xff"}}'
    path = f"/session/{session}/messages"

    stored = await client.call("POST", path, content=body, headers={"content-type": "application/json"})

    assert stored["parts"] == [{"type": "text", "text": "a\ufffd\ufffdb\ufffd"}]


async def _shown(client: Client, message_format: str, role: str, part: dict[str, Any], **more: Any) -> Any:
    session = await client.session()
    blob = {"role": role, "parts": [part], **more}
    await client.call("POST", f"/session/{session}/messages", json={"blob": blob, "format": "acontext"})
    return (await client.messages(session, format=message_format))["items"]


@pytest.mark.parametrize(
    ("part", "blocks"),
    [
        ({"type": "text", "text": "x", "meta": {"cache_control": {"type": "other"}}}, [{"text": "x", "type": "text"}]),
        (
            {"type": "text", "text": "x", "meta": {"cache_control": {"type": "ephemeral", "ttl": "1h"}}},
            [{"text": "x", "cache_control": {"type": "ephemeral"}, "type": "text"}],
        ),
        ({"type": "tool-result", "text": "x", "meta": {"tool_call_id": 5}}, []),
        ({"type": "tool-call", "meta": {"id": 1, "name": "f", "arguments": "{}"}}, []),
        (
            {"type": "tool-call", "meta": {"id": "c", "name": "f", "arguments": None}},
            [{"id": "c", "input": {}, "name": "f", "type": "tool_use"}],
        ),
        (
            {"type": "image", "meta": {"url": "data:;x,any thing"}},
            [{"source": {"data": "any thing", "media_type": "image/png", "type": "base64"}, "type": "image"}],
        ),
        ({"type": "image", "meta": {"media_type": "image/png", "data": PNG}}, []),
        ({"type": "file", "meta": {"type": "url", "url": ["x"]}}, []),
        ({"type": "redacted_thinking", "meta": {"data": 5}}, [{"data": "", "type": "redacted_thinking"}]),
    ],
    ids=str,
)
async def test_anthropic_s_form_takes_no_value_of_another_type(client: Client, part: Any, blocks: Any) -> None:
    assert await _shown(client, "anthropic", "user", part) == [{"content": blocks, "role": "user"}]


@pytest.mark.parametrize(
    ("part", "shown"),
    [
        (
            {"type": "thinking", "text": "t", "meta": {"signature": "not base64"}},
            {"text": "t", "thought": True, "thoughtSignature": base64.b64encode(b"not base64").decode()},
        ),
        (
            {"type": "tool-result", "text": "x", "meta": {"tool_call_id": 5, "name": "f"}},
            {"functionResponse": {"name": "f", "response": {"output": "x"}}},
        ),
        ({"type": "tool-result", "text": "x", "meta": {"tool_call_id": "c", "name": 5}}, None),
        ({"type": "tool-call", "meta": {"id": 5, "name": "f", "arguments": "[1]"}}, {"functionCall": {"name": "f"}}),
        (
            {"type": "image", "meta": {"url": f"data:image/gif;base64,{PNG[:4]}\n{PNG[4:]}"}},
            {"inlineData": {"data": PNG, "mimeType": "image/gif"}},
        ),
        ({"type": "image", "meta": {"url": "data:,no base64"}}, None),
        ({"type": "image", "meta": {"media_type": "image/png", "data": PNG}}, None),
    ],
    ids=str,
)
async def test_gemini_s_form_takes_no_value_of_another_type(client: Client, part: Any, shown: Any) -> None:
    expected = [{"parts": [shown], "role": "model"}] if shown else []

    assert await _shown(client, "gemini", "assistant", part) == expected


@pytest.mark.parametrize(
    ("meta", "shown"),
    [
        ({"data": "d"}, {"input_audio": {"data": "d"}, "type": "input_audio"}),
        ({"format": "wav"}, {"input_audio": {"data": "", "format": "wav"}, "type": "input_audio"}),
        ({"other": 1}, {"type": "input_audio"}),
    ],
    ids=str,
)
async def test_openai_s_form_of_sound_has_what_is_there(client: Client, meta: Any, shown: Any) -> None:
    part = {"type": "audio", "meta": meta}

    assert await _shown(client, "openai", "user", part) == [{"content": [shown], "role": "user"}]


async def test_an_original_role_goes_before_everything_in_openai_s_form(client: Client) -> None:
    answer = {"type": "tool-result", "text": "r", "meta": {"tool_call_id": "c"}}
    told = {"meta": {"original_role": "developer", "name": "n"}}

    from_assistant = await _shown(client, "openai", "assistant", {"type": "text", "text": "x"}, **told)
    from_tool = await _shown(client, "openai", "user", answer, **told)

    assert from_assistant == [{"content": "x", "name": "n", "role": "developer"}]
    assert from_tool == [{"content": "", "name": "n", "role": "developer"}]


async def test_an_uploaded_picture_without_a_public_url_gives_way_to_the_url_of_its_part(client: Client) -> None:
    session = await client.session()
    url = "data:image/gif;base64,aGk="
    parts = [{"type": "image", "file_field": "f", "meta": {"url": url}}, {"type": "image", "file_field": "f"}]
    payload = json.dumps({"format": "acontext", "blob": {"role": "user", "parts": parts}})
    path = f"/session/{session}/messages"
    await client.call("POST", path, data={"payload": payload}, files={"f": ("a.png", b"\x89PNG")})

    openai, anthropic = [
        (await client.messages(session, format=form, with_asset_public_url=False))["items"]
        for form in ("openai", "anthropic")
    ]

    source = {"data": "aGk=", "media_type": "image/gif", "type": "base64"}
    assert openai == [{"content": [{"image_url": {"url": url}, "type": "image_url"}], "role": "user"}]
    assert anthropic == [{"content": [{"source": source, "type": "image"}], "role": "user"}]
