"""Intake: batches of readings and alarms over HTTP, each kept once, with what is wrong told entry by entry.

POST /x/devices/610921/readings      a JSON array, or a line of JSON for each (application/x-ndjson)
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

import orjson
from gongzhi.core.grids.commands import find_grid
from gongzhi.declare.located import LEVELS
from gongzhi.runtime.checks import invalid_input, not_found
from gongzhi.runtime.commands import Call
from gongzhi.runtime.routes import Route, RouteCall
from gongzhi.values.errors import Language, Refusal, Text
from starlette.responses import JSONResponse, Response

from .alarms import keep_alarms, load_alarms
from .evaluation import Rule, Standing
from .models import AlarmState, Trigger
from .rules import REPORT

MOST, LONGEST = 500, 131_072
"""Entries and bytes of a batch: what is done with them between two statements holds up nobody for long."""
OLDEST = timedelta(days=7)
"""How late a reading may come, of a device that was cut off."""
AHEAD = timedelta(minutes=5)
"""How far a device's clock may be ahead of ours."""
CURRENT = timedelta(days=1)
"""What is older is kept, and raises nothing."""
LINES = "application/x-ndjson"
SEQUENCE = 2**63 - 1

# Locked in one order, so that two batches with the same devices wait for each other and never in a ring.
LOCK = f"""
select d.id, d.code, d.kind_id, d.grid_id, {", ".join(f"d.{level}" for level in LEVELS)}, d.offline_at,
  d.silenced_until, d.retired_at
from devices.device d where d.county_id=$1 and d.code=any($2::text[]) order by d.id for no key update
"""
SET_UP = """
select 'kind' as what, k.id, k.measures::text as measures, null::uuid as rule, null::int as grid_id, '' as trigger,
  '' as measure, null::float8 as threshold, 0 as minutes, null as quiet_from, null as quiet_until
from devices.kind k where k.id=any($2::int[])
union all
select 'rule', r.kind_id, '', r.id, r.grid_id, r.trigger, r.measure, r.threshold, r.minutes, r.quiet_from, r.quiet_until
from devices.rule r where r.county_id=$1 and r.kind_id=any($2::int[]) and r.ended_at is null
"""
# Only what is missing is tried: a conflict would use up a key each time.
GAUGES = """
with wanted as (select * from unnest($1::uuid[], $2::text[]) w (device_id, measure)),
known as (select g.id, g.device_id, g.measure, g.at from devices.gauge g join wanted using (device_id, measure)),
made as (
  insert into devices.gauge (device_id, measure)
  select w.device_id, w.measure from wanted w
  where not exists(select from known k where (k.device_id, k.measure)=(w.device_id, w.measure))
  returning id, device_id, measure, at
)
select * from known union all select * from made
"""
READINGS = """
insert into devices.reading (gauge_id, at, value, sequence)
select * from unnest($1::int[], $2::timestamptz[], $3::float8[], $4::int8[]) on conflict do nothing
returning gauge_id, at, value
"""
BREACHES = "select device_id, rule_id, since from devices.breach where device_id=any($1::uuid[])"
SAVE = """
with gauges as (
  update devices.gauge g set value=n.value, at=n.at
  from unnest($1::int[], $2::float8[], $3::timestamptz[]) n (id, value, at) where g.id=n.id
), seen as (
  update devices.device d set seen_at=greatest(d.seen_at, n.at), offline_at=null
  from unnest($4::uuid[], $5::timestamptz[]) n (id, at) where d.id=n.id
), ended as (
  delete from devices.breach b using unnest($6::uuid[], $7::uuid[]) n (device, rule)
  where b.device_id=n.device and b.rule_id=n.rule
)
insert into devices.breach (device_id, rule_id, since) select * from unnest($8::uuid[], $9::uuid[], $10::timestamptz[])
on conflict (device_id, rule_id) do update set since=excluded.since
"""

UNKNOWN = Text("There is no device with this code that you may report for.", "没有该编码的设备，或您无权上报。")
RETIRED = Text("The device is retired: register it anew, or stop sending.", "该设备已停用：请重新登记或停止上报。")
NO_MEASURE = Text(
    "The kind of the device has no such measure: look at its measures.", "该设备类型没有此监测项：请查看类型的监测项。"
)
NO_OBJECT = Text("An entry is a JSON object with fields that are known.", "每条应为 JSON 对象，且只含约定的字段。")
NO_CODE = Text("Give the code as it is registered.", "请填写登记的编码。")
NO_VALUE = Text("Give a number, or for an alarm true or false.", "读数应为数字，告警应为 true 或 false。")
NO_MOMENT = Text("Give a moment such as 2026-06-30T09:12:00+08:00.", "请填写时间，如 2026-06-30T09:12:00+08:00。")
WRONG_MOMENT = Text(
    "The time has an offset, such as +08:00, and lies 7 days back at most and 5 minutes ahead: set the device's clock.",
    "时间须带时区，且不早于 7 天前、不晚于 5 分钟后：请校准设备时钟。",
)
NO_SEQUENCE = Text(
    "Without a time, give a sequence: a whole number that the device never gives twice.",
    "未填时间时须填序号，即设备不重复的整数。",
)
FIELDS = frozenset({"device", "measure", "alarm", "value", "active", "at", "sequence"})


