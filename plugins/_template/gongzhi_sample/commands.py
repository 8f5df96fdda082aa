"""What the plugin lets people do."""

from __future__ import annotations

import strawberry
from gongzhi.core.people.types import Household
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.commands import KEY, Call, Problem, command, input_field, not_allowed, problems, result_field
from strawberry import ID

from .models import NoteRow
from .types import SampleNote


@strawberry.input(description="A note on a household (填写备注).")
class AddSampleNoteInput:
    idempotency_key: str = input_field(KEY)
    household: ID = input_field("The household's id (户标识).")
    text: str = input_field("What to note (内容).", length=(1, 200))


@strawberry.type(description="The note, or why there is none (备注结果).")
class AddSampleNotePayload:
    note: SampleNote | None = result_field("The note (备注).")
    errors: list[Problem] = problems()


@command("Note something on a household (填写备注).", requires="sample.add")
async def add_sample_note(call: Call, input: AddSampleNoteInput) -> AddSampleNotePayload:
    household = await call.find(Household, "household", id=key_of(Household)(input.household))
    if not call.may("sample.add", household):
        raise not_allowed("household")
    note = await NoteRow.create(household=household, text=input.text, at=call.now)
    return AddSampleNotePayload(note=ref(SampleNote, note.id))


EXTENSIONS = (extend(Mutation, add_sample_note=add_sample_note),)
