"""Whatever is asked of the application, it answers byte for byte the same with generated functions and without."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from api.client import Client
from api.conftest import served as running
from api.upstream import Upstream
from carrying import in_front
from gql_api.app import create_app
from gql_api.schema import build_schema
from gql_api.schema.compiled import CompilingExecutor
from gql_api.schema.errors import Schema
from gql_api.schema.node import user_id
from gql_api.settings import Settings
from schema.random_operations import Writer

EXAMPLES = 150
USER = "anonymous@example.com"
CALL = {"id": "call-1", "type": "function", "function": {"name": "search", "arguments": '{"words": ["a", 1.5]}'}}
CONVERSATION: list[Any] = [
    "What is the weather?",
    {"openai": {"role": "assistant", "content": "I shall look.", "tool_calls": [CALL]}},
    {"openai": {"role": "tool", "tool_call_id": "call-1", "content": "It rains."}},
    {"openai": {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}]}},
    {"acontext": {"role": "assistant", "parts": [{"type": "data", "meta": {"data_type": "table", "rows": [1, None]}}]}},
    {"chat": {"role": "ASSISTANT", "content": "Grüße 🌍"}},
]


@pytest.fixture
def databases(sqlite_databases: Any) -> Any:
    """One kind is enough: what a database answers is not what is compared."""
    return sqlite_databases


@pytest.fixture
async def served(settings: Settings, upstream: Upstream) -> AsyncIterator[tuple[Client, Schema]]:
    schema = build_schema()
    app = create_app(settings, front=in_front(upstream.in_front_of), schema=schema)
    async with running(app) as http:
        yield Client(http), schema


async def test_random_queries_are_answered_the_same(served: tuple[Client, Schema], tmp_path: Path) -> None:
    client, schema = served
    known = await filled(client)
    compared = 0
    for seed in range(EXAMPLES):
        writer = Writer(schema._schema, Random(seed), known=known, deepest=6)  # noqa: S311 - no secret
        operation = writer.operation("query")
        for variables in operation.variables:
            body = {"query": operation.text, "variables": variables}
            first, second = await both(client, schema, body)
            if first != second and "exportUrl" in operation.text:  # another second may have begun between the two
                first, second = await both(client, schema, body)
            assert first == second, body
            compared += b'"data":{' in first
    assert compared > EXAMPLES


async def both(client: Client, schema: Schema, body: dict[str, Any]) -> list[bytes]:
    return [
        await ask(client, schema, executor, body)
        for executor in (CompilingExecutor, StrawberryGraphQLCoreExecutionContext)
    ]


async def ask(client: Client, schema: Schema, executor: Any, body: dict[str, Any]) -> bytes:
    schema.execution_context_class = executor
    response = await client.http.post("/graphql", json=body)
    # How often Acontext was asked depends on how it is executed where something went wrong.
    return re.sub(rb',"actual":\d+', b"", response.content)


async def filled(client: Client) -> dict[str, list[Any]]:
    """Make a session with messages and files; give what there is, by the names of the arguments that ask for it."""
    session = await client.create(title="A title")
    messages = await client.store(session["id"], *CONVERSATION)
    files = [(await client.upload(session["id"], path))["id"] for path in ("/a.md", "/docs/b.txt", "/docs/c/d.json")]
    answer = await client.data(
        "query($id: ID!) { session(id: $id) { messages { pageInfo { startCursor endCursor } } } }", id=session["id"]
    )
    cursors = [*answer["session"]["messages"]["pageInfo"].values()]
    ids = [session["id"], session["disk"]["id"], messages[1], messages[3], files[1], user_id(USER), "nonsense"]
    return {
        "id": [session["id"], session["id"], session["acontextId"], *ids],
        "ids": ids,
        "path": ["/", "/docs/", "/a.md", "/docs/b.txt"],
        "identifier": [USER],
        "user": [USER],
        "after": cursors,
        "before": cursors,
        "glob": ["**"],
        "first": [1, 3, 100],
        "last": [1, 3, 100],
    }
