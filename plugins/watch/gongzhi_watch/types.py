"""Types: rules, watches and measures as the schema has them."""

from __future__ import annotations

import datetime
from typing import Any

from gongzhi.core.grids.types import Grid
from gongzhi.core.people.types import Household, Me
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
    visible_to_all,
)
from gongzhi.declare.enums import describe_enum, set_tones
from gongzhi.declare.extend import extend
from gongzhi.declare.filters import compare_code, compare_condition, compare_place
from gongzhi.declare.located import rows_inside
from gongzhi.declare.plans import Frame
from gongzhi.declare.roots import Query
from gongzhi.declare.sql import Sql
from gongzhi.runtime.sealing import OPENING

from . import rules
from .models import (
    Ending,
    EntryRow,
    EvidenceRow,
    FactKind,
    FactRow,
    Ground,
    ItemRow,
    MeasureKind,
    MeasureRow,
    MeasureState,
    RulebookRow,
    Step,
    StepRow,
    Subject,
    WatchState,
)

describe_enum(
    Subject,
    "WatchRuleSubject",
    "What a rule is about (规则对象).",
    HOUSEHOLDS="Households that are watched over (防返贫监测)",
    ERRORS="Errors in good faith (容错纠错)",
)
# No tone: which ground somebody is helped by is neither good nor bad.
describe_enum(
    Ground,
    "WatchGround",
    "Why a household is watched over, by facts; no mark on anybody (监测对象类别).",
    UNSTABLE="Out of poverty, and not yet firmly (脱贫不稳定户)",
    MARGINAL="At the margin of poverty (边缘易致贫户)",
    SUDDEN="In sudden grave hardship (突发严重困难户)",
)
describe_enum(
    FactKind,
    "WatchFactKind",
    "What sort of fact a household declares (申报事实类别).",
    INCOME_BAND="Its income lies below a line (收入低于标准)",
    LARGE_EXPENSE="An expense that it had to bear (大额刚性支出)",
    DISASTER="A disaster or an accident (灾害事故)",
    LOST_WORK="Work that was lost (务工就业中断)",
)
describe_enum(
    WatchState,
    "WatchState",
    "Where a watch stands (监测状态).",
    PROPOSED="A worker proposes it; the household says whether it wants it (待本户确认)",
    ASKED="The household asks for it; the town looks into it (待核实)",
    ASSESSED="Somebody has looked into it; a second person decides (待审定)",
    WATCHED="The household is watched over and helped (监测帮扶中)",
    EXIT_PROPOSED="The town proposes to end it; the household says whether (拟退出待本户确认)",
    REFUSED="Refused, with reasons (不予纳入)",
    CONTESTED="The household contests that; somebody else decides (复核中)",
    ENDED="Over (已退出)",
)
set_tones(WatchState, PROPOSED="AMBER", ASKED="AMBER", ASSESSED="AMBER", CONTESTED="AMBER", EXIT_PROPOSED="AMBER")
describe_enum(
    Ending,
    "WatchEnding",
    "Why a watch ended (退出原因).",
    AGREED="The household agreed that it is over the worst (风险消除经本户同意退出)",
    LEFT="The household wanted it no longer (本户退出)",
    WITHDRAWN="The consent was taken back (撤回同意)",
    UNANSWERED="The household did not take up a proposal (提议未获确认)",
)
describe_enum(
    MeasureKind,
    "WatchMeasureKind",
    "What is done for a household (帮扶措施类别).",
    INDUSTRY="Help to produce and sell (产业帮扶)",
    EMPLOYMENT="Work (就业帮扶)",
    CREDIT="Small credit (小额信贷)",
    RELIEF="Relief and social insurance (综合保障)",
    EDUCATION="School (教育帮扶)",
    HOUSING="A safe house (住房安全)",
    WATER="Safe water (饮水安全)",
    OTHER="Something else (其他)",
)
describe_enum(
    MeasureState,
    "WatchMeasureState",
    "Where a measure stands (措施状态).",
    PLANNED="To be carried out (待落实)",
    DONE="Carried out (已落实)",
    CANCELLED="Not carried out after all (已取消)",
)
# Given up is no alarm: a household may have found work by itself.
set_tones(MeasureState, PLANNED="AMBER", DONE="GREEN")
describe_enum(
    Step,
    "WatchStepKind",
    "What was said or done about a watch (监测环节).",
    PROPOSED="A worker proposed it (提议)",
    ASKED="The household asked for it, or agreed (本户申请)",
    DECLARED="The household declared something more (补充申报)",
    ASSESSED="Somebody looked into it, and said what they think (核实)",
    CONFIRMED="A second person confirmed that (审定)",
    RETURNED="A second person did not; it is looked into again (退回重新核实)",
    CONTESTED="The household contested the refusal (本户提出复核)",
    UPHELD="Somebody else decided for the household (复核予以纳入)",
    DISMISSED="Somebody else decided that it stays refused (复核维持)",
    PLANNED="A measure was planned (制定措施)",
    DONE="A measure was carried out (措施落实)",
    CANCELLED="A measure was given up (措施取消)",
    EFFECT="The household said what a measure did for it (本户反馈成效)",
    REVIEWED="Somebody looked how things are (定期复核)",
    EXIT_PROPOSED="Its end was proposed (提议退出)",
    AGREED="The household agreed to that (本户同意退出)",
    STAYED="The household did not; it goes on (本户不同意退出)",
    LEFT="The household left, or took its consent back (本户退出)",
)


