"""Stories over HTTP: what devices read becomes a case, comes again, is over, and is told at any hour."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from gongzhi_devices import watching

from .conftest import COUNTY, UNIT, VILLAGE, Network

pytestmark = pytest.mark.asyncio(loop_scope="module")
HOLDING = """insert into accounts.holding (id, account_id, role, grid_id, since, granted_by)
select gen_random_uuid(), a.id, 'integrator', g.id, '2026-01-01', 'console' from accounts.account a, grids.grid g
where a.name=$1 and g.code='610921' and g.valid_to is null"""
REPEATED, RECOVERED = "devices.alarm_repeated", "devices.alarm_recovered"


async def test_high_water_becomes_a_case(network: Network) -> None:
    """By an API key, at night: the keeper is told, what comes again is counted, and an answered case is not reused."""
    kind = await network.kind()
    id, code = await network.register(kind, place={"longitude": 108.51, "latitude": 32.89, "crs": "WGS84"})
    await network.define(kind, minutes=5, urgency="EMERGENCY")
    administrator = network.server.as_("administrator")
    made = await administrator.do("addAccount", "account { id } code", name="sluices", grid=COUNTY)
    signed = (await network.server.post("invitation", code=made["code"], password="correct horse battery")).body
    await network.fetch(HOLDING, "sluices")
    owner = network.server.with_token(signed["accessToken"])
    key = await owner.do("createApiKey", "secret", label="sluices", permissions=["devices.report"])
    system = network.server.with_token(key["secret"])
    network.server.clock.move(hours=13)

    async def report(*values: float) -> Any:
        entries = [
            {"device": code, "measure": "level", "value": value, "at": network.ago(minutes=len(values) - 1 - at)}
            for at, value in enumerate(values)
        ]
        return (await network.post(entries, system)).json()

    # Four minutes beyond it are no alarm yet.
    assert await report(1.2, 3.4, 3.5, 3.6, 3.4, 3.4) == {"new": 6, "repeated": 0, "errors": []}
    assert await network.alarms(id) == [] and (await network.see(id))["state"] == "NORMAL"
    network.server.clock.move(minutes=1)
    await report(3.7)
    [alarm] = await network.alarms(id)
    case = alarm["case"]
    assert (alarm["state"], alarm["value"], alarm["times"]) == ("ACTIVE", 3.7, 1)
    assert (case["status"], case["urgency"], case["deviceAlarms"]) == ("REPORTED", "EMERGENCY", [{"id": alarm["id"]}])
    assert case["title"] == f"测试设备 {code}：水位高于 3m" and "读数 3.7m，持续 5 分钟以上" in case["description"]
    assert (await network.see(id))["state"] == "ALARM"
    assert await network.told(alarm["id"]) == ["An alarm of a device"]
    # It goes out now, and wakes whoever has duty, though it is night.
    rows = await network.fetch("select due_at, wakes from notices.notice where about=$1", alarm["id"])
    assert {(one["due_at"], one["wakes"]) for one in rows} == {(None, True)} and len(rows) == 2
    network.server.clock.move(minutes=20)
    await report(2.0)
    network.server.clock.move(minutes=20)
    # Both the reading and what lasts long enough without another one.
    await report(3.9)
    network.server.clock.move(minutes=6)
    await network.run_jobs()
    [alarm] = await network.alarms(id)
    assert (alarm["state"], alarm["times"], alarm["value"]) == ("ACTIVE", 2, 3.9)
    told = await network.timeline(case["number"])
    assert [one["type"] for one in told] == [RECOVERED, REPEATED]
    assert "累计告警 2 次，最近一次" in told[1]["note"] and told[1]["title"]
    assert len(await network.told(alarm["id"])) == 3
    # Answered, the case is over; the water still stands high, so there is another one.
    await settle(network, case["number"])
    await report(4.1)
    last, first = await network.alarms(id)
    assert first["id"] == alarm["id"] and first["endedAt"] and last["times"] == 1
    assert last["case"]["number"] != case["number"] and last["state"] == "ACTIVE"


async def settle(network: Network, number: str) -> None:
    """Accept a case and answer it in the grid."""
    leader = network.server.as_("grid_leader", grid=VILLAGE, sub="leader")
    for mutation, given in (("acceptCase", {}), ("handleInGrid", {"text": "已现场处置。"})):
        caller = network.manager if mutation == "acceptCase" else leader
        [row] = await network.fetch('select version from cases."case" where number=$1', number)
        asked = {"number": number, "expectedVersion": row["version"]} | given
        assert (await caller.do(mutation, "case { status }", **asked))["errors"] == [], mutation


async def test_what_comes_again_is_not_told_each_time(network: Network) -> None:
    """A signal that flutters is counted each time, and told every ten minutes; whoever acknowledged hears its end."""
    kind = await network.kind()
    id, code = await network.register(kind)
    await network.define(kind, measure="opened", threshold=None)
    await network.signal(code)
    [alarm] = await network.alarms(id)
    for _ in range(5):
        network.server.clock.move(minutes=1)
        await network.signal(code, False, at=network.ago(seconds=30))
        await network.signal(code)
    [alarm] = await network.alarms(id)
    assert alarm["times"] == 6 and alarm["state"] == "ACTIVE" and alarm["case"]["title"].endswith("：开启告警")
    # That it was over was told once; that it goes on is told before long, whether or not it is sent again.
    assert [one["type"] for one in await network.timeline(alarm["case"]["number"])] == [RECOVERED]
    network.server.clock.move(minutes=10)
    [alarm] = await network.alarms(id)
    assert [one["type"] for one in await network.timeline(alarm["case"]["number"])] == [RECOVERED, REPEATED]
    told = len(await network.told(alarm["id"]))
    assert await network.give(network.keeper, "acknowledgeDeviceAlarm", alarm["id"]) == []
    network.server.clock.move(minutes=15)
    await network.signal(code)
    [alarm] = await network.alarms(id)
    assert (alarm["times"], alarm["acknowledgedBy"]) == (7, "keeper")
    assert len(await network.told(alarm["id"])) == told
    await network.signal(code, False, at=(network.now + timedelta(seconds=9)).isoformat())
    [alarm] = await network.alarms(id)
    assert alarm["state"] == "RECOVERED" and alarm["recoveredAt"]
    assert (await network.told(alarm["id"]))[0] == "A device reads as it should again"


async def test_quiet_times_and_work_on_a_device_hold_alarms_back(network: Network) -> None:
    """What lasts beyond them is raised by the clock, without another reading."""
    kind = await network.kind()
    id, code = await network.register(kind)
    begins = network.now + timedelta(hours=8)
    quiet = [f"{begins + timedelta(hours=by):%H:%M}" for by in (-1, 1)]
    await network.define(kind, quietFrom=quiet[0], quietUntil=quiet[1])
    await network.report(code, 3.5)
    assert await network.alarms(id) == []
    network.server.clock.move(minutes=61)
    assert len(await network.alarms(id)) == 1
    other, code = await network.register(kind)
    until = (network.now + timedelta(hours=2)).isoformat()
    assert await network.give(network.keeper, "silenceDevice", other, until=until) == []
    await network.report(code, 3.5)
    assert await network.alarms(other) == [] and (await network.see(other))["state"] == "SILENCED"
    network.server.clock.move(hours=1)
    assert await network.give(network.keeper, "silenceDevice", other, until=None) == []
    assert len(await network.alarms(other)) == 1


async def test_quiet_rules_stand_in_nobodys_way(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of more devices than one run looks at, those whose rules are quiet do not take the places of the others."""
    kind, loud = await network.kind(), await network.kind()
    begins = network.now + timedelta(hours=8)
    times = {"quietFrom": f"{begins:%H:%M}", "quietUntil": f"{begins + timedelta(hours=12):%H:%M}"}
    await network.define(kind, trigger="SILENT", minutes=60, **times)
    await network.define(loud, trigger="SILENT", minutes=60)
    quiet = [(await network.register(kind))[0] for _ in range(2)]
    heard, _ = await network.register(loud)
    monkeypatch.setattr(watching, "SILENT", watching.SILENT.replace(f"limit {watching.MOST}", "limit 1"))
    network.server.clock.move(minutes=61)
    # Devices of other stories may be silent, too, and come first.
    for _ in range(5):
        network.server.clock.move(minutes=1)
        found = await network.alarms(heard)
    assert len(found) == 1
    assert [await network.alarms(one) for one in quiet] == [[], []]


