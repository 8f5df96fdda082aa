"""Kinds: what devices there are and what each measures; an open list, with nothing that watches people."""

from __future__ import annotations

import json

import strawberry
from gongzhi.core.cases.catalog import SqlConnection
from gongzhi.core.grids.commands import find_grid
from gongzhi.declare.bounds import SHORT_CODE
from gongzhi.declare.entity import ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.bans import declare_ban, find_broken_ban
from gongzhi.runtime.checks import duplicate, input_form, invalid_input
from gongzhi.runtime.commands import KEY, Call, Problem, command, input_field, not_allowed, problems, result_field
from gongzhi.values.codes import Kind
from gongzhi.values.errors import Refusal

from .models import LABEL, KindRow
from .rules import MANAGE
from .types import DeviceKind

UNIT, MEASURES = 12, 12
"""The most characters of a unit of measure, and measures of a kind."""

# A word in Latin letters begins where no letter is before it: "face" is not in "surface".
WATCHES = declare_ban(
    "WATCHES_PEOPLE",
    r"摄像|摄录|监控(?!室|中心|楼|站)|球机|枪机|抓拍|视频|录像|录音|拾音|图像(?:识别|采集)|人脸|面部|刷脸|虹膜|声纹|步态|指纹|"
    r"车牌|人流|客流|轨迹|行踪|跟踪|(?:人员|老人|儿童|车辆)定位|定位(?:手环|手表|卡|器|标签)|手环|电子围栏|"
    r"(?:wi.?fi|mac|无线)\s*探针|人体感应|人员(?:识别|计数|移动)|"
    r"(?<![a-z])(?:cam(?![a-z])|camera|webcam|cctv|video|footage|microphone|facial|iris|gait|gps|wristband|geo.?fence|"
    r"photo(?!electric|volt)|face.?(?:id|scan|read|recogn|detect|match)|voice.?print|finger.?print|"
    r"(?:licen[cs]e|number).?plate|track(?:er|ing)|(?:people|person|crowd).?(?:count|track|detect|flow)|"
    r"(?:motion|presence|occupancy).?(?:sens|detect))",
    "a device that films, recognises faces or follows movement is not taken in (国办函〔2026〕12号)",
    "不接入拍摄、识别人脸或追踪行动轨迹的设备（国办函〔2026〕12号）",
)

Measures = tuple[tuple[str, str, str, bool], ...]
# What nearly everything without a cable has.
BATTERY = ("battery", "电量", "%", False)
STOCK: dict[str, tuple[str, Measures]] = {
    "manhole-cover": ("井盖", (("tilt", "倾角", "°", False), ("opened", "开启告警", "", True), BATTERY)),
    "smoke-detector": ("烟感", (("smoke", "烟雾告警", "", True), ("density", "烟雾浓度", "%", False), BATTERY)),
    "sluice": ("水闸", (("level", "水位", "m", False), ("opening", "开度", "%", False), BATTERY)),
    "hydrant": ("消防栓", (("pressure", "水压", "MPa", False), ("opened", "开盖告警", "", True), BATTERY)),
}
"""The kinds that ship: what each is called, and its measures with their codes, names and units."""
SEED = """
insert into devices.kind (code, name, measures) select $1::text, $2, $3::text::jsonb
where not exists (select from devices.kind where county_id is null and code=$1)
"""


async def seed(connection: SqlConnection) -> None:
    """Insert the kinds that ship and are missing; it runs at every start."""
    rows = [(code, name, write_measures(measures)) for code, (name, measures) in STOCK.items()]
    await connection.executemany(SEED, rows)


def write_measures(measures: Measures) -> str:
    """Return measures as their column has them."""
    named = [dict(zip(("code", "name", "unit", "signal"), one, strict=True)) for one in measures]
    return json.dumps(named, ensure_ascii=False)


