"""Votes: open or secret, one a person or a household, by oneself or by written proxy.

How a secret vote stays secret. Casting marks somebody as having voted, and puts what they say of each
proposal into the urn: rows of their own with random keys, without account, key or time, tied to nobody. A slip with the
digest of the receipt lies apart from both. Nothing is kept by the idempotency key, for whose store knows accounts and
times. Closing (`counting.py`) moves the urn into ballots and writes the roll and the slips anew. What this does not
cover is in the plugin's README.
"""

from __future__ import annotations

import datetime
import hashlib
import secrets
from datetime import timedelta
from uuid import UUID

import strawberry
from gongzhi.core.people.models import MembershipRow, PersonRow
from gongzhi.core.people.types import Person
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.located import LEVELS
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.checks import invalid_input, is_given, not_found, today
from gongzhi.runtime.commands import (
    EXPECTED,
    KEY,
    Call,
    Problem,
    command,
    input_field,
    not_allowed,
    problems,
    result_field,
)
from gongzhi.values.errors import Refusal
from strawberry import ID, UNSET

from ..lookups import find_resident, lives_in_grid, load_own_person
from ..models import (
    AgendaRow,
    Choice,
    DeliberationRow,
    DeliberationState,
    ProposalRow,
    ProxyRow,
    SlipRow,
    UrnRow,
    Voters,
)
from ..visibility import DELIBERATE
from .agenda import DeliberationPayload, load_deliberation, on_deliberation, save_deliberation
from .types import Deliberation, MatterProposal, VoteProxy

ADULT = 18
"""Organic Law of the Villagers' Committees, art. 13: who has a vote."""
PROXIES = 3
"""For how many others somebody votes: our own bound. The same law, art. 15, has written proxies and no number."""
SOONEST, LONGEST = timedelta(hours=1), timedelta(days=60)
# Counted once, when the vote is called: who moves in afterwards changes no quorum.
ENTITLED = f"""
select count(*)::int persons, count(distinct m.household_id)::int households from people.person p
left join people.membership m on m.person_id=p.id and m.until is null
where $1 in (p.grid_id, {", ".join(f"p.{one}" for one in LEVELS)}) and p.died_on is null and p.erased_at is null
 and coalesce(p.birth_date, '-infinity') <= $2::date
"""


@strawberry.input(description="How votes are taken (开始表决).")
class OpenVoteInput:
    idempotency_key: str = input_field(KEY)
    deliberation: ID = input_field("In which deliberation (议事).")
    expected_version: int = input_field(EXPECTED)
    voters: Voters = input_field("Who has a vote (表决单位).", default=Voters.PERSON)
    secret: bool = input_field("Whether nobody learns who votes what (无记名).", default=False)
    quorum_percent: int = input_field(
        "How many of those who have a vote must use it, in per cent (法定比例).", between=(1, 100), default=50
    )
    until: datetime.datetime = input_field("Until when votes are taken (投票截止).")


@command(
    "Take votes on the proposals, until a moment (开始表决).",
    requires=DELIBERATE,
    action=on_deliberation(DeliberationState.ANNOUNCED),
)
async def open_vote(call: Call, input: OpenVoteInput) -> DeliberationPayload:
    row = await load_deliberation(call, input.deliberation)
    await call_to_vote(call, row, input.voters, input.quorum_percent)
    row.vote_until, row.secret, row.state = check_vote_end(call, input.until), input.secret, DeliberationState.VOTING
    return await save_deliberation(row)


