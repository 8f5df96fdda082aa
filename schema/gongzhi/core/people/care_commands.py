"""Care commands: what a household asks for, what its tier follows from, who keeps in touch, who visited."""

from __future__ import annotations

import datetime
from datetime import timedelta

import strawberry
from strawberry import ID
from tortoise.expressions import F

from gongzhi.declare.bounds import TextPattern
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.actions import Action, require_empty, require_rows
from gongzhi.runtime.checks import CHINA, check_moment, check_past_day, duplicate, invalid_input, today
from gongzhi.runtime.commands import (
    EXPECTED,
    KEY,
    Call,
    Problem,
    check_version,
    command,
    free_text,
    input_field,
    not_allowed,
    problems,
    result_field,
    text_warnings,
)
from gongzhi.runtime.screening import TextWarning
from gongzhi.values.errors import Refusal, Text

from . import tiers
from .commands import EDIT
from .households import (
    HOUSEHOLD,
    HouseholdPayload,
    classify_household,
    find_household,
    is_helper,
    is_member,
    load_household,
    save_household,
)
from .models import AwardRow, HouseholdRow, IncomeBand, LiaisonRow, Line, Need, PersonRow, VisitRow
from .rules import APPOINT, ended_liaisons
from .types import Household, Liaison, Person, Visit

NEEDS = "people.view_needs"
VISIT = "people.record_visit"
AWARD = TextPattern(
    "[A-Z][A-Z0-9_]{1,39}",
    "An award's code is in capitals, and underscores.",
    "荣誉代码由大写字母、数字和下划线组成。",
)
FIRST_AWARD = 1980
NOTE = 2000
OLDEST = timedelta(days=3660)
"""How long ago a visit may be that is recorded now."""


# what the tier follows from


@strawberry.input(description="The household's wishes for service (服务需求申报).")
class DeclareNeedsInput:
    idempotency_key: str = input_field(KEY)
    household: ID = input_field(HOUSEHOLD)
    expected_version: int = input_field(EXPECTED)
    needs: list[Need] = input_field("All its wishes from now on; none at all takes them back (服务需求).")


@command(
    "Declare what service a household wishes for; by that it accepts a named helper (服务需求申报).", requires=None
)
async def declare_needs(call: Call, input: DeclareNeedsInput) -> HouseholdPayload:
    household = await find_household(call, input.household)
    own = call.viewer.account.person
    if not (call.may(NEEDS, household) or await is_member(household, own) or await is_helper(household, own)):
        raise not_allowed("household")
    check_version(household, input.expected_version)
    # Each once, in the order in which they were named.
    household.needs = list(dict.fromkeys(input.needs))
    await classify_household(call, household)
    return await save_household(household)


@strawberry.input(description="Where a household's income stands, as the village confirms it (收入区间确认).")
class ConfirmIncomeInput:
    idempotency_key: str = input_field(KEY)
    household: ID = input_field(HOUSEHOLD)
    expected_version: int = input_field(EXPECTED)
    band: IncomeBand = input_field("The band; UNKNOWN takes it back (收入区间).")
    confirmed_on: datetime.date = input_field("When it was confirmed (确认日期).")
    consent: bool = input_field("That the household agrees to its being kept and used for the tier (本户同意).")


@command("Confirm a household's income band, with its consent (收入区间确认).", requires=EDIT)
async def confirm_income(call: Call, input: ConfirmIncomeInput) -> HouseholdPayload:
    day = check_past_day(call, input.confirmed_on, "confirmedOn")
    household = await load_household(call, input, EDIT, NEEDS)
    # To record that nothing is known takes no consent.
    known = input.band != IncomeBand.UNKNOWN
    if known and not input.consent:
        raise consent_required(
            "Without the household's consent its income is not kept.", "未经本户同意，不得登记收入区间。"
        )
    household.income_band, household.income_confirmed_on = input.band, day if known else None
    await classify_household(call, household)
    return await save_household(household)


@strawberry.input(description="An award to a household for a year (荣誉登记).")
class GrantAwardInput:
    idempotency_key: str = input_field(KEY)
    household: ID = input_field(HOUSEHOLD)
    expected_version: int = input_field(EXPECTED)
    kind: str = input_field("The award's code, such as PEACEFUL_FAMILY for 平安家庭 (荣誉代码).", pattern=AWARD)
    year: int = input_field("The year it is for (年度).")


@command("Put an award to a household on file (荣誉登记).", requires=EDIT)
async def grant_award(call: Call, input: GrantAwardInput) -> HouseholdPayload:
    last = today(call).year
    if not FIRST_AWARD <= input.year <= last:
        raise invalid_input(f"The year is from {FIRST_AWARD} to {last}.", f"年度应为 {FIRST_AWARD} 至 {last}。", "year")
    household = await load_household(call, input, EDIT)
    # Looked at first, for a clear refusal.
    if await AwardRow.exists(household=household, kind=input.kind, year=input.year):
        raise duplicate("It has this award for this year already.", "该户该年度已有此荣誉。", "year")
    await AwardRow.create(household=household, kind=input.kind, year=input.year)
    # No other award is an input of the rule.
    if input.kind == tiers.PEACEFUL_FAMILY:
        await classify_household(call, household)
    return await save_household(household)


