"""Household commands: who a household is, where it lives, who belongs to it."""

from __future__ import annotations

import datetime
from typing import Any

import strawberry
from strawberry import ID, UNSET
from tortoise.exceptions import IntegrityError

from gongzhi.core.grids.models import GridRow
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.checks import check_past_day, duplicate, invalid_input, is_given, not_found, today
from gongzhi.runtime.commands import EXPECTED, KEY, Call, command, input_field
from gongzhi.values.errors import Refusal

from .commands import EDIT, load_home_grid
from .households import HOUSEHOLD, HouseholdPayload, classify_household, load_household, save_household
from .models import HouseholdRow, MembershipRow, PersonRow, Relation
from .types import Household, Person

NUMBER, ADDRESS = 40, 200
INVERSE = {
    Relation.SPOUSE: Relation.SPOUSE,
    Relation.CHILD: Relation.PARENT,
    Relation.PARENT: Relation.CHILD,
    Relation.GRANDCHILD: Relation.GRANDPARENT,
    Relation.GRANDPARENT: Relation.GRANDCHILD,
    Relation.SIBLING: Relation.SIBLING,
}
"""What the head is to a member who is this to the head."""


@strawberry.input(description="A household that is not on file yet (立户).")
class RegisterHouseholdInput:
    idempotency_key: str = input_field(KEY)
    address: str = input_field("Where it is (住址).", length=(1, ADDRESS))
    grid: str = input_field("The village, or the grid in it, by code (所在网格编码).")
    number: str | None = input_field(
        "Its number; the next of the village if not said (户号).", length=(1, NUMBER), default=UNSET
    )
    head: ID | None = input_field("Its head, who becomes its first member (户主).", default=UNSET)


@command("Open a household's file (立户).", requires=EDIT)
async def register_household(call: Call, input: RegisterHouseholdInput) -> HouseholdPayload:
    household = HouseholdRow(created_at=call.now, visit_due_on=datetime.date.max)
    household.address = input.address
    household.number = input.number or ""
    household.grid = grid = await load_home_grid(call, input.grid)
    head: PersonRow | None = await call.find(Person, "head", id=key_of(Person)(input.head)) if input.head else None
    household.head = head
    household.number = household.number or await next_household_number(call, grid)
    # Looked at first, for a clear refusal; the unique index stops whoever is quicker.
    if await HouseholdRow.exists(number=household.number):
        raise number_taken()
    try:
        await household.save(force_create=True)
    except IntegrityError:
        # The database's own message quotes values.
        raise number_taken() from None
    if head:
        await make_member(household, grid.county_id, head, Relation.HEAD, today(call), "head")
    # After the row, which the decision refers to; saved once more, since service and visits follow from it.
    await classify_household(call, household)
    await household.save()
    return HouseholdPayload(household=ref(Household, household.id))


@strawberry.input(description="What changes in a household's file; what is left out stays as it is (户信息变更).")
class UpdateHouseholdInput:
    idempotency_key: str = input_field(KEY)
    household: ID = input_field(HOUSEHOLD)
    expected_version: int = input_field(EXPECTED)
    address: str | None = input_field("Where it is (住址).", length=(1, ADDRESS), default=UNSET)
    grid: str | None = input_field("Where it is now, in the same county, by code (所在网格编码).", default=UNSET)
    head: ID | None = input_field("The member who is its head from now on (户主).", default=UNSET)


@command("Change a household's file (户信息变更).", requires=EDIT)
async def update_household(call: Call, input: UpdateHouseholdInput) -> HouseholdPayload:
    household = await load_household(call, input, EDIT)
    if is_given(input.address):
        household.address = input.address
    if is_given(input.grid):
        grid = await load_home_grid(call, str(input.grid))
        if grid.county_id != household.county_id:
            raise other_county("grid")
        household.grid = grid
    if is_given(input.head):
        await set_head(household, key_of(Person)(str(input.head)))
    return await save_household(household)


@strawberry.input(description="Somebody who joins a household (增加成员).")
class AddMemberInput:
    idempotency_key: str = input_field(KEY)
    household: ID = input_field(HOUSEHOLD)
    expected_version: int = input_field(EXPECTED)
    person: ID = input_field("Who (人员标识).")
    relation: Relation = input_field("What they are to the head (与户主关系).")
    since: datetime.date | None = input_field("The first day; today if not said (起).", default=UNSET)


