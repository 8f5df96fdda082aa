"""Types: cases as the schema has them."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from pypika_tortoise.queries import Table
from strawberry.scalars import JSON

from gongzhi.core.grids.types import Grid, PointInput, read_position
from gongzhi.core.people.types import Person
from gongzhi.core.units.types import Unit
from gongzhi.declare.entity import (
    Connection,
    Node,
    aggregate,
    column,
    connection,
    entity,
    expression,
    lookup,
    many,
    one,
    part,
    pick,
    visible_to_all,
    within_row,
)
from gongzhi.declare.enums import describe_enum, set_tones
from gongzhi.declare.extend import extend
from gongzhi.declare.filters import (
    DateTimeComparison,
    compare_code,
    compare_condition,
    compare_place,
    compare_term,
    compare_text,
    enum_comparison,
)
from gongzhi.declare.located import rows_inside
from gongzhi.declare.plans import Argument, Frame
from gongzhi.declare.roots import Query
from gongzhi.declare.sql import Alternatives, Sql, quote_text
from gongzhi.runtime.context import Context
from gongzhi.values import codes
from gongzhi.values.errors import Text
from gongzhi.values.geometry import Crs

from . import machine, rules
from .models import (
    Audience,
    CaseKind,
    CaseRow,
    CategoryRow,
    ChannelRow,
    EventRow,
    Light,
    Origin,
    SettlementLevel,
    Status,
    Urgency,
)
from .step_notices import STEPS, texts_of

describe_enum(
    CaseKind,
    "CaseKind",
    "What is asked (诉求类型).",
    CONSULT="A question (咨询)",
    HELP="A request for help (求助)",
    COMPLAINT="A complaint (投诉)",
    TIP_OFF="A tip-off about misconduct; sealed (举报)",
    SUGGESTION="A suggestion (建议)",
)
describe_enum(
    Status,
    "CaseStatus",
    "Where a case stands (诉求状态).",
    REPORTED="Reported, not yet looked at (已上报)",
    ACCEPTED="Accepted (已受理)",
    DECLINED="Not accepted, with the reason (不予受理)",
    WITHDRAWN="Withdrawn by the requester (已撤回)",
    MERGED="Part of another case about the same matter (已并单)",
    DISPATCHED="Given to a unit (已派单)",
    RETURNED="Given back by the unit (已退单)",
    HANDLING="Being handled (办理中)",
    SUSPENDED="On hold, with a term (挂账)",
    REPLIED="Settled and answered (已答复)",
    CLOSED="Closed for good (已结案)",
    VOIDED="Void, by approval (已作废)",
)
describe_enum(
    Urgency,
    "CaseUrgency",
    "How soon somebody must look (紧急程度).",
    ROUTINE="In the usual time (一般)",
    URGENT="Soon (紧急)",
    EMERGENCY="At once (特急)",
)
set_tones(Urgency, URGENT="AMBER", EMERGENCY="RED")
describe_enum(
    Origin,
    "CaseOrigin",
    "Whether somebody asked, or it was found before anybody had to (来源方式).",
    REACTIVE="Somebody asked (接诉即办)",
    PROACTIVE="Found beforehand (未诉先办)",
)
describe_enum(
    SettlementLevel,
    "SettlementLevel",
    "Where a matter was settled (化解层级).",
    GRID="In the grid (网格)",
    VILLAGE="In the village (村)",
    TOWN="In the town (镇)",
    COUNTY="In the county (县)",
)
describe_enum(
    Light,
    "Light",
    "How much of the time for something is spent (红绿灯).",
    GREEN="In good time (正常)",
    AMBER="Four fifths of the time are spent (预警)",
    RED="The time is over (超期)",
)
set_tones(Light, GREEN="GREEN", AMBER="AMBER", RED="RED")
describe_enum(
    Audience,
    "EventAudience",
    "Who may read an event (可见范围).",
    PUBLIC="All who may see the case (公开)",
    STAFF="Staff (内部)",
)


@entity(CategoryRow, visible=visible_to_all, order=("code",), filter={"code": None})
class Category(Node):
    """A subject of cases, from a versioned table (诉求分类)."""

    code: str = column("Its code; a dot for each level (代码).")
    name: str = column("Its name (名称).")
    parent: Category | None = one("What it belongs to (上级分类).")
    edition: str = column("The edition of the table (版本).")
    standard_ref: str | None = column("The standard that has a code for it (对应标准).")
    standard_code: str | None = column("Its code there (标准代码).")
    valid_to: datetime.date | None = column("The first day it is no longer used (停用日期).")


@entity(ChannelRow, visible=visible_to_all, order=("code",), filter={"code": None})
class Channel(Node):
    """A way in which cases arrive (渠道)."""

    code: str = column("Its code (代码).")
    name: str = column("Its name (名称).")
    roles: list[str] = column("Whoever files by it has one of these roles; none named: everybody may (可用角色).")
    by_key: bool = column("Whether only systems with an API key file by it (仅限接口密钥).")


@part
class Place:
    """Where something is, in CGCS2000 (位置)."""

    longitude: float = expression("Degrees east (经度).", lambda at: at.row.longitude)
    latitude: float = expression("Degrees north (纬度).", lambda at: at.row.latitude)
    crs: Crs = expression("Always CGCS2000 (坐标系).", lambda at: Sql("'CGCS2000'"))
    source: JSON | None = expression("The position as it was sent (原始坐标).", lambda at: at.row.place_source)


@part
class Reply:
    """What was answered (答复)."""

    text: str = expression("The answer (内容).", lambda at: at.row.reply)
    at: datetime.datetime = expression("When (时间).", lambda at: at.row.replied_at)


def event_text(at: Frame, texts: Mapping[str, Text]) -> Sql:
    """Return the text of an event's type, in the caller's language; null for a type that has none."""
    language = at.given.whole(lambda arguments, context: context.viewer.language, cast="text")
    # These texts are ours, so they may stand in the statement.
    chinese = "".join(f" when '{type}' then {quote_text(text.zh)}" for type, text in texts.items())
    english = "".join(f" when '{type}' then {quote_text(text.en)}" for type, text in texts.items())
    sql = f"case {{0}} when 'zh' then case {{1}}{chinese} end else case {{1}}{english} end end"
    return Sql(sql, language, at.row.type)


def event_title(at: Frame) -> Sql:
    own = event_text(at, {type: texts_of(type)[0] for type in STEPS})
    # Of an event that nobody declares any more, the type itself.
    return Sql("coalesce({0},{1},{2})", own, plugin_event_text(at, "title"), at.row.type)


def event_explanation(at: Frame) -> Sql:
    own = event_text(at, {type: text for type in STEPS if (text := texts_of(type)[1])})
    return Sql("coalesce({0},{1})", own, plugin_event_text(at, "text"))


def plugin_event_text(at: Frame, what: str) -> Sql:
    """Return the words that plugins have for events of theirs, in the caller's language; null for others."""
    # The words of plugins are a parameter: the statement is the same whichever are installed.
    told = at.given.whole(lambda arguments, context: context.timeline.words(context.viewer.language), cast="jsonb")
    return Sql(f"({{0}}->{{1}}->>'{what}')", told, at.row.type)


