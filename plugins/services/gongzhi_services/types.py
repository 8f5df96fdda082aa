"""Types: matters, applications, papers, visits and lapses as the schema has them."""

from __future__ import annotations

import datetime
from typing import Any

from gongzhi.core.cases.types import Case
from gongzhi.core.events.models import OutboxRow
from gongzhi.core.events.rules import visible_with
from gongzhi.core.events.stream_fields import event_cursor, event_subject
from gongzhi.core.grids.types import Grid
from gongzhi.core.people.types import Me, Person
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
    pick,
    stream,
    visible_to_all,
)
from gongzhi.declare.enums import describe_enum, set_tones
from gongzhi.declare.extend import extend
from gongzhi.declare.filters import compare_code, compare_condition, compare_place
from gongzhi.declare.plans import Frame
from gongzhi.declare.roots import Query, Subscription
from gongzhi.declare.sql import Sql
from gongzhi.runtime.sealing import OPENING
from gongzhi.values.errors import Language, Text

from . import rules
from .events import EVENTS
from .facts import SOURCES, Source, fact_of
from .models import (
    ApplicationRow,
    DocumentRow,
    Fact,
    Lapse,
    LapseRow,
    MatterRow,
    Outcome,
    PaperRow,
    PaperState,
    Proxy,
    State,
    VisitPlace,
    VisitRow,
)

describe_enum(
    Fact,
    "ServiceFact",
    "What the county may have on file of somebody (库内信息).",
    IDENTITY="Name and resident ID number (姓名和身份证号)",
    BIRTH="Day of birth (出生日期)",
    PHONE="Telephone number (联系电话)",
    RESIDENCE="Village or community (所在村、社区)",
    ADDRESS="Address of the household (住址)",
    HOUSEHOLD="Number of the household (户号)",
)
describe_enum(
    Source,
    "ServiceFactSource",
    "Where a fact is on file (信息来源).",
    PERSON="The person's file (人员档案)",
    TELEPHONES="The person's telephone numbers (电话登记)",
    GRID="The grid where they live (网格登记)",
    HOUSEHOLD="The household's file (户档案)",
)
describe_enum(
    State,
    "ServiceApplicationState",
    "Where an application stands (办件状态).",
    SUBMITTED="Handed in, to be accepted (待受理)",
    RETURNED="Waits for papers (待补正)",
    ACCEPTED="Accepted, to be decided (办理中)",
    DECIDED="Decided (已办结)",
    CLOSED="Over (已归档)",
    WITHDRAWN="Withdrawn (已撤回)",
)
set_tones(State, RETURNED="AMBER", DECIDED="GREEN")
describe_enum(
    Outcome,
    "ServiceOutcome",
    "What was decided (办理结果).",
    GRANTED="Granted (准予)",
    REFUSED="Refused (不予批准)",
    NOT_ACCEPTED="Not accepted (不予受理)",
)
set_tones(Outcome, GRANTED="GREEN")
describe_enum(
    Proxy,
    "ServiceProxy",
    "Who applies for somebody else (代办人类型).",
    GRID_WORKER="A grid worker (网格员)",
    RELATIVE="A relative (亲属)",
    VOLUNTEER="A volunteer (志愿者)",
    OTHER="Somebody else (其他人员)",
)
describe_enum(
    PaperState,
    "ServicePaperState",
    "Whether a paper is there (材料状态).",
    ON_FILE="On file, not asked for (免提交)",
    PROVIDED="Handed in (已提交)",
    MISSING="Missing (待补交)",
)
set_tones(PaperState, MISSING="AMBER")
describe_enum(
    VisitPlace,
    "ServiceVisitPlace",
    "Where somebody had to go (到场地点).",
    COUNTY_HALL="The county's service hall (县政务大厅)",
    TOWN_HALL="The town's service centre (镇便民服务中心)",
    VILLAGE_STATION="The village's service station (村便民服务站)",
    OFFICE="The unit's own office (办理单位)",
)
describe_enum(
    Lapse,
    "ServiceLapseKind",
    "What a unit did otherwise than it promised (效能监察类型).",
    LATE_RECEIPT="Neither accepted nor returned in time (逾期未受理)",
    OVERDUE="Not decided in the promised days (逾期未办结)",
    RETURNED_TWICE="Returned more than once (多次退回补正)",
    UNLISTED_PAPER="A paper that the catalogue does not name (目录外索要材料)",
    TOO_MANY_VISITS="More visits than promised (超出承诺到场次数)",
    UNANSWERED_RATING="A bad rating without an answer (差评未按期整改)",
)

