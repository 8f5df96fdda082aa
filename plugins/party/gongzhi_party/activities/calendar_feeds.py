"""Calendar feeds (RFC 5545): of a person, an organisation or a grid, fetched by phones at a secret address.

The address is shown once, and closed at any time. A calendar shows what its owner may see on the day it is fetched.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import strawberry
from gongzhi.core.grids.commands import find_grid
from gongzhi.core.grids.types import Grid
from gongzhi.core.people.models import PersonRow
from gongzhi.core.people.types import Person
from gongzhi.declare.entity import Node, column, entity, key_of, many, one, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.checks import CHINA, is_given, not_found
from gongzhi.runtime.commands import KEY, Call, Problem, command, input_field, problems, result_field, secret_field
from gongzhi.runtime.context import Context
from gongzhi.runtime.feeds import Feed, FeedPage, digest_token, feed_path, new_token
from gongzhi.values.errors import Refusal
from strawberry import ID, UNSET

from .. import visibility
from ..lookups import require_person
from ..models import FeedKind, FeedRow
from ..organisation.types import PartyBranch
from ..visibility import SEEN
from . import recurrence

if TYPE_CHECKING:
    from icalendar import Event

MOST = 20
"""How many calendars somebody has open."""
BACK = timedelta(days=180)
"""For how long what is over stays in a calendar."""
# What the owner may see is part of the statement: a calendar loses an organisation's activities when its owner leaves
# it.
ROWS = f"""
select a.id::text, a.series_id::text, a.original_at, a.title, a.description, a.place, a.starts_at, a.ends_at,
 a.state::text, a.version, s.rule, s.starts_at first, s.minutes, s.title series_title, s.place series_place
from party.feed f join party.activity a on {SEEN} left join party.series s on s.id=a.series_id
left join grids.grid g on g.id=f.grid_id
where f.id=$1::uuid and a.ends_at>$2 and case f.kind
 when 'PERSON' then exists(select from party.participation p where p.activity_id=a.id and p.person_id=f.person_id
  and p.state in ('SIGNED_UP','WAITING','CHECKED_IN'))
 when 'BRANCH' then a.branch_id=f.branch_id
 else exists(select from grids.grid h where h.id=a.grid_id and h.path <@ g.path) end
order by a.starts_at, a.id limit 1000
"""


# By digest: whoever reads the database cannot fetch anybody's calendar.
OPEN = """
select f.id, f.kind::text, p.county_id from party.feed f join people.person p on p.id=f.person_id
where f.digest=$1 and f.closed_at is null and p.erased_at is null
"""


async def read_calendar_feed(context: Context, token: str) -> FeedPage | None:
    """Return the calendar that a token opens; None for a token that opens none."""
    found = await context.fetch(OPEN, digest_token(token))
    if not found:
        return None
    feed, now = found[0], context.viewer.now
    rows = await context.fetch(ROWS, feed["id"], now - BACK)
    return FeedPage(feed["county_id"], write_calendar(rows, now, feed["kind"] != FeedKind.PERSON).encode())


FEED = Feed("activities.ics", "text/calendar; charset=utf-8", read_calendar_feed)


@entity(FeedRow, visible=visibility.visible_feeds, order=("opened_at",), filter={"kind": None})
class ActivityCalendar(Node):
    """A calendar that is fetched at a secret address (日历订阅)."""

    kind: FeedKind = column("Whose activities it has (类型).")
    branch: PartyBranch | None = one("Of which organisation (党组织).")
    grid: Grid | None = one("Of which grid (网格).")
    opened_at: datetime = column("Since when (开通时间).")
    closed_at: datetime | None = column("The address is void since then (关闭时间).")


def write_calendar(rows: Iterable[Any], now: datetime, whole: bool) -> str:
    """Write the calendar; a series with its rule if all of it is there, else each time by itself."""
    from icalendar import Calendar  # serving starts without it

    calendar = Calendar()
    for name, value in (("prodid", "-//Gongzhi//party//ZH"), ("version", "2.0"), ("method", "PUBLISH")):
        calendar.add(name, value)
    series: dict[str, list[Any]] = {}
    for row in rows:
        # A person's calendar has some times of a series only, so its rule would show more than they signed up for.
        if whole and row["series_id"]:
            series.setdefault(row["series_id"], []).append(row)
        else:
            calendar.add_component(activity_event(row, now, row["id"]))
    for key, found in series.items():
        for component in series_events(key, found, now):
            calendar.add_component(component)
    # China's zone is written out, for phones that do not know its name.
    calendar.add_missing_timezones()
    text: bytes = calendar.to_ical()
    return text.decode()


def series_events(key: str, rows: Sequence[Any], now: datetime) -> Iterable[Event]:
    """Yield a series: its rule, the days left out, and what differs from the rule.

    Times that are too long ago to be in the calendar are left out like exceptions.
    """
    from icalendar import Event, vRecur

    first = rows[0]
    length = timedelta(minutes=first["minutes"])
    known = {row["original_at"]: row for row in rows}
    master = Event()
    start = first["first"].astimezone(CHINA)
    master.add("uid", key)
    master.add("dtstamp", now)
    master.add("summary", first["series_title"])
    master.add("location", first["series_place"])
    master.add("dtstart", start)
    master.add("dtend", start + length)
    master.add("rrule", vRecur.from_ical(recurrence.export_rule(first["rule"])))
    for at in recurrence.original_times(first["rule"], first["first"]):
        if at not in known:
            master.add("exdate", at)
    yield master
    for at, row in known.items():
        # As the rule alone would have it; only what differs is written, as an exception by its original time.
        usual = (row["series_title"], row["series_place"], at, at + length, "CANCELLED")
        plain = (row["title"], row["place"], row["starts_at"], row["ends_at"])
        if plain != usual[:4] or row["state"] == "CANCELLED":
            changed = activity_event(row, now, key)
            changed.add("recurrence-id", at.astimezone(CHINA))
            yield changed


def activity_event(row: Any, now: datetime, uid: str) -> Event:
    """Build one activity's event."""
    from icalendar import Event

    made = Event()
    made.add("uid", uid)
    made.add("dtstamp", now)
    made.add("summary", row["title"])
    made.add("location", row["place"])
    made.add("dtstart", row["starts_at"].astimezone(CHINA))
    made.add("dtend", row["ends_at"].astimezone(CHINA))
    # Calendars take a change over only if the sequence has grown.
    made.add("sequence", row["version"] - 1)
    made.add("status", "CANCELLED" if row["state"] == "CANCELLED" else "CONFIRMED")
    if row["description"]:
        made.add("description", row["description"])
    return made