def sealed_text(description: str, table: str) -> Any:
    """Declare a text that lies sealed in a row's own columns."""
    # Selected by its own row, so that a list that does not ask for it does not carry it.
    opening = OPENING.format(row="f", place=f"watch.{table}.content")
    text = f"(select {opening} from watch.{table} f where f.id={{0}} and f.content is not null)"
    return expression(description, lambda at: Sql(text, at.row.id), sealed=True)


# rules, for everybody


@entity(ItemRow, visible=visible_to_all, through="rule", order=("number",))
class WatchRuleItem(Node):
    """A fact that a household may declare, or a condition that an error has to meet (规则条目)."""

    rule: WatchRule | None = one("Of which rule (所属规则).")
    number: int = column("Its place (序号).")
    code: str = column("Its code, the same in all editions (条目编码).")
    ground: Ground | None = column("What it is a ground for; null for errors (对应监测类别).")
    fact: FactKind | None = column("What sort of fact it is; null for errors (事实类别).")
    text: str = column("What must be so (内容).")
    basis: str = column("By which rule of the state or province (依据).")


@entity(
    RulebookRow,
    visible=visible_to_all,
    order=("since",),
    filter={
        "subject": None,
        "grid": compare_place(),
        "in_force": compare_condition(lambda at: Sql("{0} is null", at.rows.until), "In force (是否有效)"),
    },
)
class WatchRule(Node):
    """An edition of a county's published rule (监测与容错规则)."""

    grid: Grid | None = one("The county that has it (适用县区).")
    subject: Subject = column("What it is about (规则对象).")
    edition: int = column("Which edition it is (版本).")
    name: str = column("What it is called (规则名称).")
    items: list[WatchRuleItem] = many("What it names (条目).", on="rule", order="number", cap=30)
    since: datetime.datetime = column("Since when it is in force (生效时间).")
    until: datetime.datetime | None = column("From when it is no longer; null while it is (失效时间).")


# households that are watched over


@entity(EvidenceRow, visible=visible_to_all, through="fact", order=("number",))
class WatchEvidence(Node):
    """A picture that a household showed (申报佐证)."""

    fact: WatchFact | None = one("Of which fact (所属事实).")
    number: int = column("Its place (序号).")
    url: str | None = sealed_text("The picture, as a data URL (图片内容).", "evidence")


