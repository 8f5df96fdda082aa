"""Arranging links: one is proposed, both sides agree or not, and either ends it at any time."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any

import strawberry
from gongzhi.core.accounts.independence import require_independence
from gongzhi.core.grids.commands import find_grid
from gongzhi.core.grids.models import GridRow
from gongzhi.core.people.households import find_household, is_member
from gongzhi.core.people.liaisons import begin_liaison, finish_liaison
from gongzhi.core.people.models import HouseholdRow, Line
from gongzhi.core.people.naming import find_nameable
from gongzhi.core.units.commands import find_unit
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.declare.sql import Sql
from gongzhi.runtime.actions import Action, Requirement, require_empty, require_states, tell_state
from gongzhi.runtime.checks import duplicate, invalid_input, is_given, today
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
from gongzhi.values.codes import Kind
from gongzhi.values.errors import FIELD, Text
from gongzhi.values.labels import label_of
from strawberry import ID, UNSET

from . import telling
from .events import TieAgreed, TieDeclined, TieEnded, TieProposed
from .models import OF_PERSONS, TieKind, TieRow, TieState
from .rules import HELPS, IS_HELPED, KEEP, MAY_END
from .types import Tie

LONGEST = datetime.timedelta(days=5 * 366)
TIE = "The link's id (联系帮扶标识)."
AS_IT_IS = tell_state(Text("link", "该联系帮扶"))
NOT_OVER = Requirement(
    "ILLEGAL_TRANSITION",
    lambda tie, viewer: [Sql("{0}>{1}", tie.ends_on, viewer.today)],
    Text("It would have ended by now: propose another one.", "拟定的期限已过，请重新拟定。"),
)
WANTED: dict[TieKind, tuple[str, ...]] = {
    TieKind.LEADER_TOWN: ("grid", "person", "office"),
    TieKind.UNIT_VILLAGE: ("grid", "unit"),
    TieKind.CADRE_HOUSEHOLD: ("household", "person", "office", "unit"),
    TieKind.VILLAGE_VILLAGE: ("grid", "unit"),
    TieKind.UNIT_COMMUNITY: ("grid", "unit"),
}
"""By kind, which fields of the input say who helps whom; no other is given."""
TAKEN = """
select from ties.tie t where t.kind=$1 and t.grid_id=$2 and (t.person_id=$3 or t.unit_id=$4)
and ($5::uuid is null or t.household_id=$5) and t.state in ('PROPOSED','ACTIVE') limit 1
"""


@strawberry.type(description="The link, or why nothing was done (联系帮扶结果).")
class TiePayload:
    tie: Tie | None = result_field("The link (联系帮扶).")
    errors: list[Problem] = problems()


@strawberry.input(description="A link of help, to be agreed by both sides (拟定联系帮扶).")
class ProposeTieInput:
    idempotency_key: str = input_field(KEY)
    kind: TieKind = input_field("Who is linked with whom (类型).")
    grid: str | None = input_field(
        "The town, village or community that is helped, by code (被帮扶网格编码).", default=UNSET
    )
    household: ID | None = input_field("The household that is helped (被帮扶户标识).", default=UNSET)
    person: ID | None = input_field("The leader or cadre who helps (帮扶人标识).", default=UNSET)
    office: str | None = input_field(
        "The office of the leader or cadre, which is published (职务).", length=(1, 60), default=UNSET
    )
    unit: str | None = input_field(
        "The unit that helps, of a strong village its committee; of a cadre, where they work (帮扶单位编码).",
        default=UNSET,
    )
    ends_on: datetime.date = input_field("The first day on which it is over (期满日).")


@dataclass(frozen=True)
class Sides:
    """Who helps whom, as an input names them."""

    grid: GridRow
    household: HouseholdRow | None = None
    person: Any = None
    unit: Any = None


def check_fields(call: Call, input: ProposeTieInput) -> None:
    """Refuse a link that lacks a side, has one that is of another kind, or an end that is past or too far."""
    # What a kind does not take is refused as well: left aside, it would look as if somebody had agreed to it.
    wanted = WANTED[input.kind]
    for name in ("grid", "household", "person", "office", "unit"):
        if is_given(getattr(input, name)) == (name in wanted):
            continue
        kind = label_of(input.kind)
        if name in wanted:
            raise invalid_input(f"{FIELD} is needed: {kind.en}.", f"{kind.zh}须填写{FIELD}。", name)
        raise invalid_input(f"Leave this out: {kind.en}.", f"{kind.zh}无须填写{FIELD}。", name)
    if not today(call) < input.ends_on <= today(call) + LONGEST:
        raise invalid_input("It ends after today, within five years.", "期满日应在今天之后、五年以内。", "endsOn")


@command(
    "Propose a link of help; it begins on the day on which both sides have agreed (拟定联系帮扶).",
    requires=KEEP,
    form=check_fields,
)
async def propose_tie(call: Call, input: ProposeTieInput) -> TiePayload:
    check_fields(call, input)
    # Both sides are found before anything is kept, so that a notice goes to nobody for a link that is none.
    sides = await find_sides(call, input)
    person, unit = sides.person and sides.person.id, sides.unit and sides.unit.id
    # The helped side is locked, so that of two who propose the same the second finds the first.
    if sides.household is None:
        await GridRow.filter(id=sides.grid.id).select_for_update(no_key=True).first()
    household = sides.household and sides.household.id
    helper = (person, None) if input.kind in OF_PERSONS else (None, unit)
    if await call.fetch(TAKEN, input.kind.value, sides.grid.id, *helper, household):
        raise duplicate("They are linked, or asked, already.", "双方已有联系帮扶或已在征求意见。", "kind")
    # Its county before the database fills it in: notices ask for its office hours.
    row = TieRow(grid=sides.grid, county_id=sides.grid.county_id, kind=input.kind, proposed_at=call.now)
    row.household_id, row.person_id, row.unit_id = household, person, unit
    row.office, row.ends_on = input.office or None, input.ends_on
    await row.save(force_create=True)
    call.publish(TieProposed(tie=row.id), row)
    await telling.tell_sides(call, row, telling.ASKED)
    return TiePayload(tie=ref(Tie, row.id))


async def find_sides(call: Call, input: ProposeTieInput) -> Sides:
    """Return who helps whom, of whom the helped lie where the caller arranges links."""
    unit = await find_unit(input.unit, "unit") if is_given(input.unit) else None
    if is_given(input.household):
        # Seen by the caller, and locked: nobody links a household that they may not see.
        household = await find_household(call, input.household)
        if not call.may(KEEP, household):
            raise not_allowed("household")
        person = await find_nameable(call, input.person or "", KEEP, "person")
        if await is_member(household, person.id):
            raise invalid_input("A helper comes from outside the household.", "帮扶人不能是本户成员。", "person")
        return Sides(await GridRow.get(id=household.grid_id), household, person, unit)
    grid = await find_grid(input.grid or "", "grid")
    if not call.may(KEEP, grid):
        raise not_allowed("grid")
    # Not inside one: a leader is linked with a town, and not with a hamlet in it.
    of_town = input.kind is TieKind.LEADER_TOWN
    if grid.kind is not (Kind.TOWN if of_town else Kind.VILLAGE):
        what = Text("town", "镇") if of_town else Text("village or community", "村或社区")
        raise invalid_input(f"Name a {what.en}.", f"请选择{what.zh}。", "grid")
    leader = await find_nameable(call, input.person or "", KEEP, "person") if of_town else None
    return Sides(grid, None, leader, unit)


@strawberry.input(description="Whether the helping side agrees to a link (帮扶方答复).")
class AnswerTieAsHelperInput:
    idempotency_key: str = input_field(KEY)
    tie: ID = input_field(TIE)
    expected_version: int = input_field(EXPECTED)
    agreed: bool = input_field(
        "Whether one agrees: to an office's being published, and of a household to the helper's seeing it (是否同意)."
    )


@command(
    "Answer a proposed link as whoever is to help, or for the unit that is (答复联系帮扶：帮扶方).",
    requires=None,
    two_persons=True,
    action=Action(
        Tie,
        HELPS,
        (
            require_states((TieState.PROPOSED,), AS_IT_IS),
            require_empty("helper_agreed_at", Text("You have answered already.", "帮扶方已答复。")),
            NOT_OVER,
        ),
    ),
)
async def answer_tie_as_helper(call: Call, input: AnswerTieAsHelperInput) -> TiePayload:
    row: TieRow = await call.find(Tie, "tie", id=key_of(Tie)(input.tie))
    # Nobody agrees with themselves, by whichever account.
    await require_independence(call, "tie", row.helped_agreed_by)
    row.helper_agreed_at, row.helper_agreed_by = call.now, call.viewer.account.name
    return await take_answer(call, row, input.agreed)


@strawberry.input(description="Whether the helped side agrees to a link (被帮扶方答复).")
class AnswerTieAsHelpedInput(AnswerTieAsHelperInput):
    pass


@command(
    "Answer a proposed link as the household, or for the town or village, that is to be helped "
    "(答复联系帮扶：被帮扶方).",
    requires=None,
    two_persons=True,
    action=Action(
        Tie,
        IS_HELPED,
        (
            require_states((TieState.PROPOSED,), AS_IT_IS),
            require_empty("helped_agreed_at", Text("You have answered already.", "被帮扶方已答复。")),
            NOT_OVER,
        ),
    ),
)
async def answer_tie_as_helped(call: Call, input: AnswerTieAsHelpedInput) -> TiePayload:
    row: TieRow = await call.find(Tie, "tie", id=key_of(Tie)(input.tie))
    await require_independence(call, "tie", row.helper_agreed_by)
    # Whoever comes second is compared with the first, whichever side that was.
    row.helped_agreed_at, row.helped_agreed_by = call.now, call.viewer.account.name
    return await take_answer(call, row, input.agreed)


async def take_answer(call: Call, row: TieRow, agreed: bool) -> TiePayload:
    """Keep a side's answer: with the second yes the link begins, with the first no there is none."""
    # The column of a side that says no is filled as well: it has answered, and the other need not.
    if not agreed:
        row.state = TieState.DECLINED
        call.publish(TieDeclined(tie=row.id), row)
        await telling.tell_sides(call, row, telling.DECLINED)
    elif row.helper_agreed_at and row.helped_agreed_at:
        await begin_tie(call, row)
    return await save_tie(row)


