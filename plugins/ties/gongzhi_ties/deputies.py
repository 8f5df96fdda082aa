"""Deputies: the register of their terms, and the liaison stations where they are met."""

from __future__ import annotations

import datetime

import strawberry
from gongzhi.core.grids.commands import find_grid
from gongzhi.core.notices.sending import NoticeDraft, send_notice
from gongzhi.core.people.models import PersonRow
from gongzhi.core.people.naming import find_nameable
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.declare.sql import Sql
from gongzhi.runtime.actions import Action, Requirement, require_empty
from gongzhi.runtime.checks import duplicate, invalid_input, is_given, today
from gongzhi.runtime.commands import (
    EXPECTED,
    KEY,
    Call,
    Problem,
    command,
    input_field,
    not_allowed,
    problems,
    result_field,
)
from gongzhi.values.errors import Text
from gongzhi.values.labels import label_of
from strawberry import ID, UNSET

from .congress import Deputy, DeputyStation
from .models import DeputyLevel, DeputyRow, StationRow
from .rules import KEEP_DEPUTIES, KEEPS_DEPUTIES

LONGEST = datetime.timedelta(days=6 * 366)
STATION, DEPUTY = "The station's id (代表联络站标识).", "The id of the deputy's term (代表标识)."
GRID = "Where, by the grid's code (网格编码)."
OPEN = require_empty("closed_on", Text("The station is closed.", "该代表联络站已关闭。"))
IN_OFFICE = Requirement(
    "ILLEGAL_TRANSITION",
    lambda deputy, viewer: [Sql("({0} is null and {1}>{2})", deputy.until, deputy.ends_on, viewer.today)],
    Text("The term is over.", "该代表任期已结束。"),
)
NO_DAYS_AHEAD = Requirement(
    "ILLEGAL_TRANSITION",
    lambda station, viewer: [
        Sql("not exists(select from ties.reception o where o.station_id={0} and o.state='ANNOUNCED')", station.id)
    ],
    Text("A reception day is announced there: hold or cancel it first.", "该站尚有已公告的接待日，请先举行或取消。"),
)


@strawberry.type(description="The station, or why nothing was done (代表联络站结果).")
class DeputyStationPayload:
    station: DeputyStation | None = result_field("The station (代表联络站).")
    errors: list[Problem] = problems()


@strawberry.input(description="A new liaison station (设立代表联络站).")
class OpenDeputyStationInput:
    idempotency_key: str = input_field(KEY)
    grid: str = input_field(GRID)
    name: str = input_field("Its name (名称).", length=(1, 100))
    address: str = input_field("Where it is found (地址).", length=(1, 200))


@command("Open a liaison station, where deputies are met (设立代表联络站).", requires=KEEP_DEPUTIES)
async def open_deputy_station(call: Call, input: OpenDeputyStationInput) -> DeputyStationPayload:
    # Locked, so that of two stations with one name the second finds the first.
    grid = await find_grid(input.grid, "grid", lock=True)
    if not call.may(KEEP_DEPUTIES, grid):
        raise not_allowed("grid")
    if await StationRow.exists(grid=grid, name=input.name, closed_on=None):
        raise duplicate("There is a station of this name.", "已有同名代表联络站。", "name")
    row = await StationRow.create(grid=grid, name=input.name, address=input.address, opened_on=today(call))
    return DeputyStationPayload(station=ref(DeputyStation, row.id))


@strawberry.input(description="A station that closes (关闭代表联络站).")
class CloseDeputyStationInput:
    idempotency_key: str = input_field(KEY)
    station: ID = input_field(STATION)
    expected_version: int = input_field(EXPECTED)


@command(
    "Close a liaison station at which no reception day is ahead (关闭代表联络站).",
    requires=None,
    action=Action(DeputyStation, KEEPS_DEPUTIES, (OPEN, NO_DAYS_AHEAD)),
)
async def close_deputy_station(call: Call, input: CloseDeputyStationInput) -> DeputyStationPayload:
    row: StationRow = await call.find(DeputyStation, "station", id=key_of(DeputyStation)(input.station))
    # Its deputies keep it as where they were met: whoever looks for them is told that it is closed.
    row.closed_on = today(call)
    row.version += 1
    await row.save()
    return DeputyStationPayload(station=ref(DeputyStation, row.id))


@strawberry.type(description="The deputy's term, or why nothing was done (代表登记结果).")
class DeputyPayload:
    deputy: Deputy | None = result_field("The deputy (代表).")
    errors: list[Problem] = problems()


@strawberry.input(description="Somebody's term as a deputy (登记代表).")
class RegisterDeputyInput:
    idempotency_key: str = input_field(KEY)
    grid: str = input_field("Whom they represent, by the grid's code (所代表网格编码).")
    person: ID = input_field("Who (代表本人标识).")
    level: DeputyLevel = input_field("Of which congress (代表层级).")
    constituency: str = input_field("In which constituency they were elected (选区).", length=(1, 60))
    since: datetime.date = input_field("The first day of the term (任期起).")
    ends_on: datetime.date = input_field("The first day after it (任期止，不含).")
    station: ID | None = input_field("At which station they are met (所在联络站标识).", default=UNSET)


