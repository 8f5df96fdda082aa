"""Models: the tables of forms, of returns with their cells, and of what people were asked for them."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Any

from gongzhi.core.accounts.models import NAME
from gongzhi.declare.columns import BytesField, Located, primary_key
from tortoise import fields
from tortoise.models import Model

DUE_DAYS = 10
"""Days after its period for which a return waits to be signed, where its form does not say."""


class Rhythm(StrEnum):
    """How often a form is filled."""

    MONTH = "MONTH"
    QUARTER = "QUARTER"
    YEAR = "YEAR"
    ONCE = "ONCE"


class Level(StrEnum):
    """The levels of grids that fill forms and sign them."""

    VILLAGE = "VILLAGE"
    TOWN = "TOWN"
    COUNTY = "COUNTY"


class ReturnState(StrEnum):
    """Where a return stands."""

    OPEN = "OPEN"
    ASKING = "ASKING"
    FILLED = "FILLED"
    SENT_BACK = "SENT_BACK"
    SIGNED = "SIGNED"


class CellKind(StrEnum):
    """Where the value of a cell comes from."""

    FACT = "FACT"
    FIGURE = "FIGURE"
    QUESTION = "QUESTION"


class Act(StrEnum):
    """What was done with a return."""

    FILLED = "FILLED"
    SIGNED = "SIGNED"
    SENT_BACK = "SENT_BACK"


class Verdict(StrEnum):
    """What became of an objection to a cell."""

    OPEN = "OPEN"
    UPHELD = "UPHELD"
    REJECTED = "REJECTED"


def write_value(value: Any) -> str | None:
    """Return a value as its column has it: JSON in a text, for Tortoise takes a text of its own for JSON."""
    return None if value is None else json.dumps(value, ensure_ascii=False)


class FormRow(Located):
    """A version of a form, as it was declared. Its grid is where it is filled, with all below of its level.

    It is in force from `tried_at`, when it was tried out, to `retired_at`.
    """

    id = primary_key()
    code = fields.CharField(max_length=24)
    number = fields.IntField()
    title = fields.CharField(max_length=100)
    unit: Any = fields.ForeignKeyField("units.UnitRow", related_name=False, on_delete=fields.RESTRICT)
    unit_id: Any
    basis = fields.CharField(max_length=300)
    rhythm = fields.CharEnumField(Rhythm, max_length=7)
    level = fields.CharEnumField(Level, max_length=7)
    # As it came, less what no form has: what was declared can be read and declared again.
    declaration: Any = fields.JSONField()
    template = BytesField(null=True)
    declared_at = fields.DatetimeField()
    declared_by = fields.CharField(max_length=NAME, null=True)
    tried_at = fields.DatetimeField(null=True)
    retired_at = fields.DatetimeField(null=True)
    version = fields.IntField(default=1)

    @property
    def due_days(self) -> int:
        """For how many days after its period a return waits to be signed."""
        return int(self.declaration.get("due_days", DUE_DAYS))

    class Meta:
        schema = "forms"
        table = "form"
        unique_together = (("grid", "code", "number"),)


class ReturnRow(Located):
    """A form as one place fills it for one period. `round` grows when an objection to a signed one is upheld.

    `signing` is the level that signs next. Once it is signed neither the row nor its cells change: triggers see to it.
    """

    id = primary_key()
    form: Any = fields.ForeignKeyField("forms.FormRow", related_name=False, on_delete=fields.RESTRICT, db_index=True)
    form_id: Any
    # Of the form: returns of all its versions are one history.
    code = fields.CharField(max_length=24)
    begins_on = fields.DateField()
    ends_on = fields.DateField()
    due_on = fields.DateField()
    round = fields.IntField(default=1)
    state = fields.CharEnumField(ReturnState, max_length=9, default=ReturnState.OPEN)
    signing: Any = fields.CharEnumField(Level, max_length=7, null=True)
    filled_by = fields.CharField(max_length=NAME, null=True)
    filled_at = fields.DatetimeField(null=True)
    digest = fields.CharField(max_length=64, null=True)
    version = fields.IntField(default=1)

    class Meta:
        schema = "forms"
        table = "return"
        unique_together = (("grid", "code", "begins_on", "ends_on", "round"),)


class InquiryRow(Located):
    """A question about a grid and a period, asked of one account once, whichever forms want to know."""

    id = primary_key()
    code = fields.CharField(max_length=24)
    begins_on = fields.DateField()
    ends_on = fields.DateField()
    question: Any = fields.JSONField()
    asked_of = fields.CharField(max_length=NAME, null=True)
    asked_at = fields.DatetimeField()
    value: Any = fields.TextField(null=True)
    answered_by = fields.CharField(max_length=NAME, null=True)
    answered_at = fields.DatetimeField(null=True)
    version = fields.IntField(default=1)

    class Meta:
        schema = "forms"
        table = "inquiry"
        unique_together = (("grid", "code", "begins_on", "ends_on"),)


class CellRow(Model):
    """A cell of a return with where it comes from: who was asked, or the query it was taken by."""

    id = primary_key()
    form_return: Any = fields.ForeignKeyField("forms.ReturnRow", related_name=False, on_delete=fields.CASCADE)
    form_return_id: Any
    position = fields.SmallIntField()
    name = fields.CharField(max_length=24)
    title = fields.CharField(max_length=60)
    unit = fields.CharField(max_length=20, null=True)
    kind = fields.CharEnumField(CellKind, max_length=8)
    value: Any = fields.TextField(null=True)
    withheld = fields.BooleanField(default=False)
    rule = fields.CharField(max_length=300, null=True)
    source = fields.TextField(null=True)
    listing = fields.TextField(null=True)
    given: Any = fields.JSONField(null=True)
    inquiry: Any = fields.ForeignKeyField(
        "forms.InquiryRow", null=True, related_name=False, on_delete=fields.RESTRICT, db_index=True
    )
    inquiry_id: Any
    taken_at = fields.DatetimeField(null=True)

    class Meta:
        schema = "forms"
        table = "cell"
        unique_together = (("form_return", "name"),)


class StepRow(Model):
    """What was done with a return, by which account; `digest` is of the values that were signed."""

    id = primary_key()
    form_return: Any = fields.ForeignKeyField(
        "forms.ReturnRow", related_name=False, on_delete=fields.CASCADE, db_index=True
    )
    form_return_id: Any
    # The version of the return that it was done to: two steps of one moment have an order.
    number = fields.IntField()
    act = fields.CharEnumField(Act, max_length=9)
    level = fields.CharEnumField(Level, max_length=7, null=True)
    account = fields.CharField(max_length=NAME, null=True)
    at = fields.DatetimeField()
    reason = fields.CharField(max_length=500, null=True)
    digest = fields.CharField(max_length=64, null=True)

    class Meta:
        schema = "forms"
        table = "step"


class ObjectionRow(Model):
    """An objection to the value of a cell; the cell is kept by name, for a return is filled anew."""

    id = primary_key()
    form_return: Any = fields.ForeignKeyField(
        "forms.ReturnRow", related_name=False, on_delete=fields.CASCADE, db_index=True
    )
    form_return_id: Any
    cell = fields.CharField(max_length=24)
    reason = fields.CharField(max_length=500)
    raised_by = fields.CharField(max_length=NAME, null=True)
    raised_at = fields.DatetimeField()
    verdict = fields.CharEnumField(Verdict, max_length=8, default=Verdict.OPEN)
    decided_by = fields.CharField(max_length=NAME, null=True)
    decided_at = fields.DatetimeField(null=True)
    grounds = fields.CharField(max_length=500, null=True)
    version = fields.IntField(default=1)

    class Meta:
        schema = "forms"
        table = "objection"
