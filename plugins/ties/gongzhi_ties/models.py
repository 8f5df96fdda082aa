"""Models: the tables of links of help and of what was done in them."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from gongzhi.core.accounts.models import NAME
from gongzhi.declare.columns import Located, primary_key
from tortoise import fields
from tortoise.models import Model

TEXT = 2_000
"""The most characters of what was done."""
KEPT: dict[str, Any] = {"related_name": False, "on_delete": fields.RESTRICT}
LET_GO: dict[str, Any] = {"null": True, "related_name": False, "on_delete": fields.SET_NULL, "db_index": True}


class TieKind(StrEnum):
    """Who is linked with whom."""

    LEADER_TOWN = "LEADER_TOWN"
    UNIT_VILLAGE = "UNIT_VILLAGE"
    CADRE_HOUSEHOLD = "CADRE_HOUSEHOLD"
    VILLAGE_VILLAGE = "VILLAGE_VILLAGE"
    UNIT_COMMUNITY = "UNIT_COMMUNITY"


OF_PERSONS = (TieKind.LEADER_TOWN, TieKind.CADRE_HOUSEHOLD)
"""Links in which a person helps, who is asked; in the others a unit does."""


class TieState(StrEnum):
    """Where a link stands."""

    PROPOSED = "PROPOSED"
    ACTIVE = "ACTIVE"
    DECLINED = "DECLINED"
    ENDED = "ENDED"


class DeedKind(StrEnum):
    """What sort of thing was done."""

    VISIT = "VISIT"
    FUNDS = "FUNDS"
    GOODS = "GOODS"
    PROJECT = "PROJECT"
    TRAINING = "TRAINING"
    JOBS = "JOBS"
    SALES = "SALES"
    OTHER = "OTHER"


class TieRow(Located):
    """A link of help: a person or a unit helps a place or a household, once both have agreed, and until a day.

    It lies in the grid that is helped, of a household in the household's.
    """

    id = primary_key()
    kind = fields.CharEnumField(TieKind, max_length=15)
    state = fields.CharEnumField(TieState, max_length=8, default=TieState.PROPOSED)
    # Who helps: a leader or cadre, whose office alone is left when they go, or a unit, which a strong village has, too.
    person: Any = fields.ForeignKeyField("people.PersonRow", **LET_GO)
    person_id: Any
    office = fields.CharField(max_length=60, null=True)
    unit: Any = fields.ForeignKeyField("units.UnitRow", null=True, db_index=True, **KEPT)
    unit_id: Any
    household: Any = fields.ForeignKeyField("people.HouseholdRow", **LET_GO)
    household_id: Any
    # The core's own record of who keeps in touch with the household: by it the helper sees the household.
    liaison: Any = fields.ForeignKeyField("people.LiaisonRow", **LET_GO)
    liaison_id: Any
    proposed_at = fields.DatetimeField()
    helper_agreed_at = fields.DatetimeField(null=True)
    helper_agreed_by = fields.CharField(max_length=NAME, null=True)
    helped_agreed_at = fields.DatetimeField(null=True)
    helped_agreed_by = fields.CharField(max_length=NAME, null=True)
    # The day on which both had agreed; null until then, and for ever if they did not.
    since = fields.DateField(null=True)
    ends_on = fields.DateField()
    until = fields.DateField(null=True)
    version = fields.IntField(default=1)

    class Meta:
        schema = "ties"
        table = "tie"


class DeedRow(Model):
    """Something that was done in a link: a fact with its day, and no score."""

    id = primary_key()
    tie: Any = fields.ForeignKeyField("ties.TieRow", related_name=False, on_delete=fields.CASCADE)
    tie_id: Any
    kind = fields.CharEnumField(DeedKind, max_length=8)
    day = fields.DateField()
    text = fields.CharField(max_length=TEXT)
    case: Any = fields.ForeignKeyField("cases.CaseRow", **LET_GO)
    case_id: Any
    recorded_at = fields.DatetimeField()
    account = fields.CharField(max_length=NAME, null=True)
    # What was wrong, or said too much, is read no more; that there was something stays.
    withdrawn_at = fields.DatetimeField(null=True)

    class Meta:
        schema = "ties"
        table = "deed"
