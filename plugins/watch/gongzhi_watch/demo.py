"""Demo: a county's two rules, watches and an error at several steps. The state's rules are real, facts invented."""

from __future__ import annotations

from datetime import timedelta

from gongzhi.core.grids.models import GridRow
from gongzhi.core.people.models import HouseholdRow
from gongzhi.core.units.models import UnitRow
from gongzhi.runtime.checks import today
from gongzhi.runtime.commands import Call
from gongzhi_rights.commands import keep_wording
from gongzhi_rights.models import ConsentRow

from .models import (
    AnswerRow,
    EntryRow,
    ErrorRow,
    ErrorState,
    FactKind,
    FactRow,
    Ground,
    ItemRow,
    MeasureKind,
    MeasureRow,
    MeasureState,
    Outcome,
    ReviewRow,
    RulebookRow,
    StatementKind,
    StatementRow,
    Step,
    StepRow,
    Subject,
    WatchState,
)
from .records import seal
from .registers import NOTICES
from .rules import PURPOSE, RECIPIENT

COUNTY, ACCOUNTS = "610921", ("demo.worker", "demo.town", "demo.county")
"""The demo county, and accounts that nobody signs in with."""
MECHANISM = "《关于健全防止返贫动态监测和帮扶机制的指导意见》（中农组〔2021〕7号）"
DUTY = "《关于进一步激励广大干部新时代新担当新作为的意见》（2018年），“三个区分开来”"
FACTS: tuple[tuple[str, Ground, FactKind, str], ...] = (
    ("income", Ground.UNSTABLE, FactKind.INCOME_BAND, "脱贫户，上年度家庭人均纯收入低于本省监测范围线"),
    ("margin", Ground.MARGINAL, FactKind.INCOME_BAND, "一般农户，上年度家庭人均纯收入低于本省监测范围线"),
    ("expense", Ground.SUDDEN, FactKind.LARGE_EXPENSE, "近十二个月内有大额刚性支出，家庭收入难以负担"),
    ("disaster", Ground.SUDDEN, FactKind.DISASTER, "近十二个月内因自然灾害、意外事故造成较大损失"),
    ("work", Ground.SUDDEN, FactKind.LOST_WORK, "近十二个月内主要劳动力失去务工收入三个月以上"),
)
CONDITIONS = (
    ("no-gain", "未谋取私利，无利益输送"),
    ("not-forbidden", "法律法规和上级规定没有明令禁止"),
    ("procedure", "经集体研究或按程序报批；紧急情况下事后及时报告"),
    ("good-faith", "出于推动工作、服务群众，系探索、先行或突发情况中的失误"),
    ("corrected", "发现后及时纠正，消除或减轻了影响"),
)
HOMES = """
select h.id, h.head_id as person from people.household h join people.person p on p.id=h.head_id where h.county_id=$1
and p.birth_date<$2 and p.died_on is null and p.erased_at is null and p.restricted_at is null order by h.number limit $3
"""
STATES = (
    WatchState.ASKED,
    WatchState.ASSESSED,
    WatchState.WATCHED,
    WatchState.WATCHED,
    WatchState.EXIT_PROPOSED,
    WatchState.REFUSED,
)


async def load_demo_watches(call: Call) -> None:
    """Add rules, watches and an error to the demo county, unless they are there."""
    county = await GridRow.get_or_none(code=COUNTY, valid_to=None)
    # Loading twice changes nothing.
    if county is None or await RulebookRow.exists(county_id=county.id):
        return
    facts = [ItemRow(code=code, ground=ground, fact=kind, text=text) for code, ground, kind, text in FACTS]
    households = await publish(call, county, Subject.HOUSEHOLDS, "防返贫监测规则", facts, MECHANISM)
    conditions = [ItemRow(code=code, text=text) for code, text in CONDITIONS]
    errors = await publish(call, county, Subject.ERRORS, "容错纠错条件", conditions, DUTY)
    unit = await UnitRow.filter(county_id=county.id, valid_to=None).order_by("code").first()
    homes = await call.fetch(HOMES, county.id, today(call) - timedelta(days=30 * 365), len(STATES))
    for at, (found, state) in enumerate(zip(homes, STATES, strict=False)):
        row = await add_watch(call, households, found, state, facts[at % len(facts)])
        if unit is not None and state is WatchState.WATCHED:
            await add_measure(call, row, unit)
    if unit is not None:
        await add_error(call, county, errors, unit, conditions)


