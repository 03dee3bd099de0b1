"""Archives that are damaged, forged or of others: nothing is made of what is not whole, and each refusal is a line."""

import gzip
import tarfile
from pathlib import Path
from typing import Any

import pytest

from archives import forging
from archives.forging import FILE, FOLDER, HASH, MANIFEST, MESSAGE, RECORD, line, members, summed, taped, write
from archives.servers import Server

ON_SQLITE = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
pytestmark = ON_SQLITE
NOTHING = " Nothing was imported.\n"
RIGHT = taped(summed(members()))
GARBAGE = "there is something after its end."
OTHER = "11111111-2222-4333-8444-555555555556"


def renamed(old: str, new: str) -> bytes:
    """Give the archive with a file under another name, and right sums."""
    found = [(name.replace(old, new), content) for name, content in members()]
    return taped(summed(found))


def unlike(place: int, content: bytes) -> bytes:
    """Give the archive with other bytes in a file than its sums say, of the same number."""
    found = summed(members())
    name, old = found[place]
    found[place] = (name, content.ljust(len(old))[: len(old)])
    return taped(found)


def with_member(place: int, name: str, content: bytes = b"x") -> bytes:
    found = members()
    found.insert(place, (name, content))
    return taped(summed(found))


CONTAINERS: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "it is cut off after 0 bytes: it was not written to its end, or not copied whole."),
    "of zeros": (bytes(10240), "it is no archive of this program."),
    "a text": (b"user,session\n" * 100, "it is no archive of this program."),
    "another tar": (taped([("a.txt", b"a")]), "it is no archive of this program."),
    "compressed": (
        gzip.compress(RIGHT),
        "it is compressed: unpack it first, as with `gzip -dc FILE | gql-api import -`.",
    ),
    "another format": (
        taped(summed(members(manifest={**MANIFEST, "format": "other"}))),
        "it is no archive of this program.",
    ),
    "a later version": (
        taped(summed(members(manifest={**MANIFEST, "version": 2}))),
        "it is of version 2; this program reads version 1.",
    ),
    "an odd id": (
        taped(summed(members(manifest={**MANIFEST, "id": "../x"}))),
        "archive.json id: 32 hexadecimal digits in lower case.",
    ),
    "a path that climbs": (
        renamed("blobs/", "../../"),
        f"'{FOLDER}/../../{HASH}' is nothing that an archive of version 1 has.",
    ),
    "an absolute path": (renamed("sessions/", "/sessions/"), ""),
    "a strange name": (with_member(2, "notes.txt"), "'notes.txt' is nothing that an archive of version 1 has."),
    "the session that is none": (
        renamed(forging.SESSION, "00000000-0000-0000-0000-000000000000"),
        "'sessions/00000000-0000-0000-0000-000000000000/messages/000001.ndjson' is nothing that an archive of "
        "version 1 has.",
    ),
    "a link": (taped(summed(members()), session=tarfile.SYMTYPE), ""),
    "a hard link": (taped(summed(members()), session=tarfile.LNKTYPE), ""),
    "a device": (taped(summed(members()), session=tarfile.CHRTYPE), ""),
    "a folder": (taped(summed(members()), session=tarfile.DIRTYPE), ""),
    "other bytes": (
        unlike(1, line({**MESSAGE, "role": "robot"})),
        f"{FOLDER}/messages/000001.ndjson is not what SHA256SUMS says: it is damaged.",
    ),
    "other bytes of a file": (
        unlike(2, b"CONTENT"),
        f"{FOLDER}/blobs/{HASH} is not what SHA256SUMS says: it is damaged.",
    ),
    "a file under another hash": (
        renamed(HASH, "0" * 64),
        f"{FOLDER}/blobs/{'0' * 64} is not what its name says.",
    ),
    "other sums": (unlike(5, b"x"), "archive.json is not what SHA256SUMS says: it is damaged."),
    "sums of more": (
        taped([*members(), ("SHA256SUMS", summed(members())[-1][1] + b"0" * 64 + b"  more\n")]),
        "SHA256SUMS has lines of files that are not there.",
    ),
    "no sums": (taped(members()), "SHA256SUMS is missing."),
    "something after the sums": (
        taped([*summed(members()), (f"{FOLDER}/blobs/{HASH}", b"")]),
        "there is something after SHA256SUMS.",
    ),
    "sums in the middle": (with_member(2, "SHA256SUMS"), ""),
    "a second beginning": (with_member(2, "archive.json"), "archive.json stands in the middle."),
    "a session without end": (taped(summed(members()[:-1])), "SHA256SUMS stands in the middle."),
    "a session twice": (
        taped(summed([*members(), (f"{FOLDER}/session.json", line(RECORD))])),
        f"session {forging.SESSION} is there twice.",
    ),
    "sessions mingled": (
        with_member(2, f"sessions/{OTHER}/session.json", line({**RECORD, "id": OTHER})),
        f"sessions/{OTHER}/session.json stands in the middle of another session.",
    ),
    "bytes twice": (
        with_member(3, f"{FOLDER}/blobs/{HASH}", b"content"),
        f"{FOLDER}/blobs/{HASH} is there twice.",
    ),
    "a list twice": (
        with_member(2, f"{FOLDER}/messages/000001.ndjson", line(MESSAGE)),
        f"{FOLDER}/messages/000001.ndjson is there twice, or does not come next.",
    ),
    "a list left out": (
        with_member(2, f"{FOLDER}/messages/000003.ndjson", line(MESSAGE)),
        f"{FOLDER}/messages/000003.ndjson is there twice, or does not come next.",
    ),
    "messages after files": (
        with_member(4, f"{FOLDER}/messages/000002.ndjson", line(MESSAGE)),
        f"{FOLDER}/messages/000002.ndjson is there twice, or does not come next.",
    ),
    "a file that is too large": (
        with_member(2, f"{FOLDER}/blobs/{'1' * 64}", bytes(16 * 1024 * 1024 + 1)),
        f"{FOLDER}/blobs/{'1' * 64} has more than 16777216 bytes.",
    ),
    "something after the end": (RIGHT + b"x", GARBAGE),
    "a second archive after the end": (RIGHT + RIGHT, GARBAGE),
}


