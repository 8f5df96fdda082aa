"""Clues for inspectors (村社吹哨、执法队报到): reported, taken up, units called by whistle, answered."""

from __future__ import annotations

import datetime
from dataclasses import replace

import strawberry
from gongzhi.core.grids.commands import find_grid
from gongzhi.core.grids.types import Grid
from gongzhi.core.notices.sending import NoticeDraft, Office, send_notice
from gongzhi.declare.entity import Connection, Node, column, connection, entity, key_of, one, ref
from gongzhi.declare.events import Occurrence
from gongzhi.declare.extend import extend
from gongzhi.declare.located import rows_inside
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.actions import Action, require_held, require_states, tell_state
from gongzhi.runtime.checks import check_text, is_given
from gongzhi.runtime.commands import (
    EXPECTED,
    KEY,
    Call,
    Problem,
    command,
    input_field,
    problems,
    result_field,
)
from gongzhi.runtime.jobs import handler
from gongzhi.values.errors import Refusal, Text
from gongzhi_deadlines.worktime import Term, Unit
from gongzhi_operations.whistles.calls import call_units, load_summoned
from gongzhi_operations.whistles.events import Closed
from gongzhi_operations.whistles.types import Whistle
from strawberry import ID, UNSET

from .. import enums as enums
from .. import visibility
from ..durations import answer_deadline
from ..events import ClueChanged
from ..matters.sealed_words import begin_matter, open_cipher, sealed_words
from ..models import ClueRow, ClueState, ClueSubject, MatterKind, MatterRow, SeatRole
from ..panel.candidates import give_seat
from ..visibility import CLUES

TERM = Term(1, Unit.WORKING_DAY, next_day=True)
"""How long somebody may take to say whether it is taken up."""
CALL = "whistles.call"


@entity(ClueRow, visible=visibility.visible_clues, order=("reported_at",), filter={"state": None, "subject": None})
class EnforcementClue(Node):
    """Something that inspectors should look at (执法线索)."""

    grid: Grid | None = one("Where (所在网格).")
    subject: ClueSubject = column("Which rules may have been broken (执法领域).")
    text: str | None = sealed_words("What was seen (线索内容).", "text", "clue", seat=False)
    state: ClueState = column("Where it stands (状态).")
    reported_at: datetime.datetime = column("When it was reported (上报时间).")
    accept_by: datetime.datetime = column("By when it is taken up or not (受理期限).", name="due_at")
    whistle: Whistle | None = one("The call of units, if you may see it (吹哨).")
    reply: str | None = sealed_words("What was found and done (反馈).", "reply", "clue", seat=False)
    closed_at: datetime.datetime | None = column("When it was answered (办结时间).")
    version: int = column("Grows with every change (版本).")


@strawberry.type(description="The clue, or why nothing was done (线索结果).")
class EnforcementCluePayload:
    clue: EnforcementClue | None = result_field("The clue (线索).")
    errors: list[Problem] = problems()


@strawberry.input(description="Something that inspectors should look at (上报执法线索).")
class ReportEnforcementClueInput:
    idempotency_key: str = input_field(KEY)
    grid: str = input_field("Where, by code (网格编码).")
    subject: ClueSubject = input_field("Which rules may have been broken (执法领域).")
    text: str = input_field("What was seen (线索内容).", length=(1, 2_000))


@command("Report a clue for inspectors, for whoever is signed in (上报执法线索).", requires=None)
async def report_enforcement_clue(call: Call, input: ReportEnforcementClueInput) -> EnforcementCluePayload:
    me = call.viewer.account
    if me.name is None:
        # Not anonymous, because an answer is due; who it was is known to the seat alone.
        raise Refusal("UNAUTHENTICATED", "Sign in, so that you can be answered.", "请登录后上报，以便反馈。", ("grid",))
    # The words are sealed with the matter; subject and place are not, for they decide who takes it up.
    words, grid = input.text, await find_grid(input.grid, "grid")
    matter, cipher = await begin_matter(call, MatterKind.CLUE, grid)
    row = ClueRow(
        matter=matter,
        grid=grid,
        subject=input.subject,
        reported_at=call.now,
        due_at=await answer_deadline(call, matter.county_id, TERM),
    )
    cipher.write(row, text=words)
    await row.save()
    # Triggers fill in the columns of grids above, which visibility and offices need.
    await row.refresh_from_db()
    # A person's seat moves with the person; an account without one still gets its answer.
    whose = {"person_id": me.person} if me.person else {"account": me.name}
    await give_seat(call, matter.id, SeatRole.PARTY, **whose)
    told_of = NoticeDraft("legal.clue_reported", *REPORTED, f"EnforcementClue:{row.id}")
    # The town takes clues up, or the county where no town is above.
    offices = [Office("cases.dispatch", one) for one in (row.town_id or row.county_id,) if one]
    await send_notice(call, told_of, offices=offices)
    call.publish(ClueChanged(row.id, row.state), row)
    return EnforcementCluePayload(clue=ref(EnforcementClue, row.id, shown=True))


REPORTED = (
    Text("A clue for inspectors", "收到执法线索"),
    Text("Say whether it is taken up.", "请在期限内决定是否受理。"),
)
ANSWERED = (Text("Your clue went on", "您上报的线索有新进展"), Text("Open it to read on.", "请打开查看。"))


def on_clue(*states: ClueState) -> Action:
    """Return what those who take clues up do to one in these states."""
    return Action(EnforcementClue, (require_held(CLUES),), (require_states(states, tell_state(Text("clue", "线索"))),))


async def load_clue(call: Call, id: str) -> tuple[ClueRow, MatterRow]:
    """Return the clue, locked, as the command's action allows, and its matter."""
    row: ClueRow = await call.find(EnforcementClue, "clue", id=key_of(EnforcementClue)(id))
    return row, await MatterRow.get(id=row.matter_id)


