"""Calendar feeds: rota and appointments for people's own calendars (iCalendar, RFC 5545), at a secret address."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import strawberry
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.commands import KEY, Call, Problem, command, input_field, problems, secret_field
from gongzhi.runtime.context import Context
from gongzhi.runtime.feeds import Feed, FeedPage, digest_token, feed_path, new_token
from gongzhi.values.errors import Refusal

from ..models import FeedRow

if TYPE_CHECKING:
    from icalendar import Event

NAME = "rota.ics"
# By digest: whoever reads the database cannot fetch anybody's calendar. The county says whether the plugin is on there.
FOUND = """
select f.account, f.person_id, coalesce(a.county_id, p.county_id) county from legal.feed f
left join legal.adviser a on a.account=f.account left join people.person p on p.id=f.person_id
where f.digest=$1 and coalesce(a.county_id, p.county_id) is not null
"""
# A bound for whoever has years of shifts; calendars fetch again anyway.
SHIFTS = """
select 'shift-'||s.id uid, s.starts_at, s.ends_at, s.place, '值班：法律服务' said
from legal.shift s join legal.adviser a on a.id=s.adviser_id
where a.account=$1 and a.left_on is null and s.ends_at>$2 order by s.starts_at limit 500
"""
# Both sides of an appointment: those with oneself as the adviser, and one's own.
WITH_ME = """
select 'booking-'||b.id uid, t.starts_at, t.ends_at, t.place, '预约：法律咨询' said
from legal.booking b join legal.slot t on t.id=b.slot_id join legal.adviser a on a.id=t.adviser_id
where b.cancelled_at is null and t.ends_at>$2 and (a.account=$1 and a.left_on is null or b.person_id=$3)
order by t.starts_at limit 500
"""


@strawberry.type(description="The address, shown once, or why there is none (日历订阅结果).")
class LegalFeedPayload:
    path: str | None = secret_field("Where the calendar is, on this server; whoever has it reads it (订阅地址).")
    errors: list[Problem] = problems()


@strawberry.input(description="An address for one's calendar (日历订阅).")
class MakeLegalFeedInput:
    idempotency_key: str = input_field(KEY)


@command("Make an address of one's rota and appointments; the one before no longer works (日历订阅).", requires=None)
async def make_legal_feed(call: Call, input: MakeLegalFeedInput) -> LegalFeedPayload:
    me = call.viewer.account
    if me.name is None:
        raise Refusal("UNAUTHENTICATED", "Sign in first.", "请先登录。", ())
    secret = new_token()
    # One address for each account, so a new one ends an address that leaked.
    await FeedRow.filter(account=me.name).delete()
    await FeedRow.create(account=me.name, person_id=me.person, digest=digest_token(secret), made_at=call.now)
    return LegalFeedPayload(path=feed_path("legal", secret, NAME))


@strawberry.input(description="An address that no longer works (停止订阅).")
class EndLegalFeedInput:
    idempotency_key: str = input_field(KEY)


@command("Have the address of one's calendar work no longer (停止订阅).", requires=None)
async def end_legal_feed(call: Call, input: EndLegalFeedInput) -> LegalFeedPayload:
    await FeedRow.filter(account=call.viewer.account.name or "").delete()
    return LegalFeedPayload()


async def read_calendar_feed(context: Context, token: str) -> FeedPage | None:
    """Return the calendar that the token opens; it names times and places, and nobody."""
    from icalendar import Calendar  # serving starts without it

    found = await context.fetch(FOUND, digest_token(token))
    if not found:
        return None
    calendar, now = Calendar(), context.viewer.now
    calendar.add("prodid", "-//Gongzhi//legal//ZH")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", "法律服务")
    [row] = found
    for one in await context.fetch(SHIFTS, row["account"], now):
        calendar.add_component(calendar_event(one, now))
    for one in await context.fetch(WITH_ME, row["account"], now, row["person_id"]):
        calendar.add_component(calendar_event(one, now))
    return FeedPage(row["county"], calendar.to_ical())


def calendar_event(row: Mapping[str, Any], now: Any) -> Event:
    from icalendar import Event

    made = Event()
    for name, value in event_fields(row, now):
        made.add(name, value)
    return made


def event_fields(row: Mapping[str, Any], now: Any) -> Iterator[tuple[str, Any]]:
    # The same for the same row each time, so that calendars move an event and do not double it.
    yield "uid", f"{row['uid']}@legal.gongzhi"
    yield "dtstamp", now
    yield "dtstart", row["starts_at"]
    yield "dtend", row["ends_at"]
    yield "summary", row["said"]
    yield "location", row["place"]


FEEDS = (Feed(NAME, "text/calendar; charset=utf-8", read_calendar_feed),)
EXTENSIONS = (extend(Mutation, make_legal_feed=make_legal_feed, end_legal_feed=end_legal_feed),)
