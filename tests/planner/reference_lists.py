"""Lists the plain way: which rows meet a filter, in which order, and which part of them was asked for."""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from gongzhi.declare.columns import NEVER
from graphql import GraphQLError

from . import reference_dispatch, reference_exports, reference_integrations, reference_operations, reference_signs
from .expected_visibility import Row

if TYPE_CHECKING:
    from .reference_engine import At

USUAL, CAP = 50, 100


def snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def cursor(row: Row, name: str) -> str:
    """The cursor of a row in a list ordered by this column, as PostgreSQL writes JSON."""
    place = json.dumps([plain(getattr(row, name)), plain(row.id)], ensure_ascii=False)
    return base64.b64encode(place.encode()).decode()


def plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return "infinity" if value == NEVER else moment(value)
    if isinstance(value, date):
        return "infinity" if value == date.max else value.isoformat()
    return value if isinstance(value, int) else str(value)


def moment(value: datetime) -> str:
    """ISO 8601 in UTC, without zeros at the end of a fraction."""
    text, offset = value.astimezone(UTC).isoformat()[:-6], "+00:00"
    return (text.rstrip("0") if "." in text else text) + offset


def place(text: str, value: Any, key: Any) -> tuple[Any, Any]:
    """What a cursor says, as the values it is compared with are."""
    at, known = json.loads(base64.b64decode(text))
    return typed(at, value), typed(known, key)


def typed(text: Any, like: Any) -> Any:
    if isinstance(like, datetime):
        return NEVER if text == "infinity" else datetime.fromisoformat(text)
    if isinstance(like, date):
        return date.max if text == "infinity" else date.fromisoformat(text)
    return type(like)(text)


class Page:
    """Rows in an order, and the part of them that was asked for."""

    def __init__(self, rows: Iterable[Row], given: Mapping[str, Any], order: str, cap: int = CAP) -> None:
        if given.get("first") is not None and given.get("last") is not None:
            raise GraphQLError("first and last")
        asked = given.get("orderBy")
        self.name = asked.lower().rpartition("_")[0] if asked else order.removeprefix("-")
        down = asked.endswith("DESC") if asked else order.startswith("-")
        self.whole = sorted(rows, key=self.place, reverse=down)
        left = [row for row in self.whole if self.between(row, given, down)]
        back = given.get("last") is not None
        size = given.get("last") if back else given.get("first")
        size = min(USUAL, cap) if size is None else size
        if not 0 <= size <= cap:
            raise GraphQLError("page size")
        self.part = (left[-size:] if size else []) if back else left[:size]
        more = len(left) > size
        self.next = given.get("before") is not None if back else more
        self.previous = more if back else given.get("after") is not None

    def place(self, row: Row) -> tuple[Any, Any]:
        return getattr(row, self.name), row.id

    def between(self, row: Row, given: Mapping[str, Any], down: bool) -> bool:
        at = self.place(row)
        for name, later in (("after", not down), ("before", down)):
            if (text := given.get(name)) is not None:
                other = place(text, *at)
                if not (at > other if later else at < other):
                    return False
        return True

    @property
    def connection(self) -> dict[str, Any]:
        cursors = [cursor(row, self.name) for row in self.part]
        return {
            "nodes": self.part,
            "edges": [{"cursor": text, "node": row} for text, row in zip(cursors, self.part, strict=True)],
            "totalCount": len(self.whole),
            "counts": self.whole,
            "pageInfo": {
                "hasNextPage": self.next,
                "hasPreviousPage": self.previous,
                "startCursor": cursors[0] if cursors else None,
                "endCursor": cursors[-1] if cursors else None,
            },
        }


def counted(at: At, rows: Iterable[Row]) -> list[dict[str, Any]]:
    """How many rows have the same values, the largest number first."""
    by = [name.lower() for name in at.given["by"]]
    if not 1 <= len(by) <= 3:
        raise GraphQLError("dimensions")
    found = Counter(tuple(value_of(at, row, name) for name in by) for row in rows)
    ordered = sorted(found.items(), key=lambda one: (-one[1], [(value is None, value or "") for value in one[0]]))
    return [{"values": list(values), "count": count} for values, count in ordered[:CAP]]


def value_of(at: At, row: Row, name: str) -> str | None:
    """What a row is counted by, as text."""
    if name in LEVELS:
        key = row.id if row.typename == "Grid" and row.kind.lower() == name else getattr(row, f"{name}_id")
        return at.rows.keys["Grid"][key].code if key else None
    term = FILTERS.get((row.typename, camel(name)))
    found = term(at, row) if term else getattr(row, name)
    return None if found is None else str(found).lower() if isinstance(found, bool) else str(found)


def camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(map(str.capitalize, rest))


