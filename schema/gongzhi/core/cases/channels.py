"""Channels: who may file a case by which, and who may file what nobody asked for.

A channel says how a matter reached the office, and figures are split by it. So it must not be what somebody likes to
write: a sensor's report comes from a system with a key, a deputy's from a deputy.
"""

from __future__ import annotations

from gongzhi.runtime.commands import Call
from gongzhi.values.errors import Refusal

from .models import ChannelRow, Origin

PROACTIVE = "cases.report_proactive"


def require_channel(call: Call, channel: ChannelRow) -> None:
    """Refuse a caller to whom a channel does not belong. Raises Refusal FORBIDDEN at `channel`."""
    account = call.viewer.account
    # What calls with a key is a program.
    if channel.by_key and account.api_key is None:
        raise Refusal(
            "FORBIDDEN",
            f"Only systems with an API key file by the channel {channel.name}; choose another.",
            f"“{channel.name}”渠道仅供持接口密钥的系统使用，请选择其他渠道。",
            ("channel",),
        )
    # A channel without roles is everybody's.
    if channel.roles and not {grant.role for grant in account.grants} & set(channel.roles):
        raise Refusal(
            "FORBIDDEN",
            f"The channel {channel.name} is not for your roles; choose another.",
            f"您的角色不能使用“{channel.name}”渠道，请选择其他渠道。",
            ("channel",),
        )


def require_origin(call: Call, origin: Origin) -> None:
    """Refuse what nobody asked for from a caller who has no task to look for it. Raises Refusal FORBIDDEN."""
    if origin == Origin.PROACTIVE and not call.viewer.can(PROACTIVE):
        raise Refusal(
            "FORBIDDEN",
            "Only staff and systems file what nobody asked for; leave the origin out.",
            "只有工作人员和对接系统可以上报未诉先办事项，请勿填写来源方式。",
            ("origin",),
        )
