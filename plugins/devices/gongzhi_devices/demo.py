"""Demo: a dozen devices of the demo county with rules, and three alarms that have become cases."""

from __future__ import annotations

from datetime import timedelta

from gongzhi.core.cases.models import CategoryRow, Urgency
from gongzhi.core.grids.models import GridRow
from gongzhi.core.units.models import UnitRow
from gongzhi.runtime.commands import Call

from .intake import Batch, Reading, take_readings
from .kinds import STOCK
from .models import DeviceRow, KindRow, RuleRow, Trigger

COUNTY = "610921"
"""The demo county, by its code."""
KEEPER = "demo.keeper"
EACH = 3
"""Devices of a kind."""
PLACES = "select id from grids.grid where county_id=$1 and kind='VILLAGE' and valid_to is null order by code limit $2"
RULES: tuple[tuple[str, Trigger, str | None, float | None, int, Urgency, str], ...] = (
    ("manhole-cover", Trigger.ABOVE, "tilt", 15.0, 0, Urgency.URGENT, "roads.surface"),
    ("manhole-cover", Trigger.ABOVE, "opened", 0.5, 0, Urgency.EMERGENCY, "roads.surface"),
    ("smoke-detector", Trigger.ABOVE, "smoke", 0.5, 0, Urgency.EMERGENCY, "safety"),
    ("smoke-detector", Trigger.BELOW, "battery", 20.0, 60, Urgency.ROUTINE, "safety"),
    ("sluice", Trigger.ABOVE, "level", 3.0, 5, Urgency.URGENT, "utilities.water"),
    ("hydrant", Trigger.BELOW, "pressure", 0.1, 10, Urgency.URGENT, "safety"),
    *((kind, Trigger.SILENT, None, None, 1_440, Urgency.ROUTINE, "safety") for kind in STOCK),
)
USUAL = {"tilt": 1.5, "battery": 82.0, "density": 0.2, "level": 1.4, "opening": 30.0, "pressure": 0.32}
WRONG = {("manhole-cover", "tilt"): 24.0, ("smoke-detector", "smoke"): 1.0, ("sluice", "level"): 3.4}
"""What the first device of a kind reads at last."""


async def load_demo_devices(call: Call) -> None:
    """Add devices to the demo county with rules and readings, unless they are there."""
    county = await GridRow.get_or_none(code=COUNTY, valid_to=None)
    # Loading twice changes nothing.
    if county is None or await DeviceRow.exists(county_id=county.id):
        return
    villages = [row["id"] for row in await call.fetch(PLACES, county.id, EACH * len(STOCK))]
    # Any will do: who answers for a device is invented.
    unit = await UnitRow.filter(county_id=county.id, valid_to=None).order_by("code").first()
    kinds = {one.code: one for one in await KindRow.filter(county_id=None)}
    categories = {one.code: one for one in await CategoryRow.filter(valid_to=None)}
    for kind, trigger, measure, threshold, minutes, urgency, category in RULES:
        await RuleRow.create(
            grid=county,
            kind=kinds[kind],
            trigger=trigger,
            measure=measure,
            threshold=threshold,
            minutes=minutes,
            urgency=urgency,
            category=categories[category],
            defined_at=call.now,
        )
    made = [
        DeviceRow(
            grid_id=villages[(EACH * at + number) % len(villages)],
            code=f"{code}-{number + 1:02}",
            name=f"{STOCK[code][0]} {number + 1} 号",
            kind=kinds[code],
            unit=unit,
            keeper=KEEPER,
            registered_at=call.now - timedelta(days=90),
        )
        for at, code in enumerate(STOCK)
        for number in range(EACH)
    ]
    await DeviceRow.bulk_create(made)
    # As they come: in batches, by which the alarms are raised; the handler opens their cases.
    for ago in (120, 60, 10, 3):
        await take_readings(call, county.id, Batch(list(read_all(call, ago))))


def read_all(call: Call, ago: int) -> list[Reading]:
    """Return what all devices read so many minutes ago; in the last minutes three of them read what is wrong."""
    found: list[Reading] = []
    at = call.now - timedelta(minutes=ago)
    for code, (_, measures) in STOCK.items():
        for number in range(EACH):
            for measure, _, _, signal in measures:
                wrong = WRONG.get((code, measure)) if number == 0 and ago <= 10 else None
                # A signal is sent when there is something to say.
                if signal and wrong is None:
                    continue
                value = USUAL[measure] + number / 10 if wrong is None else wrong
                found.append(Reading(0, f"{code}-{number + 1:02}", measure, value, at, None, signal))
    return found
