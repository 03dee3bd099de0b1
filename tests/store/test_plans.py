"""Hot statements of the program stay within one user's rows, or a few of them, in a table of many users."""

import asyncio
import os
import sqlite3
from pathlib import Path

from plans import EXPORTED, Plan, fill, fill_sqlite, listening, plans, questions

from databases import Databases
from gql_api.store.database import open_database

COUNT = int(os.environ.get("PLANNED_MAPPINGS", "50000"))
"""`.ci/run` asks for more, which take some seconds to make."""
OWNED, PAGE = COUNT // 20, 21
KEYSETS = {"deep page forward": "<", "deep page backward": ">", "deep page, oldest first": ">"}
BY_ACTIVITY = {"deep page by activity": "<", "deep page by activity, backward": ">"}
OF_A_PAGE = {
    "first page",
    "last page",
    "page of a time",
    "page by a frequent title",
    "page of the archived",
    "first page by activity",
    *KEYSETS,
    *BY_ACTIVITY,
}
ONE = {"by id", "disk is bound", "rename", "take the lease"}
BY_TAG = "page by a rare tag"
BY_TAGS = {"page by a frequent tag", "page by two tags", "count by tags"}
"""One user's sessions, and one user's sessions with the tags; both by their indexes."""
FIRST_EXPORTED, EXPORTING = "export, first page", "export, next page"
MOST = {
    **dict.fromkeys(OF_A_PAGE, PAGE),
    **dict.fromkeys(ONE, 1),
    **dict.fromkeys(BY_TAGS, 2 * OWNED),
    "page of those not archived": 3 * PAGE,
    "page by activity of those not archived": 3 * PAGE,
    "note places and activity": 2 * (50 + 1),
    BY_TAG: OWNED // 1000 * 2 + PAGE,
    "page of the pinned": OWNED // 100 + PAGE,  # in order, or all of the few and then sorted
    "count of the pinned": OWNED // 100 + PAGE,
    **dict.fromkeys((FIRST_EXPORTED, EXPORTING), EXPORTED),
}
"""Rows that may be looked at; of the others those of one user, and a few."""


async def explained(url: str) -> dict[str, list[Plan]]:
    async with open_database(url, migrate=False):
        found = {}
        for name, ask in questions(COUNT).items():
            with listening() as sent:
                await ask()
            found[name] = await plans(url, sent)
        return found


async def test_no_hot_statement_reads_the_table_of_postgresql_through(postgres_databases: Databases) -> None:
    url = await postgres_databases.migrated()
    await fill(url, COUNT)
    found = await explained(url)
    await postgres_databases.drop(url)

    assert [name for name, its_plans in found.items() if not its_plans] == []
    for name, its_plans in found.items():
        for plan in its_plans:
            assert plan.scans() or plan.statement.lstrip().startswith("INSERT"), name
            assert [scan for scan in plan.scans() if "Seq Scan" in scan] == [], name
            assert plan.rows_read() <= MOST.get(name, OWNED + 200), name
    for name, sign in KEYSETS.items():
        [plan] = found[name]
        assert f"(ROW(created_at, id) {sign} ROW(" in plan.scans()[0]
    for name, sign in BY_ACTIVITY.items():
        [plan] = found[name]
        assert plan.scans()[0].startswith("Index Scan session_mappings_activity ")
        assert f"(ROW(COALESCE(last_activity_at, created_at), id) {sign} ROW(" in plan.scans()[0]
    [exporting] = found[EXPORTING]
    assert (
        exporting.scans()[0]
        .replace("::text", "")
        .startswith("Index Scan session_mappings_listing (ROW((user_identifier), (state), created_at, id) > ROW(")
    )
    for name in ("archived", "pinned"):
        [plan] = found[f"page of the {name}"]
        assert any(f"Index Scan session_mappings_{name} " in scan for scan in plan.scans())
    [counting] = found["count"]
    indexes = tuple(f"Index Only Scan session_mappings_{name} " for name in ("listing", "activity"))
    assert counting.scans()[0].startswith(indexes)


async def test_no_hot_statement_reads_the_table_of_sqlite_through(sqlite_databases: Databases) -> None:
    url = await sqlite_databases.migrated()
    file = url.removeprefix("sqlite:///")
    await asyncio.to_thread(fill_sqlite, file, COUNT // 20)
    async with open_database(url, migrate=False):
        steps = {}
        for name, ask in questions(COUNT // 20).items():
            with listening() as sent:
                await (asyncio.sleep(0) if name == "take the lease" else ask())
            steps[name] = await asyncio.to_thread(explained_by_sqlite, file, sent.statements)
    await sqlite_databases.drop(url)

    assert [name for name, its_steps in steps.items() if not its_steps] == ["take the lease"]  # on PostgreSQL only
    in_order = "session_mappings USING INDEX session_mappings_listing"
    assert steps.pop(FIRST_EXPORTED) == [f"SCAN {in_order}"]  # from its start, and only as far as the page goes
    assert steps[EXPORTING] == [f"SEARCH {in_order} ((user_identifier,state,created_at,id)>(?,?,?,?))"]
    for its_steps in steps.values():
        assert [step for step in its_steps if step.startswith(("SCAN session_mappings", "SCAN session_tags"))] == []
    for name in ("archived", "pinned"):
        index = f"session_mappings_{name} (user_identifier=? AND state=?)"
        assert [step.partition("INDEX ")[2] for step in steps[f"page of the {name}"]] == [index]
    assert any("INDEX session_tags_listing (user_identifier=? AND folded=?)" in step for step in steps[BY_TAG])
    for name, sign in BY_ACTIVITY.items():
        index = f"session_mappings_activity (user_identifier=? AND state=? AND <expr>{sign}?)"
        assert [step.partition("INDEX ")[2] for step in steps[name]] == [index]
    for name, sign in KEYSETS.items():
        listing = f"session_mappings_listing (user_identifier=? AND state=? AND (created_at,id){sign}(?,?))"
        assert [step.partition("INDEX ")[2] for step in steps[name]] == [listing]


def explained_by_sqlite(file: str, statements: list[tuple[str, list[object]]]) -> list[str]:
    """Give the steps; left out is the one that tells whether the user is being erased."""
    with sqlite3.connect(Path(file)) as connection:
        connection.execute("PRAGMA case_sensitive_like = ON")
        steps = [
            str(row[3])
            for text, values in statements
            for row in connection.execute(f"EXPLAIN QUERY PLAN {text}", [str(value) for value in values])
        ]
    aside = ("SCALAR SUBQUERY", "SEARCH erasures USING COVERING INDEX")
    return [step for step in steps if not step.startswith(aside)]
