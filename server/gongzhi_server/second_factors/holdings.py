"""Holdings: what is kept of second factors, and how long."""

from __future__ import annotations

from gongzhi.declare.register_entries import GONE, Holding
from gongzhi.plugin.retention import MINE, SIGNING_IN
from gongzhi.values.errors import Text

HOLDINGS = (
    Holding(
        "second_factors.factor",
        Text("second factors, sealed, and recovery codes, as MACs", "动态验证码密钥（加密）和恢复码的校验值"),
        SIGNING_IN,
        person=f"t.account_id in ({MINE})",
        erase=GONE,
        hidden=("data_key", "content", "recovery"),
        wrapped={"data_key": "t.county"},
    ),
)
