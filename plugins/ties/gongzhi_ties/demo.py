"""Demo: deputies and their proposals as many as were published, links, and organisations, all of them invented."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from gongzhi.core.grids.models import GridRow
from gongzhi.core.people.models import LiaisonRow, Line, PersonRow
from gongzhi.core.units.models import UnitKind, UnitRow
from gongzhi.runtime.checks import CHINA, today
from gongzhi.runtime.commands import Call
from gongzhi.values.codes import Kind

from .models import (
    DeedKind,
    DeedRow,
    DeputyRow,
    OrganisationKind,
    OrganisationRow,
    PurchaseRow,
    PurchaseState,
    ReceiverRow,
    ReceptionRow,
    ReceptionState,
    ServedRow,
    Skill,
    StationRow,
    TieKind,
    TieRow,
    TieState,
    VolunteerRow,
)

COUNTY, AUTHOR = "610921", "demo-ties"
DEPUTIES, PROPOSALS = 852, 4_100
"""As the study of the county's model has them for 2022; a smaller county has as many of the latter a deputy."""
HOUSEHOLDS = 12
ASKED = ["增设路灯", "维修水渠", "硬化村道", "改善校车接送", "增加医疗点", "整治河道"]
# With few statements: a county has its deputies in a second, and the order of the keys makes the same ones each time.
REGISTER = """
insert into ties.deputy (id, grid_id, person_id, level, constituency, since, ends_on, version)
select md5('deputy' || p.id)::uuid, p.town_id, p.id,
 case when p.n<=4 then 'CITY' when p.n<=200 then 'COUNTY' else 'TOWNSHIP' end,
 '第' || (1+p.n%60) || '选区', make_date($2, 1, 1), make_date($2+5, 1, 1), 1
from (select i.id, i.town_id, row_number() over (order by i.id)::int n from people.person i
 where i.county_id=$1 and i.birth_date<$3 and i.died_on is null and i.erased_at is null and i.restricted_at is null
 order by i.id limit $4) p
"""
# In 2022, each of them in its turn; of fifty, one still waits and one was not to the deputy's liking.
PROPOSE = """
insert into party.suggestion (id, grid_id, person_id, unit_id, title, text, state, submitted_at, reply_by, reply,
 replied_at, satisfied)
select md5('proposal' || s.n)::uuid, d.grid_id, d.person_id, ($3::int[])[1+s.n%cardinality($3::int[])],
 t.title, '建议' || t.title || '，方便群众生产生活（演示）。',
 case when s.n%50=0 then 'SUBMITTED' else 'RATED' end, s.moment, (s.moment+interval '90 days')::date,
 case when s.n%50<>0 then '已办理（演示）。' end, case when s.n%50<>0 then s.moment+interval '40 days' end,
 case when s.n%50<>0 then s.n%50<>1 end
from (select n, timestamptz '2022-01-04 10:00+08' + n*interval '2 hours' as moment from generate_series(1, $2) n) s
join (select g.*, row_number() over (order by g.id) n, count(*) over () whole from ties.deputy g where g.county_id=$1) d
 on d.n=1+s.n%d.whole
cross join lateral (select ($4::text[])[1+s.n%cardinality($4::text[])] title) t
"""
FREE_HOMES = """
select h.id, h.grid_id from people.household h where h.county_id=$1 and not exists(select from people.liaison l
 where l.household_id=h.id and l.until is null) and exists(select from people.membership m where m.household_id=h.id
 and m.until is null) order by h.id limit $2
"""
ORGANISATIONS = (
    ("51610921MJ0000001", "汉阴县茶业协会（演示）", OrganisationKind.ASSOCIATION, "茶叶种植加工技术交流"),
    ("52610921MJ0000002", "邻里助老服务中心（演示）", OrganisationKind.SERVICE, "居家养老、助餐助医"),
    ("52610921MJ0000003", "青苗社会工作站（演示）", OrganisationKind.SERVICE, "留守儿童陪伴、家庭教育指导"),
    ("53610921MJ0000004", "汉阴助学基金会（演示）", OrganisationKind.FOUNDATION, "助学奖学"),
)
"""Codes without their check digit, which is added below: an invented organisation has none of its own."""
LETTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"


