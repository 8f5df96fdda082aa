"""Questions: what somebody asks about a bulletin becomes a case, which is answered in time."""

from __future__ import annotations

import strawberry
from gongzhi.core.cases.catalog import SqlConnection, StockChannel, add_to_catalog
from gongzhi.core.cases.models import CaseKind, Origin
from gongzhi.core.cases.opening import BODY, CaseDraft, open_case
from gongzhi.core.cases.opening import TITLE as CASE_TITLE
from gongzhi.core.cases.types import Case
from gongzhi.core.grids.models import GridRow
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.commands import (
    KEY,
    Call,
    Problem,
    command,
    free_text,
    input_field,
    problems,
    result_field,
    text_warnings,
)
from gongzhi.runtime.screening import TextWarning
from strawberry import ID

from .commands import ASKING, BULLETIN
from .models import BulletinRow, QuestionRow
from .types import Bulletin

CHANNEL, CATEGORY = "BULLETINS_QUESTION", "village_affairs"


async def seed(connection: SqlConnection) -> None:
    """Add the channel by which questions arrive; it runs at every start."""
    await add_to_catalog(connection, [], [StockChannel(CHANNEL, "公开信息询问")])


@strawberry.type(description="The case that the question became, or why there is none (询问结果).")
class AskAboutBulletinPayload:
    case: Case | None = result_field("The case (诉求).")
    warnings: list[TextWarning] = text_warnings()
    errors: list[Problem] = problems()


@strawberry.input(description="A question about a bulletin (询问公开信息).")
class AskAboutBulletinInput:
    idempotency_key: str = input_field(KEY)
    bulletin: ID = input_field(BULLETIN)
    text: str = free_text("What one wants to know (询问内容).", length=(1, BODY))


@command(
    "Ask about a bulletin: the question becomes a case of the place that published it, and is answered as such "
    "(询问公开信息).",
    requires=None,
    action=ASKING,
)
async def ask_about_bulletin(call: Call, input: AskAboutBulletinInput) -> AskAboutBulletinPayload:
    # Before the bulletin is locked.
    row: BulletinRow = await call.find(Bulletin, "bulletin", id=key_of(Bulletin)(input.bulletin))
    grid = await GridRow.get(id=row.grid_id)
    # Where the bulletin lies, whose office answers for it, and not where the person lives.
    draft = CaseDraft(
        CaseKind.CONSULT,
        CHANNEL,
        CATEGORY,
        f"询问：{row.title}"[:CASE_TITLE],
        input.text,
        grid.code,
        origin=Origin.REACTIVE,
        requester=call.viewer.account.person,
    )
    case = await open_case(call, draft)
    await QuestionRow.create(bulletin=row, case=case, asked_at=call.now)
    # `shown`: whoever asked reads their case.
    return AskAboutBulletinPayload(case=ref(Case, case.id, shown=True))


EXTENSIONS = (extend(Mutation, ask_about_bulletin=ask_about_bulletin),)
