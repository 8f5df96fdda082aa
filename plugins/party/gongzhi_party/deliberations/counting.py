"""Counting: votes become ballots, a roll and receipts that nothing ties together.

The urn becomes ballots, and the roll and the slips are written anew, each in an order of its own and with new keys, in
one transaction. What was written while votes were taken is deleted with it, and swept by autovacuum soon after.
"""

from __future__ import annotations

import datetime
from typing import Any

import strawberry
from gongzhi.declare.entity import pick
from gongzhi.declare.extend import extend
from gongzhi.declare.plans import Argument
from gongzhi.declare.roots import Mutation, Query
from gongzhi.declare.sql import Sql
from gongzhi.runtime.checks import invalid_input
from gongzhi.runtime.commands import EXPECTED, KEY, Call, command, input_field
from gongzhi.values.errors import Refusal
from strawberry import ID

from ..models import DeliberationRow, DeliberationState, MeetingRow, MeetingState
from ..visibility import DELIBERATE
from .agenda import DeliberationPayload, load_deliberation, on_deliberation, save_deliberation
from .types import VoteReceipt
from .voting import check_vote_end, receipt_digest

# A left join, so that a proposal nobody voted on gets zeros and is not left out.
COUNT = """
update party.proposal p set votes_for=c.agree, votes_against=c.refuse, abstentions=c.abstain from (
 select o.id, count(u.id) filter (where u.choice='FOR') agree, count(u.id) filter (where u.choice='AGAINST') refuse,
  count(u.id) filter (where u.choice='ABSTAIN') abstain
 from party.proposal o left join party.urn u on u.proposal_id=o.id where o.deliberation_id=$1 group by o.id) c
where p.id=c.id
"""
# Delete and insert in one statement each, in random order: neither keys nor places on disk tell what was written
# together.
SHUFFLED = (
    "with gone as (delete from party.urn u using party.proposal p where p.id=u.proposal_id and p.deliberation_id=$1 "
    "returning u.proposal_id, u.choice, u.person_id) insert into party.ballot (id, proposal_id, choice, person_id) "
    "select gen_random_uuid(), proposal_id, choice, person_id from gone order by gen_random_uuid()",
    "with gone as (delete from party.voted where deliberation_id=$1 returning person_id, household_id) "
    "insert into party.voted (id, deliberation_id, person_id, household_id) "
    "select gen_random_uuid(), $1, person_id, household_id from gone order by gen_random_uuid()",
    "with gone as (delete from party.slip where deliberation_id=$1 returning digest) "
    "insert into party.slip (id, deliberation_id, digest) "
    "select gen_random_uuid(), $1, digest from gone order by gen_random_uuid()",
)


@strawberry.input(description="The end of a vote (结束表决).")
class CloseVoteInput:
    idempotency_key: str = input_field(KEY)
    deliberation: ID = input_field("In which (议事).")
    expected_version: int = input_field(EXPECTED)


@command(
    "Count the votes, once their time is over and enough have voted (结束表决并计票).",
    requires=DELIBERATE,
    action=on_deliberation(DeliberationState.VOTING),
)
async def close_vote(call: Call, input: CloseVoteInput) -> DeliberationPayload:
    # Exclusive lock: it waits for every vote that is being cast (they hold it shared), and none comes after.
    row = await load_deliberation(call, input.deliberation)
    [found] = await call.fetch("select count(*)::int n from party.voted where deliberation_id=$1", row.id)
    present = found["n"]
    # Early only when everybody has voted.
    if row.vote_until and call.now <= row.vote_until and present < (row.entitled or 0):
        raise Refusal("VOTE_OPEN", "Votes are still taken.", "投票尚未截止。", ("deliberation",))
    if present < (row.needed or 0):
        raise Refusal(
            "QUORUM_MISSED",
            f"{present} of the {row.needed} votes that are needed were cast. Take votes for longer, or drop it.",
            f"参加表决数 {present}，未达到法定数 {row.needed}；可延长投票或终止议事。",
            ("deliberation",),
        )
    await count_votes(call, row, present)
    return await save_deliberation(row)


