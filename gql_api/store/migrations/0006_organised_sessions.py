"""Let sessions be pinned, archived and tagged; a server of the version before knows nothing of these."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

_MODEL = "SessionMapping"
_TAGS = """
CREATE TABLE session_tags (
    session_id UUID NOT NULL REFERENCES session_mappings (id) ON DELETE CASCADE,
    folded VARCHAR(255) NOT NULL,
    tag VARCHAR(255) NOT NULL,
    user_identifier VARCHAR(255) NOT NULL,
    PRIMARY KEY (session_id, folded)
)
"""
_TAGGED = "CREATE INDEX session_tags_listing ON session_tags (user_identifier, folded, session_id)"


class Migration(migrations.Migration):
    """Columns that may be null, and a table of its own."""

    dependencies = [("gql_api", "0005_task_leases")]  # noqa: RUF012
    operations = [  # noqa: RUF012
        ops.AddField(_MODEL, "pinned_at", fields.DatetimeField(null=True)),
        ops.AddField(_MODEL, "archived_at", fields.DatetimeField(null=True)),
        ops.RunSQL(_TAGS, reverse_sql="DROP TABLE session_tags"),
        ops.RunSQL(_TAGGED, reverse_sql="DROP INDEX session_tags_listing"),
    ]
