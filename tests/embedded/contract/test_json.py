"""How JSON is read and kept: as a Go server with PostgreSQL behind it does."""

import json

import pytest

from embedded.opened import Client


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ('"\\ud800 lone"', "\ufffd lone"),
        ('"\\ud83d\\ude00"', "😀"),
        ('"nul \\u0000 in text"', "nul \0 in text"),
        ('"\\u2028 <b>&"', "\u2028 <b>&"),
    ],
)
async def test_text_is_kept_as_go_reads_it(client: Client, sent: str, kept: str) -> None:
    session = await client.session()
    body = f'{{"blob": {{"role": "user", "content": {sent}}}}}'
    path = f"/session/{session}/messages"

    stored = await client.call("POST", path, content=body, headers={"content-type": "application/json"})

    assert stored["parts"] == [{"type": "text", "text": kept}]
    assert (await client.messages(session))["items"] == [{"content": kept, "role": "user"}]


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("1.0", 1),
        ("9007199254740993", 9007199254740992),
        ("1e400", None),
        ("0.1", 0.1),
        ("123456789012345678901234", 1.2345678901234568e23),
    ],
)
async def test_numbers_pass_through_floats(client: Client, sent: str, kept: float | None) -> None:
    response = await client.http.post(
        "/api/v1/session", content=f'{{"configs": {{"n": {sent}}}}}', headers={"content-type": "application/json"}
    )

    if kept is None:
        assert (response.status_code, response.json()) == (400, {"code": 400, "msg": "parameter error"})
    else:
        assert json.loads(response.text)["data"]["configs"] == {"n": kept}


@pytest.mark.parametrize("body", ["[" * 100_000, '{"n": NaN}', "\xff\xfe"])
async def test_json_that_cannot_be_kept_is_refused(client: Client, body: str) -> None:
    headers = {"content-type": "application/json"}

    refused = await client.refused("POST", "/session", content=body.encode("latin-1"), headers=headers)

    assert refused == (400, 400, "parameter error")


async def test_nul_characters_are_refused_where_the_database_cannot_keep_them(client: Client) -> None:
    session = await client.session()
    failed = (500, 500, "database error")

    assert await client.refused("POST", "/session", json={"configs": {"a": "\0"}}) == failed
    unmade = (500, 500, "failed to get or create user")
    assert await client.refused("POST", "/session", json={"user": "a\0"}) == unmade
    message = {"blob": {"role": "user", "content": "x"}, "meta": {"a": "\0"}}
    assert await client.refused("POST", f"/session/{session}/messages", json=message) == (400, 500, "database error")
    assert (await client.session(configs={"a": "\\u0000"})) != session


async def test_a_word_is_a_boolean_in_a_form_only(client: Client) -> None:
    made = await client.call("POST", "/session", data={"disable_task_tracking": "T", "user": client.user("ann")})
    refused = await client.refused("POST", "/session", json={"disable_task_tracking": "true"})

    assert made["disable_task_tracking"] is True
    assert refused == (400, 400, "parameter error")


async def test_keys_and_lists_are_repaired_too(client: Client) -> None:
    body = '{"configs": {"\\ud800": ["\\udfff", 1, {"a": null}]}}'

    made = await client.call("POST", "/session", content=body, headers={"content-type": "application/json"})

    assert made["configs"] == {"\ufffd": ["\ufffd", 1, {"a": None}]}
