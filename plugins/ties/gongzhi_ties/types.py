"""Types: links of help and what was done in them, as the schema has them."""

from __future__ import annotations

import datetime
from typing import Any

from gongzhi.core.cases.types import Case
from gongzhi.core.grids.types import Grid
from gongzhi.core.people.rules import own_households
from gongzhi.core.people.types import Household, Me
from gongzhi.core.units.types import Unit
from gongzhi.declare.entity import (
    Connection,
    Node,
    column,
    connection,
    entity,
    expression,
    one,
    pick,
    visible_to_all,
)
from gongzhi.declare.enums import describe_enum, set_tones
from gongzhi.declare.extend import extend
from gongzhi.declare.filters import compare_code, compare_place
from gongzhi.declare.located import rows_inside
from gongzhi.declare.plans import Frame
from gongzhi.declare.roots import Query
from gongzhi.declare.sql import Sql

from . import rules
from .models import DeedKind, DeedRow, TieKind, TieRow, TieState

describe_enum(
    TieKind,
    "TieKind",
    "Who is linked with whom (联系帮扶类型).",
    LEADER_TOWN="A county leader with a town (县领导包镇)",
    UNIT_VILLAGE="A unit with a village (部门包村)",
    CADRE_HOUSEHOLD="A cadre with a household (干部联户)",
    VILLAGE_VILLAGE="A strong village with a weak one (强村带弱村)",
    UNIT_COMMUNITY="A resident unit with its community (驻区单位共建)",
)
describe_enum(
    TieState,
    "TieState",
    "Where a link stands (联系帮扶状态).",
    PROPOSED="Proposed; both sides are asked (征求意见)",
    ACTIVE="Agreed, and under way (联系中)",
    DECLINED="One side did not agree (已谢绝)",
    ENDED="Ended (已结束)",
)
set_tones(TieState, PROPOSED="AMBER", ACTIVE="GREEN")
describe_enum(
    DeedKind,
    "TieDeedKind",
    "What sort of thing was done (实事类型).",
    VISIT="A visit, and what was talked over (走访座谈)",
    FUNDS="Money for something (资金支持)",
    GOODS="Goods (物资支持)",
    PROJECT="A project (项目建设)",
    TRAINING="Training or advice (培训指导)",
    JOBS="Work that was found (就业帮扶)",
    SALES="Produce that was sold (消费帮扶)",
    OTHER="Something else (其他)",
)

NAME = "(select p.name from people.person p where p.id={0})"


def published_name(at: Frame) -> Any:
    """Build the name of whoever helps: published with the link, and taken back when it ends."""
    return Sql(f"case when {{0}}='ACTIVE' then {NAME.replace('{0}', '{1}')} end", at.row.state, at.row.person_id)


# With the link: whoever sees that reads all that was done in it.
@entity(DeedRow, visible=visible_to_all, through="tie", order=("day",), filter={"kind": None, "day": None})
class TieDeed(Node):
    """Something that was done in a link (帮扶实事)."""

    tie: Tie | None = one("In which link (联系帮扶).")
    kind: DeedKind = column("What sort of thing (类型).")
    day: datetime.date = column("On which day (日期).")
    text: str | None = expression(
        "What was done; null once it is withdrawn (内容).",
        lambda at: Sql("case when {0} is null then {1} end", at.row.withdrawn_at, at.row.text),
    )
    case: Case | None = one("The case it was about, if it is yours to see (诉求).")
    recorded_at: datetime.datetime = column("When it was written down (登记时间).")
    withdrawn_at: datetime.datetime | None = column("When it was withdrawn (撤回时间).")


@entity(
    TieRow,
    visible=rules.visible_ties,
    order=("proposed_at", "ends_on"),
    filter={
        "kind": None,
        "state": None,
        "ends_on": None,
        "grid": compare_place(),
        "unit": compare_code("unit_id", "unit", "units"),
    },
)
class Tie(Node):
    """A link of help between two sides that agree: what each did are facts, and nobody is scored (联系帮扶)."""

    kind: TieKind = column("Who is linked with whom (类型).")
    state: TieState = column("Where it stands (状态).")
    grid: Grid | None = one("The place that is helped, or where the household lies (被帮扶地).")
    # Households are never named: who sees the household itself sees it here.
    household: Household | None = one("The household that is helped, for those who may see it (被帮扶户).")
    name: str | None = expression(
        "Who helps, published by their consent as long as it lasts; null for a unit (帮扶人).", published_name
    )
    office: str | None = column("The office of whoever helps (职务).")
    unit: Unit | None = one("The unit that helps, or where the cadre works (帮扶单位).")
    proposed_at: datetime.datetime = column("When it was proposed (拟定时间).")
    helper_agreed_at: datetime.datetime | None = column("When the helping side answered (帮扶方答复时间).")
    helped_agreed_at: datetime.datetime | None = column("When the helped side answered (被帮扶方答复时间).")
    since: datetime.date | None = column("The first day, on which both had agreed (起始日).")
    ends_on: datetime.date = column("The first day on which it is over, if nobody ends it before (期满日).")
    until: datetime.date | None = column("The first day no longer (结束日).")
    deeds: Connection[TieDeed] = connection("What was done, the last first (帮扶实事).", on="tie", order="-day")
    version: int = column("Grows with every change (版本).")


# Both sides of one's own in one list: a cadre's household may be helped by another.
def own_links(at: Frame) -> list[Sql]:
    """Select links that name oneself or one's household."""
    home = Sql("{0}=any(array{1})", at.rows.household_id, own_households(at.viewer))
    return [Sql("{0}={1}", at.rows.person_id, at.viewer.person), home]


EXTENSIONS = (
    extend(
        Query,
        ties=connection(
            "Links of help, also for callers without an account; households' for those concerned (联系帮扶列表).",
            lambda at: None,
            order="-proposed_at",
            type=Connection[Tie] | None,
            requires=None,
        ),
    ),
    extend(
        Grid,
        ties=connection(
            "Links that help it, or places in it (联系帮扶).",
            rows_inside,
            order="-proposed_at",
            type=Connection[Tie] | None,
            requires=None,
        ),
    ),
    extend(
        Unit,
        ties=connection(
            "Links in which it helps (帮扶).",
            on="unit",
            order="-proposed_at",
            type=Connection[Tie] | None,
            requires=None,
        ),
    ),
    extend(
        Household,
        tie=pick(
            "The cadre's link with it, for those who may see it (干部联户).",
            lambda at: [Sql("{0}='ACTIVE'", at.rows.state)],
            on="household",
            order="-proposed_at",
            type=Tie | None,
            requires=None,
        ),
    ),
    extend(
        Me,
        ties=connection(
            "Links in which one helps, or one's household is helped (我的联系帮扶).",
            own_links,
            order="-proposed_at",
            type=Connection[Tie] | None,
            requires=None,
        ),
    ),
)
