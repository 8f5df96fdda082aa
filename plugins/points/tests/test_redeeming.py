"""Redeeming: held once, settled once, at one shop, in time; never more than there is."""

from __future__ import annotations

import asyncio
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from gongzhi.values.errors import Refusal
from gongzhi_points.models import RedemptionState
from gongzhi_points.rewards.codes import Code, format_code, parse_code
from gongzhi_points.rewards.redemptions import TAKEN, free_holds

pytestmark = pytest.mark.asyncio(loop_scope="module")

TOWN = "610921100"


def codes(payload: Any) -> list[str]:
    return [one["code"] for one in payload["errors"]]


REDEEMED = "redemption { id code state expiresAt heldUntil } account { balance held }"
SETTLED = "settled { code state } statement { total count }"


async def fund(village: Any, times: int = 1) -> str:
    """Points for the first resident, ten an act, and a shop."""
    rule = await village.rule(amount=10)
    for _ in range(times):
        await village.earn(rule, "2026-06-30")
    await village.open_shop()
    return await village.reward(price=6)


async def settle(village: Any, *given: str, **more: Any) -> Any:
    asked = [{"code": one, **more} for one in given]
    return await village.shop.do("settleRedemptions", SETTLED, merchant=village.merchant, codes=asked)


async def test_reward_of_one_grid(village: Any) -> None:
    """A reward is for a grid of the programme: its own, or one below it; not for one elsewhere."""
    await village.open_shop()
    [(below,)] = await village.fetch(
        "select min(code) from grids.grid where kind = 'VILLAGE' and code like $1", TOWN + "%"
    )
    for grid in (TOWN, below):
        await village.reward(grid=grid)
    asked = {"kind": "GOODS", "title": "洗衣粉", "price": 5, "stock": 1, "merchant": village.merchant}
    assert codes(await village.shop.do("addPointsReward", "reward { id }", **asked, grid="610921103")) == [
        "BAD_USER_INPUT"
    ]


@pytest.mark.asyncio(loop_scope="function")  # its people live in several villages
async def test_what_a_village_offers_is_for_its_people(village: Any) -> None:
    """Whoever lives elsewhere in the programme does not see it on their list, and does not get it by its id either."""
    rule = await village.rule(amount=10)
    for at in range(8):
        await village.earn(rule, "2026-06-30", at)
    await village.open_shop()
    homes = await village.fetch(
        "select p.id, g.code from people.person p join grids.grid g on g.id = p.village_id where p.id = any($1)",
        village.people,
    )
    codes_of_people = {row["id"]: row["code"] for row in homes}
    own = codes_of_people[village.people[0]]
    away = next(at for at, key in enumerate(village.people) if codes_of_people[key] != own)
    reward = await village.reward(grid=own, price=4)
    listed = "query($g: String!) { grid(code: $g) { rewards { nodes { id } } } }"
    for at, code in ((0, own), (away, codes_of_people[village.people[away]])):
        shown = (await village.resident(at).ask(listed, g=code)).data["grid"]["rewards"]["nodes"]
        assert shown == ([{"id": reward}] if at == 0 else [])
        done = await village.resident(at).do("redeem", REDEEMED, reward=reward)
        assert codes(done) == ([] if at == 0 else ["NOT_OFFERED"])
    assert await village.stocks() == [9]


async def test_points_are_held_once(village: Any) -> None:
    reward = await fund(village)
    first = await village.resident().do("redeem", REDEEMED, reward=reward)
    assert first["account"] == {"balance": 10, "held": 6}
    assert first["redemption"]["expiresAt"] == "2026-06-30T02:30:00+00:00"
    assert codes(await village.resident().do("redeem", REDEEMED, reward=reward)) == ["INSUFFICIENT_POINTS"]
    assert codes(await village.resident(1).do("redeem", REDEEMED, reward=reward)) == ["NOT_FOUND"]
    [stock] = await village.stocks()
    assert stock == 9


async def test_same_request_is_redeemed_once(village: Any) -> None:
    """A phone that sends again gets the same code and holds nothing more."""
    reward = await fund(village)
    asked = {"reward": reward, "idempotencyKey": "phone-1"}
    first = await village.resident().do("redeem", REDEEMED, **asked)
    assert await village.resident().do("redeem", REDEEMED, **asked) == first and first["account"]["held"] == 6


