"""Representation: who may exercise somebody's rights, which is they themselves, a guardian or the next of kin."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any
from uuid import UUID

from gongzhi.core.people.models import PersonRow
from gongzhi.core.people.types import Person
from gongzhi.declare.entity import key_of
from gongzhi.declare.sql import Sql
from gongzhi.declare.viewer import ViewerScope
from gongzhi.runtime.actions import Requirement, require_rows
from gongzhi.runtime.checks import not_found, today
from gongzhi.runtime.commands import Call, not_allowed
from gongzhi.values.errors import Text
from pypika_tortoise.queries import Table
from pypika_tortoise.terms import Criterion
from tortoise.expressions import Q

from .models import RepresentativeRow

AGE = 14
"""Under this age a guardian decides (PIPL 31)."""


def fourteenth_birthday(birth: date) -> date:
    """Return the day somebody may decide about their own data."""
    try:
        return birth.replace(year=birth.year + AGE)
    except ValueError:  # born on 29 February
        return date(birth.year + AGE, 3, 1)


def is_minor(birth: date | None, day: date) -> bool:
    """Return whether a guardian decides on this day. Somebody of unknown age decides alone."""
    return birth is not None and day < fourteenth_birthday(birth)


def is_entitled(who: UUID | None, person: PersonRow, day: date, representatives: Collection[UUID]) -> bool:
    """Return whether somebody may exercise the person's rights on a day."""
    if who is None:
        return False
    if who == person.id:
        return person.died_on is None and not is_minor(person.birth_date, day)
    return who in representatives


async def find_representatives(person: UUID, day: date) -> list[UUID]:
    """Return who speaks for somebody on a day."""
    # `until` is the first day no longer.
    held = RepresentativeRow.filter(Q(until=None) | Q(until__gt=day), person_id=person)
    return list(await held.values_list("representative_id", flat=True))  # type: ignore[arg-type]


def represented_people(viewer: ViewerScope) -> Sql:
    """Return the people one speaks for today, to compare a column with."""
    # The array is made once, so that rows are found by their people.
    return Sql(
        "any(array(select v.person_id from rights.representative v "
        "where v.representative_id={0} and (v.until is null or v.until>{1})))",
        viewer.person,
        viewer.today,
    )


def spoken_rows(row: Table, viewer: ViewerScope) -> list[Criterion]:
    """Return rows of oneself and of those one speaks for."""
    if not viewer.known():
        return []
    return [Sql("{0}={1}", row.person_id, viewer.person), Sql("{0}={1}", row.person_id, represented_people(viewer))]


def rows_of_age(row: Table, viewer: ViewerScope) -> list[Criterion]:
    """Return rows but those of oneself while a guardian decides."""
    minor = f"select from people.person p where p.id={{1}} and p.birth_date>{{2}}-interval '{AGE} years'"
    return [Sql(f"{{0}} is distinct from {{1}} or not exists({minor})", row.person_id, viewer.person, viewer.today)]


OF_AGE = Requirement(
    "GUARDIAN_REQUIRED",
    rows_of_age,
    Text(
        f"Under {AGE} a guardian decides; ask the village to put the guardian on file.",
        f"不满 {AGE} 周岁须由监护人办理，请先在村、社区登记监护人。",
    ),
)
SPEAKS = require_rows(spoken_rows), OF_AGE
"""What an action requires that only a row's person, or who speaks for them, may do: as `require_speaker`."""


async def load_subject(call: Call, id: str | None, path: str = "person") -> PersonRow:
    """Return the person an input names, or the caller; locked, if the caller may see them or speaks for them."""
    own = call.viewer.account.person
    key = key_of(Person)(id) if id else own
    if key is None:
        raise not_found("Name the person, or sign in as one.", "请指定人员，或以本人身份登录。", path)
    # Whoever speaks for somebody has a right to their file.
    spoken = own is not None and (key == own or own in await find_representatives(key, today(call)))
    person: PersonRow = await call.find(Person, path, id=key, shown=spoken)
    return person


async def require_speaker(call: Call, person: PersonRow, by: UUID | None = None, path: str = "person") -> UUID:
    """Return whoever exercises the person's rights: the caller, or whoever signed. Raises Refusal if they may not."""
    who = by or call.viewer.account.person
    others = await find_representatives(person.id, today(call)) if who not in (None, person.id) else ()
    if who is not None and is_entitled(who, person, today(call), others):
        return who
    if is_minor(person.birth_date, today(call)) and who == person.id:
        raise OF_AGE.refusal(person, (path,))
    raise not_allowed(path)


async def load_subject_and_speaker(call: Call, input: Any, permission: str) -> tuple[PersonRow, UUID]:
    """Return the person, and who speaks: the caller; or `by`, as staff who hold the permission saw it on paper."""
    person = await load_subject(call, input.person or None)
    by = key_of(Person)(input.by) if input.by else None
    # Staff name who signed on paper; everybody else speaks for themselves.
    if input.by and (by is None or not call.may(permission, person)):
        raise not_allowed("by")
    return person, await require_speaker(call, person, by, "by" if by else "person")
