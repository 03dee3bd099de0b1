"""Remember how conversations open; a server of the version before knows nothing of this, and leaves it unknown."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

_MODEL = "SessionMapping"


class Migration(migrations.Migration):
    """Nothing but columns that may be null."""

    dependencies = [("gql_api", "0007_session_activity")]  # noqa: RUF012
    operations = [  # noqa: RUF012
        ops.AddField(_MODEL, "opening", fields.TextField(null=True)),
        ops.AddField(_MODEL, "opening_micros", fields.BigIntField(null=True)),
    ]
