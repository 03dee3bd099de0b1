"""What a session was made of travels with it, and what programs read beside Acontext's form does no harm."""

from pathlib import Path
from typing import Any

import pytest

from archives import reader
from archives.servers import Ask, Server, make, say

FORK = "mutation ($i: ForkSessionInput!) { forkSession(input: $i) { session { acontextId } errors { code } } }"
LINEAGE = "{ sessions { nodes { acontextId title forkedFrom { acontextId } } } }"


async def fork(ask: Ask) -> tuple[str, str]:
    session, id = await make(ask, title="first")
    await say(ask, session, "hello")
    made = await ask(FORK, i={"sessionId": session, "title": "second", "idempotencyKey": "k"})
    return id, made["forkSession"]["session"]["acontextId"]


def lineage(server: Server, user: str = "ada") -> dict[str, Any]:
    """Give of each session, by its title, its own id and that of the one it was made of."""

    async def ask(ask: Ask) -> Any:
        return (await ask(LINEAGE))["sessions"]["nodes"]

    found = server.within(ask, user=user)
    return {one["title"]: (one["acontextId"], (one["forkedFrom"] or {}).get("acontextId")) for one in found}


def test_a_fork_is_one_of_the_same_session_elsewhere(here: Server, there: Server) -> None:
    first, second = here.within(fork)
    assert here.run("export", "-o", "one.tar")[0] == 0
    assert reader.read(Path("one.tar"))[second]["record"]["forkedFrom"] == first
    assert reader.read(Path("one.tar"))[first]["record"]["forkedFrom"] is None

    assert there.run("import", "one.tar")[0] == 0

    assert lineage(there) == lineage(here) == {"first": (first, None), "second": (second, first)}


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_whose_ids_are_taken_is_a_fork_of_what_the_archive_made(here: Server) -> None:
    here.within(fork)
    assert here.run("export", "-o", "one.tar")[0] == 0

    assert here.run("import", "one.tar", "--user", "bob")[0] == 0

    bobs, adas = lineage(here, "bob"), lineage(here, "ada")
    assert bobs["second"][1] == bobs["first"][0]
    assert {*bobs["first"], *bobs["second"]}.isdisjoint({*adas["first"], *adas["second"]} - {None})


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_a_fork_of_another_users_session_shows_nothing_of_it(here: Server) -> None:
    _, second = here.within(fork)
    assert here.run("export", "-o", "one.tar", "--session", second)[0] == 0

    assert here.run("import", "one.tar", "--user", "bob")[0] == 0

    assert lineage(here, "bob")["second"][1] is None


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_providers_forms_are_there_when_asked_for_and_an_import_passes_over_them(here: Server, there: Server) -> None:
    here.within(fork)
    assert here.run("export", "-o", "one.tar", "--form", "openai", "--form", "gemini")[0] == 0
    [[message], _] = [session["messages"] for session in reader.read(Path("one.tar")).values()]
    assert message["forms"] == {
        "openai": [{"role": "user", "content": "hello"}],
        "gemini": [{"role": "user", "parts": [{"text": "hello"}]}],
    }

    assert there.run("import", "one.tar")[0] == 0

    assert there.all() == here.all()
    assert here.run("export", "-o", "two.tar", "--form", "other")[0] == 2
