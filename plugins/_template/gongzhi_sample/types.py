"""What the plugin adds to the schema for those who read."""

from __future__ import annotations

import datetime

from gongzhi.entity import Node, column, entity, everyone, many, one
from gongzhi.extend import extend
from gongzhi.people.types import Household

from .models import NoteRow


@entity(NoteRow, visible=everyone, through="household", order=("at",))
class SampleNote(Node):
    """A note on a household; whoever sees the household sees it (备注)."""

    household: Household | None = one("Whose note it is (户).")
    text: str = column("What it says (内容).")
    at: datetime.datetime = column("When it was written (时间).")


EXTENSIONS = (
    extend(
        Household,
        sample_notes=many(
            "Notes on it, the last first (备注).",
            on="household",
            order="-at",
            cap=20,
            type=list[SampleNote] | None,
            requires="sample.view",
        ),
    ),
)
