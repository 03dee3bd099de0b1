"""Archives as files, whatever is in them: read by others, verified, and gone on with from any cut to the same bytes."""

import hashlib
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from archives import reader
from gql_api.services.archive import layout
from gql_api.services.archive.tape import UnfitArchive
from gql_api.services.archive.verifying import verify
from gql_api.services.archive.writing import Begun, Sums, Writer, manifest, resume
from gql_api.services.transfer.inventory import aside

Step = tuple[str, int, bytes]
"""What is added to which session: `blob` its bytes, `messages` and `files` a list, `session` and `left-out` the end."""

LINES = st.lists(st.dictionaries(st.text(max_size=3), st.text(max_size=20), max_size=3), min_size=1, max_size=4)
BLOBS = st.binary(max_size=1500)
GROUPS = st.tuples(st.lists(BLOBS, max_size=2, unique=True), LINES)
SESSIONS = st.lists(
    st.tuples(st.lists(GROUPS, max_size=2), st.lists(GROUPS, max_size=2), st.sampled_from(["session", "left-out"])),
    max_size=3,
)


def steps_of(sessions: Any) -> list[Step]:
    """Give what an export adds, one after the other."""
    steps: list[Step] = []
    for number, (messages, files, end) in enumerate(sessions, 1):
        there: set[bytes] = set()
        for kind, groups in (("messages", messages), ("files", files)):
            for blobs, lines in groups:
                steps += [("blob", number, blob) for blob in blobs if blob not in there]
                there.update(blobs)
                steps.append((kind, number, b"".join(map(layout.encoded, lines))))
        steps.append((end, number, b"{}\n"))
    return steps


def session(number: int) -> UUID:
    return UUID(int=number)


def add(writer: Writer, begun: dict[int, Begun], step: Step) -> None:
    kind, number, content = step
    here = begun.setdefault(number, Begun.new(session(number)))
    if kind == "blob":
        writer.add(layout.blob_name(session(number), hashlib.sha256(content).hexdigest()), content)
    elif kind in here.lists:
        here.lists[kind] += 1
        writer.add(layout.list_name(session(number), kind, here.lists[kind]), content)
    else:
        writer.end_session(session(number), kind, json.loads(content))


def written(steps: list[Step]) -> bytes:
    output = io.BytesIO()
    with Sums() as sums:
        writer, begun = Writer(output, sums, time=0), {}
        writer.add(layout.MANIFEST, layout.encoded(BEGINNING))
        for step in steps:
            add(writer, begun, step)
        writer.end()
    return output.getvalue()


BEGINNING = manifest("0" * 32, program="a test", selection={}, now=datetime(2026, 1, 1, tzinfo=UTC))


@given(SESSIONS, st.data())
@settings(max_examples=150, deadline=None)
def test_one_cut_anywhere_is_gone_on_with_to_the_same_bytes(sessions: Any, data: st.DataObject) -> None:
    steps = steps_of(sessions)
    whole = written(steps)
    cut = data.draw(st.integers(0, len(whole)))
    file = io.BytesIO(whole[:cut])
    with aside() as noted, Sums() as sums:
        found = resume(file, noted, sums)
        assert whole.startswith(file.getvalue())
        writer, begun = Writer(file, sums, time=0), {}
        if found is None:
            assert file.getvalue() == b""
            writer.add(layout.MANIFEST, layout.encoded(BEGINNING))
        if found and found.open:
            begun[found.open.id.int] = found.open
        for step in left(steps, found):
            add(writer, begun, step)
        writer.end()
    assert file.getvalue() == whole


def left(steps: list[Step], found: Any) -> list[Step]:
    """Give the steps that are not in the file: after the sessions that are done, and the lists of the open one."""
    if found is None:
        return steps
    rest = [step for step in steps if step[1] > found.done]
    lists = sum(found.open.lists.values()) if found.open else 0
    while lists:
        kind, _, _ = rest.pop(0)
        lists -= kind != "blob"
    return rest


@given(SESSIONS)
@settings(max_examples=60, deadline=None)
def test_what_is_written_is_what_others_read(sessions: Any) -> None:
    steps = steps_of(sessions)
    whole = written(steps)
    contents = list(reader.members(whole).values())
    assert contents[1:-1] == [content for _, _, content in steps]
    with aside() as noted:
        assert verify(io.BytesIO(whole), noted, lambda at: None) == len(sessions)


def headers(raw: bytes) -> Iterator[int]:
    """Say where headers begin; each has a sum of its own, which may be written in several ways."""
    at = 0
    while raw[at : at + 512] != bytes(512):
        yield at
        at += 512 + -(-int(raw[at + 124 : at + 135], 8) // 512) * 512


@given(SESSIONS, st.data())
@settings(max_examples=80, deadline=None)
def test_other_bytes_anywhere_are_found(sessions: Any, data: st.DataObject) -> None:
    whole = bytearray(written(steps_of(sessions)))
    sums_of_headers = {at + place for at in headers(bytes(whole)) for place in range(148, 156)}
    place = data.draw(st.integers(0, len(whole) - 1).filter(lambda place: place not in sums_of_headers))
    whole[place] ^= data.draw(st.integers(1, 255))
    with aside() as noted:
        try:
            verify(io.BytesIO(bytes(whole)), noted, lambda at: None)
        except UnfitArchive:
            return
    raise AssertionError(f"byte {place} of {len(whole)} may be another")


def test_lists_are_divided_by_lines_and_by_bytes() -> None:
    lines = [b"x" * size for size in [1] * 250 + [layout.LARGEST_LIST, 1, layout.LARGEST_LIST // 2 + 1] * 2]
    groups = list(layout.grouped(lines))
    assert [one for group in groups for one in group] == lines
    assert all(len(group) == 1 or sum(map(len, group)) <= layout.LARGEST_LIST for group in groups)
    assert [len(group) for group in groups] == [100, 100, 50, 1, 2, 1, 2]


def test_texts_that_are_no_unicode_are_written_in_escapes() -> None:
    assert layout.encoded({"a": "\ud800é"}) == b'{"a":"\\ud800\\u00e9"}\n'
    assert layout.encoded({"a": "é"}) == '{"a":"é"}\n'.encode()
