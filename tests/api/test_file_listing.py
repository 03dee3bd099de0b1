"""Listing files: directories and what is in them, globs as people mean them, pages, never a file left out."""

import asyncio
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.client import Client
from api.globs import matched
from api.upstream import Upstream
from databases import Databases
from gql_api.services.globs import MAKING, MOST_STEPS

FILES = """
query ($id: ID!, $path: String! = "/", $glob: String, $first: Int, $after: String) {
  session(id: $id) {
    files(path: $path, glob: $glob, first: $first, after: $after) {
      totalCount edges { cursor node { path } } nodes { path } directories { path name }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
    disk { files(path: $path, glob: $glob, first: $first, after: $after) { nodes { path } } }
  }
}
"""
TREE = """
query ($id: ID!) { session(id: $id) { disk { files { ...level directories { ...deeper files { ...level
  directories { ...deeper files { ...level directories { ...deeper } } } } } } } } }
fragment level on FileConnection { totalCount nodes { path filename } }
fragment deeper on Directory { path name }
"""
PATHS = ["/a.md", "/b.txt", "/B.txt", "/docs/a.md", "/docs/z/a.md", "/docs/z/ä.md", "/docs/z/deep/[x].md", "/zz/q.md"]
MORE = ["/docs.md", "/docs/b.txt", "/*/star.txt", "/docs/a-b/c.md", "/zz/aa/a.md", "/zz/aa.md", "/zz/.md"]


@pytest.fixture
def databases(sqlite_databases: Databases) -> Databases:
    """One kind is enough here: files are Acontext's."""
    return sqlite_databases


@pytest.fixture
async def session(client: Client) -> dict[str, Any]:
    """A session with files, written in no order."""
    made = await client.create()
    for path in sorted(PATHS + MORE, key=lambda path: path[::-1]):
        await client.upload(made["id"], path)
    return made


async def listed(client: Client, session: dict[str, Any], **arguments: Any) -> dict[str, Any]:
    """List files; the ways to ask for them must agree."""
    found = (await client.data(FILES, id=session["id"], **arguments))["session"]
    page: dict[str, Any] = found["files"]
    assert found["disk"]["files"]["nodes"] == page["nodes"] == [edge["node"] for edge in page["edges"]]
    return page


def paths(page: dict[str, Any]) -> list[str]:
    return [node["path"] for node in page["nodes"]]


async def test_a_directory_has_its_own_files_and_directories_sorted(client: Client, session: dict[str, Any]) -> None:
    whole = ["/B.txt", "/a.md", "/b.txt", "/docs.md"]
    page = await listed(client, session)
    assert (paths(page), page["totalCount"]) == (whole, 4)
    assert page["directories"] == [{"path": f"/{name}/", "name": name} for name in ("*", "docs", "zz")]
    for spelled in ("/docs/z/", "/docs/z", "docs/z", "docs/z/"):
        page = await listed(client, session, path=spelled)
        assert paths(page) == ["/docs/z/a.md", "/docs/z/ä.md"]
        assert page["directories"] == [{"path": "/docs/z/deep/", "name": "deep"}]
    for unknown in ("/none/", "/docs/z/a.md", "/doc"):
        page = await listed(client, session, path=unknown)
        assert (paths(page), page["directories"], page["totalCount"]) == ([], [], 0)


async def test_directories_are_walked_down_level_by_level(client: Client) -> None:
    made = await client.create()
    for path in ("/a/b/c/d.txt", "/a/b/x.txt", "/a/y.txt"):
        await client.upload(made["id"], path)
    deepest = {"path": "/a/b/c/", "name": "c"}
    second = {"totalCount": 1, "nodes": [{"path": "/a/b/x.txt", "filename": "x.txt"}], "directories": [deepest]}
    inner = [{"path": "/a/b/", "name": "b", "files": second}]
    first = {"totalCount": 1, "nodes": [{"path": "/a/y.txt", "filename": "y.txt"}], "directories": inner}
    outer = [{"path": "/a/", "name": "a", "files": first}]
    tree = {"totalCount": 0, "nodes": [], "directories": outer}
    assert (await client.data(TREE, id=made["id"]))["session"]["disk"]["files"] == tree


async def test_a_glob_finds_files_in_and_below_a_directory(client: Client, session: dict[str, Any]) -> None:
    everything = sorted(PATHS + MORE)
    for path, glob, found in [
        ("/", "*.md", ["/a.md", "/docs.md"]),
        ("/", "**/*.md", [path for path in everything if path.endswith(".md")]),
        ("/", "**", everything),
        ("/docs/", "*.md", ["/docs/a.md"]),
        ("/docs/", "**", [path for path in everything if path.startswith("/docs/")]),
        ("/docs/", "/docs/**/a.md", ["/docs/a.md", "/docs/z/a.md"]),
        ("/docs/", "/zz/**", []),
        ("/", "/zz/??.md", ["/zz/aa.md"]),
        ("/", "[aB].*", ["/B.txt", "/a.md"]),
        ("/", "[!a].*", ["/B.txt", "/b.txt"]),
        ("/", "/docs/z/deep/[[]x].md", ["/docs/z/deep/[x].md"]),
        ("/", "/[*]/*", ["/*/star.txt"]),
        ("/", "B.TXT", []),
        ("/", "docs", []),
    ]:
        page = await listed(client, session, path=path, glob=glob)
        assert (paths(page), page["totalCount"], page["directories"]) == (found, len(found), []), glob


