"""Tables of appraisals: indicators, scorecards, panels, and what they found. Scores are hundredths."""

from __future__ import annotations

from enum import StrEnum
from typing import Any
from uuid import uuid4

from gongzhi.declare.columns import Located, primary_key
from tortoise import fields
from tortoise.models import Model

FOREVER: Any = {"related_name": False, "on_delete": fields.RESTRICT}
PERSONAL: Any = {"related_name": False, "on_delete": fields.SET_NULL, "null": True, "db_index": True}
OWNED: Any = {"related_name": False, "on_delete": fields.CASCADE, "db_index": True}


class Governance(StrEnum):
    """Of the three governances, which one conduct belongs to."""

    SELF = "SELF"
    LAW = "LAW"
    VIRTUE = "VIRTUE"


class ModelState(StrEnum):
    """Where a version of a scorecard stands."""

    PROPOSED = "PROPOSED"
    ADOPTED = "ADOPTED"
    RETIRED = "RETIRED"


class AppraisalState(StrEnum):
    """Where an appraisal stands."""

    REQUESTED = "REQUESTED"
    SITTING = "SITTING"
    IN_REVIEW = "IN_REVIEW"
    CONCLUDED = "CONCLUDED"
    DISPUTED = "DISPUTED"
    WITHDRAWN = "WITHDRAWN"


class SeatState(StrEnum):
    """What came of a seat on a panel."""

    DRAWN = "DRAWN"
    EXCUSED = "EXCUSED"
    SCORED = "SCORED"


class ObjectionState(StrEnum):
    """Where an objection stands."""

    OPEN = "OPEN"
    UPHELD = "UPHELD"
    DISMISSED = "DISMISSED"


class IndicatorRow(Model):
    """Something of a person's own conduct that can be verified; what may not be looked at is not in the table."""

    id = fields.IntField(primary_key=True)
    code = fields.CharField(max_length=40, unique=True)
    name = fields.CharField(max_length=60)
    governance = fields.CharEnumField(Governance, max_length=6)
    description = fields.CharField(max_length=300)

    class Meta:
        schema = "credit"
        table = "indicator"


class ModelRow(Located):
    """A version of a scorecard: weights of indicators that sum to 100, and the scores from which grades begin."""

    id = primary_key()
    code = fields.CharField(max_length=24)
    version = fields.IntField()
    title = fields.CharField(max_length=100)
    weights: Any = fields.JSONField()
    bands: Any = fields.JSONField()
    months = fields.SmallIntField(default=12)
    seats = fields.SmallIntField(default=7)
    quorum = fields.SmallIntField(default=5)
    state = fields.CharEnumField(ModelState, max_length=8, default=ModelState.PROPOSED)
    starts_on = fields.DateField()
    ends_on = fields.DateField(null=True)
    resolution: Any = fields.ForeignKeyField("resolutions.ResolutionRow", null=True, **FOREVER)
    resolution_id: Any
    proposed_at = fields.DatetimeField()
    account = fields.CharField(max_length=100)

    class Meta:
        schema = "credit"
        table = "model"
        unique_together = (("code", "version"),)


class PanelistRow(Located):
    """Somebody the assembly put into the pool that moral review panels are drawn from (道德评判团成员库)."""

    id = primary_key()
    person: Any = fields.ForeignKeyField("people.PersonRow", **OWNED)
    person_id: Any
    since = fields.DateField()
    until = fields.DateField(null=True)
    account = fields.CharField(max_length=100)

    class Meta:
        schema = "credit"
        table = "panelist"


class AppraisalRow(Located):
    """What a panel found of somebody who asked for it. What it was found from is frozen in it."""

    id = primary_key()
    person: Any = fields.ForeignKeyField("people.PersonRow", **PERSONAL)
    person_id: Any
    model: Any = fields.ForeignKeyField("credit.ModelRow", db_index=True, **FOREVER)
    model_id: Any
    state = fields.CharEnumField(AppraisalState, max_length=9, default=AppraisalState.REQUESTED)
    score = fields.IntField(null=True)
    grade = fields.CharField(max_length=4, null=True)
    contributions: Any = fields.JSONField(default=list)
    counterfactual: Any = fields.JSONField(default=list)
    decision_id = fields.UUIDField(null=True)
    requested_at = fields.DatetimeField()
    concluded_at = fields.DatetimeField(null=True)
    valid_until = fields.DateField(null=True)
    published = fields.BooleanField(default=False)
    version = fields.IntField(default=1)

    class Meta:
        schema = "credit"
        table = "appraisal"


class PanelRow(Model):
    """A panel drawn by lot: whoever knows the seed and the pool can draw it again."""

    id = primary_key()
    appraisal: Any = fields.ForeignKeyField("credit.AppraisalRow", **OWNED)
    appraisal_id: Any
    round = fields.SmallIntField()
    seats = fields.SmallIntField()
    quorum = fields.SmallIntField()
    pool = fields.IntField()
    seed = fields.CharField(max_length=64)
    drawn_at = fields.DatetimeField()
    closed_at = fields.DatetimeField(null=True)
    minutes = fields.CharField(max_length=4000, null=True)
    account = fields.CharField(max_length=100)

    class Meta:
        schema = "credit"
        table = "panel"
        unique_together = (("appraisal", "round"),)


class SeatRow(Model):
    """Who sits on a panel, and whether they have scored; never what."""

    id = primary_key()
    panel: Any = fields.ForeignKeyField("credit.PanelRow", **OWNED)
    panel_id: Any
    panelist: Any = fields.ForeignKeyField("credit.PanelistRow", **OWNED)
    panelist_id: Any
    place = fields.IntField()
    state = fields.CharEnumField(SeatState, max_length=7, default=SeatState.DRAWN)

    class Meta:
        schema = "credit"
        table = "seat"
        unique_together = (("panel", "panelist"),)


class SheetRow(Model):
    """One score of one indicator, and not whose: keys are random, and rows are written anew, shuffled, at closing."""

    id = fields.UUIDField(primary_key=True, default=uuid4)
    panel: Any = fields.ForeignKeyField("credit.PanelRow", **OWNED)
    panel_id: Any
    indicator: Any = fields.ForeignKeyField("credit.IndicatorRow", **FOREVER)
    indicator_id: int
    value = fields.SmallIntField()

    class Meta:
        schema = "credit"
        table = "sheet"


class ObjectionRow(Model):
    """Somebody objects to their appraisal; another panel looks again."""

    id = primary_key()
    appraisal: Any = fields.ForeignKeyField("credit.AppraisalRow", **OWNED)
    appraisal_id: Any
    reason = fields.CharField(max_length=2000)
    state = fields.CharEnumField(ObjectionState, max_length=9, default=ObjectionState.OPEN)
    raised_at = fields.DatetimeField()
    decide_by = fields.DateField()
    answer = fields.CharField(max_length=2000, null=True)
    decided_at = fields.DatetimeField(null=True)

    class Meta:
        schema = "credit"
        table = "objection"
