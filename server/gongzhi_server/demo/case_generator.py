"""Case generator: who raises what with whom, as the county's cases in the order in which they were reported."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from itertools import accumulate
from random import Random

from gongzhi.core.cases.models import CaseKind, Origin, SettlementLevel, Status, Urgency
from gongzhi.values.codes import Series, case_number
from gongzhi.values.geometry import Point

from . import county_time, lives, stories
from .bodies import Organisations
from .cases import Asker, DemoCase, HandlingBodies
from .chance import WeightedChoice, uuid7
from .grids import CODE, SINCE, DemoGrid, Tree
from .lives import StepTaken
from .outcomes import CaseOutcomes
from .people import DemoPerson
from .stories import Story

CHANNELS = WeightedChoice({
    "WEB": 7,
    "MINI_APP": 35,
    "HOTLINE_12345": 15,
    "GRID_WORKER": 24,
    "VISIT": 11,
    "DEPUTY": 4,
    "PARTY_MEMBER": 3,
    "LETTER": 1,
})  # fmt: skip
NAMELESS = "HOTLINE_12345", "LETTER", "WEB"
SENSED = "safety", "agriculture.disaster", "utilities.water", "environment.bins", "roads.surface"
"""What a sensor can notice."""
URGENCIES = WeightedChoice({Urgency.ROUTINE: 92, Urgency.URGENT: 7, Urgency.EMERGENCY: 1})
KINDS = WeightedChoice(stories.DISPUTES)
LEVELS = WeightedChoice({SettlementLevel.VILLAGE: 55, SettlementLevel.TOWN: 29, SettlementLevel.COUNTY: 16})
ON_THE_SPOT, REOPENED, UNKNOWN, PLACED, SUPPORTED = 0.315, 0.015, 0.031, 0.6, 0.1
"""Shares: settled in the grid, answered twice, from nobody known, with a place, with a supporting unit."""
SEALED_DAYS = 720, 30
"""Sealed tip-offs are at most so many days old, those under way at most so many."""


@dataclass
class CaseGenerator:
    """Makes the county's cases."""

    random: Random
    tree: Tree
    bodies: Organisations
    people: Sequence[DemoPerson]
    workers: dict[DemoGrid, DemoPerson]
    outcomes: CaseOutcomes
    today: date
    given: Counter[tuple[date, Series]] = field(default_factory=Counter)
    """How many numbers have been given on a day in a series."""
    raised: dict[tuple[DemoGrid, str], str] = field(default_factory=dict)
    """The number of the last case in a town about a subject."""

    def cases(self) -> Iterator[DemoCase]:
        """Yield every case: the ordinary ones as they were reported, then the sealed tip-offs."""
        for place, moment in enumerate(self._reports(self.outcomes.ordinary, county_time.day_start(SINCE))):
            yield self._ordinary(place, moment)
        late = [status for status in self.outcomes.sealed if status is not Status.REPLIED]
        early = [status for status in self.outcomes.sealed if status is Status.REPLIED]
        since, between = (
            max(county_time.day_start(SINCE), self.horizon - days * county_time.DAY) for days in SEALED_DAYS
        )
        moments = self._reports(len(early), since, between) + self._reports(len(late), between)
        for status, moment in zip([*early, *late], moments, strict=True):
            yield self._make_tip_off(status, moment)

    @cached_property
    def horizon(self) -> int:
        """Nothing happens after this: it is the start of today, whatever the hour of loading."""
        return county_time.day_start(self.today)

    @cached_property
    def adults(self) -> list[DemoPerson]:
        return [person for person in self.people if person.age(self.today) >= 16]

    @cached_property
    def stories(self) -> stories.Stories:
        return stories.read_stories()

    def _reports(self, count: int, since: int, until: int | None = None) -> list[int]:
        """Draw moments of reporting: more of them as time goes by, fewer at weekends."""
        days = range(since, until or self.horizon, county_time.DAY)
        weights = [
            (0.5 + place / len(days)) * (1 if county_time.day_at(day).weekday() < 5 else 0.6)
            for place, day in enumerate(days)
        ]
        chosen = self.random.choices(days, cum_weights=list(accumulate(weights)), k=count)
        return sorted(day + int(self.random.triangular(7.5, 20.5, 10.5) * county_time.HOUR) for day in chosen)

    def _number(self, moment: int, series: Series) -> str:
        """Give the next number of a day in a series."""
        day = county_time.day_at(moment)
        self.given[day, series] += 1
        return case_number(CODE, day, self.given[day, series], series)

    # --- ordinary cases ---

    def _ordinary(self, place: int, moment: int) -> DemoCase:
        """Make the ordinary case at a place in the order of reporting."""
        status, dispute = self.outcomes.status.get(place), place in self.outcomes.disputes
        # The order of draws matters: the same seed makes the same county only while each draw stays in its place.
        story = self._story(dispute)
        asker = self._asker(story)
        turns = self._course(moment, status, dispute)
        level = self._level(place, story, turns)
        if status is None:
            turns += self._aftermath(place, turns[-1].at, level)
        number = self._number(moment, Series.ORDINARY)
        earlier = self.raised.get((asker.grid.town, story.category))
        self.raised[asker.grid.town, story.category] = number
        return DemoCase(
            id=uuid7(self.random, county_time.to_utc(moment)),
            number=number,
            story=story,
            asker=asker,
            hands=self._hands(asker.grid, story, level, turns),
            turns=tuple(turns),
            urgency=URGENCIES.draw(self.random),
            origin=self._origin(asker),
            place=self._place(asker.grid),
            level=level if status is None else None,
            rating=self.outcomes.ratings.get(place) if any(turn.event == lives.RATED for turn in turns) else None,
            into=earlier if status is Status.MERGED else None,
        )

    def _story(self, dispute: bool) -> Story:
        """Choose what the case is about."""
        if not dispute:
            return self.random.choice(self.stories.ordinary)
        return self.stories.disputes[KINDS.draw(self.random)]

    def _asker(self, story: Story) -> Asker:
        """Choose who asks, where, and by which channel."""
        random = self.random
        trouble = story.kind in (CaseKind.HELP, CaseKind.COMPLAINT)
        if trouble and story.category in SENSED and random.random() < 0.12:
            return Asker(random.choice(self.tree.bases), "IOT")
        if random.random() < UNKNOWN:
            return Asker(random.choice(self.tree.bases), random.choice(NAMELESS), anonymous=random.random() < 0.5)
        person = random.choice(self.adults)
        if person.age(self.today) >= 70 and random.random() < 0.5:
            return Asker(person.grid, "GRID_WORKER", person, self.workers[person.grid])
        return Asker(person.grid, CHANNELS.draw(random), person)

    def _course(self, moment: int, status: Status | None, dispute: bool) -> list[StepTaken]:
        """Return the steps up to the answer, or up to the status in which the case stays without one."""
        random = self.random
        if status is not None:
            return lives.fit_before(lives.take_course(random, moment, lives.UNFINISHED[status]), self.horizon)
        plain = lives.COURSES.draw(random)
        here = not dispute and random.random() < ON_THE_SPOT
        turns = lives.take_course(random, moment, lives.ON_THE_SPOT if here else plain)
        if turns[-1].at >= self.horizon and not dispute:  # what is answered so soon is answered on the spot
            turns = lives.take_course(random, moment, lives.ON_THE_SPOT)
        return lives.fit_before(turns, self.horizon)

    def _level(self, place: int, story: Story, turns: Sequence[StepTaken]) -> SettlementLevel:
        """Return where the case is settled, or would be."""
        if turns[-1].event == lives.SETTLE:
            return SettlementLevel.GRID
        if place in self.outcomes.disputes:
            return self.outcomes.disputes[place] or SettlementLevel.VILLAGE
        if story.line:
            return SettlementLevel.COUNTY
        return LEVELS.draw(self.random)

    def _aftermath(self, place: int, answered: int, level: SettlementLevel) -> list[StepTaken]:
        """Return what follows the answer and has happened already."""
        rating = self.outcomes.ratings[place]
        good = rating is not None and rating >= lives.GOOD
        again = good and place < self.outcomes.recent and level is not SettlementLevel.GRID
        reopened = again and self.random.random() < REOPENED
        return [turn for turn in lives.follow_answer(self.random, answered, rating, reopened) if turn.at < self.horizon]

    def _hands(
        self, grid: DemoGrid, story: Story, level: SettlementLevel, turns: Sequence[StepTaken]
    ) -> HandlingBodies:
        """Choose the organisations that the case goes through."""
        desk, village = self.bodies.town(grid), self.bodies.village(grid)
        steps = [turn.event for turn in turns]
        if lives.DISPATCH not in steps:
            return HandlingBodies(desk, village)
        department = self.bodies.department(story.unit)
        lead = {SettlementLevel.VILLAGE: village, SettlementLevel.TOWN: desk}.get(level, department)
        others = [body for body in self.bodies.lines if body is not lead]
        misled = self.random.choice(others) if steps.count(lives.DISPATCH) > 1 else None
        support = desk if lead is department and self.random.random() < SUPPORTED else None
        return HandlingBodies(desk, village, lead, misled, support)

    def _origin(self, asker: Asker) -> Origin:
        """Return whether the matter was found before anybody asked."""
        patrol = asker.channel in ("GRID_WORKER", "VISIT") and not asker.proxy and self.random.random() < 0.2
        return Origin.PROACTIVE if patrol or asker.channel == "IOT" else Origin.REACTIVE

    def _place(self, grid: DemoGrid) -> Point | None:
        """Draw a place in the grid, off its sides."""
        if grid.land is None or self.random.random() > PLACED:
            return None
        return grid.land.place_at(self.random.uniform(0.05, 0.95), self.random.uniform(0.05, 0.95))

    # --- sealed tip-offs ---

    def _make_tip_off(self, status: Status, moment: int) -> DemoCase:
        """Make a tip-off against a local unit; it lies in the county, so that its place gives nobody away."""
        steps = lives.PLAIN if status is Status.REPLIED else lives.UNFINISHED[status]
        turns = lives.fit_before(lives.take_course(self.random, moment, steps), self.horizon)
        number = self._number(moment, Series.SEALED)
        office = self.bodies.department(stories.SEALED.unit)
        accused = self.random.choice([body for body in self.bodies.by_code.values() if body is not office])
        lead = office if any(turn.event == lives.DISPATCH for turn in turns) else None
        account = f"demo.stranger.{self.given.total()}"
        return DemoCase(
            id=uuid7(self.random, county_time.to_utc(moment)),
            number=number,
            story=stories.SEALED,
            asker=Asker(self.tree.county, "WEB", anonymous=True, account=account),
            hands=HandlingBodies(office, lead=lead, accused=accused),
            turns=tuple(turns),
            level=SettlementLevel.COUNTY if status is Status.REPLIED else None,
        )
