"""Tables of people's mediation (人民调解法): who, how long, what came of it, and whether it is kept."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from gongzhi.core.cases.models import SettlementLevel
from gongzhi.declare.columns import BytesField, primary_key
from tortoise import fields
from tortoise.models import Model

from .keys import KEPT, PERSONAL, of_matter


class MediationState(StrEnum):
    """Where a mediation stands."""

    REQUESTED = "REQUESTED"
    MEDIATING = "MEDIATING"
    AGREED = "AGREED"
    ENDED = "ENDED"


class MediationOutcome(StrEnum):
    """What came of it, as the official table counts it."""

    WRITTEN_AGREEMENT = "WRITTEN_AGREEMENT"
    ORAL_AGREEMENT = "ORAL_AGREEMENT"
    FAILED = "FAILED"
    WITHDRAWN = "WITHDRAWN"
    REFUSED = "REFUSED"
    REFERRED = "REFERRED"


class Referral(StrEnum):
    """Where the parties were told to go on."""

    COURT = "COURT"
    ARBITRATION = "ARBITRATION"
    POLICE = "POLICE"
    LEGAL_AID = "LEGAL_AID"


class Chooser(StrEnum):
    """Who chose a mediator (art. 19)."""

    PARTIES = "PARTIES"
    COMMITTEE = "COMMITTEE"


class Acting(StrEnum):
    """As what an adviser sits in a mediation."""

    MEDIATOR = "MEDIATOR"
    EXPERT = "EXPERT"


class DisputeTypeRow(Model):
    """A type of dispute, from a versioned table."""

    id = fields.IntField(primary_key=True)
    code = fields.CharField(max_length=40)
    name = fields.CharField(max_length=60)
    edition = fields.CharField(max_length=20)
    valid_to = fields.DateField(null=True)

    class Meta:
        schema = "legal"
        table = "dispute_type"
        unique_together = (("code", "edition"),)


class MediationRow(Model):
    """A mediation. `due_at` is when the term ends by the county's calendar, `extensions` the days it was moved by."""

    id = primary_key()
    matter: Any = of_matter()
    matter_id: Any
    # Set to null with the case: a mediation is the parties' own, and outlasts what it came from.
    case: Any = fields.ForeignKeyField("cases.CaseRow", null=True, db_index=True, related_name=False,
                                       on_delete=fields.SET_NULL)  # fmt: skip
    case_id: Any
    dispute_type: Any = fields.ForeignKeyField("legal.DisputeTypeRow", **KEPT)
    dispute_type_id: int
    facts: Any = BytesField(null=True)
    level = fields.CharEnumField(SettlementLevel, max_length=7)
    state = fields.CharEnumField(MediationState, max_length=9, default=MediationState.REQUESTED)
    requested_at = fields.DatetimeField()
    requested_by = fields.CharField(max_length=100, null=True)
    started_at = fields.DatetimeField(null=True)
    due_at = fields.DatetimeField()
    extensions: Any = fields.JSONField()
    ended_at = fields.DatetimeField(null=True)
    outcome = fields.CharEnumField(MediationOutcome, max_length=17, null=True)
    referred_to = fields.CharEnumField(Referral, max_length=11, null=True)
    reason: Any = BytesField(null=True)
    overdue_told_at = fields.DatetimeField(null=True)
    version = fields.IntField(default=1)

    class Meta:
        schema = "legal"
        table = "mediation"
        unique_together = (("matter",),)


class PartyRow(Model):
    """A party, or who speaks for one. Somebody who is not on file has a sealed name and number of their own."""

    id = primary_key()
    matter: Any = of_matter()
    matter_id: Any
    place = fields.SmallIntField()
    person: Any = fields.ForeignKeyField("people.PersonRow", db_index=True, **PERSONAL)
    person_id: Any
    name: Any = BytesField(null=True)
    phone: Any = BytesField(null=True)
    represents: Any = fields.ForeignKeyField("legal.PartyRow", null=True, **KEPT)
    represents_id: Any
    acknowledged_at = fields.DatetimeField(null=True)
    # By law nothing begins before everybody has agreed (People's Mediation Law 17): this is that they have.
    joined_at = fields.DatetimeField(null=True)
    recorded_by = fields.CharField(max_length=100, null=True)

    class Meta:
        schema = "legal"
        table = "party"
        unique_together = (("matter", "place"),)


class MediatorRow(Model):
    """An adviser in a mediation, and at which level."""

    id = primary_key()
    matter: Any = of_matter()
    matter_id: Any
    adviser: Any = fields.ForeignKeyField("legal.AdviserRow", db_index=True, **KEPT)
    adviser_id: Any
    acting = fields.CharEnumField(Acting, max_length=8, default=Acting.MEDIATOR)
    chosen_by = fields.CharEnumField(Chooser, max_length=9)
    level = fields.CharEnumField(SettlementLevel, max_length=7)
    since = fields.DatetimeField()
    until = fields.DatetimeField(null=True)

    class Meta:
        schema = "legal"
        table = "mediator"


class SessionRow(Model):
    """A meeting, and its minutes."""

    id = primary_key()
    matter: Any = of_matter()
    matter_id: Any
    at = fields.DatetimeField()
    place: Any = BytesField()
    minutes: Any = BytesField()
    account = fields.CharField(max_length=100)

    class Meta:
        schema = "legal"
        table = "session"
