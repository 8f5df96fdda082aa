"""Rules: who sees what a village has yet to publish, and who signs it."""

from __future__ import annotations

from gongzhi.declare.sql import Alternatives, Sql, widen_rows
from gongzhi.declare.viewer import ViewerScope
from pypika_tortoise.queries import Table

from ..models import DisclosureState

KEEP = "bulletins.keep_ledger"
SIGN = "bulletins.sign"
COUNTERSIGN = "bulletins.countersign"
OPEN = (DisclosureState.DUE, DisclosureState.SIGNING)
"""What is not published yet."""
DONE = ",".join(f"'{one}'" for one in DisclosureState if one not in OPEN)
OVERDUE = "{0} in ('DUE','SIGNING') and {1}<{2}"
"""SQL for a disclosure: its state, the day it is due, and today."""


def visible_disclosures(row: Table, viewer: ViewerScope) -> Alternatives:
    """Return what is published, and what is to be in the places whose ledger one keeps or supervises."""
    # What was corrected stays public: people had read it.
    return widen_rows(staff_rows(row, viewer), Sql(f"{{0}} in ({DONE})", row.state))


def visible_figures(row: Table, viewer: ViewerScope) -> Alternatives:
    """Return the lines of such disclosures."""
    published = f"exists(select from bulletins.disclosure d where d.id={{0}} and d.state in ({DONE}))"
    return widen_rows(staff_rows(row, viewer), Sql(published, row.disclosure_id))


def staff_rows(row: Table, viewer: ViewerScope) -> Alternatives:
    """Return the rows in the places whose ledger one keeps or supervises."""
    kept, supervised = viewer.within(row, KEEP), viewer.within(row, COUNTERSIGN)
    # None is every row, so it must not be added to a list.
    return None if kept is None or supervised is None else [*kept, *supervised]
