"""Which rule is the one for a stage of a case, and which calendar it counts by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson

from gongzhi.core.calendars.reading import Fetch, read
from gongzhi.core.cases.models import CaseRow
from gongzhi.values.worktime import Calendar, Term, Unit

from .models import Stage
from .stock import DEFAULT

SET = (
    "coalesce((select h.set_id from clocks.choice h where h.grid_id = {county} and h.until is null), "
    f"(select s.id from clocks.rule_set s where s.code = '{DEFAULT}' order by s.edition desc limit 1))"
)
"""The key of the rules that a county works by."""

STANDING = (
    "select c.id, c.version, c.content, (select json_agg(r order by r.rank)::text from clocks.rule r where r.set_id = "
    + SET.format(county="$1::int")
    + ") as rules{} from calendars.calendar c where c.county_id = $1 or c.county_id is null "
    "order by c.county_id nulls last limit 1"
)
FACING = (
    ", (select code from cases.category where id = $2::int) as category"
    ", (select code from cases.channel where id = $3::int) as channel"
)


@dataclass(frozen=True)
class Matter:
    """What rules look at in a case. A category's code says what it belongs to."""

    kind: str
    category: str
    urgency: str
    channel: str


@dataclass(frozen=True)
class Rule:
    """A rule as it is kept."""

    id: int
    stage: Stage
    term: Term
    kind: str | None = None
    category: str | None = None
    urgency: str | None = None
    channel: str | None = None

    def fits(self, matter: Matter) -> bool:
        """Whether every condition it makes is met; a category's holds for those below it."""
        return (
            self.kind in (None, matter.kind)
            and self.urgency in (None, matter.urgency)
            and self.channel in (None, matter.channel)
            and (self.category is None or f"{matter.category}.".startswith(f"{self.category}."))
        )


@dataclass(frozen=True)
class Standing:
    """By what a county works: its calendar and its rules, the first that fits first."""

    calendar_id: int
    version: int
    calendar: Calendar
    rules: tuple[Rule, ...]

    def rule(self, stage: Stage, matter: Matter) -> Rule | None:
        """The rule for a stage of a case; None if it has no term."""
        return next((rule for rule in self.rules if rule.stage is stage and rule.fits(matter)), None)


async def standing(fetch: Fetch, county: int) -> Standing:
    """By what the county works now."""
    [row] = await fetch(STANDING.format(""), county)
    return stood(row)


async def facing(fetch: Fetch, county: int, case: CaseRow) -> tuple[Standing, Matter]:
    """The same, and what its rules look at in a case."""
    [row] = await fetch(STANDING.format(FACING), county, case.category_id, case.channel_id)
    return stood(row), Matter(case.kind, row["category"], case.urgency, row["channel"])


def stood(row: Mapping[str, Any]) -> Standing:
    return Standing(row["id"], row["version"], read(row["content"]), listed(row["rules"] or "[]"))


@lru_cache(maxsize=256)
def listed(rules: str) -> tuple[Rule, ...]:
    """The rules that the database lists. They are the same for one step after another."""
    return tuple(kept(one) for one in orjson.loads(rules))


def kept(row: Mapping[str, Any]) -> Rule:
    """A rule from its row."""
    term = Term(row["amount"], Unit(row["unit"]), row["next_day"])
    names = ("kind", "category", "urgency", "channel")
    return Rule(row["id"], Stage(row["stage"]), term, *(row[name] for name in names))
