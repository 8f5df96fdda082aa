"""The core's tables that hold nothing about people; in the register all the same, so that it is whole."""

from __future__ import annotations

from ..errors import Text
from .declared import Holding

PUBLIC = Text("public registers of the administration", "行政公开事项")
OPERATION = Text("operation of the platform; ids and codes only", "平台运行所需，仅含标识和代码")

HOLDINGS = (
    Holding("grids.grid", Text("divisions and grids", "区划和网格"), PUBLIC),
    Holding("grids.ring", Text("boundaries", "边界"), PUBLIC),
    Holding("units.unit", Text("organisations", "单位"), PUBLIC),
    Holding("plugins.activation", Text("where plugins are on", "插件启停"), OPERATION),
    Holding(
        "journal.request", Text("mutations that were carried out: MAC and ids", "已执行的变更：校验值和标识"), OPERATION
    ),
    Holding("resolutions.resolution", Text("what assemblies decided", "决议"), PUBLIC),
)
