"""Who may see what of dispatch. The directory and the list of duties are public."""

from __future__ import annotations

from pypika_tortoise.queries import Table

from ..cases.rules import VIEW, noted
from ..sql import Alternatives
from ..viewer import Lens


def staff(row: Table, viewer: Lens) -> Alternatives:
    """What is between offices: staff, for the cases they may see as such."""
    return noted(row, viewer, VIEW)
