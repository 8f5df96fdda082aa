"""What a plugin may add, all of it: for the planner to be asked, and for the plain way to be asked the same."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from gongzhi.core.cases.models import SupportRow
from gongzhi.core.cases.types import Case, CaseEvent
from gongzhi.core.grids.types import Grid
from gongzhi.core.people.types import Person, Reason
from gongzhi.core.units.types import Unit
from gongzhi.declare.entity import (
    Connection,
    Node,
    aggregate,
    batch,
    connection,
    embedded,
    entity,
    expression,
    many,
    one,
    pick,
    ref,
    visible_to_all,
)
from gongzhi.declare.extend import Extension, extend
from gongzhi.declare.filters import IntComparison, compare_term, guard_comparison
from gongzhi.declare.plans import Argument, Frame
from gongzhi.declare.roots import Query
from gongzhi.declare.sql import Sql
from gongzhi_server.graphql.schema import Schema
from gongzhi_server.testing import ESSENTIAL
from pypika_tortoise.terms import LiteralValue

READ_LOG, READ_NAMES = "tests.read_log", "tests.read_names"


@entity(SupportRow, visible=visible_to_all, through="case", order=("id",))
class Support(Node):
    """A unit that helps with a case."""

    case: Case | None = one("The case.")
    unit: Unit | None = one("The unit.")


def label(at: Frame) -> Any:
    if "suffix" not in at.given:
        return at.row.number
    return Sql("{0}||{1}", at.row.number, at.given.bind("suffix", cast="text"))


@batch(needs=("reported_at", "number"), requires=None)
async def age(rows: Sequence[Any], info: Any, unit: str = "year") -> list[str | None]:
    """A part of the time of reporting, worked out in Python."""
    return [f"{row.number}: {getattr(row.reported_at, unit)}" for row in rows]


@batch(needs=("previous_id",), requires=None)
def earlier(rows: Sequence[Any], info: Any) -> list[Case | None]:
    """The case before, found by Python."""
    return [ref(Case, row.previous_id) if row.previous_id else None for row in rows]


@batch(needs=("lead_unit_id", "accused_unit_id"), requires=READ_NAMES)
def units(rows: Sequence[Any], info: Any) -> list[list[Unit] | None]:
    """Units it is about, found by Python."""
    found = [[key for key in (row.lead_unit_id, row.accused_unit_id) if key] for row in rows]
    return [[ref(Unit, key) for key in dict.fromkeys(keys)] or None for keys in found]


@batch(needs=("name", "created_at"), requires=None)
def initial(rows: Sequence[Any], info: Any) -> list[str | None]:
    """The first letter, and the year."""
    return [f"{row.name[:1]}{row.created_at.year}" for row in rows]


@batch(requires=None)
def motto(rows: Sequence[Any], info: Any, times: int = 1) -> list[str | None]:
    """Python at the root."""
    return ["共治 " * times for _ in rows]


OPEN = "{0} not in ('DECLINED','WITHDRAWN','MERGED','CLOSED','VOIDED')"
RULES = (
    """'[{"rule":"1","text":"it''s","holds":true,"english":"so"},{"holds":false,"rule":"2","text":"","english":""}]'"""
)
SUFFIX = {"suffix": Argument(str | None, "What to add.")}

EXTENSIONS = (
    extend(
        Case,
        filter={
            "reopenings": guard_comparison(compare_term(lambda at: at.rows.reopenings, IntComparison), requires=None)
        },
        supports=connection("Units that help.", on="case", type=Connection[Support] | None, requires=None),
        log=connection(
            "What happened, the last first.",
            on="case",
            order="-at",
            requires=READ_LOG,
            type=Connection[CaseEvent] | None,
        ),
        latest=pick("What happened last.", on="case", order="-at", type=CaseEvent | None, requires=None),
        steps=aggregate(
            "How much happened.",
            lambda: CaseEvent,
            lambda at: Sql("count(*)::int"),
            on="case",
            type=int | None,
            requires=None,
        ),
        label=expression(
            "The number, with something behind it.",
            label,
            requires=READ_NAMES,
            masked=lambda at: Sql("left({0},6)", at.row.number),
            arguments=SUFFIX,
            type=str | None,
        ),
        secret=expression("The account.", lambda at: at.row.account, requires=READ_NAMES, type=str | None),
        age=age,
        earlier=earlier,
        units=units,
    ),
    extend(
        Person,
        filed=many(
            "Cases filed for others.", on="filed_by", order="reported_at", cap=4, type=list[Case] | None, requires=None
        ),
        initial=initial,
    ),
    extend(
        Grid,
        rating=aggregate(
            "The mean rating here.",
            lambda: Case,
            lambda at: Sql("avg({0})::float8", at.rows.rating),
            lambda at: [Sql("{0}={1}", at.rows.grid_id, at.row.id)],
            type=float | None,
            requires=None,
        ),
    ),
    extend(
        Query,
        open_cases=aggregate(
            "How many cases are open.",
            lambda: Case,
            lambda at: Sql("count(*)::int"),
            lambda at: [Sql(OPEN, at.rows.status)],
            type=int | None,
            requires=None,
        ),
        rules=embedded(
            "Objects that are JSON.",
            lambda at: Sql("{0}::jsonb", LiteralValue(RULES)),
            type=list[Reason] | None,
            requires=None,
        ),
        motto=motto,
        greeting=expression("The account's name.", lambda at: at.viewer.account, requires=READ_NAMES, type=str | None),
    ),
)


@cache
def schema() -> Schema:
    """The core with all of it; built once, for nothing changes it."""
    return over_core([("tests", extension) for extension in EXTENSIONS])


def over_core(contributions: Iterable[tuple[str, Extension]], types: Sequence[type] = ()) -> Schema:
    """The schema of the core with these contributions."""
    return Schema([*ESSENTIAL.extensions, *contributions], types, ESSENTIAL.registers)