@entity(FactRow, visible=visible_to_all, through="watch", order=("declared_at",))
class WatchFact(Node):
    """Something that a household has declared of itself (申报事实)."""

    watch: Watch | None = one("Of which watch (所属监测).")
    item: WatchRuleItem | None = one("By which item of the rule (对应条目).")
    day: datetime.date = column("When it happened (发生日期).")
    declared_at: datetime.datetime = column("When it was declared (申报时间).")
    text: str | None = sealed_text("In the household's words (说明).", "fact")
    evidence: list[WatchEvidence] = many("What it showed, if anything (佐证).", on="fact", order="number", cap=3)


# With the watch: the household reads all of it.
@entity(StepRow, visible=visible_to_all, through="watch", order=("at",))
class WatchStep(Node):
    """Something that was said or done about a watch (监测办理记录)."""

    watch: Watch | None = one("About which watch (所属监测).")
    measure: WatchMeasure | None = one("About which measure, if about one (所属措施).")
    kind: Step = column("What (环节).")
    at: datetime.datetime = column("When (时间).")
    account: str | None = column("By which account; for the household, who typed it in (办理账户).")
    by_household: bool = expression(
        "Whether these are the household's own words (是否本户陈述).",
        lambda at: Sql("{0} in ('ASKED','DECLARED','CONTESTED','EFFECT','AGREED','STAYED','LEFT')", at.row.kind),
    )
    text: str | None = sealed_text("In what words (说明).", "step")


# By the key of the watch, and not by the household: a unit has no right to that.
HOME = "(select {0} from people.household h {1} where h.id=(select e.household_id from watch.entry e where e.id={{0}}))"
LATE = "({0}='PLANNED' and {1}<{2})"
"""SQL for a measure: its state, its day, and today."""


@entity(
    MeasureRow,
    visible=rules.visible_measures,
    order=("due_on",),
    filter={
        "state": None,
        "kind": None,
        "due_on": None,
        "grid": compare_place(),
        "unit": compare_code("unit_id", "unit", "units"),
        "overdue": compare_condition(lambda at: Sql(LATE, at.rows.state, at.rows.due_on, at.viewer.today)),
    },
    file=lambda row, viewer: rules.of_family(
        Sql("(select e.household_id from watch.entry e where e.id={0})", row.watch_id), viewer
    ),
)
class WatchMeasure(Node):
    """Something that is done for a household, by a unit and a person of it, by a day (帮扶措施)."""

    watch: Watch | None = one("For which watch; null to the unit, which sees the measure alone (所属监测).")
    grid: Grid | None = one("Where (网格).")
    kind: MeasureKind = column("What (措施类别).")
    unit: Unit | None = one("Which unit carries it out (责任单位).")
    owner: str | None = column("Who of the unit, by account (责任人账户).")
    # The unit sees no file of theirs, and must know whom to help.
    head: str | None = expression(
        "Whom to ask for: the head of the household (户主姓名).",
        lambda at: Sql(HOME.format("p.name", "join people.person p on p.id=h.head_id"), at.row.watch_id),
    )
    address: str | None = expression(
        "Where the household is (住址).", lambda at: Sql(HOME.format("h.address", ""), at.row.watch_id)
    )
    state: MeasureState = column("Where it stands (措施状态).")
    due_on: datetime.date = column("By which day (完成期限).")
    overdue: bool = expression(
        "Whether it is late (是否逾期).", lambda at: Sql(LATE, at.row.state, at.row.due_on, at.viewer.today)
    )
    planned_at: datetime.datetime = column("When it was planned (制定时间).")
    ended_at: datetime.datetime | None = column("When it was carried out or given up (落实时间).")
    effect_at: datetime.datetime | None = column("When the household last said what it did for it (成效反馈时间).")
    steps: list[WatchStep] = many("What was said and done about it (办理记录).", on="measure", order="at", cap=30)
    version: int = column("Grows with every change (版本).")


