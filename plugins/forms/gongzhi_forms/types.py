"""Types: forms, returns, their cells and what people are asked, as the schema has them."""

from __future__ import annotations

import datetime

from gongzhi.core.events.models import OutboxRow
from gongzhi.core.events.rules import visible_with
from gongzhi.core.events.stream_fields import event_cursor, event_subject
from gongzhi.core.grids.types import Grid
from gongzhi.core.units.types import Unit
from gongzhi.declare.entity import (
    Connection,
    Node,
    column,
    connection,
    entity,
    expression,
    many,
    one,
    stream,
    visible_to_all,
)
from gongzhi.declare.enums import describe_enum, set_tones
from gongzhi.declare.extend import extend
from gongzhi.declare.filters import StringComparison, compare_condition, compare_place, compare_term
from gongzhi.declare.located import rows_inside
from gongzhi.declare.roots import Query, Subscription
from gongzhi.declare.sql import Sql
from strawberry.scalars import JSON

from . import rules
from .events import EVENTS
from .models import (
    Act,
    CellKind,
    CellRow,
    FormRow,
    InquiryRow,
    Level,
    ObjectionRow,
    ReturnRow,
    ReturnState,
    Rhythm,
    StepRow,
    Verdict,
)

describe_enum(
    Rhythm,
    "FormRhythm",
    "How often a form is filled (填报频次).",
    MONTH="Monthly (月报)",
    QUARTER="Quarterly (季报)",
    YEAR="Yearly (年报)",
    ONCE="Once (一次性)",
)
describe_enum(
    Level,
    "FormLevel",
    "A level that fills forms or signs them (填报和签署层级).",
    VILLAGE="Village (村)",
    TOWN="Town (镇)",
    COUNTY="County (县)",
)
describe_enum(
    ReturnState,
    "FormReturnState",
    "Where a return stands (报表状态).",
    OPEN="To be filled (待填报)",
    ASKING="Waits for answers (待答复)",
    FILLED="Is filled and waits for signatures (待签署)",
    SENT_BACK="Was sent back (已退回)",
    SIGNED="Was signed by all levels and stays as it is (已签署)",
)
set_tones(ReturnState, SENT_BACK="RED", SIGNED="GREEN")
describe_enum(
    CellKind,
    "FormCellKind",
    "Where the value of a cell comes from (指标来源).",
    FACT="What is on file of places and offices (事实)",
    FIGURE="What is counted by a published formula (统计数)",
    QUESTION="What somebody was asked (问题)",
)
describe_enum(
    Act,
    "FormReturnAct",
    "What was done with a return (报表操作).",
    FILLED="It was filled (填报)",
    SIGNED="It was signed (签署)",
    SENT_BACK="It was sent back (退回)",
)
describe_enum(
    Verdict,
    "FormObjectionVerdict",
    "What became of an objection (异议处理结果).",
    OPEN="Is to be decided (待处理)",
    UPHELD="Was upheld (异议成立)",
    REJECTED="Was rejected (异议不成立)",
)

IN_FORCE = "{0} is not null and {1} is null"
OVERDUE = "{0}<>'SIGNED' and {1}<{2}"
# Of the last round: what was objected to and put right is what held.
BEFORE = (
    "(select e.value::jsonb from forms.return t join forms.return p on p.grid_id=t.grid_id and p.code=t.code "
    "and p.ends_on=t.begins_on-1 join forms.cell e on e.form_return_id=p.id and e.name={1} "
    "where t.id={0} order by p.round desc limit 1)"
)
OBJECTED = "exists(select from forms.objection o where o.form_return_id={0} and o.cell={1} and o.verdict='OPEN')"