def check_purpose(value: str, *path: str) -> None:
    """Refuse what films, recognises faces or follows movement, by what it is called."""
    if broken := find_broken_ban((WATCHES,), value):
        raise Refusal(broken.code, f"Leave it out: {broken.why.en}.", f"请勿登记：{broken.why.zh}。", path)


async def find_kind(code: str, county: int | None, *path: str) -> KindRow:
    """Return the kind with this code, of the county or one that ships. Raises Refusal."""
    # The county's own goes first; it cannot have the code of one that ships.
    for owner in (county, None):
        if (found := await KindRow.get_or_none(code=code, county_id=owner)) is not None:
            return found
    raise invalid_input(
        "There is no kind of device with this code: look at the list of kinds, or add it.",
        "没有该设备类型：请查看设备类型列表，或先登记类型。",
        *path,
    )


@strawberry.input(description="Something that a kind of device measures, as a number (监测项).")
class DeviceMeasureInput:
    code: str = input_field("Its code, by which readings name it (监测项编码).", pattern=SHORT_CODE)
    name: str = input_field("What it is called (监测项名称).", length=(1, LABEL))
    unit: str | None = input_field("What it counts in; none for a signal (计量单位).", length=(1, UNIT), default=None)
    signal: bool = input_field("Whether it is an alarm that the device raises itself (是否为告警信号).", default=False)


@strawberry.type(description="The kind, or why nothing was done (设备类型结果).")
class DeviceKindPayload:
    kind: DeviceKind | None = result_field("The kind (设备类型).")
    errors: list[Problem] = problems()


@strawberry.input(description="A kind of device that a county has beside those that ship (登记设备类型).")
class AddDeviceKindInput:
    idempotency_key: str = input_field(KEY)
    county: str = input_field("The county, by code (县区编码).")
    code: str = input_field("The kind's code (类型编码).", pattern=SHORT_CODE)
    name: str = input_field("What it is called (类型名称).", length=(1, LABEL))
    measures: list[DeviceMeasureInput] = input_field("What it measures, each a number (监测项).", items=(1, MEASURES))


def check_kind(call: Call, input: AddDeviceKindInput) -> None:
    """Refuse a kind that watches people, and measures that cannot be told apart."""
    with input_form() as read:
        read(check_purpose, input.code, "code")
        read(check_purpose, input.name, "name")
        codes: set[str] = set()
        for at, one in enumerate(input.measures):
            read(check_purpose, one.code, "measures", str(at), "code")
            read(check_purpose, one.name, "measures", str(at), "name")
            # Readings name a measure by its code alone.
            read(check_code_is_new, one.code in codes, "measures", str(at), "code")
            codes.add(one.code)


def check_code_is_new(known: bool, *path: str) -> None:
    if known:
        raise duplicate("The kind has this code twice.", "监测项编码重复。", *path)


@command("Add a kind of device, which watches no people (登记设备类型).", requires=MANAGE, form=check_kind)
async def add_device_kind(call: Call, input: AddDeviceKindInput) -> DeviceKindPayload:
    check_kind(call, input)
    grid = await find_grid(input.county, "county", lock=True)
    if grid.kind is not Kind.COUNTY:
        raise invalid_input("Name a county.", "请填写县区编码。", "county")
    if not call.may(MANAGE, grid):
        raise not_allowed("county")
    # The county is locked, so of two with one code the second finds the first.
    if input.code in STOCK or await KindRow.exists(code=input.code, county_id=grid.id):
        raise duplicate("There is a kind with this code.", "该类型编码已存在。", "code")
    measures = tuple((one.code, one.name, one.unit or "", one.signal) for one in input.measures)
    row = await KindRow.create(
        county=grid, code=input.code, name=input.name, measures=json.loads(write_measures(measures))
    )
    return DeviceKindPayload(kind=ref(DeviceKind, row.id))


EXTENSIONS = (extend(Mutation, add_device_kind=add_device_kind),)
