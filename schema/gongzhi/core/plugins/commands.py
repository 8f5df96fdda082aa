"""Plugin commands: switch plugins on and off, county by county."""

from __future__ import annotations

import orjson
import strawberry

from gongzhi.core.grids.models import GridRow
from gongzhi.core.grids.types import Grid
from gongzhi.declare.entity import ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.checks import invalid_input, not_found
from gongzhi.runtime.commands import KEY, Call, Problem, command, input_field, not_allowed, problems, result_field
from gongzhi.values.codes import Kind

from .models import ActivationRow
from .types import PluginActivation

ACTIVATE = "plugins.activate"


@strawberry.input(description="Whether a county uses a plugin from now on (插件启停).")
class SetPluginActivationInput:
    idempotency_key: str = input_field(KEY)
    plugin: str = input_field("The plugin's name (插件名称).")
    county: str = input_field("The county, by code (县级区划代码).")
    active: bool = input_field("Whether it is on; its data stay either way (是否启用).")


@strawberry.type(description="What the county decided, or why nothing was done (插件启停结果).")
class SetPluginActivationPayload:
    activation: PluginActivation | None = result_field("The decision (启停记录).")
    errors: list[Problem] = problems()


@command("Switch a plugin on or off in a county (插件启停).", requires=ACTIVATE)
async def set_plugin_activation(call: Call, input: SetPluginActivationInput) -> SetPluginActivationPayload:
    # What is published knows every plugin that is installed.
    plugins = {one["name"]: one for one in orjson.loads(call.context.published).get("plugins", ())}
    if input.plugin not in plugins:
        raise not_found("There is no such plugin.", "没有该插件。", "plugin")
    if plugins[input.plugin].get("always"):
        raise invalid_input("This plugin is always on.", "该插件始终启用，不能停用。", "plugin")
    county: GridRow = await call.find(Grid, "county", code=input.county)
    if county.kind != Kind.COUNTY:
        raise invalid_input("That is no county.", "该编码不是县级区划。", "county")
    if not call.may(ACTIVATE, county):
        raise not_allowed("county")
    current = await ActivationRow.get_or_none(grid=county, plugin=input.plugin, until=None)
    # Asked for twice, nothing changes.
    if current and current.active == input.active:
        return SetPluginActivationPayload(activation=ref(PluginActivation, current.id))
    if current:
        # Ended rather than changed, so that it stays known when it was on.
        await ActivationRow.filter(id=current.id).update(until=call.now)
    made = await ActivationRow.create(
        grid=county,
        plugin=input.plugin,
        active=input.active,
        since=call.now,
        account=call.viewer.account.name or "",
    )
    return SetPluginActivationPayload(activation=ref(PluginActivation, made.id))


EXTENSIONS = (extend(Mutation, set_plugin_activation=set_plugin_activation),)