@entity(EventRow, visible=rules.visible_events, through="case", order=("at",), filter={"type": None, "at": None})
class CaseEvent(Node):
    """One step of a case (经过)."""

    case: Case | None = one("Whose step it is (诉求).")
    type: str = column("What happened, such as case.accepted (类型).")
    title: str = expression("What happened, in the caller's language (标题).", event_title)
    text: str | None = expression(
        "What it means for the requester and what they can do, in the caller's language (说明).", event_explanation
    )
    at: datetime.datetime = column("When (时间).")
    audience: Audience = column("Who may read it (可见范围).")
    role: str | None = column("The role of whoever did it (角色).")
    unit: Unit | None = one("The unit that did it, or was given it (单位).")
    note: str | None = column("What they noted (备注).")
    data: JSON = column("Facts, as they were at the time (数据).")


VOICE_REPORT = Text("Voice report", "语音诉求")
"""What a recording is called until somebody has listened to it, with the time of the report behind it."""


def title_of(at: Frame, case: Table) -> Sql:
    """Return the title of a case; of a recording that has none yet, a label in the caller's language."""
    language = at.given.whole(lambda arguments, context: context.viewer.language, cast="text")
    label = f"case {{2}} when 'zh' then {quote_text(VOICE_REPORT.zh)} else {quote_text(VOICE_REPORT.en)} end"
    # With its time, so that two recordings are told apart in a list.
    time = "to_char({1} at time zone 'Asia/Shanghai','YYYY-MM-DD HH24:MI')"
    return Sql(f"coalesce(nullif({{0}},''),{label}||' '||{time})", case.title, case.reported_at, language)


