"""Models: what operations took, by the hour, name and kind."""

from __future__ import annotations

from typing import Any

from gongzhi.declare.columns import primary_key
from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.models import Model


class OperationHourRow(Model):
    """What the operations of one name and kind took within an hour, in all processes together."""

    id = primary_key()
    hour = fields.DatetimeField()
    operation = fields.CharField(max_length=60)
    kind = fields.CharField(max_length=12)
    count = fields.BigIntField()
    # Those that ended in a fault, a timeout or without the database.
    failed = fields.BigIntField()
    seconds = fields.FloatField()
    cost = fields.BigIntField()
    # How many took up to each bound of SECONDS, and no less than the one before; the last took longer than all.
    buckets: Any = ArrayField("bigint")

    class Meta:
        schema = "performance"
        table = "operation"
        unique_together = (("hour", "operation", "kind"),)