REMEDY = Text(
    "You may apply for administrative reconsideration within 60 days of learning of this, or sue within six months "
    "(Administrative Reconsideration Law, art. 20; Administrative Litigation Law, art. 46).",
    "如不服本决定，可自知道之日起六十日内申请行政复议，或者六个月内提起行政诉讼（《行政复议法》第二十条、《行政诉讼法》第四十六条）。",
)
OVERDUE = "({0}<={1} and {2} in ('SUBMITTED','ACCEPTED'))"
"""SQL for an application: what its unit owes, now, and its state."""
APPLICANT = "array[(select a.person_id from services.application a where a.id={0})]"
"""SQL for whose file something of an application is."""


@entity(DocumentRow, visible=visible_to_all, through="matter", order=("number",))
class ServiceDocument(Node):
    """A paper that a matter wants (申请材料)."""

    matter: ServiceMatter | None = one("Of which matter (所属事项).")
    number: int = column("Its place in the list (序号).")
    code: str = column("Its code within the matter (材料编码).")
    name: str = column("What it is (材料名称).")
    fact: Fact | None = column("What of it the county has on file of people, if anything (库内信息).")
    # Of the caller alone: nobody learns here what is on file of others.
    on_file: bool | None = expression(
        "Whether the caller has that on file, and so need not bring it; null without a person (本人是否免提交).",
        lambda at: Sql(
            "case when {0}::uuid is not null then {1} is not null end",
            at.viewer.person,
            fact_of(at.row.fact, at.viewer.person, at.viewer),
        ),
    )


@entity(
    MatterRow,
    visible=visible_to_all,
    order=("since", "code"),
    filter={
        "code": None,
        "grid": compare_place(),
        "unit": compare_code("unit_id", "unit", "units"),
        "offered": compare_condition(lambda at: Sql("{0} is null", at.rows.until), "Offered (是否可办)"),
    },
)
class ServiceMatter(Node):
    """An edition of something that people may apply for (政务服务事项)."""

    unit: Unit | None = one("The unit that decides (办理单位).")
    grid: Grid | None = one("Where it is offered (服务区域).")
    code: str = column("Its code, the same in all editions (事项编码).")
    edition: int = column("Which edition it is (版本).")
    name: str = column("What it is (事项名称).")
    basis: str = column("By which law (设定依据).")
    documents: list[ServiceDocument] = many("What it wants (申请材料).", on="matter", order="number", cap=30)
    statutory_days: int = column("Working days that the law gives (法定办结时限，工作日).")
    promised_days: int = column("Working days that the unit promises (承诺办结时限，工作日).")
    fee: int = column("What it costs, in fen (收费，分).")
    visits: int = column("How often one has to go somewhere at most (到办事现场次数).")
    since: datetime.datetime = column("Since when it holds (生效时间).")
    until: datetime.datetime | None = column("From when it holds no longer; null while it does (失效时间).")


def paper_value(at: Frame) -> Any:
    """Return what is on file about a paper's fact, as it is shown."""
    person = Sql("(select a.person_id from services.application a where a.id={0})", at.row.application_id)
    return Sql("case when {0}='ON_FILE' then {1} end", at.row.state, fact_of(at.row.fact, person, at.viewer))


