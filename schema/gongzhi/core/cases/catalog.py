"""Catalogue: the tables that ship of subjects (诉求分类) and channels (渠道), by which cases arrive.

The subjects are a small rural tree of our own. Where a national standard has a code for the same thing it stands
beside ours, so that figures can be handed on; a county adds editions of its own rather than changing this one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Protocol

from gongzhi.plugin.roles import (
    COUNTY_DISPATCHER,
    DEPARTMENT_HANDLER,
    DEPUTY,
    GRID_LEADER,
    GRID_WORKER,
    INTEGRATOR,
    TOWN_DISPATCHER,
)

EDITION = "2026"
EVENTS = "GB/T 47678.5-2026"
"""City-management events (城市管理事件)."""


@dataclass(frozen=True)
class StockCategory:
    """A subject. Its parent is the part of the code before the last dot."""

    code: str
    name: str
    standard_ref: str | None = None
    standard_code: str | None = None

    @property
    def parent(self) -> str | None:
        return self.code.rpartition(".")[0] or None

    @property
    def depth(self) -> int:
        return self.code.count(".")


@dataclass(frozen=True)
class StockChannel:
    """A way in which cases arrive, and who may file by it: everybody where no role is named.

    `by_key`: only systems with an API key.
    """

    code: str
    name: str
    roles: tuple[str, ...] = ()
    by_key: bool = False


CATEGORIES = (
    StockCategory("utilities", "水电通信"),
    StockCategory("utilities.electricity", "用电"),
    StockCategory("utilities.water", "供水"),
    StockCategory("utilities.network", "通信网络"),
    StockCategory("roads", "道路交通"),
    StockCategory("roads.surface", "路面桥涵"),
    StockCategory("roads.lighting", "道路照明"),
    StockCategory("roads.bus", "客运出行"),
    StockCategory("land", "土地宅基地"),
    StockCategory("environment", "环境卫生"),
    StockCategory("environment.garbage", "暴露垃圾", EVENTS, "06010"),
    StockCategory("environment.rubble", "积存垃圾渣土", EVENTS, "06011"),
    StockCategory("environment.road", "道路不洁", EVENTS, "06012"),
    StockCategory("environment.green", "绿地脏乱", EVENTS, "06017"),
    StockCategory("environment.piles", "乱堆物堆料", EVENTS, "06036"),
    StockCategory("environment.bins", "垃圾箱满溢", EVENTS, "06042"),
    StockCategory("environment.advertising", "违规户外广告", EVENTS, "07003"),
    StockCategory("environment.shopfronts", "店外经营", EVENTS, "09005"),
    StockCategory("environment.stalls", "占道经营", EVENTS, "09006"),
    StockCategory("environment.pollution", "污水异味噪声"),
    StockCategory("agriculture", "农业生产"),
    StockCategory("agriculture.disaster", "农业灾害"),
    StockCategory("agriculture.subsidy", "惠农补贴"),
    StockCategory("agriculture.advice", "种养技术"),
    StockCategory("welfare", "社保民政"),
    StockCategory("education", "教育"),
    StockCategory("health", "医疗卫生"),
    StockCategory("dispute", "矛盾纠纷"),
    StockCategory("dispute.marriage_family", "婚姻家庭纠纷"),
    StockCategory("dispute.neighbor", "邻里纠纷"),
    StockCategory("dispute.housing_homestead", "房屋宅基地纠纷"),
    StockCategory("dispute.damages", "损害赔偿纠纷"),
    StockCategory("dispute.contract", "合同纠纷"),
    StockCategory("dispute.business", "生产经营纠纷"),
    StockCategory("dispute.forest_land", "山林土地纠纷"),
    StockCategory("dispute.expropriation", "征地拆迁纠纷"),
    StockCategory("dispute.labor", "劳动争议"),
    StockCategory("dispute.village_affairs", "村务管理纠纷"),
    StockCategory("dispute.environment", "环境污染纠纷"),
    StockCategory("dispute.traffic", "道路交通事故纠纷"),
    StockCategory("dispute.medical", "医疗纠纷"),
    StockCategory("dispute.property_mgmt", "物业纠纷"),
    StockCategory("dispute.consumer", "消费纠纷"),
    StockCategory("dispute.other", "其他纠纷"),
    StockCategory("village_affairs", "村务监督"),
    StockCategory("paperwork", "办证代办"),
    StockCategory("safety", "安全隐患"),
    # Cases of this subject are closed by a decision and never by a rating: it is about ourselves.
    StockCategory("platform", "对本平台的意见"),
    StockCategory("other", "其他"),
)

FIELD = (GRID_WORKER.name, GRID_LEADER.name)
DISPATCH = (TOWN_DISPATCHER.name, COUNTY_DISPATCHER.name)
CHANNELS = (
    StockChannel("WEB", "网页"),
    StockChannel("MINI_APP", "小程序"),
    StockChannel("HOTLINE_12345", "12345热线", (INTEGRATOR.name, *DISPATCH)),
    StockChannel("GRID_WORKER", "网格员上报", FIELD),
    StockChannel("VISIT", "走访", FIELD),
    StockChannel("DEPUTY", "人大代表", (DEPUTY.name,)),
    # What a party member hears comes by a command of the plugin; whoever looks after the grid writes down the rest.
    StockChannel("PARTY_MEMBER", "党员", FIELD),
    StockChannel("LETTER", "来信", (*FIELD, *DISPATCH, DEPARTMENT_HANDLER.name)),
    StockChannel("IOT", "物联感知", (INTEGRATOR.name,), by_key=True),
)


class SqlConnection(Protocol):
    """As much of an asyncpg connection as seeding needs."""

    async def executemany(self, command: str, args: Any) -> Any: ...


async def seed(connection: SqlConnection) -> None:
    """Insert the stock subjects and channels that are missing."""
    await add_to_catalog(connection, CATEGORIES, CHANNELS)


async def add_to_catalog(
    connection: SqlConnection, categories: Sequence[StockCategory] = (), channels: Sequence[StockChannel] = ()
) -> None:
    """Insert those of these subjects and channels that are missing; what is there under a code stays as it is.

    A plugin calls it in the `seed` of its `App`, which runs at every start. A subject's parent is there before it.
    """
    for level in _levels(categories):
        await connection.executemany(
            "insert into cases.category (code, name, edition, standard_ref, standard_code, parent_id) "
            "select $1::text, $2, $3::text, $4, $5, (select id from cases.category where code = $6 and edition = $3) "
            "where not exists (select from cases.category where code = $1 and edition = $3)",
            [(c.code, c.name, EDITION, c.standard_ref, c.standard_code, c.parent) for c in level],
        )
    await connection.executemany(
        "insert into cases.channel (code, name, roles, by_key) "
        "select $1::text, $2, $3::text[], $4 where not exists (select from cases.channel where code = $1)",
        [(channel.code, channel.name, list(channel.roles), channel.by_key) for channel in channels],
    )


def _levels(categories: Sequence[StockCategory]) -> Iterator[list[StockCategory]]:
    """Yield the subjects level by level, parents before their children."""
    for _, level in groupby(sorted(categories, key=lambda c: c.depth), key=lambda c: c.depth):
        yield list(level)
