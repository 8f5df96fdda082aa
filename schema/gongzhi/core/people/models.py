"""Models: the tables of persons and households; beside each sealed value lie its mask and a blind index."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.models import Model

from gongzhi.declare.columns import BytesField, Located, primary_key


class Gender(StrEnum):
    """As the resident ID card has it."""

    FEMALE = "FEMALE"
    MALE = "MALE"
    UNKNOWN = "UNKNOWN"


class ResidenceKind(StrEnum):
    """How somebody lives here."""

    RESIDENT = "RESIDENT"
    REGISTERED = "REGISTERED"
    FLOATING = "FLOATING"


class Relation(StrEnum):
    """What a member is to the head of the household."""

    HEAD = "HEAD"
    SPOUSE = "SPOUSE"
    CHILD = "CHILD"
    PARENT = "PARENT"
    GRANDCHILD = "GRANDCHILD"
    GRANDPARENT = "GRANDPARENT"
    SIBLING = "SIBLING"
    OTHER = "OTHER"


class Tier(StrEnum):
    """How a household is served."""

    LIANXIN = "LIANXIN"
    GUANXIN = "GUANXIN"
    FANGXIN = "FANGXIN"
    UNCLASSIFIED = "UNCLASSIFIED"


class IncomeBand(StrEnum):
    """Where the household stands to the village's mean income; confirmed by the village, with consent."""

    BELOW_MEAN = "BELOW_MEAN"
    ABOVE_MEAN = "ABOVE_MEAN"
    UNKNOWN = "UNKNOWN"


class Line(StrEnum):
    """By which line somebody keeps in touch: one of the three, or as the cadre who helps the household."""

    PARTY_MEMBER = "PARTY_MEMBER"
    DEPUTY = "DEPUTY"
    CENTER_HOUSEHOLD = "CENTER_HOUSEHOLD"
    CADRE = "CADRE"


class Need(StrEnum):
    """A wish for service that a household declares or accepts. Not a diagnosis, not a label."""

    VISIT = "VISIT"
    TRANSPORT = "TRANSPORT"
    ERRANDS = "ERRANDS"
    HOME_CARE = "HOME_CARE"
    CHILD_COMPANY = "CHILD_COMPANY"
    ACCESSIBLE_SERVICE = "ACCESSIBLE_SERVICE"
    JOB_HELP = "JOB_HELP"
    LEGAL_HELP = "LEGAL_HELP"


class Duty(StrEnum):
    """What somebody is responsible for in a grid."""

    GRID_LEADER = "GRID_LEADER"
    GRID_WORKER = "GRID_WORKER"


class PhoneKind(StrEnum):
    """What a number rings."""

    MOBILE = "MOBILE"
    LANDLINE = "LANDLINE"


class BatchRow(Model):
    """One import, so that it can be undone as a whole."""

    id = primary_key()
    kind = fields.CharField(max_length=20)
    file = fields.CharField(max_length=200)
    account = fields.CharField(max_length=100)
    at = fields.DatetimeField()
    added = fields.IntField(default=0)
    undone_at = fields.DatetimeField(null=True)

    class Meta:
        schema = "people"
        table = "batch"


class PersonRow(Located):
    """A person. `data_key` is the person's own key, wrapped; destroying it destroys every sealed value.

    A restricted person is seen by themselves and by whoever watches over personal data, and by no other staff.
    An erased one is a key that facts still refer to, and nothing else.
    """

    id = primary_key()
    name = fields.CharField(max_length=100)
    gender = fields.CharEnumField(Gender, max_length=7, default=Gender.UNKNOWN)
    birth_date = fields.DateField(null=True)
    residence = fields.CharEnumField(ResidenceKind, max_length=10)
    needs = ArrayField("text", default=list)
    # Null once the person is erased: nobody can open what lies sealed beside it, in back-ups either.
    data_key = BytesField(null=True)
    resident_id_sealed = BytesField(null=True)
    # The last two characters: with region and birth date known, more would be the whole number. A constraint holds it.
    resident_id_mask = fields.CharField(max_length=20, null=True)
    # Not unique: two people may claim one number until an office has found out whose it is.
    resident_id_blind = BytesField(null=True)
    contested_at = fields.DatetimeField(null=True)
    """Since when somebody else in the county has this resident ID as well, and an office is to find out whose it is."""
    # By which import somebody came, so that it can be undone.
    batch: Any = fields.ForeignKeyField("people.BatchRow", null=True, related_name=False, on_delete=fields.RESTRICT)
    created_at = fields.DatetimeField()
    died_on = fields.DateField(null=True)
    restricted_at = fields.DatetimeField(null=True)
    erased_at = fields.DatetimeField(null=True)
    version = fields.IntField(default=1)

    class Meta:
        schema = "people"
        table = "person"


class PhoneRow(Model):
    """A number of a person, the first by rank."""

    id = primary_key()
    person: Any = fields.ForeignKeyField("people.PersonRow", related_name=False, on_delete=fields.CASCADE)
    person_id: Any
    kind = fields.CharEnumField(PhoneKind, max_length=8)
    rank = fields.SmallIntField(default=1)
    sealed = BytesField(null=True)
    mask = fields.CharField(max_length=20)
    blind = BytesField(null=True)

    class Meta:
        schema = "people"
        table = "phone"


