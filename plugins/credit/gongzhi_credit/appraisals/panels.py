"""Panels: asking to be appraised, and drawing a panel by lot from those without a conflict of interest."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection, Iterable
from uuid import UUID

import strawberry
from gongzhi.core.notices.sending import NoticeDraft, send_notice
from gongzhi.core.people.models import PersonRow
from gongzhi.core.people.types import Person
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.located import covers_row
from gongzhi.declare.roots import Mutation
from gongzhi.declare.sql import Sql
from gongzhi.runtime.actions import Action, Requirement, require_held, require_states
from gongzhi.runtime.checks import duplicate, is_given, not_found, today
from gongzhi.runtime.commands import KEY, Call, Problem, command, input_field, problems, result_field
from gongzhi.values.errors import Refusal, Text
from gongzhi_rights.representation import load_subject, require_speaker
from strawberry import ID, UNSET
from tortoise.expressions import Q

from ..appraisal_models import AppraisalRow, AppraisalState, ModelRow, ModelState, PanelistRow, PanelRow, SeatRow
from ..ownership import lock_person
from ..visibility import CONVENE
from .scorecards import is_model_in_force, require_in_force
from .types import CreditAppraisal, CreditModel, Panelist, ReviewPanel

OPEN = (AppraisalState.REQUESTED, AppraisalState.SITTING, AppraisalState.IN_REVIEW, AppraisalState.DISPUTED)
# Also households of earlier years and helpers (liaison): a former spouse or one's helper is no neutral judge.
KIN = """
select distinct other.person_id id from people.membership mine
join people.membership other on other.household_id=mine.household_id where mine.person_id=$1
union select l.person_id from people.liaison l join people.membership m on m.household_id=l.household_id
where m.person_id=$1
"""
"""Who lives or lived with somebody, or helps their household."""
BORROWING = """
select a.person_id id from credit.application a where a.person_id=any($1::uuid[]) and a.state not in
('SETTLED','WITHDRAWN','EXPIRED','REFUSED')
"""
"""Who asks for a loan themselves: they are rivals for the same money."""


@strawberry.input(description="Somebody for the pool of panels (登记评判团成员).")
class AddPanelistInput:
    idempotency_key: str = input_field(KEY)
    person: ID = input_field("Who; the assembly chose them (成员).")


@strawberry.type(description="Somebody in the pool, or why not (评判团成员结果).")
class PanelistPayload:
    panelist: Panelist | None = result_field("The member (成员).")
    errors: list[Problem] = problems()


@command("Put somebody into the pool that panels are drawn from (登记评判团成员).", requires=CONVENE)
async def add_panelist(call: Call, input: AddPanelistInput) -> PanelistPayload:
    key = key_of(Person)(input.person)
    # Found without sight of files: the office names people, and must not need to read about them.
    person = await PersonRow.get_or_none(id=key, erased_at=None) if key else None
    if person is None or not call.may(CONVENE, person):
        raise not_found("There is no such person where you convene panels.", "您组织评议的区域内没有此人。", "person")
    call.concern(person.id)
    if await PanelistRow.exists(Q(until=None) | Q(until__gt=today(call)), person=person):
        raise duplicate("They are in the pool already.", "该成员已在库中。", "person")
    row = await PanelistRow.create(
        person=person, grid_id=person.grid_id, since=today(call), account=call.viewer.account.name or ""
    )
    return PanelistPayload(panelist=ref(Panelist, row.id))


@strawberry.input(description="Somebody who leaves the pool (退出评判团).")
class EndPanelistInput:
    idempotency_key: str = input_field(KEY)
    panelist: ID = input_field("The member (成员).")


@command(
    "Take somebody out of the pool; seats they hold they keep (退出评判团).",
    requires=CONVENE,
    action=Action(Panelist, (require_held(CONVENE),)),
)
async def end_panelist(call: Call, input: EndPanelistInput) -> PanelistPayload:
    row: PanelistRow = await call.find(Panelist, "panelist", id=key_of(Panelist)(input.panelist))
    # Never later than it already ends.
    row.until = min(row.until or today(call), today(call))
    await row.save()
    return PanelistPayload(panelist=ref(Panelist, row.id))


@strawberry.input(description="Somebody who wants to be appraised (申请信用评议).")
class RequestCreditAppraisalInput:
    idempotency_key: str = input_field(KEY)
    person: ID | None = input_field("Who; oneself if not said (申请人).", default=UNSET)
    model: ID | None = input_field("By which scorecard; the one in force if not said (评议模型).", default=UNSET)


@strawberry.type(description="The appraisal, or why there is none (信用评议结果).")
class CreditAppraisalPayload:
    appraisal: CreditAppraisal | None = result_field("The appraisal (信用评议).")
    errors: list[Problem] = problems()


@command("Ask to be appraised; nobody is without asking (申请信用评议).", requires=None)
async def request_credit_appraisal(call: Call, input: RequestCreditAppraisalInput) -> CreditAppraisalPayload:
    person = await load_subject(call, input.person or None)
    await require_speaker(call, person)
    await lock_person(person.id)
    model = await choose_model(call, input.model, person)
    if await AppraisalRow.exists(person=person, state__in=OPEN):
        raise duplicate("An appraisal is under way.", "已有进行中的信用评议。", "person")
    row = await AppraisalRow.create(person=person, grid_id=person.grid_id, model=model, requested_at=call.now)
    return CreditAppraisalPayload(appraisal=ref(CreditAppraisal, row.id, shown=True))


async def choose_model(call: Call, id: ID | None, person: PersonRow) -> ModelRow:
    """Return the scorecard that was named, or the one in force where the person lives."""
    if is_given(id):
        named: ModelRow = await call.find(CreditModel, "model", id=key_of(CreditModel)(id))
        require_in_force(named, today(call), "model")
        if not covers_row(named, person):
            raise not_found("This scorecard is for another place.", "该评议模型不适用于申请人所在网格。", "model")
        return named
    # The latest version first; several may cover a place, from its village up to its county.
    adopted = await ModelRow.filter(state=ModelState.ADOPTED).order_by("-starts_on", "-id")
    found = next((one for one in adopted if is_model_in_force(one, today(call)) and covers_row(one, person)), None)
    if found is None:
        raise not_found("No scorecard is in force here.", "本区域尚无生效的评议模型。", "model")
    return found


@strawberry.input(description="An appraisal that needs a panel (抽取评判团).")
class DrawReviewPanelInput:
    idempotency_key: str = input_field(KEY)
    appraisal: ID = input_field("The appraisal (信用评议).")


@strawberry.type(description="The panel, or why there is none (评判团结果).")
class ReviewPanelPayload:
    panel: ReviewPanel | None = result_field("The panel (评判团).")
    appraisal: CreditAppraisal | None = result_field("The appraisal as it is now (信用评议).")
    errors: list[Problem] = problems()


SITTING = "exists(select from credit.panel p where p.appraisal_id={0} and p.closed_at is null)"
DRAWING = Action(
    CreditAppraisal,
    (require_held(CONVENE),),
    (
        require_states(
            (AppraisalState.REQUESTED, AppraisalState.DISPUTED),
            Text("This appraisal waits for no panel.", "该评议无须组团。"),
        ),
        Requirement(
            "DUPLICATE",
            lambda row, viewer: [Sql(f"not {SITTING}", row.id)],
            Text("A panel sits already.", "评判团已组成。"),
        ),
    ),
)


@command(
    "Draw a panel by lot from those without a conflict of interest (抽取评判团).", requires=CONVENE, action=DRAWING
)
async def draw_review_panel(call: Call, input: DrawReviewPanelInput) -> ReviewPanelPayload:
    row: AppraisalRow = await call.find(CreditAppraisal, "appraisal", id=key_of(CreditAppraisal)(input.appraisal))
    model = await ModelRow.get(id=row.model_id)
    # A scorecard that was ended meanwhile appraises nobody, although it was asked for while in force.
    require_in_force(model, today(call), "appraisal")
    pool = await eligible_panelists(call, row, model)
    if len(pool) < model.seats:
        raise Refusal(
            "POOL_TOO_SMALL",
            f"{model.seats} are to sit, and {len(pool)} without a conflict of interest are in the pool.",
            f"应抽取 {model.seats} 人，库中无利害关系的成员仅 {len(pool)} 人。",
            ("appraisal",),
        )
    panel = await seat_panel(call, row, model, pool)
    row.state = AppraisalState.SITTING if row.state is AppraisalState.REQUESTED else row.state
    row.version += 1
    await row.save()
    return ReviewPanelPayload(panel=ref(ReviewPanel, panel.id), appraisal=ref(CreditAppraisal, row.id))


async def eligible_panelists(call: Call, row: AppraisalRow, model: ModelRow) -> list[PanelistRow]:
    """Return who may sit: in the scorecard's area, no kin, no rival, not on an earlier panel for the same person."""
    present = Q(until=None) | Q(until__gt=today(call))
    pool = [one for one in await PanelistRow.filter(present) if covers_row(model, one)]
    # Whoever draws is barred too, even as a member of the pool.
    barred = {row.person_id, call.viewer.account.person, *await fetch_keys(call, KIN, row.person_id)}
    barred |= set(await fetch_keys(call, BORROWING, [one.person_id for one in pool]))
    before = await SeatRow.filter(panel__appraisal_id=row.id).values_list("panelist_id", flat=True)
    return [one for one in pool if one.person_id not in barred and one.id not in set(before)]