@entity(
    PaperRow,
    visible=visible_to_all,
    through="application",
    order=("number",),
    file=lambda row, viewer: Sql(APPLICANT, row.application_id),
)
class ServicePaper(Node):
    """A paper of an application, and whether it is there (申请材料)."""

    application: ServiceApplication | None = one("Of which application (所属申请).", open=True)
    number: int = column("Its place in the list (序号).", open=True)
    code: str = column("Its code within the application (材料编码).", open=True)
    name: str = column("What it is (材料名称).", open=True)
    listed: bool = column("Whether the catalogue names it (是否目录内).", open=True)
    state: PaperState = column("Whether it is there (材料状态).", open=True)
    fact: Fact | None = column("What of it is on file of people, if anything (库内信息).", open=True)
    source: Source | None = expression(
        "Where what was filled in is on file (信息来源).",
        lambda at: Sql(
            f"case when {{0}}='ON_FILE' then {SOURCES.replace('{0}', '{1}')} end", at.row.state, at.row.fact
        ),
    )
    value: str | None = expression(
        "What was filled in, as it is on file now; protected values masked (填充内容).", paper_value
    )
    said: str | None = column("What the applicant says of it that differs (申请人更正说明).")
    why: str | None = column("Why the unit asks for it (补正原因).")
    received_at: datetime.datetime | None = column("When it was handed in (提交时间).", open=True)
    asked_at: datetime.datetime | None = column("When the unit asked for it (告知时间).", open=True)
    # Selected by its own row, so that a list that does not ask for it does not carry it.
    url: str | None = expression(
        "Its file, as a data URL (文件内容).",
        lambda at: Sql(
            "(select "
            + OPENING.format(row="f", place="services.paper.content")
            + " from services.paper f where f.id={0} and f.content is not null)",
            at.row.id,
        ),
        sealed=True,
    )


@entity(
    VisitRow,
    visible=visible_to_all,
    through="application",
    order=("day",),
)
class ServiceVisit(Node):
    """A day on which somebody had to go somewhere for an application (到场记录)."""

    application: ServiceApplication | None = one("For which application (所属申请).")
    day: datetime.date = column("Which day (日期).")
    place: VisitPlace = column("Where (地点).")
    reason: str = column("Why (原因).")


@entity(
    ApplicationRow,
    visible=rules.visible_applications,
    order=("submitted_at", "due_at"),
    filter={
        "state": None,
        "unit": compare_code("unit_id", "unit", "units"),
        "overdue": compare_condition(lambda at: Sql(OVERDUE, at.rows.due_at, at.viewer.now, at.rows.state)),
    },
)
class ServiceApplication(Node):
    """Something that somebody applied for (政务服务申请)."""

    case: Case | None = one("The case that it is handled as (所属诉求).")
    matter: ServiceMatter | None = one("The edition that it keeps (事项版本).")
    person: Person | None = one("Who applies (申请人).")
    proxy: Proxy | None = column("Who applied for them, with their consent, if anybody did (代办人类型).")
    state: State = column("Where it stands (办件状态).")
    papers: list[ServicePaper] = many("Its papers (申请材料).", on="application", order="number", cap=60)
    visits: list[ServiceVisit] = many(
        "When somebody had to go somewhere (到场记录).", on="application", order="day", cap=50
    )
    submitted_at: datetime.datetime = column("When it was handed in (提交时间).")
    accepted_at: datetime.datetime | None = column("From when it counts as accepted (受理时间).")
    deemed: bool = column("Whether it was accepted by law, as the unit said nothing in time (是否逾期视为受理).")
    due_at: datetime.datetime | None = expression(
        "By when the unit accepts or decides; null while it waits for papers and once it is over (单位办理期限).",
        lambda at: at.row.due_at,
    )
    overdue: bool = expression(
        "Whether the unit is late (是否逾期).",
        lambda at: Sql(OVERDUE, at.row.due_at, at.viewer.now, at.row.state),
    )
    returns: int = column("How often it was returned for papers (退回补正次数).")
    outcome: Outcome | None = column("What was decided (办理结果).")
    reason: str | None = column("Why (理由).")
    remedy: str | None = expression("How to object, where it was not granted (救济途径).", lambda at: remedy_of(at))
    decided_at: datetime.datetime | None = column("When (办结时间).")
    rate_by: datetime.datetime | None = column("Until when the applicant may rate (评价截止时间).")
    rating: int | None = column("1 to 5, by the applicant (评价星级).")
    rating_reason: str | None = column("Why it was rated so (评价理由).")
    rated_at: datetime.datetime | None = column("When it was rated (评价时间).")
    answer_by: datetime.datetime | None = column("By when a bad rating is answered (差评整改期限).")
    answer: str | None = column("What the unit did about a bad rating (差评整改答复).")
    answered_at: datetime.datetime | None = column("When it answered (整改答复时间).")
    version: int = column("Grows with every change (版本).")


