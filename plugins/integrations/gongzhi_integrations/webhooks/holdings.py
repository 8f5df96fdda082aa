"""Holdings: what endpoints and deliveries hold, which is addresses of systems, and ids and codes of cases."""

from __future__ import annotations

from gongzhi.declare.register_entries import COUNTY_OF_ROW, GONE, Holding
from gongzhi.plugin.retention import MINE, RECORDS, SIGNING_IN
from gongzhi.values.errors import Text

HOLDINGS = (
    Holding(
        "webhooks.webhook",
        Text("addresses that events are delivered to, with sealed secrets", "事件回调地址及加密的签名密钥"),
        SIGNING_IN,
        person=f"t.account_id in ({MINE})",
        erase=GONE,
        hidden=("secret", "data_key", "sealed_authorization"),
        wrapped={"secret": COUNTY_OF_ROW, "data_key": COUNTY_OF_ROW},
    ),
    Holding(
        "webhooks.retired_secret",
        Text("sealed secrets of endpoints that are being replaced", "回调轮换期内的旧密钥（加密）"),
        SIGNING_IN,
        hidden=("secret",),
        wrapped={"secret": COUNTY_OF_ROW},
    ),
    Holding(
        "webhooks.delivery",
        Text(
            "what was delivered of cases, in ids and codes; the receiver's answer, sealed",
            "事件投递记录，仅含标识和代码；接收方的应答（加密）",
        ),
        RECORDS,
        hidden=("sealed_answer",),
    ),
)
