"""Telling: who finds a bulletin in their inbox, and when channels hand it out.

Of what is loud everybody hears whom it reaches, at any hour, and people on duty are woken; of anything else those who
have agreed to be told of its kind, in office hours.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any
from uuid import UUID

from gongzhi.core.notices.sending import NoticeDraft, Office, send_notice
from gongzhi.runtime.checks import CHINA
from gongzhi.runtime.commands import Call
from gongzhi.runtime.jobs import JobRun, job
from gongzhi.values.errors import Text
from gongzhi.values.labels import label_of

from .models import BulletinRow, WarningRow
from .rules import LOUD

PURPOSE, RECIPIENT = "bulletins.interests", "bulletins"
"""The consent to be told of kinds of bulletins."""
BATCH = 1_000

# By the key of people, a batch at a time: a county has hundreds of thousands.
LIVING = """
select p.id from people.person p
where p.grid_id=any(array(
  select h.id from bulletins.reach r join grids.grid a on a.id=r.grid_id join grids.grid h on h.path<@a.path
  where r.bulletin_id=$1
)) and p.died_on is null and p.erased_at is null and ($2::uuid is null or p.id>$2) {interested}
order by p.id limit $3
"""
EVERYBODY = LIVING.format(interested="")
INTERESTED = LIVING.format(
    interested=f"""and exists(
  select from bulletins.interest i join rights.consent c on c.person_id=i.person_id
  where i.person_id=p.id and $4=any(i.kinds) and c.purpose='{PURPOSE}' and c.recipient='{RECIPIENT}'
  and c.withdrawn_at is null and (c.expires_at is null or c.expires_at>$5)
)"""
)


class Change(StrEnum):
    """What has become of a bulletin."""

    PUBLISHED = "published"
    CORRECTED = "corrected"
    WITHDRAWN = "withdrawn"
    ENDED = "ended"


CHANGES = {
    Change.PUBLISHED: Text("New: {0}", "新发布：{0}"),
    Change.CORRECTED: Text("Corrected: {0}", "已更正：{0}"),
    Change.WITHDRAWN: Text("Withdrawn: {0}", "已撤回：{0}"),
    Change.ENDED: Text("Lifted: {0}", "已解除：{0}"),
}
READ = Text("Published on {0}. Open it to read what it says.", "发布于 {0}，请打开查看内容。")
GONE = Text("What was published on {0} no longer holds.", "{0} 发布的内容不再有效。")


@job("bulletins.tell_readers")
async def tell_readers(call: Call, run: JobRun) -> None:
    """Tell a batch of those who are to hear of a bulletin, and go on with the next one."""
    # Read anew with each batch: what was withdrawn meanwhile says so.
    row = await BulletinRow.get(id=UUID(run.arguments["bulletin"]))
    change, after = Change(run.arguments["change"]), run.arguments.get("after")
    people, what = await find_readers(call, row, after), await describe_bulletin(row)
    loud = row.kind in LOUD
    # Whoever answers for the place is told once, with the first batch; what is loud wakes who has duty.
    offices = [Office("cases.dispatch", row.grid_id)] if loud and after is None else []
    await send_notice(call, draft_notice(row, change, what), persons=people, offices=offices)
    # A full batch may have a next one. By the key of the last person, so that none is told twice.
    if len(people) == BATCH:
        enqueue_telling(call, row, change, after=str(people[-1]))


def enqueue_telling(call: Call, row: BulletinRow, change: Change, after: str | None = None) -> None:
    """Have people told in the background, of whom there may be thousands: all, or those `after` a person's key."""
    rest: dict[str, Any] = {"after": after} if after else {}
    # With the version in the key: a correction is told once more, and what is retried is not.
    key = ":".join((str(row.id), str(row.version), change, *rest.values()))
    call.enqueue(tell_readers, key, row=row, bulletin=str(row.id), change=change.value, **rest)


async def find_readers(call: Call, row: BulletinRow, after: str | None) -> list[UUID]:
    """Return the next of those who are to hear of a bulletin."""
    begun: tuple[Any, ...] = (row.id, UUID(after) if after else None, BATCH)
    # Danger asks for no consent: the Emergency Response Law has everybody told.
    if row.kind in LOUD:
        found = await call.fetch(EVERYBODY, *begun)
    else:
        found = await call.fetch(INTERESTED, *begun, row.kind.value, call.now)
    return [one["id"] for one in found]


async def describe_bulletin(row: BulletinRow) -> Text:
    """Return what a notice calls it: its kind; of a warning also what happens and how bad it is."""
    kind = label_of(row.kind)
    if row.warning_id is None:
        return kind
    # Terms of a warning service, and nothing that people wrote: whoever is woken must know for what.
    warning = await WarningRow.get(id=row.warning_id)
    severity = label_of(warning.severity)
    return Text(f"{kind.en}: {warning.event} ({severity.en})", f"{kind.zh}：{warning.event}（{severity.zh}）")


def draft_notice(row: BulletinRow, change: Change, what: Text) -> NoticeDraft:
    """Return what the inbox says: what it is and the day, and nothing of what was written."""
    title, body = CHANGES[change], GONE if change in (Change.WITHDRAWN, Change.ENDED) else READ
    # In China, where its readers are, whatever the zone of the server.
    day = f"{row.published_at.astimezone(CHINA):%Y-%m-%d %H:%M}"
    return NoticeDraft(
        f"bulletins.{change}",
        Text(title.en.format(what.en), title.zh.format(what.zh)),
        Text(body.en.format(day), body.zh.format(day)),
        about=f"Bulletin:{row.id}",
        office_hours_of=None if row.kind in LOUD else row.county_id,
        wakes=row.kind in LOUD,
    )
