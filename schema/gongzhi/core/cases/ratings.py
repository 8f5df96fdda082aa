"""Ratings: who may say what an answer was worth, and the row in which each answer keeps it.

A rating is the requester's. Whoever filed or handled the case never gives one, nor asks the requester for it.
"""

from __future__ import annotations

from uuid6 import uuid7

from gongzhi.runtime.commands import Call
from gongzhi.values.errors import Refusal

from .models import CaseRow, RatingSource

# Whether the caller handled the case, by any account of theirs, and whether they filed it in an office.
MINE = """
select exists(
  select from cases.event h left join accounts.account a on a.name = h.account
  where h.case_id = $1 and h.type = any($2::text[]) and h.account is not null
    and (h.account = $3::text or a.person_id = $4::uuid)) as handled,
exists(
  select from cases.event f where f.case_id = $1 and f.type = 'case.reported' and f.account = $3::text
    and coalesce(f.role, 'stranger') not in ('stranger', 'resident')) as filed
"""
HANDLING = ("case.handling", "case.suspended", "case.resumed", "case.settled", "case.replied")
"""Steps by which an account has handled a case; accepting and dispatching it is not handling it."""

# One row an answer. What a follow-up heard never takes the place of what the requester said.
KEEP = """
insert into cases.rating as r (id, case_id, unit_id, answered_at, at, source, rating, solved, comment, counts)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, coalesce(cases.independent($2), false))
on conflict (case_id, answered_at) do update set at = excluded.at, source = excluded.source, rating = excluded.rating,
  solved = excluded.solved, comment = excluded.comment, counts = excluded.counts
where excluded.source <> 'FOLLOW_UP' or r.source = 'FOLLOW_UP'
"""
INDEPENDENT = "select coalesce(cases.independent($1), false) as independent"


def is_requester(call: Call, case: CaseRow) -> bool:
    """Return whether the caller is who asked; who filed it for them is not."""
    person = call.viewer.account.person
    return person is not None and person == case.requester_id


async def refuse_involved(call: Call, case: CaseRow) -> None:
    """Refuse whoever handled the case, or filed it for somebody else."""
    account = call.viewer.account
    # Without an account nobody handles cases.
    if account.name is None:
        return
    [found] = await call.fetch(MINE, case.id, list(HANDLING), account.name, account.person)
    for_another = account.person is not None and account.person == case.filed_by_id
    if found["handled"] or not is_requester(call, case) and (found["filed"] or for_another):
        raise Refusal(
            "CONFLICT_OF_INTEREST",
            "Whoever filed or handled the case neither rates its answer nor asks the requester about it; leave it to "
            "the requester, or to somebody who had no part in it.",
            "诉求的上报人和承办人不得评价或回访，请由诉求人本人评价，或由未参与上报和办理的人员回访。",
            ("number",),
        )


async def keep_rating(
    call: Call, case: CaseRow, unit: int | None, source: RatingSource, rating: int | None, solved: bool | None,
    comment: str | None = None,
) -> None:  # fmt: skip
    """Keep what the requester makes of the answer that stands; what they said themselves outweighs a follow-up."""
    # The moment of an answer tells it from the next one: each has a row.
    answered = case.replied_at or case.settled_at or call.now
    values = (uuid7(), case.id, unit, answered, call.now, source.value, rating, solved, comment)
    await call.fetch(KEEP, *values)
