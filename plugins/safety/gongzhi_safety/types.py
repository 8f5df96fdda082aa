"""Types: sites, checklists, inspections and hazards as the schema has them."""

from __future__ import annotations

import datetime

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
from gongzhi.declare.located import rows_inside
from gongzhi.declare.roots import Query, Subscription
from gongzhi.declare.sql import Sql
from gongzhi.runtime.sealing import OPENING

from . import rules
from .events import HAZARD_EVENTS
from .models import (
    AnswerRow,
    ChecklistRow,
    Finding,
    HazardLevel,
    HazardRow,
    HazardState,
    HazardStep,
    InspectionRow,
    ItemRow,
    PhotoRow,
    SiteRow,
    StepRow,
)
from .photos import PHOTOS, PLACE

describe_enum(
    HazardLevel,
    "SafetyHazardLevel",
    "How grave a hazard is (隐患等级).",
    ORDINARY="Ordinary: put right by the firm, and looked at again (一般隐患)",
    MAJOR="Major: a case of its unit at once, and closed by two persons (重大隐患)",
)
set_tones(HazardLevel, MAJOR="RED")
describe_enum(
    Finding,
    "SafetyFinding",
    "What an inspection found of an item (检查结果).",
    MET="It is as it must be (符合)",
    NOT_MET="It is not (不符合)",
    NOT_APPLICABLE="There is no such thing at the site (不涉及)",
)
set_tones(Finding, MET="GREEN", NOT_MET="RED")
describe_enum(
    HazardState,
    "SafetyHazardState",
    "Where a hazard stands (隐患状态).",
    OPEN="To be corrected by the firm (待整改)",
    CORRECTED="Corrected, as the firm says; somebody looks again (待复查)",
    PASSED="Seen to be gone; a second person confirms it (待销号)",
    CLOSED="Gone (已销号)",
    REVOKED="None after all: the firm's objection was right (已撤销)",
)
set_tones(HazardState, OPEN="RED", CORRECTED="AMBER", PASSED="AMBER", CLOSED="GREEN")
describe_enum(
    HazardStep,
    "SafetyHazardStepKind",
    "What was done about a hazard (隐患办理环节).",
    FOUND_AGAIN="An inspection found it once more (再次发现)",
    CORRECTED="The firm said that it is corrected (申报整改完成)",
    FAILED="It was still there when looked at again (复查未通过)",
    PASSED="It was gone when looked at again (复查通过)",
    CONFIRMED="A second person confirmed that (确认销号)",
    DECLINED="A second person did not confirm that (不予销号)",
    EXTENDED="It got a later deadline (延期)",
    OBJECTED="The firm objected (提出异议)",
    UPHELD="The objection was right (异议成立)",
    DISMISSED="The objection was not right (异议不成立)",
)

OVERDUE = "({0}='OPEN' and {1}<={2})"
"""SQL for a hazard: its state, its deadline, and now."""


@entity(ItemRow, visible=visible_to_all, through="checklist", order=("number",))
class SafetyCheckItem(Node):
    """Something that is looked at in a trade (检查项)."""

    checklist: SafetyChecklist | None = one("Of which checklist (所属清单).")
    number: int = column("Its place in the list (序号).")
    code: str = column("Its code, the same in all editions (检查项编码).")
    text: str = column("How it must be (检查内容).")
    basis: str = column("By which law or rule (检查依据).")
    level: HazardLevel = column("How grave it is if it is not so (隐患等级).")
    days: int = column("Working days in which it is corrected, unless the inspector says otherwise (整改期限，工作日).")


@entity(
    ChecklistRow,
    visible=visible_to_all,
    order=("since",),
    filter={
        "trade": None,
        "grid": compare_place(),
        "in_force": compare_condition(lambda at: Sql("{0} is null", at.rows.until), "In force (是否有效)"),
    },
)
class SafetyChecklist(Node):
    """An edition of what is looked at in a trade (安全检查清单)."""

    grid: Grid | None = one("The county that has it (适用县区).")
    trade: str = column("The trade, by code (行业编码).")
    edition: int = column("Which edition it is (版本).")
    name: str = column("What the trade is called (行业名称).")
    items: list[SafetyCheckItem] = many("What is looked at (检查项).", on="checklist", order="number", cap=60)
    since: datetime.datetime = column("Since when it is in force (生效时间).")
    until: datetime.datetime | None = column("From when it is no longer; null while it is (失效时间).")


