"""Notices on their way out: handed to the channels after they are committed, some hundreds at a time."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import timedelta
from uuid import UUID

from ..channels import Addressee, Channel, Outbound
from ..commands import Call
from ..context import Look
from ..errors import Text
from ..events.work import Run, job
from ..people.models import PersonRow
from ..people.protected import PHONE, clear
from ..rights.consenting import consented
from .models import NoticeRow

MOST = 2000
BATCH = 100
TAKEN = (
    "with taken as (select id from notices.notice where pending order by at, id limit $1 for update skip locked) "
    "update notices.notice n set pending = false from taken t where n.id = t.id returning n.id"
)


class Unsent(Exception):
    """A channel failed. It is no failure of the database's, whatever it was."""


@job("notices.hand_out", every=timedelta(minutes=1))
async def handed_out(call: Call, run: Run) -> None:
    """Give what is new to every channel in use; jobs of their own send it."""
    ids = sorted(row["id"] for row in await call.fetch(TAKEN, MOST))
    for channel in call.context.channels:
        for some in cut(ids):
            enqueue(call, channel, some)


def cut(ids: Sequence[UUID]) -> Iterable[Sequence[UUID]]:
    return (ids[at : at + BATCH] for at in range(0, len(ids), BATCH))


def enqueue(call: Call, channel: Channel, ids: Sequence[UUID]) -> None:
    key = f"{channel.name}:{ids[0]}:{len(ids)}"
    call.enqueue(sent, key, channel=channel.name, notices=[str(one) for one in ids])


@job("notices.send")
async def sent(call: Call, run: Run) -> None:
    """Send some notices. One that fails gets a job of its own, so that the others are not sent again."""
    channel = next((one for one in call.context.channels if one.name == run.arguments["channel"]), None)
    rows = await NoticeRow.filter(id__in=run.arguments["notices"]).order_by("at", "id")
    if channel is None:  # no longer in use
        return
    reachable = [(row, one) for row in rows if (one := await reached(call, channel, row))]
    await noted(call, channel, {one.person for _, one in reachable if one.person and one.phone})
    for row, addressee in reachable:
        try:
            await channel.send(outbound(row), addressee)
        except Exception as error:
            if len(rows) == 1:
                raise Unsent(f"{channel.name}: {type(error).__name__}") from error
            enqueue(call, channel, [row.id])


def outbound(row: NoticeRow) -> Outbound:
    return Outbound(row.id, row.kind, Text(row.title_en, row.title_zh), Text(row.body_en, row.body_zh), row.about)


async def reached(call: Call, channel: Channel, row: NoticeRow) -> Addressee | None:
    """Who is told by this channel; None for somebody who has not agreed to it, or has no number for it."""
    wanted, person = channel.consent, row.person_id
    if wanted and (person is None or not await consented(call, person, wanted.purpose, wanted.recipient)):
        return None
    phone = await number(call, row.person_id) if channel.phone and row.person_id else None
    if channel.phone and phone is None:
        return None
    return Addressee(row.person_id, row.account, row.unit_id, row.office, row.grid_id, phone)


async def number(call: Call, person: UUID) -> str | None:
    """The first number of a person, in clear; whoever hands it out writes that down."""
    numbers = await clear(call.context.keys, await PersonRow.get(id=person), PHONE)
    return numbers[0] if numbers else None


async def noted(call: Call, channel: Channel, persons: Collection[UUID]) -> None:
    """Write into the access log whose numbers a channel is given, before it is."""
    if persons:
        purpose = channel.consent.purpose if channel.consent else channel.name
        await call.context.look(Look(persons, (PHONE,), purpose, operation=sent.name))
