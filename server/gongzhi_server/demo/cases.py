"""Cases: invented ones, and the rows they make."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from random import Random
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from gongzhi.core.cases.models import Audience, Origin, SettlementLevel, Status, Urgency
from gongzhi.declare.columns import NEVER
from gongzhi.plugin import roles
from gongzhi.plugin.permissions import Role
from gongzhi.values.codes import Series
from gongzhi.values.geometry import Crs, Point

from . import county_time, lives, stories
from .bodies import Organisation
from .chance import uuid7
from .grids import CODE, DemoGrid
from .people import DemoPerson
from .stories import Story


class Asker(NamedTuple):
    """Somebody who raised a matter: where, by which channel, and who wrote it down for them."""

    grid: DemoGrid
    channel: str
    person: DemoPerson | None = None
    proxy: DemoPerson | None = None
    anonymous: bool = False
    account: str | None = None


class HandlingBodies(NamedTuple):
    """The organisations a case goes through."""

    desk: Organisation
    """The unit that accepts and dispatches it."""
    village: Organisation | None = None
    lead: Organisation | None = None
    misled: Organisation | None = None
    """A unit that was sent it by mistake."""
    support: Organisation | None = None
    accused: Organisation | None = None


@dataclass(frozen=True, slots=True, eq=False)
class DemoCase:
    """A matter, and the steps it has taken."""

    id: UUID
    number: str
    story: Story
    asker: Asker
    hands: HandlingBodies
    turns: tuple[lives.StepTaken, ...]
    urgency: Urgency = Urgency.ROUTINE
    origin: Origin = Origin.REACTIVE
    place: Point | None = None
    level: SettlementLevel | None = None
    rating: int | None = None
    into: str | None = None
    """The number of the case it was merged into."""

    @property
    def status(self) -> Status:
        return lives.final_status(self.turns)

    @property
    def series(self) -> Series:
        return Series.SEALED if self.hands.accused else Series.ORDINARY

    @property
    def reply(self) -> str | None:
        """What was answered; in the grid it is answered on the spot."""
        answers = {lives.REPLY: self.story.reply, lives.SETTLE: stories.ON_THE_SPOT[self.id.int % 4]}
        return next((answers[turn.event] for turn in self.turns if turn.event in answers), None)

    @property
    def version(self) -> int:
        """It grows with every step, once where a step brings the next with it."""
        return len(self.turns) - sum(b.at - a.at == lives.AT_ONCE for a, b in pairwise(self.turns))

    def last(self, *events: str) -> Any:
        """Return when the last step of these kinds was taken."""
        return next((county_time.to_utc(turn.at) for turn in reversed(self.turns) if turn.event in events), None)

    def count(self, event: str) -> int:
        """Count the steps of a kind."""
        return sum(turn.event == event for turn in self.turns)


# --- rows ---

COLUMNS = (
    "id", "number", "series", "kind", "channel_id", "category_id", "urgency", "origin", "title", "description",
    "status", "grid_id", "requester_id", "filed_by_id", "anonymous", "account", "longitude", "latitude",
    "place_source", "address", "lead_unit_id", "accused_unit_id", "self_handled", "settled_level", "reported_at",
    "settled_at", "closed_at", "reply", "replied_at", "rating", "solved", "rating_comment", "reopenings", "version",
    "warn_at", "due_at",
)  # fmt: skip
# Raw SQL over the timeline, since an answer's ratings depend on which answer stood at the time of each.
RATINGS = """
insert into cases.rating (id, case_id, unit_id, answered_at, at, source, rating, solved, comment, counts)
select md5('rating' || e.id)::uuid, c.id, c.lead_unit_id, a.at, e.at,
  case when c.requester_id is null then 'RECEIPT' else 'ACCOUNT' end,
  (e.data->>'rating')::smallint, (e.data->>'solved')::boolean, case when a.at = c.replied_at then c.rating_comment end,
  coalesce(cases.independent(c.id), false)
from cases.event e join cases."case" c on c.id = e.case_id
join lateral (
  select b.at from cases.event b
  where b.case_id = e.case_id and b.at <= e.at and b.type in ('case.settled', 'case.replied')
  order by b.at desc limit 1) a on true
where e.type = 'case.rated'
on conflict (case_id, answered_at) do nothing
"""
"""The ratings of each answer, from the timeline."""
EVENT = "id", "case_id", "type", "at", "audience", "account", "role", "unit_id", "note", "data"
SUPPORT = "id", "case_id", "unit_id"
COUNTER = "county", "day", "series", "given"


def case_rows(
    cases: Iterable[DemoCase], channels: Mapping[str, int], categories: Mapping[str, int]
) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of `cases.case`; when they are due, whoever reckons that says afterwards."""
    for case in cases:
        asker, hands, place, name = case.asker, case.hands, case.place, case.asker.grid.place
        title, description = (text.replace("{place}", name) for text in (case.story.title, case.story.description))
        # The place is kept as it was sent, too, in the coordinates it came in.
        source = place and _json({"longitude": place.longitude, "latitude": place.latitude, "crs": Crs.WGS84})
        lead = hands.lead if case.status is not Status.RETURNED else None
        answered, category = case.last(lives.REPLY, lives.SETTLE), categories[case.story.category]
        yield (
            case.id, case.number, case.series, case.story.kind, channels[asker.channel], category,
            case.urgency, case.origin, title, description,
            case.status, asker.grid.id, asker.person and asker.person.id, asker.proxy and asker.proxy.id,
            asker.anonymous, asker.account, place and place.longitude, place and place.latitude,
            source, place and f"{asker.grid.town.name}{name}", lead and lead.id,
            hands.accused and hands.accused.id, case.level is SettlementLevel.GRID, case.level, case.last(lives.REPORT),
            answered, case.last(lives.CLOSE), case.reply, answered, case.rating, case.rating and True, _comment(case),
            case.count(lives.REOPEN), case.version, NEVER, NEVER,
        )  # fmt: skip