async def load_demo_ties(call: Call) -> None:
    """Add deputies, links, organisations and volunteers to the demo county, unless they are there."""
    county = await GridRow.get_or_none(code=COUNTY, valid_to=None)
    # Loading twice changes nothing.
    if county is None or await DeputyRow.exists(county_id=county.id):
        return
    departments = await UnitRow.filter(county_id=county.id, kind=UnitKind.COUNTY_DEPARTMENT, valid_to=None).order_by(
        "code"
    )
    await add_deputies(call, county, departments)
    await add_links(call, county, departments)
    await add_households(call, county, departments[0])
    await add_organisations(call, county, departments)
    await add_volunteers(call, county)


async def add_deputies(call: Call, county: GridRow, departments: list[UnitRow]) -> None:
    """Add deputies with their proposals, a station for each town, and a reception day that was and one ahead."""
    grown = today(call) - timedelta(days=30 * 366)
    await call.fetch(REGISTER, county.id, today(call).year - 4, grown, DEPUTIES)
    deputies = await DeputyRow.filter(county_id=county.id).order_by("id")
    if not deputies:
        return
    # As many a deputy as in the whole county, however small this one is.
    proposals = PROPOSALS * len(deputies) // DEPUTIES
    await call.fetch(PROPOSE, county.id, proposals, [one.id for one in departments], ASKED)
    towns = await GridRow.filter(county_id=county.id, kind=Kind.TOWN, valid_to=None).order_by("code")
    for town in towns:
        station = await StationRow.create(
            grid=town, name=f"{town.name}代表联络站（演示）", address="便民服务中心二楼", opened_on=today(call)
        )
        here = [one for one in deputies if one.grid_id == town.id][:3]
        await DeputyRow.filter(id__in=[one.id for one in here]).update(station_id=station.id)
        for days, state, visitors in ((-16, ReceptionState.HELD, 14), (12, ReceptionState.ANNOUNCED, None)):
            at = datetime.combine(today(call) + timedelta(days=days), time(9), CHINA)
            day = await ReceptionRow.create(
                grid=town,
                station=station,
                starts_at=at,
                ends_at=at + timedelta(hours=3),
                state=state,
                visitors=visitors,
            )
            await ReceiverRow.bulk_create(ReceiverRow(reception=day, deputy=one) for one in here)


async def add_links(call: Call, county: GridRow, departments: list[UnitRow]) -> None:
    """Add a leader for each town and a department for each village, with what they did."""
    begun = {
        "state": TieState.ACTIVE,
        "proposed_at": call.now - timedelta(days=200),
        "since": today(call) - timedelta(days=190),
        "ends_on": today(call) + timedelta(days=900),
        "helper_agreed_at": call.now - timedelta(days=190),
        "helped_agreed_at": call.now - timedelta(days=190),
    }
    towns = await GridRow.filter(county_id=county.id, kind=Kind.TOWN, valid_to=None).order_by("code")
    villages = await GridRow.filter(county_id=county.id, kind=Kind.VILLAGE, valid_to=None).order_by("code")
    leaders = await PersonRow.filter(county_id=county.id, birth_date__lt="1985-01-01").order_by("-id").limit(len(towns))
    # As if agreed to half a year ago, which no command can write down.
    ties = [
        TieRow(kind=TieKind.LEADER_TOWN, grid=town, person_id=leader.id, office="县级领导（演示）", **begun)
        for town, leader in zip(towns, leaders, strict=False)
    ]
    ties += [
        TieRow(kind=TieKind.UNIT_VILLAGE, grid=village, unit_id=departments[at % len(departments)].id, **begun)
        for at, village in enumerate(villages)
    ]
    await TieRow.bulk_create(ties, batch_size=500)
    deeds = (DeedKind.VISIT, "走访座谈，了解产业发展情况（演示）。"), (DeedKind.TRAINING, "组织种养技术培训（演示）。")
    await DeedRow.bulk_create(
        (
            DeedRow(
                tie_id=tie.id,
                kind=kind,
                day=today(call) - timedelta(days=30 * (1 + at)),
                text=text,
                recorded_at=call.now,
                account=AUTHOR,
            )
            for tie in ties
            for at, (kind, text) in enumerate(deeds)
        ),
        batch_size=500,
    )


