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
from gongzhi.runtime.checks import duplicate, form, missing, past, text, today, told, wrong
from gongzhi.runtime.commands import EXPECTED, KEY, Call, command, given
from gongzhi.values.errors import Refusal

from .commands import EDIT, home
from .households import HOUSEHOLD, HouseholdPayload, classify, opened, saved
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
    idempotency_key: str = given(KEY)
    address: str = given("Where it is (住址).")
    grid: str = given("The village, or the grid in it, by code (所在网格编码).")
    number: str | None = given("Its number; the next of the village if not said (户号).", default=UNSET)
    head: ID | None = given("Its head, who becomes its first member (户主).", default=UNSET)


@command("Open a household's file (立户).", requires=EDIT)
async def register_household(call: Call, input: RegisterHouseholdInput) -> HouseholdPayload:
    household = HouseholdRow(created_at=call.now, visit_due_on=datetime.date.max)
    with form() as read:
        household.address = read(text, input.address, ADDRESS, "address")
        household.number = read(text, input.number, NUMBER, "number") if told(input.number) else ""
    household.grid = grid = await home(call, input.grid)
    head: PersonRow | None = await call.find(Person, "head", id=key_of(Person)(input.head)) if input.head else None
    household.head = head
    household.number = household.number or await numbered(call, grid)
    # Looked at first, for a clear refusal; the unique index stops whoever is quicker.
    if await HouseholdRow.exists(number=household.number):
        raise taken()
    try:
        await household.save(force_create=True)
    except IntegrityError:
        raise taken() from None
    if head:
        await joined(household, grid.county_id, head, Relation.HEAD, today(call), "head")
    await classify(call, household)
    await household.save()
    return HouseholdPayload(household=ref(Household, household.id))


@strawberry.input(description="What changes in a household's file; what is left out stays as it is (户信息变更).")
class UpdateHouseholdInput:
    idempotency_key: str = given(KEY)
    household: ID = given(HOUSEHOLD)
    expected_version: int = given(EXPECTED)
    address: str | None = given("Where it is (住址).", default=UNSET)
    grid: str | None = given("Where it is now, in the same county, by code (所在网格编码).", default=UNSET)
    head: ID | None = given("The member who is its head from now on (户主).", default=UNSET)


@command("Change a household's file (户信息变更).", requires=EDIT)
async def update_household(call: Call, input: UpdateHouseholdInput) -> HouseholdPayload:
    household = await opened(call, input, EDIT)
    if told(input.address):
        household.address = text(str(input.address), ADDRESS, "address")
    if told(input.grid):
        grid = await home(call, str(input.grid))
        if grid.county_id != household.county_id:
            raise elsewhere("grid")
        household.grid = grid
    if told(input.head):
        await headed(household, key_of(Person)(str(input.head)))
    return await saved(household)


@strawberry.input(description="Somebody who joins a household (增加成员).")
class AddMemberInput:
    idempotency_key: str = given(KEY)
    household: ID = given(HOUSEHOLD)
    expected_version: int = given(EXPECTED)
    person: ID = given("Who (人员标识).")
    relation: Relation = given("What they are to the head (与户主关系).")
    since: datetime.date | None = given("The first day; today if not said (起).", default=UNSET)


@command("Add a person to a household; they belong to one at a time (增加成员).", requires=EDIT)
async def add_member(call: Call, input: AddMemberInput) -> HouseholdPayload:
    since = past(call, input.since, "since") if told(input.since) else today(call)
    household = await opened(call, input, EDIT)
    person: PersonRow = await call.find(Person, "person", id=key_of(Person)(input.person))
    if input.relation == Relation.HEAD:
        if household.head_id:
            raise wrong(
                "The household has a head: change the head instead.", "该户已有户主，请先变更户主。", "relation"
            )
        household.head = person
    await joined(household, household.county_id, person, input.relation, since, "person")
    return await saved(household)


@strawberry.input(description="Somebody who leaves a household (减少成员).")
class RemoveMemberInput:
    idempotency_key: str = given(KEY)
    household: ID = given(HOUSEHOLD)
    expected_version: int = given(EXPECTED)
    person: ID = given("Who (人员标识).")
    until: datetime.date | None = given("The first day no longer; today if not said (止).", default=UNSET)


@command("End a person's membership; it stays on record (减少成员).", requires=EDIT)
async def remove_member(call: Call, input: RemoveMemberInput) -> HouseholdPayload:
    until = past(call, input.until, "until") if told(input.until) else today(call)
    household = await opened(call, input, EDIT)
    membership = await belonging(household, key_of(Person)(input.person), "person")
    if until < membership.since:
        raise wrong("It cannot end before it began.", "终止日期不能早于起始日期。", "until")
    if membership.person_id == household.head_id:
        if await MembershipRow.filter(household=household, until=None).count() > 1:
            raise wrong(
                "The head leaves last: make another member the head first.",
                "户主须最后离户，请先变更户主。",
                "person",
            )
        household.head = None
    membership.until = until
    await membership.save(update_fields=["until"])
    return await saved(household)


# what the commands share


async def numbered(call: Call, grid: GridRow) -> str:
    """Return the next number of the village, whose row is locked until the household is there."""
    village = await GridRow.select_for_update(no_key=True).get(id=grid.village_id)
    # Numbers that somebody chose may have any form; only those of this form are counted on.
    [row] = await call.fetch(
        "select coalesce(max(substring(number from 14)::int), 0) + 1 as next from people.household "
        "where number >= $1::text || '-' and number < $1::text || '.' and number ~ '^[0-9]{12}-[0-9]{5,9}$'",
        village.code,
    )
    return f"{village.code}-{row['next']:05}"


async def joined(
    household: HouseholdRow, county: int | None, person: PersonRow, relation: Relation, since: datetime.date, path: str
) -> None:
    """Make somebody of the same county a member, if they belong to no household."""
    if person.county_id != county:
        raise elsewhere(path)
    if await MembershipRow.exists(person=person, until=None):
        raise duplicate(
            "They belong to a household already: remove them there first.", "此人已属于某户，请先办理减少成员。", path
        )
    await MembershipRow.create(household=household, person=person, relation=relation, since=since)


async def belonging(household: HouseholdRow, person: Any, path: str) -> MembershipRow:
    """Return somebody's membership as it stands."""
    membership = await MembershipRow.get_or_none(household=household, person_id=person, until=None) if person else None
    if membership is None:
        raise missing("They do not belong to this household.", "此人不是该户成员。", path)
    return membership


async def headed(household: HouseholdRow, person: Any) -> None:
    """Make a member the head, and the head until now what they are to the new one; others stay what they were."""
    heir = await belonging(household, person, "head")
    if household.head_id and household.head_id != heir.person_id:
        former = await belonging(household, household.head_id, "head")
        former.relation = INVERSE.get(heir.relation, Relation.OTHER)
        await former.save(update_fields=["relation"])
    heir.relation = Relation.HEAD
    await heir.save(update_fields=["relation"])
    household.head_id = heir.person_id


def taken() -> Refusal:
    return duplicate("There is a household with this number already.", "该户号已存在。", "number")


def elsewhere(path: str) -> Refusal:
    return wrong("This is in another county than the household.", "与该户不在同一个县。", path)


EXTENSIONS = (
    extend(
        Mutation,
        register_household=register_household,
        update_household=update_household,
        add_member=add_member,
        remove_member=remove_member,
    ),
)
