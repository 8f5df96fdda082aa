"""Volunteers: whoever wants to be asked for help says so themselves, and leaves at any time."""

from __future__ import annotations

import strawberry
from gongzhi.core.people.models import PersonRow
from gongzhi.core.people.tiers import add_months
from gongzhi.declare.entity import ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.checks import invalid_input, not_found, today
from gongzhi.runtime.commands import KEY, Call, Problem, command, input_field, problems, result_field
from gongzhi.values.errors import Refusal

from .community import RegisteredVolunteer
from .models import Skill, VolunteerRow

ADULT = 18 * 12
"""Months after which somebody decides for themselves (Civil Code, art. 17)."""


@strawberry.type(description="The registration, or why nothing was done (志愿者登记结果).")
class RegisteredVolunteerPayload:
    volunteer: RegisteredVolunteer | None = result_field("The registration; null once one has left (登记).")
    errors: list[Problem] = problems()


@strawberry.input(description="That one wants to be asked for help (登记为志愿者).")
class RegisterAsVolunteerInput:
    idempotency_key: str = input_field(KEY)
    skills: list[Skill] = input_field("What one can do, in place of what was said before (技能).", items=(1, 10))


async def load_myself(call: Call) -> PersonRow:
    """Return the caller's own person, locked, so that of two requests at once the second finds the first."""
    # By the account's person and by no id of an input: nobody is put on this register by somebody else.
    key = call.viewer.account.person
    row = await PersonRow.select_for_update(no_key=True).get_or_none(id=key) if key else None
    if row is None:
        raise Refusal("NOT_FOUND", "Sign in as the person it is about.", "请以本人身份登录。", ())
    return row


@command("Register as a volunteer where one lives, or say anew what one can do (登记为志愿者).", requires=None)
async def register_as_volunteer(call: Call, input: RegisterAsVolunteerInput) -> RegisteredVolunteerPayload:
    person = await load_myself(call)
    # Nobody is registered by somebody else, and so no child by its parents.
    if person.birth_date is None or add_months(person.birth_date, ADULT) > today(call):
        raise invalid_input("Volunteers are of age.", "志愿者登记须年满十八周岁。", "skills")
    # Each once, in the order in which they were named.
    skills = [one.value for one in dict.fromkeys(input.skills)]
    row = await VolunteerRow.get_or_none(person=person)
    if row is None:
        row = await VolunteerRow.create(grid_id=person.grid_id, person=person, skills=skills, since=today(call))
    else:
        # Where they live now, if they have moved since.
        row.skills, row.grid_id = skills, person.grid_id
        await row.save()
    return RegisteredVolunteerPayload(volunteer=ref(RegisteredVolunteer, row.id))


@strawberry.input(description="That one is a volunteer no longer (退出志愿者登记).")
class LeaveVolunteersInput:
    idempotency_key: str = input_field(KEY)


@command("Leave the register of volunteers, of which nothing is kept (退出志愿者登记).", requires=None)
async def leave_volunteers(call: Call, input: LeaveVolunteersInput) -> RegisteredVolunteerPayload:
    # Deleted and not marked: a consent that is taken back leaves no row that says who once gave it.
    person = await load_myself(call)
    if not await VolunteerRow.filter(person=person).delete():
        raise not_found("You are not on the register.", "您未登记为志愿者。", "idempotencyKey")
    return RegisteredVolunteerPayload(volunteer=None)


EXTENSIONS = (extend(Mutation, register_as_volunteer=register_as_volunteer, leave_volunteers=leave_volunteers),)
