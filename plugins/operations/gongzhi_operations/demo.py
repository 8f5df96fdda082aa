"""Demo: what operations add to the demo county. All of it is invented."""

from __future__ import annotations

from gongzhi.core.grids.models import GridRow
from gongzhi.runtime.commands import Call

from .emergency.demo import add_demo_emergency
from .whistles.demo import add_demo_whistles

COUNTY = "610921"
"""The demo county, by its code."""


async def load_demo(call: Call) -> None:
    """Add an emergency and whistle calls to the demo county."""
    county = await GridRow.get_or_none(code=COUNTY, valid_to=None)
    if county is not None:
        await add_demo_emergency(call, county)
        await add_demo_whistles(call, county)
