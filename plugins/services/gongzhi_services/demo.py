"""Demo: what a county's service hall offers, with a few applications. People, units and promised days are invented."""

from __future__ import annotations

from datetime import timedelta

from gongzhi.core.cases.models import CaseRow
from gongzhi.core.grids.models import GridRow
from gongzhi.core.people.models import PersonRow
from gongzhi.core.units.models import UnitRow
from gongzhi.declare.columns import NEVER
from gongzhi.runtime.checks import today
from gongzhi.runtime.commands import Call
from gongzhi_deadlines.clocks.led_cases import finish_case

from .applying import fill_in, open_application_case, submit
from .handling import accept, give_back
from .models import ApplicationRow, DocumentRow, Fact, MatterRow, Outcome, PaperRow, State

COUNTY = "610921"
"""The demo county, by its code."""
IDENTITY = ("identity", "申请人身份证明", Fact.IDENTITY)
HOUSEHOLD = ("household", "户口簿", Fact.HOUSEHOLD)
PHONE = ("phone", "联系电话", Fact.PHONE)
ADDRESS = ("address", "居住地址", Fact.ADDRESS)
LICENSING = "《行政许可法》第四十二条"
MATTERS = (
    ("MZJ", "minimum-living", "最低生活保障审核确认", "《社会救助暂行办法》第十一条", 30, 22, 1, (
        IDENTITY, HOUSEHOLD, ADDRESS, ("income", "家庭收入和财产申报书", None), ("check", "经济状况核对授权书", None))),
    ("MZJ", "old-age-allowance", "高龄津贴申领", "《老年人权益保障法》第三十三条", 20, 10, 0, (
        IDENTITY, ("birth", "出生日期", Fact.BIRTH), PHONE, ("account", "本人银行账户", None))),
    ("RSJ", "pension-insurance", "城乡居民基本养老保险参保登记", "《社会保险法》第二十条", 5, 1, 0, (
        IDENTITY, HOUSEHOLD, PHONE)),
    ("YBJ", "medical-insurance", "城乡居民基本医疗保险参保登记", "《社会保险法》第二十五条", 5, 1, 0, (
        IDENTITY, HOUSEHOLD, PHONE)),
    ("RSJ", "unemployment", "失业登记", "《就业促进法》第三十五条", 10, 1, 0, (
        IDENTITY, PHONE, ("end-of-work", "终止就业情况说明", None))),
    ("GAJ", "birth-registration", "出生登记", "《户口登记条例》第七条", 5, 1, 1, (
        IDENTITY, HOUSEHOLD, ("birth-certificate", "出生医学证明", None))),
    ("SCJ", "sole-trader", "个体工商户设立登记", "《市场主体登记管理条例》第十九条", 3, 1, 0, (
        IDENTITY, PHONE, ("application", "个体工商户登记申请书", None), ("premises", "经营场所使用证明", None))),
    ("SCJ", "food-licence", "食品经营许可", f"《食品安全法》第三十五条；{LICENSING}", 20, 8, 1, (
        IDENTITY, ("licence", "营业执照", None), ("layout", "经营场所布局图", None), ("rules", "安全管理制度", None))),
    ("WJJ", "public-place", "公共场所卫生许可", f"《公共场所卫生管理条例》第四条；{LICENSING}", 20, 8, 1, (
        IDENTITY, ("layout", "场所平面图", None), ("test", "卫生检测报告", None))),
    ("ZRJ", "village-building", "乡村建设规划许可", f"《城乡规划法》第四十一条；{LICENSING}", 20, 15, 1, (
        IDENTITY, HOUSEHOLD, ("village", "村民委员会意见", None), ("plan", "建设方案图", None))),
    ("LYJ", "timber-felling", "林木采伐许可", f"《森林法》第五十六条、第五十七条；{LICENSING}", 20, 10, 1, (
        IDENTITY, ("tenure", "林木权属证明", None), ("felling-plan", "采伐申请表", None))),
    ("NYJ", "pesticide-trade", "农药经营许可", "《农药管理条例》第二十四条、第二十五条", 20, 10, 1, (
        IDENTITY, ("training", "培训证明", None), ("store", "经营和仓储场所证明", None))),
    ("SLJ", "water-abstraction", "取水许可", "《取水许可和水资源费征收管理条例》第十九条", 45, 20, 1, (
        IDENTITY, ("assessment", "水资源论证材料", None), ("agreement", "利害关系人承诺书", None))),
)  # fmt: skip
"""Unit, code, name, basis, days by law and as promised, visits, and what is wanted, with the fact that is on file."""
ADULTS = """
select p.id from people.person p where p.county_id=$1 and p.birth_date<$2 and p.died_on is null
and p.erased_at is null and p.restricted_at is null order by p.id limit 4
"""


async def load_demo_services(call: Call) -> None:
    """Add the catalogue and a few applications to the demo county, unless they are there."""
    county = await GridRow.get_or_none(code=COUNTY, valid_to=None)
    # Loading twice changes nothing.
    if county is None or await MatterRow.exists(county_id=county.id):
        return
    for unit, *given in MATTERS:
        found = await UnitRow.get_or_none(code=f"{COUNTY}-{unit}", valid_to=None)
        if found is not None:
            await add_matter(call, found, *given)  # type: ignore[arg-type]
    rows = await call.fetch(ADULTS, county.id, today(call) - timedelta(days=40 * 365))
    matters = await MatterRow.filter(county_id=county.id).order_by("code").limit(len(rows))
    for state, row, matter in zip(OUTCOMES, rows, matters, strict=False):
        await add_application(call, await PersonRow.get(id=row["id"]), matter, state)


async def add_matter(
    call: Call, unit: UnitRow, code: str, name: str, basis: str, statutory: int, promised: int, visits: int,
    documents: tuple[tuple[str, str, Fact | None], ...],
) -> None:  # fmt: skip
    """Publish a matter that costs nothing."""
    matter = await MatterRow.create(
        grid_id=unit.grid_id,
        unit=unit,
        code=code,
        edition=1,
        name=name,
        basis=basis,
        statutory_days=statutory,
        promised_days=promised,
        fee=0,
        visits=visits,
        since=call.now,
    )
    await DocumentRow.bulk_create(
        DocumentRow(matter=matter, number=number, code=one, name=called, fact=fact)
        for number, (one, called, fact) in enumerate(documents, 1)
    )


OUTCOMES = (State.SUBMITTED, State.RETURNED, State.ACCEPTED, State.DECIDED)


async def add_application(call: Call, person: PersonRow, matter: MatterRow, state: State) -> None:
    """Add an application as it stands in a state."""
    papers = await fill_in(call, matter, person)
    case = await open_application_case(call, person)
    row = await submit(call, case, matter, person)
    for paper in papers:
        paper.application = row
    await PaperRow.bulk_create(papers)
    await advance(call, case, row, state)
    row.version += 1
    await row.save()


async def advance(call: Call, case: CaseRow, row: ApplicationRow, state: State) -> None:
    if state == State.RETURNED:
        await give_back(call, case, row)
    elif state != State.SUBMITTED:
        await accept(call, case, row, call.now)
    if state == State.DECIDED:
        row.state, row.outcome, row.decided_at = state, Outcome.GRANTED, call.now
        row.due_at, row.rate_by = NEVER, call.now + timedelta(days=30)
        # Before its case ends, which others may not end while the application is open.
        await row.save()
        await finish_case(call, case, "申请已办结，结果见申请。")
