"""Demo: five returns of the demo county, in force, each open for the last period."""

from __future__ import annotations

from datetime import timedelta
from importlib.resources import files

from gongzhi.core.grids.models import GridRow
from gongzhi.runtime.checks import today
from gongzhi.runtime.commands import Call

from .declaring import create_form
from .models import FormRow
from .periods import OPEN, period_of

COUNTY = "610921"
"""The demo county, by its code."""
DECLARED = files(__package__) / "returns_of_demo"


async def load_demo_forms(call: Call) -> None:
    """Add five forms to the demo county, unless they are there, with a return of the last period each."""
    county = await GridRow.get_or_none(code=COUNTY, valid_to=None)
    # Loading twice changes nothing.
    if county is None or await FormRow.exists(county_id=county.id):
        return
    for file in sorted(DECLARED.iterdir(), key=lambda one: one.name):
        if file.name.endswith(".toml"):
            row, _ = await create_form(call, county, file.read_text(encoding="utf-8"))
            # In force without a try: the tests of the plugin fill each of them.
            row.tried_at = call.now
            await row.save(update_fields=["tried_at"])
            begins, ends = period_of(row.rhythm, period_of(row.rhythm, today(call))[0] - timedelta(days=1))
            await call.fetch(OPEN, row.id, row.code, begins, ends, 10, county.id, row.level.value)