async def test_silence_is_found_and_over(network: Network) -> None:
    """Of a device that reported once, and of one that never has."""
    kind = await network.kind()
    id, code = await network.register(kind)
    never, _ = await network.register(kind)
    await network.define(kind, trigger="SILENT", minutes=60, urgency="ROUTINE")
    assert (await network.see(never))["state"] == "NEW"
    network.server.clock.move(minutes=30)
    await network.report(code, 1.0)
    network.server.clock.move(minutes=40)
    assert await network.alarms(id) == []
    [alarm] = await network.alarms(never)
    assert (alarm["rule"], alarm["value"]) == ({"trigger": "SILENT"}, None) and "离线超过 60 分钟" in alarm["case"][
        "title"
    ]
    assert (await network.see(never))["state"] == "OFFLINE"
    network.server.clock.move(minutes=30)
    [alarm] = await network.alarms(id)
    await network.report(code, 1.0)
    [alarm] = await network.alarms(id)
    seen = await network.see(id)
    assert (alarm["state"], seen["state"], seen["offlineAt"]) == ("RECOVERED", "NORMAL", None)
    assert [one["type"] for one in await network.timeline(alarm["case"]["number"])] == [RECOVERED]


async def test_sent_again_is_kept_once(network: Network) -> None:
    """By time, or by the device's own number where it has no clock; two batches at once are one."""
    kind = await network.kind()
    id, code = await network.register(kind)
    await network.define(kind)
    batch = [
        {"device": code, "measure": "level", "value": 3.2, "at": network.ago(minutes=9)},
        {"device": code, "measure": "battery", "value": 80, "sequence": 7},
        {"device": code, "measure": "battery", "value": 79, "sequence": 8},
        {"device": code, "measure": "level", "value": 3.2, "at": network.ago(minutes=9)},
    ]
    answers = [one.json() for one in await asyncio.gather(*(network.post(batch) for _ in range(3)))]
    assert sorted(one["new"] for one in answers) == [0, 0, 3]
    network.server.clock.move(minutes=1)
    assert await network.take(batch) == {"new": 0, "repeated": 4, "errors": []}
    [alarm] = await network.alarms(id)
    assert alarm["times"] == 1
    gauges = {one["measure"]: one for one in (await network.see(id))["gauges"]}
    assert [one["sequence"] for one in gauges["battery"]["readings"]["nodes"]] == [8, 7]
    # What comes late is history: neither the last reading nor an alarm goes back by it.
    assert (await network.report(code, 1.0, at=network.ago(minutes=30)))["new"] == 1
    [alarm] = await network.alarms(id)
    level = next(one for one in (await network.see(id))["gauges"] if one["measure"] == "level")
    assert (level["value"], alarm["state"], len(level["readings"]["nodes"])) == (3.2, "ACTIVE", 2)


