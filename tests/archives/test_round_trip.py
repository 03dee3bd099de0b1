"""What is carried away and brought in is the same there, whatever it is, and comes away the same again."""

import io
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from archives import reader
from archives.servers import DELETE, UPDATE, Ask, Server, make, put, say
from embedded.alone import KEY, alone
from gql_api.folder import claim

ON_SQLITE = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
CALL = {"id": "c1", "type": "function", "function": {"name": "look_up", "arguments": '{"b": 1,  "a": "ü"}'}}
WORDS: list[Any] = [
    {"message": {"openai": {"role": "system", "content": "Be brief."}}},
    {"message": {"chat": {"role": "DEVELOPER", "content": "Be kind."}}},
    {
        "message": {
            "chat": {
                "role": "USER",
                "content": "Grüße 👋\u2028\x00",
                "attachments": [
                    {"base64": {"data": "iVBORw0KGgo=", "filename": "é.png"}},
                    {"base64": {"data": "iVBORw0KGgo=", "filename": "twice.png"}},
                    {"url": "https://files.invalid/a.pdf"},
                ],
            }
        },
        "metadata": {"number": 1.5, "deep": [{"a": None}]},
    },
    {"message": {"openai": {"role": "assistant", "content": None, "tool_calls": [CALL]}}},
    {"message": {"openai": {"role": "tool", "tool_call_id": "c1", "content": "found"}}},
    {
        "message": {
            "anthropic": {
                "role": "assistant",
                "content": [
                    {"type": "thinking", "thinking": "hm", "signature": "s"},
                    {"type": "text", "text": "so"},
                    {"type": "tool_use", "id": "t1", "name": "f", "input": {"q": 1}},
                ],
            }
        }
    },
    {"message": {"gemini": {"role": "model", "parts": [{"text": "ja", "thoughtSignature": "AQ=="}]}}},
    {"message": {"acontext": {"role": "user", "parts": [{"type": "data", "meta": {"data_type": "d", "x": [1]}}]}}},
]


async def fill(ask: Ask) -> str:
    """Make a session of all kinds of things, and one with nothing in it."""
    session, id = await make(ask, configs={"model": "m", "nested": {"a": [1, None]}})
    await say(ask, session, *WORDS)
    for path in ("/a/b.txt", "/a-b.txt", "/a.txt", "/a", "/ü/日本.md", "/c..d"):
        await put(ask, session, path, path.encode(), metadata={"path": path})
    await put(ask, session, "/a/same.png", PNG)
    await put(ask, session, "/same.png", PNG)
    await put(ask, session, "/empty", b"")
    await ask(UPDATE, i={"id": session, "pinned": True, "archived": True, "tags": ["Work", "äh, so"]})
    await make(ask, title="")
    return id


def test_what_was_brought_in_is_as_it_was_and_comes_away_the_same(here: Server, there: Server) -> None:
    here.within(fill)
    before = here.all()
    assert here.run("export", "-o", "one.tar") == (0, "", "Exported: 2 sessions, 8 messages, 9 files.\n")

    assert there.run("import", "one.tar", "--dry-run") == (
        0,
        "2 sessions: 2 could go in, 0 in already, 0 refused. Nothing was written.\n",
        "",
    )
    assert there.all() == []
    done = "2 sessions: 2 in, 0 in already, 0 refused; 8 messages and 9 files were stored.\n"
    assert there.run("import", "one.tar") == (0, done, "")
    assert there.all() == before

    assert there.run("export", "-o", "two.tar")[0] == 0
    first, second = reader.read(Path("one.tar")), reader.read(Path("two.tar"))
    assert reader.same_elsewhere(first) == reader.same_elsewhere(second)


def test_others_can_read_it_by_what_the_page_says(here: Server) -> None:
    id = here.within(fill)
    here.run("export", "-o", "one.tar", "--session", id)

    [(session, found)] = reader.read(Path("one.tar")).items()

    assert session == found["record"]["id"] == id
    assert {key: found["record"][key] for key in ("user", "title", "tags", "messages", "files")} == {
        "user": "ada",
        "title": "Oslo",
        "tags": ["Work", "äh, so"],
        "messages": 8,
        "files": 9,
    }
    assert found["files"]["/a/same.png"][1] == PNG
    assert list(found["files"]) == sorted(found["files"])
    text, image, *_ = found["messages"][2]["parts"]
    assert (text["text"], image["filename"], image["bytes"]) == ("Grüße 👋\u2028\x00", "é.png", b"\x89PNG\r\n\x1a\n")
    assert found["messages"][2]["metadata"] == {"number": 1.5, "deep": [{"a": None}]}
    assert "__gql_api__" not in Path("one.tar").read_text(encoding="utf-8", errors="replace")