async def fetch_keys(call: Call, sql: str, *values: object) -> list[UUID]:
    return [UUID(str(found["id"])) for found in await call.fetch(sql, *values)]


async def seat_panel(call: Call, row: AppraisalRow, model: ModelRow, pool: Collection[PanelistRow]) -> PanelRow:
    """Draw the lot: the whole pool gets places, the first ones sit, the others follow where somebody is excused."""
    # Stored with the panel: whoever knows seed and pool can draw again and get the same order.
    seed = secrets.token_hex(16)
    panel = await PanelRow.create(
        appraisal=row,
        round=await PanelRow.filter(appraisal=row).count() + 1,
        seats=model.seats,
        quorum=model.quorum,
        pool=len(pool),
        seed=seed,
        drawn_at=call.now,
        account=call.viewer.account.name or "",
    )
    # By the digest of seed and key, which nobody can steer without choosing the seed.
    order = draw_lots(seed, (one.id for one in pool))[: model.seats]
    await SeatRow.bulk_create([SeatRow(panel=panel, panelist_id=one, place=at) for at, one in enumerate(order, 1)])
    await notify_panelists(call, order, row)
    return panel


def draw_lots(seed: str, pool: Iterable[UUID]) -> list[UUID]:
    """Return the pool in the order of the lot, which whoever knows seed and pool can draw again."""
    return sorted(pool, key=lambda one: hashlib.sha256(f"{seed}:{one}".encode()).digest())


