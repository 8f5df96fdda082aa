"""The same schema answered the plain way: graphql-core's `execute`, one function a field, rows in memory.

It shares no code with the planner and none with the rules: what the schema promises is said here once more, in Python,
so that two who agree are not one who is wrong.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from gongzhi import codes
from gongzhi.geometry import Crs, Point
from gongzhi.viewer import Viewer
from graphql import (
    ExecutionResult,
    GraphQLError,
    GraphQLResolveInfo,
    GraphQLScalarType,
    build_schema,
    execute,
    get_directive_values,
    parse,
)

from . import fieldwork
from .eyes import OWNED, TABLES, Eyes, Row, Rows
from .pages import CAP, CLOSED, Page, meets, moment, snake
from .world import PUBLISHED, SECRET

Info = GraphQLResolveInfo[Any]


class At:
    """One field, asked by somebody with some arguments."""

    def __init__(self, eyes: Eyes, given: Mapping[str, Any]) -> None:
        self.eyes, self.given = eyes, given
        self.rows: Rows = eyes.rows

    def need(self, permission: str, field: str, case: Row | None = None) -> bool:
        """Whether the viewer holds the permission on this case; an error if they hold it nowhere."""
        if not self.eyes.can(permission):
            raise GraphQLError(f"{field} needs the permission {permission!r}.")
        return case is None or self.eyes.holds(case, permission)

    def page(self, rows: Iterable[Row], order: str, cap: int = CAP) -> Page:
        return Page([row for row in rows if meets(self, row, self.given.get("filter"))], self.given, order, cap)

    def connection(self, kind: str, order: str, where: Callable[[Row], bool] = lambda row: True) -> dict[str, Any]:
        return self.page([row for row in self.eyes.visible(kind) if where(row)], order).connection

    def owned(self, kind: str, owner: Row) -> list[Row]:
        """The rows that belong to a row that is seen already; only their own rule is asked."""
        key = OWNED[kind][1]
        found = [row for row in self.eyes.all(kind) if getattr(row, key) == owner.id]
        if kind == "CaseEvent":
            return [row for row in found if self.eyes.sees_event(row)]
        if kind == "Visit":
            return [row for row in found if self.eyes.sees_visit(row)]
        if kind in ("CaseChange", "CaseConflict"):
            return [row for row in found if self.eyes.sees_history(row)]
        return found


def first(rows: Sequence[Row], name: str, down: bool = False) -> Row | None:
    ordered = sorted(rows, key=lambda row: (getattr(row, name), row.id), reverse=down)
    return ordered[0] if ordered else None


def distance(at: At, case: Row) -> float | None:
    if case.longitude is None:
        return None
    given = at.given["from"]
    here = Point(given["longitude"], given["latitude"], Crs(given["crs"])).to(Crs.CGCS2000)
    south, north = math.radians(case.latitude), math.radians(here.latitude)
    across = math.sin(math.radians(case.longitude - here.longitude) / 2) ** 2
    chord = math.sin((north - south) / 2) ** 2 + math.cos(south) * math.cos(north) * across
    return 2 * 6371008.8 * math.asin(math.sqrt(chord))


def grid_at(at: At, _: Any) -> Row | None:
    given = at.given["point"]
    point = Point(given["longitude"], given["latitude"], Crs(given["crs"])).to(Crs.CGCS2000)
    grids = at.rows.keys["Grid"]
    around = [ring for ring in at.rows.kinds["Ring"] if covers(ring.area, point)]
    holes = {ring.grid_id for ring in around if ring.hole}
    found = [grids[ring.grid_id] for ring in around if not ring.hole and ring.grid_id not in holes]
    return max(
        (row for row in found if row.valid_to is None), key=lambda row: (row.path.split("."), row.id), default=None
    )


def covers(area: Any, point: Point) -> bool:
    """The tests' rings are rectangles, in millionths of a degree."""
    east, north = point.longitude * 1e6, point.latitude * 1e6
    easts, norths = zip(*area, strict=True)
    return bool(min(easts) <= east <= max(easts) and min(norths) <= north <= max(norths))


def node(at: At, _: Any) -> Row | None:
    kind, _, text = at.given["id"].partition(":")
    return next((row for row in at.eyes.visible(kind) if str(row.id) == text), None) if kind in TABLES else None


def by_receipt(at: At, _: Any) -> Row | None:
    """Whoever has the receipt may see the case."""
    if not codes.receipt_matches(SECRET, at.given["number"], at.given["receiptCode"]):
        return None
    return next((row for row in at.eyes.all("Case") if row.number == at.given["number"]), None)


def path(at: At, grid: Row) -> list[Row]:
    found = [row for row in at.eyes.visible("Grid") if at.rows.lies_in(grid.id, row.id)]
    for row in found:
        row.depth = str(row.path).count(".")
    return at.page(found, "depth", 8).part


