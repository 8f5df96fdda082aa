"""Holdings: what is kept of other systems' numbers, and of the calls they took."""

from __future__ import annotations

from gongzhi.core.cases.holdings import ASKED, MONTHS, OVER
from gongzhi.declare.register_entries import Holding
from gongzhi.plugin.retention import LETTERS
from gongzhi.values.errors import Text

HOLDINGS = (
    Holding(
        "intake.entry",
        Text(
            "numbers of cases in other systems; who called, when, and the recording's reference",
            "诉求的外部编号；来电人称呼、来电时间、录音编号",
        ),
        LETTERS,
        person=f"exists(select from cases.case c where c.id=t.case_id and ({ASKED.format('c')}))",
        erase={"caller": "null", "called_at": "null", "recording": "null"},
        months=MONTHS,
        since=f"(select {OVER.format('c')} from cases.case c where c.id=t.case_id)",
    ),
)
