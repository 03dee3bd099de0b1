"""What is there in the end, held against what writers were told: in Acontext itself and in the database."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from replicas.fleet import Fleet, text_of
from soak.ledger import Ledger, Session
from soak.organising import SEVERAL

_PREFIX = "gql-api:disk:"


@dataclass
class Findings:
    """Counts of what must not be, and one line for each."""

    lost: int = 0
    duplicated: int = 0
    shared: int = 0
    orphaned: int = 0
    reordered: int = 0
    lines: list[str] = field(default_factory=list)

    def note(self, column: str, count: int, line: str) -> None:
        if count:
            setattr(self, column, getattr(self, column) + count)
            self.lines.append(f"{column}: {line}")

    @property
    def counts(self) -> dict[str, int]:
        return {name: getattr(self, name) for name in ("lost", "duplicated", "shared", "orphaned", "reordered")}


async def audited(fleet: Fleet, ledger: Ledger) -> Findings:
    """Look at everything; nothing may be on its way any more."""
    findings = Findings()
    rows = await fleet.rows("SELECT id, disk_id, title, pinned_at, state FROM session_mappings")
    ready = {str(row["id"]): str(row["disk_id"]) for row in rows if row["state"] == "ready"}
    for state in ("creating", "deleting"):
        open_rows = [str(row["id"]) for row in rows if row["state"] == state]
        findings.note("orphaned", len(open_rows), f"{state} in the database: {open_rows[:3]}")
    # What a session has for which nobody went on asking whether it was taken over, the next one who asks is given.
    begun = ledger.offered - set(ready)
    await _disks(fleet, ready, begun, findings)
    await _sessions(fleet, ledger, ready, findings)
    for session in ledger.sessions.values():
        if session.acontext_id in ready:
            if session.is_deleted:
                findings.note("lost", 1, f"the deletion of {session.acontext_id}")
            await _conversation(fleet, session, findings)
            await _files(fleet, session, ready[session.acontext_id], findings)
            await _configs(fleet, session, findings)
        elif not session.is_deleted and not session.is_doubtful:
            findings.note("lost", 1, f"session {session.acontext_id}")
    await _labels(fleet, {str(row["id"]): row for row in rows}, ledger, findings)
    titles = Counter(row["title"] for row in rows if row["state"] == "ready")
    findings.note("duplicated", sum(count - 1 for count in titles.values()), "sessions of one key")
    return findings


async def _all(fleet: Fleet, path: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = await fleet.ask("GET", f"{path}limit=200{cursor}")
        items += page["items"]
        if not page.get("has_more"):
            return items
        cursor = f"&cursor={page['next_cursor']}"


async def _disks(fleet: Fleet, ready: dict[str, str], begun: set[str], findings: Findings) -> None:
    twice = [disk for disk, count in Counter(ready.values()).items() if count > 1]
    findings.note("shared", len(twice), f"disks of two sessions: {twice[:3]}")
    there = {disk["id"] for disk in await _all(fleet, "/disk?")}
    bound = set(ready.values())
    there -= {disk for session in begun for disk in await fleet.disks_of(session)}
    findings.note("orphaned", len(there - bound), f"disks of no session: {sorted(there - bound)[:3]}")
    findings.note("lost", len(bound - there), f"disks of sessions: {sorted(bound - there)[:3]}")
    users = [user["identifier"] for user in await _all(fleet, "/user/ls?")]
    owners = {user.removeprefix(_PREFIX) for user in users if user.startswith(_PREFIX)} - begun
    findings.note(
        "orphaned", len(owners - set(ready)), f"owners of disks of no session: {sorted(owners - set(ready))[:3]}"
    )


async def _sessions(fleet: Fleet, ledger: Ledger, ready: dict[str, str], findings: Findings) -> None:
    there = {session["id"] for session in await _all(fleet, "/session?")} - (ledger.offered - set(ready))
    findings.note("orphaned", len(there - set(ready)), f"sessions without a row: {sorted(there - set(ready))[:3]}")
    findings.note("lost", len(set(ready) - there), f"sessions in Acontext: {sorted(set(ready) - there)[:3]}")
    unknown = set(ready) - set(ledger.sessions)
    if not ledger.given_up:
        findings.note("orphaned", len(unknown), f"sessions that nobody was told of: {sorted(unknown)[:3]}")


async def _conversation(fleet: Fleet, session: Session, findings: Findings) -> None:
    items = (await fleet.ask("GET", f"/session/{session.acontext_id}/messages?format=acontext"))["items"]
    texts = [text_of(item) for item in items]
    places = {text: place for place, text in enumerate(texts)}
    findings.note("duplicated", len(texts) - len(places), f"messages in {session.acontext_id}")
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


async def _files(fleet: Fleet, session: Session, disk: str, findings: Findings) -> None:
    listed = await fleet.ask("GET", f"/disk/{disk}/artifact/ls?path=/")
    sizes = {
        artifact["path"] + artifact["filename"]: artifact["meta"]["__artifact_info__"]["size"]
        for artifact in listed["artifacts"]
    }
    for path, text in session.files.items():
        if path.startswith("-"):
            findings.note("lost", int(path[1:] in sizes), f"the deletion of {path[1:]} of {session.acontext_id}")
        else:
            findings.note("lost", int(sizes.get(path) != len(text)), f"{path} of {session.acontext_id}")


async def _configs(fleet: Fleet, session: Session, findings: Findings) -> None:
    found = (await fleet.ask("GET", f"/session/{session.acontext_id}/configs"))["configs"] or {}
    missing = [key for key in session.configs if key not in found]
    findings.note("lost", len(missing), f"configs {missing[:3]} of {session.acontext_id}")


async def _labels(fleet: Fleet, rows: dict[str, Any], ledger: Ledger, findings: Findings) -> None:
    """See that what was changed at once is from one change, and from one that no later one of its writer followed."""
    tags: dict[str, set[str]] = {}
    for tag in await fleet.rows("SELECT session_id, tag FROM session_tags"):
        tags.setdefault(str(tag["session_id"]), set()).add(tag["tag"])
    findings.note("orphaned", len(tags.keys() - {id for id, row in rows.items() if row["state"] == "ready"}), "tags")
    for session in ledger.sessions.values():
        row = rows.get(session.acontext_id)
        if row is None or row["state"] != "ready":
            continue
        found = (row["title"], tags.get(session.acontext_id, set()) - {SEVERAL}, row["pinned_at"] is not None)
        wanted = [(one.text, {one.text}, one.is_pinned) for one in session.labels if not one.is_over]
        if not any(one.is_sure for one in session.labels):
            wanted.append((session.title, set(), False))
        findings.note("lost", found not in wanted, f"a change of {session.acontext_id}, which is {found}")
