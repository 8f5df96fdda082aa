"""Work types: orders, objections, requests, merged cases and follow-ups, as the schema has them."""

from __future__ import annotations

import datetime

from gongzhi.core.cases.models import Light
from gongzhi.core.cases.rules import rows_of_held_cases
from gongzhi.core.cases.types import Case
from gongzhi.core.units.types import Unit
from gongzhi.declare.entity import Connection, Node, aggregate, column, connection, entity, expression, many, one, pick
from gongzhi.declare.enums import describe_enum
from gongzhi.declare.extend import extend
from gongzhi.declare.filters import compare_code, compare_condition
from gongzhi.declare.plans import Frame
from gongzhi.declare.roots import Query
from gongzhi.declare.sql import Alternatives, Sql

from .merging import similar_cases
from .models import (
    LIVE,
    ApprovalKind,
    ApprovalRow,
    ApprovalState,
    Contact,
    FollowUpRow,
    ObjectionRow,
    OrderRole,
    OrderRow,
    OrderState,
    Ruling,
)
from .types import DispatchRule

describe_enum(
    OrderRole,
    "WorkOrderRole",
    "What a unit is to a case (主办或协办).",
    LEAD="It answers for the case (主办)",
    SUPPORT="It helps (协办)",
)
describe_enum(
    OrderState,
    "WorkOrderState",
    "Where a work order stands (工单状态).",
    ISSUED="Issued, and not yet acknowledged (待签收)",
    ACKNOWLEDGED="Acknowledged (已签收)",
    HANDLING="Being handled (办理中)",
    SUSPENDED="On hold with its case (挂账)",
    DONE="Done (已办结)",
    RETURNED="Given back, after a ruling (已退单)",
    WITHDRAWN="Taken back from the unit (已收回)",
)
describe_enum(
    Ruling,
    "ObjectionRuling",
    "What became of an objection (裁定结果).",
    OPEN="Not ruled on yet (待裁定)",
    UPHELD="Upheld: the case goes back to be dispatched (成立)",
    REJECTED="Rejected: the unit handles the case (不成立)",
    LAPSED="Lapsed: the unit took the case up, or it ended (失效)",
)
describe_enum(
    ApprovalKind,
    "ApprovalKind",
    "What somebody else must agree to (审批类型).",
    EXTENSION="More time (延期)",
    SUSPENSION="Putting the case on hold (挂账)",
    VOIDING="Voiding the case (作废)",
    CLOSING="Closing a complaint about a unit or the platform (结案)",
)
describe_enum(
    ApprovalState,
    "ApprovalState",
    "What became of a request (审批状态).",
    PENDING="Not decided yet (待审批)",
    APPROVED="Approved (同意)",
    REFUSED="Refused (不同意)",
    LAPSED="Lapsed: the case went on without it (失效)",
)
describe_enum(
    Contact,
    "FollowUpContact",
    "How a requester was asked (回访方式).",
    PHONE="By telephone (电话)",
    VISIT="In person (上门)",
    MESSAGE="By message (短信)",
)


def order_light(at: Frame) -> Sql:
    """Judge the light when the order was finished, or was put on hold, or else now."""
    return Sql(
        "(case when coalesce({0},{1},{2})>={3} then 'RED' "
        "when {0} is null and coalesce({1},{2})>={4} then 'AMBER' else 'GREEN' end)",
        at.row.finished_at,
        at.row.suspended_at,
        at.viewer.now,
        at.row.due_at,
        at.row.warn_at,
    )


def is_live_sql(at: Frame) -> Sql:
    return Sql("{0} in (" + ",".join(f"'{state.value}'" for state in LIVE) + ")", at.rows.state)


@entity(
    OrderRow,
    visible=rows_of_held_cases,
    through="case",
    order=("due_at", "issued_at"),
    filter={
        "state": None,
        "role": None,
        "due_at": None,
        "issued_at": None,
        "unit": compare_code("unit_id", "unit", "units"),
        "live": compare_condition(is_live_sql, "Still to be done (是否待办)"),
    },
)
class WorkOrder(Node):
    """What one unit is to do about one case (工单)."""

    case: Case | None = one("The case (诉求).")
    unit: Unit | None = one("The unit (承办单位).")
    role: OrderRole = column("What the unit is to the case (主办或协办).")
    state: OrderState = column("Where it stands (状态).")
    issued_at: datetime.datetime = column("When it was issued (派发时间).")
    due_at: datetime.datetime = column("When it is due (截止时间).")
    light: Light = expression("How much of its term it has used (红黄绿灯).", order_light)
    extended: bool = column("Whether its term was extended (是否延期).")
    acknowledged_at: datetime.datetime | None = column("When the unit acknowledged it (签收时间).")
    finished_at: datetime.datetime | None = column("When it was done, given back or taken back (办结时间).")
    contribution: str | None = column("What a supporting unit did about it (协办意见).")
    version: int = column("Grows with every change (版本).")


@entity(
    ObjectionRow,
    visible=rows_of_held_cases,
    through="case",
    order=("due_at", "filed_at"),
    filter={"ruling": None, "due_at": None, "unit": compare_code("unit_id", "unit", "units")},
)
class DispatchObjection(Node):
    """A unit says that a case is not its own (派单异议)."""

    case: Case | None = one("The case (诉求).")
    order: WorkOrder | None = one("The work order it is about (工单).")
    unit: Unit | None = one("Who objects (异议单位).")
    suggested_unit: Unit | None = one("Whose the unit says it is (建议单位).", key="suggested")
    grounds: str = column("Why (异议理由).")
    filed_at: datetime.datetime = column("When (提出时间).")
    due_at: datetime.datetime = column("When a ruling is due (裁定期限).")
    ruling: Ruling = column("What became of it (裁定结果).")
    reason: str | None = column("Why it was ruled so (裁定理由).")
    ruled_at: datetime.datetime | None = column("When it was ruled on, or lapsed (裁定时间).")


