"""Let sessions be made of others; a server of the version before undoes those that it finds half made."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

_FORKS = """
CREATE TABLE session_forks (
    session_id UUID NOT NULL PRIMARY KEY REFERENCES session_mappings (id) ON DELETE CASCADE,
    source_id UUID NOT NULL,
    at_id UUID,
    at_micros BIGINT,
    cuts_before BOOLEAN NOT NULL,
    with_files BOOLEAN NOT NULL,
    begun_micros BIGINT NOT NULL,
    settled_micros BIGINT NOT NULL,
    messages INTEGER,
    last_id UUID,
    files INTEGER NOT NULL,
    done INTEGER NOT NULL
)
"""


class Migration(migrations.Migration):
    """A column that may be null, and a table of what is under way."""

    dependencies = [("gql_api", "0008_session_openings")]  # noqa: RUF012
    operations = [  # noqa: RUF012
        ops.AddField("SessionMapping", "forked_from", fields.UUIDField(null=True)),
        ops.RunSQL(_FORKS, reverse_sql="DROP TABLE session_forks"),
    ]
