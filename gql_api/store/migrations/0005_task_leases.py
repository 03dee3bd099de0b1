"""Let one server at a time do what is done for all; a server of the version before knows nothing of this table."""

from tortoise import migrations
from tortoise.migrations import operations as ops

_LEASES = """
CREATE TABLE task_leases (
    task VARCHAR(64) NOT NULL PRIMARY KEY,
    holder VARCHAR(255) NOT NULL,
    held_until TIMESTAMPTZ NOT NULL
)
"""


class Migration(migrations.Migration):
    """A table of its own, of a row for each task."""

    dependencies = [("gql_api", "0004_idempotency_keys")]  # noqa: RUF012
    operations = [ops.RunSQL(_LEASES, reverse_sql="DROP TABLE task_leases")]  # noqa: RUF012