def metres_between(at: Frame) -> Any:
    """Return the metres between a place given and the row's own."""
    # Converted in Python, where the coordinate systems are known, and bound as numbers.
    longitude = at.given.bind("from", convert=lambda value: read_position(value, "from").longitude, cast="float8")
    latitude = at.given.bind("from", convert=lambda value: read_position(value, "from").latitude, cast="float8")
    # The number is twice the mean radius of the earth in metres.
    return Sql(
        "12742017.6*asin(sqrt(pow(sin(radians(({1}-{3})/2)),2)"
        "+cos(radians({1}))*cos(radians({3}))*pow(sin(radians(({0}-{2})/2)),2)))",
        at.row.longitude,
        at.row.latitude,
        longitude,
        latitude,
    )


def is_overdue(at: Frame, case: Table) -> Any:
    return Sql("({0}<={1})", case.due_at, at.viewer.now)


def case_light(at: Frame, case: Table) -> Any:
    """Return the light of a case: that of its worst clock."""
    # What is due at infinity has no clock that runs; it is green while it is under way.
    return Sql(
        "case when {0}<={2} then 'RED' when {1}<={2} then 'AMBER' "
        "when {0}<'infinity' or {3} in ('REPORTED','ACCEPTED','DISPATCHED','RETURNED','HANDLING','SUSPENDED') "
        "then 'GREEN' end",
        case.due_at,
        case.warn_at,
        at.viewer.now,
        case.status,
    )


def status_in(at: Frame, statuses: frozenset[Status]) -> Any:
    # Sorted, so that the statement's text is the same in every process and is prepared once.
    return Sql("{0} in (" + ",".join(f"'{one.value}'" for one in sorted(statuses)) + ")", at.rows.status)


@entity(
    CaseRow,
    visible=rules.visible_cases,
    held=rules.permitted_cases,
    order=("reported_at", "number", "due_at"),
    filter={
        "number": None,
        "kind": None,
        "status": None,
        "urgency": None,
        "origin": None,
        "title": compare_text("title"),
        "category": compare_code("category_id", "category", "cases"),
        "channel": compare_code("channel_id", "channel", "cases"),
        "lead_unit": compare_code("lead_unit_id", "unit", "units"),
        "grid": compare_place(),
        "reported_at": None,
        "rating": None,
        "self_handled": None,
        "settled_level": None,
        "open": compare_condition(lambda at: status_in(at, machine.OPEN), "Still open (是否未结)"),
        "completed": compare_condition(lambda at: status_in(at, machine.COMPLETED), "Completed (是否办结)"),
        "light": compare_term(lambda at: case_light(at, at.rows), enum_comparison(Light)),
        "overdue": compare_condition(lambda at: is_overdue(at, at.rows)),
        "due_at": compare_term(lambda at: at.rows.due_at, DateTimeComparison),
    },
)
class Case(Node):
    """A matter that somebody raised (诉求)."""

    number: str = column("Its number: county, day, sequence and a check digit (编号).")
    kind: CaseKind = column("What is asked (类型).")
    channel: Channel | None = one("How it arrived (渠道).")
    category: Category | None = one("What it is about (分类).")
    urgency: Urgency = column("How soon somebody must look (紧急程度).")
    origin: Origin = column("Whether somebody asked (来源方式).")
    title: str = expression(
        "In a few words; of a recording without a title yet, a label with the time of the report (标题).",
        lambda at: title_of(at, at.row),
    )
    needs_title: bool = expression(
        "Whether it is a recording without a title yet: whoever accepts it gives it one (待拟标题).",
        lambda at: Sql("{0}=''", at.row.title),
    )
    description: str = column("The matter; empty of a recording until somebody has written it down (描述).")
    status: Status = column("Where it stands (状态).")
    requester: Person | None = one("Who asks; null if anonymous or not yours to see (诉求人).")
    filed_by: Person | None = one("Who filed it on the requester's behalf (代办人).")
    anonymous: bool = column("Whether the requester stays unnamed (是否匿名).")
    grid: Grid | None = one("In which grid it lies (网格).")
    place: Place | None = within_row("Where exactly (位置).", lambda at: Sql("{0} is not null", at.row.longitude))
    address: str | None = column("Where, in words (地址).")
    lead_unit: Unit | None = one("The unit that answers for it (主办单位).")
    support_units: list[Unit] = many(
        "Units that help (协办单位).",
        lambda at: [
            Sql("{0}=any(array(select s.unit_id from cases.support s where s.case_id={1}))", at.rows.id, at.row.id)
        ],
        order="code",
        cap=20,
    )
    self_handled: bool = column("Whether it was settled in the grid itself (自处理).")
    settled_level: SettlementLevel | None = column("Where it was settled (化解层级).")
    reported_at: datetime.datetime = column("When it was reported (上报时间).")
    # Infinity in the table, null to clients: the planner says so, once for all dates.
    due_at: datetime.datetime | None = expression(
        "When the next of its clocks ends; null if none runs (最近时限).",
        lambda at: at.row.due_at,
    )
    light: Light | None = expression(
        "How its clocks stand; null once it is settled and no clock runs (红绿灯).", lambda at: case_light(at, at.row)
    )
    overdue: bool = expression("Whether one of its clocks has run out (是否超期).", lambda at: is_overdue(at, at.row))
    settled_at: datetime.datetime | None = column("When it was settled (办结时间).")
    closed_at: datetime.datetime | None = column("When it was closed (结案时间).")
    reply: Reply | None = within_row("What was answered (答复).", lambda at: Sql("{0} is not null", at.row.reply))
    rating: int | None = column("How the requester rated it, 1 to 5 (评分).")
    solved: bool | None = column("Whether the requester says it is solved (是否解决).")
    rating_comment: str | None = column("What the requester added (评价内容).")
    reopenings: int = column("How often it was taken up again (重办次数).")
    previous: Case | None = one("The closed case it continues (前一诉求).")
    timeline: list[CaseEvent] = many("What happened, the first first (经过).", on="case", order="at", cap=100)
    last_event_at: datetime.datetime | None = aggregate(
        "When something last happened to it (最近进展时间).",
        lambda: CaseEvent,
        lambda at: Sql("max({0})", at.rows.at),
        on="case",
    )
    events: Connection[CaseEvent] = connection("The same, a page at a time (经过列表).", on="case", order="at")
    distance: float | None = expression(
        "Metres from a place to where it lies (距离，米).",
        metres_between,
        arguments={"from": Argument(PointInput, "The place to measure from (起点).")},
    )
    version: int = column("Grows with every change (版本).")


