"""The SDK's client on a sender: what it sends is what httpx would send, and JSON is read to the last digit."""

import json
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gql_api.upstream.client import Client
from gql_api.upstream.sender import Answer, Request

BASE = "http://acontext.test:8029/below/api/v1"
JSON = {"content-type": "application/json"}


@dataclass
class Noting:
    """Notes what is sent, and answers all with one body."""

    body: bytes = b'{"code": 0}'
    requests: list[Request] = field(default_factory=list)

    async def send(self, request: Request) -> Answer:
        self.requests.append(request)
        return Answer(200, "OK", JSON, self.body)


def client_to(sender: Noting) -> Client:
    return Client(sender, api_key="sk-ac-x", base_url=BASE, seconds=5)


plain = st.text() | st.integers() | st.booleans() | st.floats() | st.none()
values = st.recursive(plain, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8)
paths = st.text("aZ0/%~-._:?#&=+ ä\n", max_size=9).map(lambda text: f"/session/{text}")


@settings(deadline=None)
@given(
    st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE"]),
    paths,
    st.none() | st.dictionaries(st.text(min_size=1), plain | st.lists(st.text())),
    st.none() | st.dictionaries(st.text(), values),
)
@example("GET", "/session/../a.b/.", {"a": [True, None]}, None)
@example("DELETE", "/user/a%2fb%zz", {}, {})
async def test_what_is_sent_is_what_httpx_would_send(method: str, path: str, params: Any, body: Any) -> None:
    sender, key = Noting(), {"authorization": "Bearer sk-ac-x"}
    usual = httpx.AsyncClient(base_url=BASE, headers=key, transport=httpx.AsyncBaseTransport(), trust_env=False)
    try:
        expected = usual.build_request(method, path, params=params, json=body)
    except (httpx.InvalidURL, ValueError) as error:
        with pytest.raises(type(error)):
            await client_to(sender).request(method, path, params=params, json_data=body)
        assert sender.requests == []
        return
    await client_to(sender).request(method, path, params=params, json_data=body)
    [sent] = sender.requests
    assert (sent.method, sent.target.encode(), sent.body) == (method, expected.url.raw_path, expected.content)
    assert dict(sent.headers) == dict(expected.headers)


async def test_what_is_too_long_for_a_url_is_not_sent() -> None:
    sender = Noting()
    for size, is_sent in ((65_000, True), (66_000, False)):
        try:
            await client_to(sender).request("GET", "/disk", params={"a": "x" * size})
        except httpx.InvalidURL:
            assert not is_sent
    assert len(sender.requests) == 1


async def test_a_file_is_sent_in_a_form() -> None:
    sender, form = Noting(), {"file_path": "/ä/", "meta": "{}"}
    await client_to(sender).request("POST", "/disk/1/artifact", data=form, files={"file": ("ä.md", b"\0\xff", "a/b")})
    [sent] = sender.requests
    boundary = sent.headers["content-type"].partition("boundary=")[2]
    asked = httpx.Request(
        "POST",
        BASE,
        data=form,
        files={"file": ("ä.md", b"\0\xff", "a/b")},
        headers={"content-type": f"multipart/form-data; boundary={boundary}"},
    )
    assert (sent.body, sent.headers["content-length"]) == (asked.read(), asked.headers["content-length"])


WRITTEN = [
    "1e400", "-0.0", "NaN", "-Infinity", "18446744073709551616", "-9223372036854775809", "0.1", "1e22",
    r'"\ud800"', r'"\ud83d\ude00"', '"\\u0000"', "[" * 300 + "]" * 300, '{"a": 1, "a": 2}', "1234567890" * 3,
]  # fmt: skip


@pytest.mark.parametrize("text", WRITTEN, ids=lambda text: text[:12])
async def test_an_answer_is_read_as_json_reads_it(text: str) -> None:
    read = await client_to(Noting(f'{{"data": {text}}}'.encode())).request("GET", "/disk")
    assert repr(read) == repr(json.loads(text))


@settings(deadline=None)
@given(values)
async def test_any_answer_is_read_as_json_reads_it(value: Any) -> None:
    for is_ascii in (True, False):
        text = json.dumps({"data": value}, ensure_ascii=is_ascii).encode("utf-8", "surrogatepass")
        assert repr(await client_to(Noting(text)).request("GET", "/disk")) == repr(value)
