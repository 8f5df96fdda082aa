"""Deciding: one person looks into a watch, a second decides, a third if it is contested; reviews, and the exit."""

from __future__ import annotations

import strawberry
from gongzhi.core.accounts.independence import require_independence
from gongzhi.declare.columns import NEVER
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.declare.sql import Sql
from gongzhi.runtime.actions import Action, Requirement, require_states
from gongzhi.runtime.checks import invalid_input, is_given
from gongzhi.runtime.commands import EXPECTED, KEY, Call, command, free_text, input_field
from gongzhi.values.errors import Text
from strawberry import ID, UNSET

from . import telling
from .models import TEXT, EntryRow, Ground, Step, WatchState
from .records import (
    ANSWERED,
    AS_IT_IS,
    REVIEWED,
    WATCH,
    WatchPayload,
    in_days,
    keep_step,
    load_watch,
)
from .rules import CONFIRMS, DECIDES, HEARS
from .types import Watch

GROUND = "By which ground, which one of the declared facts must be; without one it is refused (监测类别)."
REASON = "Why, by the facts and the rule; the household reads it (理由)."
GROUNDS = "select from watch.fact f join watch.item i on i.id=f.item_id where f.watch_id=$1 and i.ground=$2"


async def read_ground(call: Call, row: EntryRow, given: Ground | None) -> Ground | None:
    """Return the ground of a decision. Refuses one that rests on no fact which the household declared."""
    ground = given if is_given(given) else None
    # What staff know otherwise decides nothing: the household has not said it.
    if ground is not None and not await call.fetch(GROUNDS, row.id, ground.value):
        raise invalid_input(
            "The household has declared no fact that is a ground of this sort.",
            "该户未申报属于该类别的事实。",
            "ground",
        )
    return ground


async def begin_watching(call: Call, row: EntryRow) -> None:
    # The moment stays when it ends, for figures count who was helped at some time.
    row.state, row.decided_at, row.watched_at, row.closed_at = WatchState.WATCHED, call.now, call.now, None
    row.due_at = await in_days(call, row, REVIEWED)
    await telling.tell_home(call, row, telling.WATCHED)


async def refuse_watch(call: Call, row: EntryRow) -> None:
    row.state, row.ground, row.decided_at = WatchState.REFUSED, None, call.now
    # From here the time of keeping runs, and the household may ask anew.
    row.closed_at, row.due_at = call.now, NEVER
    await telling.tell_home(call, row, telling.REFUSED)


@strawberry.input(description="What somebody found who looked into it (核实监测申请).")
class AssessWatchInput:
    idempotency_key: str = input_field(KEY)
    watch: ID = input_field(WATCH)
    expected_version: int = input_field(EXPECTED)
    ground: Ground | None = input_field(GROUND, default=UNSET)
    text: str = free_text(REASON, length=(1, TEXT))


@command(
    "Look into what a household has declared, and say whether it is to be watched over; a second person decides "
    "(核实监测申请).",
    requires=None,
    action=Action(Watch, DECIDES, (require_states((WatchState.ASKED,), AS_IT_IS),)),
)
async def assess_watch(call: Call, input: AssessWatchInput) -> WatchPayload:
    row = await load_watch(call, input.watch)
    row.ground = await read_ground(call, row, input.ground)
    # The deadline stays the one that the household was given: a second person takes no days of their own.
    row.state, row.assessed_by = WatchState.ASSESSED, call.viewer.account.name
    return await keep_step(call, row, Step.ASSESSED, input.text)


@strawberry.input(description="What the second person decides (审定监测申请).")
class ConfirmWatchInput:
    idempotency_key: str = input_field(KEY)
    watch: ID = input_field(WATCH)
    expected_version: int = input_field(EXPECTED)
    confirmed: bool = input_field("Whether it is as the first person said; if not, it is looked into again (是否同意).")
    text: str = free_text(REASON, length=(1, TEXT))


