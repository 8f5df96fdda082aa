"""Disclosure commands: show protected values, find people by them, and look beyond one's scope in an emergency."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

import strawberry
from gongzhi.core.access.alerts import raise_alert
from gongzhi.core.access.break_glass import has_emergency_access, open_emergency_access
from gongzhi.core.access.models import AlertKind, LookKind
from gongzhi.core.access.quota import check_quota
from gongzhi.core.access.rules import BREAK_GLASS, FIND, REVEAL
from gongzhi.core.grids.models import GridRow
from gongzhi.core.notices.sending import NoticeDraft, send_notice
from gongzhi.core.people import sealed_values
from gongzhi.core.people.models import PersonRow, PhoneRow
from gongzhi.core.people.protected import reveal_field
from gongzhi.core.people.types import Person
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.checks import check_code, invalid_input, is_given, not_found, today
from gongzhi.runtime.commands import (
    KEY,
    KEY_OPTIONAL,
    Call,
    Problem,
    command,
    input_field,
    not_allowed,
    problems,
    result_field,
)
from gongzhi.runtime.context import PURPOSE, FileLook
from gongzhi.values import codes
from gongzhi.values.errors import Refusal, Text
from strawberry import ID, UNSET

from .types import Glass

AT_ONCE = 20
"""How many people's values may be asked for in one request."""
REASON = 500
DAY = timedelta(days=1)
FIELDS = ("residentId", "phone", "phones")


# in clear


@strawberry.type(description="A protected value in clear (明文).")
class RevealedValue:
    id: ID = strawberry.field(description="Whose it is (人员标识).")
    field: str = strawberry.field(description="Which field (字段).")
    value: str | None = strawberry.field(description="The value; null where there is none (值).")


@strawberry.type(description="The values, or why none is shown (查看明文结果).")
class RevealPayload:
    values: list[RevealedValue] | None = result_field(
        "A value for each person and field, several for `phones` (明文值)."
    )
    errors: list[Problem] = problems()


@strawberry.input(description="Whose protected values to show in clear, and what for (查看明文).")
class RevealInput:
    idempotency_key: str | None = input_field(KEY_OPTIONAL, default=UNSET)
    ids: list[ID] = input_field("The people's ids (人员标识).", items=(1, AT_ONCE))
    fields: list[str] = input_field("residentId, phone, phones: one or several (字段).", items=(1, AT_ONCE))
    purpose: str = input_field("What for; the people are told (目的).", length=(1, PURPOSE))


@command(
    "Show protected values of others in clear; they are told who saw them, and what for (查看明文).",
    requires=REVEAL,
    repeats=True,
)
async def reveal(call: Call, input: RevealInput) -> RevealPayload:
    fields, ids = check_fields(input.fields), list(dict.fromkeys(input.ids))
    # In the order of their ids: `find` locks, and two requests must not wait for each other in a ring.
    people = {id: await load_revealable(call, id, str(input.ids.index(id))) for id in sorted(ids)}
    if refused := await check_quota(call, list(people.values())):
        return RevealPayload(errors=[refused])
    look = FileLook(
        [row.id for row in people.values()], [f"Person.{one}" for one in fields], input.purpose, LookKind.REVEAL
    )
    # Kept before anything is shown: what cannot be kept is not shown.
    await call.context.look(look)
    return RevealPayload(values=[one for id in ids for one in await reveal_values(call, id, people[id], fields)])


def check_fields(fields: list[str]) -> list[str]:
    for at, name in enumerate(fields):
        if name not in FIELDS:
            listed = ", ".join(FIELDS)
            raise invalid_input(f"The fields are {listed}.", f"可查看的字段为 {listed}。", "fields", str(at))
    return list(dict.fromkeys(fields))


async def load_revealable(call: Call, id: str, at: str) -> PersonRow:
    """Return the person, if the caller may have their values shown."""
    person: PersonRow = await call.find(Person, "ids", at, id=key_of(Person)(id))
    # A broken glass opens protected values as well.
    if not call.may(REVEAL, person) and not await has_emergency_access(call, person.id):
        raise not_allowed("ids")
    return person


async def reveal_values(call: Call, id: str, person: PersonRow, fields: list[str]) -> list[RevealedValue]:
    """Return the person's values in clear."""
    values: list[RevealedValue] = []
    for name in fields:
        found = await reveal_field(call.context.keys, person, f"Person.{name}")
        # A single value that is not there is answered with null, a list with nothing.
        alone: list[str | None] = [] if name == "phones" else [None]
        values += [RevealedValue(id=ID(id), field=name, value=value) for value in found or alone]
    return values


# by resident ID or phone


@strawberry.type(description="Who was found, or why nobody was looked for (查找结果).")
class FindPersonPayload:
    people: list[Person] | None = result_field("Those whom the caller may see; usually one (人员).")
    errors: list[Problem] = problems()


@strawberry.input(description="A resident ID or a telephone number to find people by, whole (按证件号或电话查找).")
class FindPersonInput:
    idempotency_key: str | None = input_field(KEY_OPTIONAL, default=UNSET)
    county: str = input_field("The county to look in, by code (县级区划代码).")
    resident_id: str | None = input_field("The resident ID number (身份证号).", default=UNSET)
    phone: str | None = input_field("Or the telephone number (电话).", default=UNSET)
    purpose: str = input_field("What for; whoever is found is told (目的).", length=(1, PURPOSE))