def event_rows(random: Random, cases: Iterable[DemoCase]) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of `cases.event`."""
    for case in cases:
        before: Status | None = None
        for place, turn in enumerate(case.turns):
            role, body = _actor(case, place)
            account = f"demo.{role.name}.{body.code}" if role and body else None
            after = lives.TARGETS.get(turn.event, before)
            data, unit = _json(_facts(case, place, before, after)), dispatched_to(case, place) or body
            # Why a unit sent a case back is between offices, and not shown to whoever asked.
            audience = Audience.STAFF if turn.event == lives.RETURN else Audience.PUBLIC
            at, note = county_time.to_utc(turn.at), _note(random, case, turn.event)
            key, name = uuid7(random, at), role and role.name
            yield key, case.id, turn.event, at, audience, account, name, unit and unit.id, note, data
            before = after


def support_rows(random: Random, cases: Iterable[DemoCase]) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of `cases.support`."""
    for case in cases:
        if case.hands.support:
            yield uuid7(random, case.last(lives.DISPATCH)), case.id, case.hands.support.id


def counter_rows(given: Mapping[tuple[date, Series], int]) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of `cases.counter`."""
    return ((CODE, day, series, count) for (day, series), count in given.items())


def _actor(case: DemoCase, place: int) -> tuple[Role | None, Organisation | None]:
    """Return who took a step: in which role, for which organisation."""
    hands = case.hands
    match case.turns[place].event:
        case lives.REPORT:
            unknown = None if case.asker.channel == "IOT" else roles.RESIDENT
            return roles.GRID_WORKER if case.asker.proxy else unknown, None
        case lives.ACCEPT | lives.DECLINE | lives.MERGE | lives.DISPATCH | lives.VOID:
            return roles.COUNTY_DISPATCHER if hands.accused else roles.TOWN_DISPATCHER, hands.desk
        case lives.SETTLE:
            return roles.GRID_WORKER, hands.village
        case lives.RETURN:
            return roles.DEPARTMENT_HANDLER, hands.misled or hands.lead
        case lives.HANDLE | lives.SUSPEND | lives.RESUME | lives.REPLY:
            return roles.DEPARTMENT_HANDLER, hands.lead
        case lives.CLOSE if case.turns[place - 1].event != lives.RATED or (case.rating or 0) < lives.GOOD:
            return None, None  # the grace is over
    return roles.RESIDENT, None


def dispatched_to(case: DemoCase, place: int) -> Organisation | None:
    """Return the unit a case was dispatched to by this step."""
    if case.turns[place].event != lives.DISPATCH:
        return None
    # The first dispatch after acceptance goes wrong, if one does.
    return case.hands.misled if case.hands.misled and case.turns[place - 1].event == lives.ACCEPT else case.hands.lead


def _facts(case: DemoCase, place: int, before: Status | None, after: Status | None) -> dict[str, Any]:
    """Return what a step's event keeps: codes and figures, never names or texts."""
    if case.turns[place].event == lives.RATED:
        solved = lives.REOPEN not in [turn.event for turn in case.turns[place + 1 : place + 2]]
        return {"rating": case.rating if solved else lives.UNSOLVED, "solved": solved}
    facts: dict[str, Any] = {"from": before, "to": after}
    if lead := dispatched_to(case, place):
        support = case.hands.support if lead is case.hands.lead else None
        facts |= {"leadUnit": lead.code, "supportUnits": [support.code] if support else []}
    if case.into and after is Status.MERGED:
        facts |= {"into": case.into}
    return facts


def _note(random: Random, case: DemoCase, event: str) -> str | None:
    """Return what somebody wrote beside a step."""
    if event in (lives.REPLY, lives.SETTLE):
        return case.reply
    notes = stories.NOTES.get(event)
    return random.choice(notes) if notes else None


def _comment(case: DemoCase) -> str | None:
    """Return the comment of a rating; half of those who rate say something."""
    # By the id rather than by chance: it needs no further draw, which would change all later ones.
    if case.rating is None or case.id.int % 2:
        return None
    words = stories.PRAISE if case.rating >= lives.GOOD else stories.GRUMBLES
    return words[case.id.int // 2 % len(words)]


def _json(value: Any) -> str:
    """Write a value as JSON."""
    return orjson.dumps(value).decode()
