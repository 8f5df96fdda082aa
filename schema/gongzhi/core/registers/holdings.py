"""Holdings: the core's tables that hold nothing about people, listed so that the register is whole."""

from __future__ import annotations

from gongzhi.declare.register_entries import Holding
from gongzhi.plugin.retention import NAMES, OPERATION, PUBLIC
from gongzhi.values.errors import Text

HOLDINGS = (
    Holding("grids.grid", Text("divisions and grids", "区划和网格"), PUBLIC),
    Holding("grids.ring", Text("boundaries", "边界"), PUBLIC),
    Holding("units.unit", Text("organisations", "单位"), PUBLIC),
    Holding("plugins.activation", Text("where plugins are on", "插件启停"), OPERATION),
    Holding("plugins.setting", Text("what counties choose about plugins", "县级设置"), OPERATION),
    Holding("accounts.fingerprint", Text("digests of the secret and keys", "密钥摘要"), OPERATION),
    Holding(
        "journal.request",
        Text("mutations that were carried out: MAC and ids", "已执行的变更：校验值和标识"),
        OPERATION,
        person=f"t.account in ({NAMES})",
        erase={"account": "'erased:'||t.id"},
        hidden=("mac",),
    ),
    Holding("events.outbox", Text("what happened, in ids, codes and numbers", "事件，仅含标识、代码和数字"), OPERATION),
    Holding("events.counter", Text("the last position given", "事件序号"), OPERATION),
    Holding("events.consumer", Text("how far handlers have come", "事件处理进度"), OPERATION),
    Holding(
        "events.resumption", Text("where streams go on, for two minutes", "事件流的续传位置，保留两分钟"), OPERATION
    ),
    Holding("events.job", Text("work in the background", "后台任务"), OPERATION),
)