class HouseholdRow(Located):
    """A household. `tier` and `visit_due_on` follow from the last decision and the last visit."""

    id = primary_key()
    number = fields.CharField(max_length=40, unique=True)
    address = fields.CharField(max_length=200)
    head: Any = fields.ForeignKeyField(
        "people.PersonRow", null=True, related_name=False, on_delete=fields.RESTRICT, db_index=True
    )
    head_id: Any
    needs = ArrayField("text", default=list)
    income_band = fields.CharEnumField(IncomeBand, max_length=10, default=IncomeBand.UNKNOWN)
    income_confirmed_on = fields.DateField(null=True)
    # A copy of the last decision, for lists to filter by; why it is so stands with the decision.
    tier = fields.CharEnumField(Tier, max_length=12, default=Tier.UNCLASSIFIED)
    # Never null, since lists are ordered by it: `infinity` where no visit is due.
    visit_due_on = fields.DateField()
    batch: Any = fields.ForeignKeyField("people.BatchRow", null=True, related_name=False, on_delete=fields.RESTRICT)
    created_at = fields.DatetimeField()
    version = fields.IntField(default=1)

    class Meta:
        schema = "people"
        table = "household"


class MembershipRow(Model):
    """Who belongs to a household, as what, from when to when."""

    id = primary_key()
    household: Any = fields.ForeignKeyField(
        "people.HouseholdRow", related_name=False, on_delete=fields.CASCADE, db_index=True
    )
    household_id: Any
    person: Any = fields.ForeignKeyField(
        "people.PersonRow", related_name=False, on_delete=fields.CASCADE, db_index=True
    )
    person_id: Any
    relation = fields.CharEnumField(Relation, max_length=11)
    since = fields.DateField()
    until = fields.DateField(null=True)

    class Meta:
        schema = "people"
        table = "membership"


class AwardRow(Model):
    """An award to a household for a year, such as 平安家庭."""

    id = primary_key()
    household: Any = fields.ForeignKeyField("people.HouseholdRow", related_name=False, on_delete=fields.CASCADE)
    household_id: Any
    kind = fields.CharField(max_length=40)
    year = fields.SmallIntField()

    class Meta:
        schema = "people"
        table = "award"
        unique_together = (("household", "kind", "year"),)


class TierRow(Model):
    """A decision on a household's tier: the rule's version, its frozen inputs, what each of them said.

    `account` is whoever changed an input, or decided on review. `rights.trace` shows these rows as decisions.
    """

    id = primary_key()
    household: Any = fields.ForeignKeyField(
        "people.HouseholdRow", related_name=False, on_delete=fields.CASCADE, db_index=True
    )
    household_id: Any
    tier = fields.CharEnumField(Tier, max_length=12)
    rule = fields.CharField(max_length=40)
    # As they were then: a decision is explained by what was known, not by what is known now.
    inputs: Any = fields.JSONField()
    reasons: Any = fields.JSONField()
    decided_at = fields.DatetimeField()
    review_on = fields.DateField()
    account = fields.CharField(max_length=100, null=True)

    class Meta:
        schema = "people"
        table = "tier"


class VisitRow(Located):
    """A visit to a household: when, by whom, what was said. Never a track."""

    id = primary_key()
    household: Any = fields.ForeignKeyField("people.HouseholdRow", related_name=False, on_delete=fields.RESTRICT)
    household_id: Any
    visitor: Any = fields.ForeignKeyField(
        "people.PersonRow", null=True, related_name=False, on_delete=fields.RESTRICT, db_index=True
    )
    visitor_id: Any
    at = fields.DatetimeField()
    note = fields.TextField()
    recorded_at = fields.DatetimeField()
    account = fields.CharField(max_length=100)

    class Meta:
        schema = "people"
        table = "visit"


class LiaisonRow(Model):
    """A published office, held by consent: who keeps in touch with a household, by which line."""

    id = primary_key()
    line = fields.CharEnumField(Line, max_length=16)
    person: Any = fields.ForeignKeyField(
        "people.PersonRow", related_name=False, on_delete=fields.RESTRICT, db_index=True
    )
    person_id: Any
    household: Any = fields.ForeignKeyField(
        "people.HouseholdRow", related_name=False, on_delete=fields.CASCADE, db_index=True
    )
    household_id: Any
    since = fields.DateField()
    until = fields.DateField(null=True)

    class Meta:
        schema = "people"
        table = "liaison"


class PostRow(Model):
    """Who holds a duty in a grid, from when to when. The duty phone is published by consent."""

    id = primary_key()
    grid: Any = fields.ForeignKeyField("grids.GridRow", related_name=False, on_delete=fields.CASCADE, db_index=True)
    grid_id: int
    duty = fields.CharEnumField(Duty, max_length=11)
    person: Any = fields.ForeignKeyField(
        "people.PersonRow", related_name=False, on_delete=fields.RESTRICT, db_index=True
    )
    person_id: Any
    # In clear: it is the number of an office, and published.
    duty_phone = fields.CharField(max_length=20, null=True)
    since = fields.DateField()
    until = fields.DateField(null=True)

    class Meta:
        schema = "people"
        table = "post"
