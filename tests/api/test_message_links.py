"""Links to media that users wrote: a page may follow only those of the web."""

import pytest

from api.client import Client

LINKS = """
query ($id: ID!) {
  session(id: $id) { messages { nodes { parts { ... on MediaPart { publicUrl { url expiresAt } } } } } }
}
"""


@pytest.mark.parametrize("url", ["https://a.example/x.png", "http://a.example", "HTTPS://a.example/ü?x=1#y"])
async def test_an_address_of_the_web_is_given_as_it_was_written(client: Client, url: str) -> None:
    assert await links(client, url) == [{"publicUrl": {"url": url, "expiresAt": None}}]


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "file:///etc/passwd", "//a.example/x", "ht tp://x", " http://a.example", "x", "http:///x"],
)
async def test_any_other_text_is_no_link(client: Client, url: str) -> None:
    assert await links(client, url) == [{"publicUrl": None}]


async def links(client: Client, url: str) -> list[object]:
    made = await client.create()
    image = {"type": "image_url", "image_url": {"url": url}}
    await client.store(made["id"], {"openai": {"role": "user", "content": [image]}})
    [message] = (await client.data(LINKS, id=made["id"]))["session"]["messages"]["nodes"]
    parts: list[object] = message["parts"]
    return parts
