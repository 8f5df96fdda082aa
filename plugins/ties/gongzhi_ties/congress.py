"""Congress types: deputies, their stations, reception days and what is heard on them, as the schema has them."""

from __future__ import annotations

import datetime

from gongzhi.core.cases.types import Case
from gongzhi.core.grids.types import Grid
from gongzhi.core.people.types import Me, Person
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
from gongzhi_party.village.types import DeputySuggestion

from . import rules
from .models import DeputyLevel, DeputyRow, HeardRow, ReceiverRow, ReceptionRow, ReceptionState, StationRow
from .types import NAME

describe_enum(
    DeputyLevel,
    "DeputyLevel",
    "Of which people's congress somebody is a deputy (代表层级).",
    NATIONAL="The nation's (全国)",
    PROVINCE="The province's (省级)",
    CITY="The city's (市级)",
    COUNTY="The county's (县级)",
    TOWNSHIP="The township's (乡镇级)",
)
describe_enum(
    ReceptionState,
    "ReceptionState",
    "Where a reception day stands (接待日状态).",
    ANNOUNCED="Announced (已公告)",
    HELD="Held (已举行)",
    CANCELLED="Cancelled (已取消)",
)
set_tones(ReceptionState, ANNOUNCED="AMBER", HELD="GREEN")

FEWEST = 10
"""The smallest number of visitors that is shown, but for zero."""
IN_OFFICE = "({0} is null and {1}<={3} and {2}>{3})"
"""SQL for a term: when it ended early, its first day, the first day after it, and today."""


# Public by law, from whoever represents a township to the nation's.
@entity(
    DeputyRow,
    visible=visible_to_all,
    order=("since",),
    filter={
        "level": None,
        "grid": compare_place(),
        "in_office": compare_condition(
            lambda at: Sql(IN_OFFICE, at.rows.until, at.rows.since, at.rows.ends_on, at.viewer.today),
            "In office (是否在任)",
        ),
    },
)
class Deputy(Node):
    """Somebody's term as a deputy of a people's congress; deputies act in public (人大代表)."""

    grid: Grid | None = one("Whom they represent (所代表网格).")
    name: str | None = expression(
        "Their name, published for the term (姓名).",
        lambda at: Sql(
            f"case when {IN_OFFICE} then {NAME.replace('{0}', '{4}')} end",
            at.row.until,
            at.row.since,
            at.row.ends_on,
            at.viewer.today,
            at.row.person_id,
        ),
    )
    level: DeputyLevel = column("Of which congress (代表层级).")
    constituency: str = column("In which constituency they were elected (选区).")
    station: DeputyStation | None = one("At which station they are met (联络站).")
    since: datetime.date = column("The first day of the term (任期起).")
    ends_on: datetime.date = column("The first day after it (任期止，不含).")
    until: datetime.date | None = column("The first day no longer, where it ended early (提前终止日).")
    version: int = column("Grows with every change (版本).")


@entity(
    StationRow,
    visible=visible_to_all,
    order=("opened_on", "name"),
    filter={
        "grid": compare_place(),
        "open": compare_condition(lambda at: Sql("{0} is null", at.rows.closed_on), "Open (是否开放)"),
    },
)
class DeputyStation(Node):
    """A liaison station, where deputies are met (代表联络站)."""

    grid: Grid | None = one("Where (网格).")
    name: str = column("Its name (名称).")
    address: str = column("Where it is found (地址).")
    opened_on: datetime.date = column("Since when it is open (设立日期).")
    closed_on: datetime.date | None = column("The first day no longer (关闭日期).")
    deputies: Connection[Deputy] = connection("Who is met there (进站代表).", on="station", order="-since")
    receptions: Connection[ReceptionDay] = connection(
        "Its reception days, the last first (接待日).", on="station", order="-starts_at"
    )
    version: int = column("Grows with every change (版本).")


# With the day, which everybody reads.
@entity(ReceiverRow, visible=visible_to_all, through="reception", order=("id",))
class ReceptionDeputy(Node):
    """That a deputy hears voters on a reception day (接待代表)."""

    reception: ReceptionDay | None = one("On which day (接待日).")
    deputy: Deputy | None = one("Who (代表).")


