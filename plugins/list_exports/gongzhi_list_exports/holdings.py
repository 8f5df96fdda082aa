"""Holdings: what the table of exports holds, and how long."""

from __future__ import annotations

from gongzhi.declare.register_entries import Holding
from gongzhi.plugin.retention import NAMES
from gongzhi.values.errors import Text

PROOF = Text(
    "PIPL 51, 54, 56: who took data out and who released it, 3 years",
    "《个人信息保护法》第五十一、五十四、五十六条：导出与放行记录保存三年",
)
WHAT = Text("lists taken out as files: who asked, what for, who released them; no rows", "批量导出申请与放行，不含内容")
MONTHS = 36

HOLDINGS = (
    Holding(
        "exports.export",
        WHAT,
        PROOF,
        person=f"t.account in ({NAMES})",
        erase={"account": "null"},
        hidden=("decided_by",),
    ),
    Holding(
        "exports.export",
        WHAT,
        PROOF,
        person=f"t.decided_by in ({NAMES})",
        erase={"decided_by": "null"},
        hidden=("account", "document", "variables", "purpose"),
    ),
    Holding(
        "exports.export",
        WHAT,
        PROOF,
        erase={
            "account": "null",
            "decided_by": "null",
            "document": "''",
            "variables": "'{}'",
            "purpose": "''",
            "grounds": "null",
        },
        months=MONTHS,
        since="t.asked_at",
    ),
)
