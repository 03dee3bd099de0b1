"""Routes, queries and bodies are read as the web framework of the real server reads them."""

from typing import Any

import httpx
import pytest

from embedded.opened import Client

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
PARTS = "multipart/form-data; boundary=x"
UNKNOWN = "11111111-1111-4111-8111-111111111111"


async def ask(client: Client, method: str, path: str, **options: Any) -> httpx.Response:
    return await client.http.request(method, f"/api/v1{path}", **options)


def part(name: str, value: str, more: str = "") -> bytes:
    return f'--x\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n{value}\r\n'.encode()


END = b"--x--\r\n"


@pytest.mark.parametrize(
    ("method", "path", "status", "location"),
    [
        ("GET", "/ping/", 301, "/api/v1/ping"),
        ("GET", "/session/?user=a&b=c", 301, "/api/v1/session?user=a&b=c"),
        ("POST", "/session/", 307, "/api/v1/session"),
        ("PUT", f"/session/{UNKNOWN}/configs/", 307, f"/api/v1/session/{UNKNOWN}/configs"),
        ("GET", f"/session/{UNKNOWN}/", 301, f"/api/v1/session/{UNKNOWN}"),
        ("DELETE", "/session//", 307, "/api/v1/session/"),
        ("GET", "/user/x/", 301, "/api/v1/user/x"),
        ("GET", "/user//", 301, "/api/v1/user/"),
        ("GET", "/ping//", 404, None),
        ("POST", "/ping/", 404, None),
        ("HEAD", "/ping", 404, None),
        ("OPTIONS", "/session", 404, None),
        ("GET", "/user/a%2Fb/resources", 404, None),
        ("GET", "/Ping", 404, None),
    ],
)
async def test_a_path_that_no_route_takes_leads_on_or_is_unknown(
    client: Client, method: str, path: str, status: int, location: str | None
) -> None:
    response = await ask(client, method, path, headers={"authorization": "none"})

    assert (response.status_code, response.headers.get("location")) == (status, location)
    if method == "GET" and location:
        link = location.replace("&", "&amp;")
        assert response.text == f'<a href="{link}">Moved Permanently</a>.\n\n'


@pytest.mark.parametrize("path", ["/session//configs", "/disk//artifact/ls", "/user//resources"])
async def test_an_empty_parameter_is_a_bad_one(client: Client, path: str) -> None:
    assert await client.refused("GET", path) == (400, 400, "parameter error")


@pytest.mark.parametrize("authorization", ["bearer {}", "Bearer  {}", "Bearer {} x", "{}", "Basic {}"])
async def test_a_key_is_taken_in_one_form_only(client: Client, authorization: str) -> None:
    key = client.http.headers["authorization"].removeprefix("Bearer ")
    headers = {"authorization": authorization.format(key)}

    assert await client.refused("GET", "/ping", headers=headers) == (401, 401, "Unauthorized")


@pytest.mark.parametrize(
    "query",
    [
        "limit=abc&limit=5",
        "limit=5&%zz",
        "a;b",
        "limit=5_0",
        "limit=%205",
        "limit=5.0",
        "limit=0",
        "limit=201",
        "limit=99999999999999999999",
        "time_desc=yes",
        "time_desc=%20true",
    ],
)
@pytest.mark.parametrize("path", ["/session", "/disk"])
async def test_a_query_that_cannot_be_read_is_refused(client: Client, path: str, query: str) -> None:
    assert await client.refused("GET", f"{path}?{query}") == (400, 400, "parameter error")


@pytest.mark.parametrize("query", ["limit=", "limit=%2B5", "limit=05", "limit", "time_desc=T", "limit=5&limit=x", "&&"])
async def test_a_query_is_read_as_go_reads_it(client: Client, query: str) -> None:
    assert await client.call("GET", f"/session?{query}") == {"items": [], "has_more": False}


@pytest.mark.parametrize("path", ["ls?path=%zz", "grep?query=a&%zz", "glob?query=a;b&query=a"])
async def test_searches_leave_out_what_cannot_be_read(client: Client, path: str) -> None:
    disk = await client.disk()

    assert (await ask(client, "GET", f"/disk/{disk}/artifact/{path}")).status_code == 200