@entity(
    ReceptionRow,
    visible=visible_to_all,
    order=("starts_at",),
    filter={"state": None, "starts_at": None, "grid": compare_place()},
)
class ReceptionDay(Node):
    """A day on which deputies hear voters at a station (选民接待日)."""

    station: DeputyStation | None = one("Where (代表联络站).")
    grid: Grid | None = one("In which grid (网格).")
    starts_at: datetime.datetime = column("From when (开始时间).")
    ends_at: datetime.datetime = column("Until when (结束时间).")
    state: ReceptionState = column("Where it stands (状态).")
    visitors: int | None = expression(
        f"How many came; null for fewer than {FEWEST} (接待人数).",
        # Of nine visitors in a village everybody knows who they were.
        lambda at: Sql("case when {0}=0 or {0}>={1} then {0} end", at.row.visitors, FEWEST),
    )
    reason: str | None = column("Why it was cancelled (取消原因).")
    deputies: list[ReceptionDeputy] = many("Who hears voters (接待代表).", on="reception", order="id", cap=10)
    heard: Connection[HeardMatter] = connection(
        "What was heard, as far as you may see it (听取的意见).", on="reception", order="heard_at"
    )
    version: int = column("Grows with every change (版本).")


# Without its words, which are the proposal's or the case's, each seen by its own rule.
@entity(HeardRow, visible=rules.visible_heard, order=("heard_at",), filter={"heard_at": None, "grid": compare_place()})
class HeardMatter(Node):
    """Something that a voter asked a deputy for: it is a proposal or a case, which has its words (听取的选民意见)."""

    reception: ReceptionDay | None = one("On which day (接待日).")
    deputy: Deputy | None = one("By whom (代表).")
    # Null to whoever does not see their file.
    person: Person | None = one("Who asked, for those who may see them (选民).")
    suggestion: DeputySuggestion | None = one("The proposal that it is (代表建议).")
    case: Case | None = one("The case that it is, if it is yours to see (诉求).")
    heard_at: datetime.datetime = column("When (时间).")
    satisfied: bool | None = column("What the asker makes of the reply to the proposal (选民是否满意).")


EXTENSIONS = (
    extend(
        Query,
        deputies=connection(
            "Deputies, also for callers without an account (人大代表列表).",
            lambda at: None,
            order="-since",
            type=Connection[Deputy] | None,
            requires=None,
        ),
        deputy_stations=connection(
            "Liaison stations, also for callers without an account (代表联络站列表).",
            lambda at: None,
            order="name",
            type=Connection[DeputyStation] | None,
            requires=None,
        ),
        reception_days=connection(
            "Reception days, also for callers without an account (选民接待日列表).",
            lambda at: None,
            order="-starts_at",
            type=Connection[ReceptionDay] | None,
            requires=None,
        ),
        heard_matters=connection(
            "What voters asked deputies for, that one may see (听取的选民意见列表).",
            lambda at: None,
            order="-heard_at",
            type=Connection[HeardMatter] | None,
            requires=None,
        ),
    ),
    extend(
        Grid,
        deputies=connection(
            "Deputies who represent it, or places in it (人大代表).",
            rows_inside,
            order="-since",
            type=Connection[Deputy] | None,
            requires=None,
        ),
        reception_days=connection(
            "Reception days in it (选民接待日).",
            rows_inside,
            order="-starts_at",
            type=Connection[ReceptionDay] | None,
            requires=None,
        ),
    ),
    extend(
        DeputySuggestion,
        heard=pick(
            "Where a deputy heard it, for those who may see that (来源).",
            on="suggestion",
            order="heard_at",
            type=HeardMatter | None,
            requires=None,
        ),
    ),
    extend(
        Case,
        heard=pick(
            "Where a deputy heard it, for those who may see that (代表听取情况).",
            on="case",
            order="heard_at",
            type=HeardMatter | None,
            requires=None,
        ),
    ),
    extend(
        Me,
        heard_matters=connection(
            "What one asked deputies for (我向代表反映的意见).",
            lambda at: [Sql("{0}={1}", at.rows.person_id, at.viewer.person)],
            order="-heard_at",
            type=Connection[HeardMatter] | None,
            requires=None,
        ),
    ),
)
