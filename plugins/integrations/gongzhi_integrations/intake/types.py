"""Types: what a case says of the system that filed it, and of the call it took."""

from __future__ import annotations

import datetime

from gongzhi.core.cases import rules
from gongzhi.core.cases.types import Case
from gongzhi.declare.entity import expression, part, within_row
from gongzhi.declare.extend import extend
from gongzhi.declare.filters import SIGNS, Comparison, StringComparison, Value, guard_comparison
from gongzhi.declare.plans import Build, Frame
from gongzhi.declare.sql import Sql, any_of
from pypika_tortoise.terms import Criterion

OF = "(select e.{column} from intake.entry e where e.case_id={{0}})"
PHONE = "(select k.mask from contacts.contact k where k.case_id={0} and k.verified_at is not null limit 1)"


def column_of_entry(column: str) -> Build:
    """Build a column of the entry by which the case was filed."""
    return lambda at: Sql(OF.format(column=column), at.row.id)


def is_known(at: Frame) -> Sql:
    """Return whether the case has an entry that tells this viewer of a caller; units never learn who tipped off."""
    taken = Sql("exists(select from intake.entry e where e.case_id={0})", at.row.id)
    unsealed = rules.permitted_cases(at.row, at.viewer, rules.SEALED)
    if unsealed is None:
        return taken
    # A unit that a tip-off was given to does not learn who called.
    named = [Sql("{0}='ORDINARY'", at.row.series), *unsealed]
    return Sql("{0} and {1}", taken, any_of(*named))


@part
class HotlineCall:
    """The telephone call by which a case was asked for, as the hotline's system tells of it (热线来电)."""

    caller: str | None = expression(
        "The caller's name, or how they wish to be called (来电人称呼).", column_of_entry("caller"), type=str | None
    )
    phone: str | None = expression(
        "The number to call back, masked; revealPhone shows it (回拨号码，脱敏).",
        lambda at: Sql(PHONE, at.row.id),
        type=str | None,
    )
    called_at: datetime.datetime | None = expression(
        "When they called (来电时间).", column_of_entry("called_at"), type=datetime.datetime | None
    )
    recording: str | None = expression(
        "What the hotline's system calls the recording; it is kept there (录音编号).",
        column_of_entry("recording"),
        type=str | None,
    )


def compare_number(at: Frame, way: str, value: Value) -> Criterion:
    """Compare the number that a case has in the system that filed it, whichever that is."""
    # The array is made once, before rows are looked for, so that the cases are found by their keys.
    keys = f"array(select e.case_id from intake.entry e where {SIGNS[way].format('e.number', '{1}')})"
    return Sql(f"{{0}}=any({keys})", at.rows.id, value.bind())


EXTENSIONS = (
    extend(
        Case,
        filter={"external_number": guard_comparison(Comparison(StringComparison, compare_number), requires=None)},
        source=expression(
            "The account of the system that filed it, if one did (来源系统).",
            column_of_entry("source"),
            type=str | None,
            requires=None,
        ),
        external_number=expression(
            "Its number there, such as a 12345 order's (外部编号).",
            column_of_entry("number"),
            type=str | None,
            requires=None,
        ),
        hotline_call=within_row(
            "The call it was asked for by, if another system filed it; for who reads staff notes. The caller of a "
            "tip-off is told only to who may see tip-offs (热线来电).",
            is_known,
            type=HotlineCall | None,
            requires=rules.NOTES,
        ),
    ),
)