@entity(
    FormRow,
    visible=rules.visible_forms,
    order=("declared_at",),
    filter={
        "code": compare_term(lambda at: at.rows.code, StringComparison),
        "grid": compare_place(),
        "in_force": compare_condition(lambda at: Sql(IN_FORCE, at.rows.tried_at, at.rows.retired_at)),
    },
)
class Form(Node):
    """A form that places fill, in one of its versions (报表制度)."""

    grid: Grid | None = one("Where it is filled, with all below (适用范围).")
    code: str = column("What it is called by, the same in all versions (编码).")
    number: int = column("Which version of it (第几版).")
    title: str = column("What it is called (名称).")
    unit: Unit | None = one("Who asks for it (制表单位).")
    basis: str = column("By what law or order (制表依据).")
    rhythm: Rhythm = column("How often it is filled (填报频次).")
    level: Level = column("At which level (填报层级).")
    declaration: JSON = column("All of it, as it was declared (报表声明).")
    declared_at: datetime.datetime = column("When it was declared (声明时间).")
    tried_at: datetime.datetime | None = column("When it was tried and came into force (启用时间).")
    retired_at: datetime.datetime | None = column("Since when it is filled no more (停用时间).")
    in_force: bool = expression(
        "Whether it is filled (是否启用).", lambda at: Sql(IN_FORCE, at.row.tried_at, at.row.retired_at)
    )
    has_template: bool = expression(
        "Whether it has a workbook of the office's own (是否有自有表样).",
        lambda at: Sql("{0} is not null", at.row.template),
    )
    version: int = column("Grows with every change (版本).")


@entity(
    InquiryRow,
    visible=rules.visible_inquiries,
    order=("asked_at",),
    filter={
        "grid": compare_place(),
        "answered": compare_condition(lambda at: Sql("{0} is not null", at.rows.answered_at), "Answered (是否已答复)"),
        "mine": compare_condition(
            lambda at: Sql("{0}={1}", at.rows.asked_of, at.viewer.account), "Asked of you (是否问本人)"
        ),
    },
)
class FormInquiry(Node):
    """A question that somebody is asked once, for whichever forms want to know (填报提问)."""

    grid: Grid | None = one("The place (网格).")
    code: str = column("Which question (问题编码).")
    begins_on: datetime.date = column("The first day of the period (期间起).")
    ends_on: datetime.date = column("The last day of the period (期间止).")
    question: JSON = column("What is asked, of which type and within which bounds (问题).")
    asked_of: str | None = column("The account that is asked; null where none was found (被问账户).")
    asked_at: datetime.datetime = column("When it was asked (提问时间).")
    value: JSON | None = expression("The answer (答案).", lambda at: Sql("{0}::jsonb", at.row.value))
    answered_by: str | None = column("The account that answered (作答账户).")
    answered_at: datetime.datetime | None = column("When it was answered (作答时间).")
    version: int = column("Grows with every change (版本).")


@entity(CellRow, visible=visible_to_all, through="form_return", order=("position",))
class FormCell(Node):
    """A cell of a return, with where its value comes from (报表指标)."""

    form_return: FormReturn | None = one("The return (所属报表).")
    position: int = column("Which cell (序号).")
    name: str = column("Its name in the form (指标名).")
    title: str = column("What it is called (指标名称).")
    unit: str | None = column("What it counts in (计量单位).")
    kind: CellKind = column("Where its value comes from (来源).")
    value: JSON | None = expression(
        "The value; null where it is withheld, or nobody has said it yet (值).",
        lambda at: Sql("{0}::jsonb", at.row.value),
    )
    withheld: bool = column("Whether a number is withheld because it is small, or would tell one (是否因数量过小隐去).")
    before: JSON | None = expression(
        "What it was in the period before (上期值).", lambda at: Sql(BEFORE, at.row.form_return_id, at.row.name)
    )
    rule: str | None = column("By which formula it is counted (计算口径).")
    source: str | None = column("The query that it was taken by (取数查询).")
    listing: str | None = column("The query that lists the rows behind it (明细查询).")
    given: JSON | None = column("What the queries were asked with (查询参数).")
    inquiry: FormInquiry | None = one("Who was asked, if anybody (填报提问).")
    taken_at: datetime.datetime | None = column("When it was taken or answered (取数时间).")
    objected: bool = expression(
        "Whether an objection to it is open (是否有待处理异议).",
        lambda at: Sql(OBJECTED, at.row.form_return_id, at.row.name),
    )


