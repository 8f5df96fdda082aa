"""Giving points by a rule: in force that day, not too soon after the last, within its cap, once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from gongzhi.core.people.tiers import add_months
from gongzhi.values.errors import Refusal, Text

from ..ledger import posting
from ..ledger.accounts import find_issuer_account
from ..ledger.posting import LedgerCall, Posting, make_legs
from ..models import PostingKind, ProgrammeRow, RuleRow, RuleState


@dataclass(frozen=True)
class Act:
    """What somebody did, under the version of the rule that it falls under. `key` names it in the ledger."""

    rule: RuleRow
    programme: ProgrammeRow
    account: UUID
    on: date
    key: str
    today: date
    inputs: Mapping[str, str] = field(default_factory=dict)
    claim: UUID | None = None
    case: UUID | None = None


def is_rule_in_force(rule: RuleRow, day: date) -> bool:
    """Tell whether acts of that day count by this version of a rule."""
    # Versions that have ended count as well: an act done while they were in force may be claimed afterwards.
    adopted = rule.state in (RuleState.ADOPTED, RuleState.ENDED)
    return adopted and rule.starts_on <= day and (rule.ends_on is None or day < rule.ends_on)


def require_in_force(rule: RuleRow, programme: ProgrammeRow, day: date, *path: str) -> None:
    """Raise Refusal RULE_NOT_IN_FORCE for an act of a day on which the rule or its programme is not in force."""
    running = programme.starts_on <= day and (programme.ends_on is None or day < programme.ends_on)
    if not running or not is_rule_in_force(rule, day):
        raise Refusal(
            "RULE_NOT_IN_FORCE",
            f"The rule was not in force that day; it is from {rule.starts_on}.",
            f"该日规则未生效，规则自 {rule.starts_on} 起施行。",
            path,
        )


EARNED = "select points.earned($1,$2,$3) earned"
# Versions of a rule share their code: a new version neither resets the cool-down nor lets an act count twice. What
# was reversed does not count.
NEAREST = """
select p.occurred_on from points.rule mine join points.rule r on r.programme_id=mine.programme_id and r.code=mine.code
join points.posting p on p.rule_id=r.id and p.kind='EARNED' join points.entry e on e.posting_id=p.id
where mine.id=$1 and e.account_id=$2 and abs(p.occurred_on-$3)<$4
and not exists(select from points.posting u where u.reverses_id=p.id) limit 1
"""


async def award_points(desk: LedgerCall, act: Act) -> UUID:
    """Give the points and return the posting's id; the same act under the same key is given once.

    Raises Refusal RULE_NOT_IN_FORCE, COOLING_DOWN or CAP_REACHED.
    """
    rule = act.rule
    require_in_force(rule, act.programme, act.on)
    # The chain's lock comes before any look at what was given: else two claims at once could both fit under the cap.
    await posting.lock_chain(desk, act.programme.id)
    # Asked under the lock and before the terms: the same act again gets its posting back, not COOLING_DOWN for itself.
    known = await desk.fetch(posting.KNOWN, act.programme.id, [act.key])
    if known:
        key: UUID = known[0]["id"]
        return key
    await check_cooldown(desk, act)
    [found] = await desk.fetch(EARNED, rule.id, act.account, act.on)
    # The last act under a cap gets what is left, not nothing; nothing at all is refused.
    amount = rule.amount if rule.cap is None else min(rule.amount, rule.cap - found["earned"])
    if amount <= 0:
        raise cap_reached(rule)
    source = await find_issuer_account(desk, act.programme.id)
    lasts = act.programme.lasts_months
    [made] = await posting.post_entries(
        desk, act.programme.id, award_posting(act, amount, found["earned"], source, lasts)
    )
    return made


def award_posting(act: Act, amount: int, earned: int, source: UUID, lasts: int | None) -> Posting:
    """Build the movement, with all that decided about it frozen as names and values."""
    rule = act.rule
    # Strings throughout: they are hashed into the chain as JSON, and must read the same in ten years.
    decided = {
        "rule": f"{rule.code}/{rule.version}",
        "amount": str(rule.amount),
        "cap": str(rule.cap) if rule.cap is not None else "",
        "period": rule.period.value,
        "earnedBefore": str(earned),
    }
    return Posting(
        kind=PostingKind.EARNED,
        key=act.key,
        # Points last from the day they are booked, not from the day of the act: a late decision must not cost the
        # holder time.
        legs=make_legs(source, act.account, amount, add_months(act.today, lasts) if lasts else None),
        reason=Text(rule.title, rule.title),
        occurred_on=act.on,
        inputs=decided | dict(act.inputs),
        rule=rule.id,
        claim=act.claim,
        case=act.case,
    )


async def check_cooldown(desk: LedgerCall, act: Act) -> None:
    days = act.rule.cooldown_days
    # A cool-down of 0 days asks for no distance, so there is nothing to look up.
    near = days and await desk.fetch(NEAREST, act.rule.id, act.account, act.on, days)
    if near:
        raise Refusal(
            "COOLING_DOWN",
            f"There must be {days} days between two acts; one was on {near[0]['occurred_on']}.",
            f"两次行为须间隔 {days} 天，已有一次在 {near[0]['occurred_on']}。",
        )


def cap_reached(rule: RuleRow) -> Refusal:
    return Refusal(
        "CAP_REACHED",
        f"The rule gives at most {rule.cap} in this period, and they have been given.",
        f"该规则本周期上限为 {rule.cap} 分，已达上限。",
    )
