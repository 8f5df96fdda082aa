"""Inspecting: somebody goes through a checklist at a site, also offline; what is not met becomes a hazard."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence

import strawberry
from gongzhi.declare.bounds import SHORT_CODE
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.located import LEVELS
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.actions import Action
from gongzhi.runtime.checks import check_moment, input_form, invalid_input, is_given
from gongzhi.runtime.commands import (
    KEY,
    Call,
    Problem,
    command,
    free_text,
    input_field,
    problems,
    result_field,
    text_warnings,
)
from gongzhi.runtime.locks import lock_rows
from gongzhi.runtime.screening import TextWarning
from gongzhi.values.errors import FIELD
from gongzhi_deadlines.calendars.reading import load_calendar
from gongzhi_deadlines.worktime import Calendar, Course, Term, Unit, compute_deadline
from strawberry import ID, UNSET
from tortoise.expressions import Q

from . import telling
from .checklists import DAYS, ITEMS
from .events import HazardFoundAgain, Inspected
from .hazards import AT, OLDEST, keep_step, open_hazards, publish_change
from .models import (
    TEXT,
    AnswerRow,
    ChecklistRow,
    Finding,
    HazardRow,
    HazardState,
    HazardStep,
    InspectionRow,
    ItemRow,
    SiteRow,
)
from .photos import keep_photos, photo_field, receive_photos, refuse_too_many
from .rules import INSPECTS
from .sites import IN_BUSINESS, SITE
from .types import SafetyChecklist, SafetyInspection, SafetySite

Answers = Sequence[tuple["SafetyAnswerInput", ItemRow]]


@strawberry.input(description="What was found of an item (检查项结果).")
class SafetyAnswerInput:
    code: str = input_field("The item's code (检查项编码).", pattern=SHORT_CODE)
    finding: Finding = input_field("What was found (检查结果).")
    note: str | None = free_text("What is to be said of it; no names of people (说明).", length=(1, 500), default=UNSET)
    days: int | None = input_field(
        "Working days in which it is corrected, if other than the checklist says (整改期限，工作日).",
        between=(1, DAYS),
        default=UNSET,
    )
    photos: list[str] = photo_field("JPEG or PNG in base64, 600 kB at most each; five in all of an inspection (照片).")


@strawberry.input(description="A checklist that somebody went through at a site (安全检查记录).")
class RecordSafetyInspectionInput:
    idempotency_key: str = input_field(KEY)
    site: ID = input_field(SITE)
    checklist: ID = input_field("The edition that was in force at that time (检查清单标识).")
    at: datetime.datetime = input_field(AT)
    answers: list[SafetyAnswerInput] = input_field("One for each item (各项结果).", items=(1, ITEMS))
    remark: str | None = free_text("What else is to be said (备注).", length=(1, TEXT), default=UNSET)


@strawberry.type(description="The inspection, or why nothing was done (安全检查结果).")
class SafetyInspectionPayload:
    inspection: SafetyInspection | None = result_field("The inspection (检查).")
    warnings: list[TextWarning] = text_warnings()
    errors: list[Problem] = problems()


def check_answers(call: Call, input: RecordSafetyInspectionInput) -> None:
    """Refuse answers that name an item twice, too many photos, and a term for what needs none."""
    with input_form() as read:
        read(refuse_too_many, sum(len(one.photos) for one in input.answers), "answers")
        read(refuse_twice, [one.code for one in input.answers])
        for at, one in enumerate(input.answers):
            read(refuse_days, one, at)


def refuse_twice(codes: Sequence[str]) -> None:
    if len(set(codes)) < len(codes):
        raise invalid_input("Answer each item once.", "每个检查项只能填写一次。", "answers")


def refuse_days(given: SafetyAnswerInput, at: int) -> None:
    if is_given(given.days) and given.finding is not Finding.NOT_MET:
        raise invalid_input(
            "Only what is not met has days to correct it.",
            "只有不符合的检查项需要整改期限。",
            "answers",
            str(at),
            "days",
        )


@command(
    "Record an inspection, whenever it was; what is not met becomes a hazard with a deadline, and a major one a case "
    "of the unit at once (安全检查).",
    requires=None,
    action=Action(SafetySite, INSPECTS, (IN_BUSINESS,)),
    form=check_answers,
)
async def record_safety_inspection(call: Call, input: RecordSafetyInspectionInput) -> SafetyInspectionPayload:
    check_answers(call, input)
    at = check_moment(call.now, input.at, OLDEST, "at")
    # Before anything is locked, for a scan takes long.
    photos = {
        one.code: await receive_photos(call, one.photos, "answers", str(place), "photos")
        for place, one in enumerate(input.answers)
        if one.photos
    }
    # The site is locked, so of two inspections at once the second finds the hazards of the first.
    site: SiteRow = await call.find(SafetySite, "site", id=key_of(SafetySite)(input.site))
    checklist = await load_checklist(call, input.checklist, site, at)
    answers = match_answers(input.answers, await ItemRow.filter(checklist=checklist).order_by("number"))
    inspection = await InspectionRow.create(
        site=site,
        checklist=checklist,
        at=at,
        recorded_at=call.now,
        account=call.viewer.account.name,
        remark=input.remark or None,
    )
    hazards = await keep_hazards(call, site, inspection, [one for one in answers if one[0].finding is Finding.NOT_MET])
    rows = [
        AnswerRow(
            inspection=inspection,
            item=item,
            number=item.number,
            finding=given.finding,
            note=given.note or None,
            hazard_id=hazards[item.code].id if item.code in hazards else None,
        )
        for given, item in answers
    ]
    await AnswerRow.bulk_create(rows)
    shown = [(url, row.id) for row, (given, _) in zip(rows, answers, strict=True) for url in photos.get(given.code, ())]
    await keep_photos(call, site, shown)
    # What comes late does not hide that somebody was there since.
    site.inspected_at = max(site.inspected_at or at, at)
    await site.save(update_fields=["inspected_at"])
    left = [one for one in hazards.values() if one.closed_at is None]
    call.publish(Inspected(site=site.id, inspection=inspection.id, hazards=len(left)), site)
    await telling.tell_inspection(call, site, inspection, left)
    return SafetyInspectionPayload(inspection=ref(SafetyInspection, inspection.id))


async def load_checklist(call: Call, id: str, site: SiteRow, at: datetime.datetime) -> ChecklistRow:
    """Return the edition of a site's trade that was in force when somebody was there."""
    row: ChecklistRow = await call.find(SafetyChecklist, "checklist", id=key_of(SafetyChecklist)(id))
    if row.county_id != site.county_id or row.trade != site.trade:
        raise invalid_input(
            f"{FIELD}: take the checklist of the site's trade in its county.",
            f"{FIELD}应为场所所在县该行业的清单。",
            "checklist",
        )
    # Whoever was on a hill when a new edition came went by the one they had: a day's grace, for a phone loads at night.
    if row.until is not None and row.until + datetime.timedelta(days=1) <= at:
        raise invalid_input(
            f"{FIELD}: this edition was in force no longer.", f"{FIELD}在检查时已失效，请使用现行版本。", "checklist"
        )
    return row