async def test_old_readings_go_and_raise_nothing(network: Network) -> None:
    """What is more than a day old is history, and what is older than the county keeps is deleted."""
    kind = await network.kind()
    id, code = await network.register(kind)
    await network.define(kind)
    await network.report(code, 9.0, at=network.ago(days=6))
    await network.report(code, 1.0)
    assert await network.alarms(id) == []
    payload = await network.server.as_("administrator", grid=COUNTY).do(
        "setCountySetting", "county { code }", county=COUNTY, setting="devices.days_kept", value="3"
    )
    assert payload["errors"] == [], payload
    network.server.clock.move(hours=2)
    await network.run_jobs()
    [gauge] = (await network.see(id))["gauges"]
    assert [one["value"] for one in gauge["readings"]["nodes"]] == [1.0]


async def test_many_at_once_are_few_statements(network: Network) -> None:
    """Each device that is beyond its rule has a case of its own, in the grid where it lies."""
    kind = await network.kind()
    made = [await network.register(kind) for _ in range(8)]
    await network.define(kind)
    at = network.ago(seconds=1)
    body = await network.take([{"device": code, "measure": "level", "value": 5, "at": at} for _, code in made])
    assert body["new"] == 8
    await network.run_jobs()
    numbers = {(await network.alarms(id))[0]["case"]["number"] for id, _ in made}
    assert len(numbers) == 8
    rows = await network.fetch(
        'select distinct g.code, h.code channel, c.external, c.origin from cases."case" c join grids.grid g '
        "on g.id=c.grid_id join cases.channel h on h.id=c.channel_id where c.number=any($1)",
        list(numbers),
    )
    assert [tuple(one) for one in rows] == [(VILLAGE, "IOT", True, "PROACTIVE")]


