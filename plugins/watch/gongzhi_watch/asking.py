"""Asking: a worker proposes a watch, and the household asks, declares, contests, answers and leaves by its own word."""

from __future__ import annotations

import strawberry
from gongzhi.core.accounts.independence import require_independence
from gongzhi.core.people.households import find_household
from gongzhi.core.people.models import HouseholdRow
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.declare.sql import Sql
from gongzhi.runtime.actions import Action, Requirement, require_empty, require_states
from gongzhi.runtime.checks import duplicate, is_given
from gongzhi.runtime.commands import EXPECTED, KEY, Call, command, free_text, input_field, not_allowed
from gongzhi.values.errors import Text
from strawberry import ID, UNSET

from . import telling
from .evidence import DECLARED as FACTS
from .evidence import FACTS as MOST
from .evidence import WatchFactInput, find_items, keep_facts, receive_pictures
from .models import TEXT, Ending, EntryRow, Step, Subject, WatchState
from .records import (
    ANSWERED,
    AS_IT_IS,
    BY,
    DECIDED,
    WATCH,
    WatchPayload,
    end_watch,
    in_days,
    keep_step,
    load_rule,
    load_watch,
    require_agreement,
    require_home_speaker,
)
from .rules import PROPOSE, SPEAKS
from .types import Watch

HOUSEHOLD = "The household's id (户标识)."
GOING = (
    WatchState.PROPOSED,
    WatchState.ASKED,
    WatchState.ASSESSED,
    WatchState.WATCHED,
    WatchState.EXIT_PROPOSED,
    WatchState.CONTESTED,
)


async def find_open_watch(household: HouseholdRow) -> EntryRow | None:
    """Return the watch of a locked household that goes on, locked as well."""
    return await EntryRow.select_for_update().get_or_none(household_id=household.id, closed_at=None)


def begin_watch(call: Call, household: HouseholdRow, rule: int, state: WatchState) -> EntryRow:
    """Return a new watch of a household, not yet saved; it lies where the household lives."""
    return EntryRow(
        grid_id=household.grid_id,
        # The database fills in all levels; what follows asks for this one before.
        county_id=household.county_id,
        household_id=household.id,
        rule_id=rule,
        state=state,
        proposed_at=call.now,
        # The first step makes it the first version.
        version=0,
    )


@strawberry.input(description="A household that may want to be watched over (提议纳入监测).")
class ProposeWatchInput:
    idempotency_key: str = input_field(KEY)
    household: ID = input_field(HOUSEHOLD)
    text: str = free_text("Why; the household reads it (提议理由).", length=(1, TEXT))


@command(
    "Propose to a household that it be watched over; it says itself whether it wants that, and what its facts are "
    "(提议纳入监测).",
    requires=PROPOSE,
)
async def propose_watch(call: Call, input: ProposeWatchInput) -> WatchPayload:
    household = await find_household(call, input.household)
    if not call.may(PROPOSE, household):
        raise not_allowed("household")
    if await find_open_watch(household):
        raise duplicate("There is a watch already.", "该户已有进行中的监测。", "household")
    rule = await load_rule(household.county_id, Subject.HOUSEHOLDS, "household")
    row = begin_watch(call, household, rule.id, WatchState.PROPOSED)
    row.proposed_by = call.viewer.account.name
    # Silence is no agreement: the clock ends what nobody takes up.
    row.due_at = call.now + ANSWERED
    payload = await keep_step(call, row, Step.PROPOSED, input.text)
    await telling.tell_home(call, row, telling.PROPOSED)
    return payload


@strawberry.input(description="A household asks to be watched over, or agrees to it (申请纳入监测).")
class RequestWatchInput:
    idempotency_key: str = input_field(KEY)
    household: ID = input_field(HOUSEHOLD)
    by: ID | None = input_field(BY, default=UNSET)
    facts: list[WatchFactInput] = input_field(FACTS, items=(1, MOST))
    text: str | None = free_text("What else it wants to say (补充说明).", length=(1, TEXT), default=UNSET)


