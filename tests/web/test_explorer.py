"""The explorer over HTTP, with small files in the place of the built ones."""

import gzip
import hashlib
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from graphql import build_schema, parse, validate
from graphql.language import OperationDefinitionNode
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gql_api.web.explorer import explorer_page, explorer_routes

ROOT = Path(__file__).parents[2]
TOUR = (ROOT / "gql_api" / "web" / "tour.graphql").read_text(encoding="utf-8")
CONTENTS = {
    "app-AAAA.js": b"console.log('app');\n" * 50,
    "app-BBBB.css": b"body { margin: 0 }\n" * 50,
    "font-CCCC.woff2": b"wOF2" * 50,
    "part-DDDD.js": b"export default 1;\n" * 50,
    "third-party-notices.txt": b"MIT\n",
}
FILE_HEADERS = {
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "vary": "Accept-Encoding",
    "x-content-type-options": "nosniff",
}


@pytest.fixture
def static(tmp_path: Path) -> Path:
    folder = tmp_path / "explorer"
    folder.mkdir()
    for name, content in CONTENTS.items():
        (folder / name).write_bytes(content)
        if not name.endswith(".woff2"):
            (folder / f"{name}.gz").write_bytes(gzip.compress(content))
    files = {name: hashlib.sha256(content).hexdigest() for name, content in CONTENTS.items()}
    named = {"script": "app-AAAA.js", "parts": ["part-DDDD.js"], "style": "app-BBBB.css"}
    manifest = named | {"sources": "0", "files": files}
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    (tmp_path / "secret.txt").write_text("secret", encoding="utf-8")
    return folder


@pytest.fixture
async def client(static: Path) -> AsyncIterator[httpx.AsyncClient]:
    def page(request: Request) -> Response:
        return explorer_page(request, headers={"X-User": "ada & co"}, static=static)

    app = Starlette(routes=[Route("/graphql", page), *explorer_routes(static)])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api.test") as client:
        yield client


def remove(static: Path) -> None:
    (static / "manifest.json").unlink()


def block(page: str, id: str) -> str:
    found = re.search(rf'<pre id="{id}" hidden>\n(.*?)</pre>', page, re.DOTALL)
    assert found is not None
    return found[1]


async def test_the_page_names_the_built_files_by_links_that_stay_on_the_host(client: httpx.AsyncClient) -> None:
    answer = await client.get("/graphql")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert re.findall(r'src="([^"]*)"', answer.text) == ["explorer/app-AAAA.js"]
    assert re.findall(r'<link rel="([^"]*)".* href="([^"]*)"', answer.text)[1:] == [
        ("license", "explorer/third-party-notices.txt"),
        ("preload", "explorer/app-BBBB.css"),
        ("modulepreload", "explorer/part-DDDD.js"),
        ("stylesheet", "explorer/app-BBBB.css"),
    ]


async def test_something_is_drawn_before_anything_else_is_fetched(client: httpx.AsyncClient) -> None:
    page = (await client.get("/graphql")).text
    # A browser waits with what stands behind a style, and with nothing before it.
    assert page.index("<style>") < page.index("The explorer is coming") < page.index('<link rel="stylesheet"')


