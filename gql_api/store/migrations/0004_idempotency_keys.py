"""Let a write be sent again under a key of its caller's; a server of the version before knows nothing of these."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

_MODEL = "SessionMapping"
_CREATIONS = """
CREATE UNIQUE INDEX session_mappings_creation_key ON session_mappings (user_identifier, creation_key)
WHERE creation_key IS NOT NULL
"""
_MESSAGES = """
CREATE TABLE message_keys (
    session_id UUID NOT NULL REFERENCES session_mappings (id) ON DELETE CASCADE,
    idempotency_key VARCHAR(255) NOT NULL,
    fingerprint VARCHAR(64) NOT NULL,
    attempt VARCHAR(32) NOT NULL,
    after_micros BIGINT,
    stored TEXT NOT NULL,
    sent_micros BIGINT,
    used_micros BIGINT NOT NULL,
    PRIMARY KEY (session_id, idempotency_key)
)
"""
_OLDEST = "CREATE INDEX message_keys_oldest ON message_keys (used_micros)"


class Migration(migrations.Migration):
    """Columns that may be null, an index that holds none of the rows there are, and a table of its own."""

    dependencies = [("gql_api", "0003_message_places")]  # noqa: RUF012
    operations = [  # noqa: RUF012
        ops.AddField(_MODEL, "creation_key", fields.CharField(max_length=255, null=True)),
        ops.AddField(_MODEL, "creation_fingerprint", fields.CharField(max_length=64, null=True)),
        ops.RunSQL(_CREATIONS, reverse_sql="DROP INDEX session_mappings_creation_key"),
        ops.RunSQL(_MESSAGES, reverse_sql="DROP TABLE message_keys"),
        ops.RunSQL(_OLDEST, reverse_sql="DROP INDEX message_keys_oldest"),
    ]