@entity(
    PhotoRow,
    visible=visible_to_all,
    through="site",
    order=("number",),
    # A small site may be somebody's home: whoever opens a picture of it is in that person's log.
    file=lambda row, viewer: Sql("array[(select s.person_id from safety.site s where s.id={0})]", row.site_id),
)
class SafetyPhoto(Node):
    """A photo of what was found or corrected (安全检查照片)."""

    site: SafetySite | None = one("Of which site (场所).", open=True)
    number: int = column("Its place among those beside it (序号).", open=True)
    at: datetime.datetime = column("When it was handed in (提交时间).", open=True)
    # Selected by its own row, so that a list that does not ask for it does not carry it.
    url: str | None = expression(
        "The picture, as a data URL (照片内容).",
        lambda at: Sql(
            f"(select {OPENING.format(row='f', place=PLACE)} from safety.photo f where f.id={{0}})", at.row.id
        ),
        sealed=True,
    )


# With the inspection, and so with the site: whoever sees that reads all of it.
@entity(AnswerRow, visible=visible_to_all, through="inspection", order=("number",))
class SafetyAnswer(Node):
    """What an inspection found of one item (检查项结果)."""

    inspection: SafetyInspection | None = one("Of which inspection (所属检查).")
    item: SafetyCheckItem | None = one("Of which item (检查项).")
    number: int = column("Its place in the list (序号).")
    finding: Finding = column("What was found (检查结果).")
    note: str | None = column("What is to be said of it (说明).")
    hazard: SafetyHazard | None = one("The hazard that it opened, or that was open already (隐患).")
    photos: list[SafetyPhoto] = many("Photos of it (照片).", on="answer", order="number", cap=PHOTOS)


@entity(InspectionRow, visible=visible_to_all, through="site", order=("at",), filter={"at": None})
class SafetyInspection(Node):
    """Somebody went through a checklist at a site (安全检查)."""

    site: SafetySite | None = one("Of which site (场所).")
    checklist: SafetyChecklist | None = one("By which edition of the checklist (检查清单).")
    at: datetime.datetime = column("When, by the device that it was written on (检查时间).")
    recorded_at: datetime.datetime = column("When it came here, which is later where there was no network (入库时间).")
    account: str | None = column("By which account (检查账户).")
    remark: str | None = column("What else is to be said (备注).")
    answers: list[SafetyAnswer] = many(
        "What was found of each item (各项结果).", on="inspection", order="number", cap=60
    )


# With the hazard: a unit that had it reads on what became of it.
@entity(StepRow, visible=visible_to_all, through="hazard", order=("recorded_at",))
class SafetyHazardStep(Node):
    """Something that was done about a hazard (隐患办理记录)."""

    hazard: SafetyHazard | None = one("About which hazard (隐患).")
    kind: HazardStep = column("What (环节).")
    at: datetime.datetime = column("When, by the device that it was written on (时间).")
    recorded_at: datetime.datetime = column("When it came here (入库时间).")
    account: str | None = column("By which account; null for the firm (办理账户).")
    text: str | None = column("In what words (说明).")
    due_at: datetime.datetime | None = column("The deadline from then on, where it moved (新的整改期限).")
    photos: list[SafetyPhoto] = many("The proof (照片).", on="step", order="number", cap=PHOTOS)


@entity(
    HazardRow,
    visible=rules.visible_hazards,
    order=("due_at", "found_at"),
    filter={
        "state": None,
        "level": None,
        "due_at": None,
        "grid": compare_place(),
        "unit": compare_code("unit_id", "unit", "units"),
        "overdue": compare_condition(lambda at: Sql(OVERDUE, at.rows.state, at.rows.due_at, at.viewer.now)),
        "objected": compare_condition(
            lambda at: Sql("({0} is not null and {1} is null)", at.rows.objected_at, at.rows.decided_at),
            "Objected to (是否有异议)",
        ),
    },
)
class SafetyHazard(Node):
    """Something at a site that is not as it must be, with a deadline (安全隐患)."""

    site: SafetySite | None = one("At which site (场所).")
    grid: Grid | None = one("Where (网格).")
    item: SafetyCheckItem | None = one("What it is about (检查项).")
    inspection: SafetyInspection | None = one("Which inspection found it (来源检查).")
    case: Case | None = one("The case that a major one is, if it is yours to see (诉求).")
    level: HazardLevel = column("How grave it is (隐患等级).")
    state: HazardState = column("Where it stands (隐患状态).")
    found_at: datetime.datetime = column("When it was found (发现时间).")
    due_at: datetime.datetime = column("By when the firm corrects it (整改期限).")
    overdue: bool = expression(
        "Whether the firm is late; what it says is corrected is not (是否逾期).",
        lambda at: Sql(OVERDUE, at.row.state, at.row.due_at, at.viewer.now),
    )
    corrected_at: datetime.datetime | None = column("When the firm said that it is corrected (申报整改时间).")
    passed_at: datetime.datetime | None = column("When somebody saw that it is gone (复查通过时间).")
    objected_at: datetime.datetime | None = column("When the firm objected (异议时间).")
    decided_at: datetime.datetime | None = column("When that was decided (异议处理时间).")
    closed_at: datetime.datetime | None = column("Since when nothing is left to do (终结时间).")
    steps: list[SafetyHazardStep] = many(
        "What was done about it, the first first (办理记录).", on="hazard", order="recorded_at", cap=100
    )
    version: int = column("Grows with every change (版本).")


