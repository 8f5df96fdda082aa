"""Matters: what all of them have in common (talking in them, adding files, notifying those who sit at them)."""

from __future__ import annotations

import base64
from uuid import UUID

import strawberry
from gongzhi.core.notices.sending import NoticeDraft, send_notice
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.actions import Action, require_empty
from gongzhi.runtime.checks import invalid_input
from gongzhi.runtime.commands import KEY, Call, Problem, command, input_field, problems, result_field
from gongzhi.values.errors import Text
from strawberry import ID

from ..models import FileRow, MatterRow, MessageRow, SeatRole, SeatRow
from .files import BYTES, receive_file
from .sealed_words import open_cipher
from .types import LegalFile, LegalMatter, LegalMessage

LONG = 5_000
CAP = 30


@strawberry.type(description="What was said, or why nothing was (会话结果).")
class LegalMessagePayload:
    message: LegalMessage | None = result_field("What was said (内容).")
    errors: list[Problem] = problems()


@strawberry.input(description="Something to say in a matter (发送消息).")
class SendLegalMessageInput:
    idempotency_key: str = input_field(KEY)
    matter: ID = input_field("The matter (事项).")
    text: str = input_field("What (内容).", length=(1, LONG))


IS_OPEN = require_empty("closed_at", Text("The matter is closed.", "该事项已结束。"))
# Whoever sees a matter has a seat at it.
IN_OPEN_MATTER = Action(LegalMatter, (), (IS_OPEN,))


@command(
    "Say something in an open matter; whoever sits at it reads it (发送消息).", requires=None, action=IN_OPEN_MATTER
)
async def send_legal_message(call: Call, input: SendLegalMessageInput) -> LegalMessagePayload:
    # Found as a matter, which takes a seat at it.
    matter, words = await load_matter(call, input.matter), input.text
    row = MessageRow(matter=matter, at=call.now, by=await sitting_as(call, matter.id), account=call.viewer.account.name)
    (await open_cipher(call.context, matter)).write(row, text=words)
    await row.save()
    # That there is a message, not what it says.
    await notify_seats(call, matter.id, SAID, f"LegalMatter:{matter.id}", except_caller=True)
    return LegalMessagePayload(message=ref(LegalMessage, row.id))


@strawberry.type(description="The file, or why there is none (材料结果).")
class LegalFilePayload:
    file: LegalFile | None = result_field("The file (材料).")
    errors: list[Problem] = problems()


@strawberry.input(description="A file for a matter (提交材料).")
class AddLegalFileInput:
    idempotency_key: str = input_field(KEY)
    matter: ID = input_field("The matter (事项).")
    title: str = input_field("What it is (名称).", length=(1, 100))
    content: str = input_field(
        "JPEG, PNG, PDF or a recording, in base64, 600 kB at most (文件内容).", longest=2 * BYTES
    )


@command(
    "Add a file to an open matter: evidence, a recording, a scan (提交材料).", requires=None, action=IN_OPEN_MATTER
)
async def add_legal_file(call: Call, input: AddLegalFileInput) -> LegalFilePayload:
    matter, title = await load_matter(call, input.matter), input.title
    # Files lie sealed in the database: the bound keeps a matter below some eighteen megabytes.
    if await FileRow.filter(matter=matter).count() >= CAP:
        raise invalid_input(f"A matter has {CAP} files at most.", f"每件事项最多 {CAP} 份材料。", "matter")
    received = await receive_file(call.context.files, input.content, "content")
    row = FileRow(
        matter=matter,
        media_type=received.media_type,
        size=len(received.content),
        at=call.now,
        by=await sitting_as(call, matter.id),
        account=call.viewer.account.name,
    )
    # As base64, for sealed columns hold text.
    content = base64.b64encode(received.content).decode()
    (await open_cipher(call.context, matter)).write(row, title=title, content=content)
    await row.save()
    return LegalFilePayload(file=ref(LegalFile, row.id))


async def load_matter(call: Call, id: str) -> MatterRow:
    """Return a matter at which the caller has a seat, as the command's action allows."""
    matter: MatterRow = await call.find(LegalMatter, "matter", id=key_of(LegalMatter)(id))
    return matter


async def sitting_as(call: Call, matter: UUID) -> SeatRole:
    """Return as what the caller sits at a matter: as one's own person first."""
    me = call.viewer.account.person
    # A lawyer who is a party to their own matter speaks as a party.
    own = await SeatRow.filter(matter_id=matter, left_at=None, person_id=me).first() if me else None
    return own.role if own else SeatRole.HANDLER


SAID = ("legal.message", Text("A message for you", "新消息"), Text("Somebody wrote to you.", "您的法律事务有新消息。"))
"""What is told of a message: that it is there."""


async def notify_seats(
    call: Call, matter: UUID, said: tuple[str, Text, Text], about: str, *, except_caller: bool = False
) -> None:
    """Notify everybody at a matter, in codes and numbers only; `except_caller` leaves the caller out."""
    # Seats that have ended hear nothing: whoever handed a matter over is out of it.
    seats = await SeatRow.filter(matter_id=matter, left_at=None)
    me = call.viewer.account
    people = {one.person_id for one in seats if one.person_id and not (except_caller and one.person_id == me.person)}
    names = {one.account for one in seats if one.account and not (except_caller and one.account == me.name)}
    units = {one.unit_id for one in seats if one.unit_id}
    await send_notice(call, NoticeDraft(*said, about), persons=people, accounts=sorted(names), units=units)


EXTENSIONS = (extend(Mutation, send_legal_message=send_legal_message, add_legal_file=add_legal_file),)
