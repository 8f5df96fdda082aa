"""Plugin commands: switch plugins on and off and choose what holds for them, county by county."""

from __future__ import annotations

import orjson
import strawberry
from strawberry import UNSET

from gongzhi.core.grids.models import GridRow
from gongzhi.core.grids.types import Grid
from gongzhi.declare.entity import ref
from gongzhi.declare.events import Code, Event, event
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.plugin.settings import CountySetting
from gongzhi.runtime.checks import invalid_input, is_given, not_found
from gongzhi.runtime.commands import KEY, Call, Problem, command, input_field, not_allowed, problems, result_field
from gongzhi.values.codes import Kind

from .models import ActivationRow, SettingRow
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
    county = await find_county(call, input.county, ACTIVATE)
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


async def find_county(call: Call, code: str, permission: str) -> GridRow:
    """Return the county that has a code, if the caller holds the permission there."""
    county: GridRow = await call.find(Grid, "county", code=code)
    if county.kind != Kind.COUNTY:
        raise invalid_input("That is no county.", "该编码不是县级区划。", "county")
    if not call.may(permission, county):
        raise not_allowed("county")
    return county


@event("plugins.setting_changed", "A county chose something about a plugin (县级设置已更改).")
class SettingChanged(Event):
    setting: Code


@strawberry.input(description="What a county chooses about a plugin (县级设置).")
class SetCountySettingInput:
    idempotency_key: str = input_field(KEY)
    setting: str = input_field("The setting's name, such as dispatch.returns (设置项).")
    county: str = input_field("The county, by code (县级区划代码).")
    value: str | None = input_field("The value; none for the plugin's own again (取值).", default=UNSET)


@strawberry.type(description="The county with its settings, or why nothing was done (县级设置结果).")
class SetCountySettingPayload:
    county: Grid | None = result_field("The county (县).")
    errors: list[Problem] = problems()


@command("Choose what holds in a county about a plugin (县级设置).", requires=None)
async def set_county_setting(call: Call, input: SetCountySettingInput) -> SetCountySettingPayload:
    # What is declared stands beside what the operator chose, under the class of all of them.
    setting = call.context.settings[CountySetting].get(input.setting)
    if setting is None:
        raise not_found("There is no such setting.", "没有该设置项。", "setting")
    # The permission is the setting's own, so it is asked for in the county and not of the mutation.
    county = await find_county(call, input.county, setting.permission)
    await choose_value(call, setting, county, input.value if is_given(input.value) else None)
    return SetCountySettingPayload(county=ref(Grid, county.id))


async def choose_value(call: Call, setting: CountySetting[str], county: GridRow, text: str | None) -> None:
    """Have a value hold in a county from now on, or the plugin's own. Raises Refusal for one that cannot be chosen."""
    current = await SettingRow.get_or_none(grid=county, name=setting.name, until=None)
    # Before anything is written, and from the console as well.
    if text is not None:
        setting.parse(text)
    # Asked for twice, nothing changes.
    if (current and current.value) == text:
        return
    if current:
        # Ended rather than changed, so that it stays known what held when.
        await SettingRow.filter(id=current.id).update(until=call.now)
    if text is not None:
        name = call.viewer.account.name or ""
        await SettingRow.create(grid=county, name=setting.name, value=text, since=call.now, account=name)
    # The name alone: a handler that needs the value reads what holds when it runs.
    call.publish(SettingChanged(setting=Code(setting.name)), county)


EXTENSIONS = (extend(Mutation, set_plugin_activation=set_plugin_activation, set_county_setting=set_county_setting),)
