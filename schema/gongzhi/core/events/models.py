"""Models: the outbox, with events in the order in which they are told, and the work that waits."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from tortoise import fields
from tortoise.models import Model

from gongzhi.declare.columns import primary_key
from gongzhi.declare.events import Actor


class OutboxRow(Model):
    """An event. It has no position until the writing transaction has been committed (docs/integrators/events.md).

    The table is partitioned by month of `at`. Its scope columns are those of the grid it happened in.
    """

    id = primary_key()
    # The order of insertion, which is not that of commits: it says in which order positions are given to what is
    # committed.
    seq = fields.BigIntField()
    position = fields.BigIntField(null=True)
    type = fields.CharField(max_length=60)
    version = fields.SmallIntField()
    at = fields.DatetimeField()
    actor = fields.CharEnumField(Actor, max_length=8)
    internal = fields.BooleanField(default=False)
    # Copied and not joined: rules of visibility ask nothing but the event.
    grid_id = fields.IntField(null=True)
    county_id = fields.IntField(null=True)
    town_id = fields.IntField(null=True)
    village_id = fields.IntField(null=True)
    grid_1_id = fields.IntField(null=True)
    grid_2_id = fields.IntField(null=True)
    grid_3_id = fields.IntField(null=True)
    case: Any = fields.ForeignKeyField("cases.CaseRow", null=True, related_name=False, db_constraint=False)
    case_id: Any
    data: Any = fields.JSONField()

    class Meta:
        schema = "events"
        table = "outbox"


class CounterRow(Model):
    """The last position given, and the last that has been thrown away. There is one row.

    Each of the `epochs` has a random `id`, the last position before it `began`, and `here`, which tells this database
    from a copy of it.
    """

    id = fields.SmallIntField(primary_key=True, generated=False)
    given = fields.BigIntField(default=0)
    gone = fields.BigIntField(default=0)
    epochs: Any = fields.JSONField(null=True)

    class Meta:
        schema = "events"
        table = "counter"


class ConsumerRow(Model):
    """How far a handler has come."""

    name = fields.CharField(max_length=60, primary_key=True)
    position = fields.BigIntField()

    class Meta:
        schema = "events"
        table = "consumer"


class State(StrEnum):
    """What becomes of a job."""

    WAITING = "WAITING"
    DONE = "DONE"
    PARKED = "PARKED"


class JobRow(Model):
    """A job to be run, or that was; or an event that a handler failed on and is to try again."""

    id = primary_key()
    name = fields.CharField(max_length=60)
    # The same key twice is one job, so that whoever asks need not know whether somebody has.
    key = fields.CharField(max_length=100)
    event_id = fields.UUIDField(null=True)
    county_id = fields.IntField(null=True)
    arguments: Any = fields.JSONField()
    state = fields.CharEnumField(State, max_length=7, default=State.WAITING)
    due_at = fields.DatetimeField()
    attempts = fields.SmallIntField(default=0)
    error = fields.CharField(max_length=300, null=True)
    finished_at = fields.DatetimeField(null=True)

    class Meta:
        schema = "events"
        table = "job"
        unique_together = (("name", "key"),)


class ResumptionRow(Model):
    """How far a subscription had come when its connection's token ended, for two minutes.

    The key is a digest of the account, the document and its variables; it tells neither.
    """

    key = fields.CharField(max_length=64, primary_key=True)
    cursor = fields.CharField(max_length=40)
    until = fields.DatetimeField()

    class Meta:
        schema = "events"
        table = "resumption"