def receipt_number(given: Mapping[str, Any], context: Context) -> str | None:
    """Return the number, if the receipt code is the one for it."""
    number, code = given["number"], given["receiptCode"]
    # Null is equal to no number, so a wrong code finds nothing.
    return number if codes.receipt_matches(context.receipts, number, code) else None


def by_receipt(at: Frame) -> Alternatives:
    return [Sql("{0}={1}", at.rows.number, at.given.whole(receipt_number, cast="text"))]


EXTENSIONS = (
    extend(
        Query,
        case=lookup(
            "The case that has this number (按编号查诉求).", "Its number (编号).", by="number", type=Case | None
        ),
        case_by_receipt=pick(
            "A case for whoever kept its receipt; no account is needed (凭回执查诉求).",
            by_receipt,
            shown=True,
            arguments={
                "number": Argument(str, "The case's number (编号)."),
                "receipt_code": Argument(str, "The code on the receipt (回执码)."),
            },
            type=Case | None,
        ),
        cases=connection("Cases you may see, the last first (诉求列表).", order="-reported_at", type=Connection[Case]),
        categories=connection("Subjects (分类列表).", order="code", type=Connection[Category]),
        channels=connection("Ways in which cases arrive (渠道列表).", order="code", type=Connection[Channel]),
    ),
    extend(
        Grid,
        cases=connection("Cases in it or below it (诉求).", rows_inside, order="-reported_at", type=Connection[Case]),
        open_cases=aggregate(
            "How many cases you may see in it or below it that are not closed yet (未结案诉求数).",
            lambda: Case,
            lambda at: Sql("count(*) filter (where {0})", status_in(at, machine.OPEN)),
            rows_inside,
            type=int,
        ),
    ),
    extend(
        Person,
        cases=connection("Cases they asked for (诉求).", on="requester", order="-reported_at", type=Connection[Case]),
    ),
    extend(
        Unit,
        cases=connection(
            "Cases it answers for (主办诉求).", on="lead_unit", order="-reported_at", type=Connection[Case]
        ),
    ),
)
