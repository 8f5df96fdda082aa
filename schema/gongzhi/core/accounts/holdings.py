"""Holdings: what accounts hold, and how long."""

from __future__ import annotations

from gongzhi.declare.register_entries import GONE, Holding
from gongzhi.plugin.retention import MINE, SIGNING_IN
from gongzhi.values.errors import Text

OWN = f"t.account_id in ({MINE})"

HOLDINGS = (
    Holding("accounts.holding", Text("roles held", "角色"), SIGNING_IN, person=OWN, erase=GONE),
    Holding("accounts.identity", Text("identities elsewhere", "外部身份"), SIGNING_IN, person=OWN, erase=GONE),
    Holding(
        "accounts.password", Text("hashed passwords", "口令散列"), SIGNING_IN, person=OWN, erase=GONE, hidden=("hash",)
    ),
    Holding(
        "accounts.session",
        Text("sessions and their devices", "登录会话和设备"),
        SIGNING_IN,
        person=OWN,
        erase=GONE,
        months=6,
        since="coalesce(t.ended_at,t.expires_at)",
    ),
    Holding(
        "accounts.key", Text("keys of machines", "接口密钥"), SIGNING_IN, person=OWN, erase=GONE, hidden=("digest",)
    ),
    Holding(
        "accounts.invitation",
        Text("one-time codes, as MACs", "一次性邀请码的校验值"),
        SIGNING_IN,
        person=f"t.person_id=$1 or {OWN}",
        erase=GONE,
        hidden=("mac",),
        months=6,
        since="t.expires_at",
    ),
    Holding("accounts.attempt", Text("failed attempts, by MACs", "登录失败次数，仅含校验值"), SIGNING_IN),
    Holding(
        "accounts.account",
        Text("accounts", "账户"),
        SIGNING_IN,
        person="t.person_id=$1",
        erase={"name": "'erased:'||t.id", "suspended_at": "coalesce(t.suspended_at,t.created_at)", "person_id": "null"},
    ),
)
