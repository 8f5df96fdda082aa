"""Who calls, comes, supervises and declares in the stories."""

from __future__ import annotations

from typing import Any

from gongzhi_server.testing import Clock, Server

COUNTY, TOWN, VILLAGE = "610921", "610921101", "610921101222"
POWER, WATER, TOWN_HALL = "610921-GDGS", "610921-SLJ", "610921101-ZF"
MATTER = {
    "kind": "HELP",
    "channel": "MINI_APP",
    "category": "utilities.electricity",
    "title": "电线杆倒向房屋",
    "description": "屋后电线杆被树压斜",
    "place": {"longitude": 108.51, "latitude": 32.89, "crs": "WGS84"},
}


def opening(clock: Clock) -> None:
    """Go on to ten in the morning of the next Tuesday."""
    clock.move(minutes=1)
    while (clock().weekday(), clock().hour) != (1, 2):
        clock.move(hours=1)
    clock.move(minutes=-clock().minute)


class Offices:
    """The offices; a moved clock needs them anew, for a token ends."""

    def __init__(self, server: Server) -> None:
        self.server = server

    @property
    def town(self) -> Server:
        return self.server.as_("town_dispatcher", grid=TOWN, sub="town")

    @property
    def county(self) -> Server:
        return self.server.as_("county_dispatcher", grid=COUNTY, sub="county")

    @property
    def village(self) -> Server:
        return self.server.as_("grid_leader", grid=VILLAGE, sub="village")

    def unit(self, code: str) -> Server:
        return self.server.as_("department_handler", unit=code, sub=code)

    async def case(self, handling: bool = True) -> str:
        """A case of the power company: its number."""
        payload = await self.server.do("reportCase", "case { number } receiptCode", **MATTER)
        number: str = payload["case"]["number"]
        await self.do(self.county, "acceptCase", "case { status }", number=number, expectedVersion=1)
        given = {"number": number, "expectedVersion": 2, "leadUnit": POWER}
        await self.do(self.town, "dispatchCase", "case { status }", **given)
        if handling:
            await self.do(self.unit(POWER), "handleCase", "case { status }", number=number, expectedVersion=3)
        return number

    async def do(self, caller: Server, mutation: str, selection: str, **given: object) -> Any:
        """The payload of what nothing is wrong with."""
        payload = await caller.do(mutation, selection, **given)
        assert payload["errors"] == [], payload
        return payload

    async def told(self, caller: Server, kind: str, about: str | None = None) -> int:
        """How many notices of a kind somebody has, or of those how many about this, of the last fifty."""
        asked = """query($k: String!) { me { notices(filter: { kind: { equals: $k } }, first: 50) {
          totalCount nodes { about } } } }"""
        found = (await caller.ask(asked, k=kind)).data["me"]["notices"]
        if about is None:
            return int(found["totalCount"])
        return sum(one["about"] == about for one in found["nodes"])


def refused(payload: dict[str, Any]) -> list[tuple[str, list[str]]]:
    return [(one["code"], one["path"]) for one in payload["errors"]]