@pytest.mark.parametrize(
    ("kind", "body", "user"),
    [
        (JSON, b'{"user":"a"}', "a"),
        (f"{JSON}; charset=utf-8", b'{"user":"a"}', "a"),
        (JSON, b'{"user":"a"} and more', "a"),
        (JSON, b'{"USER":"a"}', "a"),
        (JSON, b"null", ""),
        ("APPLICATION/JSON", b'{"user":"a"}', ""),
        ("text/json", b'{"user":"a"}', ""),
        (FORM, b"user=a+b%C3%A9", "a bé"),
        (FORM, b"user=a&user=b", "a"),
        (FORM, b"User=a", ""),
        (FORM.upper(), b"user=a", "a"),
        (PARTS, part("user", "a") + END, "a"),
        (PARTS, b"before\r\n" + part("user", "a") + END + b"after", "a"),
        ("Multipart/Form-Data; boundary=x", part("user", "a") + END, "a"),
        ("multipart/mixed; boundary=x", part("user", "a") + END, ""),
        ("text/plain", b"user=a", ""),
        (None, b'{"user":"a"}', ""),
    ],
)
async def test_the_type_of_a_body_decides_how_it_is_read(
    client: Client, kind: str | None, body: bytes, user: str
) -> None:
    headers = {"content-type": kind} if kind else {}
    response = await ask(client, "POST", "/disk", content=body, headers=headers)

    assert response.status_code == 201
    users = (await client.call("GET", "/user/ls"))["items"]
    assert [each["identifier"] for each in users] == ([user] if user else [])


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (JSON, b""),
        (JSON, b"[]"),
        (JSON, b'{"user":1}'),
        (JSON, b'{"user":"a"'),
        (FORM, b"user=%zz"),
        (FORM, b"a;b&user=a"),
        (PARTS, b""),
        (PARTS, part("user", "a")),
        (PARTS, part("user", "a", '; filename="f"') + END),
        ("multipart/form-data", part("user", "a") + END),
        ("text/plain; charset", b"x"),
        (f"{JSON},text/plain", b"{}"),
        ("application/xml", b"<x/>"),
        ("application/yaml", b"user: a"),
    ],
)
async def test_a_body_that_cannot_be_read_is_refused(client: Client, kind: str, body: bytes) -> None:
    refused = await client.refused("POST", "/disk", content=body, headers={"content-type": kind})

    assert refused == (400, 400, "parameter error")


async def test_the_query_counts_where_the_body_is_no_json(client: Client) -> None:
    await client.call("POST", "/disk?user=query")
    await client.call("POST", "/disk?user=query", content=b"user=form", headers={"content-type": FORM})
    await client.call("POST", "/disk?user=ignored", json={})

    users = (await client.call("GET", "/user/ls"))["items"]
    assert [each["identifier"] for each in users] == ["query", "form"]


@pytest.mark.parametrize(
    ("form", "configs"),
    [('configs={"a":1.0}', {"a": 1}), ("configs=null", None), ("configs=%7B%7D", {}), ("disable_task_tracking=", None)],
)
async def test_configs_in_a_form_are_json(client: Client, form: str, configs: Any) -> None:
    made = await client.call("POST", "/session", content=form.encode(), headers={"content-type": FORM})

    assert made["configs"] == configs


@pytest.mark.parametrize("form", ["configs=", "configs=[]", "configs=x", "disable_task_tracking=yes"])
async def test_a_form_with_a_wrong_value_is_refused(client: Client, form: str) -> None:
    refused = await client.refused("POST", "/session", content=form.encode(), headers={"content-type": FORM})

    assert refused == (400, 400, "parameter error")