def inside(kind: str, order: str) -> Callable[[At, Row], dict[str, Any]]:
    """Rows in a grid, or below it."""
    return lambda at, grid: at.connection(kind, order, lambda row: at.rows.lies_in(row.grid_id, grid.id))


def officer(duty: str) -> Callable[[At, Row], Row | None]:
    def find(at: At, grid: Row) -> Row | None:
        posts = [row for row in at.eyes.visible("Officer") if row.grid_id == grid.id and row.duty == duty]
        return first([row for row in posts if at.eyes.lasts(row)], "since", down=True)

    return find


def household(at: At, person: Row) -> Row | None:
    mine = {m.household_id for m in at.rows.kinds["Membership"] if m.person_id == person.id and at.eyes.lasts(m)}
    return first([home for key in mine if (home := at.eyes.find("Household", key))], "number")


def phone(at: At, person: Row) -> str | None:
    found = first([row for row in at.rows.kinds["Phone"] if row.person_id == person.id], "rank")
    return str(found.mask) if found else None


def support_units(at: At, case: Row) -> list[Row]:
    keys = {row.unit_id for row in at.rows.kinds["Support"] if row.case_id == case.id}
    return at.page([row for row in at.eyes.visible("Unit") if row.id in keys], "code", 20).part


def label(at: At, case: Row) -> str:
    if not at.eyes.holds(case, "tests.read_names"):
        return str(case.number[:6])
    return f"{case.number}{at.given.get('suffix') or ''}"


def secret(at: At, case: Row) -> str | None:
    return case.account if at.need("tests.read_names", "Case.secret", case) else None


def log(at: At, case: Row) -> dict[str, Any] | None:
    if not at.need("tests.read_log", "Case.log", case):
        return None
    return at.page(at.owned("CaseEvent", case), "-at").connection


def units(at: At, case: Row) -> list[Row] | None:
    if not at.need("tests.read_names", "Case.units", case):
        return None
    keys = dict.fromkeys(key for key in (case.lead_unit_id, case.accused_unit_id) if key)
    return [at.rows.keys["Unit"][key] for key in keys] or None


def greeting(at: At, _: Any) -> str | None:
    at.need("tests.read_names", "Query.greeting")
    return at.eyes.viewer.account.name


def plugins(at: At, _: Any) -> Any:
    at.need("plugins.view", "Query.plugins")
    return PUBLISHED["plugins"]


def activations(at: At, _: Any) -> dict[str, Any]:
    at.need("plugins.view", "Query.pluginActivations")
    return at.connection("PluginActivation", "-since")


def needful(name: str) -> Callable[[At, Row], Any]:
    """Something of a decision that tells what its household asks for."""

    def find(at: At, decision: Row) -> Any:
        home = at.rows.keys["Household"][decision.household_id]
        return getattr(decision, name) if at.eyes.sees_needs(home) else None

    return find


RULES = [
    {"rule": "1", "holds": True, "text": "it's", "english": "so"},
    {"rule": "2", "holds": False, "text": "", "english": ""},
]


def mean(at: At, grid: Row) -> float | None:
    found = [row.rating for row in at.eyes.visible("Case") if row.grid_id == grid.id and row.rating is not None]
    return sum(found) / len(found) if found else None


def belonging(kind: str, order: str) -> Callable[[At, Row], dict[str, Any]]:
    return lambda at, owner: at.page(at.owned(kind, owner), order).connection


def said(name: str) -> Callable[[At, Row], str]:
    """A text in the viewer's language."""
    return lambda at, notice: getattr(notice, f"{name}_{at.eyes.viewer.language}")


def matching(kind: str, name: str) -> Callable[[At, Any], Row | None]:
    """The row whose column has the value of the argument of the same name."""
    return lambda at, _: next((row for row in at.eyes.visible(kind) if getattr(row, name) == at.given[name]), None)


