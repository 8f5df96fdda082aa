"""Whistle calls, supervision and emergencies in the little county, and how their fields are answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from gongzhi.declare.columns import NEVER

if TYPE_CHECKING:
    from .expected_visibility import ExpectedVisibility, Row
    from .reference_engine import At

from .sample_county import NOW, TITLES, Draw, Rows

TABLES = {
    "Whistle": "whistles.whistle",
    "WhistleUnit": "whistles.summons",
    "WhistlePlan": "whistles.plan",
    "WhistleTask": "whistles.task",
    "WhistleAssessment": "whistles.assessment",
    "Supervision": "supervision.supervision",
    "SupervisionRule": "supervision.rule",
    "Emergency": "emergency.emergency",
    "EmergencyPower": "emergency.power",
    "EmergencyMark": "emergency.mark",
}
OWNED = {
    **dict.fromkeys(("WhistleUnit", "WhistlePlan", "WhistleTask", "WhistleAssessment"), ("Whistle", "whistle_id")),
    "EmergencyMark": ("Emergency", "emergency_id"),
}
AREAS = (3, 5, 7, 9, 12, 12, 13, 16)


# --- the rows ---


def everything(cases: list[UUID]) -> dict[str, Rows]:
    """The rows by table, parents first. Rules and powers are there already."""
    draw = Draw(13)
    emergencies: Rows = []
    for _ in range(14):
        emergencies.append(emergency(draw, emergencies))
    whistles = [whistle(draw, cases, emergencies) for _ in range(25)]
    plans = [plan(draw, one, version) for one in whistles[:12] for version in (1, 2)]
    pairs = [(one, unit) for one in whistles for unit in draw.random.sample((1, 2, 3, 4), 2)]
    return {
        "emergency.emergency": emergencies,
        "emergency.mark": [mark(draw, draw.of(emergencies), at) for at in range(20)],
        "whistles.whistle": whistles,
        "whistles.summons": [summons(draw, *pair) for pair in pairs],
        "whistles.plan": plans,
        "whistles.task": [task(draw, draw.of(plans)) for _ in range(40)],
        "whistles.assessment": [assessment(draw, *pair) for pair in pairs],
        "supervision.supervision": [supervision(draw, cases) for _ in range(30)],
    }


def emergency(draw: Draw, before: Rows) -> dict[str, Any]:
    begin = draw.instant()
    others = [one["id"] for one in before]
    return {
        "id": draw.key(),
        "grid_id": draw.of(AREAS),
        "state": draw.of(("PENDING", "ACTIVE", "ENDED", "ENDED", "REFUSED", "LAPSED", "ABSORBED")),
        "powers": draw.of(([], ["EMERGENCY_WHISTLE"], ["DIRECT_DISPATCH", "EMERGENCY_WHISTLE"])),
        "reason": draw.of(TITLES),
        "declared_at": begin,
        "confirmed_at": draw.maybe(begin),
        "starts_at": begin,
        "ends_at": begin + timedelta(hours=4),
        "ended_at": draw.maybe(NOW),
        "previous_id": None,
        "absorbs": draw.random.sample(others, min(len(others), 2)),
        "absorbed_by_id": draw.maybe(draw.of(others)) if others else None,
        "report": draw.maybe({"events": [{"type": "case.closed", "count": None}]}),
        "version": 2,
    }


def mark(draw: Draw, emergency: Mapping[str, Any], at: int) -> dict[str, Any]:
    used = {"power": draw.of(("EMERGENCY_WHISTLE", "DIRECT_DISPATCH")), "command": "callWhistle", "about": f"Case:{at}"}
    return {"id": draw.key(), "emergency_id": emergency["id"], "at": draw.instant(), **used}


def whistle(draw: Draw, cases: list[UUID], emergencies: Rows) -> dict[str, Any]:
    return {
        "id": draw.key(),
        "grid_id": draw.of(AREAS),
        "kind": draw.of(("ROUTINE", "TOUGH", "EMERGENCY")),
        "state": draw.of(("PENDING", "CALLED", "CALLED", "REFUSED", "CLOSED")),
        "matter": draw.of(TITLES),
        "case_id": draw.maybe(draw.of(cases)),
        "check_in_within": draw.of(("PT30M", "P1D")),
        "asked_at": draw.instant(),
        "called_at": draw.maybe(draw.instant()),
        "emergency_id": draw.maybe(draw.of(emergencies)["id"], 0.4),
        "outcome": draw.maybe(draw.of(TITLES)),
        "closed_at": draw.maybe(NOW),
        "version": 3,
    }


def summons(draw: Draw, whistle: Mapping[str, Any], unit: int) -> dict[str, Any]:
    due = NOW + timedelta(hours=draw.of((-2, 0, 1, 30)))
    times = {"warn_at": due - timedelta(hours=1), "due_at": due, "checked_in_at": draw.maybe(draw.instant())}
    if whistle["state"] == "PENDING":
        times |= {"warn_at": NEVER, "due_at": NEVER}
    return {
        "id": draw.key(),
        "whistle_id": whistle["id"],
        "unit_id": unit,
        **times,
        "escalated_at": draw.maybe(NOW, 0.2),
    }


def plan(draw: Draw, whistle: Mapping[str, Any], version: int) -> dict[str, Any]:
    said = {"version": version, "text": draw.of(TITLES), "at": draw.instant()}
    return {"id": draw.key(), "whistle_id": whistle["id"], **said}


def task(draw: Draw, plan: Mapping[str, Any]) -> dict[str, Any]:
    said = {"unit_id": draw.of((1, 2, 3)), "text": draw.of(TITLES), "due_at": draw.instant()}
    done = {"done_at": draw.maybe(draw.instant()), "result": draw.maybe(draw.of(TITLES))}
    return {"id": draw.key(), "whistle_id": plan["whistle_id"], "plan_id": plan["id"], **said, **done}


def assessment(draw: Draw, whistle: Mapping[str, Any], unit: int) -> dict[str, Any]:
    said = {"direction": draw.of(("OF_UNIT", "OF_CALLER")), "rating": draw.of((1, 3, 5)), "at": draw.instant()}
    return {
        "id": draw.key(),
        "whistle_id": whistle["id"],
        "unit_id": unit,
        "comment": draw.maybe(draw.of(TITLES)),
        **said,
    }


def supervision(draw: Draw, cases: list[UUID]) -> dict[str, Any]:
    due = NOW + timedelta(hours=draw.of((-2, 0, 1, 30)))
    return {
        "id": draw.key(),
        "case_id": draw.of(cases),
        "unit_id": draw.maybe(draw.of((1, 2, 3)), 0.8),
        "level": draw.of(("REMINDER", "SUPERVISION", "LISTED")),
        "state": draw.of(("OPEN", "ANSWERED", "LIFTED")),
        "rule_id": draw.maybe(draw.of((1, 2, 3))),
        "reason": draw.maybe(draw.of(TITLES)),
        "issued_at": draw.instant(),
        "warn_at": due - timedelta(hours=1),
        "reply_due_at": due,
        "reply": draw.maybe(draw.of(TITLES)),
        "replied_at": draw.maybe(draw.instant()),
        "lifted_at": draw.maybe(NOW, 0.3),
        "lifted_why": draw.maybe(draw.of(TITLES)),
        "version": 2,
    }


# --- who sees them ---


def rules(scope: ExpectedVisibility) -> dict[str, Callable[[Row], bool]]:
    return {
        "Whistle": lambda row: sees_whistle(scope, row),
        "WhistleAssessment": lambda row: sees_assessment(scope, row),
        "Supervision": lambda row: sees_supervision(scope, row),
        "Emergency": lambda row: has_held(row) or scope.serves(row, "emergency.declare"),
        "EmergencyMark": lambda row: scope.serves(scope.rows.keys["Emergency"][row.emergency_id], "emergency.review"),
    }


def has_held(row: Row) -> bool:
    return row.state in ("ACTIVE", "ENDED") or row.state == "ABSORBED" and row.confirmed_at is not None


def units(scope: ExpectedVisibility) -> set[Any]:
    return {grant.unit for grant in scope.grants("whistles.view") if grant.unit is not None}


def sees_whistle(scope: ExpectedVisibility, row: Row) -> bool:
    called = any(one.whistle_id == row.id and one.unit_id in units(scope) for one in scope.all("WhistleUnit"))
    return scope.serves(row, "whistles.view") or called and row.state in ("CALLED", "CLOSED")


def sees_supervision(scope: ExpectedVisibility, row: Row) -> bool:
    case = scope.rows.keys["Case"][row.case_id]
    overseen = case.series == "ORDINARY" and case.accused_unit_id is None and scope.serves(case, "supervision.view")
    return overseen or scope.sees_case(case) and scope.sees_paper(row)


def sees_assessment(scope: ExpectedVisibility, row: Row) -> bool:
    return row.unit_id in units(scope) or scope.serves(scope.rows.keys["Whistle"][row.whistle_id], "whistles.view")


# --- the fields that are neither columns nor foreign keys ---


def light(at: At, due: Any, warn: Any, *moments: Any) -> str:
    now = next((one for one in moments if one is not None), at.scope.viewer.now)
    return "RED" if now >= due else "AMBER" if now >= warn else "GREEN"


def of(kind: str, key: str, order: str, cap: int = 100) -> Callable[[At, Row], Any]:
    """The rows that point here."""
    return lambda at, row: (
        at.page([one for one in at.scope.visible(kind) if getattr(one, key) == row.id], order, cap).part
    )


def latest(at: At, row: Row) -> Row | None:
    plans = [one for one in at.scope.visible("WhistlePlan") if one.whistle_id == row.id]
    return max(plans, key=lambda one: one.version, default=None)


FIELDS: dict[str, Callable[..., Any]] = {
    "Query.whistles": lambda at, _: at.connection("Whistle", "-asked_at"),
    "Query.supervisions": lambda at, _: at.connection("Supervision", "reply_due_at"),
    "Query.supervisionRules": lambda at, _: at.connection("SupervisionRule", "since"),
    "Query.emergencies": lambda at, _: at.connection("Emergency", "-starts_at"),
    "Query.emergencyPowers": lambda at, _: at.connection("EmergencyPower", "code"),
    "Case.whistles": lambda at, case: at.connection("Whistle", "-asked_at", lambda row: row.case_id == case.id),
    "Case.supervisions": lambda at, case: at.connection("Supervision", "issued_at", lambda row: row.case_id == case.id),
    "Whistle.units": of("WhistleUnit", "whistle_id", "due_at", 30),
    "Whistle.plans": of("WhistlePlan", "whistle_id", "-version"),
    "Whistle.assessments": of("WhistleAssessment", "whistle_id", "at"),
    "Whistle.plan": latest,
    "WhistlePlan.tasks": of("WhistleTask", "plan_id", "due_at"),
    "WhistleUnit.light": lambda at, row: light(at, row.due_at, row.warn_at, row.checked_in_at),
    "Supervision.light": lambda at, row: light(at, row.reply_due_at, row.warn_at, row.replied_at, row.lifted_at),
    "Supervision.caseNumber": lambda at, row: at.rows.keys["Case"][row.case_id].number,
    "SupervisionRule.county": lambda at, row: row.county_id and at.scope.find("Grid", row.county_id),
    "Emergency.powers": lambda at, row: (
        at.page([one for one in at.scope.visible("EmergencyPower") if one.code in row.powers], "code", 20).part
    ),
    "Emergency.absorbs": lambda at, row: (
        at.page([one for one in at.scope.visible("Emergency") if one.id in row.absorbs], "starts_at", 20).part
    ),
    "Emergency.marks": of("EmergencyMark", "emergency_id", "at"),
}


def grid_of(at: At, row: Row) -> Any:
    return at.rows.keys["Grid"][row.grid_id]


FILTERS: dict[tuple[str, str], Callable[[At, Row], Any]] = {
    ("Whistle", "grid"): grid_of,
    ("Emergency", "grid"): grid_of,
    ("Supervision", "unit"): lambda at, row: row.unit_id and at.rows.keys["Unit"][row.unit_id].code,
    ("SupervisionRule", "current"): lambda at, row: row.until is None,
}
