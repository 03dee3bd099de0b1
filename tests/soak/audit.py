"""What is there in the end, held against what writers were told: in Acontext itself and in the database."""

from collections import Counter
from typing import Any

from replicas.fleet import Fleet
from soak.audit_of_session import look_into
from soak.findings import Findings
from soak.ledger import Ledger
from soak.organising import SEVERAL

_PREFIX = "gql-api:disk:"


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
            await look_into(fleet, session, ready, findings)
        elif not session.is_deleted and not session.is_doubtful:
            findings.note("lost", 1, f"session {session.acontext_id}")
    await _labels(fleet, {str(row["id"]): row for row in rows}, ledger, findings)
    await _erased(fleet, ledger, findings)
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


async def _erased(fleet: Fleet, ledger: Ledger, findings: Findings) -> None:
    """See that nothing is left of users whose erasure was told to be finished."""
    tables = await fleet.rows(
        "SELECT table_name FROM information_schema.columns WHERE table_schema = current_schema()"
        " AND column_name = 'user_identifier'"
    )
    named: set[str] = set()
    for table in tables:
        rows = await fleet.rows(f"SELECT DISTINCT user_identifier FROM {table['table_name']}")  # noqa: S608 - our own
        named |= {row["user_identifier"] for row in rows}
    for user in sorted(ledger.erased):
        findings.note("orphaned", int(user in named), f"rows of {user}, who was erased")
        left = await fleet.sessions_of(user)
        findings.note("orphaned", len(left), f"sessions of {user}, who was erased: {left[:3]}")
