"""Let sessions be listed by when something was said in them; a server of the version before knows nothing of this."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    """A column that may be null, as it is in the rows there are: their activity is that they were made."""

    dependencies = [("gql_api", "0006_organised_sessions")]  # noqa: RUF012
    operations = [  # noqa: RUF012
        ops.AddField("SessionMapping", "last_activity_at", fields.DatetimeField(null=True)),
    ]
