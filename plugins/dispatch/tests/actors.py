"""Who does what in the stories of dispatch, and the cases they start from."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from gongzhi_server.testing import Server

COUNTY, TOWN = "610921", "610921101"
POWER, WATER, ROADS, SAFETY = "610921-GDGS", "610921-SLJ", "610921-JTJ", "610921-YJJ"
TOWN_HALL = "610921101-ZF"
PLACE = {"longitude": 108.51, "latitude": 32.89, "crs": "WGS84"}
MATTER = {
    "kind": "HELP",
    "channel": "MINI_APP",
    "category": "utilities.electricity",
    "title": "电线杆倒向房屋",
    "description": "屋后电线杆被树压斜",
    "place": PLACE,
}
CASE = "case { number status version leadUnit { code } supportUnits { code } }"
ORDERS = """query($n: String!) { case(number: $n) { version status returns firstReceiver { code }
  workOrders { nodes { id role state unit { code } dueAt light extended contribution version } }
  timeline(last: 50) { type } } }"""


def opening(desks: Desks) -> None:
    """Go on to ten in the morning of the next Tuesday; tokens are to be had anew."""
    clock = desks.server.clock
    tomorrow = clock().replace(hour=2, minute=0, second=0, microsecond=0) + timedelta(days=1)
    clock.time = tomorrow + timedelta(days=(1 - tomorrow.weekday()) % 7)


class Desks:
    """The county's desks."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.town = server.as_("town_dispatcher", grid=TOWN, sub="town")
        self.county = server.as_("county_dispatcher", grid=COUNTY, sub="county one")
        self.other = server.as_("county_dispatcher", grid=COUNTY, sub="county two")
        self.admin = server.as_("administrator", sub="admin")

    def unit(self, code: str, sub: str = "") -> Server:
        return self.server.as_("department_handler", unit=code, sub=sub or code)

    async def reported(self, **more: object) -> dict[str, Any]:
        payload = await self.server.do("reportCase", "case { number } receiptCode", **{**MATTER, **more})
        assert payload["errors"] == []
        return {"number": payload["case"]["number"], "receiptCode": payload["receiptCode"]}

    async def accepted(self, **more: object) -> dict[str, Any]:
        found = await self.reported(**more)
        await self.step(self.county, "acceptCase", found["number"], 1)
        return found

    async def dispatched(self, lead: str = POWER, support: tuple[str, ...] = (), **more: object) -> dict[str, Any]:
        """A case at version 3, given to the units by the town."""
        found = await self.accepted(**more)
        await self.step(self.town, "dispatchCase", found["number"], 2, leadUnit=lead, supportUnits=list(support))
        return found

    async def handling(self, lead: str = POWER, support: tuple[str, ...] = ()) -> dict[str, Any]:
        """A case at version 4, being handled."""
        found = await self.dispatched(lead, support)
        await self.step(self.unit(lead), "handleCase", found["number"], 3)
        return found

    async def replied(self, **more: object) -> dict[str, Any]:
        """A case at version 5, answered."""
        found = await self.dispatched(**more)
        await self.step(self.unit(POWER), "handleCase", found["number"], 3)
        await self.step(self.unit(POWER), "replyToCase", found["number"], 4, text="已扶正加固。")
        return found

    async def step(self, caller: Server, mutation: str, number: str, version: int, **more: object) -> Any:
        payload = await caller.do(mutation, CASE, number=number, expectedVersion=version, **more)
        assert payload["errors"] == [], payload
        return payload["case"]

    async def state(self, number: str, caller: Server | None = None) -> Any:
        """The case with its work orders, as the county sees it."""
        found = (await (caller or self.county).ask(ORDERS, n=number)).data["case"]
        return {
            **found,
            "orders": {one["unit"]["code"]: one for one in found["workOrders"]["nodes"]},
            "steps": [one["type"] for one in found["timeline"]],
        }


def refused(payload: dict[str, Any]) -> list[str]:
    return [one["code"] for one in payload["errors"]]
