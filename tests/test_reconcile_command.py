"""`gql-api reconcile`: what is open is finished, what does not fit is told, and nothing changes without `--apply`."""

import asyncio
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import pytest

from api.upstream import KEY
from commands import environment
from databases import Databases
from gql_api import cli
from gql_api.folder import claim
from gql_api.store import erasures
from gql_api.store.models import SessionMapping
from reconciled import OLD, Made, World

Run = Callable[..., tuple[int, str, str]]
ON_SQLITE = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Work in a folder of one's own, with no setting of whoever runs the tests; the data are in `data`."""
    for name in os.environ.keys() - environment().keys():
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, database_url: str, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `reconcile` with its flags; give exit code, output and errors."""
    monkeypatch.setenv("DATABASE_URL", database_url)

    def running(*flags: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as end:
            cli.main(["reconcile", *flags])
        told = capsys.readouterr()
        code: Any = end.value.code
        return code, told.out, told.err

    return running


@pytest.fixture
def world(database_url: str) -> World:
    return World(database_url)


def sums(**changed: Any) -> dict[str, Any]:
    """Give the end of a report in which all is well, but for what is said."""
    kinds = ("session_missing", "disk_missing", "another_disk", "several_disks", "unknown_session", "deleted_session")
    return {
        "applied": changed.get("applied", False),
        "open": {"creating": 0, "deleting": 0, "finished": 0, "left": 0} | changed.get("open", {}),
        "erasures": {"open": 0, "finished": 0, "left": 0} | changed.get("erasures", {}),
        "expired": {"tombstones": 0, "keys": 0, "reports": 0} | changed.get("expired", {}),
        "compared": {"sessions": 0, "owners": 0} | changed.get("compared", {}),
        "found": dict.fromkeys(kinds, 0) | changed.get("found", {}),
        "removed": changed.get("removed", 0),
        "unexplained": changed.get("unexplained", 0),
    }


def finding(kind: str, made: Made, *disks: UUID, removed: bool = False) -> dict[str, Any]:
    return {"kind": kind, "session": str(made.id), "disks": [str(disk) for disk in disks], "removed": removed}


def by_kind(findings: list[Any]) -> list[Any]:
    return sorted(findings, key=lambda one: str(one["kind"]))


def test_where_all_is_well_nothing_is_told(run: Run, world: World) -> None:
    world.session("ready")
    assert run("--json") == (0, _text([], sums(compared={"sessions": 1, "owners": 1})), "")


def _text(findings: list[Any], end: dict[str, Any]) -> str:
    lines = ",".join(f"\n{json.dumps(one)}" for one in findings)
    return '{"findings": [' + lines + f"\n], {json.dumps(end)[1:]}\n"


def test_what_was_left_open_is_finished_only_where_that_is_asked_for(run: Run, world: World) -> None:
    world.session("creating")
    world.session("deleting")
    world.session("ready")
    before = world.everything()

    code, out, err = run("--json")
    counts = {"creating": 1, "deleting": 1}
    assert (code, json.loads(out), err) == (
        0,
        {"findings": [], **sums(open=counts, compared={"sessions": 1, "owners": 3})},
        "",
    )
    assert world.everything() == before

    code, out, err = run("--json", "--apply")
    done = sums(applied=True, open={**counts, "finished": 2}, compared={"sessions": 1, "owners": 1})
    assert (code, json.loads(out), err) == (0, {"findings": [], **done}, "")
    assert world.left() == ({"deleted": 1, "ready": 1}, 1, 1)


class Misfits(NamedTuple):
    """One of each that does not fit, with what the report says of them and what is told on standard error."""

    findings: list[Any]
    lines: list[str]


def misfits(world: World) -> Misfits:
    several, another = world.session("ready", disks=2), world.session("ready")
    unknown, deleted = world.session("ready", has_row=False), world.session("deleted", has_session=False)
    gone = world.session("ready", disks=0, has_session=False)
    [missing] = world.within(lambda _: SessionMapping.filter(id=gone.id).values_list("disk_id", flat=True))
    world.bind(another, world.unowned_disk())
    return Misfits(
        [
            finding("another_disk", another, *another.disks),
            finding("deleted_session", deleted, *deleted.disks),
            finding("disk_missing", gone, missing),
            finding("session_missing", gone),
            finding("several_disks", several, several.disks[1]),
            finding("unknown_session", unknown, *unknown.disks),
        ],
        [
            f"session {another.id}: it has another disk than was made for it ({another.disks[0]})",
            f"session {deleted.id}: it was deleted, and disks that were made for it are still there "
            f"({deleted.disks[0]})",
            f"session {gone.id}: its disk is not in Acontext any more ({missing})",
            f"session {gone.id}: it is not in Acontext any more",
            f"session {several.id}: more disks than its own were made for it ({several.disks[1]})",
            f"session {unknown.id}: disks were made for it, and it is not known here ({unknown.disks[0]})",
        ],
    )


def test_what_does_not_fit_is_told_and_nothing_changes(run: Run, world: World) -> None:
    told, before = misfits(world), world.everything()

    code, out, err = run("--report", "report.json")

    report = json.loads(Path("report.json").read_text())
    assert (code, by_kind(report.pop("findings"))) == (1, by_kind(told.findings))
    kinds = {one["kind"]: 1 for one in told.findings}
    assert report == sums(compared={"sessions": 3, "owners": 4}, found=kinds, unexplained=5)
    assert out.splitlines()[-1] == "Nothing was changed. Unexplained: 5."
    assert sorted(err.splitlines()) == sorted(told.lines)
    assert world.everything() == before


def test_only_what_a_deletion_left_is_removed(run: Run, world: World) -> None:
    told, before = misfits(world), world.everything()
    told.findings[1]["removed"] = True

    code, out, _ = run("--json", "--apply")

    report = json.loads(out)
    assert (code, by_kind(report["findings"]), report["removed"]) == (1, by_kind(told.findings), 1)
    assert report["unexplained"] == 5
    rows, lists = world.everything()
    assert rows == before[0]
    assert [len(was) - len(now) for was, now in zip(before[1], lists, strict=True)] == [0, 1, 1]


def test_what_is_past_its_time_is_forgotten(run: Run, world: World, databases: Databases, database_url: str) -> None:
    world.session("deleted", disks=0, has_session=False)
    asyncio.run(databases.execute(database_url, "UPDATE session_mappings SET updated_at = '2020-01-01 00:00:00+00:00'"))
    assert json.loads(run("--json")[1])["expired"] == {"tombstones": 1, "keys": 0, "reports": 0}
    assert world.left()[0] == {"deleted": 1}
    assert run("--apply")[0] == 0
    assert world.left()[0] == {}


def test_an_erasure_is_gone_on_with_only_where_that_is_asked_for(run: Run, world: World) -> None:
    for state in ("ready", "deleting", "creating", "ready"):
        world.session(state)
    world.session("deleted", disks=0, has_session=False)
    world.within(lambda _: erasures.begin(uuid4(), "ada", now=OLD))
    before = world.everything()

    code, out, _ = run("--json")
    report = json.loads(out)
    assert (code, report["erasures"]) == (0, {"open": 1, "finished": 0, "left": 0})
    assert report["compared"]["sessions"] == 0
    assert world.everything() == before

    code, out, _ = run("--apply")
    assert code == 0
    assert "Users being deleted: 1; 1 finished, 0 left." in out
    assert world.left() == ({}, 0, 0)


@ON_SQLITE
def test_findings_are_told_up_to_a_number(run: Run, world: World) -> None:
    for _ in range(3):
        world.session("ready", has_row=False)
    _, _, err = run("--problems", "1")
    assert len(err.splitlines()) == 2
    assert err.endswith("and 2 more findings; --problems says how many are told.\n")


@ON_SQLITE
def test_what_cannot_be_run_is_told_in_one_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with claim(Path("data")):
        code, out, err = run()
    assert (code, out, err.split(":")[1]) == (2, "", " GQL_API_DATA_DIR")
    Path("report.json").write_text("old")
    monkeypatch.setenv("ACONTEXT_BASE_URL", "http://127.0.0.1:1/api/v1")
    monkeypatch.setenv("ACONTEXT_API_KEY", KEY)
    code, out, err = run("--report", "report.json")
    assert (code, out) == (2, "")
    assert err.endswith("Acontext could not be reached. Nothing was changed; the same command begins anew.\n")
    assert Path("report.json").read_text() == "old"
