"""Sending: how a code gets to its number, which numbers are told of a case, and when those unproved are forgotten."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from gongzhi.core.grids.models import GridRow
from gongzhi.runtime.channels import Addressee, Outbound
from gongzhi.runtime.commands import Call
from gongzhi.runtime.jobs import JobRun, job
from gongzhi.values.errors import Text

from .codes import GOOD, derive_code, open_number
from .models import ContactRow

TITLE = Text("Your code", "验证码")
BODY = Text(
    "{0} is your code, good for {1} minutes. Nobody from the government asks you for it.",
    "验证码 {0}，{1} 分钟内有效。工作人员不会向您索要验证码。",
)
FORGOTTEN = timedelta(days=1)
# By the database's clock if this process's own is ahead, or codes would not count any more for others. Of a caller's
# number `sent_at` is null and `verified_at` is not, so it is never taken for one that was not proved.
FORGET = "delete from contacts.contact where verified_at is null and sent_at < least($1, now()) - $2::interval"
OF_CASE = "select k.id from contacts.contact k where k.case_id = {case} and k.verified_at is not null"
"""The numbers that were proved."""


class Unsent(Exception):
    """No channel took the code."""


@job("contacts.send")
async def send_code(call: Call, run: JobRun) -> None:
    """Send a code by every channel that reaches telephones, while it is good."""
    row = await ContactRow.get_or_none(id=run.arguments["contact"])
    # Proved already, replaced, or too late to be of use.
    if row is None or row.sent_at is None or row.verified_at or call.now >= row.sent_at + GOOD:
        return
    county = await GridRow.get(id=row.county_id)
    number = open_number(call.context.keys, county.code, row)
    said = derive_code(call.context.receipts, row.id), GOOD.seconds // 60
    body = Text(BODY.en.format(*said), BODY.zh.format(*said))
    for channel in call.context.channels:
        if channel.phone and number:
            try:
                await channel.send(Outbound(row.id, "contact.code", TITLE, body), Addressee(phone=number))
            except Exception as error:  # which may repeat the number or the code
                raise Unsent(f"{channel.name}: {type(error).__name__}") from None


@job("contacts.forget", every=timedelta(hours=1))
async def forget_unproved(call: Call, run: JobRun) -> None:
    """Forget numbers that were never proved or have been replaced, once they count for no limit any more."""
    await call.fetch(FORGET, call.now, FORGOTTEN)


async def find_number(call: Call, contact: UUID) -> str | None:
    """Return a number that was proved, in clear."""
    row = await ContactRow.get_or_none(id=contact, verified_at__isnull=False)
    if row is None:
        return None
    return open_number(call.context.keys, (await GridRow.get(id=row.county_id)).code, row)