@strawberry.input(description="A calendar to subscribe to (开通日历订阅).")
class OpenActivityCalendarInput:
    idempotency_key: str = input_field(KEY)
    kind: FeedKind = input_field("Whose activities (类型).")
    branch: ID | None = input_field("Of which organisation (党组织).", default=UNSET)
    grid: str | None = input_field("Of which grid, by code (网格编码).", default=UNSET)


@strawberry.type(description="The calendar with its address, or why there is none (日历订阅结果).")
class OpenActivityCalendarPayload:
    calendar: ActivityCalendar | None = result_field("The calendar (日历).")
    path: str | None = secret_field(
        "Where whoever has it fetches the calendar, on this server; shown this once (订阅地址)."
    )
    errors: list[Problem] = problems()


@command(
    "Open a calendar that phones fetch at a secret address; it shows what one may see (开通日历订阅).",
    requires=None,
)
async def open_activity_calendar(call: Call, input: OpenActivityCalendarInput) -> OpenActivityCalendarPayload:
    person = require_person(call)
    await PersonRow.select_for_update(no_key=True).get_or_none(id=person)  # one calendar of theirs at a time
    if await FeedRow.filter(person_id=person, closed_at=None).count() >= MOST:
        raise Refusal("TOO_MANY", f"{MOST} calendars are open; close one.", f"最多开通 {MOST} 个日历。", ("kind",))
    # Both are looked at again with every fetch, so what is seen today decides nothing about tomorrow's calendar.
    branch = grid = None
    if input.kind == FeedKind.BRANCH:
        if not is_given(input.branch):
            raise not_found("Say of which organisation.", "请指定党组织。", "branch")
        branch = (await call.find(PartyBranch, "branch", id=key_of(PartyBranch)(input.branch))).id
    if input.kind == FeedKind.GRID:
        if not is_given(input.grid):
            raise not_found("Say of which grid.", "请指定网格。", "grid")
        grid = (await find_grid(input.grid, "grid")).id
    secret = new_token()
    row = await FeedRow.create(
        kind=input.kind,
        person_id=person,
        branch_id=branch,
        grid_id=grid,
        digest=digest_token(secret),
        opened_at=call.now,
    )
    return OpenActivityCalendarPayload(
        calendar=ref(ActivityCalendar, row.id), path=feed_path("party", secret, FEED.name)
    )


@strawberry.input(description="A calendar that is no longer wanted (关闭日历订阅).")
class CloseActivityCalendarInput:
    idempotency_key: str = input_field(KEY)
    calendar: ID = input_field("Which (日历).")


@strawberry.type(description="The calendar, or why nothing was done (关闭日历订阅结果).")
class CloseActivityCalendarPayload:
    calendar: ActivityCalendar | None = result_field("The calendar (日历).")
    errors: list[Problem] = problems()


@command("Make a calendar's address void (关闭日历订阅).", requires=None)
async def close_activity_calendar(call: Call, input: CloseActivityCalendarInput) -> CloseActivityCalendarPayload:
    row: FeedRow = await call.find(ActivityCalendar, "calendar", id=key_of(ActivityCalendar)(input.calendar))
    # An address that got about is not opened again; another calendar has another address.
    row.closed_at = row.closed_at or call.now
    await row.save(update_fields=["closed_at"])
    return CloseActivityCalendarPayload(calendar=ref(ActivityCalendar, row.id))


EXTENSIONS = (
    extend(
        Person,
        activity_calendars=many(
            "Calendars they have opened; their own alone (日历订阅).",
            on="person",
            order="-opened_at",
            cap=MOST,
            type=list[ActivityCalendar] | None,
            requires=None,
        ),
    ),
    extend(Mutation, open_activity_calendar=open_activity_calendar, close_activity_calendar=close_activity_calendar),
)