# --- filters ---


class Searched(str):
    """A text that is searched for words."""


def lower(text: str) -> str:
    """As the database does it, a letter at a time."""
    return "".join(small if len(small := letter.lower()) == 1 else letter for letter in text)


def empty(where: Mapping[str, Any]) -> bool:
    """Whether a filter makes no condition at all."""
    return all(value is None or vacuous(name, value) for name, value in where.items())


def vacuous(name: str, value: Any) -> bool:
    match name:
        case "and":
            return all(map(empty, value))
        case "or":
            return any(map(empty, value))
        case "not":
            return empty(value)
    return all(inner is None for inner in value.values())


def meets(at: At, row: Row, where: Mapping[str, Any] | None) -> bool:
    return all(one(at, row, name, value) for name, value in (where or {}).items() if value is not None)


def one(at: At, row: Row, name: str, value: Any) -> bool:
    match name:
        case "and":
            return all(meets(at, row, inner) for inner in value)
        case "or":
            return any(meets(at, row, inner) for inner in value)
        case "not":
            return empty(value) or not meets(at, row, value)
    term = FILTERS.get((row.typename, name))
    found = term(at, row) if term else getattr(row, snake(name))
    return all(compared(at, found, way, wanted) for way, wanted in value.items() if wanted is not None)


def compared(at: At, found: Any, way: str, wanted: Any) -> bool:
    if found is None:
        return False
    match way:
        case "in":
            return found in wanted
        case "from":
            return bool(found >= wanted)
        case "before":
            return bool(found < wanted)
        case "startsWith":
            return bool(found.startswith(wanted))
        case "contains" if isinstance(found, Searched):
            return all(lower(word) in lower(found) for word in wanted.split())
        case "contains":
            return lower(wanted) in lower(found)
        case "within":
            area = at.rows.current(wanted)
            return area is not None and at.rows.lies_in(found.id, area.id)
    if isinstance(found, Row):  # a grid, by its code
        return bool(found.code == wanted and found.valid_to is None)
    return bool(found == wanted)


def grid_of(at: At, row: Row) -> Any:
    return at.rows.keys["Grid"][row.grid_id]


def light(row: Row, now: datetime) -> str:
    return "RED" if row.due_at <= now else "AMBER" if row.warn_at <= now else "GREEN"


def light_of(at: At, case: Row) -> str | None:
    """The light of a case; none once it is settled and nothing runs."""
    found = light(case, at.scope.viewer.now)
    dark = case.status in CLOSED | {"REPLIED"} and case.due_at == NEVER
    return None if found == "GREEN" and dark else found


LEVELS = ("county", "town", "village")
CLOSED = {"DECLINED", "WITHDRAWN", "MERGED", "CLOSED", "VOIDED"}
FILTERS: dict[tuple[str, str], Callable[[At, Row], Any]] = {
    **reference_dispatch.FILTERS,
    **reference_operations.FILTERS,
    **reference_signs.FILTERS,
    **reference_exports.FILTERS,
    ("Case", "externalNumber"): lambda at, row: reference_integrations.entry(at, row, "number"),
    ("Case", "lastEventAt"): reference_integrations.last_public_step,
    ("Case", "text"): lambda at, row: Searched(f"{row.title} {row.description}"),
    ("Grid", "grid"): lambda at, row: row,
    ("Person", "grid"): grid_of,
    ("Household", "grid"): grid_of,
    ("PluginActivation", "grid"): grid_of,
    ("AccessAlert", "grid"): grid_of,
    ("Webhook", "grid"): grid_of,
    ("Account", "grid"): lambda at, row: row.grid_id and grid_of(at, row),
    ("Resolution", "grid"): grid_of,
    ("Patrol", "grid"): grid_of,
    ("GovernanceCenter", "grid"): grid_of,
    ("CaseConflict", "open"): lambda at, row: row.resolved_at is None,
    ("Notice", "read"): lambda at, row: row.read_at is not None,
    ("Household", "serviceTier"): lambda at, row: row.tier,
    ("Case", "grid"): grid_of,
    ("Case", "category"): lambda at, row: at.rows.keys["Category"][row.category_id].code,
    ("Case", "channel"): lambda at, row: at.rows.keys["Channel"][row.channel_id].code,
    ("Case", "leadUnit"): lambda at, row: row.lead_unit_id and at.rows.keys["Unit"][row.lead_unit_id].code,
    ("Case", "open"): lambda at, row: row.status not in CLOSED,
    ("Case", "light"): lambda at, row: light_of(at, row),
    ("Case", "overdue"): lambda at, row: row.due_at <= at.scope.viewer.now,
    ("Case", "completed"): lambda at, row: row.status in {"REPLIED", "CLOSED"},
}
