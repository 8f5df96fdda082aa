"""Models: the tables of sites, checklists, inspections, and the hazards that these find."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from gongzhi.core.accounts.models import NAME
from gongzhi.declare.columns import BytesField, Located, primary_key
from tortoise import fields
from tortoise.models import Model

CODE, TEXT = 24, 2_000
"""The most characters of a trade's or an item's code, and of what is said of a hazard."""


class HazardLevel(StrEnum):
    """How grave a hazard is."""

    ORDINARY = "ORDINARY"
    MAJOR = "MAJOR"


class Finding(StrEnum):
    """What an inspection found of an item."""

    MET = "MET"
    NOT_MET = "NOT_MET"
    NOT_APPLICABLE = "NOT_APPLICABLE"


class HazardState(StrEnum):
    """Where a hazard stands."""

    OPEN = "OPEN"
    CORRECTED = "CORRECTED"
    PASSED = "PASSED"
    CLOSED = "CLOSED"
    REVOKED = "REVOKED"


class HazardStep(StrEnum):
    """What was done about a hazard."""

    FOUND_AGAIN = "FOUND_AGAIN"
    CORRECTED = "CORRECTED"
    FAILED = "FAILED"
    PASSED = "PASSED"
    CONFIRMED = "CONFIRMED"
    DECLINED = "DECLINED"
    EXTENDED = "EXTENDED"
    OBJECTED = "OBJECTED"
    UPHELD = "UPHELD"
    DISMISSED = "DISMISSED"


class ChecklistRow(Located):
    """An edition of what is looked at in a trade. It lies in its county, and never changes but by ending."""

    id = primary_key()
    # The same in all editions; sites name it.
    trade = fields.CharField(max_length=CODE)
    edition = fields.IntField()
    name = fields.CharField(max_length=100)
    since = fields.DatetimeField()
    # Null while it is in force; of a county and a trade one edition at a time is.
    until = fields.DatetimeField(null=True)

    class Meta:
        schema = "safety"
        table = "checklist"
        unique_together = (("grid", "trade", "edition"),)


class ItemRow(Model):
    """Something that is looked at: what the law wants, and by when it is put right if it is not so."""

    id = primary_key()
    checklist: Any = fields.ForeignKeyField("safety.ChecklistRow", related_name=False, on_delete=fields.CASCADE)
    checklist_id: Any
    number = fields.SmallIntField()
    # The same in all editions, so that a hazard is not opened twice when a new one comes.
    code = fields.CharField(max_length=CODE)
    text = fields.CharField(max_length=300)
    basis = fields.CharField(max_length=300)
    level = fields.CharEnumField(HazardLevel, max_length=8)
    days = fields.SmallIntField()

    class Meta:
        schema = "safety"
        table = "item"
        unique_together = (("checklist", "code"),)


class SiteRow(Located):
    """A firm or a small site. Of the person who answers for it there is the key alone."""

    id = primary_key()
    code = fields.CharField(max_length=40)
    name = fields.CharField(max_length=100)
    trade = fields.CharField(max_length=CODE)
    address = fields.CharField(max_length=200)
    person: Any = fields.ForeignKeyField(
        "people.PersonRow", null=True, related_name=False, on_delete=fields.SET_NULL, db_index=True
    )
    person_id: Any
    unit: Any = fields.ForeignKeyField("units.UnitRow", related_name=False, on_delete=fields.RESTRICT)
    unit_id: int
    registered_at = fields.DatetimeField()
    # When somebody was there last, so that a list tells where nobody was for long.
    inspected_at = fields.DatetimeField(null=True)
    closed_at = fields.DatetimeField(null=True)
    version = fields.IntField(default=1)

    class Meta:
        schema = "safety"
        table = "site"


class InspectionRow(Model):
    """Somebody went through a checklist at a site: when that was by their device, and when it came here."""

    id = primary_key()
    site: Any = fields.ForeignKeyField("safety.SiteRow", related_name=False, on_delete=fields.RESTRICT)
    site_id: Any
    checklist: Any = fields.ForeignKeyField("safety.ChecklistRow", related_name=False, on_delete=fields.RESTRICT)
    checklist_id: Any
    at = fields.DatetimeField()
    recorded_at = fields.DatetimeField()
    # By its name and without a foreign key, as everywhere: accounts of other identity providers have no row.
    account = fields.CharField(max_length=NAME, null=True)
    remark = fields.CharField(max_length=TEXT, null=True)

    class Meta:
        schema = "safety"
        table = "inspection"


class HazardRow(Located):
    """Something that is not as it must be, with a deadline. Of a site and an item one is open at a time.

    `due_at` is the firm's deadline; what it says is corrected waits for whoever looks again, and is not late.
    """

    id = primary_key()
    site: Any = fields.ForeignKeyField("safety.SiteRow", related_name=False, on_delete=fields.RESTRICT)
    site_id: Any
    inspection: Any = fields.ForeignKeyField("safety.InspectionRow", related_name=False, on_delete=fields.RESTRICT)
    inspection_id: Any
    item: Any = fields.ForeignKeyField("safety.ItemRow", related_name=False, on_delete=fields.RESTRICT)
    item_id: Any
    # Beside the item's, for it is the same in all editions.
    code = fields.CharField(max_length=CODE)
    # Beside the site's, for lists of a unit are found by it.
    unit_id = fields.IntField()
    # Null unless it is a major one, which is a case at once.
    case: Any = fields.ForeignKeyField(
        "cases.CaseRow", null=True, related_name=False, on_delete=fields.SET_NULL, db_index=True
    )
    case_id: Any
    level = fields.CharEnumField(HazardLevel, max_length=8)
    state = fields.CharEnumField(HazardState, max_length=9)
    found_at = fields.DatetimeField()
    found_by = fields.CharField(max_length=NAME, null=True)
    due_at = fields.DatetimeField()
    # When somebody of the county was there last: what a device sends later of before decides nothing.
    looked_at = fields.DatetimeField()
    corrected_at = fields.DatetimeField(null=True)
    passed_at = fields.DatetimeField(null=True)
    passed_by = fields.CharField(max_length=NAME, null=True)
    objected_at = fields.DatetimeField(null=True)
    decided_at = fields.DatetimeField(null=True)
    # When it was found to be late the last time; an extension lets it be late once more.
    overdue_at = fields.DatetimeField(null=True)
    closed_at = fields.DatetimeField(null=True)
    version = fields.IntField(default=1)

    class Meta:
        schema = "safety"
        table = "hazard"


class AnswerRow(Model):
    """What an inspection found of one item."""

    id = primary_key()
    inspection: Any = fields.ForeignKeyField("safety.InspectionRow", related_name=False, on_delete=fields.CASCADE)
    inspection_id: Any
    item: Any = fields.ForeignKeyField("safety.ItemRow", related_name=False, on_delete=fields.RESTRICT)
    item_id: Any
    number = fields.SmallIntField()
    finding = fields.CharEnumField(Finding, max_length=14)
    note = fields.CharField(max_length=500, null=True)
    # The hazard that it opened, or that was open already.
    hazard: Any = fields.ForeignKeyField(
        "safety.HazardRow", null=True, related_name=False, on_delete=fields.SET_NULL, db_index=True
    )
    hazard_id: Any

    class Meta:
        schema = "safety"
        table = "answer"
        unique_together = (("inspection", "item"),)


class StepRow(Model):
    """Something that was done about a hazard, in the words of whoever did it: the firm's person, or an account."""

    id = primary_key()
    hazard: Any = fields.ForeignKeyField("safety.HazardRow", related_name=False, on_delete=fields.CASCADE)
    hazard_id: Any
    kind = fields.CharEnumField(HazardStep, max_length=11)
    at = fields.DatetimeField()
    recorded_at = fields.DatetimeField()
    account = fields.CharField(max_length=NAME, null=True)
    person: Any = fields.ForeignKeyField(
        "people.PersonRow", null=True, related_name=False, on_delete=fields.SET_NULL, db_index=True
    )
    person_id: Any
    text = fields.CharField(max_length=TEXT, null=True)
    # The deadline from then on, where it moved.
    due_at = fields.DatetimeField(null=True)

    class Meta:
        schema = "safety"
        table = "step"


class PhotoRow(Model):
    """A photo of an answer or of a step, sealed under a key of its own; the content is a data URL."""

    id = primary_key()
    site: Any = fields.ForeignKeyField("safety.SiteRow", related_name=False, on_delete=fields.RESTRICT, db_index=True)
    site_id: Any
    answer: Any = fields.ForeignKeyField(
        "safety.AnswerRow", null=True, related_name=False, on_delete=fields.CASCADE, db_index=True
    )
    answer_id: Any
    step: Any = fields.ForeignKeyField(
        "safety.StepRow", null=True, related_name=False, on_delete=fields.CASCADE, db_index=True
    )
    step_id: Any
    number = fields.SmallIntField()
    at = fields.DatetimeField()
    county = fields.CharField(max_length=6)
    data_key: Any = BytesField()
    content: Any = BytesField()

    class Meta:
        schema = "safety"
        table = "photo"
