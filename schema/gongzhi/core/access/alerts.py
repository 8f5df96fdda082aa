"""Alerts: what the data-protection officer is told of, once and in writing."""

from __future__ import annotations

from typing import Any

from gongzhi.core.access.rules import OVERSEE
from gongzhi.core.notices.sending import HasTime, NoticeDraft, Office, send_notice
from gongzhi.values.errors import Text

from .models import AlertKind, AlertRow

TITLE = Text("Look into the use of personal data", "请核查个人信息使用情况")
SAID = {
    AlertKind.BULK: Text("An account looked at {0} people's files in an hour.", "有账户一小时内查阅了 {0} 人的档案。"),
    AlertKind.NEIGHBOURS: Text(
        "An account looked at {0} files of its own village in an hour, which it does not serve.",
        "有账户一小时内查阅了本村 {0} 人的档案，而该村不属其工作范围。",
    ),
    AlertKind.QUOTA: Text(
        "An account asked for protected values of {0} people in a day, more than it may.",
        "有账户一天内申请查看 {0} 人的明文信息，超出额度。",
    ),
    AlertKind.BREAK_GLASS: Text(
        "An account looked at a file beyond its scope in an emergency.", "有账户紧急查阅了其权限范围之外的档案。"
    ),
}


async def raise_alert(
    moment: HasTime, kind: AlertKind, account: str, role: str | None, count: int, county: Any
) -> AlertRow:
    """Write an alert about an account, and tell whoever watches over the county; in the transaction that is open."""
    # It lies in the county itself, where those who watch over the county find it.
    row = await AlertRow.create(
        at=moment.now, kind=kind, account=account, role=role, count=count, grid_id=county, county_id=county
    )
    body = Text(SAID[kind].en.format(count), SAID[kind].zh.format(count))
    notice = NoticeDraft(f"access.{kind.lower()}", TITLE, body, f"AccessAlert:{row.id}")
    await send_notice(moment, notice, offices=[Office(OVERSEE, county)])
    return row
