"""Dispatch in the little county, and how its fields are answered the plain way."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from gongzhi.runtime.checks import CHINA

if TYPE_CHECKING:
    from .expected_visibility import Row
    from .reference_engine import At
    from .sample_county import Draw

STATES = "ISSUED", "ACKNOWLEDGED", "HANDLING", "SUSPENDED", "DONE", "RETURNED", "WITHDRAWN"
WORKING = frozenset(STATES[:4])
TABLES = {
    "DispatchRule": "dispatch.rule",
    "DispatchProposal": "dispatch.rule",
    "RuleSupport": "dispatch.rule_support",
    "ListedDuty": "dispatch.duty",
    "WorkOrder": "dispatch.work_order",
    "DispatchObjection": "dispatch.objection",
    "DirectoryChange": "dispatch.objection",
    "Approval": "dispatch.approval",
    "Merge": "dispatch.merge",
    "FollowUp": "dispatch.follow_up",
}
STAFF = {"WorkOrder", "DispatchObjection", "DirectoryChange", "Approval", "FollowUp"}
"""What is seen by those who see the case as staff."""
LIKENESS = """select a.id as one, b.id as other, similarity(a.title, b.title) as titles
from cases.case a, cases.case b"""
"""How alike titles are is pg_trgm's own affair."""


# --- the rows ---


def papers(draw: Draw, cases: list[Mapping[str, Any]], now: Any) -> dict[str, list[dict[str, Any]]]:
    """The directory, and what belongs to cases."""
    keys = [row["id"] for row in cases]
    hours = [now + timedelta(hours=step) for step in (-30, -10, -1, 0, 1, 40)]
    ends = (None, None, None, hours[0])
    rules: list[dict[str, Any]] = [
        {
            "id": at,
            "category_id": category,
            "grid_id": grid,
            "unit_id": unit,
            "basis": draw.of(("目录", "it's 50% {0}")),
        }
        | {"weight": 20 + at, "valid_from": draw.of(hours[:3]), "valid_to": end, "previous_id": None, "version": at}
        for at, (category, grid, unit, end) in enumerate(
            [(1, 3, 1, None), (2, 3, 2, None), (3, 5, 1, None), (4, 7, 3, None), (4, 6, 4, None), (5, 3, 1, hours[2])],
            1,
        )
    ]
    rules[5]["previous_id"] = 1
    helping = [{"rule_id": rule, "unit_id": unit} for rule, unit in ((1, 3), (1, 4), (3, 2), (4, 1))]
    duties = [
        {"id": at, "category_id": at, "grid_id": 3, "kind": "COUNTY_DEPARTMENT", "basis": "清单"}
        | {"valid_from": draw.of(hours), "valid_to": draw.of(ends)}
        for at in (1, 2, 4, 5)
    ]
    orders = [order(draw, case, unit, at, hours) for at, case in enumerate(keys) for unit in range(1, at % 4 + 1)]
    objections = [
        {"id": draw.key(), "case_id": one["case_id"], "order_id": one["id"], "unit_id": one["unit_id"]}
        | {
            "suggested_id": draw.maybe(draw.of((1, 2, 3))),
            "grounds": draw.of(("不属", "it's")),
            "filed_at": draw.of(hours),
        }
        | {"due_at": draw.of(hours), "ruling": draw.of(("OPEN", "UPHELD", "REJECTED", "LAPSED"))}
        | {
            "reason": draw.maybe("成立"),
            "ruled_at": draw.maybe(now),
            "before_id": draw.maybe(1),
            "after_id": draw.maybe(6),
        }
        for one in orders[::2]
    ]
    approvals = [
        {"id": draw.key(), "case_id": case, "kind": draw.of(("EXTENSION", "SUSPENSION", "VOIDING", "CLOSING"))}
        | {"state": draw.of(("APPROVED", "REFUSED", "LAPSED")), "unit_id": draw.maybe(draw.of((1, 2)))}
        | {"until": draw.maybe(now), "reason": "等料", "requested_at": draw.of(hours), "decision": draw.maybe("阅")}
        | {"decided_at": draw.maybe(now)}
        for case in keys[::2]
    ]
    merges = [
        {"id": draw.key(), "case_id": case, "into_id": into, "merged_at": now, "undone_at": end}
        for case, into, end in zip(keys[4::7], keys[3::7], (None, now, None, None, None, now), strict=False)
    ]
    follows = [
        {"id": draw.key(), "case_id": case, "at": draw.of(hours), "contact": draw.of(("PHONE", "VISIT", "MESSAGE"))}
        | {
            "reached": draw.of((True, False)),
            "rating": draw.maybe(4),
            "solved": draw.maybe(True),
            "note": draw.maybe("好"),
        }
        | {"role": draw.maybe("town_dispatcher")}
        for case in keys[::3]
    ]
    return {
        "dispatch.rule": rules,
        "dispatch.rule_support": helping,
        "dispatch.duty": duties,
        "dispatch.work_order": orders,
        "dispatch.objection": objections,
        "dispatch.approval": approvals,
        "dispatch.merge": merges,
        "dispatch.follow_up": follows,
    }


