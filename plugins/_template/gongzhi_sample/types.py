"""What the plugin adds to the schema for those who read."""

from __future__ import annotations

import datetime

from gongzhi.core.cases.types import Case
from gongzhi.core.people.types import Household, Person
from gongzhi.declare.entity import Node, column, entity, expression, many, one, visible_to_all
from gongzhi.declare.extend import extend
from gongzhi.declare.sql import Sql

from .models import NoteRow


@entity(NoteRow, visible=visible_to_all, through="household", order=("at",))
class SampleNote(Node):
    """A note on a household; whoever sees the household sees it (备注)."""

    household: Household | None = one("Whose note it is (户).")
    text: str = column("What it says (内容).")
    at: datetime.datetime = column("When it was written (时间).")


NOTED = """exists(
    select from people.membership m join sample.note n on n.household_id = m.household_id
    where m.person_id = {0} and m.until is null
)"""
"""Whether a person lives in a household with notes; one condition of the statement, no query for each row."""

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
    extend(
        Person,
        sample_noted=expression(
            "Whether there are notes on the household (有无备注).",
            lambda at: Sql(NOTED, at.row.id),
            type=bool | None,
            requires="sample.view",
        ),
    ),
    extend(
        Case,
        sample_noted=expression(
            "Whether there are notes on the requester's household (有无备注).",
            lambda at: Sql(NOTED, at.row.requester_id),
            type=bool | None,
            requires="sample.view",
        ),
    ),
)
