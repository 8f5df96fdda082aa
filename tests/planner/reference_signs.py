"""Early signs and open datasets in the little county, and how their fields are answered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from gongzhi_statistics.early_signs.clusters import NAME
from gongzhi_statistics.early_signs.types import EXPLANATION

if TYPE_CHECKING:
    from .expected_visibility import ExpectedVisibility, Row
    from .reference_engine import At

from .sample_county import NOW, TITLES, Draw, Rows

TABLES = {"EarlySign": "statistics.sign", "SignCase": "statistics.sign_case", "OpenDataset": "statistics.dataset"}
CHINA = ZoneInfo("Asia/Shanghai")


def everything(cases: list[UUID]) -> dict[str, Rows]:
    draw = Draw(17)
    # Of a place and a subject one is under way at a time.
    places = [(grid, category) for grid in (5, 6, 7, 8) for category in (1, 2, 3)]
    signs = [sign(draw, *place) for place in places]
    pairs = [(one["id"], case) for one in signs for case in draw.random.sample(cases, 4)]
    return {
        "statistics.sign": signs,
        "statistics.sign_case": [{"sign_id": one, "case_id": case} for one, case in pairs],
        "statistics.dataset": [dataset(draw, county, quarter) for county in (3, 4) for quarter in (1, 4, 7, 10)],
    }


def dataset(draw: Draw, county: int, month: int) -> dict[str, Any]:
    table = {"town": "total", "town_name": "各镇合计", "item": "land", "item_name": "土地宅基地"}
    return {
        "id": draw.key(),
        "grid_id": county,
        "kind": draw.of(("CASES", "LEVELS")),
        "state": draw.of(("PROPOSED", "PUBLISHED", "PUBLISHED", "REFUSED", "WITHDRAWN")),
        "since": date(2025, month, 1),
        "until": date(2025, month + 2, 28),
        "licence": draw.of(("CC-BY-4.0", "CC0-1.0")),
        "rows": [table | {"number": draw.of((12, 30)), "withheld": False}, table | {"number": None, "withheld": True}],
        "proposed_at": draw.instant(),
        "proposed_by": draw.of(("desk", "admin", "county")),
        "decided_at": draw.maybe(draw.instant()),
        "reason": draw.maybe(draw.of(TITLES)),
        "withdrawn_at": draw.maybe(draw.instant()),
        "version": 2,
    }


def sign(draw: Draw, grid: int, category: int) -> dict[str, Any]:
    state = draw.of(("OPEN", "PATROL_PROPOSED", "WHISTLED", "DISMISSED", "ENDED"))
    over = state in ("DISMISSED", "ENDED")
    return {
        "id": draw.key(),
        "grid_id": grid,
        "category_id": category,
        "code": f"{category}",
        "state": state,
        "edition": "1",
        "since": date(2026, 6, 20),
        "until": date(2026, 6, 26),
        "counted": draw.of((4, 7, 12)),
        "earlier": draw.of((0, 1, 2, 3, 30)),
        "expected": draw.of((0.25, 2.5, 1 / 3)),
        "threshold": 4,
        "villages": 1,
        "found_at": draw.instant(),
        "seen_at": draw.instant(),
        "proposed_at": draw.maybe(draw.instant()),
        "note": draw.maybe(draw.of(TITLES)),
        "whistle_id": None,
        "dismissal": draw.of(("FALSE_ALARM", "KNOWN")) if state == "DISMISSED" else None,
        "confirmed": draw.maybe(draw.of((True, False))) if over else None,
        "outcome": draw.maybe(draw.of(TITLES)),
        "decided_by": draw.maybe("desk"),
        "absorbed_by_id": None,
        "ended_at": NOW if over else None,
        "version": 2,
    }


def rules(scope: ExpectedVisibility) -> dict[str, Callable[[Row], bool]]:
    return {
        "EarlySign": lambda row: scope.serves(row, "statistics.view"),
        "OpenDataset": lambda row: row.state in ("PUBLISHED", "WITHDRAWN") or scope.serves(row, "statistics.publish"),
    }


def explain(at: At, row: Row) -> str:
    keys = at.rows.keys
    named = {"grid": keys["Grid"][row.grid_id].name, "category": keys["Category"][row.category_id].name}
    numbers = {name: getattr(row, name) for name in ("counted", "since", "until", "villages", "threshold", "edition")}
    return EXPLANATION.say(at.scope.viewer.language).format(**named, **numbers, expected=f"{row.expected:.2f}")


def listed_cases(at: At, row: Row) -> dict[str, Any]:
    keys = {one.case_id for one in at.rows.kinds["SignCase"] if one.sign_id == row.id}
    return at.connection("Case", "-reported_at", lambda case: case.id in keys)


def patrols(at: At, row: Row) -> dict[str, Any]:
    return at.connection(
        "Patrol", "-at", lambda one: at.rows.lies_in(one.grid_id, row.grid_id) and one.at >= row.found_at
    )


def results(at: At, _: Any) -> list[dict[str, Any]]:
    county = at.rows.current(at.given["county"])
    if county is None or county.kind != "COUNTY":
        return []
    found = [one for one in at.rows.kinds["EarlySign"] if at.rows.lies_in(one.grid_id, county.id)]
    counted = {
        "found": len(found),
        "running": sum(one.ended_at is None for one in found),
        "confirmed": sum(one.confirmed is True for one in found),
        "falseAlarms": sum(one.confirmed is False for one in found),
        "known": sum(one.dismissal == "KNOWN" for one in found),
        "unanswered": sum(one.state == "ENDED" and one.confirmed is None for one in found),
    }
    return [{"rule": NAME, "edition": "1"} | counted] if found else []


def running(at: At, grid: Row) -> int:
    """How many are under way in a place."""
    signs = at.rows.kinds["EarlySign"]
    return sum(one.ended_at is None and at.rows.lies_in(one.grid_id, grid.id) for one in signs)


def figures(at: At, grid: Row, since: date, until: date) -> Mapping[str, int]:
    """What a digest says of signs that were found in its days."""
    counted: Counter[str] = Counter()
    for one in at.rows.kinds["EarlySign"]:
        day = one.found_at.astimezone(CHINA).date()
        if since <= day <= until and at.rows.lies_in(one.grid_id, grid.id):
            counted["signsFound"] += 1
            counted["signsConfirmed"] += one.confirmed is True
            counted["falseAlarms"] += one.confirmed is False
            counted["signsRunning"] += one.ended_at is None
    return {name: counted[name] for name in ("signsFound", "signsConfirmed", "falseAlarms", "signsRunning")}


def file_of(kind: str) -> Callable[[At, Row], str | None]:
    def find(at: At, row: Row) -> str | None:
        quarter = f"{row.since.year}q{(row.since.month + 2) // 3}"
        name = f"{at.rows.keys['Grid'][row.grid_id].code}-{row.kind.lower()}-{quarter}.{kind}"
        return f"/x/statistics/open-data/{name}" if row.state == "PUBLISHED" else None

    return find


def numbers(at: At, row: Row) -> list[dict[str, Any]]:
    called = {"town_name": "townName", "item_name": "itemName"}
    return [{called.get(name, name): value for name, value in one.items()} for one in row.rows]


FIELDS: dict[str, Callable[..., Any]] = {
    "Query.earlySigns": lambda at, _: at.connection("EarlySign", "-found_at"),
    "Query.earlySignResults": results,
    "Grid.earlySigns": lambda at, grid: at.connection(
        "EarlySign", "-found_at", lambda row: at.rows.lies_in(row.grid_id, grid.id)
    ),
    "Query.openDatasets": lambda at, _: at.connection("OpenDataset", "-proposed_at"),
    "OpenDataset.csv": file_of("csv"),
    "OpenDataset.json": file_of("json"),
    "OpenDataset.table": numbers,
    "EarlySign.earlier": lambda at, row: None if row.earlier in (1, 2) else row.earlier,
    "EarlySign.explanation": explain,
    "EarlySign.cases": listed_cases,
    "EarlySign.patrols": patrols,
}
FILTERS: dict[tuple[str, str], Callable[[At, Row], Any]] = {
    ("OpenDataset", "grid"): lambda at, row: at.rows.keys["Grid"][row.grid_id],
    ("EarlySign", "grid"): lambda at, row: at.rows.keys["Grid"][row.grid_id],
    ("EarlySign", "category"): lambda at, row: at.rows.keys["Category"][row.category_id].code,
}
