"""Opening cases: how commands, handlers and jobs make cases of what they know, one or a thousand in a transaction.

    draft = CaseDraft(CaseKind.HELP, "IOT", "environment.bins", "满溢", "垃圾桶满溢", grid="610921101")
    await open_cases(call, [draft])

Whoever may not do so has to be refused before: a draft is a plugin's word, so nobody is asked whether the caller may
file by its channel or for its requester. What somebody typed in goes by `gongzhi.core.cases.reporting`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from gongzhi.core.attachments.uploads import attach_uploads
from gongzhi.core.grids.models import GridRow
from gongzhi.core.grids.types import HOLDS_POINT, PointInput, placed_point, read_position
from gongzhi.declare.columns import insert_rows
from gongzhi.declare.located import place_in_grid
from gongzhi.runtime.checks import check_text, input_form, invalid_input, not_found, today
from gongzhi.runtime.commands import Call
from gongzhi.runtime.reactions import Later, run_checks, run_follows
from gongzhi.values import codes
from gongzhi.values.codes import Series
from gongzhi.values.errors import Refusal

from . import machine
from .models import CaseKind, CaseRow, CategoryRow, ChannelRow, Origin, Status, Urgency
from .steps import find_by_codes, record_reports

TITLE, BODY, ADDRESS = 200, 10_000, 200
"""The most characters of a title, a description and an address."""

NUMBERED = (
    "insert into cases.counter (county, day, series, given) select g.code, $2, $3, $4 from grids.grid g "
    "where g.id = $1 on conflict (county, day, series) do update set given = cases.counter.given + $4 "
    "returning county, given"
)
"""Takes the next numbers of a county, day and series; `given` is the last of them."""
# Of the grids that have the place in a ring and in no hole, the deepest of the tree.
LOCATE = (
    "select (select g.id from grids.ring r join grids.grid g on g.id=r.grid_id and g.valid_to is null where not r.hole "
    f"and {HOLDS_POINT.format('r.area', 'p.at::point')} and not exists(select 1 from grids.ring h where h.grid_id=g.id "
    "and h.hole and h.area @> p.at::point) order by g.path desc limit 1) as grid "
    "from unnest($1::text[]) with ordinality p (at, n) order by p.n"
)


@dataclass(frozen=True)
class CaseDraft:
    """What a case is opened of. It lies in `grid`, given by its code, or in the smallest grid around `place`."""

    kind: CaseKind
    channel: str
    """How it arrived, as a channel's code."""
    category: str
    """What it is about, as a category's code."""
    title: str
    description: str
    grid: str | None = None
    place: PointInput | None = None
    address: str | None = None
    urgency: Urgency = Urgency.ROUTINE
    origin: Origin = Origin.PROACTIVE
    requester: UUID | None = None
    """The key of the person who asks, if anybody does."""
    attachments: Sequence[str] = ()
    """The ids that the caller's uploads were answered with."""
    external: bool = False
    """Whether a system opens it, whose account is nobody's inbox."""


async def open_case(call: Call, draft: CaseDraft) -> CaseRow:
    """Open a case, numbered and with its clocks running. Raises Refusal, at the name of a draft's field."""
    [case] = await open_cases(call, [draft])
    return case


async def open_cases(call: Call, drafts: Sequence[CaseDraft]) -> list[CaseRow]:
    """Open a case of each draft, in their order, with a few statements for all of them; all, or none.

    Reactions run for each. Counties lock their counters in a fixed order, so that two who open many wait for each
    other and never hold each other up. Raises Refusal, at the name of a draft's field.
    """
    categories = await find_by_codes(CategoryRow, [one.category for one in drafts], "category", valid_to=None)
    channels = await find_by_codes(ChannelRow, [one.channel for one in drafts], "channel")
    grids = await _grids(call, drafts)
    cases = [
        _make_case(call, draft, categories[draft.category], channels[draft.channel], grid)
        for draft, grid in zip(drafts, grids, strict=True)
    ]
    await enter_cases(call, cases)
    # Files refer to their case, so it has to be there.
    for draft, case in zip(drafts, cases, strict=True):
        if draft.attachments:
            await attach_uploads(call, case, draft.attachments)
    return cases


async def enter_cases(call: Call, cases: Sequence[CaseRow]) -> None:
    """Give new cases numbers, save them, and record that they were reported; what reacts to a report may refuse one."""
    following: list[Later] = []
    for case in cases:
        facts = await run_checks(call, machine.REPORT.event, case)
        following += await run_follows(call, machine.REPORT.event, case, **facts)
    await _number(call, cases)  # as late as may be: others wait for theirs from here on
    await insert_rows(CaseRow, cases)
    await record_reports(call, cases)
    # What reactions want to write may refer to the case, such as its clocks.
    for later in following:
        await later()