async def test_code_is_for_whoever_redeems(village: Any) -> None:
    """Neither the shop nor the grid worker can read a code that has not been handed in."""
    reward = await fund(village)
    made = (await village.resident().do("redeem", REDEEMED, reward=reward))["redemption"]
    query = "query($id: ID!) { node(id: $id) { ... on PointsRedemption { code person { name } } } }"
    for other in (village.shop, village.worker):
        found = (await other.ask(query, id=made["id"])).data["node"]
        assert found["code"] is None
    assert (await village.shop.ask(query, id=made["id"])).data["node"]["person"] is None
    assert (await village.resident(1).ask(query, id=made["id"])).data["node"] is None
    assert (await village.resident().ask(query, id=made["id"])).data["node"]["code"] == made["code"]
    stored = await village.fetch("select * from journal.request")
    assert made["code"] not in str(stored)


async def printed_key(village: Any, folder: Path, plugins: Any, capsys: pytest.CaptureFixture[str]) -> str:
    """What `gongzhi points counter-key SHOP` prints; it names a shop that there is not."""
    from gongzhi_server.cli.plugin_commands import run_errand
    from gongzhi_server.testing import settings_for_tests

    [errand] = [one for one in plugins.errands["points"] if one.name == "counter-key"]
    asked = settings_for_tests(village.dsn, folder), village.dsn, "points", errand
    with pytest.raises(Refusal, match="no such shop"):
        await run_errand(*asked, {"merchant": UUID(int=1)})
    capsys.readouterr()
    assert await run_errand(*asked, {"merchant": UUID(village.merchant.partition(":")[2])}) == 0
    return capsys.readouterr().out.strip()