async def publish(
    call: Call, county: GridRow, subject: Subject, name: str, items: list[ItemRow], basis: str
) -> RulebookRow:
    rule = await RulebookRow.create(
        grid=county, subject=subject, edition=1, name=name, since=call.now - timedelta(days=200)
    )
    for number, item in enumerate(items, 1):
        item.rule, item.number, item.basis = rule, number, basis
    await ItemRow.bulk_create(items)
    return rule


async def add_watch(
    call: Call, rule: RulebookRow, found: dict[str, object], state: WatchState, item: ItemRow
) -> EntryRow:
    """Add a watch in a state, with the consent that it rests on and the fact that was declared."""
    home = await HouseholdRow.get(id=found["id"])
    asked = call.now - timedelta(days=20)
    await ConsentRow.create(
        grid_id=home.grid_id, person_id=found["person"], purpose=PURPOSE, recipient=RECIPIENT, version=1,
        wording=await keep_wording(NOTICES[0]), given_by_id=found["person"], given_at=asked,
        account=ACCOUNTS[0],
    )  # fmt: skip
    decided = state in (WatchState.WATCHED, WatchState.EXIT_PROPOSED)
    row = EntryRow(
        grid_id=home.grid_id, county_id=home.county_id, household_id=home.id, rule_id=rule.id,
        person_id=found["person"], state=state, proposed_at=asked, asked_at=asked, version=1,
    )  # fmt: skip
    row.ground = item.ground if decided or state is WatchState.ASSESSED else None
    row.assessed_by = None if state is WatchState.ASKED else ACCOUNTS[1]
    if decided or state is WatchState.REFUSED:
        row.confirmed_by, row.decided_at = ACCOUNTS[2], call.now - timedelta(days=9)
    row.watched_at = row.decided_at if decided else None
    if state is WatchState.REFUSED:
        row.closed_at = row.decided_at
    else:
        # One that waits for a decision is late, so that a visitor finds something to do.
        row.due_at = call.now + timedelta(days=30 if decided else -2)
    await row.save(force_create=True)
    fact = FactRow(watch_id=row.id, item_id=item.id, day=today(call) - timedelta(days=50), declared_at=asked)
    seal(call, COUNTY, "fact", fact, "示例：本户申报的情况说明。")
    await fact.save(force_create=True)
    said = StepRow(watch_id=row.id, kind=Step.ASKED, at=asked, account=ACCOUNTS[0], person_id=found["person"])
    seal(call, COUNTY, "step", said, "示例：希望得到帮扶。")
    await said.save(force_create=True)
    return row


async def add_measure(call: Call, row: EntryRow, unit: UnitRow) -> None:
    measure = MeasureRow(
        grid_id=row.grid_id, county_id=row.county_id, watch_id=row.id, unit_id=unit.id, kind=MeasureKind.EMPLOYMENT,
        owner=ACCOUNTS[1], due_on=today(call) + timedelta(days=20), state=MeasureState.PLANNED, planned_at=call.now,
    )  # fmt: skip
    await measure.save(force_create=True)
    said = StepRow(watch_id=row.id, measure_id=measure.id, kind=Step.PLANNED, at=call.now, account=ACCOUNTS[1])
    seal(call, COUNTY, "step", said, "示例：推荐公益性岗位。")
    await said.save(force_create=True)


async def add_error(call: Call, county: GridRow, rule: RulebookRow, unit: UnitRow, items: list[ItemRow]) -> None:
    """Add an error that one reviewer has answered for, so that a second one has something to do."""
    row = ErrorRow(
        grid_id=county.id, county_id=county.id, rule_id=rule.id, official=ACCOUNTS[1], unit_id=unit.id,
        asked_by=ACCOUNTS[1], occurred_on=today(call) - timedelta(days=40), state=ErrorState.ASKED,
        asked_at=call.now - timedelta(days=6), due_at=call.now + timedelta(days=24),
    )  # fmt: skip
    await row.save(force_create=True)
    for kind, text in (
        (StatementKind.FACTS, "示例：汛情中先行转移群众，未及履行采购程序。"),
        (StatementKind.CORRECTION, "示例：次日补办手续并公示。"),
    ):
        said = StatementRow(exemption_id=row.id, kind=kind, at=row.asked_at, account=ACCOUNTS[1])
        seal(call, COUNTY, "statement", said, text)
        await said.save(force_create=True)
    review = await ReviewRow.create(
        exemption_id=row.id, round=1, account=ACCOUNTS[2], outcome=Outcome.EXEMPT, at=call.now - timedelta(days=1)
    )
    for item in items:
        answer = AnswerRow(review_id=review.id, item_id=item.id, number=item.number, met=True)
        seal(call, COUNTY, "answer", answer, "示例：经核查属实。")
        await answer.save(force_create=True)