async def test_merged_case_counts_where_it_went(network: Network) -> None:
    """What comes again belongs to the case that the alarm's own was merged into, as long as that is under way."""
    kind = await network.kind()
    id, code = await network.register(kind)
    other, second = await network.register(kind)
    await network.define(kind)
    await network.report(code, 4.0)
    await network.report(second, 4.0)
    [alarm], [main] = await network.alarms(id), await network.alarms(other)
    number = main["case"]["number"]
    [row] = await network.fetch('select version from cases."case" where number=$1', number)
    given = {"number": number, "merge": [alarm["case"]["number"]], "expectedVersion": row["version"]}
    await network.done(network.manager, "mergeCases", "case { status }", **given)
    network.server.clock.move(minutes=11)
    await network.report(code, 1.0, 4.0)
    [alarm] = await network.alarms(id)
    assert alarm["times"] == 2
    # It was over for a minute, and is told as it stands now.
    assert [one["type"] for one in await network.timeline(number)] == [REPEATED]


async def test_retired_devices_and_ended_rules_raise_nothing(network: Network) -> None:
    """Their cases go on; the device's code stays taken, and readings of it are refused."""
    kind = await network.kind()
    id, code = await network.register(kind)
    rule = await network.define(kind)
    await network.report(code, 4.0)
    [alarm] = await network.alarms(id)
    assert await network.give(network.manager, "endDeviceRule", rule) == []
    [alarm] = await network.alarms(id)
    assert alarm["endedAt"] and alarm["case"]["status"] == "REPORTED"
    network.server.clock.move(minutes=1)
    await network.report(code, 1.0, 4.0)
    assert len(await network.alarms(id)) == 1
    assert await network.give(network.manager, "retireDevice", id) == []
    reply = await network.post([{"device": code, "measure": "level", "value": 1, "at": network.ago()}])
    assert [(one["field"], one["code"]) for one in reply.json()["errors"]] == [("device", "ILLEGAL_TRANSITION")]
    assert (await network.see(id))["state"] == "RETIRED"
    payload = await network.manager.do(
        "registerDevice",
        "device { id }",
        **{"grid": VILLAGE, "code": code, "name": "再次", "kind": kind, "unit": UNIT, "keeper": "keeper"},
    )
    assert [(one["code"], one["path"]) for one in payload["errors"]] == [("DUPLICATE", ["code"])]


async def test_events_say_ids_and_numbers_alone(network: Network) -> None:
    """A wall or another system hears of an alarm by its id, and asks for the rest."""
    kind = await network.kind()
    id, code = await network.register(kind)
    await network.define(kind)
    await network.report(code, 4.0)
    [alarm] = await network.alarms(id)
    [row] = await network.fetch(
        "select data::text, grid_id from events.outbox where type='devices.alarm_changed' order by seq desc limit 1"
    )
    assert alarm["id"].partition(":")[2] in row["data"] and code not in row["data"]
    assert datetime.fromisoformat(alarm["raisedAt"]) == network.now
