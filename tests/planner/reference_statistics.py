"""The figures of the little county: nothing is counted there, so all are of nothing. Others count by hand."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from gongzhi.values.errors import Language
from gongzhi_server.testing import ESSENTIAL
from gongzhi_statistics.digests import SECTIONS, TITLES, Period, period_days
from gongzhi_statistics.monthly import SIGNS, Change, Movement
from gongzhi_statistics.sentences import Section

from . import reference_signs

if TYPE_CHECKING:
    from .expected_visibility import Row
    from .reference_engine import At

VIEW, SEALED = "statistics.view", "cases.view_sealed"
COUNTED = ("PROVINCE", "CITY", "COUNTY", "TOWN", "VILLAGE")
COUNTS = ("reported", "completed", "underWay", "overdue", "dueOnLastDay", "issued", "returned", "late", "stillLate")
RATES = (
    "completionRate", "onTimeRate", "extensionShare", "resolutionRate", "satisfactionRate", "answerCoverage",
    "medianResponse", "medianHandling",
)  # fmt: skip
ANSWERS = ("resolutionRate", "satisfactionRate", "answerCoverage")
"""What is told of what persons answered, over whole months only."""
LEVELS = ("GRID", "VILLAGE", "TOWN", "COUNTY")


def served(at: At, grid: Row, permission: str = VIEW) -> bool:
    return any(
        grant.grid is None and grant.unit is None or grant.grid and at.rows.lies_in(grid.id, grant.grid)
        for grant in at.scope.grants(permission)
    )


def nothing(at: At, owner: Row) -> dict[str, Any]:
    """What is told of a place or unit for which nothing was counted."""
    since, until = at.given["from"], at.given["to"]
    plain = dict.fromkeys(COUNTS, 0) | dict.fromkeys(RATES)
    withheld = [] if whole_month(since, until) else list(ANSWERS)
    return plain | {"suppressed": withheld, "owner": owner, "from": since, "to": until}


def whole_month(since: date, until: date) -> bool:
    """Whether a month begins and ends within the period."""
    days = [since + timedelta(days=at) for at in range((until - since).days + 1)]
    ends = {(day.year, day.month) for day in days if (day + timedelta(days=1)).day == 1}
    return any(day.day == 1 and (day.year, day.month) in ends for day in days)


def of_grid(at: At, grid: Row) -> dict[str, Any] | None:
    at.need(VIEW, "Grid.statistics")
    found = nothing(at, grid)
    listed = {"byCategory": [], "byChannel": [], "burden": None}
    levels = [{"level": one, "settled": 0, "share": None, "suppressed": False} for one in LEVELS]
    return found | listed | {"byLevel": levels} if grid.kind in COUNTED and served(at, grid) else None


def of_unit(at: At, unit: Row) -> dict[str, Any] | None:
    at.need(VIEW, "Unit.statistics")
    mine = any(grant.unit == unit.id for grant in at.scope.grants(VIEW))
    return nothing(at, unit) if mine or served(at, at.rows.keys["Grid"][unit.grid_id]) else None


def tip_offs(at: At, found: dict[str, Any]) -> int | None:
    at.need(SEALED, "GridStatistics.tipOffs")
    units = any(grant.unit is not None for grant in at.scope.viewer.account.grants)
    return 0 if served(at, found["owner"], SEALED) and not units else None


def series(at: At, found: dict[str, Any]) -> list[dict[str, Any]]:
    starts: dict[date, None] = {}
    day, bucket = found["from"], at.given["bucket"]
    while day <= found["to"]:
        first = {"DAY": day, "WEEK": day - timedelta(days=day.weekday()), "MONTH": day.replace(day=1)}[bucket]
        starts[first] = None
        day += timedelta(days=1)
    return [{"start": one, "reported": 0, "completed": 0, "suppressed": False} for one in starts]


def by_level_and_category(at: At, _: Any) -> list[dict[str, Any]]:
    subjects = [one for one in at.rows.kinds["Category"] if one.parent_id is None and one.valid_to is None]
    levels = [{"level": one, "settled": 0, "suppressed": False} for one in LEVELS]
    listed = [{"category": {"code": one.code, "name": one.name}, "levels": levels} for one in subjects]
    return sorted(listed, key=lambda one: one["category"]["code"])[: at.given["first"]]


def digest(at: At, _: Any) -> dict[str, Any] | None:
    at.need(VIEW, "Query.digest")
    grid, period, language = at.rows.current(at.given["grid"]), Period(at.given["period"]), at.scope.viewer.language
    if grid is None or grid.kind not in COUNTED or not served(at, grid):
        return None
    since, until = period_days(period, at.given["at"])
    formulas = {one.name: one.formula.say(language) for one in ESSENTIAL.registers.kpis}
    sections = []
    for one in SECTIONS[period]:
        if not isinstance(one, Section):
            sections.append(compared(one, language, formulas))
            continue
        values = {figure.name: 0 if figure.name in COUNTS else None for figure in one.figures}
        if one is SIGNS:
            values |= reference_signs.figures(at, grid, since, until)
        said = {name: "–" if value is None else str(value) for name, value in values.items()}
        figures = [
            {"name": name, "value": value, "formula": formulas[name], "subject": None} for name, value in values.items()
        ]
        text = one.text.say(language).format(**said)
        sections.append({"title": one.title.say(language), "text": text, "figures": figures})
    title = TITLES[period].say(language).format(grid=grid.name, since=since, until=until)
    return {"title": title, "sections": sections}


def compared(one: Change | Movement, language: Language, formulas: dict[str, str]) -> dict[str, Any]:
    """What is said of two months in which nothing was reported."""
    if isinstance(one, Movement):
        return {
            "title": one.title.say(language),
            "text": one.none_rose.say(language) + one.none_fell.say(language),
            "figures": [],
        }
    names = "reported", "reportedBefore"
    return {
        "title": one.title.say(language),
        "text": one.text.say(language).format(**dict.fromkeys(names, 0)),
        "figures": [{"name": name, "value": 0, "formula": formulas[name], "subject": None} for name in names],
    }


def concern_map(at: At, _: Any) -> dict[str, Any] | None:
    at.need(VIEW, "Query.concernMap")
    grid, level = at.rows.current(at.given["grid"]), at.given.get("level")
    if grid is None or grid.kind not in COUNTED or not served(at, grid):
        return None
    kinds = [level] if level else ["COUNTY", "TOWN", "VILLAGE"]
    below = [
        one
        for one in at.rows.kinds["Grid"]
        if one.valid_to is None
        and one.kind in kinds
        and (one.id != grid.id and at.rows.lies_in(one.id, grid.id) if level else one.parent_id == grid.id)
    ]
    places = [place_of(at, one) for one in sorted(below, key=lambda one: one.code)]
    return {"code": grid.code, "name": grid.name, "places": places}


def place_of(at: At, grid: Row) -> dict[str, Any]:
    """A place in which nothing was reported; its one ring is a rectangle here."""
    rings = [one.area for one in at.rows.kinds["Ring"] if one.grid_id == grid.id and not one.hole]
    middle = None
    if rings:
        [ring] = rings
        easts, norths = zip(*ring, strict=True)
        middle = [round((min(way) + max(way)) / 2 / 1_000_000, 6) for way in (easts, norths)]
    return {
        "code": grid.code,
        "name": grid.name,
        "longitude": middle[0] if middle else None,
        "latitude": middle[1] if middle else None,
        "boundary": grid.boundary if at.given["outlines"] else None,
        "reported": 0,
        "earlier": 0,
        "suppressed": False,
        "signs": reference_signs.running(at, grid),
        "subjects": [],
    }


def prefill(at: At, _: Any) -> list[dict[str, str]]:
    """What the viewer's post and household tell; the last of each."""
    person = at.scope.rows.keys["Person"].get(at.scope.person)
    grids, report = at.rows.keys["Grid"], at.given["form"] == "REPORT_CASE"
    posts, homes = (
        [one for one in at.rows.kinds[kind] if one.person_id == at.scope.person and at.scope.lasts(one)]
        for kind in ("Officer", "Membership")
    )
    posts = [one for one in posts if one.duty == "GRID_WORKER" and one.since <= at.scope.today]
    home = min(homes, key=lambda one: (-one.since.toordinal(), one.id), default=None)
    place = (posts[0] if len(posts) == 1 else None) if posts else person if report else None
    known = {
        "channel": "GRID_WORKER" if posts and report else None,
        "grid": place and grids[place.grid_id].code,
        "address": at.rows.keys["Household"][home.household_id].address if home and report and not posts else None,
    }
    return [{"field": name, "value": value} for name, value in known.items() if value is not None]


FIELDS = {
    "Query.concernMap": concern_map,
    "Query.digest": digest,
    "Query.prefill": prefill,
    "Grid.statistics": of_grid,
    "Unit.statistics": of_unit,
    "GridStatistics.tipOffs": tip_offs,
    "GridStatistics.series": series,
    "GridStatistics.byLevelAndCategory": by_level_and_category,
}


def raised_to(at: At, case: Row) -> str | None:
    found = [one for one in at.rows.kinds["CaseEvent"] if one.case_id == case.id and one.type == "case.level_raised"]
    last = max(found, key=lambda row: (row.at, row.id), default=None)
    return last.data.get("to") if last else None
