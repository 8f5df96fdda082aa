"""Following cases: what is told, to whom, from where."""

from __future__ import annotations

from .conftest import EVENTS, Station


async def test_events_arrive_in_order(station: Station) -> None:
    county = station.as_("county_dispatcher", grid="610921")
    follower = await county.follow(EVENTS)
    number = await county.report()
    await county.take("acceptCase", number)
    first, second = await follower.event(), await follower.event()
    assert [first["type"], second["type"]] == ["case.reported", "case.accepted"]
    assert second["data"] == {"number": number, "from": "REPORTED", "to": "ACCEPTED"}
    assert first["case"]["number"] == number and first["cursor"] != second["cursor"]