MISSED = "({0} is null and {1}<={2} and {3} not in ('PROPOSED','EXIT_PROPOSED'))"
"""SQL for a watch: when it ended, by when a step is due, now and its state. A household is never late."""


def is_missed(row: Any, at: Frame) -> Sql:
    return Sql(MISSED, row.closed_at, row.due_at, at.viewer.now, row.state)


# No field of a household or a person leads here: being watched over is nothing that they are.
@entity(
    EntryRow,
    visible=rules.visible_watches,
    order=("due_at", "proposed_at"),
    filter={
        "state": None,
        "due_at": None,
        "grid": compare_place(),
        "open": compare_condition(lambda at: Sql("{0} is null", at.rows.closed_at), "Watched over (是否监测中)"),
        "overdue": compare_condition(lambda at: is_missed(at.rows, at)),
    },
    file=lambda row, viewer: rules.of_family(row.household_id, viewer),
)
class Watch(Node):
    """A household that asked or agreed to be watched over (防返贫监测帮扶)."""

    household: Household | None = one("Which household (户).")
    grid: Grid | None = one("Where (网格).")
    rule: WatchRule | None = one("By which edition of the rule (适用规则).")
    state: WatchState = column("Where it stands (监测状态).")
    ground: Ground | None = column("By which ground; null unless it was decided so (监测类别).")
    proposed_at: datetime.datetime = column("When it began (提出时间).")
    proposed_by: str | None = column("Which worker proposed it; null if the household asked (提议账户).")
    asked_at: datetime.datetime | None = column("When the household asked or agreed (申请时间).")
    decided_at: datetime.datetime | None = column("When it was decided (认定时间).")
    contested_at: datetime.datetime | None = column("When the household contested a refusal (提出复核时间).")
    due_at: datetime.datetime | None = expression(
        "By when the next step is due; null where none is (下一环节期限).",
        lambda at: Sql("nullif({0},'infinity')", at.row.due_at),
    )
    overdue: bool = expression(
        "Whether the county is late; a household never is (是否逾期).", lambda at: is_missed(at.row, at)
    )
    ending: Ending | None = column("Why it ended (退出原因).")
    closed_at: datetime.datetime | None = column("Since when nothing is left to do (终结时间).")
    facts: list[WatchFact] = many("What the household declared (申报事实).", on="watch", order="declared_at", cap=50)
    measures: list[WatchMeasure] = many("What is done for it (帮扶措施).", on="watch", order="due_on", cap=50)
    steps: list[WatchStep] = many(
        "What was said and done, the first first (办理记录).", on="watch", order="at", cap=200
    )
    version: int = column("Grows with every change (版本).")


EXTENSIONS = (
    extend(
        Query,
        watch_rules=connection(
            "What counties have published, also for callers without an account (监测与容错规则列表).",
            lambda at: None,
            order="-since",
            type=Connection[WatchRule] | None,
            # Who may see rows is told by their rule, so that all of them are asked by everybody.
            requires=None,
        ),
        watches=connection(
            "Watches that one may see, by what is due first (监测列表).",
            lambda at: None,
            order="due_at",
            type=Connection[Watch] | None,
            requires=None,
        ),
        watch_measures=connection(
            "Measures that one may see, by what is due first (帮扶措施列表).",
            lambda at: None,
            order="due_on",
            type=Connection[WatchMeasure] | None,
            requires=None,
        ),
    ),
    extend(
        Grid,
        watches=connection(
            "Watches in it (网格内监测).", rows_inside, order="due_at", type=Connection[Watch] | None, requires=None
        ),
        watch_measures=connection(
            "Measures in it (网格内帮扶措施).",
            rows_inside,
            order="due_on",
            type=Connection[WatchMeasure] | None,
            requires=None,
        ),
    ),
    extend(
        Me,
        watches=connection(
            "Watches of one's own household (本户监测).",
            lambda at: rules.home_rows(at.rows, at.viewer),
            order="-proposed_at",
            type=Connection[Watch] | None,
            requires=None,
        ),
    ),
)
