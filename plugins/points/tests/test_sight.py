"""Who sees what: points are nobody else's business, and nobody is ranked."""

from __future__ import annotations

from typing import Any

import asyncpg
from gongzhi_points.registers import claim_earned_points

POINTS = "query($id: ID!) { node(id: $id) { ... on Person { points { balance entries { nodes { amount } } } } } }"
ACCOUNTS = '{ grid(code: "610921100") { pointsAccounts { totalCount } } }'


async def test_points_are_nobody_elses_business(village: Any) -> None:
    """Not a neighbour's, not a dispatcher's, not another town's worker's."""
    rule = await village.rule()
    await village.earn(rule, "2026-06-30")
    person = f"Person:{village.people[0]}"
    server = village.server
    seen = {
        "self": village.resident(),
        "worker": village.worker,
        "neighbour": village.resident(1),
        "dispatcher": server.as_("county_dispatcher", grid="610921"),
        "elsewhere": server.as_("grid_worker", grid="610921102"),
        "stranger": server,
    }
    found = {name: (await caller.ask(POINTS, id=person)).body["data"]["node"] for name, caller in seen.items()}
    account = {"points": [{"balance": 5, "entries": {"nodes": [{"amount": 5}]}}]}
    assert found["self"] == found["worker"] == account
    assert found["dispatcher"] == {"points": []}
    assert found["neighbour"] is found["elsewhere"] is found["stranger"] is None
    assert (await seen["dispatcher"].ask(ACCOUNTS)).codes == ["FORBIDDEN"]


async def test_lists_have_no_order_by_points(village: Any) -> None:
    """国办函〔2026〕12号: no ranking of people or villages."""
    for order in ("BALANCE_DESC", "HELD_DESC"):
        answer = await village.worker.ask(
            f'{{ grid(code: "610921100") {{ pointsAccounts(orderBy: {order}) {{ totalCount }} }} }}'
        )
        assert answer.errors


async def test_figures_of_few_are_not_shown(village: Any) -> None:
    rule = await village.rule()
    await village.earn(rule, "2026-06-30")
    asked = """{ pointsProgrammes { nodes { figures(since: "2026-06-01", before: "2026-07-01") {
      holders earned spent } } } }"""
    assert (await village.server.ask(asked)).data["pointsProgrammes"]["nodes"] == [{"figures": None}]
    await village.fund(12, 3)
    found = (await village.server.ask(asked)).data["pointsProgrammes"]["nodes"]
    assert found[0]["figures"]["holders"] >= 10 and found[0]["figures"]["spent"] == 0


async def test_figures_do_not_tell_by_difference(village: Any) -> None:
    """Of two periods that differ by what one person got, not both are told; periods within months are refused."""
    rule = await village.rule()
    await village.fund(12, 3)
    asked = 'query { pointsProgrammes { nodes { figures(since: "2026-06-01", before: "%s") { holders } } } }'
    month = (await village.server.ask(asked % "2026-07-01")).data["pointsProgrammes"]["nodes"]
    assert month[0]["figures"]["holders"] >= 10
    village.server.clock.move(days=3)
    await village.earn(rule, "2026-07-02")
    longer = (await village.server.ask(asked % "2026-08-01")).data["pointsProgrammes"]["nodes"]
    assert longer == [{"figures": None}]
    assert (await village.server.ask(asked % "2026-07-01")).data["pointsProgrammes"]["nodes"] == month
    assert (await village.server.ask(asked % "2026-06-30")).codes == ["BAD_USER_INPUT"]


async def test_honours_are_shown_by_choice(village: Any) -> None:
    rule = await village.rule(amount=20)
    await village.earn(rule, "2026-06-30")
    asked = {"programme": village.programme, "code": "tidy-star", "title": "整洁之星", "criteria": "一年内获得二十分。"}
    honour = await village.manager.do("addPointsHonour", "honour { id }", **asked, kind="PERSON", least=20)
    account = (await village.account())["id"]
    given = {"honour": honour["honour"]["id"], "account": account}
    made = await village.manager.do("awardPointsHonour", "award { id earned published }", **given)
    assert made["award"]["earned"] == 20 and made["award"]["published"] is False
    seen = "query($id: ID!) { node(id: $id) { ... on PointsHonour { awards { totalCount } } } }"
    id = honour["honour"]["id"]
    assert (await village.server.ask(seen, id=id)).data["node"]["awards"] == {"totalCount": 0}
    stranger = await village.resident(1).do(
        "publishPointsAward", "award { id }", award=made["award"]["id"], published=True
    )
    assert [one["code"] for one in stranger["errors"]] == ["NOT_FOUND"]
    await village.resident().do("publishPointsAward", "award { id }", award=made["award"]["id"], published=True)
    assert (await village.server.ask(seen, id=id)).data["node"]["awards"] == {"totalCount": 1}
    early = await village.manager.do(
        "addPointsHonour", "honour { id }", **asked | {"code": "two"}, kind="PERSON", least=99
    )
    refused = await village.manager.do(
        "awardPointsHonour", "award { id }", honour=early["honour"]["id"], account=account
    )
    assert [one["code"] for one in refused["errors"]] == ["CRITERIA_NOT_MET"]


async def test_entitlements_come_on_top(village: Any) -> None:
    asked = {"programme": village.programme, "title": "免费家电维修", "text": "凭账户到服务站预约。", "least": 5}
    refused = await village.manager.do("addPointsEntitlement", "entitlement { id }", **asked | {"title": "优先低保"})
    assert [one["code"] for one in refused["errors"]] == ["FORBIDDEN_RULE"]
    await village.manager.do("addPointsEntitlement", "entitlement { id }", **asked)
    await village.manager.do("addPointsEntitlement", "entitlement { id }", **asked | {"title": "体检", "least": 6})
    await village.earn(await village.rule(), "2026-06-30")
    assert (await village.account(asks="entitlements { title }"))["entitlements"] == [{"title": "免费家电维修"}]


async def test_nothing_flows_by_itself(village: Any, desk_type: Any) -> None:
    """A statement is what the person releases, in words and one number, and is taken back by the person."""
    await village.earn(await village.rule(), "2026-06-30")
    kinds = (await village.server.ask("{ statementKinds { kind } }")).data["statementKinds"]
    assert {"points.earned", "points.honours"} <= {one["kind"] for one in kinds}
    cards = (await village.server.ask("{ algorithms { name version } }")).data["algorithms"]
    assert {"name": "points.award", "version": "1"} in cards
    connection = await asyncpg.connect(village.dsn)
    try:
        [claim] = await claim_earned_points(desk_type(connection), village.people[0])
        assert (claim.text.zh, claim.value) == ("近 12 个月获得积分 5（清泉村积分）", 5)
        assert await claim_earned_points(desk_type(connection), village.people[1]) == [], (
            "of nothing good nothing is said"
        )
    finally:
        await connection.close()
