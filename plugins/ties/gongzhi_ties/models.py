"""Models: the tables of links of help, deputies and what they hear, social organisations and volunteers."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from gongzhi.core.accounts.models import NAME
from gongzhi.declare.columns import Located, primary_key
from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField
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
    # With `kind` it is said which of the columns for the two sides have something.
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
    # By its name and without a foreign key, as everywhere: accounts of other identity providers have no row.
    helper_agreed_at = fields.DatetimeField(null=True)
    helper_agreed_by = fields.CharField(max_length=NAME, null=True)
    helped_agreed_at = fields.DatetimeField(null=True)
    helped_agreed_by = fields.CharField(max_length=NAME, null=True)
    # The day on which both had agreed; null until then, and for ever if they did not.
    since = fields.DateField(null=True)
    ends_on = fields.DateField()
    # When it ended, be it before its day or on it.
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
    # The case goes when its time is over, and what was done stays.
    case: Any = fields.ForeignKeyField("cases.CaseRow", **LET_GO)
    case_id: Any
    recorded_at = fields.DatetimeField()
    account = fields.CharField(max_length=NAME, null=True)
    # What was wrong, or said too much, is read no more; that there was something stays.
    withdrawn_at = fields.DatetimeField(null=True)

    class Meta:
        schema = "ties"
        table = "deed"


class DeputyLevel(StrEnum):
    """Of which congress somebody is a deputy."""

    NATIONAL = "NATIONAL"
    PROVINCE = "PROVINCE"
    CITY = "CITY"
    COUNTY = "COUNTY"
    TOWNSHIP = "TOWNSHIP"


class StationRow(Located):
    """A liaison station, where deputies are met."""

    id = primary_key()
    name = fields.CharField(max_length=100)
    address = fields.CharField(max_length=200)
    opened_on = fields.DateField()
    # The row stays, for what was heard there names it.
    closed_on = fields.DateField(null=True)
    version = fields.IntField(default=1)

    class Meta:
        schema = "ties"
        table = "station"


class DeputyRow(Located):
    """Somebody's term as a deputy, in the place that they represent."""

    id = primary_key()
    person: Any = fields.ForeignKeyField("people.PersonRow", **LET_GO)
    person_id: Any
    level = fields.CharEnumField(DeputyLevel, max_length=8)
    # In words: constituencies are drawn anew for each congress, and are no grids.
    constituency = fields.CharField(max_length=60)
    station: Any = fields.ForeignKeyField("ties.StationRow", **LET_GO)
    station_id: Any
    since = fields.DateField()
    ends_on = fields.DateField()
    # Null unless it ended early: whether somebody is in office is asked of the day, and no job has to say so.
    until = fields.DateField(null=True)
    version = fields.IntField(default=1)

    class Meta:
        schema = "ties"
        table = "deputy"


class ReceptionState(StrEnum):
    """Where a reception day stands."""

    ANNOUNCED = "ANNOUNCED"
    HELD = "HELD"
    CANCELLED = "CANCELLED"


class ReceptionRow(Located):
    """A day on which deputies hear voters at a station."""

    id = primary_key()
    station: Any = fields.ForeignKeyField("ties.StationRow", db_index=True, **KEPT)
    station_id: Any
    starts_at = fields.DatetimeField()
    ends_at = fields.DatetimeField()
    state = fields.CharEnumField(ReceptionState, max_length=9, default=ReceptionState.ANNOUNCED)
    # A number and no list: nobody who comes is written down for it.
    visitors = fields.IntField(null=True)
    reason = fields.CharField(max_length=500, null=True)
    version = fields.IntField(default=1)

    class Meta:
        schema = "ties"
        table = "reception"


class ReceiverRow(Model):
    """That a deputy hears voters on a reception day."""

    id = primary_key()
    reception: Any = fields.ForeignKeyField("ties.ReceptionRow", related_name=False, on_delete=fields.CASCADE)
    reception_id: Any
    deputy: Any = fields.ForeignKeyField("ties.DeputyRow", db_index=True, **KEPT)
    deputy_id: Any

    class Meta:
        schema = "ties"
        table = "receiver"
        unique_together = (("reception", "deputy"),)


