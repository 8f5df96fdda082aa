"""Panel types: who helps, where, when, and what is free, as the schema has it. Who booked is nobody else's business."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

from gongzhi.core.grids.types import Grid
from gongzhi.core.people.types import Person
from gongzhi.core.units.types import Unit
from gongzhi.declare.entity import Node, batch, column, entity, expression, many, one, pick, visible_to_all
from gongzhi.declare.extend import extend
from gongzhi.declare.filters import compare_place
from gongzhi.declare.plans import Frame
from gongzhi.declare.sql import Alternatives, Sql
from gongzhi.runtime.context import Context

from .. import enums as enums
from .. import visibility
from ..models import AdviserKind, AdviserRow, BookingRow, ConflictRow, Meeting, ShiftRow, SlotRow

FREE = (
    "not exists(select from legal.booking b where b.slot_id={0} and b.cancelled_at is null) "
    "and exists(select from legal.adviser o where o.id={1} and o.left_on is null)"
)
DUTY = "exists(select from legal.shift s where s.adviser_id={0} and s.starts_at<={1} and s.ends_at>{1})"


@entity(
    SlotRow,
    visible=visible_to_all,
    through="adviser",
    order=("starts_at",),
    filter={"starts_at": None, "meeting": None},
)
class LegalSlot(Node):
    """A time at which an adviser can be met (可预约时段)."""

    adviser: LegalAdviser | None = one("Who (顾问).")
    starts_at: datetime.datetime = column("From when (开始时间).")
    ends_at: datetime.datetime = column("Until when (结束时间).")
    meeting: Meeting = column("How (方式).")
    place: str = column("Where (地点).")
    free: bool = expression("Whether it can be booked (是否可约).", lambda at: Sql(FREE, at.row.id, at.row.adviser_id))


@entity(ShiftRow, visible=visible_to_all, through="adviser", order=("starts_at",))
class LegalShift(Node):
    """When an adviser is on duty (值班)."""

    adviser: LegalAdviser | None = one("Who (顾问).")
    starts_at: datetime.datetime = column("From when (开始时间).")
    ends_at: datetime.datetime = column("Until when (结束时间).")
    place: str = column("Where (地点).")


def served_grids(at: Frame) -> Alternatives:
    return [Sql("{0}=any(array(select s.grid_id from legal.serves s where s.adviser_id={1}))", at.rows.id, at.row.id)]


def next_free(at: Frame) -> Alternatives:
    return [Sql(f"{{1}}={{2}} and {{3}}>{{4}} and {FREE}", at.rows.id, at.rows.adviser_id, at.row.id,
                at.rows.starts_at, at.viewer.now)]  # fmt: skip


def upcoming_slots(at: Frame) -> Alternatives:
    return [Sql("{0}>{1}", at.rows.ends_at, at.viewer.now)]


@entity(
    AdviserRow,
    visible=visible_to_all,
    order=("name", "joined_on"),
    filter={"kind": None, "grid": compare_place()},
)
class LegalAdviser(Node):
    """Somebody on the legal panel (法律顾问、人民调解员)."""

    name: str = column("Their name (姓名).")
    kind: AdviserKind = column("What they are (类别).")
    qualification: str = column("What qualifies them (资质).")
    unit: Unit | None = one("Whom they work for (所在单位).")
    grid: Grid | None = one("Who appointed them (聘任网格).")
    languages: list[str] = column("Languages and dialects they speak (语言和方言).")
    duty_phone: str | None = column("The number they publish (公开电话).")
    joined_on: datetime.date = column("Since when (聘任日期).")
    left_on: datetime.date | None = column("The first day no longer (解聘日期).")
    serves: list[Grid] = many("Villages, towns or counties they serve (服务范围).", served_grids, order="code", cap=50)
    on_duty: bool = expression(
        "Whether they are on duty now (是否值班).", lambda at: Sql(DUTY, at.row.id, at.viewer.now)
    )
    next_slot: LegalSlot | None = pick("The next time that can be booked (最近可约时段).", next_free, order="starts_at")
    slots: list[LegalSlot] = many(
        "Times ahead, booked or free (预约时段).", upcoming_slots, on="adviser", order="starts_at", cap=50
    )
    shifts: list[LegalShift] = many(
        "The rota from now on (值班表).", upcoming_slots, on="adviser", order="starts_at", cap=50
    )
    version: int = column("Grows with every change (版本).")


NAMED = "select b.id, p.name from legal.booking b join people.person p on p.id=b.person_id where b.id=any($1)"


@batch(needs=("id",))
async def booker_names(rows: Sequence[Any], context: Context) -> list[str | None]:
    """The name of who comes (预约人姓名)."""
    found = {row["id"]: row["name"] for row in await context.fetch(NAMED, [row.id for row in rows])}
    return [found.get(row.id) for row in rows]


@entity(BookingRow, visible=visibility.visible_bookings, order=("booked_at",))
class LegalBooking(Node):
    """An appointment; its person and its adviser see it (预约)."""

    slot: LegalSlot | None = one("When and with whom (时段).")
    person: Person | None = one("Who comes, if you may see their file (预约人).")
    name: str | None = booker_names
    booked_at: datetime.datetime = column("When it was made (预约时间).")
    cancelled_at: datetime.datetime | None = column("When it was cancelled (取消时间).")


@entity(ConflictRow, visible=visibility.visible_conflicts, order=("declared_at",))
class LegalConflict(Node):
    """An adviser must have nothing to do with somebody (回避申报)."""

    adviser: LegalAdviser | None = one("Who (申报人).")
    person: Person | None = one("With whom, if you may see them (关系人).")
    declared_at: datetime.datetime = column("When it was declared (申报时间).")
    until: datetime.date | None = column("The first day no longer (截止日).")


def panel_of_grid(at: Frame) -> Alternatives:
    """Select advisers who serve the grid or what it lies in."""
    around = [getattr(at.row, name) for name in ("id", "county_id", "town_id", "village_id")]
    text = (
        "{0}=any(array(select s.adviser_id from legal.serves s where s.grid_id=any(array[{1},{2},{3},{4}]))) "
        "and {5}<={7} and ({6} is null or {6}>{7})"
    )
    return [Sql(text, at.rows.id, *around, at.rows.joined_on, at.rows.left_on, at.viewer.today)]


EXTENSIONS = (
    extend(
        Grid,
        legal_panel=many(
            "Who helps with the law here: advisers of the grid and of what it lies in (法律顾问和调解员).",
            panel_of_grid,
            order="name",
            cap=50,
            type=list[LegalAdviser] | None,
            requires=None,
        ),
    ),
)