async def test_offline_codes_settle_later(
    village: Any, tmp_path: Path, plugins: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """Handed out in time and brought in days later it is good; handed out too late it is not."""
    reward = await fund(village, 1)
    code = (await village.resident().do("redeem", REDEEMED, reward=reward))["redemption"]["code"]
    key = bytes.fromhex(await printed_key(village, tmp_path, plugins, capsys))
    said = parse_code(key, code)
    assert said and said.number == 1, "the counter can read it without a connection"
    village.server.clock.move(days=3)
    late = await settle(village, code, takenAt="2026-06-30T02:31:00Z")
    assert [one["state"] for one in late["settled"]] == ["EXPIRED"]
    done = await settle(village, code, takenAt="2026-06-30T02:20:00Z")
    assert [one["state"] for one in done["settled"]] == ["SETTLED"] and done["statement"] == {"total": 6, "count": 1}
    forged = format_code(key, Code(1, 7, said.expires_at))
    again = await settle(village, code, forged, "nonsense", takenAt="2026-06-30T02:20:00Z")
    assert [one["state"] for one in again["settled"]] == ["ALREADY_SETTLED", "UNKNOWN", "UNKNOWN"]
    twice = await settle(village, code, code)
    assert twice["statement"] == {"total": 0, "count": 0}


async def test_code_is_good_at_one_shop(village: Any) -> None:
    reward = await fund(village)
    code = (await village.resident().do("redeem", REDEEMED, reward=reward))["redemption"]["code"]
    [(unit,)] = await village.fetch("select u.code from units.unit u order by u.id desc limit 1")
    other = await village.manager.do(
        "addPointsMerchant", "merchant { id }", programme=village.programme, unit=unit, name="另一家", address="街口"
    )
    shop = village.server.as_("merchant", unit=unit)
    asked = {"codes": [{"code": code}]}
    done = await shop.do("settleRedemptions", SETTLED, merchant=other["merchant"]["id"], **asked)
    assert [one["state"] for one in done["settled"]] == ["UNKNOWN"]
    assert codes(await shop.do("settleRedemptions", SETTLED, merchant=village.merchant, **asked)) == ["FORBIDDEN"]


@pytest.mark.asyncio(loop_scope="function")  # nights are worked through once
async def test_holds_end_by_themselves(village: Any, run_jobs: Any) -> None:
    reward = await fund(village)
    made = (await village.resident().do("redeem", REDEEMED, reward=reward))["redemption"]
    refused = await village.resident().do("cancelRedemption", "redemption { id }", redemption=made["id"])
    assert codes(refused) == ["CODE_IS_OUT"]
    village.server.clock.move(days=7, minutes=31)
    assert (await run_jobs()).failed == []
    assert await village.account(asks="balance held") == {"balance": 10, "held": 0}
    late = await settle(village, made["code"])
    assert [one["state"] for one in late["settled"]] == ["EXPIRED"]
    [stock] = await village.stocks()
    assert stock == 10


async def test_shop_may_cancel(village: Any) -> None:
    reward = await fund(village)
    made = (await village.resident().do("redeem", REDEEMED, reward=reward))["redemption"]
    done = await village.shop.do("cancelRedemption", "redemption { state }", redemption=made["id"])
    assert done["redemption"] == {"state": "CANCELLED"}
    assert [one["state"] for one in (await settle(village, made["code"]))["settled"]] == ["CANCELLED"]


async def test_stale_stock_is_refused(village: Any) -> None:
    reward = await fund(village)
    asked = {"reward": reward, "stock": 3, "expectedVersion": 1}
    assert codes(await village.shop.do("stockPointsReward", "reward { id }", **asked)) == []
    assert codes(await village.shop.do("stockPointsReward", "reward { id }", **asked)) == ["STALE_VERSION"]
    assert codes(
        await village.shop.do("stockPointsReward", "reward { id }", **asked | {"stock": -1, "expectedVersion": 2})
    ) == ["BAD_USER_INPUT"]


async def test_grid_worker_redeems_for_the_old(village: Any) -> None:
    """At the holder's wish; the code is printed by whoever redeems."""
    reward = await fund(village)
    account = (await village.account())["id"]
    done = await village.worker.do("redeem", REDEEMED, reward=reward, account=account)
    assert done["redemption"]["code"] and done["account"]["held"] == 6
    elsewhere = village.server.as_("grid_worker", grid="610921102")
    assert codes(await elsewhere.do("redeem", REDEEMED, reward=reward, account=account)) == ["NOT_FOUND"]


REDEEM = "mutation($input: RedeemInput!) { redeem(input: $input) { redemption { code } errors { code } } }"


async def insist(caller: Any, reward: str) -> Any:
    """Redeem as a phone does: what timed out, or was put off, is sent again with the same key."""
    key = str(uuid4())
    for _ in range(60):
        answer = await caller.ask(REDEEM, input={"idempotencyKey": key, "reward": reward})
        if answer.codes not in (["TIMEOUT"], ["RATE_LIMITED"]):
            return answer.data["redeem"]
    raise AssertionError("the server never came round to it")


@pytest.mark.asyncio(loop_scope="function")  # it counts all accounts
@pytest.mark.parametrize(("people", "each", "stock"), [(30, 2, 10), pytest.param(250, 4, 100, marks=pytest.mark.slow)])
async def test_many_redeem_few(village: Any, people: int, each: int, stock: int) -> None:
    """Everybody at once: as many succeed as there are goods, and every point is where it was."""
    await village.open_shop()
    reward = await village.reward(price=1, stock=stock)
    await village.fund(people, each)
    rows = await village.fetch("select id, person_id from points.account where kind='PERSON'")
    callers = [village.server.as_("resident", person=str(row["person_id"])) for row in rows] * each
    payloads = await asyncio.gather(*(insist(one, reward) for one in callers))
    good = [one["redemption"]["code"] for one in payloads if one["redemption"]]
    assert len(payloads) == people * each and len(set(good)) == len(good) == stock
    assert {codes(one)[0] for one in payloads if not one["redemption"]} == {"OUT_OF_STOCK"}
    results = await asyncio.gather(*(settle(village, *good[at::4]) for at in range(4)))
    assert sum(one["statement"]["count"] for one in results) == stock
    [sums] = await village.fetch(
        "select sum(balance) total, sum(held) held, min(balance) filter (where kind<>'ISSUER') least, "
        "max(balance) filter (where kind='MERCHANT') taken from points.account"
    )
    assert dict(sums) == {"total": 0, "held": 0, "least": sums["least"], "taken": stock} and sums["least"] >= 0


WAITING = "select exists(select from pg_locks where pid = $1 and not granted)"


async def test_redeeming_and_freeing_lock_in_one_order(village: Any, desk_type: Any) -> None:
    """Who redeems has the account and takes the reward; a hold that ends meanwhile waits, and has no reward yet."""
    reward = await fund(village)
    await village.resident().do("redeem", REDEEMED, reward=reward)
    one, other = [await asyncpg.connect(village.dsn) for _ in range(2)]
    held = "select id, account_id from points.redemption where reward_id=$1"
    [(hold, account)] = await village.fetch(held, UUID(reward.partition(":")[2]))
    redeeming = one.transaction()
    await redeeming.start()
    await one.execute("select from points.account where id = $1 for update", account)
    freeing = asyncio.create_task(free_holds(desk_type(other), [hold], RedemptionState.EXPIRED))
    while await village.fetch(WAITING, other.get_server_pid()) != [(True,)]:
        assert not freeing.done()
    assert await one.fetchval(TAKEN, UUID(reward.partition(":")[2]), date(2026, 6, 30)) == 6
    await redeeming.commit()
    await freeing
    for connection in (one, other):
        await connection.close()
    assert await village.stocks() == [9]
