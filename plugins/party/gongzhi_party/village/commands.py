"""Village affairs: the village code and its councils (一约四会), and deputies' proposals up to their reply."""

from __future__ import annotations

import strawberry
from gongzhi.core.grids.commands import find_grid
from gongzhi.core.grids.models import GridRow
from gongzhi.core.notices.sending import NoticeDraft, send_notice
from gongzhi.core.units.commands import find_unit
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.declare.sql import Alternatives, Sql
from gongzhi.declare.viewer import ViewerScope
from gongzhi.runtime.actions import Action, require_rows, require_states
from gongzhi.runtime.checks import duplicate, today
from gongzhi.runtime.commands import KEY, Call, Problem, command, input_field, not_allowed, problems, result_field
from gongzhi.values.errors import Refusal, Text
from gongzhi_resolutions.records import find_adoption
from pypika_tortoise.queries import Table
from strawberry import ID

from ..actions import LEADS, require_own
from ..events import SuggestionReplied
from ..lookups import find_resident, load_own_person
from ..models import CodeState, CouncilKind, SeatRow, SuggestionRow, SuggestionState, VillageCodeRow
from ..visibility import DELIBERATE, SUGGEST
from .suggestions import submit_suggestion
from .types import RULE, CouncilSeat, DeputySuggestion, VillageCode


@strawberry.type(description="The village code, or why nothing was done (村规民约结果).")
class VillageCodePayload:
    code: VillageCode | None = result_field("The version (版本).")
    errors: list[Problem] = problems()


@strawberry.input(description="A version of a village code (起草村规民约).")
class DraftVillageCodeInput:
    idempotency_key: str = input_field(KEY)
    grid: str = input_field("Of which village, by code (网格编码).")
    title: str = input_field("The title (标题).", length=(1, 100))
    text: str = input_field("All of it (全文).", length=(1, 20_000))


@command("Write the next version of a village code; it holds once it is adopted (起草村规民约).", requires=DELIBERATE)
async def draft_village_code(call: Call, input: DraftVillageCodeInput) -> VillageCodePayload:
    # Locked, so that two versions do not get one number.
    grid = await find_grid(input.grid, "grid", lock=True)
    if not call.may(DELIBERATE, grid):
        raise not_allowed("grid")
    last = await VillageCodeRow.filter(grid=grid).order_by("-number").first()
    row = await VillageCodeRow.create(
        grid=grid, number=last.number + 1 if last else 1, title=input.title, text=input.text, drafted_at=call.now
    )
    return VillageCodePayload(code=ref(VillageCode, row.id))


@strawberry.input(description="A version that an assembly adopted (施行村规民约).")
class AdoptVillageCodeInput:
    idempotency_key: str = input_field(KEY)
    code: ID = input_field("Which version (版本).")


# A version that ended is written anew, not put back.
ADOPTING = Action(
    VillageCode, (LEADS,), (require_states((CodeState.DRAFT,), Text("It has been adopted.", "该版本已通过。")),)
)


@command(
    "Put a version into force that a resolution adopts; the one before ends (施行村规民约).",
    requires=DELIBERATE,
    action=ADOPTING,
)
async def adopt_village_code(call: Call, input: AdoptVillageCodeInput) -> VillageCodePayload:
    row: VillageCodeRow = await call.find(VillageCode, "code", id=key_of(VillageCode)(input.code))
    # The name is made by the same expression as the field that shows it, so a resolution cannot name another text.
    [name] = await call.fetch(f"select {RULE.format('$1::int', '$2::int')} said", row.grid_id, row.number)
    resolution = await find_adoption(call, name["said"], row.grid_id)
    if resolution is None:
        raise Refusal(
            "NOT_ADOPTED",
            f"No resolution adopts {name['said']}: record it first.",
            f"没有决议通过 {name['said']}，请先登记决议。",
            ("code",),
        )
    # One version holds at a time; the one before ends the day this one begins. The lock keeps two that are adopted at
    # once from both holding.
    await GridRow.filter(id=row.grid_id).select_for_update(no_key=True)
    earlier = VillageCodeRow.filter(grid_id=row.grid_id, state=CodeState.ADOPTED)
    await earlier.update(state=CodeState.ENDED, ends_on=today(call))
    row.state, row.resolution_id, row.starts_on = CodeState.ADOPTED, resolution.id, today(call)
    await row.save()
    return VillageCodePayload(code=ref(VillageCode, row.id))


