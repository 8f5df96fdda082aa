"""Inbox commands: read one's notices."""

from __future__ import annotations

import strawberry
from strawberry import ID

from gongzhi.core.notices.models import NoticeRow
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.commands import KEY, Call, Problem, command, input_field, problems, result_field

from .types import Notice

MOST = 100


@strawberry.input(description="Notices somebody has read (已读通知).")
class ReadNoticesInput:
    idempotency_key: str = input_field(KEY)
    notices: list[ID] = input_field("Their ids (通知标识).", items=(1, MOST))


@strawberry.type(description="The notices, or why nothing was done (已读结果).")
class ReadNoticesPayload:
    notices: list[Notice] | None = result_field("The notices (通知).")
    errors: list[Problem] = problems()


@command("Mark notices as read (标记通知已读).", requires=None)
async def read_notices(call: Call, input: ReadNoticesInput) -> ReadNoticesPayload:
    # In the order of their ids: `find` locks, and two requests must not wait for each other in a ring.
    ids = sorted(set(input.notices))
    rows: list[NoticeRow] = [await call.find(Notice, "notices", id=key_of(Notice)(one)) for one in ids]
    # What was read before keeps its time.
    await NoticeRow.filter(id__in=[row.id for row in rows], read_at=None).update(read_at=call.now)
    return ReadNoticesPayload(notices=[ref(Notice, row.id) for row in rows])


EXTENSIONS = (extend(Mutation, read_notices=read_notices),)
