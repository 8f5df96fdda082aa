"""Types: what is published of plugins, why they read protected fields, and what they bring."""

from __future__ import annotations

import datetime
import enum
from typing import Any

import strawberry

from gongzhi.core.grids.types import Grid
from gongzhi.declare.entity import Connection, Node, column, connection, embedded, entity, one
from gongzhi.declare.enums import describe_enum, set_tones
from gongzhi.declare.extend import extend
from gongzhi.declare.filters import compare_place
from gongzhi.declare.plans import Build
from gongzhi.declare.roots import Query
from gongzhi.declare.sql import Sql, bind

from .models import ActivationRow

VIEW = "plugins.view"


@strawberry.type(description="Why a plugin reads a protected field (个人信息处理目的).")
class DataPurpose:
    plugin: str = strawberry.field(description="The plugin (插件).")
    field: str = strawberry.field(description="The field, such as Person.phone (字段).")
    purpose: str = strawberry.field(description="What for (目的).")
    basis: str = strawberry.field(description="On which legal basis (法律依据).")


class PluginState(enum.Enum):
    """How a plugin is."""

    ACTIVE = "ACTIVE"
    INACTIVE = "INACTIVE"
    FAILING = "FAILING"


describe_enum(
    PluginState,
    "PluginState",
    "Whether a plugin is on, and well (插件状态).",
    ACTIVE="On in some county (已启用)",
    INACTIVE="Installed, and on in no county (未启用)",
    FAILING="Work of it was given up, or it is not well (异常)",
)
set_tones(PluginState, ACTIVE="GREEN", FAILING="RED")


@strawberry.type(description="A plugin that is installed beside the core (插件).")
class Plugin:
    name: str = strawberry.field(description="Its name (名称).")
    distribution: str = strawberry.field(description="The distribution it came in (发行包).")
    version: str = strawberry.field(description="The distribution's version (版本).")
    always: bool = strawberry.field(description="Whether no county can switch it off (始终启用).")
    state: PluginState = strawberry.field(description="Whether it is on, and well (状态).")
    fields: list[str] = strawberry.field(description="The fields it adds to types of others (新增字段).")
    tables: list[str] = strawberry.field(description="The tables it keeps (数据表).")
    jobs: list[str] = strawberry.field(description="What it does in the background (处理器与任务).")
    last_error: str | None = strawberry.field(description="In what it last failed, and where (最近错误).")
    data_purposes: list[DataPurpose] = strawberry.field(description="Why it reads protected fields (处理目的).")


@strawberry.type(description="What a county may choose about a plugin, and what holds there (县级设置).")
class CountySetting:
    name: str = strawberry.field(description="Its name (名称).")
    label: str = strawberry.field(description="What it says, in Chinese (中文说明).")
    description: str = strawberry.field(description="What it says (说明).")
    value: str = strawberry.field(description="What holds in the county (当前值).")
    standard: str = strawberry.field(description="What holds where nothing was chosen (默认值).")
    since: datetime.datetime | None = strawberry.field(description="Since when it was chosen; null if not (起).")
    options: list[str] = strawberry.field(
        description="The values there are, or the least and the most number (可选值)."
    )
    permission: str = strawberry.field(description="Who holds this permission in the county chooses (权限).")


@entity(
    ActivationRow,
    visible=lambda row, viewer: viewer.within(row, VIEW),
    order=("since",),
    filter={"plugin": None, "active": None, "grid": compare_place()},
)
class PluginActivation(Node):
    """What a county decided about a plugin. Where nothing was decided, it is off (插件启停记录)."""

    plugin: str = column("The plugin (插件).")
    county: Grid | None = one("The county (县).", key="grid")
    active: bool = column("Whether it is on (是否启用).")
    since: datetime.datetime = column("From when (起).")
    until: datetime.datetime | None = column("Until when; null for what holds now (止).")
    account: str = column("Who decided (操作账号).")


def published_part(what: str) -> Build:
    """Return a part of what the context has to say of the plugins."""

    def build(at: Any) -> Any:
        # A parameter: the statement is the same whatever is installed, and what fails is told as of now.
        return Sql(f"({{0}}->'{what}')", bind(lambda variables, context: context.published, "jsonb"))

    return build


STATES = """(
select coalesce(jsonb_agg(p.one - 'failing' || jsonb_build_object(
    'state', case when p.one ? 'failing' or parked then 'FAILING' when active then 'ACTIVE' else 'INACTIVE' end,
    'lastError', coalesce(p.one->>'failing', last.error)
) order by p.at), '[]')
from (
    select one, at, array(select jsonb_array_elements_text(one->'jobs')) as jobs
    from jsonb_array_elements({0}->'plugins') with ordinality p(one, at)
) p
cross join lateral (
    select exists(select from events.job j where j.name = any(p.jobs) and j.state = 'PARKED'),
        coalesce((p.one->>'always')::bool, false)
            or exists(select from plugins.activation a where a.plugin = p.one->>'name' and a.until is null and a.active)
) is_(parked, active)
left join lateral (
    select j.error from events.job j where j.name = any(p.jobs) and j.error is not null
    order by j.due_at desc, j.id desc limit 1
) last on true
)"""
"""How plugins are: what they have given up, where they are on, and what `failing` says of their health."""


SETTINGS = """(
select coalesce(jsonb_agg(d.one || jsonb_build_object('value', coalesce(s.value, d.one->>'standard'), 'since', s.since)
    order by d.at), '[]')
from jsonb_array_elements({0}) with ordinality d(one, at)
left join plugins.setting s on s.name=d.one->>'name' and s.grid_id={1} and s.until is null
)"""
"""What is declared of settings with what a county chose."""


EXTENSIONS = (
    extend(
        Grid,
        settings=embedded(
            "What its county may choose about plugins, and what holds there (县级设置).",
            # By the county of whichever grid it is; above counties nothing was chosen, and defaults are told.
            lambda at: Sql(SETTINGS, published_part("settings")(at), at.row.county_id),
            type=list[CountySetting] | None,
            requires=None,
        ),
    ),
    extend(
        Query,
        data_purposes=embedded(
            "Why plugins read protected fields, and on which legal basis (插件处理个人信息的目的).",
            published_part("dataPurposes"),
            type=list[DataPurpose],
        ),
        plugins=embedded(
            "The plugins that are installed, by name (插件列表).",
            lambda at: Sql(STATES, bind(lambda variables, context: context.published, "jsonb")),
            type=list[Plugin] | None,
            requires=VIEW,
        ),
        plugin_activations=connection(
            "What counties decided about plugins, the last first (插件启停记录).",
            order="-since",
            type=Connection[PluginActivation] | None,
            requires=VIEW,
        ),
    ),
)
