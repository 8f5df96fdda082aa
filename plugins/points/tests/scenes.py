"""A scene: what there is of points, in the state in which its commands can be given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from gongzhi_server.testing import put_ids

NOBODY = "00000000-0000-7000-8000-000000000000"
TOWN, OTHER, COUNTY = "610921100", "610921102", "610921"
RULE = {"code": "sweep", "title": "清扫", "text": "清扫院落。", "act": "courtyard.tidy", "amount": 5,
        "startsOn": "2026-07-01"}  # fmt: skip
ACT = {"county": COUNTY, "code": "flood.watch", "expectedVersion": 0, "name": "汛期巡查", "nameEn": "Flood watch",
       "description": "汛期按安排巡查河堤，有巡查记录。", "least": 5, "most": 20}  # fmt: skip
REWARD = {"kind": "GOODS", "title": "洗衣粉", "price": 5, "stock": 10}
HONOUR = {"code": "star", "title": "文明之星", "criteria": "一年内获得一分。", "least": 1, "kind": "PERSON"}
GOOD: dict[str, tuple[str, dict[str, Any]]] = {
    "addPointsEntitlement": ("manager", {"programme": ":programme", "title": "体检", "text": "到站预约。", "least": 5}),
    "addPointsHonour": ("manager", {"programme": ":programme", **HONOUR, "code": "second"}),
    "addPointsMerchant": (
        "manager",
        {"programme": ":programme", "unit": ":free_unit", "name": "二店", "address": "街"},
    ),
    "addPointsProgramme": ("manager", {"code": "second", "name": "二", "grid": TOWN}),
    "addPointsReward": ("shop", {"merchant": ":merchant", **REWARD}),
    "adoptPointsRule": ("manager", {"rule": ":adoptable"}),
    "awardPointsHonour": ("manager", {"honour": ":honour", "account": ":account"}),
    "cancelRedemption": ("shop", {"redemption": ":redemption"}),
    "claimPoints": ("resident 1", {"rule": ":rule", "actedOn": "2026-06-30", "text": "扫了"}),
    "decidePointsClaim": ("worker", {"claim": ":claim", "approve": True, "expectedVersion": 1}),
    "decidePointsObjection": ("leader", {"objection": ":objection", "uphold": True, "answer": "属实"}),
    "endPointsAct": ("office", {"act": ":act", "on": "2026-08-01"}),
    "endPointsMerchant": ("manager", {"merchant": ":merchant", "expectedVersion": 1}),
    "endPointsRule": ("manager", {"rule": ":rule", "on": "2026-12-31"}),
    "objectToPoints": ("resident 0", {"entry": ":entry", "reason": "有误"}),
    "openPointsGroup": ("manager", {"programme": ":programme", "name": "志愿队", "leader": ":person2"}),
    "proposePointsRule": ("manager", {"programme": ":programme", **RULE}),
    "publishPointsAct": ("office", {**ACT, "code": "river.watch"}),
    "publishPointsAward": ("resident 0", {"award": ":award", "published": True}),
    "redeem": ("resident 0", {"reward": ":reward"}),
    "reversePoints": ("manager", {"entry": ":entry", "reason": "重复登记"}),
    "settleRedemptions": ("shop", {"merchant": ":merchant", "codes": [{"code": ":code"}]}),
    "stockPointsReward": ("shop", {"reward": ":reward", "stock": 4, "expectedVersion": 1}),
    "voteOnPointsClaim": ("reviewer", {"claim": ":peers", "approve": True}),
    "withdrawPointsClaim": ("resident 3", {"claim": ":claim"}),
}
"""Who gives each command, and with what: as it is given."""


@dataclass
class Scene:
    """A village in which something is under way everywhere."""

    village: Any
    ids: dict[str, str]

    def caller(self, name: str) -> Any:
        """A caller by what they are: `resident 2`, `manager`, `grid_worker 610921102`."""
        kind, _, which = name.partition(" ")
        server = self.village.server
        match kind:
            case "stranger":
                return server
            case "resident":
                return self.village.resident(int(which))
            case "manager" | "worker" | "leader" | "shop":
                return getattr(self.village, kind)
            case "office":
                return server.as_("points_manager", grid=COUNTY)
            case "reviewer":
                return server.as_("points_reviewer", grid=TOWN, person=str(self.village.people[int(which or 6)]))
            case "merchant":
                return server.as_("merchant", unit=self.ids["free_unit"])
        return server.as_(kind, grid=which)

    async def give(self, caller: str, command: str, given: dict[str, Any], key: str = "") -> list[tuple[str, Any]]:
        """Give a command, and tell what is wrong with it: codes with their paths."""
        asked = put_ids(given, self.ids) | {"idempotencyKey": key or str(uuid4())}
        return (await self.caller(caller).give(command, asked)).problems(command)

    async def make(self, caller: str, command: str, asks: str, more: str = "", **given: Any) -> Any:
        """Give a command that succeeds; the id of what was made, or all that was asked of it."""
        payload = await self.caller(caller).do(command, f"{asks} {{ id {more} }}", **put_ids(given, self.ids))
        assert payload["errors"] == [], payload
        return payload[asks] if more else str(payload[asks]["id"])

    async def count(self) -> list[Any]:
        """How many rows there are of everything, and what all accounts have."""
        tables = await self.village.fetch(
            "select table_name from information_schema.tables where table_schema='points'"
        )
        counted = ", ".join(f"(select count(*) from points.{one['table_name']})" for one in tables)
        sums = "(select sum(abs(balance)) from points.account), (select sum(held) from points.account)"
        return list((await self.village.fetch(f"select {counted}, {sums}"))[0].values())


async def set_scene(village: Any) -> Scene:
    """Set up all of it in a village."""
    found = Scene(village, {f"person{at}": f"Person:{key}" for at, key in enumerate(village.people)})
    ids, make = found.ids, found.make
    ids["programme"] = village.programme
    await village.open_shop()
    ids["merchant"] = village.merchant
    [(ids["free_unit"],)] = await village.fetch("select code from units.unit order by id desc limit 1")
    ids["rule"] = await village.rule(amount=10)
    ids["by_peers"] = await village.rule(code="peers", approver="PEERS", peers=2)
    assert (await village.earn(ids["rule"], "2026-06-30"))["errors"] == []
    account = await village.account(asks="id entries { nodes { id } }")
    ids["account"], ids["entry"] = account["id"], account["entries"]["nodes"][0]["id"]
    ids["reward"] = await village.reward(price=3)
    held = await make("resident 0", "redeem", "redemption", "code", reward=":reward")
    ids["redemption"], ids["code"] = held["id"], held["code"]
    ids["claim"] = await make("resident 3", "claimPoints", "claim", rule=":rule", actedOn="2026-06-30", text="扫了")
    ids["peers"] = await make("resident 3", "claimPoints", "claim", rule=":by_peers", actedOn="2026-06-30", text="扫了")
    ids["refused"] = await make("resident 4", "claimPoints", "claim", rule=":rule", actedOn="2026-06-30", text="扫了")
    refusal = {"claim": ":refused", "approve": False, "note": "照片不清", "expectedVersion": 1}
    await make("worker", "decidePointsClaim", "claim", **refusal)
    ids["objection"] = await make("resident 4", "objectToPoints", "objection", claim=":refused", reason="确已打扫")
    for name, code in (("proposed", "later"), ("adoptable", "soon")):
        rule = await make(
            "manager", "proposePointsRule", "rule", "name", programme=":programme", **RULE | {"code": code}
        )
        ids[name] = rule["id"]
        if name == "adoptable":
            await village.adopt(rule["name"])
    ids["act"] = await make("office", "publishPointsAct", "act", **ACT)
    ids["honour"] = await make("manager", "addPointsHonour", "honour", programme=":programme", **HONOUR)
    given = await make("manager", "addPointsHonour", "honour", programme=":programme", **HONOUR | {"code": "given"})
    ids["given"] = given
    ids["award"] = await make("manager", "awardPointsHonour", "award", honour=given, account=":account")
    ids["group"] = await make(
        "manager", "openPointsGroup", "account", programme=":programme", name="队", leader=":person5"
    )
    return found
