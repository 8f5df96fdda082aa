"""Holdings: what the access log and the audit hold, and how long."""

from __future__ import annotations

from gongzhi.declare.register_entries import Holding
from gongzhi.plugin.retention import NAMES
from gongzhi.values.errors import Text

LOG = Text(
    "PIPL 44, 45, 51, 54: who looked at whose data, for as long as the person is on file",
    "《个人信息保护法》第四十四、四十五、五十一、五十四条：查询记录随档案保存",
)
AUDIT = Text("PIPL 51, 54: audit of what was done", "《个人信息保护法》第五十一、五十四条：操作审计")
# Without its salt a commitment tells nothing, and the chain still holds.
FORGOTTEN = {"persons": "array_replace(t.persons,$2::uuid,null)", "salts": "access.unsalted(t.persons,t.salts,$2)"}

HOLDINGS = (
    Holding(
        "access.look",
        Text("looks at people's files", "个人信息查询记录"),
        LOG,
        person="$1=any(t.persons)",
        erase={**FORGOTTEN, "commitments": "access.committed(t.id,t.persons,t.salts,t.commitments,$2::uuid)"},
        hidden=("account", "persons", "salts", "commitments", "salt", "content"),  # their office, not their name
    ),
    Holding(
        "access.look",
        Text("one's own looks", "本人的查询"),
        LOG,
        person=f"t.account in ({NAMES})",
        erase={"account": "null", "salt": "null"},
        hidden=("persons", "salts", "commitments", "salt", "content"),
    ),
    Holding(
        "access.act",
        Text("what was done to people, as mutations", "对本人所做的操作"),
        LOG,
        person="$1=any(t.persons)",
        erase=FORGOTTEN,
        hidden=("account", "objects", "persons", "salts", "commitments", "salt", "content"),
    ),
    Holding(
        "access.act",
        Text("mutations, by ids and codes", "操作记录，仅含标识和代码"),
        AUDIT,
        person=f"t.account in ({NAMES})",
        erase={"account": "null", "salt": "null"},
        hidden=("persons", "salts", "commitments", "salt", "content"),
    ),
    Holding("access.link", Text("the chain over both", "审计链"), AUDIT),
    Holding("access.loose", Text("mutations that are in no batch yet", "待入链的操作"), AUDIT),
    Holding("access.archive", Text("months that lie in files", "已归档的月份"), AUDIT),
    Holding("access.head", Text("the end of the chain", "审计链末端"), AUDIT),
    Holding(
        "access.glass",
        Text("emergency looks beyond one's scope", "紧急越权查询"),
        LOG,
        person="t.person_id=$1",
        erase={"reason": "''"},
        hidden=("account",),
    ),
    Holding("access.alert", Text("alerts of bulk reads; counts only", "批量查询预警，仅含数量"), AUDIT),
)
