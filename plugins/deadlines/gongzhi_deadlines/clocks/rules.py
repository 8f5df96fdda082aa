"""Deadline rules: which rule is the one for a stage of a case, and which calendar it counts by.

It is the rule of the case's town where that is within the limit that the county has set for such cases, and otherwise
the county's. Of an emergency it is always the county's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import orjson
from gongzhi.core.cases.models import CaseRow, Urgency

from gongzhi_deadlines.worktime import Calendar, Term, Unit

from ..calendars.reading import Fetch, parse_calendar
from .default_rules import DEFAULT
from .limits import FIXED, is_within
from .models import RuleSetKind, Stage

SET = (
    "coalesce((select h.set_id from clocks.choice h where h.grid_id = {county} and h.until is null), "
    f"(select s.id from clocks.rule_set s where s.code = '{DEFAULT}' order by s.edition desc limit 1))"
)
"""The key of the rules that a county works by."""

LAST = "(select s.id from clocks.rule_set s where {} order by s.edition desc limit 1)"
LIMITS = LAST.format(f"s.county_id = {{county}} and s.kind = '{RuleSetKind.LIMITS}'")
"""The key of the limits within which a county's towns may have rules of their own."""
TOWN = LAST.format("s.town_id = {town}")
"""The key of a town's own rules."""

# As text, so that rules which have not changed are not read again.
RULES = "(select json_agg(r order by r.rank)::text from clocks.rule r where r.set_id = {})"
# The county's own calendar, or else the nation's.
STANDING = (
    f"select c.id, c.version, c.content, {RULES.format(SET.format(county='$1::int'))} as rules{{}} "
    "from calendars.calendar c where c.county_id = $1 or c.county_id is null order by c.county_id nulls last limit 1"
)
# Part of the same statement, for steps of cases ask for it.
FACING = (
    ", (select code from cases.category where id = $2::int) as category"
    ", (select code from cases.channel where id = $3::int) as channel"
    f", {RULES.format(TOWN.format(town='$4::int'))} as town_rules, {RULES.format(LIMITS.format(county='$1'))} as limits"
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
        """Return whether every condition it makes is met; a category's holds for those below it."""
        return (
            self.kind in (None, matter.kind)
            and self.urgency in (None, matter.urgency)
            and self.channel in (None, matter.channel)
            # With a dot behind both, or `road` would hold for `roadside`.
            and (self.category is None or f"{matter.category}.".startswith(f"{self.category}."))
        )


@dataclass(frozen=True)
class Standing:
    """By what a county works: its calendar and its rules, the first that fits first.

    Faced with a case, also the rules of the case's town, and the limits that the county has set them.
    """

    calendar_id: int
    version: int
    calendar: Calendar
    rules: tuple[Rule, ...]
    town_rules: tuple[Rule, ...] = ()
    limits: tuple[Rule, ...] = ()

    def rule(self, stage: Stage, matter: Matter) -> Rule | None:
        """Return the rule for a stage of a case that starts now; None if it has no term."""
        return self.town_rule(stage, matter) or self.county_rule(stage, matter)

    def county_rule(self, stage: Stage, matter: Matter) -> Rule | None:
        return first_fit(self.rules, stage, matter)

    def town_rule(self, stage: Stage, matter: Matter) -> Rule | None:
        """Return the town's rule, where the county allows such a term for this very case."""
        # Emergencies, and the requester's grace, are never a town's to decide.
        if matter.urgency == Urgency.EMERGENCY or stage in FIXED:
            return None
        own, limit = (first_fit(rules, stage, matter) for rules in (self.town_rules, self.limits))
        return own if own and limit and is_within(own.term, limit.term) else None


def first_fit(rules: Sequence[Rule], stage: Stage, matter: Matter) -> Rule | None:
    return next((rule for rule in rules if rule.stage is stage and rule.fits(matter)), None)


async def load_standing(fetch: Fetch, county: int) -> Standing:
    """Return by what the county works now."""
    [row] = await fetch(STANDING.format(""), county)
    return read_standing(row)


async def load_standing_of_case(fetch: Fetch, county: int, town: int | None, case: CaseRow) -> tuple[Standing, Matter]:
    """Return by what the county and the town of a case work now, and what rules look at in it."""
    [row] = await fetch(STANDING.format(FACING), county, case.category_id, case.channel_id, town)
    by = replace(
        read_standing(row), town_rules=read_rules(row["town_rules"] or "[]"), limits=read_rules(row["limits"] or "[]")
    )
    return by, Matter(case.kind, row["category"], case.urgency, row["channel"])


def read_standing(row: Mapping[str, Any]) -> Standing:
    return Standing(row["id"], row["version"], parse_calendar(row["content"]), read_rules(row["rules"] or "[]"))


@lru_cache(maxsize=256)
def read_rules(rules: str) -> tuple[Rule, ...]:
    """Return the rules that the database lists. They are the same for one step after another."""
    return tuple(read_rule(one) for one in orjson.loads(rules))


def read_rule(row: Mapping[str, Any]) -> Rule:
    """Return a rule from its row."""
    term = Term(row["amount"], Unit(row["unit"]), row["next_day"])
    names = ("kind", "category", "urgency", "channel")
    return Rule(row["id"], Stage(row["stage"]), term, *(row[name] for name in names))
