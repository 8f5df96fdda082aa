"""Finding: the sweep that keeps each cluster as one early sign, and ends those that nobody decides about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import groupby
from typing import Any

from gongzhi.core.notices.sending import NoticeDraft, Office, send_notice
from gongzhi.declare.events import Code
from gongzhi.plugin.settings import CountySetting
from gongzhi.runtime.checks import CHINA
from gongzhi.runtime.commands import Call
from gongzhi.runtime.jobs import JobRun, job
from gongzhi.values.errors import Text

from ..events import SignChanged, SignFound
from ..models import SignRow, SignState
from .clusters import DAYS, EDITION, WEEKS, Cluster, Count, find_clusters

LEAST = CountySetting(
    "statistics.sign_cases",
    "How many like cases a village has in a week at least for an early sign (民情预警最少件数).",
    default=4,
    permission="plugins.activate",
    least=3,
    most=100,
)
"""Below three, what a sign says would be withheld anywhere else."""
LEFT_OUT = ("dispute", "welfare", "village_affairs", "platform")
"""Subjects that are about persons, their needs or their quarrels, and complaints about ourselves: no sign is one."""
QUIET = timedelta(days=14)
"""How long after it was seen last a sign ends that nobody has decided about."""
RUNNING = (SignState.OPEN, SignState.PATROL_PROPOSED, SignState.WHISTLED)
# What somebody asked for: were findings of patrols counted, a patrol that a sign proposes would make the next sign.
COUNTED = """c.series='ORDINARY' and c.accused_unit_id is null and c.origin='REACTIVE'
 and c.status not in ('DECLINED','WITHDRAWN','VOIDED') and c.town_id is not null"""
COUNTS = f"""
select c.county_id, c.town_id, c.village_id, k.code, max(k.id) as category,
 count(*) filter (where c.reported_at>=$3)::int as recent, count(*) filter (where c.reported_at<$3)::int as earlier
from cases.case c join cases.category k on k.id=c.category_id
where c.county_id=any($1::int[]) and c.reported_at>=$2 and c.reported_at<=$4 and {COUNTED}
 and split_part(k.code,'.',1)<>all($5::text[])
