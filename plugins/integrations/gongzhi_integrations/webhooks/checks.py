"""Checks: what of deliveries would be noticed late: by `gongzhi doctor`, and as the metric `gongzhi_check`."""

from __future__ import annotations

from gongzhi.declare.register_entries import Check
from gongzhi.values.errors import Text

CHECKS = (
    Check(
        "webhooks.disabled",
        "select count(*) from webhooks.webhook where state = 'DISABLED'",
        Text("no endpoint is disabled", "没有停用的回调地址"),
        Text("{0} endpoints are disabled; tell their owners", "{0} 个回调地址已停用；请通知其所有者"),
    ),
    Check(
        "webhooks.lag",
        # An attempt that is due is made within seconds; after a minute nobody is at it.
        "select coalesce(floor(max(extract(epoch from now() - coalesce(d.next_attempt_at, d.at)))), 0) "
        "from webhooks.delivery d join webhooks.webhook w on w.id = d.webhook_id where d.state = 'WAITING' "
        "and w.state = 'ACTIVE' and coalesce(d.next_attempt_at, d.at) < now() - interval '1 minute'",
        Text("no delivery is late", "没有延迟的投递"),
        Text(
            "the oldest delivery that is due has waited for {0} seconds; look at the log",
            "最早到期的投递已等待 {0} 秒；请查看日志",
        ),
    ),
)
