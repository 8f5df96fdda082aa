"""Holdings: what the numbers left with cases hold, and how long."""

from __future__ import annotations

from gongzhi.core.cases.holdings import ASKED, MONTHS, OVER
from gongzhi.declare.register_entries import COUNTY_OF_ROW, GONE, Holding
from gongzhi.plugin.retention import LETTERS
from gongzhi.values.errors import Text

HOLDINGS = (
    Holding(
        "contacts.contact",
        Text("telephone numbers left with cases without an account", "无账户上报人留下的联系电话"),
        LETTERS,
        person=f"exists(select from cases.case c where c.id=t.case_id and ({ASKED.format('c')}))",
        erase=GONE,
        hidden=("data_key", "sealed", "blind", "mask"),
        months=MONTHS,
        since=f"(select {OVER.format('c')} from cases.case c where c.id=t.case_id)",
        wrapped={"data_key": COUNTY_OF_ROW},
    ),
)
