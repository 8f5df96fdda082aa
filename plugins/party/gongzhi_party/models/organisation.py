"""Tables of organisations: where they work, who holds which office, and who belongs to them."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from gongzhi.declare.columns import Located, primary_key
from tortoise import fields
from tortoise.models import Model

FOREVER: Any = {"related_name": False, "on_delete": fields.RESTRICT}
"""Keys to what is never deleted."""
PERSONAL: Any = {"related_name": False, "on_delete": fields.SET_NULL, "null": True}
"""Keys to people in records that stay when the person is forgotten."""
OWNED: Any = {"related_name": False, "on_delete": fields.CASCADE, "db_index": True}
"""Keys to what a row is part of."""


class BranchKind(StrEnum):
    """What an organisation is."""

    COMMITTEE = "COMMITTEE"
    GENERAL_BRANCH = "GENERAL_BRANCH"
    BRANCH = "BRANCH"
    GROUP = "GROUP"


class Duty(StrEnum):
    """An office of an organisation; each is held by one person at a time."""

    SECRETARY = "SECRETARY"
    DEPUTY_SECRETARY = "DEPUTY_SECRETARY"
    ORGANISER = "ORGANISER"
    PUBLICIST = "PUBLICIST"
    DISCIPLINE = "DISCIPLINE"
    GROUP_LEADER = "GROUP_LEADER"


class MemberStatus(StrEnum):
    """How somebody belongs to an organisation."""

    PROBATIONARY = "PROBATIONARY"
    FULL = "FULL"
    LEFT = "LEFT"


class TransferState(StrEnum):
    """Where a transfer stands."""

    REQUESTED = "REQUESTED"
    ACCEPTED = "ACCEPTED"
    REFUSED = "REFUSED"
    WITHDRAWN = "WITHDRAWN"


class BranchRow(Located):
    """An organisation. The station is where it and the grid receive people together (双站合一)."""

    id = primary_key()
    kind = fields.CharEnumField(BranchKind, max_length=14)
    name = fields.CharField(max_length=100)
    parent: Any = fields.ForeignKeyField("party.BranchRow", null=True, db_index=True, **FOREVER)
    parent_id: Any
    station_place = fields.CharField(max_length=200, null=True)
    station_hours = fields.CharField(max_length=200, null=True)
    founded_on = fields.DateField()
    dissolved_on = fields.DateField(null=True)
    version = fields.IntField(default=1)

    class Meta:
        schema = "party"
        table = "branch"


class CoverageRow(Model):
    """That an organisation works in a grid, from when to when."""

    id = primary_key()
    branch: Any = fields.ForeignKeyField("party.BranchRow", **OWNED)
    branch_id: Any
    grid: Any = fields.ForeignKeyField("grids.GridRow", db_index=True, **FOREVER)
    grid_id: int
    since = fields.DateField()
    until = fields.DateField(null=True)

    class Meta:
        schema = "party"
        table = "coverage"


class OfficeRow(Model):
    """A published office held by consent, for a term. The duty phone is published by consent, too."""

    id = primary_key()
    branch: Any = fields.ForeignKeyField("party.BranchRow", **OWNED)
    branch_id: Any
    duty = fields.CharEnumField(Duty, max_length=16)
    person: Any = fields.ForeignKeyField("people.PersonRow", db_index=True, **FOREVER)
    person_id: Any
    duty_phone = fields.CharField(max_length=20, null=True)
    since = fields.DateField()
    # Apart from `until`: terms must not overlap even where the holder has yet to leave, and elections are reckoned from
    # it.
    term_ends_on = fields.DateField()
    until = fields.DateField(null=True)
    reminded_at = fields.DatetimeField(null=True)

    class Meta:
        schema = "party"
        table = "office"


class MemberRow(Located):
    """That somebody belongs to an organisation. It lies where the organisation does, and nobody else sees it."""

    id = primary_key()
    person: Any = fields.ForeignKeyField("people.PersonRow", **OWNED)
    person_id: Any
    branch: Any = fields.ForeignKeyField("party.BranchRow", db_index=True, **FOREVER)
    branch_id: Any
    # A group (党小组) keeps no roll of its own: it is a part of the branch that does.
    group: Any = fields.ForeignKeyField("party.BranchRow", null=True, **FOREVER)
    group_id: Any
    status = fields.CharEnumField(MemberStatus, max_length=12)
    joined_on = fields.DateField()
    confirmed_on = fields.DateField(null=True)
    left_on = fields.DateField(null=True)
    version = fields.IntField(default=1)

    class Meta:
        schema = "party"
        table = "member"


class TransferRow(Model):
    """A member's way from one organisation to another: asked for by one, accepted by the other."""

    id = primary_key()
    member: Any = fields.ForeignKeyField("party.MemberRow", **OWNED)
    member_id: Any
    source: Any = fields.ForeignKeyField("party.BranchRow", db_index=True, **FOREVER)
    source_id: Any
    target: Any = fields.ForeignKeyField("party.BranchRow", db_index=True, **FOREVER)
    target_id: Any
    state = fields.CharEnumField(TransferState, max_length=9, default=TransferState.REQUESTED)
    requested_at = fields.DatetimeField()
    decided_at = fields.DatetimeField(null=True)
    reason = fields.CharField(max_length=500, null=True)
    account = fields.CharField(max_length=100)

    class Meta:
        schema = "party"
        table = "transfer"


class ReportRow(Model):
    """That a member reported to the organisation of the community where they live (双报到)."""

    id = primary_key()
    member: Any = fields.ForeignKeyField("party.MemberRow", **OWNED)
    member_id: Any
    branch: Any = fields.ForeignKeyField("party.BranchRow", db_index=True, **FOREVER)
    branch_id: Any
    since = fields.DateField()
    until = fields.DateField(null=True)

    class Meta:
        schema = "party"
        table = "report"
