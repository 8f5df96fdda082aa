"""Outbound notices: hand those that are committed and due to the channels, some hundreds at a time."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from gongzhi.core.notices.models import NoticeRow
from gongzhi.core.notices.rules import UNIT
from gongzhi.core.people.models import PersonRow
from gongzhi.core.people.protected import PHONE, reveal_field
from gongzhi.core.units.rules import EMPLOYERS
from gongzhi.runtime.channels import Addressee, NoticeChannel, Outbound
from gongzhi.runtime.checks import today
from gongzhi.runtime.commands import Call
from gongzhi.runtime.context import FileLook
from gongzhi.runtime.jobs import JobRun, job
from gongzhi.values.errors import Text

MOST = 2000
BATCH = 100
# What another worker has taken is skipped, not waited for.
TAKEN = (
    "with due as (select id from notices.waiting where due_at <= $2 order by due_at, id limit $1 "
    "for update skip locked), taken as (delete from notices.waiting w using due where w.id = due.id returning w.id) "
    "select n.id from taken join notices.notice n on n.id = taken.id"
)
HOLDERS = f"""
select name, person_id from (
  select distinct a.name, a.person_id, dense_rank() over (order by near.place) as turn
  from accounts.holding h join accounts.account a on a.id = h.account_id and a.suspended_at is null
  cross join lateral (
    select case when h.unit_id is null and h.grid_id is null then 9
      else array_position(array[$2, $3, $4, $5, $6, $7]::int[], h.grid_id) end as place
  ) near
  where h.role = any($1::text[]) and h.proposed_at is null and h.since <= $8 and (h.until is null or h.until > $8)
    and h.unit_id is null and near.place is not null
    and ($9::int is null or not exists (
      select from accounts.holding o
      where o.account_id = a.id and o.unit_id is not null and (o.until is null or o.until > $8)
        and $9 in ({EMPLOYERS.format("o.unit_id")})
    ))
) one where turn = 1 order by name
"""
"""Who holds an office nearest to where it is told something; whoever serves everywhere comes last."""

HANDLERS = (
    "select distinct a.name, a.person_id from accounts.holding h join accounts.account a on a.id = h.account_id "
    "and a.suspended_at is null where h.unit_id = $1 and h.role = any($2::text[]) and h.proposed_at is null "
    "and h.since <= $3 and (h.until is null or h.until > $3) order by a.name"
)
"""Who works for a unit."""

DUTY_PHONE = (
    "select duty_phone from people.post where person_id = $1 and duty_phone is not null and since <= $2 "
    "and (until is null or until > $2) order by since desc limit 1"
)


class Unsent(Exception):
    """A channel failed. It is no failure of the database's, whatever it was."""


@job("notices.hand_out", every=timedelta(minutes=1))
async def hand_to_channels(call: Call, run: JobRun) -> None:
    """Give what is new and due to every channel in use; jobs of their own send it."""
    # Sorted, so that the same notices make the same batches.
    ids = sorted(row["id"] for row in await call.fetch(TAKEN, MOST, call.now))
    for channel in call.context.channels:
        for some in split_batches(ids):
            enqueue_sending(call, channel, some)


def split_batches(ids: Sequence[UUID]) -> Iterable[Sequence[UUID]]:
    return (ids[at : at + BATCH] for at in range(0, len(ids), BATCH))


def enqueue_sending(call: Call, channel: NoticeChannel, ids: Sequence[UUID], only: str | None = None) -> None:
    """Have a job send these notices; `only` names the one addressee of a notice who did not get it."""
    # One job for each batch and channel, however often the notices are handed out.
    key = f"{channel.name}:{ids[0]}:{only or len(ids)}"
    call.enqueue(send_notices, key[:100], channel=channel.name, notices=[str(one) for one in ids], only=only)


@job("notices.send")
async def send_notices(call: Call, run: JobRun) -> None:
    """Send some notices. What fails gets a job of its own, so that the others are not sent again."""
    channel = next((one for one in call.context.channels if one.name == run.arguments["channel"]), None)
    rows = await NoticeRow.filter(id__in=run.arguments["notices"]).order_by("at", "id")
    if channel is None:  # no longer in use
        return
    only, looked = run.arguments.get("only"), set[UUID]()
    # All are found before any is sent, so that looks at numbers are in the log first.
    reachable = [
        (row, one)
        for row in rows
        for one in await find_addressees(call, channel, row, looked)
        if only is None or addressee_name(one) == only
    ]
    if looked:
        await record_numbers_read(call, channel, looked)
    for row, addressee in reachable:
        try:
            await channel.send(outbound_notice(row), addressee)
        except Exception as error:
            # This job is tried again itself: a new one would begin to count its attempts anew.
            if len(reachable) == 1:
                raise Unsent(f"{channel.name}: {type(error).__name__}") from error
            enqueue_sending(call, channel, [row.id], addressee_name(addressee))


