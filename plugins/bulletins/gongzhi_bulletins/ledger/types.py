"""Ledger types: affairs, what is disclosed of them, and the tables of funds, assets and resources."""

from __future__ import annotations

import datetime
from decimal import Decimal

from gongzhi.core.cases.types import Case
from gongzhi.core.grids.types import Grid
from gongzhi.declare.entity import (
    Connection,
    Node,
    column,
    connection,
    entity,
    expression,
    many,
    one,
    pick,
    visible_to_all,
)
from gongzhi.declare.enums import describe_enum, set_tones
from gongzhi.declare.extend import extend
from gongzhi.declare.filters import compare_condition, compare_place
from gongzhi.declare.located import rows_inside
from gongzhi.declare.roots import Query
from gongzhi.declare.sql import Sql

from ..models import (
    AffairKind,
    AffairRow,
    Capital,
    DisclosureFileRow,
    DisclosureRow,
    DisclosureState,
    FigureRow,
    FigureUnit,
    Rhythm,
)
from ..types import DATA_URL, Bulletin
from . import rules

describe_enum(
    AffairKind,
    "AffairKind",
    "What sort of affair a village has to publish (公开事项类别).",
    GENERAL="A general affair: at least once a quarter (一般事项)",
    FINANCE="Finance: once a quarter, monthly where there is much of it (财务收支)",
    MAJOR="A major affair of the villagers: at once (重大事项)",
)
describe_enum(
    Rhythm,
    "AffairRhythm",
    "How often an affair is published (公开频次).",
    QUARTERLY="Once a quarter (按季度)",
    MONTHLY="Once a month (按月)",
    AT_ONCE="At once (随时)",
)
describe_enum(
    DisclosureState,
    "DisclosureState",
    "Where the disclosure of a period stands (公开状态).",
    DUE="To be written (待公开)",
    SIGNING="Waiting for signatures (待签字)",
    PUBLISHED="Published (已公开)",
    CORRECTED="Published anew since (已更正)",
)
set_tones(DisclosureState, DUE="AMBER", SIGNING="AMBER", PUBLISHED="GREEN")
describe_enum(
    Capital,
    "VillageCapital",
    "The three capitals of a village (村级三资).",
    FUNDS="Funds (资金)",
    ASSETS="Assets (资产)",
    RESOURCES="Resources (资源)",
)
describe_enum(
    FigureUnit,
    "FigureUnit",
    "What a figure counts (计量单位).",
    YUAN="Yuan (元)",
    MU="Mu, a fifteenth of a hectare (亩)",
    SQUARE_METRE="Square metres (平方米)",
    PIECE="Pieces (件)",
)

NEXT_DUE = (
    "(select min(d.due_on) from bulletins.disclosure d where d.affair_id={0} and d.round=1 "
    "and d.state in ('DUE','SIGNING'))"
)
LAST_PUBLISHED = "(select max(d.published_at) from bulletins.disclosure d where d.affair_id={0})"
# Null where nothing is owed, which is not late.
IS_OVERDUE = "coalesce(" + NEXT_DUE + "<{1},false)"
CLOSING = "{0}+{1}-{2}"


@entity(FigureRow, visible=rules.visible_figures, order=("number",))
class VillageFigure(Node):
    """A line of the table of funds, assets and resources (三资公开明细)."""

    number: int = column("Which line (序号).")
    capital: Capital = column("Which of the three (类别).")
    name: str = column("What it is (项目).")
    unit: FigureUnit = column("What is counted (单位).")
    opening: Decimal = column("At the beginning of the period (期初).")
    increase: Decimal = column("What came in (本期增加).")
    decrease: Decimal = column("What went out (本期减少).")
    # Reckoned and never written: a table cannot contradict itself.
    closing: Decimal = expression(
        "At the end of the period, which follows from the others (期末).",
        lambda at: Sql(CLOSING, at.row.opening, at.row.increase, at.row.decrease),
    )


@entity(
    AffairRow,
    visible=visible_to_all,
    order=("declared_at",),
    filter={
        "kind": None,
        "grid": compare_place(),
        "overdue": compare_condition(lambda at: Sql(IS_OVERDUE, at.rows.id, at.viewer.today)),
    },
)
class VillageAffair(Node):
    """Something that a village has to publish; anybody may see whether it did in time (村务公开事项)."""

    grid: Grid | None = one("The village (村).")
    kind: AffairKind = column("What sort of affair (类别).")
    rhythm: Rhythm = column("How often it is published (公开频次).")
    title: str = column("What it is (事项名称).")
    since: datetime.date = column("From when on; of a major affair when it happened (起始日期).")
    until: datetime.date | None = column("Until when there was something to publish (终止日期).")
    version: int = column("Grows with every change (版本).")
    due_on: datetime.date | None = expression(
        "By when the oldest period that is not published has to be (最近应公开日期).",
        lambda at: Sql(NEXT_DUE, at.row.id),
    )
    overdue: bool = expression(
        "Whether that is over (是否逾期未公开).", lambda at: Sql(IS_OVERDUE, at.row.id, at.viewer.today)
    )
    last_published_at: datetime.datetime | None = expression(
        "When something of it was last published (最近公开时间).", lambda at: Sql(LAST_PUBLISHED, at.row.id)
    )