@strawberry.type(description="The seat, or why nothing was done (理事会成员结果).")
class CouncilSeatPayload:
    seat: CouncilSeat | None = result_field("The seat (成员).")
    errors: list[Problem] = problems()


@strawberry.input(description="Somebody joins a council (加入理事会).")
class SeatInCouncilInput:
    idempotency_key: str = input_field(KEY)
    grid: str = input_field("Of which village, by code (网格编码).")
    kind: CouncilKind = input_field("Which council (理事会).")
    person: ID = input_field("Who (人员).")
    head: bool = input_field("Whether they lead it (是否负责人).", default=False)
    consent: bool = input_field("That they agree to being published (本人同意公开).")


@command("Give somebody a seat in a council, by their consent (加入理事会).", requires=DELIBERATE)
async def seat_in_council(call: Call, input: SeatInCouncilInput) -> CouncilSeatPayload:
    # Locked, so that a council does not get two heads at once.
    grid = await find_grid(input.grid, "grid", lock=True)
    if not call.may(DELIBERATE, grid):
        raise not_allowed("grid")
    if not input.consent:
        raise Refusal("CONSENT_REQUIRED", "A seat is published by consent.", "成员公开须经本人同意。", ("consent",))
    person = await find_resident(call, input.person, DELIBERATE, "person")
    sitting = SeatRow.filter(grid=grid, kind=input.kind, until=None)
    # One head for each council.
    if await sitting.filter(person=person).exists() or (input.head and await sitting.filter(head=True).exists()):
        raise duplicate("They sit in it, or somebody leads it.", "已是成员，或已有负责人。", "person")
    row = await SeatRow.create(grid=grid, kind=input.kind, person=person, head=input.head, since=today(call))
    return CouncilSeatPayload(seat=ref(CouncilSeat, row.id))


@strawberry.input(description="Somebody leaves a council (退出理事会).")
class LeaveCouncilInput:
    idempotency_key: str = input_field(KEY)
    seat: ID = input_field("The seat (成员).")


@command(
    "End a seat; its holder may do so at any time (退出理事会).",
    requires=None,
    action=Action(CouncilSeat, (require_own("person_id", DELIBERATE),)),
)
async def leave_council(call: Call, input: LeaveCouncilInput) -> CouncilSeatPayload:
    row: SeatRow = await call.find(CouncilSeat, "seat", id=key_of(CouncilSeat)(input.seat))
    # Leaving twice keeps the first day.
    row.until = row.until or today(call)
    await row.save(update_fields=["until"])
    return CouncilSeatPayload(seat=ref(CouncilSeat, row.id))


@strawberry.type(description="The proposal, or why nothing was done (代表建议结果).")
class DeputySuggestionPayload:
    suggestion: DeputySuggestion | None = result_field("The proposal (建议).")
    errors: list[Problem] = problems()


@strawberry.input(description="A deputy's proposal (提出代表建议).")
class SubmitDeputySuggestionInput:
    idempotency_key: str = input_field(KEY)
    grid: str = input_field("Whom it concerns, by code (网格编码).")
    unit: str = input_field("Who has to reply, by code (承办单位编码).")
    title: str = input_field("In a few words (标题).", length=(1, 200))
    text: str = input_field("The proposal (内容).", length=(1, 5000))


