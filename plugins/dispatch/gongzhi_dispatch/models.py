"""Tables of dispatch (派单): who answers for what where, what units were given, and what was asked about it."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from gongzhi.core.units.models import UnitKind
from gongzhi.declare.columns import Located, primary_key
from tortoise import fields
from tortoise.models import Model


class OrderRole(StrEnum):
    """What a unit is to a case."""

    LEAD = "LEAD"
    SUPPORT = "SUPPORT"


class OrderState(StrEnum):
    """Where a work order stands."""

    ISSUED = "ISSUED"
    ACKNOWLEDGED = "ACKNOWLEDGED"
    HANDLING = "HANDLING"
    SUSPENDED = "SUSPENDED"
    DONE = "DONE"
    RETURNED = "RETURNED"
    WITHDRAWN = "WITHDRAWN"


LIVE = (OrderState.ISSUED, OrderState.ACKNOWLEDGED, OrderState.HANDLING, OrderState.SUSPENDED)
"""What a unit still has to do something about."""


class Ruling(StrEnum):
    """What became of an objection."""

    OPEN = "OPEN"
    UPHELD = "UPHELD"
    REJECTED = "REJECTED"
    LAPSED = "LAPSED"


class ApprovalKind(StrEnum):
    """What somebody else must agree to."""

    EXTENSION = "EXTENSION"
    SUSPENSION = "SUSPENSION"
    VOIDING = "VOIDING"
    CLOSING = "CLOSING"


class ApprovalState(StrEnum):
    """What became of a request."""

    PENDING = "PENDING"
    APPROVED = "APPROVED"
    REFUSED = "REFUSED"
    LAPSED = "LAPSED"


class Contact(StrEnum):
    """How a requester was asked."""

    PHONE = "PHONE"
    VISIT = "VISIT"
    MESSAGE = "MESSAGE"


class RuleRow(Located):
    """An entry of the dispatch directory. It never changes: a new version takes its place."""

    id = fields.IntField(primary_key=True)
    category: Any = fields.ForeignKeyField("cases.CategoryRow", related_name=False, on_delete=fields.RESTRICT)
    category_id: int
    unit: Any = fields.ForeignKeyField("units.UnitRow", related_name=False, on_delete=fields.RESTRICT)
    unit_id: int
    basis = fields.CharField(max_length=300)
    weight = fields.SmallIntField()
    valid_from = fields.DatetimeField()
    valid_to = fields.DatetimeField(null=True)
    previous: Any = fields.ForeignKeyField("dispatch.RuleRow", null=True, related_name=False, on_delete=fields.RESTRICT)
    previous_id: int | None
    account = fields.CharField(max_length=100, null=True)
    version = fields.IntField(default=1)

    class Meta:
        schema = "dispatch"
        table = "rule"


class RuleSupportRow(Model):
    """A unit that an entry of the directory has help."""

    id = fields.IntField(primary_key=True)
    rule: Any = fields.ForeignKeyField("dispatch.RuleRow", related_name=False, on_delete=fields.CASCADE)
    rule_id: int
    unit: Any = fields.ForeignKeyField("units.UnitRow", related_name=False, on_delete=fields.RESTRICT)
    unit_id: int

    class Meta:
        schema = "dispatch"
        table = "rule_support"
        unique_together = (("rule", "unit"),)


class DutyRow(Located):
    """A duty that the law gives to a sort of unit of the line, and that no territory may be made to take over."""

    id = fields.IntField(primary_key=True)
    category: Any = fields.ForeignKeyField("cases.CategoryRow", related_name=False, on_delete=fields.RESTRICT)
    category_id: int
    kind = fields.CharEnumField(UnitKind, max_length=17)
    basis = fields.CharField(max_length=300)
    valid_from = fields.DatetimeField()
    valid_to = fields.DatetimeField(null=True)
    account = fields.CharField(max_length=100, null=True)

    class Meta:
        schema = "dispatch"
        table = "duty"


class OrderRow(Model):
    """What one unit is to do about one case."""

    id = primary_key()
    case: Any = fields.ForeignKeyField("cases.CaseRow", related_name=False, on_delete=fields.CASCADE)
    case_id: Any
    unit: Any = fields.ForeignKeyField("units.UnitRow", related_name=False, on_delete=fields.RESTRICT)
    unit_id: int
    role = fields.CharEnumField(OrderRole, max_length=7)
    state = fields.CharEnumField(OrderState, max_length=12, default=OrderState.ISSUED)
    issued_at = fields.DatetimeField()
    issued_by = fields.CharField(max_length=100, null=True)
    # Copied from the clock of the case, so that a unit's orders are listed by one index (`dispatch.deadlines` keeps
    # them).
    due_at = fields.DatetimeField()
    warn_at = fields.DatetimeField()
    acknowledged_at = fields.DatetimeField(null=True)
    suspended_at = fields.DatetimeField(null=True)
    finished_at = fields.DatetimeField(null=True)
    extended = fields.BooleanField(default=False)
    contribution = fields.TextField(null=True)
    version = fields.IntField(default=1)

    class Meta:
        schema = "dispatch"
        table = "work_order"


class ObjectionRow(Model):
    """A unit says that a case is not its own; somebody above the dispatcher rules on it."""

    id = primary_key()
    case: Any = fields.ForeignKeyField("cases.CaseRow", related_name=False, on_delete=fields.CASCADE)
    case_id: Any
    order: Any = fields.ForeignKeyField("dispatch.OrderRow", related_name=False, on_delete=fields.CASCADE)
    order_id: Any
    unit: Any = fields.ForeignKeyField("units.UnitRow", related_name=False, on_delete=fields.RESTRICT)
    unit_id: int
    suggested: Any = fields.ForeignKeyField("units.UnitRow", null=True, related_name=False, on_delete=fields.RESTRICT)
    suggested_id: int | None
    grounds = fields.TextField()
    filed_at = fields.DatetimeField()
    filed_by = fields.CharField(max_length=100, null=True)
    due_at = fields.DatetimeField()
    ruling = fields.CharEnumField(Ruling, max_length=8, default=Ruling.OPEN)
    reason = fields.TextField(null=True)
    ruled_at = fields.DatetimeField(null=True)
    ruled_by = fields.CharField(max_length=100, null=True)
    before: Any = fields.ForeignKeyField("dispatch.RuleRow", null=True, related_name=False, on_delete=fields.RESTRICT)
    before_id: int | None
    after: Any = fields.ForeignKeyField("dispatch.RuleRow", null=True, related_name=False, on_delete=fields.RESTRICT)
    after_id: int | None

    class Meta:
        schema = "dispatch"
        table = "objection"


class ApprovalRow(Model):
    """Something that one asks and another decides."""

    id = primary_key()
    case: Any = fields.ForeignKeyField("cases.CaseRow", related_name=False, on_delete=fields.CASCADE)
    case_id: Any
    kind = fields.CharEnumField(ApprovalKind, max_length=10)
    state = fields.CharEnumField(ApprovalState, max_length=8, default=ApprovalState.PENDING)
    unit: Any = fields.ForeignKeyField("units.UnitRow", null=True, related_name=False, on_delete=fields.RESTRICT)
    unit_id: int | None
    until = fields.DatetimeField(null=True)
    reason = fields.TextField()
    requested_at = fields.DatetimeField()
    requested_by = fields.CharField(max_length=100, null=True)
    decision = fields.TextField(null=True)
    decided_at = fields.DatetimeField(null=True)
    decided_by = fields.CharField(max_length=100, null=True)

    class Meta:
        schema = "dispatch"
        table = "approval"


class MergeRow(Model):
    """One case is part of another for as long as `undone_at` is null."""

    id = primary_key()
    case: Any = fields.ForeignKeyField("cases.CaseRow", related_name=False, on_delete=fields.CASCADE)
    case_id: Any
    into: Any = fields.ForeignKeyField("cases.CaseRow", related_name=False, on_delete=fields.CASCADE)
    into_id: Any
    merged_at = fields.DatetimeField()
    merged_by = fields.CharField(max_length=100, null=True)
    undone_at = fields.DatetimeField(null=True)

    class Meta:
        schema = "dispatch"
        table = "merge"


class FollowUpRow(Model):
    """Somebody of the staff asked the requester how it went."""

    id = primary_key()
    case: Any = fields.ForeignKeyField("cases.CaseRow", related_name=False, on_delete=fields.CASCADE)
    case_id: Any
    at = fields.DatetimeField()
    contact = fields.CharEnumField(Contact, max_length=7)
    reached = fields.BooleanField()
    rating = fields.SmallIntField(null=True)
    solved = fields.BooleanField(null=True)
    note = fields.TextField(null=True)
    account = fields.CharField(max_length=100, null=True)
    role = fields.CharField(max_length=60, null=True)
    # What another system calls the recording of what was said, if it was that system that asked.
    recording = fields.CharField(max_length=200, null=True)

    class Meta:
        schema = "dispatch"
        table = "follow_up"
