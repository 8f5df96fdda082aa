"""Who may see what of dispatch. The directory and the list of duties are public."""

from __future__ import annotations

from pypika_tortoise.queries import Table

from ..cases.rules import VIEW, held
from ..sql import Alternatives, Sql, some
from ..viewer import Lens


def staff(row: Table, viewer: Lens) -> Alternatives:
    """What is between offices: staff, for the cases they may see as such."""
    case = Table("case", schema="cases", alias="staffed")
    allowed = held(case, viewer, VIEW)
    if not allowed:
        return allowed
    theirs = "exists(select from cases.case staffed where {0}={1} and ({2}))"
    return [Sql(theirs, case.id, row.case_id, some(*allowed))]
