"""Every command of devices: who may not give it, what it makes of bad input, and that sent twice it is done once."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from gongzhi.testing.additions import read_mutations
from gongzhi_devices.kinds import WATCHES
from gongzhi_server.testing import Server, put_ids

from .conftest import COUNTY, ELSEWHERE, MEASURES, UNIT, VILLAGE, Network

pytestmark = pytest.mark.asyncio(loop_scope="module")
ADDED = Path(__file__).with_name("additions.graphql")
NOBODY = "00000000-0000-7000-8000-000000000000"
TABLES = ("alarm", "breach", "device", "gauge", "kind", "reading", "rule")
VERSIONS = ("alarm", "device", "rule")


@dataclass
class Scene:
    """A county with devices, rules and alarms at every step."""

    network: Network
    ids: dict[str, Any] = field(default_factory=dict)

    def caller(self, name: str) -> Server:
        """`manager` and `keeper`; or a role and a grid."""
        if name in ("manager", "keeper"):
            return self.network.manager if name == "manager" else self.network.keeper
        if name == "stranger":
            return self.network.server
        role, grid = name.split(" ")
        return self.network.server.as_(role, grid=grid, sub=name)

    async def give(self, caller: str, command: str, given: dict[str, Any], key: str = "") -> list[tuple[str, Any]]:
        """Give a command, and tell what is wrong with it: codes with their paths."""
        asked = put_ids(given, self.ids) | {"idempotencyKey": key or str(uuid4())}
        return (await self.caller(caller).give(command, asked)).problems(command)

    async def count(self) -> list[Any]:
        """How many rows there are of everything, and how often what is there has changed."""
        counted = ", ".join(f"(select count(*) from devices.{one}) {one}_n" for one in TABLES)
        changed = ", ".join(f"(select sum(version) from devices.{one}) {one}_v" for one in VERSIONS)
        [row] = await self.network.fetch(f"select {counted}, {changed}")
        return list(row)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(shared_server: Server, shared_database: str) -> Scene:
    network = Network(shared_server, shared_database)
    kind = await network.kind()
    ids: dict[str, Any] = {"kind": kind, "until": (network.now.replace(hour=12)).isoformat()}
    ids["device"], ids["code"] = await network.register(kind)
    ids["retired"], _ = await network.register(kind)
    await network.done(network.manager, "retireDevice", "device { id }", device=ids["retired"], expectedVersion=1)
    ids |= {"rule": await network.define(kind)}
    ids["ended"] = await network.define(kind, threshold=9)
    await network.done(network.manager, "endDeviceRule", "rule { id }", rule=ids["ended"], expectedVersion=1)
    await network.report(ids["code"], 4.0)
    [alarm] = await network.alarms(ids["device"])
    ids["alarm"], ids["past"] = alarm["id"], (network.ago(minutes=1))
    other, code = await network.register(kind)
    await network.report(code, 4.0)
    [alarm] = await network.alarms(other)
    ids["known"] = alarm["id"]
    await network.done(network.keeper, "acknowledgeDeviceAlarm", "alarm { id }", alarm=ids["known"], expectedVersion=1)
    return Scene(network, ids)


DEVICE = {"grid": VILLAGE, "code": "GOOD-1", "name": "井盖 1 号", "kind": ":kind", "unit": UNIT, "keeper": "keeper"}
RULE = {
    "grid": VILLAGE, "kind": ":kind", "trigger": "BELOW", "measure": "battery", "threshold": 20, "minutes": 10,
    "quietFrom": "22:00", "quietUntil": "06:00", "urgency": "ROUTINE", "category": "safety",
}  # fmt: skip
GOOD: dict[str, tuple[str, dict[str, Any]]] = {
    "acknowledgeDeviceAlarm": ("keeper", {"alarm": ":alarm", "expectedVersion": 1}),
    "addDeviceKind": ("manager", {"county": COUNTY, "code": "gas-meter", "name": "燃气报警器", "measures": MEASURES}),
    "defineDeviceRule": ("manager", RULE),
    "editDevice": ("manager", {"device": ":device", "expectedVersion": 1, "name": "渠首 2 号"}),
    "endDeviceRule": ("manager", {"rule": ":rule", "expectedVersion": 1}),
    "registerDevice": ("manager", DEVICE),
    "retireDevice": ("manager", {"device": ":device", "expectedVersion": 3}),
    "silenceDevice": ("keeper", {"device": ":device", "expectedVersion": 2, "until": ":until"}),
}
"""Who gives each command, and with what; those that are given in turn see what the one before has left."""
OUTSIDERS = ("stranger", f"resident {VILLAGE}", f"grid_worker {ELSEWHERE}", f"county_dispatcher {ELSEWHERE}")


async def test_every_command_is_here() -> None:
    """A command that is added is tried with outsiders and with bad input, or this names it."""
    assert read_mutations(ADDED.read_text(encoding="utf-8")) == GOOD.keys() == BAD.keys()


@pytest.mark.parametrize("command", sorted(GOOD))
async def test_outsiders_change_nothing(scene: Scene, command: str) -> None:
    before = await scene.count()
    for caller in (*OUTSIDERS, f"auditor {COUNTY}"):
        found = await scene.give(caller, command, GOOD[command][1])
        assert found and {code for code, _ in found} <= {"FORBIDDEN", "NOT_FOUND", "UNAUTHENTICATED"}, (caller, found)
    assert await scene.count() == before, "nothing is half-written"


INPUT, MISSING, STALE, LATE = "BAD_USER_INPUT", "NOT_FOUND", "STALE_VERSION", "ILLEGAL_TRANSITION"
NO_DEVICE = ({"device": f"Device:{NOBODY}"}, MISSING, "device")
OLD = ({"expectedVersion": 9}, STALE, "expectedVersion")
GONE = ({"device": ":retired", "expectedVersion": 2}, LATE, "device")
MEASURE = MEASURES[0]
BAD: dict[str, tuple[tuple[dict[str, Any], str, str], ...]] = {
    "acknowledgeDeviceAlarm": (
        ({"alarm": f"DeviceAlarm:{NOBODY}"}, MISSING, "alarm"),
        ({"alarm": ":known", "expectedVersion": 2}, LATE, "alarm"),
        OLD,
    ),
    "addDeviceKind": (
        ({"code": "sluice"}, "DUPLICATE", "code"),
        ({"code": "Gas"}, INPUT, "code"),
        ({"name": " "}, INPUT, "name"),
        ({"name": "村口摄像头"}, "WATCHES_PEOPLE", "name"),
        ({"code": "face-scanner"}, "WATCHES_PEOPLE", "code"),
        ({"measures": []}, INPUT, "measures"),
        ({"measures": [MEASURE, MEASURE]}, "DUPLICATE", "measures.1.code"),
        ({"measures": [MEASURE | {"code": "9"}]}, INPUT, "measures.0.code"),
        ({"measures": [MEASURE | {"name": "人员轨迹"}]}, "WATCHES_PEOPLE", "measures.0.name"),
        ({"measures": [MEASURE | {"unit": "x" * 13}]}, INPUT, "measures.0.unit"),
        ({"county": VILLAGE}, INPUT, "county"),
        ({"county": "610999"}, MISSING, "county"),
    ),
    "defineDeviceRule": (
        ({"kind": "none"}, INPUT, "kind"),
        ({"measure": "pressure"}, INPUT, "measure"),
        ({"measure": None}, INPUT, "measure"),
        ({"threshold": None}, INPUT, "threshold"),
        ({"measure": "opened"}, INPUT, "threshold"),
        ({"trigger": "SILENT"}, INPUT, "measure"),
        ({"trigger": "SILENT", "measure": None}, INPUT, "threshold"),
        ({"trigger": "SILENT", "measure": None, "threshold": None, "minutes": 0}, INPUT, "minutes"),
        ({"minutes": 1441}, INPUT, "minutes"),
        ({"quietUntil": None}, INPUT, "quietUntil"),
        ({"quietFrom": "24:00"}, INPUT, "quietFrom"),
        ({"quietUntil": "22:00"}, INPUT, "quietUntil"),
        ({"category": "none"}, MISSING, "category"),
        ({"grid": "610921999"}, MISSING, "grid"),
        ({"grid": "6109"}, "FORBIDDEN", "grid"),
        (
            {"grid": COUNTY, "trigger": "ABOVE", "measure": "level", "threshold": 3, "minutes": 0},
            "DUPLICATE",
            "trigger",
        ),
    ),
    "editDevice": (
        ({"name": ""}, INPUT, "name"),
        ({"name": "人脸识别闸机"}, "WATCHES_PEOPLE", "name"),
        ({"keeper": "nobody-at-all"}, MISSING, "keeper"),
        ({"unit": "610921-XXX"}, MISSING, "unit"),
        ({"grid": "6109"}, "FORBIDDEN", "grid"),
        ({"place": {"longitude": 200, "latitude": 0, "crs": "WGS84"}}, INPUT, "place"),
        GONE,
        NO_DEVICE,
        OLD,
    ),
    "endDeviceRule": (
        ({"rule": ":ended", "expectedVersion": 2}, LATE, "rule"),
        ({"rule": f"DeviceRule:{NOBODY}"}, MISSING, "rule"),
        OLD,
    ),
    "registerDevice": (
        ({"code": ":code"}, "DUPLICATE", "code"),
        ({"code": "a/b"}, INPUT, "code"),
        ({"code": "+"}, INPUT, "code"),
        ({"code": "IP-Camera-1"}, "WATCHES_PEOPLE", "code"),
        ({"name": "视频监控 1 号"}, "WATCHES_PEOPLE", "name"),
        ({"kind": "camera"}, INPUT, "kind"),
        ({"unit": "610921-XXX"}, MISSING, "unit"),
        ({"keeper": "nobody-at-all"}, MISSING, "keeper"),
        ({"keeper": " "}, INPUT, "keeper"),
        ({"grid": "610921999"}, MISSING, "grid"),
        ({"grid": "6109"}, "FORBIDDEN", "grid"),
        ({"place": {"longitude": 108, "latitude": 91, "crs": "WGS84"}}, INPUT, "place"),
    ),
    "retireDevice": (({"device": ":retired", "expectedVersion": 2}, LATE, "device"), NO_DEVICE, OLD),
    "silenceDevice": (
        ({"until": ":past"}, INPUT, "until"),
        ({"until": "2027-01-01T00:00:00+08:00"}, INPUT, "until"),
        ({"until": "2026-07-01T00:00:00"}, INPUT, "until"),
        GONE,
        NO_DEVICE,
        OLD,
    ),
}
"""What is wrong with the input, and the field that is named."""


@pytest.mark.parametrize("command", sorted(BAD))
async def test_bad_input_names_its_field(scene: Scene, command: str) -> None:
    before, (caller, good) = await scene.count(), GOOD[command]
    caller = "manager" if command == "silenceDevice" else caller
    found = [(change, await scene.give(caller, command, good | change)) for change, _, _ in BAD[command]]
    assert found == [(change, [(code, path.split("."))]) for change, code, path in BAD[command]]
    assert await scene.count() == before, "nothing is half-written"


@pytest.mark.parametrize(
    "name",
    ["球机", "高空抓拍仪", "车牌识别", "电子围栏", "老人定位手环", "WiFi 探针", "声纹采集", "人体感应器", "GPS tracker",
     "Face reader", "CCTV", "people counter", "IP cam", "motion sensor", "监控 3 号", "wi-fi探针", "老人定位器"],
)  # fmt: skip
async def test_what_watches_people_is_refused(name: str) -> None:
    assert WATCHES.pattern.search(name)


@pytest.mark.parametrize(
    "name",
    [
        "井盖",
        "烟感",
        "路面水位计",
        "surface level",
        "消防栓",
        "campus hydrant",
        "燃气报警器",
        "监控室烟感",
        "温度探针",
        "燃气探头",
        "photoelectric smoke detector",
        "People's Road hydrant",
    ],
)
async def test_what_watches_things_is_taken(name: str) -> None:
    assert not WATCHES.pattern.search(name)


async def test_sent_twice_is_done_once(scene: Scene) -> None:
    """Each command in turn, with what the one before has left: the same key changes nothing more."""
    network, kind = scene.network, await scene.network.kind()
    device, code = await network.register(kind)
    rule = await network.define(kind)
    await network.report(code, 4.0)
    [alarm] = await network.alarms(device)
    # Of its own, so that it leaves the others as they are, in whatever order tests run.
    own = {"kind": kind, "device": device, "rule": rule, "alarm": alarm["id"]}
    scene = Scene(network, scene.ids | own)
    for command in (
        "acknowledgeDeviceAlarm",
        "addDeviceKind",
        "defineDeviceRule",
        "registerDevice",
        "editDevice",
        "silenceDevice",
        "retireDevice",
        "endDeviceRule",
    ):
        caller, given = GOOD[command]
        if command == "registerDevice":
            given = given | {"code": f"twice-{uuid4().hex[:8]}"}
        key, before = str(uuid4()), await scene.count()
        assert await scene.give(caller, command, given, key) == [], command
        after = await scene.count()
        assert await scene.give(caller, command, given, key) == [], command
        assert await scene.count() == after != before, command
