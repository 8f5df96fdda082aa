"""Holdings: what is kept of the use of API keys, and how long."""

from __future__ import annotations

from gongzhi.declare.register_entries import GONE, Holding
from gongzhi.plugin.retention import MINE, SIGNING_IN
from gongzhi.values.errors import Text

HOLDINGS = (
    Holding(
        "api_keys.usage",
        Text("how much keys of machines are used, by day", "接口密钥每日用量"),
        SIGNING_IN,
        person=f"t.key_id in (select k.id from accounts.key k where k.account_id in ({MINE}))",
        erase=GONE,
        months=3,
        since="t.last_at",
    ),
    Holding(
        "api_keys.assertion",
        Text("digests of proofs that were taken", "已使用的客户端断言摘要"),
        SIGNING_IN,
        hidden=("digest",),
    ),
)
