"""The texts of messages, to be found by what they say; one row for each message that says something.

Both databases are given lexemes that were cut before, so that they find the same. Each lexeme begins with a mark of its
owner: what others wrote is no part of a search, and takes none of its time. Rows of a session go with the session.
"""

import asyncio
import hashlib
import json
from base64 import b32encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache, partial
from itertools import count as numbers
from itertools import islice, repeat
from typing import Any, NamedTuple
from uuid import UUID

from orjson import dumps
from tortoise.transactions import in_transaction

from gql_api.searching.lexemes import cut
from gql_api.searching.query import Term
from gql_api.store.failures import translating
from gql_api.store.models import SessionMapping
from gql_api.store.retry import rereading
from gql_api.store.rows import as_uuid, not_erased
from gql_api.store.statements import Row, Statement, arrays

LONGEST = 20_000
"""Characters of a message that are kept and searched; beyond them nothing is found."""
_MOST_LEXEMES = 16_000
"""PostgreSQL knows no more positions, and no larger rows: so many words of that many characters stay below both."""
_CUT_AT_ONCE = 10_000
"""Characters that are cut within a millisecond or two; more are cut beside the requests, which costs more in all."""
_SECONDS = 10.0
_MARK = 4
_END = (2**63 - 1, UUID(int=2**128 - 1))
_MISSING = """
SELECT {key} AS key, user_identifier
FROM {asked} JOIN session_mappings ON session_mappings.id = {session} AND state = 'ready'
WHERE NOT EXISTS (
  SELECT 1 FROM message_texts WHERE session_id = {session} AND micros = {micros} AND message_id = {message}
)
"""
_OF_ASKED = [f"json_extract(asked.value, '$[{number}]')" for number in range(3)]
_MISSING_SQLITE = _MISSING.format(
    key="asked.key", asked="json_each(?1) AS asked", session=_OF_ASKED[0], micros=_OF_ASKED[1], message=_OF_ASKED[2]
)
_MISSING_POSTGRES = _MISSING.format(
    key="number - 1",
    asked="unnest($1::text::uuid[], $2::text::bigint[], $3::text::uuid[]) WITH ORDINALITY "
    "AS asked (its_session, its_micros, its_message, number)",
    session="its_session",
    micros="its_micros",
    message="its_message",
)
_COLUMNS = "session_id, micros, message_id, user_identifier, role, text"
_PUT_POSTGRES = f"""
WITH ready AS (
  SELECT id FROM session_mappings WHERE id = ANY($1::text::uuid[]) AND state = 'ready' ORDER BY id FOR SHARE
)
INSERT INTO message_texts ({_COLUMNS}, words)
SELECT its_session, its_micros, its_message, said->>0, said->>1, said->>2, (said->>3)::tsvector
FROM unnest(
  $1::text::uuid[], $2::text::bigint[], $3::text::uuid[], ARRAY(SELECT jsonb_array_elements($4::text::jsonb))
) AS new (its_session, its_micros, its_message, said) JOIN ready ON id = its_session
ORDER BY its_session, its_micros, its_message ON CONFLICT DO NOTHING
"""  # noqa: S608 - names of our own columns
"""The sessions are held so that none is deleted meanwhile, which would leave a text behind."""
_PUT_SQLITE = f"""
INSERT INTO message_texts ({_COLUMNS})
SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE EXISTS (SELECT 1 FROM session_mappings WHERE id = ?1 AND state = 'ready')
ON CONFLICT DO NOTHING
"""  # noqa: S608 - as above
_PUT_WORDS_SQLITE = """
INSERT INTO message_words (rowid, words)
SELECT number, ?4 FROM message_texts WHERE session_id = ?1 AND micros = ?2 AND message_id = ?3
AND NOT EXISTS (SELECT 1 FROM message_words WHERE rowid = number)
"""
_FOUND = {
    "postgres": "message_texts WHERE user_identifier = $1 AND words @@ $2::text::tsquery",
    # In this order always: one search of the words for each text would take as long as there are texts.
    "sqlite": "message_words CROSS JOIN message_texts ON number = message_words.rowid "
    "WHERE user_identifier = $1 AND message_words MATCH $2",
}
_FIND = f"""
SELECT session_id, micros, message_id, role, text FROM {{}} AND (micros, message_id) < ($3, $4)
AND {not_erased("$1")} ORDER BY micros DESC, message_id DESC LIMIT $5
"""  # noqa: S608 - as above
_FIND_BY = {dialect: Statement(_FIND.format(found)) for dialect, found in _FOUND.items()}
_COUNT = f"SELECT COUNT(*) AS count FROM {{}} AND {not_erased('$1')}"  # noqa: S608 - our own words
_COUNT_BY = {dialect: Statement(_COUNT.format(found)) for dialect, found in _FOUND.items()}
_PLANNED_ANEW = "SET LOCAL plan_cache_mode = force_custom_plan"
"""Of frequent words the newest messages are looked through, of rare ones the index is read: no plan does for both."""
_FORGET = (
    Statement("DELETE FROM message_texts WHERE session_id = $1"),
    Statement("DELETE FROM message_texts_read WHERE session_id = $1"),
)
_SOME = Statement("""
DELETE FROM message_texts WHERE (session_id, micros, message_id) IN (
  SELECT session_id, micros, message_id FROM message_texts LIMIT $1
) RETURNING session_id
""")
_NONE_READ = Statement("DELETE FROM message_texts_read")