@entity(ObjectionRow, visible=rows_of_held_cases, through="case")
class DirectoryChange(Node):
    """What a ruling changed in the dispatch directory (目录变更)."""

    case: Case | None = one("The case that was ruled on (诉求).")
    before: DispatchRule | None = one("The entry until then; null if there was none (变更前).")
    after: DispatchRule | None = one("The entry from then on; null if nothing changed (变更后).")


@entity(
    ApprovalRow,
    visible=rows_of_held_cases,
    through="case",
    order=("requested_at",),
    filter={"kind": None, "state": None, "requested_at": None},
)
class Approval(Node):
    """What one asks and another decides (审批)."""

    case: Case | None = one("The case (诉求).")
    kind: ApprovalKind = column("What is asked (类型).")
    state: ApprovalState = column("What became of it (状态).")
    unit: Unit | None = one("The unit that asks (申请单位).")
    until: datetime.datetime | None = column("Until when more time, or a hold, is asked for (申请期限).")
    reason: str = column("Why it is asked (申请理由).")
    requested_at: datetime.datetime = column("When (申请时间).")
    decision: str | None = column("Why it was decided so (审批意见).")
    decided_at: datetime.datetime | None = column("When it was decided, or lapsed (审批时间).")


@entity(
    FollowUpRow, visible=rows_of_held_cases, through="case", order=("at",), filter={"reached": None, "solved": None}
)
class FollowUp(Node):
    """Somebody asked the requester how it went (回访)."""

    case: Case | None = one("The case (诉求).")
    at: datetime.datetime = column("When (时间).")
    contact: Contact = column("How (方式).")
    reached: bool = column("Whether the requester was reached (是否联系上).")
    rating: int | None = column("How they rated it, 1 to 5 (评分).")
    solved: bool | None = column("Whether they say it is solved (是否解决).")
    note: str | None = column("What they said (备注).")
    role: str | None = column("The role of whoever asked (角色).")
    recording: str | None = column("What the system that asked calls the recording; it is kept there (录音编号).")


def first_unit(at: Frame) -> Alternatives:
    """Select the unit that was given the case first."""
    first = "(select o.unit_id from dispatch.work_order o where o.case_id={1} and o.role='LEAD' {2} limit 1)"
    return [Sql("{0}=" + first, at.rows.id, at.row.id, Sql("order by o.issued_at, o.id"))]


def merged_cases(at: Frame) -> Alternatives:
    keys = "{0}=any(array(select m.case_id from dispatch.merge m where m.into_id={1} and m.undone_at is null))"
    return [Sql(keys, at.rows.id, at.row.id)]


def main_case(at: Frame) -> Alternatives:
    key = "{0}=(select m.into_id from dispatch.merge m where m.case_id={1} and m.undone_at is null)"
    return [Sql(key, at.rows.id, at.row.id)]


def is_rateable(at: Frame) -> Sql:
    """Build whether the case can be rated: it is answered; one that is part of another, while that one is."""
    main = (
        "select from dispatch.merge m join cases.case c on c.id=m.into_id "
        "where m.case_id={1} and m.undone_at is null and c.status='REPLIED'"
    )
    return Sql(f"({{0}}='REPLIED' or {{0}}='MERGED' and exists({main}))", at.row.status, at.row.id)


EXTENSIONS = (
    extend(
        Query,
        objections=connection(
            "Objections to dispatches, the most urgent first (派单异议).",
            order="due_at",
            type=Connection[DispatchObjection] | None,
            requires=None,
        ),
        approvals=connection(
            "What somebody else must agree to, the oldest first (待审批事项).",
            order="requested_at",
            type=Connection[Approval] | None,
            requires=None,
        ),
    ),
    extend(
        Case,
        work_orders=connection(
            "What each unit was given to do (工单).",
            on="case",
            order="issued_at",
            type=Connection[WorkOrder] | None,
            requires=None,
        ),
        may_rate=expression("Whether it waits for a rating (可否评价).", is_rateable, type=bool | None, requires=None),
        first_receiver=pick(
            "The unit that was given it first, and stays answerable until another took it over (首接单位).",
            first_unit,
            type=Unit | None,
            requires=None,
        ),
        returns=aggregate(
            "How often units gave it back (退单次数).",
            lambda: WorkOrder,
            lambda at: Sql("count(*) filter (where {0}='RETURNED')", at.rows.state),
            on="case",
            type=int | None,
            requires=None,
        ),
        objections=connection(
            "Objections to its dispatch (派单异议).",
            on="case",
            order="filed_at",
            type=Connection[DispatchObjection] | None,
            requires=None,
        ),
        approvals=connection(
            "What was asked about it and decided (审批).",
            on="case",
            order="requested_at",
            type=Connection[Approval] | None,
            requires=None,
        ),
        follow_ups=connection(
            "How the requester was asked (回访).",
            on="case",
            order="at",
            type=Connection[FollowUp] | None,
            requires=None,
        ),
        merged=many(
            "The cases that became part of it (并入的诉求).",
            merged_cases,
            order="reported_at",
            type=list[Case] | None,
            requires=None,
        ),
        merged_into=pick("The case that it became part of (并入的主诉求).", main_case, type=Case | None, requires=None),
        similar_cases=similar_cases.FIELD,
    ),
    extend(
        Unit,
        work_orders=connection(
            "What it was given to do, of the cases you may see (工单).",
            on="unit",
            order="due_at",
            type=Connection[WorkOrder] | None,
            requires=None,
        ),
    ),
)