@command(
    "Ask that one's household be watched over, or agree to a proposal: with the consent that it rests on, and facts "
    "that the household declares itself (申请纳入监测).",
    requires=None,
)
async def request_watch(call: Call, input: RequestWatchInput) -> WatchPayload:
    pictures = await receive_pictures(call, input.facts)
    # The household is locked, so that two who ask for it at once are told of each other.
    household = await find_household(call, input.household)
    who = await require_home_speaker(call, household, input.by)
    await require_agreement(call, who, "household")
    row = await find_open_watch(household)
    if row is not None and row.state is not WatchState.PROPOSED:
        raise duplicate(
            "There is a watch already: declare there what else there is.",
            "该户已有进行中的监测，可在其中补充申报。",
            "household",
        )
    rule = await load_rule(household.county_id, Subject.HOUSEHOLDS, "household")
    if row is None:
        row = begin_watch(call, household, rule.id, WatchState.ASKED)
    elif is_given(input.by):
        # Whoever proposes does not also write down that the household agreed.
        await require_independence(call, "by", row.proposed_by)
    items = await find_items(call, rule.id, input.facts)
    # The edition of today: who was proposed to by the last one is decided by what is published now.
    row.rule_id, row.person_id, row.state, row.asked_at = rule.id, who, WatchState.ASKED, call.now
    row.due_at = await in_days(call, row, DECIDED)
    payload = await keep_step(call, row, Step.ASKED, input.text or None, person=who)
    await keep_facts(call, row, input.facts, items, pictures)
    await telling.tell_town(call, row, telling.ASKED)
    await telling.tell_home(call, row, telling.RECEIVED)
    return payload


@strawberry.input(description="What else a household declares (补充申报事实).")
class DeclareWatchFactsInput:
    idempotency_key: str = input_field(KEY)
    watch: ID = input_field(WATCH)
    expected_version: int = input_field(EXPECTED)
    by: ID | None = input_field(BY, default=UNSET)
    facts: list[WatchFactInput] = input_field(FACTS, items=(1, MOST))


@command(
    "Declare what else has happened to one's household (补充申报事实).",
    requires=None,
    action=Action(
        Watch, SPEAKS, (require_states((WatchState.ASKED, WatchState.ASSESSED, WatchState.WATCHED), AS_IT_IS),)
    ),
)
async def declare_watch_facts(call: Call, input: DeclareWatchFactsInput) -> WatchPayload:
    pictures = await receive_pictures(call, input.facts)
    row = await load_watch(call, input.watch)
    who = await require_home_speaker(call, row.household_id, input.by)
    await require_agreement(call, who, "watch")
    items = await find_items(call, row.rule_id, input.facts)
    await keep_facts(call, row, input.facts, items, pictures)
    # What somebody has assessed without knowing this is looked into again.
    if row.state is WatchState.ASSESSED:
        row.state, row.assessed_by, row.ground = WatchState.ASKED, None, None
    await telling.tell_town(call, row, telling.DECLARED)
    return await keep_step(call, row, Step.DECLARED, person=who)


@strawberry.input(description="Why a refusal is not right (对不予纳入申请复核).")
class ContestWatchInput:
    idempotency_key: str = input_field(KEY)
    watch: ID = input_field(WATCH)
    expected_version: int = input_field(EXPECTED)
    by: ID | None = input_field(BY, default=UNSET)
    text: str = free_text("Why it is not right (理由).", length=(1, TEXT))


# Once: the second time it would be decided by the same words. With new facts a household asks anew.
NOT_CONTESTED = require_empty("contested_at", Text("It was contested: read the outcome.", "已申请过复核，请查看结果。"))
ALONE = Requirement(
    "DUPLICATE",
    lambda row, viewer: [
        Sql(
            "not exists(select from watch.entry o where o.household_id={0} and o.closed_at is null and o.id<>{1})",
            row.household_id,
            row.id,
        )
    ],
    Text("The household has asked anew since.", "该户此后已重新申请。"),
)


