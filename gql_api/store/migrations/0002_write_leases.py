"""Let a server hold a session for its writes; a server of the version before knows nothing of these columns."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

_MODEL = "SessionMapping"


class Migration(migrations.Migration):
    """Nothing but columns that may be null: PostgreSQL adds those at once, however many rows there are."""

    dependencies = [("gql_api", "0001_session_mappings")]  # noqa: RUF012
    operations = [  # noqa: RUF012
        ops.AddField(_MODEL, "write_holder", fields.CharField(max_length=255, null=True)),
        ops.AddField(_MODEL, "write_until", fields.DatetimeField(null=True)),
        ops.AddField(_MODEL, "write_wanted", fields.DatetimeField(null=True)),
        ops.AddField(_MODEL, "write_fence", fields.BigIntField(null=True)),
    ]