async def test_meta_is_updated_and_files_deleted_by_forms_and_queries_too(client: Client) -> None:
    disk = await client.disk()
    path = f"/disk/{disk}/artifact"
    await client.put(disk, "/a.txt", b"x")
    await client.put(disk, "/b.txt", b"x")

    told = await client.call("PUT", f"{path}?file_path=/a.txt&meta=%7B%22k%22:1%7D")
    assert told["artifact"]["meta"]["k"] == 1
    await client.call("DELETE", path, json={"file_path": "/a.txt"})
    refused = await client.refused("DELETE", f"{path}?file_path=/b.txt", headers={"content-type": JSON})
    assert refused == (400, 400, "parameter error")
    await client.call("DELETE", f"{path}?file_path=/b.txt")
    assert (await client.call("GET", f"{path}/ls"))["artifacts"] == []


@pytest.mark.parametrize(
    ("kind", "body", "message"),
    [
        (JSON, b"{", "parameter error"),
        (JSON, b'{"meta":1}', "parameter error"),
        (JSON, b"{}", "file is required"),
        (FORM, b"file=x", "file is required"),
        (PARTS, part("file", "x") + END, "file is required"),
        (PARTS, part("meta", "{}", '; filename="m"') + part("file", "x", '; filename="f"') + END, "parameter error"),
        (PARTS, b"", "parameter error"),
    ],
)
async def test_an_upload_without_a_file_is_refused(client: Client, kind: str, body: bytes, message: str) -> None:
    path = f"/disk/{await client.disk()}/artifact"

    assert await client.refused("POST", path, content=body, headers={"content-type": kind}) == (400, 400, message)


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ('filename="a\\"b.txt"', 'a"b.txt'),
        ('filename="C:\\dir\\a.txt"', "C:\\dir\\a.txt"),
        ('filename="a%22b.txt"', "a%22b.txt"),
        ("filename=plain", "plain"),
        ("filename*=UTF-8''%e6%97%a5.txt", "日.txt"),
        ('filename="d/e/"', "e"),
        ('filename="日本.txt"', "日本.txt"),
    ],
)
async def test_a_file_is_called_as_go_reads_its_name(client: Client, disposition: str, name: str) -> None:
    path = f"/disk/{await client.disk()}/artifact"
    body = part("file", "x", f"; {disposition}") + END

    assert (await client.call("POST", path, content=body, headers={"content-type": PARTS}))["filename"] == name


async def test_an_address_of_a_file_gives_all_of_it_and_its_name(client: Client) -> None:
    disk = await client.disk()
    await client.put(disk, "/日本.html", "<html><meta charset='日'>".encode())
    found = await client.call("GET", f"/disk/{disk}/artifact", params={"file_path": "/日本.html"})

    shown = await client.http.get(found["public_url"], headers={"range": "bytes=0-3"})

    assert (shown.status_code, shown.text) == (200, "<html><meta charset='日'>")
    assert shown.headers["content-disposition"] == 'attachment; filename="日本.html"'
    assert shown.headers["content-type"] == "text/html; charset=日"
    assert not {"etag", "last-modified", "accept-ranges"} & shown.headers.keys()


async def test_a_patch_is_measured_as_go_writes_it_before_its_session_is_looked_at(client: Client) -> None:
    session = await client.session(configs={"old": "x" * 60_000})
    path = f"/session/{session}/configs"
    too_large = (400, 400, "configs size exceeds 64KB limit")

    assert len((await client.call("PATCH", path, json={"configs": {"new": "y" * 60_000}}))["configs"]) == 2
    assert await client.refused("PATCH", "/session/x/configs", json={"configs": {"a": "<" * 11_000}}) == too_large
    assert await client.refused("PATCH", "/session/x/configs", json={"configs": {}}) == (400, 400, "invalid session_id")


async def test_nul_characters_are_refused_by_the_database(client: Client) -> None:
    assert await client.refused("POST", "/disk", json={"user": "a\0"}) == (500, 500, "failed to get or create user")
    assert await client.refused("GET", "/session?user=%00") == (500, 500, "database error")
    filtered = {"filter_by_configs": '{"a":"\\u0000"}'}
    assert await client.refused("GET", "/session", params=filtered) == (500, 500, "database error")


@pytest.mark.parametrize("cursor", ["MXw=", "MV8wfHg", "+/+/"])
async def test_a_cursor_that_go_would_not_decode_is_refused(client: Client, cursor: str) -> None:
    assert await client.refused("GET", "/session", params={"cursor": cursor}) == (500, 500, "database error")