@command(
    "Contest that one's household was refused, once; somebody else than the two who did decides (对不予纳入申请复核).",
    requires=None,
    action=Action(Watch, SPEAKS, (require_states((WatchState.REFUSED,), AS_IT_IS), NOT_CONTESTED, ALONE)),
)
async def contest_watch(call: Call, input: ContestWatchInput) -> WatchPayload:
    row = await load_watch(call, input.watch)
    who = await require_home_speaker(call, row.household_id, input.by)
    # Open again, so that the household cannot ask anew beside it, and its time of keeping stops.
    row.state, row.contested_at, row.closed_at = WatchState.CONTESTED, call.now, None
    row.due_at = await in_days(call, row, DECIDED)
    await telling.tell_county(call, row, telling.CONTESTED)
    return await keep_step(call, row, Step.CONTESTED, input.text, person=who)


@strawberry.input(description="What the household says to the end of a watch (答复退出提议).")
class AnswerWatchExitInput:
    idempotency_key: str = input_field(KEY)
    watch: ID = input_field(WATCH)
    expected_version: int = input_field(EXPECTED)
    by: ID | None = input_field(BY, default=UNSET)
    agreed: bool = input_field("Whether it agrees; if not, the watch goes on (是否同意退出).")
    text: str = free_text("In the household's words (本户意见).", length=(1, TEXT))


@command(
    "Say for one's household whether the watch ends; without that it does not (答复退出提议).",
    requires=None,
    action=Action(Watch, SPEAKS, (require_states((WatchState.EXIT_PROPOSED,), AS_IT_IS),)),
)
async def answer_watch_exit(call: Call, input: AnswerWatchExitInput) -> WatchPayload:
    row = await load_watch(call, input.watch)
    who = await require_home_speaker(call, row.household_id, input.by)
    if input.agreed:
        await end_watch(call, row, Ending.AGREED)
    else:
        # The town looks again how things are, and soon.
        row.state, row.due_at = WatchState.WATCHED, await in_days(call, row, DECIDED)
    await telling.tell_town(call, row, telling.EXIT_AGREED if input.agreed else telling.EXIT_REFUSED)
    return await keep_step(call, row, Step.AGREED if input.agreed else Step.STAYED, input.text, person=who)


@strawberry.input(description="A household that wants to be watched over no longer (退出监测).")
class LeaveWatchInput:
    idempotency_key: str = input_field(KEY)
    watch: ID = input_field(WATCH)
    expected_version: int = input_field(EXPECTED)
    by: ID | None = input_field(BY, default=UNSET)
    text: str | None = free_text("Why, if it wants to say (原因).", length=(1, TEXT), default=UNSET)


@command(
    "End the watch of one's household, or decline a proposal, at any time and without a reason (退出监测).",
    requires=None,
    action=Action(Watch, SPEAKS, (require_states(GOING, AS_IT_IS),)),
)
async def leave_watch(call: Call, input: LeaveWatchInput) -> WatchPayload:
    row = await load_watch(call, input.watch)
    who = await require_home_speaker(call, row.household_id, input.by)
    # The consent stays on file, withdrawn or not: it allows nothing once there is no watch.
    await end_watch(call, row, Ending.LEFT)
    await telling.tell_town(call, row, telling.LEFT)
    return await keep_step(call, row, Step.LEFT, input.text or None, person=who)


EXTENSIONS = (
    extend(
        Mutation,
        propose_watch=propose_watch,
        request_watch=request_watch,
        declare_watch_facts=declare_watch_facts,
        contest_watch=contest_watch,
        answer_watch_exit=answer_watch_exit,
        leave_watch=leave_watch,
    ),
)
