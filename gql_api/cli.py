"""The command line: flags to calls, and one clear line for what an operator can put right."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gql_api import __version__, carrying
from gql_api.carrying import late
from gql_api.folder import claim
from gql_api.refusal import Refusal
from gql_api.settings import check_embedded, embedded_key, read_settings

_KEY = "sk-ac-embedded"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command that the arguments name; leave with 2 and one line when it cannot be run."""
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except Refusal as error:
        sys.stderr.write(f"gql-api: {error}\n")
        sys.exit(2)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="gql-api",
        description="A GraphQL API server for agent sessions: one conversation in Acontext and one disk of files each.",
        epilog="Settings come from the environment and from a .env file; the README lists them.",
    )
    parser.add_argument("--version", action="version", version=f"gql-api {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_serve(commands)
    _add_schema(commands)
    _add_documents(commands)
    _add_migrate(commands)
    carrying.add(commands)
    _add_doctor(commands)
    _add_embedded(commands)
    return parser


def commands() -> dict[str, str]:
    """Name the commands, each with its one-line help."""
    return {action.dest: action.help or "" for action in _subcommands()._choices_actions}


def flags(command: str) -> dict[str, str]:
    """Name the flags of a command, each with its help."""
    parser = _subcommands().choices[command]
    expand = parser._get_formatter()._expand_help
    return {action.option_strings[-1]: expand(action) for action in parser._actions if action.dest != "help"}


def _subcommands() -> Any:
    [actions] = [action for action in _parser()._actions if isinstance(action, argparse._SubParsersAction)]
    return actions


def _add_serve(commands: Any) -> None:
    serve = commands.add_parser(
        "serve",
        help="serve the API",
        description="Serve the API. Without any setting it uses SQLite and an embedded Acontext in one data folder.",
    )
    serve.add_argument("--host", help="the address to listen on (GQL_API_HOST; default 127.0.0.1)")
    serve.add_argument("--port", type=int, help="the port, 0 for a free one (GQL_API_PORT; default 8000)")
    serve.add_argument("--data-dir", type=Path, help="folder of all data (GQL_API_DATA_DIR; default ./data)")
    serve.add_argument("--workers", type=int, help="server processes (GQL_API_WORKERS; default 1)")
    serve.set_defaults(run=_serve)


def _add_schema(commands: Any) -> None:
    schema = commands.add_parser(
        "schema", help="print the GraphQL schema", description="Print the GraphQL schema, sorted, with descriptions."
    )
    schema.add_argument("-o", "--output", type=Path, metavar="FILE", help="write to this file instead")
    schema.add_argument("--check", type=Path, metavar="FILE", help="only tell whether this file has the schema")
    schema.set_defaults(run=_schema)


def _add_documents(commands: Any) -> None:
    about = "check the documents of clients against the schema, or make tools of them"
    documents = commands.add_parser("documents", help=about, description="What clients ask, as files.")
    actions = documents.add_subparsers(title="actions", required=True, metavar="ACTION")
    checking = actions.add_parser(
        "check",
        help="check the documents of clients against the schema",
        description="Tell each fault with its file, line and column, and warn of what is deprecated. Exits with 0 when "
        "there is no fault, with 1 when there is one, with 2 when a file cannot be read.",
    )
    checking.set_defaults(run=_check_documents)
    making = actions.add_parser(
        "tools",
        help="print queries and mutations as tools of models",
        description="Print a JSON list of tools, one for each query and mutation, with the variables as JSON Schema.",
    )
    making.add_argument("--form", choices=("mcp", "openai"), default="mcp", help="whose form (default %(default)s)")
    making.set_defaults(run=_make_tools)
    what = "a GraphQL file, a folder of them, or a manifest (.json) of graphql-codegen, relay-compiler or Apollo"
    for action in (checking, making):
        action.add_argument("files", type=Path, nargs="+", metavar="FILE", help=what)


def _add_migrate(commands: Any) -> None:
    migrate = commands.add_parser(
        "migrate",
        help="bring the database's tables up to date",
        description="Apply the missing migrations to the database of DATABASE_URL. Several may run at once. "
        "SQLite is migrated by serve itself.",
    )
    migrate.set_defaults(run=_migrate)


def _add_doctor(commands: Any) -> None:
    doctor = commands.add_parser(
        "doctor",
        help="look at all that a server needs, and say what to do",
        description="Look at settings, data folder, database, Acontext, identity and ports, and change nothing. Exits "
        "with 0 when nothing hinders a server, with 1 when something does, with 2 when the settings cannot be read.",
    )
    doctor.add_argument("--json", action="store_true", help="for programs: a list of findings")
    doctor.set_defaults(run=_doctor)


def _add_embedded(commands: Any) -> None:
    embedded = commands.add_parser(
        "embedded",
        help="run the embedded Acontext alone, for development",
        description="Run the embedded Acontext on a port of its own, as a development Acontext for other programs: "
        "point the Acontext SDK's base_url at the address that it prints.",
    )
    embedded.add_argument("--host", default="127.0.0.1", help="the address to listen on (default %(default)s)")
    embedded.add_argument("--port", type=int, default=8029, help="the port, 0 for a free one (default %(default)s)")
    embedded.add_argument("--data-dir", type=Path, default=Path("data"), help="data folder (default ./%(default)s)")
    key = embedded.add_mutually_exclusive_group()
    key.add_argument("--api-key", metavar="KEY", help=f"the key to demand (ACONTEXT_API_KEY; default {_KEY})")
    key.add_argument(
        "--api-key-file", type=Path, metavar="FILE", help="file with the key, to keep it from the command line"
    )
    embedded.add_argument("--public-url", metavar="URL", help="what file URLs begin with (default: the address bound)")
    embedded.set_defaults(run=_embedded)


def _serve(options: argparse.Namespace) -> None:
    given = {
        "GQL_API_HOST": options.host,
        "GQL_API_PORT": options.port,
        "GQL_API_DATA_DIR": options.data_dir,
        "GQL_API_WORKERS": options.workers,
    }
    settings = read_settings(**{name: value for name, value in given.items() if value is not None})
    late("gql_api.serving").serve(settings)


def _schema(options: argparse.Namespace) -> None:
    text = late("gql_api.schema").print_schema()
    if options.check:
        if not options.check.is_file() or options.check.read_text(encoding="utf-8") != text:
            raise Refusal(f"{options.check} is not the schema of this version; run: gql-api schema -o {options.check}")
    elif options.output:
        _write(options.output, text)
    else:
        sys.stdout.write(text)


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Refusal(f"{file} cannot be written: {error.strerror}") from None


def _check_documents(options: argparse.Namespace) -> None:
    schema = late("gql_api.schema").build_schema()
    report, code = late("gql_api.documents").check(options.files, schema._schema, schema.documents.validated)
    sys.stdout.write(report)
    sys.exit(code)


def _make_tools(options: argparse.Namespace) -> None:
    sdl = late("gql_api.schema").print_schema()
    made, left_out = late("gql_api.documents").tools(options.files, sdl, form=options.form)
    sys.stdout.write(json.dumps(made, indent=2, ensure_ascii=False) + "\n")
    sys.stderr.writelines(f"{line}\n" for line in left_out)


def _migrate(options: argparse.Namespace) -> None:
    applied = late("gql_api.serving").migrate(read_settings(serving=False))
    sys.stdout.writelines(f"applied {name}\n" for name in applied)
    sys.stdout.write("The tables are up to date.\n")


def _doctor(options: argparse.Namespace) -> None:
    report, code = late("gql_api.doctor").run(as_json=options.json)
    sys.stdout.write(report)
    sys.exit(code)


def _embedded(options: argparse.Namespace) -> None:
    flags = {"--host": options.host, "--port": options.port, "--public-url": options.public_url}
    address = check_embedded(flags)
    key = embedded_key(given=options.api_key, file=options.api_key_file, default=_KEY)
    embedded = late("gql_api.embedded.__main__")
    with claim(options.data_dir, named="--data-dir"):
        try:
            embedded.serve(data_dir=options.data_dir / "acontext", api_key=key, **dict(address))
        except embedded.CannotServe as error:
            raise Refusal(str(error)) from None
