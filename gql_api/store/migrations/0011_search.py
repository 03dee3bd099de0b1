"""Let texts of messages be found; a server of the version before knows nothing of these tables, and fills none."""

from typing import Any

from tortoise import migrations
from tortoise.migrations import operations as ops

_TEXTS = """
CREATE TABLE message_texts (
    {number}
    session_id UUID NOT NULL REFERENCES session_mappings (id) ON DELETE CASCADE,
    micros BIGINT NOT NULL,
    message_id UUID NOT NULL,
    user_identifier VARCHAR(255) NOT NULL,
    role VARCHAR(16) NOT NULL,
    text TEXT NOT NULL,
    {key} (session_id, micros, message_id){words}
)
"""
_NEWEST = "CREATE INDEX message_texts_newest ON message_texts (user_identifier, micros, message_id)"
_READ = """
CREATE TABLE message_texts_read (
    session_id UUID NOT NULL PRIMARY KEY REFERENCES session_mappings (id) ON DELETE CASCADE,
    micros BIGINT NOT NULL,
    looked_micros BIGINT
)
"""
_BOTH = [_NEWEST, _READ]
_POSTGRES = [
    _TEXTS.format(number="", key="PRIMARY KEY", words=",\n    words TSVECTOR NOT NULL"),
    "CREATE INDEX message_texts_words ON message_texts USING gin (words)",
    *_BOTH,
]
_SQLITE = [
    _TEXTS.format(number="number INTEGER PRIMARY KEY,", key="UNIQUE", words=""),
    # All that is not ASCII is part of a word to it: what a word is was said before.
    "CREATE VIRTUAL TABLE message_words USING fts5(words, tokenize = 'ascii')",
    "CREATE TRIGGER message_texts_gone AFTER DELETE ON message_texts "
    "BEGIN DELETE FROM message_words WHERE rowid = old.number; END",
    *_BOTH,
]
_GONE = ["DROP TABLE message_texts", "DROP TABLE message_texts_read"]


class _ByDialect(ops.RunSQL):
    """Statements that differ between the databases."""

    async def _run_sql(self, state_editor: Any, sqls: Any) -> None:
        """Run those of this database, one by one: SQLite would end the transaction before a script."""
        for statement in sqls[state_editor.client.capabilities.dialect]:
            await state_editor.client.execute_query(statement)


class Migration(migrations.Migration):
    """Tables beside the models, with what each database searches texts by."""

    dependencies = [("gql_api", "0010_erasures")]  # noqa: RUF012
    operations = [  # noqa: RUF012
        _ByDialect(
            {"postgres": _POSTGRES, "sqlite": _SQLITE},
            reverse_sql={"postgres": _GONE, "sqlite": [*_GONE, "DROP TABLE message_words"]},
        ),
    ]
