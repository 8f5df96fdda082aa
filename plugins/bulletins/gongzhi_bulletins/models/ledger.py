"""Tables of the ledger of affairs: what a village has to publish, when, and what it published with two signatures."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from gongzhi.declare.columns import Located, primary_key
from tortoise import fields
from tortoise.models import Model

from .bulletins import PublishedFile


class AffairKind(StrEnum):
    """What sort of affair has to be published (Organic Law of Villagers' Committees, art. 30)."""

    GENERAL = "GENERAL"
    FINANCE = "FINANCE"
    MAJOR = "MAJOR"


class Rhythm(StrEnum):
    """How often an affair is published."""

    QUARTERLY = "QUARTERLY"
    MONTHLY = "MONTHLY"
    AT_ONCE = "AT_ONCE"


class DisclosureState(StrEnum):
    """Where the disclosure of a period stands."""

    DUE = "DUE"
    SIGNING = "SIGNING"
    PUBLISHED = "PUBLISHED"
    CORRECTED = "CORRECTED"


class Capital(StrEnum):
    """The three capitals of a village (三资)."""

    FUNDS = "FUNDS"
    ASSETS = "ASSETS"
    RESOURCES = "RESOURCES"


class FigureUnit(StrEnum):
    """What a figure counts."""

    YUAN = "YUAN"
    MU = "MU"
    SQUARE_METRE = "SQUARE_METRE"
    PIECE = "PIECE"


class AffairRow(Located):
    """Something that a village has to publish, once for each period or at once."""

    id = primary_key()
    kind = fields.CharEnumField(AffairKind, max_length=8)
    # Kept beside the kind: the law lets finance be quarterly or monthly.
    rhythm = fields.CharEnumField(Rhythm, max_length=9)
    title = fields.CharField(max_length=100)
    since = fields.DateField()
    # Of a major affair the day it happened: there is one disclosure of it.
    until = fields.DateField(null=True)
    declared_at = fields.DatetimeField()
    version = fields.IntField(default=1)

    class Meta:
        schema = "bulletins"
        table = "affair"


class DisclosureRow(Located):
    """What is published of an affair for one period, or has yet to be.

    Signatures are accounts, for they stand for offices. `round` grows when what was published is published anew.
    """

    id = primary_key()
    affair: Any = fields.ForeignKeyField("bulletins.AffairRow", related_name=False, on_delete=fields.CASCADE)
    affair_id: Any
    begins_on = fields.DateField()
    ends_on = fields.DateField()
    # As it was told when the period was over: a county that changes its days changes no term that runs.
    due_on = fields.DateField()
    round = fields.IntField(default=1)
    state = fields.CharEnumField(DisclosureState, max_length=9)
    text = fields.TextField(null=True)
    reason = fields.CharField(max_length=500, null=True)
    drafted_by = fields.CharField(max_length=100, null=True)
    # Who signed last; whoever signed an earlier wording is in the audit.
    committee_by = fields.CharField(max_length=100, null=True)
    committee_at = fields.DatetimeField(null=True)
    supervision_by = fields.CharField(max_length=100, null=True)
    supervision_at = fields.DatetimeField(null=True)
    published_at = fields.DatetimeField(null=True)
    # The day somebody was last told that it is owed, so that no day tells of it again.
    reminded_on = fields.DateField(null=True)
    bulletin: Any = fields.ForeignKeyField(
        "bulletins.BulletinRow", null=True, related_name=False, on_delete=fields.SET_NULL, db_index=True
    )
    bulletin_id: Any
    version = fields.IntField(default=1)

    class Meta:
        schema = "bulletins"
        table = "disclosure"
        unique_together = (("affair", "begins_on", "round"),)


class FigureRow(Located):
    """A line of the table of funds, assets and resources; what is left at the end follows from the rest."""

    id = primary_key()
    disclosure: Any = fields.ForeignKeyField("bulletins.DisclosureRow", related_name=False, on_delete=fields.CASCADE)
    disclosure_id: Any
    number = fields.SmallIntField()
    capital = fields.CharEnumField(Capital, max_length=9)
    name = fields.CharField(max_length=60)
    unit = fields.CharEnumField(FigureUnit, max_length=12)
    # To the fen: a table that does not add up to the last digit is asked about.
    opening = fields.DecimalField(max_digits=15, decimal_places=2)
    increase = fields.DecimalField(max_digits=15, decimal_places=2)
    decrease = fields.DecimalField(max_digits=15, decimal_places=2)

    class Meta:
        schema = "bulletins"
        table = "figure"
        unique_together = (("disclosure", "number"),)


class DisclosureFileRow(PublishedFile):
    """A file that is published with a disclosure: the vouchers, the minutes, the contract."""

    disclosure: Any = fields.ForeignKeyField(
        "bulletins.DisclosureRow", related_name=False, on_delete=fields.CASCADE, db_index=True
    )
    disclosure_id: Any

    class Meta:
        schema = "bulletins"
        table = "disclosure_file"


class QuestionRow(Model):
    """A case that asks about a bulletin."""

    id = primary_key()
    bulletin: Any = fields.ForeignKeyField(
        "bulletins.BulletinRow", related_name=False, on_delete=fields.CASCADE, db_index=True
    )
    bulletin_id: Any
    case: Any = fields.OneToOneField("cases.CaseRow", related_name=False, on_delete=fields.CASCADE)
    case_id: Any
    asked_at = fields.DatetimeField()

    class Meta:
        schema = "bulletins"
        table = "question"
