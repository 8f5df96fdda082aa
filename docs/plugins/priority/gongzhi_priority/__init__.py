"""Priority: cases by how pressing they are; pressing ones are not declined."""

from __future__ import annotations

from gongzhi.core.cases.catalog import SqlConnection, StockCategory, StockChannel, add_to_catalog
from gongzhi.core.cases.timeline import record_on_timeline
from gongzhi.core.cases.types import Case
from gongzhi.declare.events import Code, Event, event
from gongzhi.declare.extend import Extension, extend
from gongzhi.declare.register_entries import Holding
from gongzhi.declare.registers import Registers
from gongzhi.plugin.hooks import App, hookimpl
from gongzhi.plugin.permissions import Permission
from gongzhi.runtime.commands import Call
from gongzhi.runtime.reactions import Happening, Phase, Reaction, reaction
from gongzhi.runtime.routes import Route, RouteCall
from gongzhi.values.errors import Refusal, Text
from starlette.responses import JSONResponse, Response

PRESSING = 100
SCORE = "select score from priority.mark where case_id = $1"
FIRST = "{ cases(first: 10, orderBy: PRIORITY_SCORE_DESC) { nodes { number } } }"


@event("priority.noted", "It was found pressing (列为急件).", timeline=True, explanation=Text("Soon.", "优先办理。"))
class Noted(Event):
    number: Code
    score: int


async def score_of(call: Call, happening: Happening) -> int:
    """How pressing a case is."""
    [row] = await call.fetch(SCORE, happening.row.id)
    return int(row["score"])


@reaction("priority.keep", "case.declined", phase=Phase.CHECK)
async def keep(call: Call, happening: Happening) -> None:
    if await score_of(call, happening) >= PRESSING:
        raise Refusal("PRESSING", "It is pressing: accept it.", "急件不得不予受理。", ("number",))


@reaction("priority.note", "case.accepted")
async def note(call: Call, happening: Happening) -> None:
    if (score := await score_of(call, happening)) >= PRESSING:
        await record_on_timeline(call, happening.row, Noted(number=happening.row.number, score=score))


async def show_first(call: RouteCall) -> Response:
    """What the caller should look at first, of what they see."""
    answer = await call.ask(FIRST)
    return JSONResponse([one["number"] for one in answer["data"]["cases"]["nodes"]])


@hookimpl
def tables() -> list[App]:
    return [App("priority", "gongzhi_priority.models", "gongzhi_priority.migrations", "gongzhi_priority:seed")]


async def seed(connection: SqlConnection) -> None:
    """Add a channel and a subject of cases; it runs at every start."""
    desk = StockChannel("PRIORITY_DESK", "急件专席", ("county_dispatcher",))
    await add_to_catalog(connection, [StockCategory("safety.flood", "汛情险情")], [desk])


@hookimpl
def graphql() -> list[Extension]:
    from gongzhi.declare.orders import by_side_table

    from .models import MarkRow

    by_score = by_side_table(MarkRow, "score", key="case_id", empty=0, requires="priority.order")
    return [extend(Case, order={"priority_score": by_score})]


@hookimpl
def permissions() -> list[Permission]:
    return [
        Permission("priority.order", "Order cases by it (按缓急排序)", frozenset({"county_dispatcher", "grid_worker"}))
    ]


@hookimpl
def events() -> list[type[Event]]:
    return [Noted]


@hookimpl
def handlers() -> list[Reaction]:
    return [keep, note]


@hookimpl
def channels() -> list[Route]:
    return [Route("/first", show_first)]


@hookimpl
def registers() -> list[Registers]:
    what, basis = (
        Text("how pressing cases are", "诉求缓急"),
        Text("PIPL 13(1)(3)", "《个人信息保护法》第十三条第一款第三项"),
    )
    return [Registers(holdings=(Holding("priority.mark", what, basis, person=None),))]