class Text(NamedTuple):
    """What a message says, as it is kept."""

    session_id: UUID
    micros: int
    message_id: str
    role: str
    text: str


class Hit(NamedTuple):
    """A message that was found, with what is kept of it."""

    session_id: UUID
    micros: int
    message_id: UUID
    role: str
    text: str


Position = tuple[int, UUID]


@rereading
async def missing(texts: Sequence[Text]) -> list[tuple[str, Text]]:
    """Give those of these texts, of sessions that are ready, that are not kept yet, each with its owner."""
    connection = SessionMapping._meta.db
    keys = [(str(text.session_id), text.micros, text.message_id) for text in texts]
    if connection.capabilities.dialect == "sqlite":
        rows = await connection.execute_query_dict(_MISSING_SQLITE, [json.dumps(keys)])
    else:
        rows = await connection.execute_query_dict(_MISSING_POSTGRES, arrays(keys, 3))
    return [(row["user_identifier"], texts[row["key"]]) for row in rows]


@translating
async def put(texts: Sequence[tuple[str, Text]]) -> None:
    """Keep texts, each with its owner, of sessions that are ready."""
    connection = SessionMapping._meta.db
    is_sqlite = connection.capabilities.dialect == "sqlite"
    cutting = partial(_rows, texts, _for_sqlite if is_sqlite else _for_postgres)
    is_little = sum(len(one.text) for _, one in texts) <= _CUT_AT_ONCE
    rows = cutting() if is_little else await asyncio.to_thread(cutting)
    if not is_sqlite:
        places, said = arrays([row[:3] for row in rows], 3), dumps([row[3:] for row in rows]).decode()
        await connection.execute_query_dict(_PUT_POSTGRES, [*places, said])
        return
    async with in_transaction() as transaction:
        await transaction.execute_many(_PUT_SQLITE, [row[:-1] for row in rows])
        await transaction.execute_many(_PUT_WORDS_SQLITE, [[*row[:3], row[-1]] for row in rows])


@rereading
async def find(owner: str, terms: Sequence[Term], *, before: Position | None, limit: int) -> list[Hit]:
    """Find an owner's messages that have all of these terms, newest first, those of one time by their ids."""
    rows = await _ask(_FIND_BY, owner, terms, *(before or _END), limit)
    return [Hit(as_uuid(row.pop("session_id")), message_id=as_uuid(row.pop("message_id")), **row) for row in rows]


@rereading
async def count(owner: str, terms: Sequence[Term]) -> int:
    """Count an owner's messages that have all of these terms."""
    [row] = await _ask(_COUNT_BY, owner, terms)
    return int(row["count"])


@translating
async def forget(session_id: UUID) -> None:
    """Forget all that was said in a session."""
    for statement in _FORGET:
        await statement.rows(session_id)


@translating
async def empty(at_once: int) -> bool:
    """Forget so many texts of all sessions; tell whether there may be more."""
    gone = await _SOME.rows(at_once)
    if not gone:
        await _NONE_READ.rows()
    return bool(gone)


async def _ask(statements: Mapping[str, Statement], owner: str, terms: Sequence[Term], *values: Any) -> list[Row]:
    async with asyncio.timeout(_SECONDS):
        if SessionMapping._meta.db.capabilities.dialect == "sqlite":
            return await statements["sqlite"].rows(owner, _asked_of_sqlite(owner, terms), *values)
        async with in_transaction() as transaction:
            await transaction.execute_query(_PLANNED_ANEW)
            return await statements["postgres"].rows(owner, _asked_of_postgres(owner, terms), *values)


def _rows(texts: Iterable[tuple[str, Text]], written: Callable[[str, Iterable[str]], str]) -> list[list[Any]]:
    """Give what the statements take, in the order of their columns."""
    return [
        [str(one.session_id), one.micros, one.message_id, owner, one.role, one.text, written(_mark(owner), words)]
        for owner, one in texts
        for words in [islice(cut(one.text), _MOST_LEXEMES)]
    ]


@lru_cache(maxsize=10_000)
def _mark(owner: str) -> str:
    """Give letters that few other owners have; who owns a text is asked as well."""
    return b32encode(hashlib.sha256(owner.encode()).digest())[:_MARK].decode().lower()


def _for_sqlite(mark: str, words: Iterable[str]) -> str:
    return " ".join([mark + word for word in words])


def _for_postgres(mark: str, words: Iterable[str]) -> str:
    """Write each word with its place; of one that is there twice PostgreSQL puts the places together."""
    return " ".join(map("'{}{}':{}".format, repeat(mark), words, numbers(1)))


# Lexemes are letters and numbers alone, and nothing that either language of queries knows.


def _asked_of_postgres(owner: str, terms: Sequence[Term]) -> str:
    mark = _mark(owner)
    written = {
        term: " <-> ".join(f"'{mark}{lexeme}'" for lexeme in term.lexemes) + (":*" if term.is_start else "")
        for term in terms
    }
    return " & ".join(f"{'!' if term.is_unwanted else ''}({text})" for term, text in written.items())


def _asked_of_sqlite(owner: str, terms: Sequence[Term]) -> str:
    mark = _mark(owner)
    written = {
        term: f'"{" ".join(mark + lexeme for lexeme in term.lexemes)}"' + (" *" if term.is_start else "")
        for term in terms
    }
    wanted = " AND ".join(text for term, text in written.items() if not term.is_unwanted)
    return " NOT ".join([f"({wanted})", *(text for term, text in written.items() if term.is_unwanted)])
