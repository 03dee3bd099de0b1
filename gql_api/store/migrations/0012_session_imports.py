"""Remember how far imports of archives have come; a server of the version before knows nothing of these."""

from tortoise import migrations
from tortoise.migrations import operations as ops

_IMPORTS = """
CREATE TABLE session_imports (
    session_id UUID NOT NULL PRIMARY KEY REFERENCES session_mappings (id) ON DELETE CASCADE,
    message_lists BIGINT NOT NULL,
    files BIGINT NOT NULL,
    is_whole BOOLEAN NOT NULL,
    noted_micros BIGINT NOT NULL
)
"""


class Migration(migrations.Migration):
    """A table beside the models, as those of keys and places are."""

    dependencies = [("gql_api", "0011_search")]  # noqa: RUF012
    operations = [  # noqa: RUF012
        ops.RunSQL(_IMPORTS, reverse_sql="DROP TABLE session_imports"),
    ]
