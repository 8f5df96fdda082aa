"""County settings: chooses from the console what holds in counties about a plugin."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from gongzhi.core.grids.models import GridRow
from gongzhi.core.plugins.commands import choose_value
from gongzhi.plugin.hooks import Errand
from gongzhi.values.codes import Kind
from gongzhi.values.errors import Refusal, Text

from gongzhi_server.cli.plugin_commands import run_errand
from gongzhi_server.clock import clock
from gongzhi_server.errors import Problem
from gongzhi_server.settings import Settings
from gongzhi_server.storage.audit import act_statement
from gongzhi_server.storage.batched_writes import write_together

if TYPE_CHECKING:
    from gongzhi_server.plugins.contributions import Plugins


async def choose_setting(
    chosen: Settings,
    dsn: str,
    name: str,
    value: str | None,
    county: str | None,
    installed: Plugins,
    now: Callable[[], datetime] = clock,
) -> int:
    """Have a value hold in a county by its code, or in all; return in how many.

    Raises Problem for a setting or a county that is not there, and for a value that cannot be chosen.
    """
    if name not in installed.county_settings:
        known = ", ".join(sorted(installed.county_settings)) or "none"
        raise Problem(f"there is no county setting {name!r}; there are {known}")
    _, setting = installed.county_settings[name]
    try:
        if value is not None:
            setting.parse(value)
    except Refusal as refusal:
        raise Problem(refusal.about(Text(name, name)).en) from None
    changed: list[str] = []

    async def choose(call: Any) -> None:
        found = GridRow.filter(kind=Kind.COUNTY, valid_to=None).order_by("code")
        for place in await (found.filter(code=county) if county else found):
            await choose_value(call, setting, place, value)
            # The audit knows of a choice from the console as of one by mutation.
            await write_together(call.connection, act_statement(call.viewer, "setCountySetting", [f"Grid:{place.id}"]))
            changed.append(place.code)

    await run_errand(chosen, dsn, None, Errand("set", choose), {}, now, installed)
    if county and not changed:
        raise Problem(f"there is no county {county}; give the six digits of one that has been imported")
    return len(changed)