group by 1, 2, 3, 4 order by 1
"""
# The same cases that were counted, for those signs that are new or have grown.
MEMBERS = f"""
insert into statistics.sign_case (sign_id, case_id)
select s.id, c.id from unnest($1::uuid[], $2::int[], $3::text[]) s (id, place, code)
join cases.category k on k.code=s.code
join cases.case c on c.category_id=k.id and s.place in (c.village_id, c.town_id)
where c.reported_at>=$4 and c.reported_at<=$5 and {COUNTED} on conflict do nothing
"""


@dataclass(frozen=True)
class Window:
    """The days that are looked at, by the calendar in China."""

    since: date
    until: date
    now: datetime

    @classmethod
    def up_to(cls, now: datetime) -> Window:
        """Return the window that ends now."""
        until = now.astimezone(CHINA).date()
        return cls(until - timedelta(days=DAYS - 1), until, now)

    @property
    def start(self) -> datetime:
        return datetime.combine(self.since, time(), CHINA)

    @property
    def base(self) -> datetime:
        """When the weeks begin that say what is usual."""
        return self.start - timedelta(weeks=WEEKS)


@job("statistics.find_signs", every=timedelta(hours=1), offset=timedelta(minutes=20))
async def find_signs(call: Call, run: JobRun) -> None:
    """Keep each cluster as one early sign, and end those that are over."""
    await sweep_signs(call, sorted(run.counties))


async def sweep_signs(call: Call, counties: Sequence[int]) -> None:
    """Look at all cases of the window with one statement, and at all signs that are under way with another."""
    window = Window.up_to(call.now)
    rows = await call.fetch(COUNTS, list(counties), window.base, window.start, window.now, list(LEFT_OUT))
    known = await load_signs(counties, window)
    new: list[SignRow] = []
    seen: list[tuple[SignRow, Cluster]] = []
    for county, found in groupby(rows, key=lambda row: row["county_id"]):
        here = list(found)
        # The newest edition of a subject, under which its next cases will be filed.
        categories = {row["code"]: row["category"] for row in here}
        for cluster in find_clusters(map(read_count, here), await LEAST.read(call, county)):
            sign = find_known(known, cluster)
            if sign is None:
                new.append(make_sign(cluster, categories[cluster.category], window))
            # One that somebody has decided about stays decided as long as its cases are in the window.
            elif sign.ended_at is None:
                seen.append((sign, cluster))
    await keep_found(call, new, seen, known, window)
    await end_quiet(call, known)


def read_count(row: Any) -> Count:
    return Count(row["town_id"], row["village_id"], row["code"], row["recent"], row["earlier"])


async def load_signs(counties: Sequence[int], window: Window) -> list[SignRow]:
    """Return the signs under way, locked, and those that ended while cases of the window were there."""
    # In the order of their keys: commands lock one, and so does every other sweep.
    running = await SignRow.filter(county_id__in=counties, ended_at=None).select_for_update(no_key=True).order_by("id")
    ended = SignRow.filter(county_id__in=counties, ended_at__gte=window.start, absorbed_by_id=None)
    return [*running, *await ended.order_by("id")]


def find_known(known: Iterable[SignRow], cluster: Cluster) -> SignRow | None:
    """Return the sign that a cluster is already: its own, or that of the town it lies in."""
    found = [one for one in known if one.code == cluster.category and one.grid_id in (cluster.place, cluster.town)]
    # One that is under way before one that somebody has decided about this week.
    return min(found, key=lambda one: (one.ended_at is not None, one.grid_id != cluster.place), default=None)


def make_sign(cluster: Cluster, category: int, window: Window) -> SignRow:
    row = SignRow(
        grid_id=cluster.place,
        category_id=category,
        code=cluster.category,
        state=SignState.OPEN,
        edition=EDITION,
        found_at=window.now,
    )
    tell_numbers(row, cluster, window)
    return row


def tell_numbers(row: SignRow, cluster: Cluster, window: Window) -> None:
    """Write down what a sign rests on."""
    row.since, row.until, row.seen_at = window.since, window.until, window.now
    row.counted, row.earlier, row.threshold = cluster.counted, cluster.earlier, cluster.threshold
    row.expected, row.villages = cluster.expected, len(cluster.villages)


async def keep_found(
    call: Call,
    new: Sequence[SignRow],
    seen: Sequence[tuple[SignRow, Cluster]],
    known: Sequence[SignRow],
    window: Window,
) -> None:
    """Keep new signs and those that were seen again, with their cases."""
    # Another sweep may have been quicker: of a place and a subject the index leaves one.
    await SignRow.bulk_create(new, ignore_conflicts=True)
    kept = {row.id: row for row in await SignRow.filter(id__in=[one.id for one in new])} if new else {}
    grown = []
    for sign, cluster in seen:
        # A sign keeps the numbers of the week in which there were most.
        if sign.grid_id == cluster.place and cluster.counted > sign.counted:
            tell_numbers(sign, cluster, window)
            grown.append(sign)
        sign.seen_at = window.now
    # Without another version: nobody's decision is out of date because more people asked.
    if seen:
        numbers = ["since", "until", "counted", "earlier", "expected", "threshold", "villages", "seen_at"]
        await SignRow.bulk_update([sign for sign, _ in seen], numbers)
    # Their cases with one statement for all of them, as new signs are.
    told = [*kept.values(), *grown]
    if told:
        listed = [one.id for one in told], [one.grid_id for one in told], [one.code for one in told]
        await call.fetch(MEMBERS, *listed, window.start, window.now)
    await absorb_villages(call, kept.values(), known)
    for row in kept.values():
        call.publish(SignFound(row.id, Code(row.code), row.counted, Code(row.edition)), row)
        await tell_found(call, row)


async def absorb_villages(call: Call, new: Iterable[SignRow], known: Sequence[SignRow]) -> None:
    """End the signs of villages that are now a part of their town's; those that somebody has in hand go on."""
    for town in new:
        for one in known:
            inside = one.code == town.code and one.town_id == town.grid_id and one.id != town.id
            if inside and one.state is SignState.OPEN and one.ended_at is None:
                one.absorbed_by_id = town.id
                await end_sign(call, one)


async def end_quiet(call: Call, known: Iterable[SignRow]) -> None:
    """End the signs that nobody has decided about and that have not been found for long."""
    for one in known:
        if one.state is SignState.OPEN and one.seen_at < call.now - QUIET:
            await end_sign(call, one)


async def end_sign(call: Call, row: SignRow) -> None:
    row.state, row.ended_at = SignState.ENDED, call.now
    row.version += 1
    await row.save()
    call.publish(SignChanged(row.id, row.state), row)


async def tell_found(call: Call, row: SignRow) -> None:
    """Tell whoever dispatches there. By numbers alone: what people wrote stays with their cases."""
    title = Text("An early sign", "民情预警")
    body = Text(
        f"{row.counted} like cases came together within a week; usual are {row.expected:.2g}. Decide what is done.",
        f"一周内同类诉求 {row.counted} 件，平时每周约 {row.expected:.2g} 件，请研判处置。",
    )
    draft = NoticeDraft("statistics.sign_found", title, body, f"EarlySign:{row.id}", office_hours_of=row.county_id)
    await send_notice(call, draft, offices=[Office("cases.dispatch", row.grid_id)])