def addressee_name(addressee: Addressee) -> str:
    """Return what tells one addressee of a notice from the others."""
    return str(addressee.person or addressee.account or addressee.unit or addressee.office or "contact")


def outbound_notice(row: NoticeRow) -> Outbound:
    title, body = Text(row.title_en, row.title_zh), Text(row.body_en, row.body_zh)
    return Outbound(row.id, row.kind, title, body, row.about, row.wakes)


async def find_addressees(call: Call, channel: NoticeChannel, row: NoticeRow, looked: set[UUID]) -> list[Addressee]:
    """Return who is written to by this channel: nobody who has not agreed to it, or has no number that it needs.

    `looked` gathers the people whose number was taken from their file.
    """
    if row.contact_id:
        return await contact_addressee(call, channel, row)
    # Where nobody is on duty the notice goes as any other.
    if row.wakes and (woken := await duty_addressees(call, channel, row, looked)):
        return woken
    wanted, person = channel.consent, row.person_id
    agreed = call.context.registers.is_agreed
    if wanted and (person is None or not await agreed(call, person, wanted.purpose, wanted.recipient)):
        return []
    whole = Addressee(row.person_id, row.account, row.unit_id, row.office, row.grid_id)
    if channel.phone and person:
        return await add_number(call, whole, looked)
    nobody = channel.phone or row.barred_unit_id  # a channel does not know who must not read it
    return [] if nobody else [whole]


async def contact_addressee(call: Call, channel: NoticeChannel, row: NoticeRow) -> list[Addressee]:
    """Return the number that was left with a case for this."""
    assert row.contact_id
    phone = await call.context.registers.find_number(call, row.contact_id) if channel.phone else None
    return [Addressee(phone=phone)] if phone else []


async def duty_addressees(call: Call, channel: NoticeChannel, row: NoticeRow, looked: set[UUID]) -> list[Addressee]:
    """Return the people on duty behind a notice that wakes them: duty, for which nobody asks their consent."""
    found = []
    for holder in await find_holders(call, row):
        one = Addressee(holder["person_id"], holder["name"], row.unit_id, row.office, row.grid_id)
        # A channel without numbers knows people by their accounts.
        if not channel.phone:
            found.append(one)
        # The number of their duty goes before their own.
        elif one.person and (duty := await call.fetch(DUTY_PHONE, one.person, today(call))):
            found.append(replace(one, phone=duty[0]["duty_phone"]))
        elif one.person:
            found += await add_number(call, one, looked)
    return found


async def find_holders(call: Call, row: NoticeRow) -> list[dict[str, Any]]:
    """Return the accounts and people who are told by a notice."""
    if row.person_id or row.account:
        return [{"person_id": row.person_id, "name": row.account}]
    if row.unit_id:
        return await call.fetch(HANDLERS, row.unit_id, call.context.holders(UNIT), call.now)
    # From the smallest grid up: the nearest who holds the office is told.
    levels = row.grid_3_id, row.grid_2_id, row.grid_1_id, row.village_id, row.town_id, row.county_id
    return await call.fetch(HOLDERS, call.context.holders(row.office or ""), *levels, call.now, row.barred_unit_id)


async def add_number(call: Call, addressee: Addressee, looked: set[UUID]) -> list[Addressee]:
    """Return the addressee with their own first number, if they have one."""
    assert addressee.person
    phone = await first_number(call, addressee.person)
    if phone is None:
        return []
    looked.add(addressee.person)
    return [replace(addressee, phone=phone)]


async def first_number(call: Call, person: UUID) -> str | None:
    """Return the first number of a person, in clear; whoever hands it out writes that down."""
    numbers = await reveal_field(call.context.keys, await PersonRow.get(id=person), PHONE)
    return numbers[0] if numbers else None


async def record_numbers_read(call: Call, channel: NoticeChannel, persons: Collection[UUID]) -> None:
    """Write into the access log whose numbers a channel is given, before it is."""
    purpose = channel.consent.purpose if channel.consent else channel.name
    await call.context.look(FileLook(persons, (PHONE,), purpose, operation=send_notices.name))
