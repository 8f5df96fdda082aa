"""Records: how watches are found and changed, each step kept with its words sealed, and who speaks for a household."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import strawberry
from gongzhi.core.accounts.rules import require_signed_in
from gongzhi.core.grids.models import GridRow
from gongzhi.core.people.models import HouseholdRow
from gongzhi.core.people.types import Person
from gongzhi.declare.columns import NEVER
from gongzhi.declare.entity import key_of, ref
from gongzhi.plugin.settings import CountySetting
from gongzhi.runtime.actions import tell_state
from gongzhi.runtime.checks import is_given, not_found, today
from gongzhi.runtime.commands import Call, Problem, not_allowed, problems, result_field, text_warnings
from gongzhi.runtime.screening import TextWarning
from gongzhi.runtime.sealing import seal_with_own_key
from gongzhi.values.errors import Text
from gongzhi_rights.consents import require_consent

from .events import WatchChanged
from .models import Ending, EntryRow, MeasureRow, RulebookRow, Sealed, Step, StepRow, Subject, WatchState
from .rules import PROPOSE, PUBLISH, PURPOSE, RECIPIENT, SPEAKER
from .types import Watch

WATCH = "The watch's id (监测标识)."
BY = "Who signed on paper, where a worker records it: a grown member of the household (书面签字人)."
AS_IT_IS = tell_state(Text("watch", "该监测"))
ANSWERED = timedelta(days=30)
"""How long a household has to answer; what it does not answer changes nothing."""
DECIDED = CountySetting(
    "watch.decide_days",
    "Days to decide on a household that asks to be watched over (认定期限天数).",
    15,
    PUBLISH,
    5,
    30,
)
REVIEWED = CountySetting(
    "watch.review_days", "Days between two reviews of a watch (复核间隔天数).", 90, PUBLISH, 30, 180
)
CANCEL = (
    "update watch.measure set state='CANCELLED', ended_at=$2, version=version+1 where watch_id=$1 and state='PLANNED'"
)

FORGET = "delete from watch.fact f using watch.entry e where e.id=f.watch_id and e.person_id=$1 and e.state='REFUSED'"


@strawberry.type(description="The watch, or why nothing was done (监测操作结果).")
class WatchPayload:
    watch: Watch | None = result_field("The watch (监测).")
    warnings: list[TextWarning] = text_warnings()
    errors: list[Problem] = problems()


async def load_rule(county: int | None, subject: Subject, path: str) -> RulebookRow:
    """Return the edition of a county's rule that is in force."""
    # By the unique index there is one at the most.
    rule = await RulebookRow.get_or_none(grid_id=county, subject=subject, until=None)
    if rule is None:
        raise not_found(
            "The county has published no rule for this: nobody is measured by one that cannot be read.",
            "本县尚未公布该项规则，请先公布规则。",
            path,
        )
    return rule


async def load_watch(call: Call, id: str) -> EntryRow:
    """Return the watch that an input names, locked, as its action allows."""
    row: EntryRow = await call.find(Watch, "watch", id=key_of(Watch)(id))
    return row


async def require_home_speaker(call: Call, household: HouseholdRow | UUID, by: Any) -> UUID:
    """Return who speaks for a household: the caller, or who signed on paper as a worker records it."""
    require_signed_in(call)
    paper = key_of(Person)(by) if is_given(by) else None
    who = paper if is_given(by) else call.viewer.account.person
    path = "by" if is_given(by) else "household"
    home = household if isinstance(household, HouseholdRow) else await HouseholdRow.get(id=household)
    # Paper is recorded by staff alone: at home one says for oneself what one agrees to.
    if who is None or (is_given(by) and not call.may(PROPOSE, home)):
        raise not_allowed(path)
    text = SPEAKER.format("$1::uuid", "$2::uuid", "$3::date")
    [found] = await call.fetch(f"select {text} as speaks", home.id, who, today(call))
    if not found["speaks"]:
        raise not_allowed(path)
    return who


async def require_agreement(call: Call, person: UUID, path: str) -> None:
    """Refuse without the consent of whoever speaks for the household."""
    await require_consent(call, person, PURPOSE, RECIPIENT, path)


def seal(call: Call, county: str, table: str, row: Sealed, text: str) -> None:
    """Put a text into a row, sealed under a key of its own."""
    # Bound to its place: a text that is moved to another row does not open.
    place = f"watch.{table}.content:{row.pk}"
    row.update_from_dict(seal_with_own_key(call.context.keys, county, place, text))


async def county_code(county: int | None) -> str:
    return (await GridRow.get(id=county)).code


async def keep_step(
    call: Call,
    row: EntryRow,
    kind: Step,
    text: str | None = None,
    *,
    person: UUID | None = None,
    measure: MeasureRow | None = None,
) -> WatchPayload:
    """Keep what was said or done, save the watch under its next version, and publish that it changed."""
    step = StepRow(watch_id=row.id, kind=kind, at=call.now, account=call.viewer.account.name, person_id=person)
    step.measure_id = measure.id if measure else None
    if text:
        seal(call, await county_code(row.county_id), "step", step, text)
    # The watch before its step, which refers to it.
    row.version += 1
    await row.save()
    await step.save(force_create=True)
    call.publish(WatchChanged(watch=row.id, step=kind, state=row.state), row)
    return answer_with(row)


def answer_with(row: EntryRow) -> WatchPayload:
    return WatchPayload(watch=ref(Watch, row.id))


async def in_days(call: Call, row: EntryRow, setting: CountySetting[int]) -> datetime:
    """Return when the days are over that a county takes for something."""
    return call.now + timedelta(days=int(await setting.read(call, row.county_id)))


async def end_watch(call: Call, row: EntryRow, ending: Ending) -> None:
    """End a watch with what was planned for it; unless it ended by agreement, what was declared goes at once."""
    row.state, row.ending, row.closed_at, row.due_at = WatchState.ENDED, ending, call.now, NEVER
    await call.fetch(CANCEL, row.id, call.now)
    # It rested on their word, and that is taken back (PIPL 47); what was done with public money stays on record.
    if ending is not Ending.AGREED:
        await call.fetch("delete from watch.fact where watch_id=$1", row.id)
        row.ground = None


async def end_by_withdrawal(call: Call, person: UUID) -> None:
    """End the watch that rests on a consent, once it is taken back."""
    for row in await EntryRow.filter(person_id=person, closed_at=None).select_for_update():
        await end_watch(call, row, Ending.WITHDRAWN)
        await keep_step(call, row, Step.LEFT, person=person)
    # What was refused may have been contested later; without their consent nobody reads on.
    await call.fetch(FORGET, person)
