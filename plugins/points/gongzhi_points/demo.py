"""Demo: a programme in the first town of the demo county, with a year of acts and a shop, all invented."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from gongzhi.core.grids.models import GridRow
from gongzhi.core.people.models import PersonRow
from gongzhi.core.people.tiers import add_months
from gongzhi.core.units.models import UnitRow
from gongzhi.runtime.checks import CHINA
from gongzhi.runtime.commands import Call
from gongzhi.values.codes import Kind
from gongzhi.values.errors import Text
from gongzhi_resolutions.models import Body
from gongzhi_resolutions.records import create_resolution

from .ledger import posting
from .ledger.accounts import open_account
from .ledger.chain import FIRST
from .ledger.posting import Posting, make_legs
from .models import (
    AccountKind,
    ActRow,
    ChainRow,
    MerchantRow,
    PostingKind,
    ProgrammeRow,
    Proof,
    Recorder,
    RewardKind,
    RewardRow,
    RuleRow,
    RuleState,
)
from .programmes.acts import acts_in_force

PEOPLE, ACTS = 200, 6
RULES = (
    ("tidy", "courtyard.tidy", "庭院整洁", "庭院及门前整洁，经网格员查看属实，每次记五分，每月不超过十分。", 5, 10),
    ("volunteer", "volunteering", "志愿服务", "参加村组织的志愿服务，每次记十分，每月不超过四十分。", 10, 40),
    ("flood", "flood.watch", "汛期巡查", "汛期按安排巡查河堤并登记，每次记十分，每月不超过三十分。", 10, 30),
    ("meeting", "deliberation", "参加议事", "参加院坝会、村民议事会，每次记五分，每月不超过二十分。", 5, 20),
)
REPORT = ("report", "case.closed", "问题上报", "上报的问题经核实属实并办结，每件记三分，每月不超过十五分。", 3, 15)
REWARDS = (("洗衣粉", 20, 80), ("食用油", 60, 40), ("毛巾", 10, 120), ("理发一次", 15, 60))


@dataclass
class EarlierCall:
    """A desk of an earlier day, whose events are not published."""

    # Only the clock is replaced. The ledger books at `now`, and a year of postings needs a year of times.
    call: Call
    now: datetime

    async def fetch(self, sql: str, *values: Any) -> list[dict[str, Any]]:
        return await self.call.fetch(sql, *values)

    # Subscribers and handlers are not told of what is invented for the past.
    def publish(self, happened: Any, row: Any = None) -> None:
        pass


async def load_demo(call: Call) -> None:
    """Load points for the demo county, unless they are there."""
    town = await GridRow.filter(kind=Kind.TOWN, valid_to=None).order_by("code").first()
    # Loading twice changes nothing.
    if town is None or await ProgrammeRow.exists(code="demo"):
        return
    begun = (call.now - timedelta(days=365)).astimezone(CHINA).date()
    programme = await ProgrammeRow.create(
        code="demo", name=f"{town.name}积分（演示）", grid=town, starts_on=begun, lasts_months=24
    )
    await ChainRow.create(programme=programme, hash=FIRST)
    source = await open_account(call, programme.id, AccountKind.ISSUER, town.id)
    await county_act(programme, town)
    rules = await adopt_demo_rules(call, programme, town)
    await add_demo_shop(programme, town)
    people = await PersonRow.filter(town_id=town.id).order_by("id").limit(PEOPLE)
    accounts = [
        await open_account(call, programme.id, AccountKind.PERSON, one.grid_id, person=one.id) for one in people
    ]
    await add_demo_acts(call, programme, source, rules, accounts)


async def county_act(programme: ProgrammeRow, town: GridRow) -> None:
    """Create an act of the county's own, which a grid worker records."""
    await ActRow.create(
        county_id=town.county_id,
        code="flood.watch",
        name="汛期巡查",
        name_en="Flood watch",
        description="汛期按安排巡查河堤，有巡查记录。",
        least=5,
        most=20,
        proof=Proof.TEXT,
        recorder=Recorder.GRID_WORKER,
        starts_on=programme.starts_on,
        account="demo",
    )


async def adopt_demo_rules(call: Call, programme: ProgrammeRow, town: GridRow) -> list[RuleRow]:
    """Create the rules, and the resolution that adopted them."""
    names = [f"points.demo.{code}/1" for code, *_ in (*RULES, REPORT)]
    title, text = "关于积分规则的决议（演示）", "会议通过本项目积分规则第一版。"
    resolution = await create_resolution(
        call, town, Body.REPRESENTATIVES, title, text, programme.starts_on, names, votes=(41, 2, 3)
    )
    known = await acts_in_force(call, town.county_id, programme.starts_on)
    acts = {code: row["id"] for code, row in known.items()}
    return [
        await RuleRow.create(
            programme=programme,
            code=code,
            version=1,
            title=title,
            text=text,
            act_id=acts.get(source),
            event=None if source in acts else source,
            amount=amount,
            cap=cap,
            state=RuleState.ADOPTED,
            starts_on=programme.starts_on,
            proposed_at=call.now,
            account="demo",
            resolution=resolution,
        )
        for code, source, title, text, amount, cap in (*RULES, REPORT)
    ]


async def add_demo_shop(programme: ProgrammeRow, town: GridRow) -> None:
    """Create a shop with rewards to be had for points."""
    unit = await UnitRow.filter(grid_id=town.id).order_by("id").first() or await UnitRow.all().order_by("id").first()
    if unit is None:
        return
    merchant = await MerchantRow.create(
        programme=programme,
        unit=unit,
        name="便民积分超市（演示）",
        address=f"{town.name}便民服务中心一楼",
        grid=town,
        joined_on=programme.starts_on,
    )
    for number, (title, price, stock) in enumerate(REWARDS, 1):
        await RewardRow.create(
            merchant=merchant,
            programme=programme,
            number=number,
            grid=town,
            kind=RewardKind.SERVICE if "理发" in title else RewardKind.GOODS,
            title=title,
            price=price,
            stock=stock,
        )


async def add_demo_acts(
    call: Call, programme: ProgrammeRow, source: UUID, rules: Sequence[RuleRow], accounts: Sequence[UUID]
) -> None:
    """Post a year of acts, a month at a time."""
    # Seeded, so that the same demo is loaded everywhere.
    chance, acts = random.Random(programme.code), [rule for rule in rules if rule.act_id]
    for back in range(ACTS, 0, -1):
        at = call.now - timedelta(days=30 * back)
        day = at.astimezone(CHINA).date()
        postings = [
            Posting(
                kind=PostingKind.EARNED,
                key=f"demo:{account}:{day}",
                legs=make_legs(source, account, rule.amount, add_months(day, programme.lasts_months or 24)),
                reason=Text(rule.title, rule.title),
                occurred_on=day,
                inputs={"rule": f"{rule.code}/{rule.version}", "amount": str(rule.amount)},
                rule=rule.id,
            )
            for account in accounts
            if (rule := chance.choice(acts)) and chance.random() < 0.7
        ]
        await posting.post_entries(EarlierCall(call, at), programme.id, *postings)
