"""Demo: a lender, a scorecard, appraisals, applications and loans of a year, all invented."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from gongzhi.core.grids.models import GridRow
from gongzhi.core.people.models import PersonRow
from gongzhi.core.people.tiers import add_months
from gongzhi.core.units.models import Reach, UnitKind, UnitRow
from gongzhi.declare.columns import NEVER
from gongzhi.runtime.checks import CHINA, today
from gongzhi.runtime.commands import Call
from gongzhi.values.codes import Kind
from gongzhi_resolutions.models import Body
from gongzhi_resolutions.records import create_resolution
from gongzhi_rights.commands import keep_wording
from gongzhi_rights.models import ConsentRow, ReleaseRow

from .applications.commands import find_household
from .applications.states import PURPOSE, decision_deadline
from .appraisal_models import AppraisalRow, AppraisalState, IndicatorRow, ModelRow, ModelState, PanelistRow
from .appraisals.grading import NONE, Finding, find_grade
from .appraisals.scoring import changes_json, contributions_json
from .loans.disbursement import create_loan
from .loans.repository import load_book, save_book
from .loans.schedules import Method
from .models import (
    ApplicationRow,
    LenderRow,
    Outcome,
    PoolEntryKind,
    PoolEntryRow,
    PoolRow,
    ProductRow,
    RepaymentRow,
    State,
    Tenor,
)
from .products.pricing import make_schedule, preview_schedule, price_loan
from .registers import NOTICES

PEOPLE, ASKING, LOANS = 160, 6, 40
WEIGHTS = {
    "deliberation": 15,
    "volunteering": 20,
    "surroundings": 10,
    "rules-kept": 20,
    "promises-kept": 20,
    "neighbourly": 15,
}
BANDS = (("A", 85), ("B", 70), ("C", 60))
ADULT = timedelta(days=19 * 366)


async def load_demo(call: Call) -> None:
    """Load credit for the demo county, unless it is there."""
    town = await GridRow.filter(kind=Kind.TOWN, valid_to=None).order_by("code").first()
    # Loading twice changes nothing.
    if town is None or await ModelRow.exists(code="demo"):
        return
    county = await GridRow.get(id=town.county_id)
    bank, begun = await add_demo_lender(call, county), today(call) - timedelta(days=360)
    product = await add_demo_products(bank, county, begun)
    model = await adopt_demo_scorecard(call, town, begun)
    await add_demo_pool(call, bank, county)
    born = today(call) - ADULT
    people = await PersonRow.filter(town_id=town.id, birth_date__lt=born, died_on=None).order_by("id").limit(PEOPLE)
    # A third of the people sit on panels, the others are appraised: nobody does both.
    pool, others = people[: len(people) // 3], people[len(people) // 3 :]
    for person in pool:
        await PanelistRow.create(person=person, grid_id=person.grid_id, since=begun, account="demo")
    # Seeded, so that the same demo is loaded everywhere.
    chance, names = random.Random("credit"), {one.code: one.name for one in await IndicatorRow.all()}
    for person in others:
        await add_demo_appraisal(call, person, model, chance, names)
    for person in others[:ASKING]:
        await add_demo_application(call, person, product, bank)
    for at, person in enumerate(others[ASKING : ASKING + LOANS]):
        await add_demo_loan(call, person, product, at, chance)


async def add_demo_lender(call: Call, county: GridRow) -> UnitRow:
    """Create a bank that does not exist."""
    unit = await UnitRow.create(
        code=f"{county.code}-NSYH",
        name="演示农村商业银行",
        kind=UnitKind.ENTERPRISE,
        reach=Reach.LINE,
        grid=county,
        county_id=county.id,
    )
    await LenderRow.create(unit=unit, licence="B0000H000000000", joined_on=today(call))
    return unit


async def add_demo_products(bank: UnitRow, county: GridRow, since: date) -> ProductRow:
    """Create two products and return the one for whoever was appraised."""
    usual: dict[str, Any] = {"lender": bank, "grid": county, "starts_on": since, "documents": ["身份证", "用途证明"]}
    await ProductRow.create(
        **usual,
        code="demo-spring",
        name="春耕贷（演示）",
        purpose="购买种子、化肥、农机",
        amount_from=3_000_00,
        amount_to=30_000_00,
        terms=[6, 12],
        method=Method.INTEREST_FIRST,
        tenor=Tenor.ONE_YEAR,
        rate=12_000,
        appraised=False,
    )
    return await ProductRow.create(
        **usual,
        code="demo-sanzhi",
        name="三治信农贷（演示）",
        purpose="生产经营",
        amount_from=10_000_00,
        amount_to=200_000_00,
        terms=[12, 24, 36],
        method=Method.EQUAL_INSTALMENT,
        tenor=Tenor.ONE_YEAR,
        rate=10_000,
        discounts=[{"grade": "A", "basisPoints": 60}, {"grade": "B", "basisPoints": 30}],
    )


async def adopt_demo_scorecard(call: Call, town: GridRow, since: date) -> ModelRow:
    """Create a scorecard and the resolution that adopted it."""
    title, text = "关于信用评议模型的决议（演示）", "会议通过三治信用评议模型第一版。"
    votes = (39, 3, 4)
    resolution = await create_resolution(
        call, town, Body.REPRESENTATIVES, title, text, since, ["credit.demo/1"], votes=votes
    )
    return await ModelRow.create(
        grid=town,
        code="demo",
        version=1,
        title="三治信用评议（演示）",
        weights=[{"indicator": name, "weight": weight} for name, weight in WEIGHTS.items()],
        bands=[{"grade": grade, "least": least} for grade, least in BANDS],
        state=ModelState.ADOPTED,
        starts_on=since,
        resolution=resolution,
        proposed_at=call.now,
        account="demo",
    )


async def add_demo_pool(call: Call, bank: UnitRow, county: GridRow) -> None:
    """Create a risk pool with half a million yuan in it."""
    pool = await PoolRow.create(grid=county, lender=bank, name="风险补偿金（演示）", share=40, opened_at=call.now)
    await PoolEntryRow.create(
        pool=pool, kind=PoolEntryKind.DEPOSIT, amount=500_000_00, reference="DEMO-000001", at=call.now, account="demo"
    )


async def add_demo_appraisal(
    call: Call, person: PersonRow, model: ModelRow, chance: random.Random, names: dict[str, str]
) -> None:
    """Store what a panel of seven might have found."""
    usual = chance.choice((5, 6, 7, 8, 8, 9))
    scores = {name: [min(10, max(0, usual + chance.randint(-2, 2))) for _ in range(7)] for name in WEIGHTS}
    finding: Finding = find_grade(scores, WEIGHTS, [(grade, least * 100) for grade, least in BANDS])
    if finding.grade == NONE:
        return
    at = call.now - timedelta(days=chance.randint(20, 300))
    await AppraisalRow.create(
        person=person,
        grid_id=person.grid_id,
        model=model,
        state=AppraisalState.CONCLUDED,
        score=finding.score,
        grade=finding.grade,
        contributions=contributions_json(finding, names),
        counterfactual=changes_json(finding, names),
        requested_at=at,
        concluded_at=at,
        valid_until=add_months(at.astimezone(CHINA).date(), model.months),
        published=chance.random() < 0.3,
    )


async def draft_demo_application(
    call: Call, person: PersonRow, product: ProductRow, amount: int, months: int, day: date
) -> ApplicationRow:
    """Return an application as it would have been on a day, not saved."""
    appraisal = await AppraisalRow.filter(person=person).first()
    grade = appraisal.grade if appraisal else None
    found = await price_loan(product, grade, day)
    lines, annualised = preview_schedule(make_schedule(product, amount, months, found.rate, day), amount, day)
    return ApplicationRow(
        number=f"DEMO-{str(person.id)[-12:]}",
        person=person,
        grid_id=person.grid_id,
        household_id=await find_household(call, person.id),
        product=product,
        lender_id=product.lender_id,
        appraisal=appraisal,
        amount=amount,
        months=months,
        purpose="养殖",
        kinds=["credit.appraisal"],
        expires_on=today(call) + timedelta(days=90),
        rate=found.rate,
        base=found.base,
        preview=lines,
        annualised=annualised,
        created_at=call.now,
        due_at=NEVER,
        account="demo",
    )


async def add_demo_loan(call: Call, person: PersonRow, product: ProductRow, at: int, chance: random.Random) -> None:
    """Create a loan of the last year, paid back so far but for a few."""
    day = today(call) - timedelta(days=chance.randint(20, 330))
    row = await draft_demo_application(
        call, person, product, chance.randint(2, 20) * 10_000_00, chance.choice((12, 24)), day
    )
    row.state, row.outcome, row.reasons = State.DISBURSED, Outcome.APPROVED, ["经营稳定"]
    row.decided_at, row.decided_by, row.sent_at = call.now, "demo", call.now
    row.contract, row.contracted_on = f"DEMO-HT-{at:04}", day
    row.reference, row.disbursing_by = f"DEMO-FK-{at:04}", "demo-1"
    await row.save(force_create=True)
    loan = await create_loan(call, row, product, "demo-2", day)
    # One in twelve is forty days behind, so that the demo has something overdue.
    book, last = await load_book(loan), today(call) - timedelta(days=40 if at % 12 == 0 else 0)
    for instalment in book.rows:
        if instalment.due_on > last:
            break
        amount = instalment.principal + instalment.interest
        book, split = book.pay(amount, instalment.due_on)
        await RepaymentRow.create(
            loan=loan,
            lender_id=loan.lender_id,
            reference=f"DEMO-HK-{at:04}-{instalment.no:02}",
            amount=amount,
            **split._asdict(),
            paid_on=instalment.due_on,
            recorded_at=call.now,
            account="demo",
        )
    if book.outstanding < loan.principal:
        await save_book(call, loan, book, 1)


async def add_demo_application(call: Call, person: PersonRow, product: ProductRow, bank: UnitRow) -> None:
    """Create an application that waits for the lender, with consent and release."""
    row = await draft_demo_application(call, person, product, 50_000_00, 24, today(call))
    claims = await released_grade(person)
    ends = call.now + timedelta(days=90)
    usual: dict[str, Any] = {"grid_id": person.grid_id, "person": person, "recipient": bank.code, "purpose": PURPOSE}
    row.release = await ReleaseRow.create(
        **usual,
        kinds=[one["kind"] for one in claims],
        claims=claims,
        given_at=call.now,
        expires_at=ends,
        account="demo",
    )
    wording = await keep_wording(NOTICES[0])
    await ConsentRow.create(
        **usual, version=1, wording=wording, given_by_id=person.id, given_at=call.now, expires_at=ends, account="demo"
    )
    row.state, row.sent_at = State.SENT, call.now
    row.county_id = bank.county_id
    row.due_at = await decision_deadline(call, row, product.decide_days)
    await row.save(force_create=True)


async def released_grade(person: PersonRow) -> Sequence[dict[str, Any]]:
    """Return the grade as it is told to a lender."""
    appraisal = await AppraisalRow.filter(person=person).first()
    if appraisal is None:
        return []
    told_of = f"信用评议等级 {appraisal.grade}，有效期至 {appraisal.valid_until}"
    said = {"text": told_of, "english": f"Appraised {appraisal.grade}, until {appraisal.valid_until}"}
    return [{"kind": "credit.appraisal", "value": appraisal.grade, **said}]
