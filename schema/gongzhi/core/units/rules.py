"""Rules of units: who stands above whom."""

from __future__ import annotations

# A unit and those above it: who works for a part of a unit works for the unit.
EMPLOYERS = (
    "with recursive employer as (select u.id, u.parent_id from units.unit u where u.id={0} union all "
    "select u.id, u.parent_id from units.unit u join employer e on u.id=e.parent_id) select e.id from employer e"
)
