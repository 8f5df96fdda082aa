"""Village types: village codes, councils and deputies' proposals, and where deliberations are found."""

from __future__ import annotations

import datetime

from gongzhi.core.cases.types import Case
from gongzhi.core.grids.types import Grid
from gongzhi.core.units.types import Unit
from gongzhi.declare.entity import Connection, Node, column, connection, entity, expression, one, pick, visible_to_all
from gongzhi.declare.extend import extend
from gongzhi.declare.filters import compare_place
from gongzhi.declare.located import rows_inside
from gongzhi.declare.plans import Frame
from gongzhi.declare.roots import Query
from gongzhi.declare.sql import Alternatives, Sql
from gongzhi_resolutions.types import Resolution

from .. import enums as enums
from ..deliberations.types import Deliberation
from ..models import CodeState, CouncilKind, SeatRow, SuggestionRow, SuggestionState, VillageCodeRow
from ..organisation.types import NAME, current_rows

RULE = "(select 'party.code.'||g.code||'/'||{1} from grids.grid g where g.id={0})"


@entity(VillageCodeRow, visible=visible_to_all, order=("number",), filter={"state": None, "grid": compare_place()})
class VillageCode(Node):
    """A version of a village code (村规民约)."""

    grid: Grid | None = one("Of which village (适用范围).")
    number: int = column("Its version (版本).")
    name: str = expression(
        "What a resolution that adopts it calls it, such as party.code.610921100201/2 (决议中的名称).",
        lambda at: Sql(RULE, at.row.grid_id, at.row.number),
    )
    title: str = column("The title (标题).")
    text: str = column("All of it (全文).")
    state: CodeState = column("Where it stands (状态).")
    adopted_by: Resolution | None = one("The resolution that adopted it (通过决议).", key="resolution")
    starts_on: datetime.date | None = column("The first day it holds (生效日).")
    ends_on: datetime.date | None = column("The first day it no longer does (失效日).")


@entity(SeatRow, visible=visible_to_all, order=("since",), filter={"kind": None, "grid": compare_place()})
class CouncilSeat(Node):
    """A seat in a council, published by consent (理事会成员)."""

    grid: Grid | None = one("Of which village (所在村).")
    kind: CouncilKind = column("In which council (理事会).")
    name: str = expression("The name, published (姓名).", lambda at: Sql(NAME, at.row.person_id))
    head: bool = column("Whether they lead it (是否负责人).")
    since: datetime.date = column("The first day (起).")
    until: datetime.date | None = column("The first day no longer (止).")


@entity(
    SuggestionRow,
    visible=visible_to_all,
    order=("submitted_at",),
    filter={"state": None, "reply_by": None, "grid": compare_place()},
)
class DeputySuggestion(Node):
    """A deputy's proposal, followed to its reply (代表建议)."""

    grid: Grid | None = one("Whom it concerns (网格).")
    deputy: str | None = expression("Whose; deputies act in public (代表姓名).", lambda at: Sql(NAME, at.row.person_id))
    unit: Unit | None = one("Who has to reply (承办单位).")
    title: str = column("In a few words (标题).")
    text: str = column("The proposal (内容).")
    state: SuggestionState = column("Where it stands (状态).")
    submitted_at: datetime.datetime = column("When it was made (提出时间).")
    reply_by: datetime.date = column("By when it is to be replied to (答复期限).")
    overdue: bool = expression(
        "Whether the reply is late (是否逾期).",
        lambda at: Sql("({0} is null and {1}<{2})", at.row.replied_at, at.row.reply_by, at.viewer.today),
    )
    reply: str | None = column("The reply (答复).")
    replied_at: datetime.datetime | None = column("When it came (答复时间).")
    satisfied: bool | None = column("Whether the deputy is satisfied (代表是否满意).")


def code_here(at: Frame) -> Alternatives:
    return [Sql("{0}='ADOPTED'", at.rows.state)]


def of_case(at: Frame) -> Alternatives:
    """Select the deliberation that a case came to, or that it carries out."""
    text = "({0}={1} or {2} in (select e.deliberation_id from party.execution e where e.case_id={1}))"
    return [Sql(text, at.rows.case_id, at.row.id, at.rows.id)]


EXTENSIONS = (
    extend(
        Case,
        deliberation=pick(
            "The deliberation it came to, or that it carries out (议事).",
            of_case,
            order="-raised_at",
            type=Deliberation | None,
            requires=None,
        ),
    ),
    extend(
        Grid,
        deliberations=connection(
            "Deliberations in it or below it, the last first (议事).",
            rows_inside,
            order="-raised_at",
            type=Connection[Deliberation] | None,
            requires=None,
        ),
        village_code=pick(
            "The village code that holds (现行村规民约).",
            code_here,
            on="grid",
            order="-number",
            type=VillageCode | None,
            requires=None,
        ),
        village_codes=connection(
            "Every version of its village code (历次村规民约).",
            on="grid",
            order="-number",
            type=Connection[VillageCode] | None,
            requires=None,
        ),
        councils=connection(
            "Who sits in its councils now (理事会成员).",
            current_rows,
            on="grid",
            order="since",
            type=Connection[CouncilSeat] | None,
            requires=None,
        ),
    ),
    extend(
        Query,
        deliberations=connection(
            "Deliberations, the last first (议事列表).",
            order="-raised_at",
            type=Connection[Deliberation] | None,
            requires=None,
        ),
        deputy_suggestions=connection(
            "Deputies' proposals, the last first (代表建议).",
            order="-submitted_at",
            type=Connection[DeputySuggestion] | None,
            requires=None,
        ),
    ),
)
