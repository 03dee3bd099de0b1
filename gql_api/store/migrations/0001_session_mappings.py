"""Make the table of sessions and their disks; later changes are later files."""

from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import CheckConstraint

_MODEL = "SessionMapping"


class Migration(migrations.Migration):
    """Constraints before indexes: SQLite makes the table anew for a constraint, and its indexes are lost with it."""

    initial = True
    operations = [  # noqa: RUF012
        ops.CreateModel(
            name=_MODEL,
            fields=[
                ("id", fields.UUIDField(primary_key=True)),
                ("user_identifier", fields.CharField(max_length=255)),
                ("title", fields.TextField(null=True)),
                ("title_folded", fields.TextField(null=True)),
                ("state", fields.CharField(max_length=16)),
                ("disk_id", fields.UUIDField(null=True, unique=True)),
                ("disk_created_at", fields.DatetimeField(null=True)),
                ("adopted", fields.BooleanField()),
                ("nonce", fields.CharField(max_length=64)),
                ("created_at", fields.DatetimeField()),
                ("updated_at", fields.DatetimeField()),
                ("lease_until", fields.DatetimeField()),
            ],
            options={"table": "session_mappings", "app": "gql_api", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.AddConstraint(
            _MODEL,
            CheckConstraint(
                name="session_mappings_known_state",
                check="state IN ('creating', 'ready', 'deleting', 'deleted')",
            ),
        ),
        ops.AddConstraint(
            _MODEL,
            CheckConstraint(
                name="session_mappings_disk_once_made",
                check="(state = 'creating') = (disk_id IS NULL)",
            ),
        ),
        ops.AddConstraint(
            _MODEL,
            CheckConstraint(
                name="session_mappings_whole_disk",
                check="(disk_id IS NULL) = (disk_created_at IS NULL)",
            ),
        ),
        ops.AddIndex(
            _MODEL, Index(name="session_mappings_listing", fields=["user_identifier", "state", "created_at", "id"])
        ),
        ops.AddIndex(_MODEL, Index(name="session_mappings_sweeping", fields=["state", "updated_at"])),
    ]
