"""Emergency notices: to all staff of the area."""

from __future__ import annotations

from gongzhi.core.notices.sending import NoticeDraft, Office, send_notice
from gongzhi.runtime.checks import CHINA
from gongzhi.runtime.commands import Call
from gongzhi.values.errors import Text

from .models import EmergencyRow

SAID: dict[str, tuple[Text, Text]] = {
    "emergency.declared": (
        Text("An emergency to confirm", "应急状态待确认"),
        Text("Somebody declared an emergency; confirm it or refuse to.", "有应急状态待确认，请及时处理。"),
    ),
    "emergency.confirmed": (
        Text("Emergency", "进入应急状态"),
        Text("An emergency holds in your area until {until}.", "本区域进入应急状态，至 {until} 自动结束。"),
    ),
    "emergency.ended": (
        Text("The emergency is over", "应急状态结束"),
        Text("Its powers are gone; the report is public.", "应急权力已终止，事后报告已公开。"),
    ),
    "emergency.absorbed": (
        Text("An emergency of a larger area took yours over", "应急状态已并入上级区域"),
        Text(
            "What was declared in your area is now part of it. The report of what held is public.",
            "本区域宣布的应急状态已并入上级区域的应急状态；已启动的，其事后报告已公开。",
        ),
    ),
}
# By the tree of grids, for the area may be of any level; residents' grants are for themselves and no office.
STAFF = (
    "with area as (select id from grids.grid where id = $1 or path <@ (select path from grids.grid where id = $1)) "
    "select distinct a.name from accounts.holding h join accounts.account a on a.id = h.account_id "
    "where a.suspended_at is null and h.role <> 'resident' and h.proposed_at is null "
    "and h.since <= $2 and (h.until is null or h.until > $2) "
    "and (h.grid_id in (select id from area) "
    "or h.unit_id in (select u.id from units.unit u where u.grid_id in (select id from area)))"
)
UNITS = (
    "select u.id from units.unit u where u.valid_to is null and u.grid_id in "
    "(select id from grids.grid where id = $1 or path <@ (select path from grids.grid where id = $1))"
)


async def notify_staff(call: Call, emergency: EmergencyRow, kind: str) -> None:
    """Notify whoever holds an office in the area, its units, and its dispatchers."""
    staff = [row["name"] for row in await call.fetch(STAFF, emergency.grid_id, call.now)]
    units = [row["id"] for row in await call.fetch(UNITS, emergency.grid_id)]
    await send_notice(
        call,
        emergency_notice(emergency, kind),
        accounts=staff,
        units=units,
        offices=[Office("cases.dispatch", emergency.grid_id)],
    )


async def tell_county(call: Call, emergency: EmergencyRow, kind: str = "emergency.declared") -> None:
    """Notify those who can confirm it."""
    await send_notice(call, emergency_notice(emergency, kind), offices=[Office("cases.dispatch", emergency.grid_id)])


def emergency_notice(emergency: EmergencyRow, kind: str) -> NoticeDraft:
    title, body = SAID[kind]
    until = f"{emergency.ends_at.astimezone(CHINA):%Y-%m-%d %H:%M}"
    return NoticeDraft(
        kind, title, Text(body.en.format(until=until), body.zh.format(until=until)), f"Emergency:{emergency.id}"
    )