@dataclass(frozen=True, slots=True)
class Reading:
    """An entry of a batch as it is to be kept. A signal's value is 1 or 0."""

    entry: int
    device: str
    measure: str
    value: float
    at: datetime
    sequence: int | None
    signal: bool


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with an entry, at which of its fields."""

    entry: int
    field: str
    code: str
    text: Text


@dataclass(slots=True)
class Batch:
    """What came, and what is wrong with the rest of it."""

    readings: list[Reading] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


class Unfit(Exception):
    """An entry cannot be taken: the field and the words."""

    def __init__(self, field: str, text: Text, code: str = "BAD_USER_INPUT") -> None:
        super().__init__(field)
        self.field, self.text, self.code = field, text, code


def read_batch(body: bytes, media: str, now: datetime) -> Batch:
    """Read a batch; what is wrong with an entry is its own. Raises Refusal for what is no batch."""
    # All of them before the first is looked at: what is no JSON is no batch.
    entries = list(read_entries(body, media))
    if not 1 <= len(entries) <= MOST:
        raise invalid_input(f"A batch has 1 to {MOST} entries: cut it up.", f"一批应有 1 至 {MOST} 条，请分批。")
    batch = Batch()
    for at, one in enumerate(entries):
        try:
            batch.readings.append(read_entry(at, one, now))
        except Unfit as unfit:
            batch.faults.append(Fault(at, unfit.field, unfit.code, unfit.text))
    return batch


def read_entries(body: bytes, media: str) -> Iterator[Any]:
    """Yield the entries of an array, or those of the lines. Raises Refusal."""
    try:
        if media.partition(";")[0].strip().lower() == LINES:
            yield from (orjson.loads(line) for line in body.splitlines() if line.strip())
            return
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise invalid_input(
            "Send a JSON array, or a line of JSON for each entry.", "请发送 JSON 数组，或每行一条 JSON。"
        ) from None
    if not isinstance(found, list):
        raise invalid_input("Send a JSON array of entries.", "请发送 JSON 数组。")
    yield from found


def read_entry(entry: int, given: Any, now: datetime) -> Reading:
    """Read one entry. Raises Unfit."""
    if not isinstance(given, dict) or not given.keys() <= FIELDS:
        raise Unfit("", NO_OBJECT)
    # By which of the two names it has, so that a number is never taken for an alarm.
    signal = "alarm" in given
    measure = read_code(given, "alarm" if signal else "measure")
    if signal:
        value: Any = given.get("active", True)
        fits = type(value) is bool and "value" not in given and "measure" not in given
    else:
        value = given.get("value")
        # By exact types: true is a number to Python, and no reading.
        fits = type(value) in (int, float) and math.isfinite(value) and abs(value) < 1e15 and "active" not in given
    if not fits:
        raise Unfit("active" if signal else "value", NO_VALUE)
    sequence = given.get("sequence")
    if sequence is not None and not (type(sequence) is int and 0 <= sequence <= SEQUENCE):
        raise Unfit("sequence", NO_SEQUENCE)
    if given.get("at") is None:
        if sequence is None:
            raise Unfit("sequence", NO_SEQUENCE)
        # Of one moment, each a little later than the one before it, so that none hides another.
        at = now + timedelta(microseconds=entry)
    else:
        at = read_moment(given["at"], now)
    return Reading(entry, read_code(given, "device"), measure, float(value), at, sequence, signal)


def read_code(given: dict[str, Any], name: str) -> str:
    """Read a code of an entry. Raises Unfit."""
    value = given.get(name)
    # PostgreSQL takes no U+0000, and would refuse the whole batch for it.
    if not isinstance(value, str) or not 1 <= len(value) <= 60 or "\x00" in value:
        raise Unfit(name, NO_CODE)
    return value


def read_moment(given: Any, now: datetime) -> datetime:
    """Read when something was measured. Raises Unfit."""
    try:
        at = datetime.fromisoformat(given)
        fits = at.tzinfo is not None and now - OLDEST <= at <= now + AHEAD
    except (ValueError, TypeError, OverflowError):
        raise Unfit("at", NO_MOMENT) from None
    if not fits:
        raise Unfit("at", WRONG_MOMENT)
    # As it came, also where the device's clock is a little ahead: sent again it is the same reading.
    return at


@dataclass(slots=True)
class Device:
    """As much of a locked device as intake needs."""

    id: UUID
    code: str
    kind_id: int
    grid_id: int
    county_id: int | None
    town_id: int | None
    village_id: int | None
    grid_1_id: int | None
    grid_2_id: int | None
    grid_3_id: int | None
    offline_at: datetime | None
    silenced_until: datetime | None
    retired_at: datetime | None

    def lies_in(self, grid: int) -> bool:
        """Return whether it lies in a grid."""
        return grid in (
            self.grid_id,
            self.county_id,
            self.town_id,
            self.village_id,
            self.grid_1_id,
            self.grid_2_id,
            self.grid_3_id,
        )


@dataclass(slots=True)
class SetUp:
    """Measures of kinds, true for a signal, and the rules that look at them, with the grid where each holds."""

    signals: dict[tuple[int, str], bool] = field(default_factory=dict)
    rules: dict[tuple[int, str | None], list[tuple[int, Rule]]] = field(default_factory=dict)

    def rules_of(self, device: Device, measure: str | None) -> list[Rule]:
        """Return the rules that look at a measure of a device; without a measure those that look at silence."""
        return [rule for grid, rule in self.rules.get((device.kind_id, measure), ()) if device.lies_in(grid)]


async def load_set_up(call: Call, county: int, kinds: Sequence[int]) -> SetUp:
    """Load what kinds measure, and the county's rules for them."""
    made = SetUp()
    for row in await call.fetch(SET_UP, county, list(kinds)):
        # Kinds come first, so that a rule finds whether its measure is a signal.
        if row["what"] == "kind":
            for one in orjson.loads(row["measures"]):
                made.signals[row["id"], one["code"]] = one["signal"]
            continue
        signal = made.signals.get((row["id"], row["measure"]), False)
        told = row["minutes"], row["quiet_from"], row["quiet_until"], signal
        rule = Rule(row["rule"], Trigger(row["trigger"]), row["threshold"], *told)
        made.rules.setdefault((row["id"], row["measure"]), []).append((row["grid_id"], rule))
    return made