async def save_clue(call: Call, row: ClueRow, state: ClueState) -> None:
    """Save where the clue stands now, and notify whoever reported it."""
    row.state, row.version = state, row.version + 1
    await row.save()
    # Read from the seats: the clue itself does not name who reported it.
    found = await call.fetch(
        "select person_id, account from legal.seat where matter_id=$1 and role='PARTY' and left_at is null",
        row.matter_id,
    )
    await send_notice(
        call,
        NoticeDraft("legal.clue_changed", *ANSWERED, f"EnforcementClue:{row.id}"),
        persons=[one["person_id"] for one in found if one["person_id"]],
        accounts=[one["account"] for one in found if one["account"]],
    )
    call.publish(ClueChanged(row.id, row.state), row)


@strawberry.input(description="Whether a clue is taken up (受理线索).")
class DecideEnforcementClueInput:
    idempotency_key: str = input_field(KEY)
    clue: ID = input_field("The clue (线索).")
    accept: bool = input_field("Whether it is taken up (是否受理).")
    reason: str | None = input_field("Why not; needed to decline (理由).", length=(0, 2_000), default=UNSET)
    expected_version: int = input_field(EXPECTED)


@command("Take a clue up, or say why not (受理线索).", requires=CLUES, action=on_clue(ClueState.REPORTED))
async def decide_enforcement_clue(call: Call, input: DecideEnforcementClueInput) -> EnforcementCluePayload:
    row, matter = await load_clue(call, input.clue)
    if not input.accept:
        # To decline takes a reason, which whoever reported it reads.
        reason = check_text(input.reason if is_given(input.reason) else "", 2_000, "reason")
        (await open_cipher(call.context, matter)).write(row, reply=reason)
        # Its matter ends with it: what is kept of matters is kept from their end.
        row.closed_at = matter.closed_at = call.now
        await matter.save(update_fields=["closed_at"])
    await save_clue(call, row, ClueState.ACCEPTED if input.accept else ClueState.DECLINED)
    return EnforcementCluePayload(clue=ref(EnforcementClue, row.id))


@strawberry.input(description="Inspectors who are to come (线索吹哨).")
class CallOnEnforcementClueInput:
    idempotency_key: str = input_field(KEY)
    clue: ID = input_field("The clue (线索).")
    units: list[str] = input_field("Who is to come, by units' codes (执法单位编码).", items=(1, 30))
    matter: str = input_field(
        "What they read of it; no names of people, least of all who reported it (事由).", length=(1, 2_000)
    )
    check_in_within: str = input_field("How long they have to come, as ISO 8601 (报到时限).", default="P1D")
    expected_version: int = input_field(EXPECTED)


# Taking clues up is one permission, calling units another; this needs both.
@command(
    "Call inspectors together about a clue; the whistle's clocks run from then on (线索吹哨).",
    requires=CLUES,
    action=replace(on_clue(ClueState.ACCEPTED), who=(require_held(CLUES), require_held(CALL))),
)
async def call_on_enforcement_clue(call: Call, input: CallOnEnforcementClueInput) -> EnforcementCluePayload:
    row, _ = await load_clue(call, input.clue)
    units = await load_summoned(call, input.units, None)
    # The whistle has the words that are written for it, never those of the clue: the units do not learn who reported
    # it.
    whistle = await call_units(call, row.grid_id, units, input.matter, input.check_in_within)
    # By this the clue hears when the units are done.
    row.whistle_id = whistle.id
    await save_clue(call, row, ClueState.CALLED)
    return EnforcementCluePayload(clue=ref(EnforcementClue, row.id))


@handler("legal.clue_handled", Closed)
async def request_answer(call: Call, event: Occurrence) -> None:
    """Note that the units are done, so that an answer is due to whoever reported it."""
    # Whistles without a clue are no concern of this plugin; a clue that was answered meanwhile stays so.
    row = await ClueRow.get_or_none(whistle_id=event.read(Closed).whistle, state=ClueState.CALLED)
    if row is not None:
        await save_clue(call, row, ClueState.HANDLED)


@strawberry.input(description="What came of a clue (反馈线索).")
class ReplyToEnforcementClueInput:
    idempotency_key: str = input_field(KEY)
    clue: ID = input_field("The clue (线索).")
    text: str = input_field("What was found and done; whoever reported it reads it (反馈).", length=(1, 2_000))
    expected_version: int = input_field(EXPECTED)


@command(
    "Tell whoever reported a clue what came of it (反馈线索).",
    requires=CLUES,
    action=on_clue(ClueState.ACCEPTED, ClueState.HANDLED),
)
async def reply_to_enforcement_clue(call: Call, input: ReplyToEnforcementClueInput) -> EnforcementCluePayload:
    row, matter = await load_clue(call, input.clue)
    (await open_cipher(call.context, matter)).write(row, reply=input.text)
    row.closed_at = matter.closed_at = call.now
    await matter.save(update_fields=["closed_at"])
    await save_clue(call, row, ClueState.REPLIED)
    return EnforcementCluePayload(clue=ref(EnforcementClue, row.id))


EXTENSIONS = (
    extend(
        Grid,
        enforcement_clues=connection(
            "Clues in it or below it that you may see, the last first (执法线索).",
            rows_inside,
            order="-reported_at",
            type=Connection[EnforcementClue] | None,
            requires=None,
        ),
    ),
    extend(
        Mutation,
        report_enforcement_clue=report_enforcement_clue,
        decide_enforcement_clue=decide_enforcement_clue,
        call_on_enforcement_clue=call_on_enforcement_clue,
        reply_to_enforcement_clue=reply_to_enforcement_clue,
    ),
)
