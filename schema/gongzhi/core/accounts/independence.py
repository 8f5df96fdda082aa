"""Independence: whether two accounts are two persons, wherever a decision is promised to take two.

An account that somebody made, appointed or can sign in as is a puppet of theirs, not a second person. Who appointed
whom is walked back through every grant, account, invitation, linked identity and key, whoever's they were:

    county's administrator ── gave ──▶ leader ── gave ──▶ worker        the first and the last are not two persons

The command line appoints nobody here: whoever has it has the database.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from gongzhi.core.grids.models import GridRow
from gongzhi.declare.sql import Sql
from gongzhi.runtime.actions import Requirement
from gongzhi.runtime.commands import TWO_PERSONS, Call
from gongzhi.values.errors import Refusal, Text

from .models import AccountRow
from .rules import CONSOLE, GrantPlace, holds_guarded, is_guarded, may_confirm

# `hands` marks what lets somebody sign in as the account, unless two persons saw to it. A grant counts from when it was
# made, whatever its `since`; one that was never confirmed, or was stopped, counts for nothing.
APPOINTERS = """
with recursive chain(origin, name, at, hands) as (
  select one, one, '-infinity'::timestamptz, false from unnest($1::text[]) one
  union
  select c.origin, e.name, greatest(c.at, e.at), c.hands or e.hands
  from chain c join accounts.account a on a.name = c.name cross join lateral (
    select h.granted_by as name, min(coalesce(h.granted_at, h.since)) as at, false as hands from accounts.holding h
    where h.account_id = a.id and h.proposed_at is null and h.stopped_by is null
      and not h.role = any($2::text[]) and ($3::text[] is null or h.role = any($3)) group by h.granted_by
    union all select a.created_by, a.created_at, false
    union all select i.created_by, i.used_at, true from accounts.invitation i
    where i.account_id = a.id and i.used_at is not null and i.printed_by is null
    union all select d.linked_by, d.linked_at, true from accounts.identity d
    where d.account_id = a.id and d.proposed_at is null and d.confirmed_by is null
    union all select k.created_by, k.created_at, true from accounts.key k where k.account_id = a.id
  ) e where e.name <> c.name and e.name <> $4
)
select origin, name, min(at) filter (where not hands) as at, max(at) filter (where hands) as hands
from chain where name <> origin group by origin, name
"""


SELF = Text("You did this yourself, so somebody else must decide.", "此事由您经办，须由他人决定。")
TOO_NEW = Text(
    "This takes somebody who has been in an office that confirms such roles there for long enough.",
    "须由在该范围内担任复核岗位并已满期限的人员办理。",
)
CONNECTED = Text(
    "You are no second person here: you and whoever did this were appointed by each other, or lately by the same "
    "person. Ask somebody who was not.",
    "您与经办人之间存在任命关系，或近期由同一人任命，不能作为第二人决定，请由其他人员办理。",
)
PEOPLE = "select name, person_id from accounts.account where name = any($1::text[])"


@dataclass(frozen=True)
class Link:
    """How somebody stands above an account: since when by grants, and when they last had its credentials made."""

    appointed: datetime | None
    credentials: datetime | None

    def is_younger(self, moment: datetime) -> bool:
        """Return whether the account had not stood on its own before this moment."""
        if self.credentials is not None and self.credentials > moment:
            return True
        return self.appointed is not None and self.appointed > moment


Above = dict[str, dict[str, Link]]
"""Who stands above each of some accounts, and how."""


async def load_appointers(call: Call, *accounts: str, guarded: bool = False) -> Above:
    """Return everybody who appointed these accounts, directly or through others, and how they stand above them.

    Of roles, only those that nobody gives alone count if `guarded`: else whoever gives a small role to everybody could
    keep the county from ever appointing anybody.
    """
    found: Above = {name: {} for name in accounts}
    # None: every role counts but those that residents hold by being residents.
    roles = None
    if guarded:
        named = await call.fetch("select distinct role from accounts.holding")
        roles = [row["role"] for row in named if is_guarded(call, row["role"])]
    for row in await call.fetch(APPOINTERS, list(found), sorted(call.context.civic), roles, CONSOLE):
        found[row["origin"]][row["name"]] = Link(row["at"], row["hands"])
    return found


async def are_independent(call: Call, one: str | None, other: str | None) -> bool:
    """Return whether these accounts are two persons for an everyday decision.

    They are not if they are one account or one person's, if either appointed the other, or if somebody appointed both
    and one of them less than a term ago: a manager who makes two accounts today does not decide with them tomorrow.
    """
    if one is None or other is None:
        return True  # what the system did, or somebody without an account, was done by nobody who could decide here
    if one == other or await belong_together(call, one, other):
        return False
    above = await load_appointers(call, one, other)
    if is_above(above, one, other):
        return False
    # How long somebody has been in office before they are the second person beside their appointer's others.
    limit = call.now - timedelta(days=call.context.bounds.appointed)
    shared = above[one].keys() & above[other].keys()
    return not any(above[each][name].is_younger(limit) for name in shared for each in (one, other))


async def are_unconnected(call: Call, one: str, other: str) -> bool:
    """Return whether these accounts are two persons for what is guarded: not even appointed by the same, ever."""
    if one == other or await belong_together(call, one, other):
        return False
    above = await load_appointers(call, one, other, guarded=True)
    return above[one].keys().isdisjoint(above[other]) and not is_above(above, one, other)


def is_above(above: Above, one: str, other: str) -> bool:
    """Return whether one of the two appointed the other."""
    return one in above[other] or other in above[one]


async def require_independence(call: Call, path: str, *others: str | None) -> None:
    """Refuse the caller unless they are another person than each of these accounts.

    A command that is declared with `two_persons=True` calls this, or it fails.
    """
    # Noted whatever comes of it: a command that promises two persons must have asked.
    call.checks.add(TWO_PERSONS)
    account = call.viewer.account.name
    for other in dict.fromkeys(others):
        if not await are_independent(call, account, other):
            raise refuse_second(other == account, path)


async def require_unconnected(call: Call, path: str, other: str) -> None:
    """Refuse the caller unless nothing connects them with this account: for what nobody gives or ends alone."""
    call.checks.add(TWO_PERSONS)
    account = call.viewer.account.name or ""
    if not await are_unconnected(call, account, other):
        raise refuse_second(other == account, path)


async def require_unrelated(call: Call, path: str, other: str) -> None:
    """Refuse the caller if they appointed this account, or it them; others may have appointed both."""
    account = call.viewer.account.name or ""
    above = await load_appointers(call, account, other, guarded=True)
    if account == other or await belong_together(call, account, other) or is_above(above, account, other):
        raise refuse_second(account == other, path)


async def require_second_entry(call: Call, account: AccountRow, other: str, path: str) -> None:
    """Refuse the caller unless they may be the second person who lets somebody sign in as this account."""
    if await holds_guarded(call, account):
        await require_office(call, GrantPlace(await GridRow.get(id=account.grid_id) if account.grid_id else None), path)
        await require_unconnected(call, path, other)
    else:
        await require_independence(call, path, other)


async def require_office(call: Call, place: GrantPlace, path: str) -> None:
    """Refuse the caller unless they have been in an office that confirms guarded roles there for long enough."""
    if not await may_confirm(call, place):
        raise refuse_alone(TOO_NEW, path)


def require_other(column: str) -> Requirement:
    """Return the requirement that the viewer is not the account that the column names; more is asked by the command."""
    return Requirement(
        "FOUR_EYES", lambda row, viewer: [Sql("({0}={1}) is not true", row.field(column), viewer.account)], SELF
    )


def refuse_second(same: bool, path: str) -> Refusal:
    """Return the refusal for whoever cannot be the second person."""
    return refuse_alone(SELF if same else CONNECTED, path)


def refuse_alone(said: Text, path: str) -> Refusal:
    """Return the refusal of what takes two persons, in these words."""
    return Refusal("FOUR_EYES", said.en, said.zh, (path,) if path else ())


async def belong_together(call: Call, one: str, other: str) -> bool:
    """Return whether both accounts are the same person's."""
    people = {row["name"]: row["person_id"] for row in await call.fetch(PEOPLE, [one, other])}
    mine = call.viewer.account
    if mine.name in (one, other) and mine.person is not None:
        people[mine.name] = mine.person
    return people.get(one) is not None and people.get(one) == people.get(other)