@command("Make a proposal as a deputy; it is followed to its reply (提出代表建议).", requires=SUGGEST)
async def submit_deputy_suggestion(call: Call, input: SubmitDeputySuggestionInput) -> DeputySuggestionPayload:
    grid = await find_grid(input.grid, "grid")
    if not call.may(SUGGEST, grid):
        raise not_allowed("grid")
    unit = await find_unit(input.unit, "unit")
    deputy = await load_own_person(call)
    row = await submit_suggestion(call, grid, unit, deputy.id, title=input.title, text=input.text)
    return DeputySuggestionPayload(suggestion=ref(DeputySuggestion, row.id))


@strawberry.input(description="A reply, or what the deputy makes of it (答复代表建议).")
class ReplyToSuggestionInput:
    idempotency_key: str = input_field(KEY)
    suggestion: ID = input_field("To which (建议).")
    text: str = input_field("The reply (答复).", length=(1, 5000))


def suggestions_to_units(suggestion: Table, viewer: ViewerScope) -> Alternatives:
    """Return proposals to one's own unit: the permission in a grid does not answer for a unit."""
    return [Sql("{0}={1}", suggestion.unit_id, unit) for unit in viewer.units("cases.handle")]


# A reply may be written anew until the deputy has rated it.
REPLYING = Action(
    DeputySuggestion,
    (require_rows(suggestions_to_units),),
    (
        require_states(
            set(SuggestionState) - {SuggestionState.RATED}, Text("The deputy has rated the reply.", "代表已评价。")
        ),
    ),
)
RATING = Action(
    DeputySuggestion,
    (require_own("person_id"),),
    (require_states((SuggestionState.REPLIED,), Text("There is no reply to rate.", "尚无可评价的答复。")),),
)


@command("Reply to a deputy's proposal; the unit that has to (答复代表建议).", requires="cases.handle", action=REPLYING)
async def reply_to_suggestion(call: Call, input: ReplyToSuggestionInput) -> DeputySuggestionPayload:
    row: SuggestionRow = await call.find(DeputySuggestion, "suggestion", id=key_of(DeputySuggestion)(input.suggestion))
    row.reply, row.replied_at, row.state = input.text, call.now, SuggestionState.REPLIED
    await row.save()
    call.publish(SuggestionReplied(suggestion=row.id), row)
    about = NoticeDraft(
        "party.suggestion_replied",
        Text("Your proposal was replied to", "您的建议已答复"),
        Text("Say whether you are satisfied.", "请评价答复是否满意。"),
        f"DeputySuggestion:{row.id}",
    )
    await send_notice(call, about, persons=[row.person_id] if row.person_id else [])
    return DeputySuggestionPayload(suggestion=ref(DeputySuggestion, row.id))


@strawberry.input(description="What the deputy makes of a reply (评价答复).")
class RateSuggestionReplyInput:
    idempotency_key: str = input_field(KEY)
    suggestion: ID = input_field("Of which (建议).")
    satisfied: bool = input_field("Whether they are satisfied (是否满意).")


@command("Say as the deputy whether a reply is one (评价代表建议答复).", requires=None, action=RATING)
async def rate_suggestion_reply(call: Call, input: RateSuggestionReplyInput) -> DeputySuggestionPayload:
    row: SuggestionRow = await call.find(DeputySuggestion, "suggestion", id=key_of(DeputySuggestion)(input.suggestion))
    row.satisfied, row.state = input.satisfied, SuggestionState.RATED
    await row.save()
    return DeputySuggestionPayload(suggestion=ref(DeputySuggestion, row.id))


EXTENSIONS = (
    extend(
        Mutation,
        draft_village_code=draft_village_code,
        adopt_village_code=adopt_village_code,
        seat_in_council=seat_in_council,
        leave_council=leave_council,
        submit_deputy_suggestion=submit_deputy_suggestion,
        reply_to_suggestion=reply_to_suggestion,
        rate_suggestion_reply=rate_suggestion_reply,
    ),
)
