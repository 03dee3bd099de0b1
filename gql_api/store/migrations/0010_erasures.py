"""Let users be erased whole; a server of the version before knows nothing of this, and shows what is left meanwhile."""

from tortoise import migrations
from tortoise.migrations import operations as ops

_ERASURES = """
CREATE TABLE erasures (
    id UUID NOT NULL PRIMARY KEY,
    user_identifier VARCHAR(255) UNIQUE,
    user_proof VARCHAR(64) NOT NULL,
    begun_micros BIGINT NOT NULL,
    finished_micros BIGINT,
    sessions BIGINT NOT NULL,
    disks BIGINT NOT NULL,
    idempotency_keys BIGINT NOT NULL,
    index_entries BIGINT NOT NULL
)
"""
_OLDEST = "CREATE INDEX erasures_oldest ON erasures (finished_micros)"
_TITLES = """
UPDATE session_mappings SET title = NULL, title_folded = NULL WHERE state IN ('deleting', 'deleted')
"""


class Migration(migrations.Migration):
    """A table of its own; and what was deleted in the last week loses its title."""

    dependencies = [("gql_api", "0009_forks")]  # noqa: RUF012
    operations = [  # noqa: RUF012
        ops.RunSQL(_ERASURES, reverse_sql="DROP TABLE erasures"),
        ops.RunSQL(_OLDEST, reverse_sql="DROP INDEX erasures_oldest"),
        ops.RunSQL(_TITLES, reverse_sql="SELECT 1"),
    ]