async def notify_panelists(call: Call, panelists: Collection[UUID], row: AppraisalRow) -> None:
    """Notify those who sit."""
    told_of = NoticeDraft(
        "credit.panel_drawn",
        Text("You were drawn for a review panel", "您被抽中参加信用评议"),
        Text("Score each indicator, or ask to be excused.", "请逐项评分；如有利害关系，请申请回避。"),
        f"CreditAppraisal:{row.id}",
    )
    people = await PanelistRow.filter(id__in=list(panelists)).values_list("person_id", flat=True)
    await send_notice(call, told_of, persons=[UUID(str(one)) for one in people])


async def seat_substitute(call: Call, panel: PanelRow, row: AppraisalRow) -> None:
    """Seat the next of the lot for somebody who was excused, if there is one."""
    model = await ModelRow.get(id=row.model_id)
    # Asked anew, since somebody may have become a rival meanwhile; everybody who sat before is out by their seat.
    pool = await eligible_panelists(call, row, model)
    if not pool:
        return
    after = draw_lots(panel.seed, (one.id for one in pool))[0]
    place = await SeatRow.filter(panel=panel).count() + 1
    await SeatRow.create(panel=panel, panelist_id=after, place=place)
    await notify_panelists(call, [after], row)


EXTENSIONS = (
    extend(
        Mutation,
        add_panelist=add_panelist,
        end_panelist=end_panelist,
        request_credit_appraisal=request_credit_appraisal,
        draw_review_panel=draw_review_panel,
    ),
)
