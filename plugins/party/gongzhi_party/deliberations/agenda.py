"""Deliberation: raising a matter, its agenda, who is heard, what is proposed."""

from __future__ import annotations

from collections.abc import Sequence

import strawberry
from gongzhi.core.cases.types import Case
from gongzhi.core.grids.commands import find_grid
from gongzhi.core.grids.models import GridRow
from gongzhi.core.people.models import PersonRow
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.actions import Action, Requirement, require_states, tell_state
from gongzhi.runtime.checks import (
    is_given,
    not_found,
)
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
from gongzhi.values.errors import Refusal, Text
from strawberry import ID, UNSET

from ..actions import AS_PERSON, CONCERNED, LEADS, LEADS_OR_LIVES, require_nothing_of_mine
from ..activities.types import PartyActivity
from ..lookups import lives_in_grid, load_own_person
from ..models import AgendaRow, DeliberationRow, DeliberationState, ProposalRow, SpeakerRow
from ..visibility import DELIBERATE
from .types import Deliberation, MatterProposal, MatterSpeaker

TALKING = (DeliberationState.RAISED, DeliberationState.ANNOUNCED)


@strawberry.type(description="The deliberation, or why nothing was done (议事结果).")
class DeliberationPayload:
    deliberation: Deliberation | None = result_field("The deliberation (议事).")
    errors: list[Problem] = problems()


@strawberry.input(description="A matter to be deliberated (提出议题).")
class RaiseMatterInput:
    idempotency_key: str = input_field(KEY)
    title: str = input_field("In a few words (标题).", length=(1, 200))
    text: str = input_field("The matter; it names no private person (内容).", length=(1, 5000))
    grid: str | None = input_field("Whom it concerns, by code; where one lives if not said (网格编码).", default=UNSET)
    case: str | None = input_field(
        "The number of the case it comes from, which one may see (来源诉求编号).", default=UNSET
    )


@command("Raise a matter: residents where they live, staff where they lead (提出议题).", requires=None)
async def raise_matter(call: Call, input: RaiseMatterInput) -> DeliberationPayload:
    # Only a case that the caller sees can be brought.
    case = await call.find(Case, "case", number=input.case) if is_given(input.case) else None
    person = await load_own_person(call) if call.viewer.account.person else None
    grid = await find_concerned_grid(call, input, person, case)
    row = await DeliberationRow.create(
        title=input.title, text=input.text, grid=grid, case=case, raised_by=person, raised_at=call.now
    )
    return DeliberationPayload(deliberation=ref(Deliberation, row.id))


async def find_concerned_grid(call: Call, input: RaiseMatterInput, person: PersonRow | None, case: object) -> GridRow:
    """Return the grid a matter is raised in: one that somebody lives in or leads."""
    if is_given(input.grid):
        grid = await find_grid(input.grid, "grid")
    elif case is not None or person is not None:
        grid = await GridRow.get(id=getattr(case or person, "grid_id", None))
    else:
        raise not_found("Say whom it concerns.", "请指定网格。", "grid")
    if not call.may(DELIBERATE, grid) and not (person and lives_in_grid(person, grid.id)):
        raise not_allowed("grid")
    return grid


def on_deliberation(
    *states: DeliberationState, who: Sequence[Requirement] = (LEADS,), once: Text | None = None, table: str = ""
) -> Action:
    """Return what is done to deliberations in one of these states: by who leads, if `who` lets nobody else.

    What is said `once` by each stands in a table.
    """
    said = [require_nothing_of_mine(table, "deliberation_id", once)] if once else []
    standing = require_states(states, tell_state(Text("deliberation", "议事")))
    return Action(Deliberation, tuple(who), (standing, *said))


async def load_deliberation(call: Call, id: str) -> DeliberationRow:
    """Return the deliberation, locked, as the command's action allows."""
    row: DeliberationRow = await call.find(Deliberation, "deliberation", id=key_of(Deliberation)(id))
    return row


async def save_deliberation(row: DeliberationRow) -> DeliberationPayload:
    row.version += 1
    await row.save()
    return DeliberationPayload(deliberation=ref(Deliberation, row.id))