async def call_to_vote(call: Call, row: DeliberationRow, voters: Voters, percent: int) -> None:
    """Fix who has a vote and how many must use it. Raises Refusal NOTHING_PROPOSED where there is nothing to say."""
    if not await AgendaRow.exists(deliberation=row) or not await ProposalRow.exists(deliberation=row):
        raise Refusal("NOTHING_PROPOSED", "Publish a proposal first.", "尚无可表决的方案。", ("deliberation",))
    [found] = await call.fetch(ENTITLED, row.grid_id, voting_age_birthday(call))
    row.entitled = found["persons"] if voters == Voters.PERSON else found["households"]
    # Rounded up: half of seven is four.
    row.quorum_percent, row.needed = percent, -(-row.entitled * percent // 100)
    # `opened_at` also says that the vote was called, by which a matter stays public once it is dropped.
    row.voters, row.opened_at = voters, call.now


def check_vote_end(call: Call, until: datetime.datetime) -> datetime.datetime:
    if until.tzinfo is None or not call.now + SOONEST <= until <= call.now + LONGEST:
        raise invalid_input(
            "Votes are taken for an hour to sixty days.", "投票时间应为一小时至六十天，须带时区。", "until"
        )
    return until


def voting_age_birthday(call: Call) -> datetime.date:
    """Return the last birthday that has a vote today."""
    day = today(call)
    # The 29th of February has no day in most years.
    return day.replace(year=day.year - ADULT, day=min(day.day, 28) if day.month == 2 else day.day)


# voting


@strawberry.input(description="What one says of a proposal (表决意见).")
class VoteChoiceInput:
    proposal: ID = input_field("Of which (方案).")
    choice: Choice = input_field("What (意见).")


@strawberry.input(
    description="A vote (投票). It is carried out once for each who has one; no key of one's own is kept."
)
class CastVoteInput:
    idempotency_key: str | None = input_field("Left out: nothing is kept by it (不保存).", default=UNSET)
    deliberation: ID = input_field("In which (议事).")
    choices: list[VoteChoiceInput] = input_field("What one says of each proposal (各方案意见).")
    on_behalf_of: ID | None = input_field("Who has given one a written proxy (委托人).", default=UNSET)


@strawberry.type(description="The receipt, or why the vote does not count (投票结果).")
class CastVotePayload:
    receipt: str | None = result_field("Proves that a vote was put in, and not what it says; shown this once (回执).")
    errors: list[Problem] = problems()


# `repeats`: the store of idempotency keys knows accounts, times and a MAC of the input, and would tell who voted
# what. That a vote counts once is seen to by the roll.
@command("Vote, once; the receipt proves that it was put in and nothing else (投票).", requires=None, repeats=True)
async def cast_vote(call: Call, input: CastVoteInput) -> CastVotePayload:
    row = await load_open_vote(call, input.deliberation)
    voter = await find_principal(call, row, input)
    # Everything is checked before the roll is written: a vote that is refused may be cast again.
    choices = await read_choices(row, input.choices)
    # The roll before the urn: whoever is on it already puts nothing in.
    await mark_roll(call, row, voter)
    person = None if row.secret else voter.id
    # In one statement and without time or account; a secret vote has no person either.
    await UrnRow.bulk_create([UrnRow(proposal_id=key, choice=one, person_id=person) for key, one in choices.items()])
    # Of 128 random bits, and only its digest is kept: nobody can make one up, or find it from the database.
    receipt = secrets.token_urlsafe(16)
    # The slip proves that a vote was put in. It lies apart from the urn, so it cannot show which.
    await SlipRow.create(deliberation=row, digest=receipt_digest(receipt))
    return CastVotePayload(receipt=receipt)


async def load_open_vote(call: Call, id: str) -> DeliberationRow:
    """Return a vote that is open. Voters do not wait for each other, but whoever closes it waits for them."""
    key = key_of(Deliberation)(id)
    # A shared lock, unlike `find`: two voters at once both get it, and closing needs it exclusively.
    if not await call.fetch("select id from party.deliberation where id=$1 for share", key):
        raise not_found("There is no such deliberation.", "没有该议事。", "deliberation")
    row = await DeliberationRow.get(id=key)
    if row.state != DeliberationState.VOTING or row.vote_until is None or call.now > row.vote_until:
        raise Refusal("VOTE_CLOSED", "Votes are not taken now.", "投票未开始或已截止。", ("deliberation",))
    return row


async def find_principal(call: Call, row: DeliberationRow, input: CastVoteInput) -> PersonRow:
    """Return whose vote it is: the caller's, or that of somebody whose written proxy they have."""
    mine = await load_own_person(call)
    key = mine.id
    if is_given(input.on_behalf_of):
        key = key_of(Person)(input.on_behalf_of)
        if not await ProxyRow.exists(deliberation=row, principal_id=key, proxy=mine):
            raise Refusal(
                "NO_PROXY",
                "There is no written proxy of theirs on record for you.",
                "未登记该委托人对您的书面委托。",
                ("onBehalfOf",),
            )
    person = await PersonRow.get(id=key)
    # Asked when the vote is cast, since somebody may have moved or died since the proxy was written. Whoever casts
    # another's vote has one as well (the law's art. 15: 委托本村有选举权的近亲属).
    if not has_vote(call, row, person) or not has_vote(call, row, mine):
        raise no_vote()
    return person


def has_vote(call: Call, row: DeliberationRow, person: PersonRow) -> bool:
    """Tell whether somebody has a vote now: an adult who lives where the matter lies."""
    old = person.birth_date is None or person.birth_date <= voting_age_birthday(call)
    return lives_in_grid(person, row.grid_id) and old and not person.died_on and not person.erased_at


def no_vote(*path: str) -> Refusal:
    return Refusal("NO_VOTE", "Adults who live there have a vote.", "仅本网格年满十八周岁的居民有表决权。", path)


async def read_choices(row: DeliberationRow, given: list[VoteChoiceInput]) -> dict[UUID, Choice]:
    """Return what is said of every proposal, each once."""
    keys = {one.id for one in await ProposalRow.filter(deliberation=row)}
    found = {key_of(MatterProposal)(one.proposal): one.choice for one in given}
    if set(found) != keys or len(given) != len(keys):
        raise invalid_input("Say something of every proposal, once.", "须对每个方案各表示一次意见。", "choices")
    return found


# The unique keys of the roll decide, so a second vote at the same moment finds the first.
VOTED = """
insert into party.voted (id, deliberation_id, person_id, household_id) values (gen_random_uuid(), $1, $2, $3)
on conflict do nothing returning id
"""


async def mark_roll(call: Call, row: DeliberationRow, voter: PersonRow) -> None:
    """Put the voter, or their household, on the roll. Raises Refusal for whoever is on it."""
    # Without a household the roll is by person; either column has a unique key, which `VOTED` runs into.
    home = None
    if row.voters == Voters.HOUSEHOLD:
        member = await MembershipRow.filter(person_id=voter.id, until=None).first()
        if member is None:
            raise Refusal("NO_VOTE", "Households vote, and you are in none.", "以户为单位表决，您未登记户籍。", ())
        home = member.household_id
    if not await call.fetch(VOTED, row.id, voter.id, home):
        raise Refusal("ALREADY_VOTED", "This vote has been cast.", "已投票，不能重复投票。", ("deliberation",))


def receipt_digest(receipt: str) -> bytes:
    return hashlib.sha256(receipt.encode()).digest()


# proxies


@strawberry.input(description="A written proxy (书面委托).")
class GrantVoteProxyInput:
    idempotency_key: str = input_field(KEY)
    deliberation: ID = input_field("For which vote (议事).")
    proxy: ID = input_field("Who casts it (受托人).")
    principal: ID | None = input_field("Whose vote, if it is put on record from paper (委托人).", default=UNSET)


@strawberry.type(description="The proxy, or why there is none (委托结果).")
class VoteProxyPayload:
    proxy: VoteProxy | None = result_field("The proxy (委托).")
    errors: list[Problem] = problems()


@command(
    "Have somebody cast one's vote; from paper, whoever leads puts it on record (登记书面委托).",
    requires=None,
    action=on_deliberation(DeliberationState.ANNOUNCED, DeliberationState.VOTING, who=()),
)
async def grant_vote_proxy(call: Call, input: GrantVoteProxyInput) -> VoteProxyPayload:
    row = await load_deliberation(call, input.deliberation)
    if is_given(input.principal):
        # A proxy on paper is put on record by whoever leads; anybody else gives their own.
        if not call.may(DELIBERATE, row):
            raise not_allowed("principal")
        giver = await find_resident(call, input.principal, DELIBERATE, "principal")
    else:
        giver = await load_own_person(call)
    key = key_of(Person)(input.proxy)
    holder = await PersonRow.get_or_none(id=key) if key else None
    # Asked when it is given as well as when it is used: a proxy for nobody's vote helps nobody.
    if not has_vote(call, row, giver):
        raise no_vote("principal")
    if holder is None or holder.id == giver.id or not has_vote(call, row, holder):
        raise invalid_input(
            "A proxy is another adult who lives there.", "受托人须为本网格其他年满十八周岁的居民。", "proxy"
        )
    # Counted under the deliberation's lock, so that nobody collects more by two requests at once.
    if await ProxyRow.filter(deliberation=row, proxy=holder).count() >= PROXIES:
        raise Refusal(
            "TOO_MANY", f"Nobody votes for more than {PROXIES} others.", f"每人最多受托 {PROXIES} 人。", ("proxy",)
        )
    # Given twice, one vote could be cast by two, and the roll would let the faster one have it.
    if await ProxyRow.exists(deliberation=row, principal=giver):
        raise Refusal("DUPLICATE", "A proxy is on record.", "已登记委托。", ("principal",))
    made_of = await ProxyRow.create(
        deliberation=row, principal=giver, proxy=holder, at=call.now, account=call.viewer.account.name or ""
    )
    return VoteProxyPayload(proxy=ref(VoteProxy, made_of.id))


EXTENSIONS = (extend(Mutation, open_vote=open_vote, cast_vote=cast_vote, grant_vote_proxy=grant_vote_proxy),)
