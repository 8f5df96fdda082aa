"""Holdings: what was declared where, and what was done in emergencies. The reason is public and names nobody."""

from __future__ import annotations

from gongzhi.declare.register_entries import Holding
from gongzhi.plugin.retention import PUBLIC, RECORDS
from gongzhi.values.errors import Text

HOLDINGS = (
    Holding("emergency.power", Text("powers of emergencies", "应急权力"), PUBLIC),
    Holding(
        "emergency.emergency",
        Text("emergencies", "应急状态"),
        PUBLIC,
        hidden=("declared_by", "confirmed_by", "ended_by"),
    ),
    Holding("emergency.mark", Text("what was done in emergencies", "应急处置留痕"), RECORDS, hidden=("account",)),
)