def check_term(call: Call, input: RegisterDeputyInput) -> None:
    """Refuse a term that is over, or longer than any."""
    if input.ends_on <= today(call):
        raise invalid_input("The term is over already.", "该任期已结束。", "endsOn")
    if not input.since < input.ends_on <= input.since + LONGEST:
        raise invalid_input("A term has a day to six years.", "任期为一天至六年。", "endsOn")


@command(
    "Put a deputy on the register, whose name is published for their term (登记代表).",
    requires=KEEP_DEPUTIES,
    form=check_term,
)
async def register_deputy(call: Call, input: RegisterDeputyInput) -> DeputyPayload:
    check_term(call, input)
    grid = await find_grid(input.grid, "grid")
    if not call.may(KEEP_DEPUTIES, grid):
        raise not_allowed("grid")
    # The person is locked by this, so that of two terms at once the second finds the first.
    person: PersonRow = await find_nameable(call, input.person, KEEP_DEPUTIES, "person")
    if await DeputyRow.filter(person=person, level=input.level, until=None, ends_on__gt=input.since).exists():
        level = label_of(input.level)
        raise duplicate(f"They have a term in that time: {level.en}.", f"该人员此期间已是{level.zh}代表。", "since")
    row = await DeputyRow.create(
        grid=grid,
        person=person,
        level=input.level,
        constituency=input.constituency,
        station=await find_station(call, input.station),
        since=input.since,
        ends_on=input.ends_on,
    )
    # They are told, for they may know better: their name is published from now on.
    about = NoticeDraft(
        "ties.deputy",
        Text("You are on the register of deputies", "您已登记为人大代表"),
        Text(f"Until {row.ends_on}; your name is published.", f"任期至 {row.ends_on}，姓名依法公开。"),
        f"Deputy:{row.id}",
    )
    await send_notice(call, about, persons=[person.id])
    return DeputyPayload(deputy=ref(Deputy, row.id))


async def find_station(call: Call, id: str | None) -> StationRow | None:
    """Return the open station that an input names, if it names one."""
    if not is_given(id):
        return None
    # Everybody sees every station; whoever registers deputies there is asked by the deputy's own place.
    row: StationRow = await call.find(DeputyStation, "station", id=key_of(DeputyStation)(id or ""))
    if row.closed_on is not None:
        raise invalid_input("The station is closed.", "该代表联络站已关闭。", "station")
    return row


@strawberry.input(description="At which station a deputy is met (调整代表所在联络站).")
class AssignDeputyStationInput:
    idempotency_key: str = input_field(KEY)
    deputy: ID = input_field(DEPUTY)
    expected_version: int = input_field(EXPECTED)
    station: ID | None = input_field("At which station; left out, at none (代表联络站标识).", default=UNSET)


@command(
    "Assign a deputy to a liaison station, or to none (调整代表所在联络站).",
    requires=None,
    action=Action(Deputy, KEEPS_DEPUTIES, (IN_OFFICE,)),
)
async def assign_deputy_station(call: Call, input: AssignDeputyStationInput) -> DeputyPayload:
    row: DeputyRow = await call.find(Deputy, "deputy", id=key_of(Deputy)(input.deputy))
    # Left out it is none: a deputy may be met nowhere but on reception days.
    row.station = await find_station(call, input.station)
    return await save_deputy(row)


@strawberry.input(description="A term that ends before its day (终止代表任期).")
class EndDeputyTermInput:
    idempotency_key: str = input_field(KEY)
    deputy: ID = input_field(DEPUTY)
    expected_version: int = input_field(EXPECTED)


@command(
    "End a deputy's term today, before its day (终止代表任期).",
    requires=None,
    action=Action(Deputy, KEEPS_DEPUTIES, (IN_OFFICE,)),
)
async def end_deputy_term(call: Call, input: EndDeputyTermInput) -> DeputyPayload:
    row: DeputyRow = await call.find(Deputy, "deputy", id=key_of(Deputy)(input.deputy))
    # One that has not begun ends on its first day, so that it never was.
    row.until = max(row.since, today(call))
    return await save_deputy(row)


async def save_deputy(row: DeputyRow) -> DeputyPayload:
    """Save a deputy's term under its next version."""
    row.version += 1
    await row.save()
    return DeputyPayload(deputy=ref(Deputy, row.id))


EXTENSIONS = (
    extend(
        Mutation,
        open_deputy_station=open_deputy_station,
        close_deputy_station=close_deputy_station,
        register_deputy=register_deputy,
        assign_deputy_station=assign_deputy_station,
        end_deputy_term=end_deputy_term,
    ),
)