@command(
    "Decide on a household as another person than who looked into it (审定监测申请).",
    requires=None,
    two_persons=True,
    action=Action(Watch, CONFIRMS, (require_states((WatchState.ASSESSED,), AS_IT_IS),)),
)
async def confirm_watch(call: Call, input: ConfirmWatchInput) -> WatchPayload:
    row = await load_watch(call, input.watch)
    # The action has asked for another account; this asks for another person.
    await require_independence(call, "watch", row.assessed_by)
    if not input.confirmed:
        row.state, row.assessed_by, row.ground = WatchState.ASKED, None, None
        return await keep_step(call, row, Step.RETURNED, input.text)
    row.confirmed_by = call.viewer.account.name
    await (begin_watching(call, row) if row.ground else refuse_watch(call, row))
    return await keep_step(call, row, Step.CONFIRMED, input.text)


@strawberry.input(description="What somebody else decides on a refusal (处理复核申请).")
class DecideWatchContestInput:
    idempotency_key: str = input_field(KEY)
    watch: ID = input_field(WATCH)
    expected_version: int = input_field(EXPECTED)
    ground: Ground | None = input_field(GROUND, default=UNSET)
    text: str = free_text(REASON, length=(1, TEXT))


@command(
    "Decide on a refusal that a household contests, as a third person (处理复核申请).",
    requires=None,
    two_persons=True,
    action=Action(Watch, HEARS, (require_states((WatchState.CONTESTED,), AS_IT_IS),)),
)
async def decide_watch_contest(call: Call, input: DecideWatchContestInput) -> WatchPayload:
    row = await load_watch(call, input.watch)
    await require_independence(call, "watch", row.assessed_by, row.confirmed_by)
    # By the same facts as the two: a third person decides anew, and asks for nothing that was not declared.
    row.ground = await read_ground(call, row, input.ground)
    upheld = row.ground is not None
    await (begin_watching(call, row) if upheld else refuse_watch(call, row))
    return await keep_step(call, row, Step.UPHELD if upheld else Step.DISMISSED, input.text)


@strawberry.input(description="How things are with a household (定期复核).")
class ReviewWatchInput:
    idempotency_key: str = input_field(KEY)
    watch: ID = input_field(WATCH)
    expected_version: int = input_field(EXPECTED)
    text: str = free_text("How things are; the household reads it (复核情况).", length=(1, TEXT))


@command(
    "Note how things are with a household that is watched over; the next review is due after the county's days "
    "(定期复核).",
    requires=None,
    action=Action(Watch, DECIDES, (require_states((WatchState.WATCHED,), AS_IT_IS),)),
)
async def review_watch(call: Call, input: ReviewWatchInput) -> WatchPayload:
    row = await load_watch(call, input.watch)
    # From today and not from the last deadline: a late review is not followed by one that is due at once.
    row.due_at = await in_days(call, row, REVIEWED)
    return await keep_step(call, row, Step.REVIEWED, input.text)


@strawberry.input(description="Why a watch may end (提议退出监测).")
class ProposeWatchExitInput:
    idempotency_key: str = input_field(KEY)
    watch: ID = input_field(WATCH)
    expected_version: int = input_field(EXPECTED)
    text: str = free_text("What has become better; the household reads it (退出理由).", length=(1, TEXT))


MEASURES_ENDED = Requirement(
    "MEASURE_OPEN",
    lambda row, viewer: [
        Sql("not exists(select from watch.measure m where m.watch_id={0} and m.state='PLANNED')", row.id)
    ],
    Text(
        "A measure is still to be carried out: carry it out, or give it up with the reason.",
        "尚有未落实的帮扶措施，请先落实，或说明原因后取消。",
    ),
)


@command(
    "Propose that a watch end; it ends by the household's word, and by no other (提议退出监测).",
    requires=None,
    action=Action(Watch, DECIDES, (require_states((WatchState.WATCHED,), AS_IT_IS), MEASURES_ENDED)),
)
async def propose_watch_exit(call: Call, input: ProposeWatchExitInput) -> WatchPayload:
    row = await load_watch(call, input.watch)
    # Silence is no agreement: after this the watch goes on.
    row.state, row.due_at = WatchState.EXIT_PROPOSED, call.now + ANSWERED
    await telling.tell_home(call, row, telling.EXIT_PROPOSED)
    return await keep_step(call, row, Step.EXIT_PROPOSED, input.text)


EXTENSIONS = (
    extend(
        Mutation,
        assess_watch=assess_watch,
        confirm_watch=confirm_watch,
        decide_watch_contest=decide_watch_contest,
        review_watch=review_watch,
        propose_watch_exit=propose_watch_exit,
    ),
)
