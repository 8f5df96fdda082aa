"""Plugin: one of the size a vendor would write, for measuring what a plugin costs.

It has three fields on cases and on persons that the database computes from the row, one on each that counts other
rows, and one that Python computes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gongzhi.core.cases.types import Case, CaseEvent
from gongzhi.core.people.types import Person, Phone
from gongzhi.declare.entity import aggregate, batch, expression
from gongzhi.declare.extend import Extension, extend
from gongzhi.declare.plans import Frame
from gongzhi.declare.sql import Sql
from gongzhi.runtime.context import Context


def days(at: Frame) -> Sql:
    """Count the days a case took, or takes so far."""
    return Sql("extract(day from coalesce({0},{1})-{2})::int", at.row.settled_at, at.viewer.now, at.row.reported_at)


def age(at: Frame) -> Sql:
    """Compute the age of a person."""
    return Sql("extract(year from age({0},{1}))::int", at.viewer.today, at.row.birth_date)


def stale(at: Frame) -> Sql:
    """Tell whether a case has waited for thirty days."""
    return Sql("{0} is null and {1}<{2}-interval '30 days'", at.row.settled_at, at.row.reported_at, at.viewer.now)


def senior(at: Frame) -> Sql:
    """Tell whether a person is older than sixty."""
    return Sql("{0}<={1}-interval '60 years'", at.row.birth_date, at.viewer.today)


def counted(at: Frame) -> Sql:
    """Count the rows."""
    return Sql("count(*)::int")


@batch(needs=("number", "reported_at"), requires=None)
def label(rows: Sequence[Any], context: Context) -> list[str | None]:
    """The year of the report and the end of the number (标签)."""
    return [f"{row.reported_at.year}-{row.number[-7:]}" for row in rows]


CONTRIBUTIONS: tuple[tuple[str, Extension], ...] = (
    (
        "bench",
        extend(
            Case,
            bench_label=label,
            bench_days=expression("Days it took, or takes so far (天数).", days, type=int | None, requires=None),
            bench_long=expression(
                "Whether it needs many words (是否长文).",
                lambda at: Sql("length({0})>200", at.row.description),
                type=bool | None,
                requires="cases.view",
            ),
            bench_stale=expression("Whether it waits too long (是否超期).", stale, type=bool | None, requires=None),
            bench_steps=aggregate(
                "How many steps it took (步数).", lambda: CaseEvent, counted, on="case", type=int | None, requires=None
            ),
        ),
    ),
    (
        "bench",
        extend(
            Person,
            bench_age=expression("Age in years (年龄).", age, type=int | None, requires=None),
            bench_surname=expression(
                "The first character of the name (姓).",
                lambda at: Sql("left({0},1)", at.row.name),
                type=str | None,
                requires="people.view",
            ),
            bench_senior=expression("Whether older than 60 (是否老年).", senior, type=bool | None, requires=None),
            bench_phones=aggregate(
                "How many phones (电话数).", lambda: Phone, counted, on="person", type=int | None, requires=None
            ),
        ),
    ),
)
