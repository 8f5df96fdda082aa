"""Hazards: how they are opened and change, each step kept; a major one is a case of its unit at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import strawberry
from gongzhi.core.cases.catalog import SqlConnection, StockChannel, add_to_catalog
from gongzhi.core.cases.models import CaseKind, CaseRow, Origin, Urgency
from gongzhi.core.cases.opening import CaseDraft, open_cases
from gongzhi.core.cases.timeline import record_on_timeline
from gongzhi.core.grids.models import GridRow
from gongzhi.core.units.models import UnitRow
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.events import Event
from gongzhi.runtime.actions import tell_state
from gongzhi.runtime.checks import check_moment
from gongzhi.runtime.commands import Call, Problem, problems, result_field, text_warnings
from gongzhi.runtime.screening import TextWarning
from gongzhi.values.errors import Refusal, Text
from gongzhi_deadlines.clocks.led_cases import begin_case

from .events import HazardFound
from .models import HazardLevel, HazardRow, HazardState, HazardStep, SiteRow, StepRow
from .photos import keep_photos
from .types import SafetyHazard

CHANNEL, CATEGORY = "SAFETY_INSPECTION", "safety"
# What was found at which firm is told by the hazard, to those whom it concerns: all who work in the grid see the case.
TITLE, BODY = "重大事故隐患", "安全检查发现重大事故隐患，由监管单位督促整改；内容、期限和整改情况见隐患。"
OLDEST = timedelta(days=366)
HAZARD = "The hazard's id (隐患标识)."
AT = "When, with the offset of the clock it was read from; before now, where there was no network (时间)."
AS_IT_IS = tell_state(Text("hazard", "该隐患"))
GONE = (HazardState.CLOSED, HazardState.REVOKED)


async def seed(connection: SqlConnection) -> None:
    """Add the channel by which major hazards become cases; it runs at every start."""
    await add_to_catalog(connection, [], [StockChannel(CHANNEL, "安全检查")])


@strawberry.type(description="The hazard, or why nothing was done (隐患操作结果).")
class SafetyHazardPayload:
    hazard: SafetyHazard | None = result_field("The hazard (隐患).")
    warnings: list[TextWarning] = text_warnings()
    errors: list[Problem] = problems()


async def open_hazards(call: Call, site: SiteRow, hazards: Sequence[HazardRow]) -> None:
    """Keep new hazards of a locked site; those that are major ones become cases of its unit, with few statements."""
    majors = [row for row in hazards if row.level is HazardLevel.MAJOR]
    cases: dict[UUID, CaseRow] = {}
    if majors:
        grid = await GridRow.get(id=site.grid_id)
        draft = CaseDraft(
            CaseKind.HELP, CHANNEL, CATEGORY, TITLE, BODY, grid.code, urgency=Urgency.URGENT, origin=Origin.PROACTIVE
        )
        # All with a few statements: who finds one locked exit often finds the next.
        opened = await open_cases(call, [draft] * len(majors))
        cases = {row.id: case for row, case in zip(majors, opened, strict=True)}
    for row in majors:
        row.case_id = cases[row.id].id
    # After their cases, which they point at, and before the steps of these, which ask for them.
    await HazardRow.bulk_create(hazards)
    unit = await UnitRow.get(id=site.unit_id)
    for row in hazards:
        case = cases.get(row.id)
        if case is not None:
            await begin_case(call, case, unit, row.due_at)
        await publish_change(call, case, row, HazardFound(hazard=row.id, level=row.level))


async def publish_change(call: Call, case: CaseRow | None, row: HazardRow, happened: Event) -> None:
    """Publish what became of a hazard; of a major one it stands on the timeline of its case."""
    if case is None:
        call.publish(happened, row)
    else:
        await record_on_timeline(call, case, happened)


async def lock_case(case: UUID | None) -> CaseRow | None:
    """Return the case of a major hazard, locked: before the hazard itself, as everybody locks them."""
    return await CaseRow.select_for_update().get(id=case) if case else None


async def load_hazard(call: Call, id: str) -> tuple[CaseRow | None, HazardRow]:
    """Return the hazard that an input names, as its action allows, and its case if it has one; both locked."""
    key = key_of(SafetyHazard)(id)
    found = await HazardRow.get_or_none(id=key) if key else None
    case = None
    if found:
        # The site first, as inspections do: photos refer to it, and would wait for an inspection that waits for this.
        await SiteRow.filter(id=found.site_id).select_for_update(no_key=True).first()
        case = await lock_case(found.case_id)
    row: HazardRow = await call.find(SafetyHazard, "hazard", id=key)
    return case, row


def check_look(call: Call, row: HazardRow, at: datetime) -> datetime:
    """Return when somebody looked again by their device. Refuses what is older than the last look."""
    moment = check_moment(call.now, at, OLDEST, "at")
    # What was sent late must not undo what somebody has seen since.
    if moment < row.looked_at:
        raise Refusal(
            "SEEN_SINCE",
            "Somebody has looked since then: read what they found.",
            "此后已有人检查或复查，请查看最新结果。",
            ("at",),
        )
    return moment


async def keep_step(
    call: Call,
    row: HazardRow,
    kind: HazardStep,
    text: str | None = None,
    *,
    at: datetime | None = None,
    photos: Sequence[str] = (),
    by_firm: bool = False,
) -> None:
    """Keep what was done about a hazard, and save it under its next version."""
    account = call.viewer.account
    step = await StepRow.create(
        hazard_id=row.id,
        kind=kind,
        at=at or call.now,
        recorded_at=call.now,
        # Of the firm the person, whose words they are and go with them; of the county the account.
        account=None if by_firm else account.name,
        person_id=account.person if by_firm else None,
        text=text,
        due_at=row.due_at if kind is HazardStep.EXTENDED else None,
    )
    if photos:
        await keep_photos(call, await SiteRow.get(id=row.site_id), [(url, None) for url in photos], step_id=step.id)
    row.version += 1
    await row.save()


def answer_with(row: HazardRow) -> SafetyHazardPayload:
    """Return the payload of a hazard as it is now."""
    return SafetyHazardPayload(hazard=ref(SafetyHazard, row.id))
