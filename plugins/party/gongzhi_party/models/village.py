"""Tables of the village: its code and its councils (一约四会), and deputies' proposals."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from gongzhi.declare.columns import Located, primary_key
from tortoise import fields

from .organisation import FOREVER, PERSONAL


class CodeState(StrEnum):
    """Where a version of a village code stands."""

    DRAFT = "DRAFT"
    ADOPTED = "ADOPTED"
    ENDED = "ENDED"


class VillageCodeRow(Located):
    """A version of a village code (村规民约). Once adopted it is never changed."""

    id = primary_key()
    # In the name that a resolution adopts it by, with the grid's code, so it is given once and never again.
    number = fields.IntField()
    title = fields.CharField(max_length=100)
    text = fields.TextField()
    state = fields.CharEnumField(CodeState, max_length=7, default=CodeState.DRAFT)
    resolution: Any = fields.ForeignKeyField("resolutions.ResolutionRow", null=True, **FOREVER)
    resolution_id: Any
    drafted_at = fields.DatetimeField()
    starts_on = fields.DateField(null=True)
    ends_on = fields.DateField(null=True)

    class Meta:
        schema = "party"
        table = "code"
        unique_together = (("grid", "number"),)


class CouncilKind(StrEnum):
    """The councils of a village (四会)."""

    DELIBERATION = "DELIBERATION"
    MORALITY = "MORALITY"
    WEDDINGS_AND_FUNERALS = "WEDDINGS_AND_FUNERALS"
    AGAINST_DRUGS_AND_GAMBLING = "AGAINST_DRUGS_AND_GAMBLING"


class SeatRow(Located):
    """A seat in a council, published by consent."""

    id = primary_key()
    kind = fields.CharEnumField(CouncilKind, max_length=26)
    person: Any = fields.ForeignKeyField("people.PersonRow", db_index=True, **FOREVER)
    person_id: Any
    head = fields.BooleanField(default=False)
    since = fields.DateField()
    until = fields.DateField(null=True)

    class Meta:
        schema = "party"
        table = "seat"


class SuggestionState(StrEnum):
    """Where a deputy's proposal stands."""

    SUBMITTED = "SUBMITTED"
    REPLIED = "REPLIED"
    RATED = "RATED"


class SuggestionRow(Located):
    """A deputy's proposal (代表建议), followed to its reply."""

    id = primary_key()
    person: Any = fields.ForeignKeyField("people.PersonRow", db_index=True, **PERSONAL)
    person_id: Any
    unit: Any = fields.ForeignKeyField("units.UnitRow", **FOREVER)
    unit_id: int
    title = fields.CharField(max_length=200)
    text = fields.TextField()
    state = fields.CharEnumField(SuggestionState, max_length=9, default=SuggestionState.SUBMITTED)
    submitted_at = fields.DatetimeField()
    # Stored and not reckoned from `submitted_at`: what a deputy was promised stays, whatever the law says later.
    reply_by = fields.DateField()
    reply = fields.TextField(null=True)
    replied_at = fields.DatetimeField(null=True)
    satisfied = fields.BooleanField(null=True)

    class Meta:
        schema = "party"
        table = "suggestion"