def remedy_of(at: Frame) -> Any:
    """Return how to object, in the caller's language."""

    def say(arguments: Any, context: Any) -> str:
        language: Language = context.viewer.language
        return REMEDY.say(language)

    text = at.given.whole(say, cast="text")
    return Sql("case when {0} in ('REFUSED','NOT_ACCEPTED') then {1} end", at.row.outcome, text)


@entity(
    LapseRow,
    visible=rules.visible_lapses,
    order=("raised_at",),
    filter={
        "kind": None,
        "grid": compare_place(),
        "unit": compare_code("unit_id", "unit", "units"),
        "answered": compare_condition(lambda at: Sql("{0} is not null", at.rows.answered_at), "Answered (是否已答复)"),
    },
)
class ServiceLapse(Node):
    """Something for supervision: what a unit promised, and what came of it (效能监察)."""

    application: ServiceApplication | None = one("Of which application, for those who see that (所属申请).")
    matter: ServiceMatter | None = one("Of which matter (事项).")
    unit: Unit | None = one("Of which unit (办理单位).")
    grid: Grid | None = one("Where the unit serves (服务区域).")
    kind: Lapse = column("What sort (类型).")
    allowed: int = column("How many days, returns, papers or visits there were to be (承诺数).")
    counted: int = column("How many there were (实际数).")
    raised_at: datetime.datetime = column("When it was found (发现时间).")
    answer_by: datetime.datetime = column("By when the unit answers (答复期限).")
    answer: str | None = column("What the unit says (答复).")
    answered_at: datetime.datetime | None = column("When it answered (答复时间).")
    version: int = column("Grows with every change (版本).")


@entity(OutboxRow, visible=visible_with(lambda: ServiceApplication, "application"))
class ServiceApplicationChange:
    """Something became of an application (办件变化)."""

    cursor: str = event_cursor()
    at: datetime.datetime = column("When (时间).")
    application: ServiceApplication | None = event_subject("The application as it is now (申请).", "application")


EXTENSIONS = (
    extend(
        Query,
        service_matters=connection(
            "What people may apply for, also to callers without an account (政务服务事项).",
            lambda at: None,
            order="code",
            type=Connection[ServiceMatter] | None,
            # Who may see rows is told by their rule, so that all of them are asked by everybody.
            requires=None,
        ),
        service_applications=connection(
            "Applications that one may see (政务服务申请).",
            lambda at: None,
            order="due_at",
            type=Connection[ServiceApplication] | None,
            requires=None,
        ),
        service_lapses=connection(
            "What is for supervision, the last first (效能监察).",
            lambda at: None,
            order="-raised_at",
            type=Connection[ServiceLapse] | None,
            requires=None,
        ),
    ),
    extend(
        Case,
        # The case is seen by more people than the application.
        service_application=pick(
            "The application that the case is about, for those who may see it (政务服务申请).",
            lambda at: [Sql("{0}={1}", at.rows.case_id, at.row.id)],
            order="submitted_at",
            type=ServiceApplication | None,
            requires=None,
        ),
    ),
    extend(
        Me,
        service_applications=connection(
            "What one applied for, the last first (我的办件).",
            lambda at: [Sql("{0}={1}", at.rows.person_id, at.viewer.person)],
            order="-submitted_at",
            type=Connection[ServiceApplication] | None,
            requires=None,
        ),
    ),
    extend(
        Subscription,
        service_application_changed=stream(
            "Applications, as something becomes of them (办件变化).",
            events=EVENTS,
            type=ServiceApplicationChange,
            requires=None,
        ),
    ),
)