class HeardRow(Located):
    """Something that a voter asked for: it is a proposal of the deputy's or a case, which has its words."""

    id = primary_key()
    reception: Any = fields.ForeignKeyField("ties.ReceptionRow", db_index=True, **KEPT)
    reception_id: Any
    deputy: Any = fields.ForeignKeyField("ties.DeputyRow", db_index=True, **KEPT)
    deputy_id: Any
    # Null for who gave no name.
    person: Any = fields.ForeignKeyField("people.PersonRow", **LET_GO)
    person_id: Any
    suggestion: Any = fields.ForeignKeyField("party.SuggestionRow", **LET_GO)
    suggestion_id: Any
    case: Any = fields.ForeignKeyField("cases.CaseRow", **LET_GO)
    case_id: Any
    heard_at = fields.DatetimeField()
    account = fields.CharField(max_length=NAME, null=True)
    # What the asker makes of the reply to a proposal; a case they rate itself.
    satisfied = fields.BooleanField(null=True)
    said_at = fields.DatetimeField(null=True)

    class Meta:
        schema = "ties"
        table = "heard"


class OrganisationKind(StrEnum):
    """What sort of social organisation it is."""

    ASSOCIATION = "ASSOCIATION"
    FOUNDATION = "FOUNDATION"
    SERVICE = "SERVICE"


class OrganisationRow(Located):
    """A social organisation, in the place where it is registered."""

    id = primary_key()
    # In upper case, as its check has it: two spellings would be two organisations.
    uscc = fields.CharField(max_length=18)
    name = fields.CharField(max_length=100)
    kind = fields.CharEnumField(OrganisationKind, max_length=11)
    purpose = fields.CharField(max_length=500)
    unit: Any = fields.ForeignKeyField("units.UnitRow", db_index=True, **KEPT)
    unit_id: int
    registered_on = fields.DateField()
    # The row stays: what it was paid for is read by whoever asks.
    deregistered_on = fields.DateField(null=True)
    version = fields.IntField(default=1)

    class Meta:
        schema = "ties"
        table = "organisation"


class ServedRow(Located):
    """That a social organisation serves a grid."""

    id = primary_key()
    organisation: Any = fields.ForeignKeyField("ties.OrganisationRow", related_name=False, on_delete=fields.CASCADE)
    organisation_id: Any

    class Meta:
        schema = "ties"
        table = "served"
        unique_together = (("organisation", "grid"),)


class Skill(StrEnum):
    """What a volunteer says they can do."""

    FIRST_AID = "FIRST_AID"
    CARE = "CARE"
    TEACHING = "TEACHING"
    LAW = "LAW"
    REPAIR = "REPAIR"
    DRIVING = "DRIVING"
    FARMING = "FARMING"
    ARTS = "ARTS"
    RESCUE = "RESCUE"
    ERRANDS = "ERRANDS"


class VolunteerRow(Located):
    """Somebody who wants to be asked for help, where they live. Whoever leaves is here no longer."""

    id = primary_key()
    person: Any = fields.ForeignKeyField("people.PersonRow", related_name=False, on_delete=fields.CASCADE, unique=True)
    person_id: Any
    # Codes and no words: what somebody writes of themselves would be a file.
    skills: Any = ArrayField("text", default=list)
    since = fields.DateField()

    class Meta:
        schema = "ties"
        table = "volunteer"


class PurchaseState(StrEnum):
    """Where a purchased service stands."""

    AGREED = "AGREED"
    DELIVERED = "DELIVERED"
    ACCEPTED = "ACCEPTED"
    CANCELLED = "CANCELLED"


class PurchaseRow(Located):
    """A service that a unit buys of a social organisation: what, from when to when, and for how much."""

    id = primary_key()
    organisation: Any = fields.ForeignKeyField("ties.OrganisationRow", db_index=True, **KEPT)
    organisation_id: Any
    unit: Any = fields.ForeignKeyField("units.UnitRow", db_index=True, **KEPT)
    unit_id: int
    title = fields.CharField(max_length=200)
    since = fields.DateField()
    ends_on = fields.DateField()
    # Whole fen, so that sums are sums.
    amount_fen = fields.BigIntField()
    state = fields.CharEnumField(PurchaseState, max_length=9, default=PurchaseState.AGREED)
    recorded_at = fields.DatetimeField()
    # What came of it; of one that was cancelled, why.
    result = fields.CharField(max_length=TEXT, null=True)
    delivered_at = fields.DatetimeField(null=True)
    delivered_by = fields.CharField(max_length=NAME, null=True)
    # By another person than that; the database refuses the same account, and the command what else connects them.
    accepted_at = fields.DatetimeField(null=True)
    accepted_by = fields.CharField(max_length=NAME, null=True)
    version = fields.IntField(default=1)

    class Meta:
        schema = "ties"
        table = "purchase"
