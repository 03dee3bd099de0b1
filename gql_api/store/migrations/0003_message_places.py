"""Let the ends of long conversations be found in one step; a server of the version before knows nothing of these."""

from tortoise import migrations
from tortoise.migrations import operations as ops

_PLACES = """
CREATE TABLE message_places (
    session_id UUID NOT NULL REFERENCES session_mappings (id) ON DELETE CASCADE,
    micros BIGINT NOT NULL,
    message_id UUID NOT NULL,
    PRIMARY KEY (session_id, micros, message_id)
)
"""
_COUNTS = """
CREATE TABLE message_counts (
    session_id UUID NOT NULL PRIMARY KEY REFERENCES session_mappings (id) ON DELETE CASCADE,
    micros BIGINT NOT NULL,
    count BIGINT NOT NULL
)
"""


class Migration(migrations.Migration):
    """Tables beside the models: Tortoise has no keys of several columns."""

    dependencies = [("gql_api", "0002_write_leases")]  # noqa: RUF012
    operations = [  # noqa: RUF012
        ops.RunSQL(_PLACES, reverse_sql="DROP TABLE message_places"),
        ops.RunSQL(_COUNTS, reverse_sql="DROP TABLE message_counts"),
    ]