# who keeps in touch


@strawberry.type(description="Who keeps in touch with the household, or why nothing was done (联系人操作结果).")
class LiaisonPayload:
    liaison: Liaison | None = result_field("The office (联系人).")
    household: Household | None = result_field("The household (户).")
    errors: list[Problem] = problems()


@strawberry.input(description="A named helper for a household (指定联系人).")
class AssignHelperInput:
    idempotency_key: str = input_field(KEY)
    household: ID = input_field(HOUSEHOLD)
    expected_version: int = input_field(EXPECTED)
    person: ID = input_field("Who is to keep in touch with it (联系人).")
    line: Line = input_field("By which line (联系线).")
    consent: bool = input_field("That the household and the helper both agree (双方同意).")


@command("Name a household's helper from today, in place of the one it had (指定联系人).", requires=APPOINT)
async def assign_helper(call: Call, input: AssignHelperInput) -> LiaisonPayload:
    if not input.consent:
        raise consent_required("A helper is named with the consent of both.", "指定联系人须经双方同意。")
    household = await load_household(call, input, APPOINT)
    person: PersonRow = await call.find(Person, "person", id=key_of(Person)(input.person))
    if await is_member(household, person.id):
        raise invalid_input("A household's helper comes from outside it.", "联系人不能是本户成员。", "person")
    day = today(call)
    # The office ends on the day the next one begins.
    await LiaisonRow.filter(household=household, until=None).update(until=day)
    liaison = await LiaisonRow.create(household=household, person=person, line=input.line, since=day)
    await save_household(household)
    return LiaisonPayload(liaison=ref(Liaison, liaison.id), household=ref(Household, household.id))


@strawberry.input(description="An office that ends (终止联系).")
class EndLiaisonInput:
    idempotency_key: str = input_field(KEY)
    liaison: ID = input_field("The office's id (联系标识).")


HELPS_ON = require_empty("until", Text("The office has ended already.", "该联系已终止。"))


@command(
    "End a helper's office; the household and the helper may do so at any time (终止联系).",
    requires=None,
    action=Action(Liaison, (require_rows(ended_liaisons),), (HELPS_ON,)),
)
async def end_liaison(call: Call, input: EndLiaisonInput) -> LiaisonPayload:
    liaison: LiaisonRow = await call.find(Liaison, "liaison", id=key_of(Liaison)(input.liaison))
    liaison.until = today(call)
    await liaison.save(update_fields=["until"])
    await HouseholdRow.filter(id=liaison.household_id).update(version=F("version") + 1)
    return LiaisonPayload(liaison=ref(Liaison, liaison.id), household=ref(Household, liaison.household_id))


# who visited


@strawberry.type(description="The visit that was recorded, or why nothing was done (走访记录结果).")
class VisitPayload:
    visit: Visit | None = result_field("The visit (走访).")
    warnings: list[TextWarning] = text_warnings()
    errors: list[Problem] = problems()


@strawberry.input(description="A visit to a household; no position is asked for (走访记录).")
class RecordVisitInput:
    idempotency_key: str = input_field(KEY)
    household: ID = input_field(HOUSEHOLD)
    at: datetime.datetime = input_field("When, with the offset of the clock it was read from (时间).")
    note: str = free_text("What was said and asked for (记录).", length=(1, NOTE))


@command("Record a visit, and when the next one is due (走访记录).", requires=None)
async def record_visit(call: Call, input: RecordVisitInput) -> VisitPayload:
    at = check_moment(call.now, input.at, OLDEST, "at")
    household = await find_household(call, input.household)
    if not (call.may(VISIT, household) or await is_helper(household, call.viewer.account.person)):
        raise not_allowed("household")
    visit = await VisitRow.create(
        household=household,
        grid_id=household.grid_id,
        visitor_id=call.viewer.account.person,
        at=at,
        note=input.note,
        recorded_at=call.now,
        account=call.viewer.account.name,
    )
    # A visit may be recorded late, after one that followed it.
    last = await VisitRow.filter(household=household).order_by("-at").first() or visit
    household.visit_due_on = tiers.next_visit_due(household.tier, last.at.astimezone(CHINA).date())
    # Without a new version: a visit is no change of the household's file.
    await household.save(update_fields=["visit_due_on"])
    return VisitPayload(visit=ref(Visit, visit.id, shown=True))


def consent_required(en: str, zh: str) -> Refusal:
    return Refusal("CONSENT_REQUIRED", en, zh, ("consent",))


EXTENSIONS = (
    extend(
        Mutation,
        declare_needs=declare_needs,
        confirm_income=confirm_income,
        grant_award=grant_award,
        assign_helper=assign_helper,
        end_liaison=end_liaison,
        record_visit=record_visit,
    ),
)