@command("Add a person to a household; they belong to one at a time (增加成员).", requires=EDIT)
async def add_member(call: Call, input: AddMemberInput) -> HouseholdPayload:
    since = check_past_day(call, input.since, "since") if is_given(input.since) else today(call)
    household = await load_household(call, input, EDIT)
    person: PersonRow = await call.find(Person, "person", id=key_of(Person)(input.person))
    if input.relation == Relation.HEAD:
        if household.head_id:
            raise invalid_input(
                "The household has a head: change the head instead.", "该户已有户主，请先变更户主。", "relation"
            )
        household.head = person
    await make_member(household, household.county_id, person, input.relation, since, "person")
    return await save_household(household)


@strawberry.input(description="Somebody who leaves a household (减少成员).")
class RemoveMemberInput:
    idempotency_key: str = input_field(KEY)
    household: ID = input_field(HOUSEHOLD)
    expected_version: int = input_field(EXPECTED)
    person: ID = input_field("Who (人员标识).")
    until: datetime.date | None = input_field("The first day no longer; today if not said (止).", default=UNSET)


@command("End a person's membership; it stays on record (减少成员).", requires=EDIT)
async def remove_member(call: Call, input: RemoveMemberInput) -> HouseholdPayload:
    until = check_past_day(call, input.until, "until") if is_given(input.until) else today(call)
    household = await load_household(call, input, EDIT)
    membership = await load_membership(household, key_of(Person)(input.person), "person")
    if until < membership.since:
        raise invalid_input("It cannot end before it began.", "终止日期不能早于起始日期。", "until")
    if membership.person_id == household.head_id:
        if await MembershipRow.filter(household=household, until=None).count() > 1:
            raise invalid_input(
                "The head leaves last: make another member the head first.",
                "户主须最后离户，请先变更户主。",
                "person",
            )
        household.head = None
    membership.until = until
    await membership.save(update_fields=["until"])
    return await save_household(household)


# what the commands share


async def next_household_number(call: Call, grid: GridRow) -> str:
    """Return the next number of the village, whose row is locked until the household is there."""
    village = await GridRow.select_for_update(no_key=True).get(id=grid.village_id)
    # Numbers that somebody chose may have any form; only those of this form are counted on.
    [row] = await call.fetch(
        "select coalesce(max(substring(number from 14)::int), 0) + 1 as next from people.household "
        "where number >= $1::text || '-' and number < $1::text || '.' and number ~ '^[0-9]{12}-[0-9]{5,9}$'",
        village.code,
    )
    return f"{village.code}-{row['next']:05}"


async def make_member(
    household: HouseholdRow, county: int | None, person: PersonRow, relation: Relation, since: datetime.date, path: str
) -> None:
    """Make somebody of the same county a member, if they belong to no household."""
    if person.county_id != county:
        raise other_county(path)
    if await MembershipRow.exists(person=person, until=None):
        raise duplicate(
            "They belong to a household already: remove them there first.", "此人已属于某户，请先办理减少成员。", path
        )
    await MembershipRow.create(household=household, person=person, relation=relation, since=since)


async def load_membership(household: HouseholdRow, person: Any, path: str) -> MembershipRow:
    """Return somebody's membership as it stands."""
    membership = await MembershipRow.get_or_none(household=household, person_id=person, until=None) if person else None
    if membership is None:
        raise not_found("They do not belong to this household.", "此人不是该户成员。", path)
    return membership


async def set_head(household: HouseholdRow, person: Any) -> None:
    """Make a member the head, and the head until now what they are to the new one; others stay what they were."""
    heir = await load_membership(household, person, "head")
    if household.head_id and household.head_id != heir.person_id:
        # Whoever was the head stays a member, as what they are to the new one.
        former = await load_membership(household, household.head_id, "head")
        former.relation = INVERSE.get(heir.relation, Relation.OTHER)
        await former.save(update_fields=["relation"])
    heir.relation = Relation.HEAD
    await heir.save(update_fields=["relation"])
    household.head_id = heir.person_id


def number_taken() -> Refusal:
    return duplicate("There is a household with this number already.", "该户号已存在。", "number")


def other_county(path: str) -> Refusal:
    return invalid_input("This is in another county than the household.", "与该户不在同一个县。", path)


EXTENSIONS = (
    extend(
        Mutation,
        register_household=register_household,
        update_household=update_household,
        add_member=add_member,
        remove_member=remove_member,
    ),
)