@command(
    "Find people by resident ID or telephone number; whoever is found is told (按证件号或电话查找人员).",
    requires=FIND,
    repeats=True,
)
async def find_person(call: Call, input: FindPersonInput) -> FindPersonPayload:
    # Whom the caller does not see is left out, so that trying numbers tells nothing of them.
    people = [person for person in await find_matches(call, input) if await can_see(call, person)]
    if not people:
        return FindPersonPayload(people=[])
    if refused := await check_quota(call, people):
        return FindPersonPayload(errors=[refused])
    field = "residentId" if is_given(input.resident_id) else "phone"
    await call.context.look(FileLook([one.id for one in people], [f"Person.{field}"], input.purpose, LookKind.FIND))
    return FindPersonPayload(people=[ref(Person, one.id) for one in people])


async def find_matches(call: Call, input: Any) -> list[PersonRow]:
    """Return the people in the county who have this resident ID or number, whether the caller may see them or not."""
    if is_given(input.resident_id) == is_given(input.phone):
        raise invalid_input("Give a resident ID or a phone.", "请填写身份证号或电话其中一项。", "residentId")
    county = await GridRow.get_or_none(code=input.county or "", kind=codes.Kind.COUNTY, valid_to=None)
    if county is None:
        raise not_found("There is no such county.", "没有该县。", "county")
    keys = call.context.keys
    if is_given(input.resident_id):
        number = check_code(partial(codes.resident_id, today=today(call)), input.resident_id, "residentId")
        # Under every key of the ring, for a rotation may be under way.
        blinds = keys.blinds(county.code, sealed_values.RESIDENT_ID, number)
        return await PersonRow.filter(county_id=county.id, resident_id_blind__in=blinds)
    number = check_code(codes.check_phone, input.phone, "phone")
    blinds = keys.blinds(county.code, sealed_values.PHONE, number)
    # No more than may be shown, however many have the number.
    owners = await PhoneRow.filter(blind__in=blinds).order_by("person_id").limit(AT_ONCE).values_list("person_id")
    return await PersonRow.filter(county_id=county.id, id__in=[id for (id,) in owners])


async def can_see(call: Call, person: PersonRow) -> bool:
    """Return whether the caller may see the person."""
    try:
        await call.find(Person, id=person.id)
    except Refusal:
        return False
    return call.may(FIND, person)


# in an emergency


@strawberry.type(description="The glass that was broken, or why not (紧急查阅结果).")
class BreakGlassPayload:
    glass: Glass | None = result_field("Send its id as `extensions.glass` of the requests that need it (授权).")
    errors: list[Problem] = problems()


@strawberry.input(description="Whose file to look at beyond one's scope, and why; name them in one way (紧急查阅).")
class BreakGlassInput:
    idempotency_key: str = input_field(KEY)
    person: ID | None = input_field("The person's id (人员标识).", default=UNSET)
    county: str | None = input_field("Or the county they are in, by code (县级区划代码),", default=UNSET)
    resident_id: str | None = input_field("with their resident ID (身份证号)", default=UNSET)
    phone: str | None = input_field("or their telephone number (电话).", default=UNSET)
    reason: str = input_field(
        "Why it cannot wait; they and the data-protection officer are told (理由).", length=(1, REASON)
    )


@command(
    "Look at a file beyond one's scope in an emergency, for ten minutes; the person and the data-protection officer "
    "are told at once (紧急查阅).",
    requires=BREAK_GLASS,
)
async def break_glass(call: Call, input: BreakGlassInput) -> BreakGlassPayload:
    person = await load_endangered(call, input)
    call.concern(person.id)
    glass = await open_emergency_access(call, person.id, input.reason)
    await call.context.look(FileLook([person.id], ["Person"], input.reason[:PURPOSE], LookKind.BREAK_GLASS))
    # In the same transaction: no glass without an alert.
    await raise_alert(call, AlertKind.BREAK_GLASS, glass.account, call.viewer.role, 1, person.county_id)
    await send_notice(call, NoticeDraft("access.break_glass", TITLE, BODY, f"Person:{person.id}"), persons=[person.id])
    return BreakGlassPayload(glass=ref(Glass, glass.id))


TITLE = Text("Your file was opened in an emergency", "您的档案被紧急查阅")
BODY = Text(
    "Somebody looked at your file beyond their usual scope. Who, by office, and why is in the log of looks.",
    "有工作人员在其通常权限之外查阅了您的档案，查阅者的职务和理由见“查阅记录”。",
)


async def load_endangered(call: Call, input: BreakGlassInput) -> PersonRow:
    """Return the person, if they live in a county where the caller may break the glass."""
    if is_given(input.person):
        found = await PersonRow.filter(id=key_of(Person)(input.person))
    else:
        found = await find_matches(call, input)
    # The glass is broken for one person, who has to be certain.
    if len(found) > 1:
        raise invalid_input(
            "Several people have this number; give a resident ID.", "该电话对应多人，请改用身份证号。", "phone"
        )
    # Whoever lies out of reach looks like nobody.
    if not found or not await can_break_glass(call, found[0]):
        raise not_found("There is no such Person, or you may not see it.", "没有找到，或您无权查看。", "person")
    return found[0]


async def can_break_glass(call: Call, person: PersonRow) -> bool:
    grants = [grant for grant in call.viewer.account.grants if BREAK_GLASS in grant.permissions]
    # Where it is held, the whole county counts.
    areas = [grant.grid for grant in grants if grant.grid is not None]
    near = GridRow.filter(id__in=areas, county_id=person.county_id)
    return any(grant.everywhere for grant in grants) or await near.exists()


EXTENSIONS = (extend(Mutation, reveal=reveal, find_person=find_person, break_glass=break_glass),)