@pytest.mark.parametrize("built", [True, False])
async def test_the_page_allows_nothing_from_elsewhere(client: httpx.AsyncClient, static: Path, built: bool) -> None:
    if not built:
        remove(static)
    answer = await client.get("/graphql")
    headers = {name: answer.headers[name] for name in ("cache-control", "vary", "referrer-policy")}
    assert headers == {"cache-control": "no-store", "vary": "Accept", "referrer-policy": "no-referrer"}
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == (
        "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self' 'unsafe-inline'; "
        "font-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )
    assert re.findall(r"<script[^>]*>([^<]*)</script>", answer.text) == ([""] if built else [])


async def test_the_page_opens_on_the_tour_with_a_session_id_of_its_own(client: httpx.AsyncClient) -> None:
    first, second = (await client.get("/graphql")).text, (await client.get("/graphql")).text
    # Neither text has a character that HTML would read otherwise but for quotes and ampersands.
    assert block(first, "tour").replace("&quot;", '"').replace("&#x27;", "'") == TOUR
    sessions = [json.loads(block(page, "tour-variables").replace("&quot;", '"')) for page in (first, second)]
    assert [list(one) for one in sessions] == [["session"], ["session"]]
    assert sessions[0] != sessions[1]


async def test_given_headers_are_escaped_into_the_page(client: httpx.AsyncClient) -> None:
    page = (await client.get("/graphql")).text
    assert block(page, "tour-headers") == "{\n  &quot;X-User&quot;: &quot;ada &amp; co&quot;\n}"


async def test_without_built_files_the_page_says_how_to_build_them_and_how_to_ask_by_curl(
    client: httpx.AsyncClient, static: Path
) -> None:
    remove(static)
    answer = await client.get("/graphql?x=1")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "<h1>The explorer is not built</h1>" in answer.text
    assert "<pre>make explorer</pre>" in answer.text
    assert "<pre>curl http://api.test/graphql \\\n  -H &#x27;Content-Type: application/json&#x27; \\\n" in answer.text
    assert "mutation CreateSession" in answer.text


async def test_a_hostile_host_name_stays_text(client: httpx.AsyncClient, static: Path) -> None:
    remove(static)
    answer = await client.get("/graphql", headers={"Host": "<script>alert(1)</script>"})
    assert "<script" not in answer.text


async def test_the_page_changes_when_a_build_comes_while_the_server_runs(
    client: httpx.AsyncClient, static: Path
) -> None:
    manifest = (static / "manifest.json").read_text(encoding="utf-8")
    remove(static)
    assert "not built" in (await client.get("/graphql")).text
    assert (await client.get("/explorer/app-AAAA.js")).status_code == 404
    (static / "manifest.json").write_text(manifest, encoding="utf-8")
    assert "not built" not in (await client.get("/graphql")).text
    assert (await client.get("/explorer/app-AAAA.js")).content == CONTENTS["app-AAAA.js"]


@pytest.mark.parametrize(
    ("name", "media_type", "cache"),
    [
        ("app-AAAA.js", "text/javascript; charset=utf-8", "public, max-age=31536000, immutable"),
        ("app-BBBB.css", "text/css; charset=utf-8", "public, max-age=31536000, immutable"),
        ("font-CCCC.woff2", "font/woff2", "public, max-age=31536000, immutable"),
        ("third-party-notices.txt", "text/plain; charset=utf-8", "no-cache"),
    ],
)
async def test_a_file_comes_with_its_type_a_strong_tag_and_its_time_to_live(
    client: httpx.AsyncClient, name: str, media_type: str, cache: str
) -> None:
    expected = FILE_HEADERS | {
        "cache-control": cache,
        "content-type": media_type,
        "content-length": str(len(CONTENTS[name])),
        "etag": f'"{hashlib.sha256(CONTENTS[name]).hexdigest()}"',
    }
    for method, content in (("GET", CONTENTS[name]), ("HEAD", b"")):
        answer = await client.request(method, f"/explorer/{name}", headers={"Accept-Encoding": "identity"})
        assert (answer.status_code, answer.content) == (200, content)
        assert {key: answer.headers.get(key) for key in expected} == expected
        assert "content-encoding" not in answer.headers


@pytest.mark.parametrize(
    ("accepted", "packed"),
    [
        ("gzip", True),
        ("br, GZIP;q=0.5", True),
        ("*", True),
        ("gzip; q=1.0", True),
        ("gzip;q=0", False),
        ("gzip;q=0.000, *;q=1", False),
        ("br, x-gzip", False),
        ("", False),
    ],
)
async def test_a_file_is_packed_only_for_who_takes_gzip(client: httpx.AsyncClient, accepted: str, packed: bool) -> None:
    answer = await client.get("/explorer/app-AAAA.js", headers={"Accept-Encoding": accepted})
    assert answer.content == CONTENTS["app-AAAA.js"]
    assert answer.headers.get("content-encoding") == ("gzip" if packed else None)
    assert answer.headers["etag"].endswith('-gzip"') is packed
    assert (int(answer.headers["content-length"]) < len(CONTENTS["app-AAAA.js"])) is packed


async def test_a_font_is_not_packed_again(client: httpx.AsyncClient) -> None:
    answer = await client.get("/explorer/font-CCCC.woff2", headers={"Accept-Encoding": "gzip"})
    assert ("content-encoding" in answer.headers, answer.content) == (False, CONTENTS["font-CCCC.woff2"])


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', "*"])
async def test_a_file_that_the_browser_has_is_not_sent_again(client: httpx.AsyncClient, method: str, form: str) -> None:
    first = await client.get("/explorer/app-AAAA.js")
    again = await client.request(
        method, "/explorer/app-AAAA.js", headers={"If-None-Match": form.format(first.headers["etag"])}
    )
    assert (again.status_code, again.content) == (304, b"")
    for header in ("etag", "cache-control", "vary"):
        assert again.headers[header] == first.headers[header]


async def test_the_tag_of_one_form_does_not_stand_for_the_other(client: httpx.AsyncClient) -> None:
    plain = await client.get("/explorer/app-AAAA.js", headers={"Accept-Encoding": "identity"})
    packed = await client.get(
        "/explorer/app-AAAA.js", headers={"Accept-Encoding": "gzip", "If-None-Match": plain.headers["etag"]}
    )
    assert (packed.status_code, packed.headers["content-encoding"]) == (200, "gzip")


@pytest.mark.parametrize(
    "path",
    [
        "absent.js",
        "manifest.json",
        "app-AAAA.js.gz",
        "..%2Fsecret.txt",
        "%2e%2e/secret.txt",
        "..%5Csecret.txt",
        "%2Fetc%2Fpasswd",
        "%00",
        "",
    ],
)
async def test_only_what_the_build_listed_can_be_had(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(f"/explorer/{path}")
    assert answer.status_code == 404
    assert "secret" not in answer.text


async def test_files_cannot_be_written(client: httpx.AsyncClient) -> None:
    answer = await client.post("/explorer/app-AAAA.js")
    assert answer.status_code == 405
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD"}


def test_the_tour_is_valid_and_each_of_its_operations_has_a_name_of_its_own() -> None:
    document = parse(TOUR)
    names = [one.name and one.name.value for one in document.definitions if isinstance(one, OperationDefinitionNode)]
    assert len(names) == len(document.definitions) == len(set(names))
    schema = build_schema((ROOT / "schema.graphql").read_text(encoding="utf-8"))
    assert validate(schema, document) == []
