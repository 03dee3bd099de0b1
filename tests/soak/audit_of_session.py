"""One session in Acontext, held against what writers were told of it."""

from collections import Counter
from typing import Any

from replicas.fleet import Fleet, text_of
from soak.findings import Findings
from soak.ledger import Origin, Session


async def look_into(fleet: Fleet, session: Session, ready: dict[str, str], findings: Findings) -> None:
    """Look at messages, files and configs of a session that is there; `ready` are all, with their disks."""
    found = await _read(fleet, session)
    texts = [text_of(item) for item in found["items"]]
    _conversation(session, found["items"], texts, findings)
    _notes(session, dict(zip(texts, found["metas"], strict=True)), findings)
    if session.origin:
        source = session.origin.session
        there = await _read(fleet, source) if source.acontext_id in ready else {"items": []}
        _copy(session, session.origin, texts, [text_of(item) for item in there["items"]], findings)
    await _files(fleet, session, ready[session.acontext_id], findings)
    await _configs(fleet, session, findings)


def _came_of(session: Session) -> str:
    """Tell of a copy what it is one of."""
    return f", a copy of {session.origin.session.acontext_id} up to {session.origin.last}" if session.origin else ""


async def _read(fleet: Fleet, session: Session) -> Any:
    return await fleet.ask("GET", f"/session/{session.acontext_id}/messages?format=acontext")


def _conversation(session: Session, items: list[dict[str, Any]], texts: list[str], findings: Findings) -> None:
    places = {text: place for place, text in enumerate(texts)}
    twice = [text for text, count in Counter(texts).items() if count > 1]
    findings.note("duplicated", len(texts) - len(places), f"{twice[:3]} in {session.acontext_id}{_came_of(session)}")
    for text, expected in session.following.items():
        is_next = text in places and places[text] == (places.get(expected, -2) + 1 if expected else 0)
        findings.note("reordered", not is_next, f"{text} is not the next after {expected!r} in {session.acontext_id}")
    stored = [text for text in session.refused if text in places]
    findings.note("duplicated", len(stored), f"stored though that was refused: {stored[:3]} in {session.acontext_id}")
    sizes = {text_of(item): [part["asset"]["size_b"] for part in item["parts"][1:]] for item in items}
    changed = [text for text, size in session.attached.items() if sizes.get(text) != [size]]
    findings.note("lost", len(changed), f"the files of {changed[:3]} in {session.acontext_id}")
    last: dict[str, int] = {}
    for writer, said in session.said:
        missing = [text for text in said if text not in places]
        findings.note("lost", len(missing), f"{missing[:3]} of {session.acontext_id}")
        found = [places[text] for text in said if text in places]
        before = last.get(writer, -1)
        if found != sorted(found) or (found and found[0] < before):
            findings.note("reordered", 1, f"{said} in {session.acontext_id}")
        last[writer] = max([before, *found])


def _notes(session: Session, metas: dict[str, dict[str, Any]], findings: Findings) -> None:
    """See that metadata of messages have what was acknowledged, and of each writer what it has put there last."""
    for text, keys in session.keys.items():
        missing = [key for key in keys if key not in metas.get(text, {})]
        findings.note("lost", len(missing), f"metadata {missing[:3]} of {text} in {session.acontext_id}")
    for text, notes in session.notes.items():
        for writer in {note.writer for note in notes}:
            found = metas.get(text, {}).get(writer)
            is_over = any(note.is_over and note.text == found for note in notes)
            findings.note("lost", is_over, f"a change after {found} of {text} in {session.acontext_id}")


def _copy(session: Session, origin: Origin, texts: list[str], others: list[str], findings: Findings) -> None:
    """See that a copy begins as the other session does, up to where it was cut, and has nothing else of it.

    Of a session that is gone only what was acknowledged of it is known.
    """
    if origin.last in others:
        begins = others[: others.index(origin.last) + 1]
        copied = texts[: len(begins)]
    else:
        pairs = zip(texts, others, strict=False)
        copied = begins = texts[
            : next((place for place, (one, other) in enumerate(pairs) if one != other), len(others))
        ]
    findings.note("reordered", int(copied != begins), f"{session.acontext_id} is no copy up to {origin.last}")
    more = set(texts[len(begins) :]) & set(others)
    findings.note("duplicated", len(more), f"{sorted(more)[:3]} in {session.acontext_id}, a copy up to {origin.last}")


async def _files(fleet: Fleet, session: Session, disk: str, findings: Findings) -> None:
    listed = await fleet.ask("GET", f"/disk/{disk}/artifact/ls?path=/")
    metas = {artifact["path"] + artifact["filename"]: artifact["meta"] for artifact in listed["artifacts"]}
    for path, text in session.files.items():
        meta = metas.get(path)
        if meta is None or meta["__artifact_info__"]["size"] != len(text):
            findings.note("lost", 1, f"{path} of {session.acontext_id}")
            continue
        wanted = [label.text for label in session.labels_of_files[path] if not label.is_over]
        findings.note("lost", meta["label"] not in wanted, f"metadata of {path} of {session.acontext_id}: {meta}")
    back = [path for path in session.removed if path in metas]
    findings.note("lost", len(back), f"the deletion of {back[:3]} of {session.acontext_id}")


async def _configs(fleet: Fleet, session: Session, findings: Findings) -> None:
    found = (await fleet.ask("GET", f"/session/{session.acontext_id}/configs"))["configs"] or {}
    missing = [key for key in session.configs if key not in found]
    findings.note("lost", len(missing), f"configs {missing[:3]} of {session.acontext_id}")
