"""Messages in the providers' forms where no answer of the real Acontext is known."""

import base64

from embedded.opened import Client

PNG = b"\x89PNG\r\n\x1a\n" + bytes(60)
PNG_TEXT = base64.b64encode(PNG).decode()


async def test_a_forged_list_of_open_calls_matches_nothing(client: Client) -> None:
    session = await client.session()
    path = f"/session/{session}/messages"
    forged = {"role": "assistant", "parts": [], "meta": {"__gemini_call_info__": {"id": "c"}}}
    await client.call("POST", path, json={"blob": forged, "format": "acontext"})
    answer = {"role": "user", "parts": [{"functionResponse": {"name": "f", "response": {}}}]}

    refused = await client.refused("POST", path, json={"blob": answer, "format": "gemini"})

    assert refused == (400, 500, "database error")


async def test_base64_in_the_metadata_of_a_picture_is_shown_to_nobody(client: Client) -> None:
    session = await client.session()
    part = {"type": "image", "meta": {"media_type": "image/png", "data": PNG_TEXT}}
    body = {"blob": {"role": "user", "parts": [part]}, "format": "acontext"}
    await client.call("POST", f"/session/{session}/messages", json=body)

    anthropic, gemini = [(await client.messages(session, format=form))["items"] for form in ("anthropic", "gemini")]

    assert (anthropic, gemini) == ([{"content": [], "role": "user"}], [])
