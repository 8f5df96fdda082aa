"""Models: the tables of the access log, of the audit, of the chain over both, and of broken glass."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.models import Model

from gongzhi.declare.columns import BytesField, Located, primary_key


class LookKind(StrEnum):
    """How somebody came to look at a file."""

    READ = "READ"
    REVEAL = "REVEAL"
    FIND = "FIND"
    BREAK_GLASS = "BREAK_GLASS"
    EXPORT = "EXPORT"


class AlertKind(StrEnum):
    """What the data-protection officer is told of."""

    BULK = "BULK"
    NEIGHBOURS = "NEIGHBOURS"
    QUOTA = "QUOTA"
    BREAK_GLASS = "BREAK_GLASS"


class Entry(Model):
    """Somebody did something, in a role, for a unit or in a grid. `content` commits to it, until `salt` is taken away.

    `link` and `place` say where the chain has it. The tables are partitioned by month, by the time that ids begin with.
    """

    id = primary_key()
    at = fields.DatetimeField()
    account = fields.CharField(max_length=100, null=True)
    role = fields.CharField(max_length=60, null=True)
    unit: Any = fields.ForeignKeyField("units.UnitRow", null=True, related_name=False, on_delete=fields.RESTRICT)
    unit_id: int | None
    grid: Any = fields.ForeignKeyField("grids.GridRow", null=True, related_name=False, on_delete=fields.RESTRICT)
    grid_id: int | None
    salt = BytesField(null=True)
    content = BytesField()
    link = fields.BigIntField(null=True)
    place = fields.IntField(null=True)

    class Meta:
        abstract = True


VIA_PLUGIN = "plugin:"
"""Begins the mark among a look's fields that tells by which plugin's rows the people were found."""


class LookRow(Entry):
    """A look: one an operation and county, with all the people. Whoever is erased leaves a null, and the commitment."""

    # One look is an entry for each county, which have keys, officers and terms of their own.
    county: Any = fields.ForeignKeyField("grids.GridRow", null=True, related_name=False, on_delete=fields.RESTRICT)
    county_id: int | None

    kind = fields.CharEnumField(LookKind, max_length=11)
    operation = fields.CharField(max_length=100)
    purpose = fields.CharField(max_length=200)
    # Within this class `fields` is the module above.
    fields_ = ArrayField("text", source_field="fields")
    # Arrays, since a list of fifty would otherwise write fifty rows. Each person is committed to under a salt that is
    # made of their secret and the look's id; `salts`, by place, has those of people who were not on file.
    persons = ArrayField("uuid")
    salts = ArrayField("bytea")
    # By place, too, as soon as somebody is erased: who takes key and secret along leaves it, and the chain still holds.
    commitments = ArrayField("bytea")

    class Meta:
        schema = "access"
        table = "look"


class ActRow(Entry):
    """A mutation: which, on which objects (global ids), the codes of what was refused and the waivers. No values.

    `persons` are those it was done to; null for nobody.
    """

    mutation = fields.CharField(max_length=60)
    objects = ArrayField("text")
    codes = ArrayField("text")
    persons = ArrayField("uuid", null=True)
    salts = ArrayField("bytea", null=True)
    commitments = ArrayField("bytea", null=True)

    class Meta:
        schema = "access"
        table = "act"


class LinkRow(Model):
    """A batch of looks or acts, and the link of the chain that it becomes soon after."""

    # From the sequence `access.batch`, and what entries refer to. Of what an older version wrote it is the number, too.
    id = fields.BigIntField(primary_key=True, generated=False)
    kind = fields.CharField(max_length=4)
    at = fields.DatetimeField()
    count = fields.IntField()
    root = BytesField()
    hash = BytesField(null=True)
    # Given under the lock of the head: a sequence leaves holes, which would look like links that were taken out.
    number = fields.BigIntField(null=True)

    class Meta:
        schema = "access"
        table = "link"


class HeadRow(Model):
    """The chain's last link. One row, which whoever adds a link locks."""

    id = fields.IntField(primary_key=True, generated=False)
    number = fields.BigIntField()
    hash = BytesField()

    class Meta:
        schema = "access"
        table = "head"


class GlassRow(Model):
    """Somebody broke the glass over a file that is outside their scope, for a reason, for a short time."""

    id = primary_key()
    account = fields.CharField(max_length=100)
    person: Any = fields.ForeignKeyField(
        "people.PersonRow", related_name=False, on_delete=fields.CASCADE, db_index=True
    )
    person_id: Any
    reason = fields.CharField(max_length=500)
    at = fields.DatetimeField()
    # No job closes it: whoever looks through it is asked for the time.
    until = fields.DatetimeField()

    class Meta:
        schema = "access"
        table = "glass"


class AlertRow(Located):
    """Something in the use of personal data that somebody should look into; its grid is where the files lie."""

    id = primary_key()
    at = fields.DatetimeField()
    kind = fields.CharEnumField(AlertKind, max_length=11)
    account = fields.CharField(max_length=100)
    role = fields.CharField(max_length=60, null=True)
    count = fields.IntField()

    class Meta:
        schema = "access"
        table = "alert"
