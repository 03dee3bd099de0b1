"""The flags of the commands that go through all there is: export and import, mappings, reconcile."""

import argparse
import importlib
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

from gql_api.settings import read_settings


def add(commands: Any) -> None:
    """Add them to the commands."""
    _add_export(commands)
    _add_import(commands)
    _add_mappings(commands)
    _add_reconcile(commands)


def _add_export(commands: Any) -> None:
    export = commands.add_parser(
        "export",
        help="carry sessions away, with messages and files, as one archive",
        description="Write sessions into one archive: all, those of a user, or some. A command that was killed goes on "
        "where it was. Exits with 0 when all are in it, with 1 when some were left out, with 2 when it cannot be run "
        "or could not go on.",
    )
    export.add_argument("-o", "--output", type=Path, required=True, metavar="FILE", help="the archive; - for a pipe")
    export.add_argument("--user", metavar="USER", help="only this user's sessions")
    export.add_argument(
        "--session", type=UUID, action="append", default=[], metavar="ID", help="only this session; may be repeated"
    )
    export.add_argument(
        "--form",
        choices=("openai", "anthropic", "gemini"),
        action="append",
        default=[],
        help="write each message in this provider's form too; may be repeated",
    )
    export.set_defaults(run=_export_archive)
    _add_problems(export, "sessions that are left out")


def _add_import(commands: Any) -> None:
    bringing = commands.add_parser(
        "import",
        help="bring in the sessions of an archive",
        description="Look whether the archive is whole, then make its sessions. One that was imported before is left "
        "as it is, and a command that was killed goes on where it was. Exits with 0 when all sessions are in, with 1 "
        "when some were refused, with 2 when it cannot be run or could not go on.",
    )
    bringing.add_argument("file", type=Path, metavar="FILE", help="the archive; - is standard input")
    bringing.add_argument("--user", metavar="USER", help="whose sessions they are to be (default: as the archive says)")
    bringing.add_argument("--dry-run", action="store_true", help="check everything, write nothing")
    bringing.set_defaults(run=_import_archive)
    _add_problems(bringing, "refused sessions")


def _add_problems(command: Any, what: str) -> None:
    command.add_argument(
        "--problems", type=int, default=100, metavar="N", help=f"tell of so many {what} (default %(default)s)"
    )


def _add_mappings(commands: Any) -> None:
    about = "take over a table of sessions and disks, or write it out"
    mappings = commands.add_parser("mappings", help=about, description="Which session has which disk, as a file.")
    actions = mappings.add_subparsers(title="actions", required=True, metavar="ACTION")
    importing = actions.add_parser(
        "import",
        help="take over sessions that Acontext has already, with their disks",
        description="Each line of the file binds a session to a disk; both must be in Acontext. A line is in or not; "
        "lines that are in already are left as they are, so the command may be repeated. Exits with 0 when all lines "
        "are in, with 1 when some were refused, with 2 when it cannot be run or could not go on.",
    )
    importing.add_argument("--dry-run", action="store_true", help="check everything, write nothing")
    importing.add_argument(
        "--adopt-unowned",
        action="store_true",
        help="also take over sessions that have no user in Acontext (GQL_API_ADOPT_UNOWNED)",
    )
    _add_problems(importing, "refused lines")
    importing.set_defaults(run=_import)
    exporting = actions.add_parser(
        "export",
        help="write all mappings into a file",
        description="Write all mappings, user by user and oldest first, as a file that import takes back.",
    )
    exporting.set_defaults(run=_export)
    for action in (importing, exporting):
        action.add_argument("file", type=Path, metavar="FILE", help="the file; - is standard input or output")
        action.add_argument("--format", choices=("csv", "ndjson"), help="default: as the name's ending says")


def _add_reconcile(commands: Any) -> None:
    reconcile = commands.add_parser(
        "reconcile",
        help="finish what was left open, and compare the mappings with Acontext",
        description="Look for sessions that were left half made or half deleted, for what is past its time, and for "
        "what does not fit between the mappings and Acontext; change nothing unless --apply says so. What nothing "
        "explains is reported and never deleted. Exits with 0 when nothing is left to explain, with 1 when something "
        "is, with 2 when it cannot be run or could not go on.",
    )
    reconcile.add_argument(
        "--apply",
        action="store_true",
        help="finish what is open, forget what is past its time, remove the disks of sessions deleted here",
    )
    output = reconcile.add_mutually_exclusive_group()
    output.add_argument("--json", action="store_true", help="for programs: the report on standard output")
    output.add_argument("--report", type=Path, metavar="FILE", help="write the report, as JSON, into this file")
    _add_problems(reconcile, "findings")
    reconcile.set_defaults(run=_reconcile)


def _export_archive(options: argparse.Namespace) -> None:
    exporting = late("gql_api.exporting")
    selection = exporting.Selection(options.user, options.session, tuple(sorted({*options.form})))
    settings = read_settings(serving=False)
    sys.exit(exporting.export_archive(options.output, settings, selection, problems=options.problems))


def _import_archive(options: argparse.Namespace) -> None:
    code = late("gql_api.importing").import_archive(
        options.file,
        read_settings(serving=False),
        user=options.user,
        dry_run=options.dry_run,
        problems=options.problems,
    )
    sys.exit(code)


def _import(options: argparse.Namespace) -> None:
    code = late("gql_api.transferring").import_file(
        options.file,
        read_settings(serving=False),
        format=options.format,
        dry_run=options.dry_run,
        adopt_unowned=options.adopt_unowned,
        problems=options.problems,
    )
    sys.exit(code)


def _export(options: argparse.Namespace) -> None:
    late("gql_api.transferring").export_file(options.file, read_settings(serving=False), format=options.format)


def _reconcile(options: argparse.Namespace) -> None:
    reconciling = late("gql_api.reconciling")
    report = reconciling.STANDARD if options.json else options.report
    asked = reconciling.Asked(apply=options.apply, report=report, problems=options.problems)
    sys.exit(reconciling.reconcile(read_settings(serving=False), asked))


def late(module: str) -> Any:
    """Import what only one command needs: the SDK alone takes seconds, and `--help` shall not."""
    return importlib.import_module(module)