def order(draw: Draw, case: UUID, unit: int, at: int, hours: list[Any]) -> dict[str, Any]:
    role, state = ("LEAD" if unit == 1 else "SUPPORT"), STATES[(at + unit) % 7]
    return {
        "id": draw.key(),
        "case_id": case,
        "unit_id": unit,
        "role": role,
        "state": state,
        "issued_at": hours[0],
        "warn_at": draw.of(hours[1:4]),
        "due_at": draw.of(hours[3:]),
        "acknowledged_at": draw.maybe(hours[1]),
        "suspended_at": hours[2] if state == "SUSPENDED" else None,
        "finished_at": draw.of(hours[2:5]) if state not in WORKING else None,
        "extended": draw.of((True, False)),
        "contribution": draw.maybe("已协助"),
        "version": 1,
    }


# --- the fields ---


def light(at: At, row: Row) -> str:
    finished, suspended, now = row.finished_at, row.suspended_at, at.scope.viewer.now
    if (finished or suspended or now) >= row.due_at:
        return "RED"
    return "AMBER" if finished is None and (suspended or now) >= row.warn_at else "GREEN"


def supporting(at: At, rule: Row) -> list[Row]:
    keys = {row.unit_id for row in at.rows.kinds["RuleSupport"] if row.rule_id == rule.id}
    return at.page([row for row in at.scope.visible("Unit") if row.id in keys], "code", 20).part


def covers(general: str, special: str) -> bool:
    return general == special or special.startswith(f"{general}.")


def proposal(at: At, case: Row) -> Row | None:
    """The weightiest entry in force for the subject and the place, without the unit that is accused."""
    if not at.need("cases.dispatch", "Case.dispatchProposal", case):
        return None
    categories, units = at.rows.keys["Category"], at.rows.keys["Unit"]
    fitting = [
        rule
        for rule in at.scope.visible("DispatchProposal")
        if rule.valid_to is None
        and covers(categories[rule.category_id].code, categories[case.category_id].code)
        and at.rows.lies_in(case.grid_id, rule.grid_id)
        and units[rule.unit_id].valid_to is None
        and (case.accused_unit_id is None or case.accused_unit_id not in {rule.unit_id, *helpers(at, rule)})
    ]
    return max(fitting, key=lambda rule: (rule.weight, rule.id), default=None)


def helpers(at: At, rule: Row) -> set[int]:
    return {row.unit_id for row in at.rows.kinds["RuleSupport"] if row.rule_id == rule.id}


def reason(at: At, rule: Row) -> str:
    category, grid = at.rows.keys["Category"][rule.category_id].name, at.rows.keys["Grid"][rule.grid_id].name
    return f"「{category}」在{grid}由{at.rows.keys['Unit'][rule.unit_id].name}主办。依据：{rule.basis}"


def first_receiver(at: At, case: Row) -> Row | None:
    leads = [row for row in at.scope.all("WorkOrder") if row.case_id == case.id and row.role == "LEAD"]
    first = min(leads, key=lambda row: (row.issued_at, row.id), default=None)
    return first and at.rows.keys["Unit"][first.unit_id]


def merged(at: At, case: Row) -> list[Row]:
    keys = {row.case_id for row in at.rows.kinds["Merge"] if row.into_id == case.id and row.undone_at is None}
    return at.page([row for row in at.scope.visible("Case") if row.id in keys], "reported_at").part


def merged_into(at: At, case: Row) -> Row | None:
    found = main_of(at, case)
    return found and at.scope.find("Case", found.id)


def main_of(at: At, case: Row) -> Row | None:
    keys = [row.into_id for row in at.rows.kinds["Merge"] if row.case_id == case.id and row.undone_at is None]
    return at.rows.keys["Case"][keys[0]] if keys else None


def may_rate(at: At, case: Row) -> bool:
    main = main_of(at, case)
    return case.status == "REPLIED" or (case.status == "MERGED" and main is not None and main.status == "REPLIED")


def similar(at: At, case: Row) -> list[dict[str, Any]] | None:
    if not at.need("dispatch.merge_cases", "Case.similarCases", case):
        return None
    around = [row for row in at.scope.visible("Case") if row.id != case.id and near(at, case, row)]
    scored = [(likeness(at, case, row), row) for row in around if row.series == case.series == "ORDINARY"]
    kept = sorted((one for one in scored if one[0] >= 0.35), key=lambda one: (-one[0], one[1].id))
    first = at.given.get("first")
    return [
        {
            "number": row.number,
            "title": title(at, row),
            "status": row.status,
            "similarity": alike,
            "distance": whole(case, row),
        }
        for alike, row in kept[: max(0, min(5 if first is None else first, 20))]
    ]


def title(at: At, case: Row) -> str:
    """What a case is called; a recording that nobody has listened to by its time."""
    label = "语音诉求" if at.scope.viewer.language == "zh" else "Voice report"
    return case.title or f"{label} {case.reported_at.astimezone(CHINA):%Y-%m-%d %H:%M}"


