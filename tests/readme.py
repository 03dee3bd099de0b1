"""The README's tables, and its answers and the tour's: made here from the program, written by `make docs`."""

import asyncio
import json
import re
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

import embedded_page
from gql_api.app import create_app
from gql_api.cli import commands
from gql_api.errors import CODES
from gql_api.schema.user_error import UserErrorCode
from gql_api.settings import Settings, read_settings

README = Path(__file__).parent.parent / "README.md"
TOUR = README.parent / "docs" / "tour.md"
ADDRESS = "http://127.0.0.1:8000"
_STEP = re.compile(r"```graphql\n(.*?)```\n\n```json\n(.*?)```", re.DOTALL)
_WIDTH = 130
_CHANGING = re.compile(
    r'"(?P<time>\d{4}-\d\d-\d\dT[\d:.]+Z)"|(?P<uuid>[0-9a-f]{8}-[0-9a-f-]{27})|(?P<token>[0-9a-f]{64})'
    r'|"(?P<id>[A-Za-z0-9+/_-]{40,}={0,2})"'
)


def sections(text: str) -> str:
    """Return the README with its tables as they must be."""
    tables: dict[str, Callable[[], str]] = {
        "settings": _settings,
        "user-errors": _user_errors,
        "error-codes": lambda: _table(("Code", "Meaning"), [(f"`{code}`", said) for code, said in CODES.items()]),
        "commands": _commands,
    }
    for name, make in tables.items():
        begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
        before, _, rest = text.partition(begin)
        text = before + begin + make() + "\n" + end + rest.partition(end)[2]
    return text


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def _settings() -> str:
    rows = []
    for field in Settings.model_fields.values():
        default = field.get_default()
        shown = "" if default is None else f"`{str(default).lower() if isinstance(default, bool) else default}`"
        rows.append((f"`{field.alias}`", shown, field.description or ""))
    return _table(("Setting", "Default", "What it is"), rows)


def _user_errors() -> str:
    definition: Any = UserErrorCode.__strawberry_definition__  # type: ignore[attr-defined]
    return _table(("Code", "Meaning"), [(f"`{value.name}`", value.description) for value in definition.values])


def _commands() -> str:
    return _table(("Command", "What it does"), [(f"`gql-api {name}`", about) for name, about in commands().items()])


async def answers(text: str) -> list[tuple[str, str]]:
    """Run a page's operations in their order on a new server; return each written answer with the real one.

    Ids in an operation that stood in an earlier answer of the page are exchanged for those of the real answer.
    """
    with tempfile.TemporaryDirectory() as folder:
        settings = read_settings(GQL_API_DATA_DIR=Path(folder), GQL_API_PUBLIC_URL=ADDRESS, _env_file=None)
        app = create_app(settings)
        transport = httpx.ASGITransport(app)
        async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url=ADDRESS) as http:
            return await _ask(http, _STEP.findall(text))


async def _ask(http: httpx.AsyncClient, steps: list[tuple[str, str]]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    known: dict[str, str] = {}
    for operation, written in steps:
        query = operation
        for old, new in known.items():
            query = query.replace(old, new)
        answer = (await http.post("/graphql", json={"query": query})).json()
        del answer["extensions"]["cost"]  # the pages say that it is there
        if not answer["extensions"]:
            del answer["extensions"]
        found.append((written, _shown(answer)))
        _learn(known, written, answer)
    return found


def _shown(answer: Any) -> str:
    line = json.dumps(answer, ensure_ascii=False)
    return (line if len(line) <= _WIDTH else json.dumps(answer, indent=2, ensure_ascii=False)) + "\n"


def _learn(known: dict[str, str], written: str, answer: dict[str, Any]) -> None:
    session = answer["data"].get("createSession", {}).get("session")
    if session:
        old = json.loads(written)["data"]["createSession"]["session"]["id"] if written.strip() else "SESSION"
        known[old] = session["id"]


def comparable(answer: str) -> str:
    """Put placeholders for what is another with every run: times, ids, tokens of URLs; equal ones stay equal."""
    names: dict[str, str] = {}

    def name(match: re.Match[str]) -> str:
        if match["time"]:
            return '"<time>"'
        return names.setdefault(match[0], f"<{match.lastgroup} {len(names)}>")

    return _CHANGING.sub(name, answer)


def rewrite() -> None:
    """Write tables and answers into the pages."""
    README.write_text(sections(README.read_text(encoding="utf-8")), encoding="utf-8")
    for page in (README, TOUR):
        text = page.read_text(encoding="utf-8")
        found = asyncio.run(answers(text))
        # Where nothing but ids and times would change, the page stays as it is.
        if [comparable(written) for written, _ in found] != [comparable(answer) for _, answer in found]:
            page.write_text(_with_answers(text, [answer for _, answer in found]), encoding="utf-8")


def _with_answers(text: str, real: list[str]) -> str:
    """Put real answers into a page; an id that the old ones had is followed into the operations."""
    session = _first_session(text)
    parts = [
        f"```graphql\n{operation}```\n\n```json\n{answer}```"
        for (operation, _), answer in zip(_STEP.findall(text), real, strict=True)
    ]
    pieces = iter(parts)
    text = _STEP.sub(lambda _: next(pieces), text)
    return text.replace(f'"{session}"', f'"{_first_session(text)}"')


def _first_session(text: str) -> str:
    written = _STEP.findall(text)[0][1]
    return json.loads(written)["data"]["createSession"]["session"]["id"] if written.strip() else "SESSION"


if __name__ == "__main__":
    rewrite()
    embedded_page.rewrite()
    sys.stdout.write("wrote " + ", ".join(page.name for page in (README, TOUR, embedded_page.PAGE)) + "\n")