async def take_readings(call: Call, county: int, batch: Batch) -> tuple[int, int]:
    """Keep the readings of a batch and what rules make of them; how many were new, and how many had come before."""
    codes = sorted({one.device for one in batch.readings})
    devices = {row["code"]: Device(**row) for row in await call.fetch(LOCK, county, codes)}
    set_up = await load_set_up(call, county, sorted({one.kind_id for one in devices.values()}))
    # After the lock, so that a device which is retired meanwhile takes nothing.
    kept = [one for one in batch.readings if accept_reading(call, batch, devices.get(one.device), set_up, one)]
    if not kept:
        return 0, 0
    # In one order, as everything that is written for several devices.
    wanted = sorted({(devices[one.device].id, one.measure) for one in kept})
    gauges = await call.fetch(GAUGES, [device for device, _ in wanted], [measure for _, measure in wanted])
    keys = {(row["device_id"], row["measure"]): row for row in gauges}
    rows = [(keys[devices[one.device].id, one.measure]["id"], one.at, one.value, one.sequence) for one in kept]
    new = await call.fetch(READINGS, *map(list, zip(*rows, strict=True)))
    # What had come before has been looked at by rules, and raises nothing a second time.
    if new:
        await apply_readings(call, {one.id: one for one in devices.values()}, set_up, gauges, new)
    return len(new), len(kept) - len(new)


def accept_reading(call: Call, batch: Batch, device: Device | None, set_up: SetUp, one: Reading) -> bool:
    """Return whether a reading is of a device that the caller may report for, and of a measure that it has."""
    name = "alarm" if one.signal else "measure"
    # Somebody else's device is told from none at all by nobody.
    if device is None or not call.may(REPORT, device):  # type: ignore[arg-type]  # it has the columns of the levels
        fault = Fault(one.entry, "device", "NOT_FOUND", UNKNOWN)
    elif device.retired_at is not None:
        fault = Fault(one.entry, "device", "ILLEGAL_TRANSITION", RETIRED)
    elif set_up.signals.get((device.kind_id, one.measure)) is not one.signal:
        fault = Fault(one.entry, name, "NOT_FOUND", NO_MEASURE)
    else:
        return True
    batch.faults.append(fault)
    return False


