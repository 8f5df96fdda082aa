"""Base map types: what a page asks of the tiles under the board's map."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import strawberry
from gongzhi.declare.entity import embedded
from gongzhi.declare.extend import extend
from gongzhi.declare.plans import Frame
from gongzhi.declare.roots import Query
from gongzhi.declare.sql import Sql

from .base_map import ConsoleSettings

BOARD = "statistics.view"
"""The permission of whoever may open the board: a key in an address of tiles is not for strangers to use up."""


@strawberry.type(description="Tiles that lie under the board's map, as the operator supplies them (底图).")
class BaseMap:
    tiles: list[str] = strawberry.field(
        description="Their addresses, with {z}, {x} and {y} in them, the lowest layer first (瓦片地址)."
    )
    attribution: str = strawberry.field(description="Whose map it is, to be shown beside it (地图来源).")
    approval: str | None = strawberry.field(description="The number under which it is approved (审图号).")
    min_zoom: int = strawberry.field(description="The lowest zoom level that has tiles (最小级别).")
    max_zoom: int = strawberry.field(description="The highest zoom level that has tiles (最大级别).")


def select_base_map(given: Mapping[str, Any], context: Any) -> str | None:
    """Return the base map as JSON; None where there is none, and for whoever may not open the board."""
    settings = context.settings.get(ConsoleSettings, ConsoleSettings())
    if not settings.base_map or not context.viewer.can(BOARD):
        return None
    return json.dumps(
        {
            "tiles": settings.base_map,
            "attribution": settings.attribution,
            "approval": settings.map_approval,
            "minZoom": settings.min_zoom,
            "maxZoom": settings.max_zoom,
        }
    )


def base_map_sql(at: Frame) -> Sql:
    return Sql("{0}", at.given.whole(select_base_map, cast="jsonb"))


EXTENSIONS = (
    extend(
        Query,
        base_map=embedded(
            "What lies under the board's map, for whoever may open the board; null where the operator supplies none "
            "(底图).",
            base_map_sql,
            type=BaseMap | None,
            requires=None,
        ),
    ),
)
