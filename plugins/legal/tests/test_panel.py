"""The panel: who helps here, who is on duty, what is free, and that a time is booked once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

PANEL = """query($grid: String!) { grid(code: $grid) { legalPanel {
  id name kind languages onDuty nextSlot { id startsAt place } } } }"""
SHIFT = {"startsAt": "2026-06-30T03:00:00Z", "endsAt": "2026-06-30T09:00:00Z", "place": "村法律服务室"}
SLOT = {"startsAt": "2026-07-01T01:00:00Z", "endsAt": "2026-07-01T02:00:00Z", "place": "镇司法所"}


async def offer(town: Any, **given: Any) -> Any:
    return await town.counsellor().do(
        "offerLegalSlots", "adviser { slots { id } }", adviser=town.advisers["lawyer"], meeting="OFFICE",
        slots=[SLOT], **given,
    )  # fmt: skip


async def panel(town: Any, grid: str = "") -> dict[str, Any]:
    answer = await town.server.ask(PANEL, grid=grid or town.village)
    return {one["name"]: one for one in answer.data["grid"]["legalPanel"]}


async def test_everybody_sees_who_helps(town: Any) -> None:
    assert set(await panel(town)) == {"village", "town", "county", "lawyer"}
    assert set(await panel(town, "610921102")) == {"county"}, "those of another town do not serve here"
    done = await town.mediator().do(
        "addLegalShifts", "adviser { onDuty }", adviser=town.advisers["village"], shifts=[SHIFT]
    )
    assert done == {"adviser": {"onDuty": False}, "errors": []}
    town.server.clock.move(hours=2)
    found = await panel(town)
    assert found["village"]["onDuty"] and not found["town"]["onDuty"]
    assert found["village"]["languages"] == ["普通话", "汉阴话"]


async def test_next_slot_is_the_next_free_one(town: Any, codes: Any) -> None:
    [first] = (await offer(town))["adviser"]["slots"]
    assert codes(await offer(town)) == ["DUPLICATE"], "one cannot be at two places"
    assert (await panel(town))["lawyer"]["nextSlot"] == {
        "id": first["id"], "startsAt": "2026-07-01T01:00:00+00:00", "place": "镇司法所",
    }  # fmt: skip
    booked = await town.resident().do("bookLegalSlot", "booking { id slot { free } }", slot=first["id"])
    assert booked["booking"]["slot"] == {"free": False}
    assert (await panel(town))["lawyer"]["nextSlot"] is None
    mine = await town.resident(1).ask("query($id: ID!) { node(id: $id) { id } }", id=booked["booking"]["id"])
    assert mine.data["node"] is None, "who comes is nobody else's business"
    gone = await town.resident().do("cancelLegalBooking", "booking { slot { free } }", booking=booked["booking"]["id"])
    assert gone["booking"]["slot"] == {"free": True}
    assert codes(await town.resident(1).do("bookLegalSlot", "booking { id }", slot=first["id"])) == []


async def test_slot_is_booked_once(town: Any, codes: Any, together: Any) -> None:
    """Six at the same moment: one gets it, five are told why not."""
    [slot] = (await offer(town))["adviser"]["slots"]
    asked = [town.resident(at).do("bookLegalSlot", "booking { id }", slot=slot["id"]) for at in range(6)]
    found = [codes(one) for one in await together(*asked)]
    assert sorted(found) == [[]] + [["SLOT_TAKEN"]] * 5
    [(count,)] = await town.fetch("select count(*) from legal.booking")
    assert count == 1


@pytest.mark.slow
async def test_times_are_ahead_and_short(town: Any, codes: Any) -> None:
    for start, end in (
        ("2026-06-29T01:00:00Z", "2026-06-29T02:00:00Z"),
        ("2026-07-02T01:00:00Z", "2026-07-04T01:00:00Z"),
    ):
        wrong = {**SLOT, "startsAt": start, "endsAt": end}
        made = await town.counsellor().do(
            "offerLegalSlots", "adviser { id }", adviser=town.advisers["lawyer"], meeting="PHONE", slots=[wrong]
        )
        assert codes(made) == ["BAD_USER_INPUT"] and made["errors"][0]["path"] == ["slots", "0", "startsAt"]
    others = await town.mediator().do(
        "offerLegalSlots", "adviser { id }", adviser=town.advisers["lawyer"], meeting="PHONE", slots=[SLOT]
    )
    assert codes(others) == ["FORBIDDEN"]
    [slot] = (await offer(town))["adviser"]["slots"]
    town.server.clock.move(days=2)
    assert codes(await town.resident().do("bookLegalSlot", "booking { id }", slot=slot["id"])) == ["SLOT_OVER"]


BAD: tuple[tuple[dict[str, Any], str, list[str]], ...] = (
    ({"serves": ["610921999"]}, "NOT_FOUND", ["serves", "0"]),
    ({"serves": []}, "BAD_USER_INPUT", ["serves"]),
    ({"capacity": 0}, "BAD_USER_INPUT", ["capacity"]),
    ({"dutyPhone": "12"}, "BAD_USER_INPUT", ["dutyPhone"]),
    ({"account": "mediator-village"}, "DUPLICATE", ["account"]),
)


@pytest.mark.slow
async def test_bad_adviser_is_refused(town: Any) -> None:
    for given, code, path in BAD:
        asked = {"name": "某", "kind": "MEDIATOR", "qualification": "证", "grid": "610921", "serves": ["610921100"]}
        made = await town.manager.do("addLegalAdviser", "adviser { id }", **asked | {"account": "x"} | given)
        [error] = made["errors"]
        assert (error["code"], error["path"]) == (code, path)


@pytest.mark.slow
async def test_conflict_keeps_appointments_apart(town: Any, codes: Any) -> None:
    [slot] = (await offer(town))["adviser"]["slots"]
    declared = await town.server.as_(
        "counsellor", sub="counsellor-lawyer", grid="610921", person=str(town.people[0])
    ).do("declareLegalConflict", "conflict { id }", adviser=town.advisers["lawyer"], person=town.person(0))
    assert codes(declared) == []
    refused = await town.resident().do("bookLegalSlot", "booking { id }", slot=slot["id"])
    assert codes(refused) == ["CONFLICT_OF_INTEREST"]
    assert codes(await town.resident(1).do("bookLegalSlot", "booking { id }", slot=slot["id"])) == []


@pytest.mark.slow
async def test_nobody_leaves_with_open_matters(town: Any, codes: Any) -> None:
    await town.request()
    asked = {"adviser": town.advisers["village"]}
    assert codes(await town.manager.do("endLegalAdviser", "adviser { id }", **asked)) == ["OPEN_MATTERS"]
    free = await town.manager.do("endLegalAdviser", "adviser { leftOn }", adviser=town.advisers["county"])
    assert free["adviser"]["leftOn"] == "2026-06-30"
    assert "county" not in await panel(town)


@pytest.mark.slow
async def test_demo_county_has_a_panel(town: Any, plugins: Any, tmp_path: Path) -> None:
    """It is furnished with the county, and a second time nothing comes twice."""
    from gongzhi_server.cli.plugin_commands import run_errand
    from gongzhi_server.testing import settings_for_tests

    for name in ("demo", "demo"):
        [errand] = [one for one in plugins.errands["legal"] if one.name == name]
        assert (
            await run_errand(settings_for_tests(town.dsn, tmp_path), town.dsn, "legal", errand, {}, town.server.clock)
            == 0
        )
    found = await town.fetch("select name from legal.adviser where name like '%演示%'")
    assert len(found) == 4
    asked = '{ legalEntries(filter: { answer: { contains: "支付令" } }) { totalCount } }'
    assert (await town.server.ask(asked)).data["legalEntries"] == {"totalCount": 1}