FIELDS: dict[str, Callable[[At, Any], Any]] = {
    "Query.node": node,
    "Query.grid": lambda at, _: at.rows.current(at.given["code"]),
    "Query.gridAt": grid_at,
    "Query.grids": lambda at, _: at.connection("Grid", "code"),
    "Query.unit": matching("Unit", "code"),
    "Query.units": lambda at, _: at.connection("Unit", "code"),
    "Query.person": lambda at, _: node(at, _) if at.given["id"].startswith("Person:") else None,
    "Query.people": lambda at, _: at.connection("Person", "name"),
    "Query.household": matching("Household", "number"),
    "Query.households": lambda at, _: at.connection("Household", "number"),
    "Query.case": matching("Case", "number"),
    "Query.caseByReceipt": by_receipt,
    "Query.cases": lambda at, _: at.connection("Case", "-reported_at"),
    "Query.categories": lambda at, _: at.connection("Category", "code"),
    "Query.channels": lambda at, _: at.connection("Channel", "code"),
    "Query.openCases": lambda at, _: sum(row.status not in CLOSED for row in at.eyes.visible("Case")),
    "Query.rules": lambda at, _: RULES,
    "Query.dataPurposes": lambda at, _: PUBLISHED["dataPurposes"],
    "Query.plugins": plugins,
    "Query.pluginActivations": activations,
    "PluginActivation.county": lambda at, activation: at.eyes.find("Grid", activation.grid_id),
    "Query.me": lambda at, _: Row("Me", {}) if at.eyes.viewer.account.name is not None else None,
    "Query.motto": lambda at, _: "共治 " * at.given["times"],
    "Query.greeting": greeting,
    "Grid.path": path,
    "Grid.children": lambda at, grid: at.connection("Grid", "code", lambda row: row.parent_id == grid.id),
    "Grid.units": lambda at, grid: at.connection("Unit", "code", lambda row: row.grid_id == grid.id),
    "Grid.gridLeader": officer("GRID_LEADER"),
    "Grid.gridWorker": officer("GRID_WORKER"),
    "Grid.officers": lambda at, grid: at.connection("Officer", "-since", lambda row: row.grid_id == grid.id),
    "Grid.people": inside("Person", "name"),
    "Grid.households": inside("Household", "number"),
    "Grid.visits": inside("Visit", "-at"),
    "Grid.cases": inside("Case", "-reported_at"),
    "Grid.openCases": lambda at, grid: sum(
        row.status not in CLOSED and at.rows.lies_in(row.grid_id, grid.id) for row in at.eyes.visible("Case")
    ),
    "Grid.rating": mean,
    "Unit.cases": lambda at, unit: at.connection("Case", "-reported_at", lambda row: row.lead_unit_id == unit.id),
    "Person.residentId": lambda at, person: person.resident_id_mask,
    "Person.phone": phone,
    "Person.phones": lambda at, person: at.page(at.owned("Phone", person), "rank", 5).part,
    "Person.household": household,
    "Person.cases": lambda at, person: at.connection("Case", "-reported_at", lambda row: row.requester_id == person.id),
    "Person.filed": lambda at, person: (
        at.page([row for row in at.eyes.visible("Case") if row.filed_by_id == person.id], "reported_at", 4).part
    ),
    "Person.initial": lambda at, person: f"{person.name[:1]}{person.created_at.year}",
    "Phone.number": lambda at, phone: phone.mask,
    "Household.members": lambda at, home: (
        at.page([row for row in at.owned("Membership", home) if at.eyes.lasts(row)], "since").connection
    ),
    "Household.memberCount": lambda at, home: sum(map(at.eyes.lasts, at.owned("Membership", home))),
    "Household.needs": lambda at, home: home.needs if at.eyes.sees_needs(home) else None,
    "Household.incomeBand": lambda at, home: home.income_band if at.eyes.sees_needs(home) else None,
    "Household.awards": lambda at, home: at.page(at.owned("HouseholdAward", home), "-year", 20).part,
    "Household.serviceTier": lambda at, home: first(at.owned("TierDecision", home), "decided_at", down=True),
    "Household.tierDecisions": belonging("TierDecision", "-decided_at"),
    "Household.helper": lambda at, home: first(
        [row for row in at.owned("Liaison", home) if at.eyes.lasts(row)], "since", down=True
    ),
    "Household.liaisons": belonging("Liaison", "-since"),
    "Household.visits": belonging("Visit", "-at"),
    "Household.lastVisit": lambda at, home: first(at.owned("Visit", home), "at", down=True),
    "Household.visitDueOn": lambda at, home: None if home.visit_due_on == date.max else home.visit_due_on,
    "TierDecision.inputs": needful("inputs"),
    "TierDecision.reasons": needful("reasons"),
    "TierDecision.contestReason": needful("contest_reason"),
    "Liaison.name": lambda at, office: at.rows.keys["Person"][office.person_id].name,
    "Officer.name": lambda at, post: at.rows.keys["Person"][post.person_id].name,
    "Case.place": lambda at, case: None if case.longitude is None else case,
    "Case.reply": lambda at, case: None if case.reply is None else case,
    "Case.mayRate": lambda at, case: case.status == "REPLIED",
    "Case.supportUnits": support_units,
    "Case.timeline": lambda at, case: at.page(at.owned("CaseEvent", case), "at").part,
    "Case.lastEventAt": lambda at, case: max((row.at for row in at.owned("CaseEvent", case)), default=None),
    "Case.events": belonging("CaseEvent", "at"),
    "Case.distance": distance,
    "Case.supports": belonging("Support", "id"),
    "Case.log": log,
    "Case.latest": lambda at, case: first(at.owned("CaseEvent", case), "at", down=True),
    "Case.steps": lambda at, case: len(at.owned("CaseEvent", case)),
    "Case.label": label,
    "Case.secret": secret,
    "Case.age": lambda at, case: f"{case.number}: {getattr(case.reported_at, at.given['unit'])}",
    "Case.earlier": lambda at, case: at.eyes.find("Case", case.previous_id),
    "Case.units": units,
    "Case.attachments": lambda at, case: at.page(at.owned("Attachment", case), "at", 30).part,
    "Case.changes": belonging("CaseChange", "-at"),
    "Case.conflicts": belonging("CaseConflict", "-received_at"),
    "Case.patrol": lambda at, case: first([row for row in at.eyes.visible("Patrol") if row.case_id == case.id], "at"),
    "Attachment.url": lambda at, row: fieldwork.link("full", row),
    "Attachment.thumbnailUrl": fieldwork.thumbnail,
    "Grid.patrols": inside("Patrol", "-at"),
    "Grid.governanceCenter": lambda at, grid: first(
        [row for row in at.eyes.visible("GovernanceCenter") if row.grid_id == grid.id and row.valid_to is None], "name"
    ),
    "Grid.governanceCenters": inside("GovernanceCenter", "name"),
    "GovernanceCenter.units": fieldwork.units,
    "Me.account": lambda at, me: at.eyes.viewer.account.name,
    "Me.role": lambda at, me: next((grant.role for grant in at.eyes.viewer.account.grants), None),
    "Me.person": lambda at, me: at.rows.keys["Person"].get(at.eyes.person),
    "Me.notices": lambda at, me: at.connection("Notice", "-at"),
    "Me.unreadNotices": lambda at, me: sum(row.read_at is None for row in at.eyes.visible("Notice")),
    "Notice.title": said("title"),
    "Notice.body": said("body"),
    "Notice.read": lambda at, notice: notice.read_at is not None,
    "Place.crs": lambda at, case: "CGCS2000",
    "Place.source": lambda at, case: case.place_source,
    "Reply.text": lambda at, case: case.reply,
    "Reply.at": lambda at, case: case.replied_at,
}
"""The fields that are neither columns nor foreign keys."""


