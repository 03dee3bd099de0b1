"""The tables, with the rules that the database itself keeps; queries are in `mappings`."""

from datetime import datetime
from uuid import UUID

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model


# Without a docstring: Tortoise would make it the table's comment, and every change of it a migration.
class SessionMapping(Model):
    id = fields.UUIDField(primary_key=True)
    user_identifier = fields.CharField(max_length=255)
    title: str | None = fields.TextField(null=True)
    # The title as it is searched: databases disagree on what upper and lower case are beyond ASCII.
    title_folded: str | None = fields.TextField(null=True)
    state = fields.CharField(max_length=16)
    # Unique in tombstones too, as the id is: neither is ever bound again while one is kept.
    disk_id: UUID | None = fields.UUIDField(null=True, unique=True)
    disk_created_at: datetime | None = fields.DatetimeField(null=True)
    adopted = fields.BooleanField()
    nonce = fields.CharField(max_length=64)
    created_at = fields.DatetimeField()
    updated_at = fields.DatetimeField()
    lease_until = fields.DatetimeField()
    # The lease: who may write to the session upstream, until when, when another last wished to, and how many held it.
    write_holder = fields.CharField(max_length=255, null=True)
    write_until: datetime | None = fields.DatetimeField(null=True)
    write_wanted: datetime | None = fields.DatetimeField(null=True)
    write_fence: int | None = fields.BigIntField(null=True)

    # The idempotency key that it was made under, unique for its user, and what stands for the input then.
    creation_key = fields.CharField(max_length=255, null=True)
    creation_fingerprint = fields.CharField(max_length=64, null=True)

    pinned_at: datetime | None = fields.DatetimeField(null=True)
    archived_at: datetime | None = fields.DatetimeField(null=True)
    last_activity_at: datetime | None = fields.DatetimeField(null=True)
    # How the user opened the conversation, and when. Empty: made here, and nothing was said yet; null: not known.
    opening: str | None = fields.TextField(null=True)
    opening_micros: int | None = fields.BigIntField(null=True)

    # The session that it was made of; no reference, for that one may be deleted and forgotten.
    forked_from: UUID | None = fields.UUIDField(null=True)

    class Meta:
        table = "session_mappings"
        constraints = (
            CheckConstraint(
                name="session_mappings_known_state",
                check="state IN ('creating', 'ready', 'deleting', 'deleted')",
            ),
            CheckConstraint(
                name="session_mappings_disk_once_made",
                check="(state = 'creating') = (disk_id IS NULL)",
            ),
            CheckConstraint(
                name="session_mappings_whole_disk",
                check="(disk_id IS NULL) = (disk_created_at IS NULL)",
            ),
        )
        indexes = (
            Index(name="session_mappings_listing", fields=("user_identifier", "state", "created_at", "id")),
            Index(name="session_mappings_sweeping", fields=("state", "updated_at")),
        )