@entity(
    DisclosureRow,
    visible=rules.visible_disclosures,
    order=("due_on", "begins_on"),
    filter={
        "state": None,
        "due_on": None,
        "grid": compare_place(),
        "overdue": compare_condition(lambda at: Sql(rules.OVERDUE, at.rows.state, at.rows.due_on, at.viewer.today)),
    },
)
class VillageDisclosure(Node):
    """What a village publishes of an affair for one period (村务公开记录)."""

    affair: VillageAffair | None = one("The affair (公开事项).")
    grid: Grid | None = one("The village (村).")
    begins_on: datetime.date = column("The first day of the period (期间起).")
    ends_on: datetime.date = column("The last day of the period (期间止).")
    due_on: datetime.date = column("By when it has to be published (应公开日期).")
    round: int = column("1, and more for what was published anew (第几次公开).")
    state: DisclosureState = column("Where it stands (状态).")
    text: str | None = column("What it says (内容).")
    figures: list[VillageFigure] = many(
        "Funds, assets and resources (三资明细).", on="disclosure", order="number", cap=100
    )
    attachments: list[VillageDisclosureFile] = many("Its files (附件).", on="disclosure", order="name", cap=10)
    reason: str | None = column("Why it is published anew (更正原因).")
    committee_at: datetime.datetime | None = column("When the village committee signed (村委会签字时间).")
    supervision_at: datetime.datetime | None = column("When the supervision committee signed (监委会签字时间).")
    published_at: datetime.datetime | None = column("When it was published (公开时间).")
    bulletin: Bulletin | None = one("The bulletin that it became (公开信息).")
    version: int = column("Grows with every change (版本).")


@entity(DisclosureFileRow, visible=visible_to_all, through="disclosure", order=("name",))
class VillageDisclosureFile(Node):
    """A file that is published with a disclosure, such as a voucher or minutes (村务公开附件)."""

    disclosure: VillageDisclosure | None = one("The disclosure (公开记录).")
    name: str = column("What it is called (文件名).")
    media_type: str = column("Its media type (媒体类型).")
    url: str = expression(
        "The file itself, as a data URL (内容).", lambda at: Sql(DATA_URL, at.row.media_type, at.row.content)
    )


QUESTIONS = "(select count(*) from bulletins.question q where q.bulletin_id={0})::int"

EXTENSIONS = (
    extend(
        VillageAffair,
        disclosures=connection(
            "What was published of it, the last period first (公开记录).",
            on="affair",
            order="-begins_on",
            type=Connection[VillageDisclosure] | None,
            requires=None,
        ),
    ),
    extend(
        Grid,
        village_affairs=connection(
            "What the villages in it have to publish (村务公开事项).",
            rows_inside,
            order="declared_at",
            type=Connection[VillageAffair] | None,
            requires=None,
        ),
    ),
    extend(
        Query,
        village_affairs=connection(
            "What villages have to publish (村务公开事项).",
            order="declared_at",
            type=Connection[VillageAffair] | None,
            requires=None,
        ),
        village_disclosures=connection(
            "What villages published, and of the places whose ledger one keeps or supervises what they have yet to "
            "(村务公开记录).",
            order="due_on",
            type=Connection[VillageDisclosure] | None,
            requires=None,
        ),
    ),
    extend(
        Bulletin,
        disclosure=pick(
            "What of the village's affairs it publishes (村务公开记录).",
            on="bulletin",
            order="id",
            type=VillageDisclosure | None,
            requires=None,
        ),
        question_count=expression(
            "How many cases ask about it (询问数).",
            lambda at: Sql(QUESTIONS, at.row.id),
            type=int | None,
            requires=None,
        ),
    ),
    extend(
        Case,
        bulletin=pick(
            "The bulletin that it asks about (所询公开信息).",
            lambda at: [
                Sql("{0}=(select q.bulletin_id from bulletins.question q where q.case_id={1})", at.rows.id, at.row.id)
            ],
            order="id",
            type=Bulletin | None,
            requires=None,
        ),
    ),
)