class Naive:
    """Answers documents for viewers, one at a time."""

    def __init__(self, sdl: str, rows: Rows) -> None:
        self.schema, self.rows = build_schema(sdl), rows
        self._eyes: dict[int, Eyes] = {}
        self._scalar("Date", date.fromisoformat, date.isoformat)
        self._scalar("DateTime", datetime.fromisoformat, moment)

    def _scalar(self, name: str, read: Callable[[str], Any], write: Callable[[Any], str]) -> None:
        kind: Any = self.schema.type_map[name]
        assert isinstance(kind, GraphQLScalarType)
        kind.coerce_output_value = write
        kind.coerce_input_value = lambda value, *rest: read(value)
        kind.coerce_input_literal = lambda found, *rest: read(found.value)

    def eyes(self, viewer: Viewer) -> Eyes:
        return self._eyes.setdefault(id(viewer), Eyes(self.rows, viewer))

    def ask(self, text: str, variables: Mapping[str, Any], viewer: Viewer) -> ExecutionResult:
        eyes = self.eyes(viewer)

        def resolve(row: Any, info: Info, **given: Any) -> Any:
            return self.field(At(eyes, given), row, info)

        found = execute(
            self.schema,
            parse(text),
            variable_values=dict(variables),
            field_resolver=resolve,
            type_resolver=lambda row, info, kind: row.typename,
        )
        assert isinstance(found, ExecutionResult)
        return found

    def field(self, at: At, row: Any, info: Info) -> Any:
        """A field that has a function; else a value that is there, a column, or the row of a foreign key."""
        if isinstance(row, dict):
            return row[info.field_name]
        if found := FIELDS.get(f"{info.parent_type.name}.{info.field_name}"):
            value = found(at, row)
            return None if self.off(row, info) else value
        name = snake(info.field_name)
        if name == "id":
            return f"{row.typename}:{row.id}"
        if hasattr(row, f"{name}_id"):
            return at.eyes.find(str(info.return_type), getattr(row, f"{name}_id"))
        return getattr(row, name)

    def off(self, row: Any, info: Info) -> bool:
        """Whether the field's plugin is switched off in the county that the row lies in."""
        node = info.parent_type.fields[info.field_name].ast_node
        owner = get_directive_values(self.schema.get_directive("from"), node) if node else None  # type: ignore[arg-type]
        return any(
            one.plugin == owner["plugin"] and one.grid_id == getattr(row, "county_id", None)
            for one in self.rows.kinds["PluginActivation"]
            if owner and one.until is None and not one.active
        )