def near(at: At, case: Row, row: Row) -> bool:
    if row.status in ("DECLINED", "WITHDRAWN", "VOIDED", "MERGED") or abs(
        row.reported_at - case.reported_at
    ) > timedelta(30):
        return False
    one, other = (at.rows.keys["Category"][each.category_id].code.split(".")[0] for each in (case, row))
    if case.village_id is not None and row.village_id == case.village_id and one == other:
        return True
    placed = case.longitude is not None and row.longitude is not None
    return placed and abs(row.longitude - case.longitude) <= 0.01 and abs(row.latitude - case.latitude) <= 0.01


def metres(case: Row, row: Row) -> float | None:
    if case.longitude is None or row.longitude is None:
        return None
    south, north = math.radians(case.latitude), math.radians(row.latitude)
    across = math.sin(math.radians(row.longitude - case.longitude) / 2) ** 2
    chord = math.sin((north - south) / 2) ** 2 + math.cos(south) * math.cos(north) * across
    return 2 * 6371008.8 * math.asin(math.sqrt(chord))


def whole(case: Row, row: Row) -> float | None:
    found = metres(case, row)
    return None if found is None else float(round(found))


def likeness(at: At, case: Row, row: Row) -> float:
    one, other = (at.rows.keys["Category"][each.category_id] for each in (case, row))
    away = metres(case, row)
    subject = 0.25 if one.id == other.id else 0.12 if one.code.split(".")[0] == other.code.split(".")[0] else 0
    place = float(row.grid_id == case.grid_id) if away is None else math.exp(-away / 400)
    apart = abs((row.reported_at - case.reported_at).total_seconds())
    found = 0.5 * at.rows.likeness[row.id, case.id] + subject + 0.16 * place + 0.09 * math.exp(-apart / 864_000)
    return float(Decimal(f"{found:.15g}").quantize(Decimal("0.01"), ROUND_HALF_UP))


def own(kind: str, order: str) -> Callable[[At, Row], Any]:
    return lambda at, case: at.page(at.owned(kind, case), order).connection


FIELDS: dict[str, Callable[[At, Any], Any]] = {
    "Query.dispatchRules": lambda at, _: at.connection("DispatchRule", "-weight"),
    "Query.listedDuties": lambda at, _: at.connection("ListedDuty", "valid_from"),
    "Query.objections": lambda at, _: at.connection("DispatchObjection", "due_at"),
    "Query.approvals": lambda at, _: at.connection("Approval", "requested_at"),
    "DispatchRule.supportUnits": supporting,
    "DispatchProposal.supportUnits": supporting,
    "DispatchProposal.leadUnit": lambda at, rule: at.rows.keys["Unit"][rule.unit_id],
    "DispatchProposal.rule": lambda at, rule: at.rows.keys["DispatchRule"][rule.id],
    "DispatchProposal.reason": reason,
    "DispatchRule.previous": lambda at, rule: at.rows.keys["DispatchRule"].get(rule.previous_id),
    "DirectoryChange.before": lambda at, change: at.rows.keys["DispatchRule"].get(change.before_id),
    "DirectoryChange.after": lambda at, change: at.rows.keys["DispatchRule"].get(change.after_id),
    "WorkOrder.light": light,
    "DispatchObjection.suggestedUnit": lambda at, row: at.rows.keys["Unit"].get(row.suggested_id),
    "Case.dispatchProposal": proposal,
    "Case.workOrders": own("WorkOrder", "issued_at"),
    "Case.objections": own("DispatchObjection", "filed_at"),
    "Case.approvals": own("Approval", "requested_at"),
    "Case.followUps": own("FollowUp", "at"),
    "Case.firstReceiver": first_receiver,
    "Case.returns": lambda at, case: sum(row.state == "RETURNED" for row in at.owned("WorkOrder", case)),
    "Case.merged": merged,
    "Case.mergedInto": merged_into,
    "Case.mayRate": may_rate,
    "Case.similarCases": similar,
    "Unit.workOrders": lambda at, unit: at.connection("WorkOrder", "due_at", lambda row: row.unit_id == unit.id),
}


def placed(at: At, row: Row) -> Any:
    return at.rows.keys["Grid"][row.grid_id]


def category(at: At, row: Row) -> Any:
    return at.rows.keys["Category"][row.category_id].code


def unit(at: At, row: Row) -> Any:
    return at.rows.keys["Unit"][row.unit_id].code


FILTERS: dict[tuple[str, str], Callable[[At, Row], Any]] = {
    **{(kind, "grid"): placed for kind in ("DispatchRule", "ListedDuty")},
    **{(kind, "category"): category for kind in ("DispatchRule", "ListedDuty")},
    **{(kind, "current"): lambda at, row: row.valid_to is None for kind in ("DispatchRule", "ListedDuty")},
    **{(kind, "unit"): unit for kind in ("DispatchRule", "WorkOrder", "DispatchObjection")},
    ("WorkOrder", "live"): lambda at, row: row.state in WORKING,
}