@entity(
    SiteRow,
    visible=rules.visible_sites,
    order=("registered_at",),
    filter={
        "code": None,
        "trade": None,
        "inspected_at": None,
        "grid": compare_place(),
        "unit": compare_code("unit_id", "unit", "units"),
        "closed": compare_condition(lambda at: Sql("{0} is not null", at.rows.closed_at), "Closed (是否停业)"),
    },
)
class SafetySite(Node):
    """A firm or a small site that is inspected: a workshop, shop, restaurant, let house or building site (监管场所)."""

    code: str = column("Its code in the county: the unified social credit code, if it has one (场所编码).")
    name: str = column("What it is called (场所名称).")
    trade: str = column("Its trade, by code (行业编码).")
    address: str = column("Where it is (地址).")
    grid: Grid | None = one("In which grid (所在网格).")
    # Null to whoever does not see their file; their telephone stays masked.
    person: Person | None = one("Who answers for it, for those who may see them (负责人).")
    unit: Unit | None = one("The unit that supervises it (监管单位).")
    registered_at: datetime.datetime = column("When it was registered (登记时间).")
    inspected_at: datetime.datetime | None = column("When it was last inspected (最近检查时间).")
    closed_at: datetime.datetime | None = column("Since when it is closed (停业时间).")
    inspections: Connection[SafetyInspection] = connection(
        "Its inspections, the last first (检查记录).", on="site", order="-at"
    )
    hazards: Connection[SafetyHazard] = connection(
        "Its hazards, by what is due first (隐患).", on="site", order="due_at"
    )
    version: int = column("Grows with every change (版本).")


@entity(OutboxRow, visible=visible_with(lambda: SafetyHazard, "hazard"))
class SafetyHazardChange:
    """Something became of a hazard (隐患变化)."""

    cursor: str = event_cursor()
    at: datetime.datetime = column("When (时间).")
    hazard: SafetyHazard | None = event_subject("The hazard as it is now (隐患).", "hazard")


EXTENSIONS = (
    extend(
        Query,
        safety_checklists=connection(
            "What is looked at, by trade, also for callers without an account (安全检查清单列表).",
            lambda at: None,
            order="-since",
            type=Connection[SafetyChecklist] | None,
            # Who may see rows is told by their rule, so that all of them are asked by everybody.
            requires=None,
        ),
        safety_sites=connection(
            "Sites that one may see (监管场所列表).",
            lambda at: None,
            order="-registered_at",
            type=Connection[SafetySite] | None,
            requires=None,
        ),
        safety_hazards=connection(
            "Hazards that one may see, by what is due first (安全隐患列表).",
            lambda at: None,
            order="due_at",
            type=Connection[SafetyHazard] | None,
            requires=None,
        ),
    ),
    extend(
        Grid,
        safety_sites=connection(
            "Sites in it (监管场所).",
            rows_inside,
            order="-registered_at",
            type=Connection[SafetySite] | None,
            requires=None,
        ),
        safety_hazards=connection(
            "Hazards in it (安全隐患).",
            rows_inside,
            order="due_at",
            type=Connection[SafetyHazard] | None,
            requires=None,
        ),
    ),
    extend(
        Case,
        # The case is seen by more people than the hazard.
        safety_hazard=pick(
            "The major hazard that the case is about, for those who may see it (重大隐患).",
            on="case",
            order="found_at",
            type=SafetyHazard | None,
            requires=None,
        ),
    ),
    extend(
        Me,
        safety_sites=connection(
            "Sites that one answers for (我的场所).",
            lambda at: [Sql("{0}={1}", at.rows.person_id, at.viewer.person)],
            order="-registered_at",
            type=Connection[SafetySite] | None,
            requires=None,
        ),
    ),
    extend(
        Subscription,
        safety_hazard_changed=stream(
            "Hazards, as they are found and something becomes of them (隐患变化).",
            events=HAZARD_EVENTS,
            type=SafetyHazardChange,
            requires=None,
        ),
    ),
)