@pytest.mark.parametrize("what", CONTAINERS)
def test_nothing_is_made_of_what_is_no_whole_archive(here: Server, what: str) -> None:
    content, reason = CONTAINERS[what]

    code, out, err = here.run("import", write("odd.tar", content))

    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"gql-api: odd.tar: {reason}")
    assert err.endswith(NOTHING)
    assert not here.folder.exists()  # not even the database was opened


def test_one_cut_anywhere_is_known_to_be_cut(here: Server) -> None:
    end = len(RIGHT.rstrip(b"\0")) + 512 - len(RIGHT.rstrip(b"\0")) % 512
    for cut in range(1, end + 1000, 511):
        code, _, err = here.run("import", write("cut.tar", RIGHT[:cut]))
        assert (code, "it is cut off after" in err, err.endswith(NOTHING)) == (2, True, True), (cut, err)


def test_one_flipped_bit_anywhere_is_found(here: Server) -> None:
    """In headers, in bytes, and between them."""
    for place in range(0, len(RIGHT.rstrip(b"\0")), 397):
        damaged = bytearray(RIGHT)
        damaged[place] ^= 4
        code, out, err = here.run("import", write("damaged.tar", bytes(damaged)))
        assert (code, out, err.endswith(NOTHING)) == (2, "", True), (place, err)
    assert here.run("import", write("right.tar", RIGHT))[0] == 0


TEXT = "messages/000001.ndjson, line 1"
SESSIONS: dict[str, tuple[dict[str, Any], str]] = {
    "a user of ours": ({"record": {**RECORD, "user": "gql-api:disk:x"}}, "user: This user identifier is reserved."),
    "a title of another kind": ({"record": {**RECORD, "title": 1}}, "title: it is missing, or of another kind."),
    "too many tags": ({"record": {**RECORD, "tags": [str(n) for n in range(21)]}}, "tags: A session has at most 20"),
    "no time": ({"record": {**RECORD, "createdAt": "yesterday"}}, "createdAt: this cannot be read."),
    "a time before all": (
        {"record": {**RECORD, "createdAt": "1969-12-31T23:59:59.999999Z"}},
        "createdAt: this cannot be read.",
    ),
    "configs of ours": ({"record": {**RECORD, "configs": {"__gql_api__": {}}}}, "This key is reserved."),
    "another session's end": ({"record": {**RECORD, "id": OTHER}}, "id: it is that of another session."),
    "other numbers": ({"record": {**RECORD, "messages": 2}}, "it has other numbers of messages and files"),
    "a robot": ({"messages": [{**MESSAGE, "role": "robot"}]}, f"{TEXT} role: The role must be user or assistant."),
    "a part of tomorrow": ({"messages": [{**MESSAGE, "parts": [{"type": "x"}]}]}, f"{TEXT} parts.0.type: Unknown"),
    "a number that is none": ({"messages": [{**MESSAGE, "metadata": {"a": float("nan")}}]}, f"{TEXT}, is not JSON."),
    "a number too large": ({"messages": [{**MESSAGE, "metadata": {"a": 2**60}}]}, f"{TEXT} metadata.a: An integer"),
    "a key that writes over the screen": (
        {"messages": [{**MESSAGE, "metadata": {"\x1b[2J\n\u202e" + "å" * 60_000: 2**60}}]},
        f"{TEXT} metadata.\\x1b[2J\\n\\u202eåå",
    ),
    "metadata of ours": ({"messages": [{**MESSAGE, "metadata": {"__gql_api__": {}}}]}, "This key is reserved."),
    "meta of Acontext's": ({"messages": [{**MESSAGE, "meta": {"__user_meta__": {}}}]}, "meta.__user_meta__: Keys"),
    "no room for the key": ({"messages": [{**MESSAGE, "metadata": {"a": "x" * 65520}}]}, "Metadata and idempotency"),
    "an endless run": ({"messages": [{**MESSAGE, "parts": [{"type": "text", "text": "x" * 8001}]}]}, "More than 8000"),
    "media that is not there": (
        {"messages": [{**MESSAGE, "parts": [{"type": "image", "filename": "a", "asset": {"sha256": "0" * 64}}]}]},
        "sha256: there are no such bytes in the archive.",
    ),
    "a file that climbs": ({"files": [{**FILE, "path": "/../a"}]}, "path: A path must not contain '.' or '..'"),
    "a file without a root": ({"files": [{**FILE, "path": "a"}]}, "path: A path begins with a slash."),
    "a file with a NUL": ({"files": [{**FILE, "path": "/a\0"}]}, "path: A path must not contain control characters"),
    "a file twice": (
        {"files": [FILE, FILE], "record": {**RECORD, "files": 2}},
        "path: it is there twice, or out of order.",
    ),
    "a file of another size": ({"files": [{**FILE, "size": 8}]}, "size: it is not that of its bytes."),
    "a hash that is none": ({"files": [{**FILE, "sha256": "../../etc/passwd"}]}, "sha256: this is no hash."),
    "a list that is empty": ({"files": [], "record": {**RECORD, "files": 0}}, "files/000001.ndjson is empty."),
    "a line that is no object": ({"messages": [[]]}, f"{TEXT}, is no JSON object."),
    "parts that are none": ({"messages": [{**MESSAGE, "parts": ["hello"]}]}, f"{TEXT}, parts: each is a JSON object."),
    "tags that are none": ({"record": {**RECORD, "tags": [1]}}, "tags: each is a text."),
    "too many lines": (
        {"messages": [MESSAGE] * 101, "record": {**RECORD, "messages": 101}},
        "has more than 100 lines, or 4194304 bytes.",
    ),
}


