"""Parts of the whole: what the bridge does when the server is away, changes on record, and many at once."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from gongzhi_devices import bridge as bridging
from gongzhi_devices.bridge import MqttBridge
from gongzhi_devices.settings import DeviceSettings, read_broker, read_server
from gongzhi_server.plugins.choices import read_choices

from .conftest import COUNTY, ELSEWHERE, OTHER_UNIT, UNIT, VILLAGE, Network

pytestmark = pytest.mark.asyncio(loop_scope="module")


def message(payload: bytes, topic: str = f"devices/{COUNTY}/a") -> Any:
    return 1, SimpleNamespace(topic=topic, payload=payload, mid=1, qos=1)


def served(*replies: httpx.Response | Exception) -> tuple[httpx.Client, list[bytes]]:
    """A client whose server answers so, in turn, and what it was sent."""
    waiting, sent = list(replies), []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request.read())
        reply = waiting.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return reply

    return httpx.Client(base_url="http://server", transport=httpx.MockTransport(answer)), sent


TAKEN = httpx.Response(200, json={"new": 1, "repeated": 0, "errors": []})


async def test_bridge_sends_again_until_it_is_taken(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """While the server is away, busy or refuses the key, nothing is acknowledged; what is wrong is said."""
    monkeypatch.setattr(bridging, "AGAIN", 0)
    made = MqttBridge(DeviceSettings(), COUNTY)
    fault = {"entry": 0, "field": "device", "code": "NOT_FOUND", "message": "There is no such device."}
    last = httpx.Response(200, json={"new": 0, "repeated": 0, "errors": [fault]})
    server, sent = served(httpx.ConnectError("away"), httpx.Response(401), httpx.Response(429), last)
    assert made.hand_on(server, [message(b'{"measure": "level", "value": 1, "sequence": 1}')])
    assert len(sent) == 4 and len(set(sent)) == 1
    said = capsys.readouterr().err
    assert "ConnectError" in said and "401" in said and "a: device: There is no such device." in said


async def test_bridge_cuts_up_what_is_too_long() -> None:
    """A message may hold more entries than a batch takes; one that holds none is acknowledged without a request."""
    made = MqttBridge(DeviceSettings(), COUNTY)
    server, sent = served(TAKEN, TAKEN)
    entries = b"[" + b",".join([b'{"alarm": "opened", "sequence": 1}'] * 501) + b"]"
    assert made.hand_on(server, [message(entries), message(b"nothing")])
    assert [one.count(b"sequence") for one in sent] == [500, 1]
    assert made.hand_on(server, [message(b"nothing")]) and len(sent) == 2


async def test_bridge_waits_for_more_only_while_there_are_few(monkeypatch: pytest.MonkeyPatch) -> None:
    """A broker that sends twenty and waits for their acknowledgement is not kept waiting for more."""
    monkeypatch.setattr(bridging, "SECONDS", 3_600)
    made = MqttBridge(DeviceSettings(), COUNTY)
    for _ in range(20):
        made.messages.put(message(b"{}"))
    assert len(made.gather()) == 20
    for _ in range(501):
        made.messages.put(message(b"{}"))
    assert len(made.gather()) == 500


async def test_bridge_that_is_stopped_leaves_the_rest_to_the_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bridging, "AGAIN", 0)
    made = MqttBridge(DeviceSettings(), COUNTY)
    server, _ = served(httpx.ConnectError("away"))
    made.stop()
    assert not made.hand_on(server, [message(b'{"alarm": "opened", "sequence": 1}')])
    assert made.gather() == []


@pytest.mark.parametrize("text", ["broker", "mqtt://", "http://broker", "mqtt://broker/topic"])
async def test_wrong_addresses_are_refused_without_being_repeated(text: str) -> None:
    for read in (read_broker, read_server) if not text.startswith("http") else (read_broker,):
        with pytest.raises(ValueError) as refused:
            read(text)
        assert text not in str(refused.value) or text in ("broker", "mqtt://")
    assert read_broker("mqtts://user:secret@broker:8883") and read_server("https://server/") == "https://server"


async def test_operators_set_the_bridge_by_its_variables(plugins: Any, tmp_path: Path) -> None:
    """And the server needs none of them."""
    given = {
        "GONGZHI_DEVICES_MQTT": "mqtts://bridge:secret@broker",
        "GONGZHI_DEVICES_MQTT_CA": "/etc/broker.pem",
        "GONGZHI_DEVICES_SERVER": "https://gongzhi.example.org/",
        "GONGZHI_DEVICES_KEY": "gzk_1",
    }
    chosen = read_choices(plugins, given, tmp_path)[DeviceSettings]
    assert (chosen.server, chosen.mqtt_ca) == ("https://gongzhi.example.org", Path("/etc/broker.pem"))
    assert read_choices(plugins, {}, tmp_path)[DeviceSettings] == DeviceSettings()


async def test_changes_on_record_hold_from_then_on(network: Network) -> None:
    """A device that was moved has its alarms where it is, and a new keeper is told in the place of the old one."""
    kind = await network.kind()
    id, code = await network.register(kind)
    await network.define(kind, grid=ELSEWHERE)
    await network.report(code, 9.0)
    assert await network.alarms(id) == []
    await network.account("second")
    given = {"grid": ELSEWHERE, "unit": OTHER_UNIT, "keeper": "second", "name": "渠尾 2 号"}
    place = {"longitude": 108.5, "latitude": 32.9, "crs": "CGCS2000"}
    assert await network.give(network.manager, "editDevice", id, **given, place=place) == []
    network.server.clock.move(minutes=1)
    await network.report(code, 9.0)
    [alarm] = await network.alarms(id)
    seen = await network.see(id)
    assert (seen["grid"]["code"], seen["unit"]["code"], seen["keeper"], seen["version"]) == (
        ELSEWHERE, OTHER_UNIT, "second", 2,
    )  # fmt: skip
    assert (seen["name"], seen["longitude"], seen["latitude"]) == ("渠尾 2 号", 108.5, 32.9)
    second = network.server.as_("grid_worker", grid=VILLAGE, sub="second")
    handler = network.server.as_("department_handler", unit=OTHER_UNIT, sub="handler")
    former = network.server.as_("department_handler", unit=UNIT, sub="former")
    told = [await network.told(alarm["id"], one) for one in (second, handler, network.keeper, former)]
    assert [len(one) for one in told] == [1, 1, 0, 0]
    assert await network.see(id, former) is None


async def test_devices_that_no_rule_looks_at_are_found(network: Network) -> None:
    """What would never raise anything is named to operators before it is missed."""
    from gongzhi_devices.registers import UNWATCHED

    kind = await network.kind()
    [before] = await network.fetch(UNWATCHED.sql)
    await network.register(kind)
    [after] = await network.fetch(UNWATCHED.sql)
    await network.define(kind)
    [watched] = await network.fetch(UNWATCHED.sql)
    assert after[0] == before[0] + 1 == watched[0] + 1


async def test_who_comes_at_once_waits_and_none_is_lost(network: Network) -> None:
    """Batches with the same devices in other orders, and people who silence and acknowledge them, at the same time."""
    kind = await network.kind()
    made = [await network.register(kind) for _ in range(5)]
    await network.define(kind, measure="opened", threshold=None)
    codes = [code for _, code in made]

    def batch(number: int) -> list[dict[str, Any]]:
        order = codes if number % 2 else codes[::-1]
        return [
            {"device": one, "alarm": "opened", "sequence": number, "at": network.ago(minutes=9 - number)}
            for one in order
        ]

    assert (await network.post(batch(0))).json()["new"] == 5
    alarms = [(await network.alarms(id))[0] for id, _ in made]
    answers = await asyncio.gather(
        *(network.post(batch(number)) for number in range(1, 7)),
        *(network.give(network.keeper, "acknowledgeDeviceAlarm", one["id"]) for one in alarms),
        network.give(network.keeper, "silenceDevice", made[0][0], until=None),
    )
    assert sum(one.json()["new"] for one in answers[:6]) == 30
    kept = await network.fetch(
        "select count(*)::int n from devices.reading r join devices.gauge g on g.id=r.gauge_id "
        "join devices.device d on d.id=g.device_id where d.code=any($1)",
        codes,
    )
    assert kept[0]["n"] == 35
    # Of a device and a rule there is one alarm, however many came at once.
    assert [len(await network.alarms(id)) for id, _ in made] == [1] * 5
    numbers = {(await network.alarms(id))[0]["case"]["number"] for id, _ in made}
    assert len(numbers) == 5


async def test_what_a_rule_names_may_be_closed_when_it_is_needed(network: Network) -> None:
    """An alarm waits for nobody who puts a subject or a grid right: its case lies with the county, under safety."""
    kind = await network.kind()
    id, code = await network.register(kind, grid=f"{VILLAGE}-010101")
    await network.fetch(
        "insert into cases.category (code, name, edition) values ('safety.closed', '已停用', '2026') "
        "on conflict do nothing"
    )
    await network.define(kind, category="safety.closed")
    await network.fetch("update cases.category set valid_to='2026-06-01' where code='safety.closed'")
    await network.fetch("update grids.grid set valid_to='2026-06-01' where code=$1", f"{VILLAGE}-010101")
    await network.report(code, 9.0)
    [alarm] = await network.alarms(id)
    [row] = await network.fetch(
        'select g.code grid, y.code category from cases."case" c join grids.grid g on g.id=c.grid_id '
        "join cases.category y on y.id=c.category_id where c.number=$1",
        alarm["case"]["number"],
    )
    assert tuple(row) == (COUNTY, "safety")


async def test_case_says_what_was_read(network: Network) -> None:
    """In the words of the measure: beyond what, for how long, and where; of a signal there is no number."""
    kind = await network.kind()
    id, code = await network.register(kind, name="人民路 12 号井盖")
    await network.define(kind, trigger="BELOW", measure="battery", threshold=20, minutes=10, category="safety")
    await network.define(kind, measure="opened", threshold=None)
    await network.report(code, *[15.5] * 11, measure="battery")
    await network.signal(code)
    found = {one["case"]["title"]: one for one in await network.alarms(id)}
    low, opened = found[f"测试设备 {code}：电量低于 20%"], found[f"测试设备 {code}：开启告警"]
    assert "人民路 12 号井盖电量低于 20%，读数 15.5%，持续 10 分钟以上。" in low["case"]["description"]
    assert opened["case"]["description"].endswith("人民路 12 号井盖开启告警。")
    # Each has its own: a low battery does not hide in the case of an open cover.
    assert low["case"]["number"] != opened["case"]["number"]


async def test_actions_on_rules_and_alarms(network: Network) -> None:
    """Every frontend is told what may be done, and why something may not."""
    kind = await network.kind()
    id, code = await network.register(kind)
    rule = await network.define(kind)
    await network.report(code, 9.0)
    [alarm] = await network.alarms(id)
    asked = """query($id: ID!) { node(id: $id) { ... on DeviceRule { actions { name allowed reason } }
      ... on DeviceAlarm { actions { name allowed reason } } } }"""

    async def told(caller: Any, node: str) -> dict[str, Any]:
        [one] = (await caller.ask(asked, id=node)).data["node"]["actions"]
        return dict(one)

    assert (await told(network.manager, rule))["allowed"]
    assert (await told(network.keeper, rule))["reason"] == "FORBIDDEN"
    assert (await told(network.keeper, alarm["id"]))["allowed"]
    assert (await told(network.server.as_("auditor", grid=COUNTY), alarm["id"]))["reason"] == "FORBIDDEN"
    assert await network.give(network.keeper, "acknowledgeDeviceAlarm", alarm["id"]) == []
    assert await network.give(network.manager, "endDeviceRule", rule) == []
    assert (await told(network.manager, rule))["reason"] == "ILLEGAL_TRANSITION"
    assert (await told(network.keeper, alarm["id"]))["reason"] == "ILLEGAL_TRANSITION"