@strawberry.input(description="The agenda of a deliberation (公布议程).")
class PublishMatterAgendaInput:
    idempotency_key: str = input_field(KEY)
    deliberation: ID = input_field("Which (议事).")
    expected_version: int = input_field(EXPECTED)
    items: list[str] = input_field("What is talked about, in its order (议程).", items=(1, 30), length=(1, 200))
    activity: ID | None = input_field("The meeting where it is talked about (议事会).", default=UNSET)


@command(
    "Publish the agenda; until votes are taken it can be published anew (公布议程).",
    requires=DELIBERATE,
    action=on_deliberation(*TALKING),
)
async def publish_matter_agenda(call: Call, input: PublishMatterAgendaInput) -> DeliberationPayload:
    row = await load_deliberation(call, input.deliberation)
    if is_given(input.activity):
        # Named, it saves the chair a list: whoever checked in there counts as having been in the room.
        row.activity_id = (await call.find(PartyActivity, "activity", id=key_of(PartyActivity)(input.activity))).id
    # Replaced whole, so that places have no gaps.
    await AgendaRow.filter(deliberation=row).delete()
    await AgendaRow.bulk_create(
        [AgendaRow(deliberation=row, place=place, title=one) for place, one in enumerate(input.items, 1)]
    )
    # Public from here on.
    row.state = DeliberationState.ANNOUNCED
    return await save_deliberation(row)


@strawberry.input(description="Somebody wants to be heard (申请发言).")
class AskToSpeakOnMatterInput:
    idempotency_key: str = input_field(KEY)
    deliberation: ID = input_field("Where (议事).")
    topic: str = input_field("What of (发言主题).", length=(1, 200))


@strawberry.type(description="The place on the list, or why there is none (申请发言结果).")
class MatterSpeakerPayload:
    speaker: MatterSpeaker | None = result_field("The speaker (发言人).")
    errors: list[Problem] = problems()


SPEAKING = on_deliberation(
    DeliberationState.ANNOUNCED,
    who=(AS_PERSON, CONCERNED),
    once=Text("You are on the list.", "您已在发言名单上。"),
    table="speaker",
)


@command("Ask to be heard; one's name is called, so it is published (申请发言).", requires=None, action=SPEAKING)
async def ask_to_speak_on_matter(call: Call, input: AskToSpeakOnMatterInput) -> MatterSpeakerPayload:
    row, person = await load_deliberation(call, input.deliberation), await load_own_person(call)
    speaker = await SpeakerRow.create(deliberation=row, person=person, topic=input.topic, at=call.now)
    return MatterSpeakerPayload(speaker=ref(MatterSpeaker, speaker.id))


@strawberry.input(description="Something to be put to the vote (提出方案).")
class ProposeOnMatterInput:
    idempotency_key: str = input_field(KEY)
    deliberation: ID = input_field("Where (议事).")
    text: str = input_field("The proposal (内容).", length=(1, 2000))


@strawberry.type(description="The proposal, or why there is none (提出方案结果).")
class MatterProposalPayload:
    proposal: MatterProposal | None = result_field("The proposal (方案).")
    errors: list[Problem] = problems()


PROPOSING = on_deliberation(DeliberationState.ANNOUNCED, who=LEADS_OR_LIVES)


@command(
    "Propose what is to be voted on: whoever lives there, or leads (提出表决方案).", requires=None, action=PROPOSING
)
async def propose_on_matter(call: Call, input: ProposeOnMatterInput) -> MatterProposalPayload:
    row = await load_deliberation(call, input.deliberation)
    # Numbered under the deliberation's lock.
    place = 1 + await ProposalRow.filter(deliberation=row).count()
    if place > 20:
        raise Refusal("TOO_MANY", "There are 20 proposals, the most.", "已有 20 个方案，不能再提。", ("deliberation",))
    proposal = await ProposalRow.create(
        deliberation=row, place=place, text=input.text, person_id=call.viewer.account.person
    )
    return MatterProposalPayload(proposal=ref(MatterProposal, proposal.id))


EXTENSIONS = (
    extend(
        Mutation,
        raise_matter=raise_matter,
        publish_matter_agenda=publish_matter_agenda,
        ask_to_speak_on_matter=ask_to_speak_on_matter,
        propose_on_matter=propose_on_matter,
    ),
)
