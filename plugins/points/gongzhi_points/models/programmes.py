"""Tables of programmes of points: who runs them, acts and rules."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from gongzhi.declare.columns import Located, primary_key
from tortoise import fields
from tortoise.models import Model

from .keys import FOREVER
from .ledger import AccountKind


class Unit(StrEnum):
    """What a programme counts in."""

    POINT = "POINT"
    CIVILITY_COIN = "CIVILITY_COIN"


class Period(StrEnum):
    """What a cap is for."""

    DAY = "DAY"
    WEEK = "WEEK"
    MONTH = "MONTH"
    QUARTER = "QUARTER"
    YEAR = "YEAR"


class Proof(StrEnum):
    """What somebody has to bring with a claim."""

    NONE = "NONE"
    TEXT = "TEXT"
    PHOTO = "PHOTO"


class Approver(StrEnum):
    """Who decides on a claim."""

    GRID_WORKER = "GRID_WORKER"
    PEERS = "PEERS"


class Recorder(StrEnum):
    """Who may claim that an act was done."""

    RESIDENT = "RESIDENT"
    GRID_WORKER = "GRID_WORKER"


class RuleState(StrEnum):
    """Where a version of a rule stands."""

    PROPOSED = "PROPOSED"
    ADOPTED = "ADOPTED"
    ENDED = "ENDED"


class ProgrammeRow(Located):
    """A points programme of a village, town or county; it covers the grid and all that is below."""

    id = primary_key()
    code = fields.CharField(max_length=40, unique=True)
    name = fields.CharField(max_length=100)
    unit = fields.CharEnumField(Unit, max_length=13, default=Unit.POINT)
    lasts_months = fields.SmallIntField(null=True)
    warn_days = fields.SmallIntField(default=30)
    code_minutes = fields.IntField(default=30)
    settle_days = fields.SmallIntField(default=7)
    starts_on = fields.DateField()
    ends_on = fields.DateField(null=True)
    version = fields.IntField(default=1)

    class Meta:
        schema = "points"
        table = "programme"


class ActRow(Model):
    """A version of something that may earn points: a verifiable act, a standard one or a county's own.

    A version never changes but for its end. A rule stays with the version it was proposed under.
    """

    id = fields.IntField(primary_key=True)
    county: Any = fields.ForeignKeyField("grids.GridRow", null=True, **FOREVER)
    county_id: int | None
    code = fields.CharField(max_length=40)
    version = fields.IntField(default=1)
    name = fields.CharField(max_length=60)
    name_en = fields.CharField(max_length=60)
    description = fields.CharField(max_length=200)
    least = fields.IntField()
    most = fields.IntField()
    proof = fields.CharEnumField(Proof, max_length=5)
    recorder = fields.CharEnumField(Recorder, max_length=11)
    starts_on = fields.DateField()
    ends_on = fields.DateField(null=True)
    account = fields.CharField(max_length=100, null=True)

    class Meta:
        schema = "points"
        table = "act"


class RuleRow(Model):
    """One version of a rule: what an act or an event earns. Once adopted it is never changed, only ended."""

    id = primary_key()
    programme: Any = fields.ForeignKeyField("points.ProgrammeRow", **FOREVER)
    programme_id: Any
    code = fields.CharField(max_length=40)
    version = fields.IntField()
    title = fields.CharField(max_length=100)
    text = fields.CharField(max_length=2000)
    act: Any = fields.ForeignKeyField("points.ActRow", null=True, **FOREVER)
    act_id: int | None
    event = fields.CharField(max_length=60, null=True)
    amount = fields.IntField()
    beneficiary = fields.CharEnumField(AccountKind, max_length=9, default=AccountKind.PERSON)
    cap = fields.IntField(null=True)
    period = fields.CharEnumField(Period, max_length=7, default=Period.MONTH)
    cooldown_days = fields.SmallIntField(default=0)
    proof = fields.CharEnumField(Proof, max_length=5, default=Proof.TEXT)
    approver = fields.CharEnumField(Approver, max_length=11, default=Approver.GRID_WORKER)
    peers = fields.SmallIntField(default=3)
    decide_days = fields.SmallIntField(default=7)
    objection_days = fields.SmallIntField(default=15)
    state = fields.CharEnumField(RuleState, max_length=8, default=RuleState.PROPOSED)
    starts_on = fields.DateField()
    ends_on = fields.DateField(null=True)
    proposed_at = fields.DatetimeField()
    account = fields.CharField(max_length=100)
    resolution: Any = fields.ForeignKeyField("resolutions.ResolutionRow", null=True, **FOREVER)
    resolution_id: Any

    class Meta:
        schema = "points"
        table = "rule"
        unique_together = (("programme", "code", "version"),)
