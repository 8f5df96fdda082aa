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
        "webhooks.behind",
        # An attempt that is due is made within seconds; after ten minutes nobody is at it.
        "select count(*) from webhooks.delivery d join webhooks.webhook w on w.id = d.webhook_id "
        "where d.state = 'WAITING' and w.state = 'ACTIVE' "
        "and coalesce(d.next_attempt_at, d.at) < now() - interval '10 minutes'",
        Text("no delivery is late", "没有延迟的投递"),
        Text(
            "{0} deliveries are due for more than ten minutes; look at the log",
            "{0} 个投递已逾期十分钟以上；请查看日志",
        ),
    ),
)