@pytest.mark.parametrize("what", SESSIONS)
def test_a_session_that_cannot_be_stored_is_refused_whole_and_hinders_no_other(here: Server, what: str) -> None:
    changes, reason = SESSIONS[what]
    other = [
        (f"sessions/{OTHER}/messages/000001.ndjson", line(MESSAGE)),
        (f"sessions/{OTHER}/session.json", line({**RECORD, "id": OTHER, "files": 0})),
    ]
    write("odd.tar", taped(summed([*members(**changes), *other])))

    code, out, err = here.run("import", "odd.tar")

    assert (code, out.partition(";")[0]) == (1, "2 sessions: 1 in, 0 in already, 1 refused")
    assert err.startswith(f"session {forging.SESSION}: ")
    assert (reason in err, err.count("\n"), "A part of it" in err) == (True, 1, False), err
    assert err.strip().isprintable()
    assert len(err) < 1000
    assert [session["acontextId"] for session in here.all()] == [OTHER]


def test_lines_nested_without_end_are_refused(here: Server) -> None:
    found = members()
    found[1] = (found[1][0], b'{"role":' + b"[" * 200_000 + b"\n")
    code, _, err = here.run("import", write("deep.tar", taped(summed(found))))
    assert (code, err) == (1, f"session {forging.SESSION}: {FOLDER}/{TEXT}, is not JSON.\n")


def test_a_line_without_an_end_is_refused(here: Server) -> None:
    found = members()
    found[1] = (found[1][0], found[1][1].rstrip())
    code, _, err = here.run("import", write("open.tar", taped(summed(found))))
    assert (code, f"{TEXT}, has more than 33554432 bytes, or no end." in err) == (1, True)


def test_a_record_without_end_is_not_read(here: Server) -> None:
    found = members()
    found[4] = (found[4][0], found[4][1] + b" " * 32 * 1024 * 1024)
    code, _, err = here.run("import", write("long.tar", taped(summed(found))))
    assert (code, f"{FOLDER}/session.json has more than 33554432 bytes." in err) == (1, True)


def test_what_a_later_program_adds_to_records_is_passed_over(here: Server) -> None:
    messages = [{**MESSAGE, "later": 1}]
    found = members(manifest={**MANIFEST, "later": 1}, record={**RECORD, "later": 1}, messages=messages)
    assert here.run("import", write("later.tar", taped(summed(found))))[0] == 0
    [session] = here.all()
    assert [node["text"] for node in session["messages"]["nodes"]] == ["hello"]


def test_refusals_are_told_up_to_a_number(here: Server) -> None:
    found = [("archive.json", line(MANIFEST))]
    for number in range(5):
        id = f"{number}1111111-2222-4333-8444-555555555555"
        found.append((f"sessions/{id}/left-out.json", line({"id": id, "reason": "It was gone."})))
    code, out, err = here.run("import", write("left.tar", taped(summed(found))), "--problems", "1")
    assert (code, out.partition(";")[0]) == (1, "5 sessions: 0 in, 0 in already, 5 refused")
    assert err == (
        "session 01111111-2222-4333-8444-555555555555: The export has left it out: It was gone.\n"
        "and 4 more refused sessions; --problems says how many are told.\n"
    )
    assert Path("left.tar").exists()
