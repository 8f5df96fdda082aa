"""Conditions: what lists of cases are asked by for Open311, beside what the core has."""

from __future__ import annotations

from gongzhi.core.cases.types import Case
from gongzhi.declare.extend import extend
from gongzhi.declare.filters import DateTimeComparison, compare_term, guard_comparison
from gongzhi.declare.plans import Frame
from gongzhi.declare.sql import Sql


def last_public_step(at: Frame) -> Sql:
    """Return when something last happened to a case that everybody who sees it may read."""
    # Steps for staff alone are left out, whoever asks: the condition would tell others that there was one.
    return Sql("(select max(e.at) from cases.event e where e.case_id={0} and e.audience='PUBLIC')", at.rows.id)


EXTENSIONS = (
    extend(
        Case,
        filter={"updated_at": guard_comparison(compare_term(last_public_step, DateTimeComparison), requires=None)},
    ),
)
