"""Rules of units: who stands above whom."""

from __future__ import annotations

from pypika_tortoise.terms import Term

from gongzhi.declare.sql import Sql

# A unit and those above it: who works for a part of a unit works for the unit.
EMPLOYERS = (
    "with recursive employer as (select u.id, u.parent_id from units.unit u where u.id={0} union all "
    "select u.id, u.parent_id from units.unit u join employer e on u.id=e.parent_id) select e.id from employer e"
)


def spares_unit(against: Term, unit: Term) -> Sql:
    """Return whether what is against a unit, if any, is against neither this one nor one that it is a part of."""
    return Sql("({0} is null or {0}<>all(array({1})))", against, Sql(EMPLOYERS, unit))
