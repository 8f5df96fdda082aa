"""Who may see how a case's fields changed: staff, and whoever wrote the value."""

from __future__ import annotations

from pypika_tortoise.queries import Table

from ..cases.rules import NOTES
from ..sql import Alternatives, Sql
from ..viewer import Lens


def history(row: Table, viewer: Lens) -> Alternatives:
    """Changes and conflicts of a case one may see."""
    return None if viewer.can(NOTES) else [Sql("{0}={1}", row.account, viewer.account)]