async def add_households(call: Call, county: GridRow, unit: UnitRow) -> None:
    """Add cadres who help households that have no other helper; the core shows them as helpers, too."""
    homes = await call.fetch(FREE_HOMES, county.id, HOUSEHOLDS)
    cadres = await PersonRow.filter(county_id=county.id, birth_date__lt="1990-01-01").order_by("id").limit(4)
    since = today(call) - timedelta(days=60)
    for at, home in enumerate(homes):
        cadre = cadres[at % len(cadres)]
        liaison = await LiaisonRow.create(
            household_id=home["id"], person_id=cadre.id, line=Line.CADRE, since=since
        )  # fmt: skip
        await TieRow.create(
            kind=TieKind.CADRE_HOUSEHOLD,
            state=TieState.ACTIVE,
            grid_id=home["grid_id"],
            household_id=home["id"],
            person_id=cadre.id,
            office="驻村干部（演示）",
            unit_id=unit.id,
            liaison_id=liaison.id,
            proposed_at=call.now - timedelta(days=60),
            helper_agreed_at=call.now - timedelta(days=60),
            helped_agreed_at=call.now - timedelta(days=60),
            since=since,
            ends_on=today(call) + timedelta(days=600),
        )


def add_check_digit(code: str) -> str:
    """Return a credit code of 17 characters with the eighteenth (GB 32100)."""
    total = sum(LETTERS.index(letter) * 3**at for at, letter in enumerate(code))
    return code + LETTERS[-total % 31]


async def add_organisations(call: Call, county: GridRow, departments: list[UnitRow]) -> None:
    """Add social organisations that serve the towns, and what was bought of those that serve people."""
    towns = await GridRow.filter(county_id=county.id, kind=Kind.TOWN, valid_to=None).order_by("code").limit(4)
    for at, (code, name, kind, purpose) in enumerate(ORGANISATIONS):
        unit = departments[at % len(departments)]
        row = await OrganisationRow.create(
            grid=county,
            uscc=add_check_digit(code),
            name=name,
            kind=kind,
            purpose=purpose,
            unit=unit,
            registered_on=today(call) - timedelta(days=800),
        )
        await ServedRow.bulk_create(ServedRow(organisation=row, grid_id=town.id) for town in towns)
        if kind is OrganisationKind.SERVICE:
            await PurchaseRow.create(
                grid=county,
                organisation=row,
                unit=unit,
                title=f"{purpose}（演示）",
                since=today(call) - timedelta(days=120),
                ends_on=today(call) + timedelta(days=240),
                amount_fen=18_000_000 + at * 150_050,
                state=PurchaseState.AGREED,
                recorded_at=call.now - timedelta(days=120),
            )


async def add_volunteers(call: Call, county: GridRow) -> None:
    """Add people who want to be asked for help."""
    people = await PersonRow.filter(county_id=county.id, birth_date__lt="2000-01-01").order_by("id").limit(24)
    skills = [one.value for one in Skill]
    await VolunteerRow.bulk_create(
        VolunteerRow(
            grid_id=one.grid_id,
            person_id=one.id,
            skills=[skills[at % len(skills)]],
            since=today(call) - timedelta(days=at),
        )
        for at, one in enumerate(people)
    )