async def count_votes(call: Call, row: DeliberationRow, present: int) -> None:
    """Make the urn the ballots of a closed vote, and their number the result."""
    await call.fetch(COUNT, row.id)
    # In the same transaction as the count, so that there is no moment with a result and an urn.
    for statement in SHUFFLED:
        await call.fetch(statement, row.id)
    row.present, row.state = present, DeliberationState.COUNTED


@strawberry.input(description="More time for a vote (延长投票).")
class ExtendVoteInput:
    idempotency_key: str = input_field(KEY)
    deliberation: ID = input_field("In which (议事).")
    expected_version: int = input_field(EXPECTED)
    until: datetime.datetime = input_field("Until when now (投票截止).")


@command("Take votes for longer (延长投票).", requires=DELIBERATE, action=on_deliberation(DeliberationState.VOTING))
async def extend_vote(call: Call, input: ExtendVoteInput) -> DeliberationPayload:
    row = await load_deliberation(call, input.deliberation)
    # Within the same bounds as a new vote.
    until = check_vote_end(call, input.until)
    # Longer is everybody's gain; shorter would take the vote from those who waited.
    if row.vote_until and until <= row.vote_until:
        raise invalid_input("A vote is not cut short.", "不能缩短投票时间。", "until")
    row.vote_until = until
    return await save_deliberation(row)


@strawberry.input(description="A matter that is not pursued (终止议事).")
class DropMatterInput:
    idempotency_key: str = input_field(KEY)
    deliberation: ID = input_field("Which (议事).")
    expected_version: int = input_field(EXPECTED)
    reason: str = input_field("Why; everybody reads it (原因).", length=(1, 500))


DROPPABLE = (
    DeliberationState.RAISED,
    DeliberationState.ANNOUNCED,
    DeliberationState.RECORDED,
    DeliberationState.VOTING,
)
# Uncounted votes are destroyed whole, roll and receipts included.
EMPTIED = (
    "delete from party.urn u using party.proposal p where p.id=u.proposal_id and p.deliberation_id=$1",
    "delete from party.slip where deliberation_id=$1",
    "delete from party.voted where deliberation_id=$1",
    "delete from party.attendance a using party.meeting m where m.id=a.meeting_id and m.deliberation_id=$1",
)


@command(
    "Drop a matter before it is counted; votes that were cast are destroyed uncounted (终止议事).",
    requires=DELIBERATE,
    action=on_deliberation(*DROPPABLE),
)
async def drop_matter(call: Call, input: DropMatterInput) -> DeliberationPayload:
    row = await load_deliberation(call, input.deliberation)
    # Destroyed and not counted: a result that nobody is bound by would still tell how a village thinks.
    await empty_urn(call, row)
    # A record that waits must not be confirmed after the matter was dropped.
    await withdraw_meeting(row)
    row.state, row.reason = DeliberationState.DROPPED, input.reason
    return await save_deliberation(row)


async def empty_urn(call: Call, row: DeliberationRow) -> None:
    """Destroy the votes that were not counted, who cast them, and who was in the room."""
    for statement in EMPTIED:
        await call.fetch(statement, row.id)


async def withdraw_meeting(row: DeliberationRow) -> None:
    """Take back what a meeting recorded and nobody has confirmed."""
    waiting = MeetingRow.filter(deliberation=row, state=MeetingState.RECORDED)
    await waiting.update(state=MeetingState.WITHDRAWN)


def by_receipt(frame: Any) -> Any:
    # By the receipt and never by its digest: digests are in the database, and would open what only receipts should.
    return [Sql("{0}={1}", frame.rows.digest, frame.given.bind("receipt", convert=receipt_digest, cast="bytea"))]


EXTENSIONS = (
    extend(Mutation, close_vote=close_vote, extend_vote=extend_vote, drop_matter=drop_matter),
    extend(
        Query,
        vote_receipt=pick(
            "That the vote of this receipt was put in; null if none was (投票回执查询).",
            by_receipt,
            arguments={"receipt": Argument(str, "The receipt (回执).")},
            type=VoteReceipt | None,
            requires=None,
        ),
    ),
)