def match_answers(given: Sequence[SafetyAnswerInput], items: Sequence[ItemRow]) -> Answers:
    """Return each answer with its item. Refuses items that the checklist has not, and a list that leaves some out."""
    known = {one.code: one for one in items}
    for at, one in enumerate(given):
        if one.code not in known:
            raise invalid_input("The checklist has no such item.", "清单中没有该检查项。", "answers", str(at), "code")
    answered = {one.code for one in given}
    left = [str(one.number) for one in items if one.code not in answered]
    if left:
        raise invalid_input(
            f"Answer each item; missing by number: {', '.join(left)}.",
            f"请逐项填写，缺少第 {'、'.join(left)} 项。",
            "answers",
        )
    return [(one, known[one.code]) for one in given]


async def keep_hazards(call: Call, site: SiteRow, inspection: InspectionRow, unmet: Answers) -> Mapping[str, HazardRow]:
    """Open a hazard for each item that is not met and has none yet; return all of them by the items' codes."""
    if not unmet:
        return {}
    # One that was closed after the inspector was there is what they saw: it came later than its own end.
    found = await HazardRow.filter(site=site, code__in=[item.code for _, item in unmet]).filter(
        Q(closed_at=None) | Q(looked_at__gt=inspection.at)
    )
    known = {one.code: one for one in await lock_rows(HazardRow, [one.id for one in found])}
    for row in known.values():
        await find_again(call, row, inspection)
    calendar = await load_calendar(call.fetch, site.county_id)
    new = [
        make_hazard(call, site, inspection, given, item, calendar) for given, item in unmet if item.code not in known
    ]
    await open_hazards(call, site, new)
    return known | {row.code: row for row in new}


def make_hazard(
    call: Call, site: SiteRow, inspection: InspectionRow, given: SafetyAnswerInput, item: ItemRow, calendar: Calendar
) -> HazardRow:
    """Return the hazard of an item that is not met, where the site is."""
    return HazardRow(
        grid_id=site.grid_id,
        # As the trigger of the table will fill them in: events say where it happened before the row is there.
        **{level: getattr(site, level) for level in LEVELS},
        site_id=site.id,
        inspection_id=inspection.id,
        item_id=item.id,
        code=item.code,
        unit_id=site.unit_id,
        level=item.level,
        state=HazardState.OPEN,
        found_at=inspection.at,
        found_by=inspection.account,
        due_at=reckon_due(calendar, call.now, given.days or item.days),
        looked_at=inspection.at,
    )


def reckon_due(calendar: Calendar, since: datetime.datetime, days: int) -> datetime.datetime:
    """Return when so many working days end, from the next day on."""
    # From when it came here: by what lay in a phone for a week nobody is late already.
    return compute_deadline(calendar, Term(days, Unit.WORKING_DAY, next_day=True), Course(since)).due


async def find_again(call: Call, row: HazardRow, inspection: InspectionRow) -> None:
    """Note that an open hazard was found once more; what the firm had said of it is not so."""
    if inspection.at < row.looked_at or row.closed_at is not None:
        return
    row.looked_at = inspection.at
    row.state, row.corrected_at, row.passed_at, row.passed_by = HazardState.OPEN, None, None, None
    await publish_change(call, None, row, HazardFoundAgain(hazard=row.id))
    await keep_step(call, row, HazardStep.FOUND_AGAIN, at=inspection.at)


EXTENSIONS = (extend(Mutation, record_safety_inspection=record_safety_inspection),)