async def begin_tie(call: Call, row: TieRow) -> None:
    """Begin a link to which both sides have agreed; a helper keeps in touch with a household by the core's record."""
    row.state, row.since = TieState.ACTIVE, today(call)
    if row.kind is TieKind.CADRE_HOUSEHOLD:
        # A household has one helper: whoever it had ends today, in this register as in the core's.
        for other in await TieRow.filter(household_id=row.household_id, state=TieState.ACTIVE).select_for_update():
            await finish_tie(call, other)
            await save_tie(other)
        # As whose helper they see it, by the rules of the core and by no rule of ours.
        liaison = await begin_liaison(call, row.household_id, row.person_id, Line.CADRE)
        row.liaison_id = liaison.id
    call.publish(TieAgreed(tie=row.id, kind=row.kind), row)
    await telling.tell_sides(call, row, telling.AGREED)


@strawberry.input(description="A link that ends (结束联系帮扶).")
class EndTieInput:
    idempotency_key: str = input_field(KEY)
    tie: ID = input_field(TIE)
    expected_version: int = input_field(EXPECTED)


@command(
    "End a link, or take a proposed one back: either side at any time, without a reason (结束联系帮扶).",
    requires=None,
    action=Action(Tie, MAY_END, (require_states((TieState.PROPOSED, TieState.ACTIVE), AS_IT_IS),)),
)
async def end_tie(call: Call, input: EndTieInput) -> TiePayload:
    # What is proposed is taken back by the same: it ends without having begun.
    row: TieRow = await call.find(Tie, "tie", id=key_of(Tie)(input.tie))
    await finish_tie(call, row)
    return await save_tie(row)


async def finish_tie(call: Call, row: TieRow, day: datetime.date | None = None) -> None:
    """End a link on a day, today if none is given; the helper of a household no longer sees it."""
    row.state = TieState.ENDED
    # What was never agreed to had no first day, and has no last.
    if row.since is not None:
        row.until = max(row.since, day or today(call))
    # Ended there already where the household has another helper, which changes nothing.
    if row.liaison_id:
        await finish_liaison(call, row.liaison_id)
    call.publish(TieEnded(tie=row.id), row)
    await telling.tell_sides(call, row, telling.ENDED)


async def save_tie(row: TieRow) -> TiePayload:
    """Save a link under its next version."""
    row.version += 1
    await row.save()
    return TiePayload(tie=ref(Tie, row.id))


EXTENSIONS = (
    extend(
        Mutation,
        propose_tie=propose_tie,
        answer_tie_as_helper=answer_tie_as_helper,
        answer_tie_as_helped=answer_tie_as_helped,
        end_tie=end_tie,
    ),
)