@entity(StepRow, visible=visible_to_all, through="form_return", order=("number",))
class FormStep(Node):
    """Something that was done with a return (报表办理记录)."""

    form_return: FormReturn | None = one("The return (所属报表).")
    act: Act = column("What was done (操作).")
    level: Level | None = column("For which level it was signed (签署层级).")
    account: str | None = column("By which account (经办账户).")
    at: datetime.datetime = column("When (时间).")
    reason: str | None = column("Why it was sent back (退回原因).")
    digest: str | None = column("The digest of the values that were signed (签署内容摘要).")


@entity(ObjectionRow, visible=visible_to_all, through="form_return", order=("raised_at",))
class FormObjection(Node):
    """An objection to the value of a cell (指标异议)."""

    form_return: FormReturn | None = one("The return (所属报表).")
    cell: str = column("Which cell, by its name (指标名).")
    reason: str = column("Why (理由).")
    raised_by: str | None = column("By which account (提出账户).")
    raised_at: datetime.datetime = column("When (提出时间).")
    verdict: Verdict = column("What became of it (处理结果).")
    decided_by: str | None = column("Who decided (处理账户).")
    decided_at: datetime.datetime | None = column("When that was (处理时间).")
    grounds: str | None = column("For what reason (处理理由).")
    version: int = column("Grows with every change (版本).")


@entity(
    ReturnRow,
    visible=rules.visible_returns,
    order=("ends_on", "due_on"),
    filter={
        "code": compare_term(lambda at: at.rows.code, StringComparison),
        "state": None,
        "due_on": None,
        "begins_on": None,
        "grid": compare_place(),
        "overdue": compare_condition(lambda at: Sql(OVERDUE, at.rows.state, at.rows.due_on, at.viewer.today)),
    },
)
class FormReturn(Node):
    """A form as one place fills it for one period (报表)."""

    form: Form | None = one("The form, in the version that is filled (报表制度).")
    grid: Grid | None = one("The place (填报网格).")
    code: str = column("Which form (报表编码).")
    begins_on: datetime.date = column("The first day of the period (期间起).")
    ends_on: datetime.date = column("The last day of the period (期间止).")
    due_on: datetime.date = column("By when it has to be signed (应报日期).")
    round: int = column("1, and more once an objection to a signed one was upheld (第几次填报).")
    state: ReturnState = column("Where it stands (状态).")
    signing: Level | None = column("Which level signs next (待签层级).")
    filled_by: str | None = column("The account that filled it (填报账户).")
    filled_at: datetime.datetime | None = column("When it was filled (填报时间).")
    digest: str | None = column("The digest of what was signed (签署摘要).")
    cells: list[FormCell] = many("Its cells (指标).", on="form_return", order="position", cap=200)
    steps: list[FormStep] = many(
        "What was done with it, the first first (办理记录).", on="form_return", order="number", cap=50
    )
    objections: list[FormObjection] = many(
        "Objections to its cells (指标异议).", on="form_return", order="raised_at", cap=50
    )
    version: int = column("Grows with every change (版本).")


@entity(OutboxRow, visible=visible_with(lambda: FormReturn, "formReturn"))
class FormReturnChange:
    """A return was filled, signed or sent back (报表变化)."""

    cursor: str = event_cursor()
    at: datetime.datetime = column("When (时间).")
    form_return: FormReturn | None = event_subject("The return as it is now (报表).", "formReturn")


EXTENSIONS = (
    extend(
        Query,
        forms=connection(
            "Forms in all their versions (报表制度列表).",
            order="declared_at",
            type=Connection[Form] | None,
            requires=None,
        ),
        form_returns=connection(
            "Returns of the places where one may see them, the last period first (报表列表).",
            order="-ends_on",
            type=Connection[FormReturn] | None,
            requires=None,
        ),
        form_inquiries=connection(
            "What one is asked, and what is asked where one sees returns, the last first (填报提问列表).",
            order="-asked_at",
            type=Connection[FormInquiry] | None,
            requires=None,
        ),
    ),
    extend(
        Grid,
        form_returns=connection(
            "Returns of the places in it (报表).",
            rows_inside,
            order="-ends_on",
            type=Connection[FormReturn] | None,
            requires=None,
        ),
    ),
    extend(
        Subscription,
        form_return_changed=stream(
            "Returns, as they are filled, signed and sent back (报表变化).",
            events=EVENTS,
            type=FormReturnChange,
            requires=None,
        ),
    ),
)
