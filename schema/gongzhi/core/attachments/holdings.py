"""Holdings: what attachments hold, and how long."""

from __future__ import annotations

from gongzhi.declare.register_entries import Holding
from gongzhi.plugin.retention import LETTERS
from gongzhi.values.errors import Text

HOLDINGS = (
    Holding(
        "attachments.attachment",
        Text("files sent with cases; without their key nobody can read them again", "诉求附件"),
        LETTERS,
        person="t.person_id=$1 or t.case_id in (select c.id from cases.case c where c.requester_id=$1)",
        erase={"data_key": "null", "case_id": "null", "person_id": "null", "account": "null", "client": "null"},
        hidden=("data_key", "client"),
        wrapped={"data_key": "t.county"},
    ),
)