async def apply_readings(
    call: Call, devices: dict[UUID, Device], set_up: SetUp, gauges: Sequence[Any], new: Sequence[Any]
) -> None:
    """Move gauges and devices on to the last of new readings, and have rules look at them in their order."""
    known = {row["id"]: row for row in gauges}
    # What comes late is history: it moves nothing back.
    fresh = [row for row in new if (before := known[row["gauge_id"]]["at"]) is None or row["at"] > before]
    fresh.sort(key=lambda row: (row["gauge_id"], row["at"]))
    if not fresh:
        return
    last = {row["gauge_id"]: row for row in fresh}
    seen: dict[UUID, datetime] = {}
    for gauge, row in last.items():
        device = known[gauge]["device_id"]
        seen[device] = max(seen.get(device, row["at"]), row["at"])
    before = {(row["device_id"], row["rule_id"]): row["since"] for row in await call.fetch(BREACHES, list(seen))}
    # Of devices that are locked, so nobody raises one beside.
    alarms = await load_alarms(call, seen)

    def stand(device: Device, rule: Rule) -> Standing:
        alarm = alarms.get((device.id, rule.id))
        active = alarm is not None and alarm.row.state is AlarmState.ACTIVE
        return Standing(rule, before.get((device.id, rule.id)), active, alarm is not None and alarm.over)

    found: list[tuple[Device, Standing]] = []
    for gauge, rows in groupby(fresh, key=lambda row: row["gauge_id"]):
        device = devices[known[gauge]["device_id"]]
        standings = [stand(device, rule) for rule in set_up.rules_of(device, known[gauge]["measure"])]
        found += [(device, one) for one in standings]
        # One after the other: what was beyond and back within a batch was an alarm, too.
        for row in rows if standings else ():
            if row["at"] > call.now - CURRENT:
                for one in standings:
                    one.take(row["value"], row["at"], device.silenced_until)
    # Any reading ends silence, of whichever measure.
    for id, at in seen.items():
        if devices[id].offline_at is not None:
            found += [(devices[id], end_silence(one, at)) for one in map_stand(devices[id], set_up, stand)]
    # Also one that was over for a moment, and begins anew.
    begun = [(one.id, s.rule.id, s.since) for one, s in found if s.since and before.get((one.id, s.rule.id)) != s.since]
    ended = [(one.id, s.rule.id) for one, s in found if s.since is None and (one.id, s.rule.id) in before]
    rows_of_gauges = [(gauge, row["value"], row["at"]) for gauge, row in last.items()]
    await call.fetch(
        SAVE,
        *columns(rows_of_gauges, 3),
        *columns(list(seen.items()), 2),
        *columns(ended, 2),
        *columns(begun, 3),
    )
    await keep_alarms(call, alarms, found)


def map_stand(device: Device, set_up: SetUp, stand: Any) -> list[Standing]:
    """Return how a device stands by the rules that look at silence."""
    return [stand(device, rule) for rule in set_up.rules_of(device, None)]


def end_silence(standing: Standing, at: datetime) -> Standing:
    """Note that a device which was silent has reported."""
    if standing.active:
        standing.active, standing.recovered_at = False, at
    return standing


def columns(rows: Sequence[Sequence[Any]], width: int) -> list[list[Any]]:
    """Return the columns of rows, as a statement takes them."""
    return [[row[at] for row in rows] for at in range(width)]


async def take_batch(call: RouteCall) -> Response:
    """Take a batch of a county's devices, and answer what was new, what had come before, and what is wrong."""
    viewer = call.context.viewer
    if not viewer.can(REPORT):
        raise Refusal("FORBIDDEN", "You may not report readings.", "您无权上报设备读数。")
    county = await find_grid(call.request.path_params["county"], "county")
    # Where the plugin is off nothing of it is there.
    if county.id != county.county_id or not call.is_on(county.id):
        raise not_found("There is no county with this code.", "县区编码不存在。", "county")
    # The body has arrived whole and within its length before the route is asked.
    media = call.request.headers.get("content-type", "")
    batch = read_batch(await call.request.body(), media, viewer.now)
    new, repeated = 0, 0
    if batch.readings:

        async def work(inner: Call) -> tuple[int, int]:
            return await take_readings(inner, county.id, batch)

        new, repeated = await call.transact(viewer, "reportReadings", [f"Grid:{county.id}"], work)
    errors = [describe_fault(one, viewer.language) for one in sorted(batch.faults, key=lambda one: one.entry)]
    return JSONResponse({"new": new, "repeated": repeated, "errors": errors})


def describe_fault(fault: Fault, language: Language) -> dict[str, Any]:
    """Return what is wrong with an entry, as the answer has it."""
    told = {"code": fault.code, "message": fault.text.say(language)}
    return {"entry": fault.entry, "field": fault.field, **told}


ROUTES = (Route("/{county}/readings", take_batch, ("POST",), longest=LONGEST),)