async def locate_places(call: Call, places: Sequence[PointInput]) -> list[int | None]:
    """Return the key of the smallest grid around each place. Raises Refusal for what is no position on Earth."""
    rows = await call.fetch(LOCATE, [placed_point(vars(place)) for place in places])
    return [row["grid"] for row in rows]


def require_county(grid: GridRow, path: str) -> GridRow:
    """Refuse a grid above the counties, in which no case lies."""
    if grid.county_id is None:
        raise invalid_input("Name a grid inside a county.", "请选择县级以下网格。", path)
    return grid


def outside_all_grids() -> Refusal:
    """Return the refusal for a place that lies in no grid."""
    return not_found("The place lies in no grid of ours.", "该位置不在任何网格内。", "place")


async def _grids(call: Call, drafts: Sequence[CaseDraft]) -> list[GridRow]:
    """Return the grid of each draft."""
    places = [draft.place for draft in drafts if draft.place is not None]
    # In the order of the drafts that have a place.
    found = iter(await locate_places(call, places) if places else [])
    keys = [next(found) if draft.place is not None else None for draft in drafts]
    rows = {row.id: row for row in await GridRow.filter(id__in=[key for key in set(keys) if key])} if places else {}
    named = [draft.grid or "" for draft in drafts if draft.place is None]
    coded = await find_by_codes(GridRow, named, "grid", valid_to=None) if named else {}
    grids: list[GridRow] = []
    for draft, key in zip(drafts, keys, strict=True):
        if draft.place is None:
            grids.append(require_county(coded[draft.grid or ""], "grid"))
        elif key is None:
            raise outside_all_grids()
        else:
            grids.append(require_county(rows[key], "place"))
    return grids


def _make_case(call: Call, draft: CaseDraft, category: CategoryRow, channel: ChannelRow, grid: GridRow) -> CaseRow:
    """Return the case of a draft, without a number."""
    own = call.viewer.account.person
    with input_form() as read:
        title = read(check_text, draft.title, TITLE, "title")
        description = read(check_text, draft.description, BODY, "description")
        address = read(check_text, draft.address, ADDRESS, "address") if draft.address else None
    return new_case(
        call,
        grid,
        draft.place,
        kind=draft.kind,
        channel=channel,
        category=category,
        urgency=draft.urgency,
        origin=draft.origin,
        title=title,
        description=description,
        requester_id=draft.requester,
        # Whoever files for somebody else is kept beside them.
        filed_by_id=own if own != draft.requester else None,
        account=call.viewer.account.name,
        external=draft.external,
        address=address,
    )


def new_case(call: Call, grid: GridRow, place: PointInput | None, *, kind: CaseKind, **columns: Any) -> CaseRow:
    """Return the row of a case that is reported now, without a number, and not saved yet."""
    point = read_position(vars(place)) if place else None
    case = CaseRow(
        # Tip-offs have a run of numbers of their own.
        series=Series.SEALED if kind == CaseKind.TIP_OFF else Series.ORDINARY,
        kind=kind,
        status=Status.REPORTED,
        grid=grid,
        longitude=point and point.longitude,
        latitude=point and point.latitude,
        place_source=vars(place) if place else None,
        reported_at=call.now,
        **columns,
    )
    # The database fills these in when the row is saved, and reactions look at them before.
    place_in_grid(case, grid)
    return case


async def _number(call: Call, cases: Sequence[CaseRow]) -> None:
    """Give cases the next numbers of their counties, day and series. The counters are locked until all are there.

    Tip-offs are numbered in no order, so that whoever files two does not learn how many others did.
    """
    day = today(call)
    wanted = Counter((case.county_id, case.series) for case in cases)
    # In a fixed order, so that two who open cases in several counties do not lock counters crosswise.
    for county, series in sorted(wanted):
        count = wanted[county, series]
        [row] = await call.fetch(NUMBERED, county, day, series.value, count)
        # `given` is the last of the numbers that were taken here.
        next_numbers = iter(range(row["given"] - count + 1, row["given"] + 1))
        for case in cases:
            if (case.county_id, case.series) != (county, series):
                continue
            if series == Series.SEALED:
                case.number = await _scattered_number(call, county, row["county"], next(next_numbers))
            else:
                case.number = codes.case_number(row["county"], day, next(next_numbers), series)


async def _scattered_number(call: Call, county: int | None, code: str, given: int) -> str:
    """Return the number of a tip-off; those of before were given out in order, so one may be taken."""
    day = today(call)
    while True:
        scattered = codes.scatter_sequence(call.context.receipts, code, day, given)
        number = codes.case_number(code, day, scattered, Series.SEALED)
        if not await CaseRow.exists(number=number):
            return number
        [row] = await call.fetch(NUMBERED, county, day, Series.SEALED.value, 1)
        given = row["given"]