def test_it_goes_to_an_acontext_on_a_port_and_back(here: Server, there: Server, tmp_path: Path) -> None:
    """By the senders and the leases that a real one is used with, where the database is PostgreSQL."""
    here.within(fill)
    here.run("export", "-o", "one.tar")
    with alone(tmp_path) as acontext:
        there.more = {"ACONTEXT_BASE_URL": acontext.base_url, "ACONTEXT_API_KEY": KEY}
        assert there.run("import", "one.tar")[0] == 0
        assert there.all() == here.all()
        assert there.run("export", "-o", "two.tar")[0] == 0
    assert reader.same_elsewhere(reader.read(Path("one.tar"))) == reader.same_elsewhere(reader.read(Path("two.tar")))


def test_what_is_in_already_is_left_as_it_is(here: Server, there: Server) -> None:
    here.within(fill)
    here.run("export", "-o", "one.tar")
    there.run("import", "one.tar")

    async def change(ask: Ask) -> None:
        [one, _] = (await ask("{ sessions { nodes { id } } }"))["sessions"]["nodes"]
        await ask(UPDATE, i={"id": one["id"], "title": "mine"})
        await say(ask, one["id"], "and more")

    there.within(change)
    before = there.all()
    again = "2 sessions: 0 in, 2 in already, 0 refused; 0 messages and 0 files were stored.\n"
    assert there.run("import", "one.tar") == (0, again, "")
    assert there.all() == before


def test_what_was_deleted_since_is_not_brought_in_again(here: Server, there: Server) -> None:
    id = here.within(fill)
    here.run("export", "-o", "one.tar", "--session", id)
    there.run("import", "one.tar")

    async def delete(ask: Ask) -> None:
        [one] = (await ask("{ sessions { nodes { id } } }"))["sessions"]["nodes"]
        await ask(DELETE, i={"id": one["id"]})

    there.within(delete)
    code, out, err = there.run("import", "one.tar")
    assert (code, out.partition(";")[0]) == (1, "1 sessions: 0 in, 0 in already, 1 refused")
    assert err == f"session {id}: It was imported before, and deleted since.\n"


def test_on_the_same_server_it_is_a_copy_under_another_id(here: Server) -> None:
    id = here.within(fill)
    here.run("export", "-o", "one.tar", "--session", id)

    code, out, err = here.run("import", "one.tar", "--user", "bob")

    assert (code, out.partition(";")[0]) == (0, "1 sessions: 1 in, 0 in already, 0 refused")
    [copy] = here.all("bob")
    assert err == f"session {id}: its id is taken; it is session {copy['acontextId']} here.\n"
    [original] = [session for session in here.all() if session["acontextId"] == id]
    assert {**copy, "acontextId": id} == original
    assert here.run("import", "one.tar", "--user", "bob")[1].startswith("1 sessions: 0 in, 1 in already")


def test_only_those_who_are_asked_for_are_in_it(here: Server) -> None:
    ids = {user: here.within(make, user=user)[1] for user in ("ada", "bob")}
    here.within(make, user="bob")

    for arguments, count in ((("--user", "bob"), 2), (("--session", ids["ada"]), 1), (("--user", "nobody"), 0)):
        assert here.run("export", "-o", "some.tar", *arguments)[0] == 0
        assert len(reader.read(Path("some.tar"))) == count
    for nobodys in (("--user", "bob", "--session", ids["ada"]), ("--session", str(uuid4()))):
        code, _, err = here.run("export", "-o", "none.tar", *nobodys)
        assert (code, err.startswith("gql-api: There is no session ")) == (2, True)
    assert not Path("none.tar").exists()


@ON_SQLITE
def test_standard_input_and_output_do_as_well(
    here: Server, there: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    here.within(fill)
    with (tmp_path / "piped").open("wb") as pipe:
        monkeypatch.setattr(sys, "stdout", SimpleNamespace(buffer=pipe, write=sys.stdout.write, flush=pipe.flush))
        assert here.run("export", "-o", "-")[0] == 0
        monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    assert len(reader.read(Path("piped"))) == 2
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(Path("piped").read_bytes())))
    assert there.run("import", "-")[0] == 0
    assert there.all() == here.all()


@ON_SQLITE
def test_what_cannot_be_run_is_told_in_one_line(here: Server) -> None:
    here.within(fill)
    assert here.run("export", "-o", "one.tar")[0] == 0
    lines = {
        ("export", "-o", "no/where.tar"): "no/where.tar cannot be written",
        ("import", "nowhere.tar"): "nowhere.tar cannot be read",
        ("import", "one.tar", "--user", " ada"): "--user: A user identifier must not begin or end with blanks",
    }
    for arguments, line in lines.items():
        code, out, err = here.run(*arguments)
        assert (code, out, err.startswith(f"gql-api: {line}"), err.count("\n")) == (2, "", True, 1), err
    with claim(here.folder):
        for arguments in (("export", "-o", "two.tar"), ("import", "one.tar")):
            code, _, err = here.run(*arguments)
            assert (code, err.split(":")[1]) == (2, " GQL_API_DATA_DIR")
    here.more = {"ACONTEXT_BASE_URL": "http://127.0.0.1:1/api/v1", "ACONTEXT_API_KEY": KEY}
    assert here.run("export", "-o", "two.tar")[2] == (
        "gql-api: Acontext could not be reached. What is written stays in two.tar.part; the same command goes on "
        "from there.\n"
    )
