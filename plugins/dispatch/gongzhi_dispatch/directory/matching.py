"""Matching: which entry of the directory fits a case, the most special subject first, then the nearest place."""

from __future__ import annotations

from gongzhi.declare.plans import Frame
from gongzhi.declare.sql import Alternatives, Sql
from gongzhi.values.codes import Kind

PLACES = ("county_id", "town_id", "village_id", "grid_1_id", "grid_2_id", "grid_3_id", "grid_id")

# One text for commands (by key) and for the planner (by alias), so that the proposal shown and the dispatch made
# cannot differ.
RULE = """{rule}.valid_to is null
and {rule}.grid_id=any(array[{places}])
and {rule}.category_id=any(array(select k.id from cases.category k join cases.category c
  on c.code=k.code or starts_with(c.code, k.code||'.') where c.id={case}.category_id))
and exists(select from units.unit u where u.id={rule}.unit_id and u.valid_to is null)
and {rule}.unit_id is distinct from {case}.accused_unit_id
and not exists(select from dispatch.rule_support s where s.rule_id={rule}.id and s.unit_id={case}.accused_unit_id)"""
"""A unit that the case is against is never proposed, to help either."""


def entry_fits_sql(rule: str, case: str) -> str:
    """Return the condition that an entry, under one alias, fits the case under the other."""
    return RULE.format(rule=rule, case=case, places=",".join(f"{case}.{place}" for place in PLACES))


FITTING = f"""select r.id from dispatch.rule r, cases.case a where a.id=$1 and {entry_fits_sql("r", "a")}
order by r.weight desc, r.id desc limit 1"""
"""The key of the entry that fits the case with this key."""

DUTY = """select d.kind, d.basis from dispatch.duty d join cases.category k on k.id=d.category_id
join cases.category c on c.code=k.code or starts_with(c.code, k.code||'.')
where d.valid_to is null and d.county_id=$1 and c.id=$2 limit 1"""
"""The listed duty, if there is one, that a subject is in a county."""


def fitting_entries(at: Frame) -> Alternatives:
    """Select the entries that fit a case, for the planner."""
    return [Sql(entry_fits_sql(f'"{at.rows.alias}"', f'"{at.row.alias}"'))]


def entry_weight(category: str, kind: Kind) -> int:
    """Return how special an entry is: by its subject first, and by the level of its grid within that."""
    # Fewer than ten kinds of grids, so a level never outweighs a subject.
    return (category.count(".") + 1) * 10 + list(Kind).index(kind)