PIECES = st.sampled_from(
    ["**", "*", "?.md", "*.md", "docs", "z", "zz", "a*", "*a*", "[a-d]*", "[!a]*", "", "a.md", "["]
)
GLOBS = st.builds(
    lambda absolute, pieces: absolute + "/".join(pieces),
    st.sampled_from(["", "/"]),
    st.lists(PIECES, min_size=1, max_size=4),
).filter(bool)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(glob=GLOBS, path=st.sampled_from(["/", "/docs/", "/docs/z/", "/zz/", "/none/"]))
async def test_a_glob_finds_what_another_matcher_finds(
    client: Client, session: dict[str, Any], glob: str, path: str
) -> None:
    pattern = glob if glob.startswith("/") else path + glob
    expected = [file for file in sorted(PATHS + MORE) if file.startswith(path) and matched(pattern, file)]
    assert paths(await listed(client, session, path=path, glob=glob)) == expected


@pytest.mark.parametrize("count", [200, 205])
async def test_a_glob_finds_every_file_however_many_there_are(client: Client, upstream: Upstream, count: int) -> None:
    made = await client.create()
    await client.upload(made["id"], "/other/x.txt")
    disk = made["disk"]["acontextId"]
    names = [f"/{'deep/' * (number % 3)}{number}.txt" for number in range(count)]

    async def write(path: str) -> None:
        directory, _, name = path.rpartition("/")
        form = {"files": {"file": (name, b"x")}, "data": {"file_path": directory + "/"}}
        await upstream.ask("POST", f"/disk/{disk}/artifact", **form)

    await asyncio.gather(*map(write, names))
    page = await listed(client, made, glob="/**/*[0-9].txt")
    assert (page["totalCount"], paths(page)) == (count, sorted(names))
    inside = await listed(client, made, path="/deep/deep", glob="**")
    assert paths(inside) == sorted(name for name in names if name.startswith("/deep/deep/"))


async def walked(client: Client, session: dict[str, Any], first: int, **arguments: Any) -> list[str]:
    """Read page after page; each must say rightly whether there is more on either side."""
    found: list[str] = []
    cursor, more = None, True
    while more:
        page = await listed(client, session, first=first, after=cursor, **arguments)
        info = page["pageInfo"]
        cursors = [edge["cursor"] for edge in page["edges"]]
        assert info["hasPreviousPage"] is (cursor is not None)
        assert [info["startCursor"], info["endCursor"]] == ([cursors[0], cursors[-1]] if cursors else [None, None])
        found += paths(page)
        more, cursor = info["hasNextPage"], info["endCursor"]
        assert more is (len(found) < page["totalCount"])
    return found


@pytest.mark.parametrize("arguments", [{}, {"path": "/zz"}, {"glob": "**"}, {"glob": "*.none"}])
async def test_pages_of_files_leave_none_out(
    client: Client, session: dict[str, Any], arguments: dict[str, Any]
) -> None:
    whole = paths(await listed(client, session, **arguments))
    for first in (1, 2, 3, 100):
        assert await walked(client, session, first, **arguments) == whole


async def test_bad_arguments_name_themselves(client: Client, session: dict[str, Any], upstream: Upstream) -> None:
    sessions = await client.data("{ sessions { pageInfo { endCursor } } }")
    upstream.clear()
    bad: list[tuple[dict[str, Any], str]] = [
        ({"first": 0}, "first"),
        ({"first": 101}, "first"),
        ({"after": "x"}, "after"),
        ({"after": ""}, "after"),
        ({"after": sessions["sessions"]["pageInfo"]["endCursor"]}, "after"),
        ({"glob": ""}, "glob"),
        ({"glob": "*" * 513}, "glob"),
        ({"path": "/a/../b"}, "path"),
        ({"path": "/a//b"}, "path"),
        ({"path": "\\"}, "path"),
    ]
    for arguments, name in bad:
        answer = await client.answer(FILES, id=session["id"], **arguments)
        assert answer["data"] == {"session": {"files": None, "disk": {"files": None}}}
        for error in answer["errors"]:
            assert error["message"].startswith(f"{name}: ")
            assert error["extensions"] == {"code": "BAD_USER_INPUT"}


async def test_a_hard_glob_is_answered_too(client: Client, session: dict[str, Any]) -> None:
    hard = "/" + "a" * 1000
    await client.upload(session["id"], hard)
    for glob, found in [("a*" * 200 + "b", []), ("**/" * 150 + "b", []), ("[a" * 200, []), ("*a" * 250, [hard])]:
        assert paths(await listed(client, session, glob=glob)) == found


async def test_globs_that_are_much_work_are_refused_at_their_field(client: Client, session: dict[str, Any]) -> None:
    """Those before it are answered, and so is the next operation."""
    most = MOST_STEPS // (512 * MAKING)
    hard = [f"/{number:03}" + "*a" * 254 for number in range(most + 1)]
    fields = " ".join(f'g{at}: files(glob: "{glob}") {{ totalCount }}' for at, glob in enumerate(hard))
    for _ in range(2):
        answer = await client.answer(f'{{ session(id: "{session["id"]}") {{ {fields} }} }}')
        counts = [each and each["totalCount"] for each in answer["data"]["session"].values()]
        assert counts == [0] * most + [None]
        [error] = answer["errors"]
        assert (error["path"], error["extensions"]) == (["session", f"g{most}"], {"code": "COST_LIMIT_EXCEEDED"})
        assert error["message"].startswith("glob: ")


async def test_a_directory_named_like_a_pattern_is_one_directory(client: Client) -> None:
    made = await client.create()
    for path in ("/[a]/x.md", "/a/x.md", "/*/x.md"):
        await client.upload(made["id"], path)
    for directory in ("/[a]/", "/a/", "/*/"):
        assert paths(await listed(client, made, path=directory, glob="*.md")) == [f"{directory}x.md"]
