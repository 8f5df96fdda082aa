"""People commands: change a person's file, and appoint people to a grid."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import strawberry
from strawberry import ID, UNSET
from tortoise.exceptions import IntegrityError

from gongzhi.core.access.models import LookKind
from gongzhi.core.access.quota import check_quota
from gongzhi.core.access.rules import OVERSEE
from gongzhi.core.grids.commands import find_grid
from gongzhi.core.grids.models import GridRow
from gongzhi.core.notices.sending import NoticeDraft, Office, send_notice
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.checks import (
    Form,
    check_code,
    check_past_day,
    duplicate,
    input_form,
    invalid_input,
    is_given,
    today,
)
from gongzhi.runtime.commands import (
    EXPECTED,
    KEY,
    Call,
    Problem,
    check_version,
    command,
    input_field,
    not_allowed,
    problems,
    result_field,
)
from gongzhi.runtime.context import FileLook
from gongzhi.runtime.quotas import lock_quota
from gongzhi.values import codes
from gongzhi.values.errors import FIELD, Refusal, Text

from . import sealed_values
from .models import Duty, Gender, PersonRow, PhoneRow, PostRow, ResidenceKind
from .rules import APPOINT
from .types import Officer, Person

EDIT = "people.edit"
NAME = 100
AGE = 150
"""The years nobody is older than."""
NUMBERS = 5
"""How many telephone numbers somebody may have."""
RESIDENT_ID = "The resident ID number; leave it out where nothing asks for it (身份证号)."
BIRTH = "The day of birth; with a resident ID it is taken from there (出生日期)."
GENDER = "The gender; with a resident ID it is taken from there (性别)."
PHONES = "Their numbers, the first to be tried first (电话)."


@strawberry.type(description="A person as they are now, or why nothing was done (人员操作结果).")
class PersonPayload:
    person: Person | None = result_field("The person (人员).")
    errors: list[Problem] = problems()


@strawberry.input(description="Somebody who is not on file yet (人员建档).")
class RegisterPersonInput:
    idempotency_key: str = input_field(KEY)
    name: str = input_field("The name (姓名).", length=(1, NAME))
    residence: ResidenceKind = input_field("How they live here (居住类型).")
    grid: str = input_field("The village, or the grid in it, that they live in, by code (所在网格编码).")
    gender: Gender | None = input_field(GENDER, default=UNSET)
    birth_date: datetime.date | None = input_field(BIRTH, default=UNSET)
    resident_id: str | None = input_field(RESIDENT_ID, default=UNSET)
    phones: list[str] | None = input_field(PHONES, items=NUMBERS, default=UNSET)


@command("Open a person's file (人员建档).", requires=EDIT, form=lambda call, input: read_draft(call, input))
async def register_person(call: Call, input: RegisterPersonInput) -> PersonPayload:
    # Read before anything is looked up, so that all that is wrong is said at once.
    draft = read_draft(call, input)
    grid = await load_home_grid(call, input.grid)
    return await file_person(call, PersonRow(created_at=call.now, grid=grid), grid, draft)


@strawberry.input(description="What changes in a person's file; what is left out stays as it is (人员变更).")
class UpdatePersonInput:
    idempotency_key: str = input_field(KEY)
    person: ID = input_field("The person's id (人员标识).")
    expected_version: int = input_field(EXPECTED)
    name: str | None = input_field("The name (姓名).", length=(1, NAME), default=UNSET)
    residence: ResidenceKind | None = input_field("How they live here (居住类型).", default=UNSET)
    grid: str | None = input_field("Where they live now, in the same county, by code (所在网格编码).", default=UNSET)
    gender: Gender | None = input_field(GENDER, default=UNSET)
    birth_date: datetime.date | None = input_field(BIRTH, default=UNSET)
    resident_id: str | None = input_field(RESIDENT_ID + " Null takes it away.", default=UNSET)
    phones: list[str] | None = input_field(
        PHONES + " They take the place of all there were.", items=NUMBERS, default=UNSET
    )
    died_on: datetime.date | None = input_field("The day of death; null takes it away (死亡日期).", default=UNSET)


@command("Change a person's file (人员变更).", requires=EDIT, form=lambda call, input: read_draft(call, input))
async def update_person(call: Call, input: UpdatePersonInput) -> PersonPayload:
    person: PersonRow = await call.find(Person, "person", id=key_of(Person)(input.person))
    if not call.may(EDIT, person):
        raise not_allowed("person")
    check_version(person, input.expected_version)
    draft = read_draft(call, input, person)
    grid = await GridRow.get(id=person.grid_id)
    if is_given(input.grid):
        grid = await load_home_grid(call, str(input.grid))
        # Protected values hang on the key of the county, so this is more than another grid.
        if grid.county_id != person.county_id:
            raise invalid_input(
                "A person moves to another county by a transfer.", "跨县迁移须另行办理，不能直接修改网格。", "grid"
            )
        person.grid = grid
    # Null takes back a day that was wrong.
    if input.died_on is not UNSET:
        person.died_on = check_past_day(call, input.died_on, "diedOn") if input.died_on else None
    person.version += 1
    return await file_person(call, person, grid, draft)


@strawberry.type(description="Who answers for the grid now, or why nothing was done (任命结果).")
class OfficerPayload:
    officer: Officer | None = result_field("Whoever was appointed (网格负责人).")
    errors: list[Problem] = problems()


@strawberry.input(description="Who is to answer for a grid from today (任命网格负责人).")
class AppointOfficerInput:
    idempotency_key: str = input_field(KEY)
    grid: str = input_field("The grid's code (网格编码).")
    duty: Duty = input_field("What for (职责).")
    person: ID = input_field("Who (人员标识).")
    duty_phone: str | None = input_field(
        "The number to call; give it with their consent, for it is published (值班电话).", default=UNSET
    )


@command("Appoint whoever answers for a grid; whoever did so until now is relieved (任命网格负责人).", requires=APPOINT)
async def appoint_officer(call: Call, input: AppointOfficerInput) -> OfficerPayload:
    phone = check_code(codes.check_phone, input.duty_phone, "dutyPhone") if input.duty_phone else None
    # Locked, so that one at a time is appointed.
    grid = await find_grid(input.grid, "grid", lock=True)
    if not call.may(APPOINT, grid):
        raise not_allowed("grid")
    person: PersonRow = await call.find(Person, "person", id=key_of(Person)(input.person))
    day = today(call)
    await PostRow.filter(grid=grid, duty=input.duty, until=None).update(until=day)
    post = await PostRow.create(grid=grid, duty=input.duty, person=person, duty_phone=phone, since=day)
    return OfficerPayload(officer=ref(Officer, post.id))


# what the commands share


@dataclass(frozen=True)
class PersonDraft:
    """What an input tells of a person: columns, the resident ID (None takes it away), the numbers (None keeps them)."""

    columns: dict[str, Any]
    resident_id: Any = field(repr=False)
    phones: list[str] | None = field(repr=False)


def read_draft(call: Call, input: Any, known: PersonRow | None = None) -> PersonDraft:
    """Read what the input tells. Raises Refusals for all that is wrong with it, and for what the resident ID denies."""
    with input_form() as read:
        columns = {name: getattr(input, name) for name in ("residence", "gender") if is_given(getattr(input, name))}
        if is_given(input.name):
            columns["name"] = input.name
        if is_given(input.birth_date):
            columns["birth_date"] = read(check_birth_date, call, input.birth_date)
        number = input.resident_id
        if is_given(number):
            number = read(check_code, partial(codes.resident_id, today=today(call)), number, "residentId")
        phones = read_phones(read, input.phones) if is_given(input.phones) else None
        # What the resident ID says takes the place of what was typed in.
        columns |= merge_facts(read, columns, facts_from_id(number, known))
    return PersonDraft(columns, number, phones)


def check_birth_date(call: Call, day: datetime.date) -> datetime.date:
    if day.year < today(call).year - AGE:
        raise invalid_input(f"The birth date is more than {AGE} years ago.", f"出生日期在 {AGE} 年以前。", "birthDate")
    return check_past_day(call, day, "birthDate")


def read_phones(read: Form, phones: list[str]) -> list[str]:
    """Return the telephone numbers, each once."""
    numbers = (read(check_code, codes.check_phone, one, "phones", str(at)) for at, one in enumerate(phones))
    return list(dict.fromkeys(numbers))


def facts_from_id(number: Any, known: PersonRow | None) -> dict[str, Any]:
    """Return what the resident ID says, the one that is given or the one on file."""
    if number:
        return {"birth_date": codes.birth_date(number), "gender": Gender(codes.gender_of(number))}
    # The resident ID on file vouches for these, where none is given.
    if number is UNSET and known and known.resident_id_mask:
        return {"birth_date": known.birth_date, "gender": known.gender}
    return {}


def merge_facts(read: Form, columns: dict[str, Any], facts: dict[str, Any]) -> dict[str, Any]:
    """Return the facts, if what was told does not contradict them."""
    for name, path in (("birth_date", "birthDate"), ("gender", "gender")):
        if name in facts and columns.get(name) not in (None, Gender.UNKNOWN, facts[name]):
            said = f"{FIELD} is not what the resident ID says.", f"{FIELD}与身份证号不一致。"
            read.refusals.append(invalid_input(*said, path))
    return facts


async def load_home_grid(call: Call, code: str) -> GridRow:
    """Return the village or grid that somebody can be registered in by the caller."""
    grid = await find_grid(code, "grid")
    if grid.village_id is None:
        raise invalid_input(
            "People live in a village or in a grid of one: give a longer code.",
            "人员登记到村、社区或其下网格，请填写更长的编码。",
            "grid",
        )
    if not call.may(EDIT, grid):
        raise not_allowed("grid")
    return grid


async def file_person(call: Call, person: PersonRow, grid: GridRow, draft: PersonDraft) -> PersonPayload:
    """Write the file: what is protected sealed, and no resident ID twice in a county."""
    keys, county = call.context.keys, await GridRow.get(id=grid.county_id)
    owner = sealed_values.ensure_owner(keys, county.code, person)
    person.update_from_dict(draft.columns)
    if draft.resident_id is not UNSET:
        if refused := await contest_resident_id(call, county, person, draft.resident_id):
            # Not raised: the officer's alert has to stay.
            return PersonPayload(errors=[refused])
        person.update_from_dict(sealed_values.seal_resident_id(keys, owner, draft.resident_id))
    try:
        await person.save()
    except IntegrityError:
        raise resident_id_taken() from None  # somebody was quicker; the original quotes values
    if draft.phones is not None:
        # Written anew: which number comes first is a part of them.
        await PhoneRow.filter(person=person).delete()
        await PhoneRow.bulk_create(sealed_values.seal_phones(keys, owner, draft.phones))
    return PersonPayload(person=ref(Person, person.id))


async def contest_resident_id(call: Call, county: GridRow, person: PersonRow, number: str | None) -> Problem | None:
    """Find out whether somebody else in the county has this resident ID.

    Raises Refusal where the caller may see them: that is a look, within the quota, and what is answered once that is
    used up. Of somebody the caller may not see nothing is told: the entry is made as any other, and the officer who
    watches over the county is asked whose number it is. Else trying numbers would tell who is on file elsewhere.
    """
    person.contested_at = None
    if not number:
        return None
    blinds = call.context.keys.blinds(county.code, sealed_values.RESIDENT_ID, number)
    await lock_quota(call, "resident IDs", blinds[0].hex())  # so that of two at once the second one finds the first
    # An entry that is contested itself contests no other.
    same = PersonRow.filter(county_id=county.id, resident_id_blind__in=blinds, contested_at=None)
    found = await same.exclude(id=person.id).first()
    if found is None:
        return None
    # Asked as the caller, who must not learn of people that they may not see.
    try:
        await call.find(Person, "residentId", id=found.id)
    except Refusal:
        await hand_over(call, county, person, found)
        return None
    if refused := await check_quota(call, [found], "residentId"):
        return refused
    await call.context.look(FileLook([found.id], ["Person.residentId"], "registerPerson", LookKind.FIND))
    raise resident_id_taken(f"Person:{found.id}")


async def hand_over(call: Call, county: GridRow, person: PersonRow, other: PersonRow) -> None:
    """Ask the data-protection officer of the county whose number it is; whoever made this entry is told nothing."""
    person.contested_at = call.now
    body = Text(
        f"Person:{person.id} and Person:{other.id} have the same resident ID. Find out whose it is.",
        f"Person:{person.id} 与 Person:{other.id} 登记了同一身份证号，请核实。",
    )
    notice = NoticeDraft("people.contested", SAME_NUMBER, body, f"Person:{person.id}")
    await send_notice(call, notice, offices=[Office(OVERSEE, county.id)])


SAME_NUMBER = Text("Two entries have one resident ID", "两份人员档案身份证号相同")


def resident_id_taken(who: str = "") -> Refusal:
    """Return the refusal for a resident ID that is taken by somebody whom the caller may see."""
    return duplicate(
        f"Somebody in the county has this resident ID already{who and ': '}{who}.",
        f"本县已有人登记该身份证号{who and '：'}{who}。",
        "residentId",
    )


EXTENSIONS = (
    extend(Mutation, register_person=register_person, update_person=update_person, appoint_officer=appoint_officer),
)
