"""Care: how households are looked after, with needs, awards, tiers, helpers and visits, and who is responsible."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import NamedTuple
from uuid import UUID

from gongzhi.core.people.models import Duty, IncomeBand, Line, Need, ResidenceKind, Tier
from gongzhi.core.people.tiers import TierInputs, TierResult, decide_tier, next_visit_due
from gongzhi.values.codes import Kind

from . import county_time
from .chance import WeightedChoice
from .grids import SINCE, DemoGrid, Tree
from .people import GRANDPARENTS, OLD_ALONE, DemoHousehold, DemoPerson

NEEDS = {
    OLD_ALONE: (0.45, (Need.VISIT, Need.ERRANDS, Need.TRANSPORT, Need.HOME_CARE, Need.ACCESSIBLE_SERVICE)),
    GRANDPARENTS: (0.35, (Need.CHILD_COMPANY, Need.VISIT, Need.TRANSPORT)),
}
OTHERS = 0.02, (Need.JOB_HELP, Need.LEGAL_HELP, Need.TRANSPORT, Need.ACCESSIBLE_SERVICE)
RECENT = {Tier.LIANXIN: 45, Tier.GUANXIN: 120}
"""The last visit was so many days ago at most, so that some are overdue."""
INCOMES = WeightedChoice({IncomeBand.ABOVE_MEAN: 46, IncomeBand.BELOW_MEAN: 36, IncomeBand.UNKNOWN: 18})
PEACEFUL = WeightedChoice({0.97: 55, 0.5: 25, 0.05: 20})
"""How often a household is a 平安家庭: most are nearly always, some now and then, some hardly ever."""
LINES = WeightedChoice({Line.PARTY_MEMBER: 40, Line.DEPUTY: 12, Line.CENTER_HOUSEHOLD: 48})
DUTY_PHONE = 19_990_000_000
"""Duty phones count up from here."""
NOTES = (
    "上门走访，家中平安，天气转凉，提醒注意用火用电。",
    "了解近期生活情况，老人身体尚可，约定下次赶集时捎带日用品。",
    "核对联系方式，宣传防诈骗知识，发放便民联系卡。",
    "帮助查看电路和取暖设备，未发现隐患。",
    "陪同办理医保缴费，已完成。",
    "交流孩子上学情况，约定周末到村图书室辅导作业。",
    "了解务工意愿，推荐县内用工信息两条。",
    "查看住房排水，雨季前请水利站再看一次。",
    "电话不便，代为联系在外子女，一切正常。",
    "听取对村里道路和路灯的意见，已记下转交村委会。",
)


class DemoVisit(NamedTuple):
    """A visit, by whom and when."""

    visitor: DemoPerson
    at: int
    note: str


@dataclass(frozen=True)
class Care:
    """What the county does for one household."""

    household: DemoHousehold
    needs: tuple[Need, ...]
    income: IncomeBand
    confirmed: date | None
    awards: tuple[int, ...]
    inputs: TierInputs
    decision: TierResult
    decided: int
    helper: tuple[Line, DemoPerson] | None
    visits: tuple[DemoVisit, ...]
    due: date

    @property
    def needy(self) -> DemoPerson | None:
        """The member the needs are about: the youngest for company, the head for all else."""
        if not self.needs:
            return None
        people = [person for person, _ in self.household.members]
        return max(people, key=lambda person: person.birth) if Need.CHILD_COMPANY in self.needs else people[0]


class Post(NamedTuple):
    """Who holds a duty in a grid."""

    grid: DemoGrid
    duty: Duty
    person: DemoPerson
    phone: str


class Residents:
    """People who could be asked to take on something, nearest first."""

    def __init__(self, households: Sequence[DemoHousehold], today: date) -> None:
        self.near: dict[DemoGrid, list[DemoPerson]] = defaultdict(list)
        for household in households:
            # People registered here who live elsewhere cannot take on a duty here.
            for person, _ in household.members:
                if 25 <= person.age(today) < 66 and person.residence is not ResidenceKind.REGISTERED:
                    self._file(person)

    def _file(self, person: DemoPerson) -> None:
        """File somebody under each grid around them, from the smallest to the county."""
        grid: DemoGrid | None = person.grid
        while grid is not None:
            self.near[grid].append(person)
            grid = grid.parent

    def of(self, grid: DemoGrid) -> list[DemoPerson]:
        """Return those of the smallest grid around this one in which there are at least two."""
        around: DemoGrid | None = grid
        while around is not None:
            if len(self.near[around]) > 1:
                return self.near[around]
            around = around.parent
        raise LookupError("the county has too few people to fill any post")


def make_posts(random: Random, tree: Tree, residents: Residents) -> Iterator[Post]:
    """Yield the posts: a worker for each third-level grid, a leader for each first- and third-level grid."""
    phones: dict[UUID, str] = {}
    for grid in tree.grids:
        if grid.kind not in (Kind.GRID_1, Kind.GRID_3):
            continue
        # Two different people: who leads a grid does not also work it.
        leader, worker = random.sample(residents.of(grid), 2)
        duties = [(Duty.GRID_LEADER, leader), (Duty.GRID_WORKER, worker)]
        for duty, person in duties[: 1 if grid.kind is Kind.GRID_1 else 2]:
            # One duty phone a person, however many posts they hold.
            phone = phones.setdefault(person.id, str(DUTY_PHONE + len(phones)))
            yield Post(grid, duty, person, phone)


def look_after(
    random: Random, households: Sequence[DemoHousehold], residents: Residents, held: Sequence[Post], today: date
) -> Iterator[Care]:
    """Decide on each household, name its helper and visit it."""
    duties = {(post.grid, post.duty): post.person for post in held}
    for household in households:
        needs, awards, decided = _needs(random, household), _awards(random, today), _past(random, today, 20, 330)
        income = INCOMES.draw(random)
        inputs = TierInputs(county_time.day_at(decided), frozenset(needs), income, frozenset(awards))
        # By the published rule itself, so that the demo cannot show a tier that the rule would not give.
        decision = decide_tier(inputs)
        leader, worker = duties[household.grid, Duty.GRID_LEADER], duties[household.grid, Duty.GRID_WORKER]
        helper = _helper(random, household, leader, residents) if decision.tier is Tier.LIANXIN else None
        visits = _visits(random, decision.tier, helper[1] if helper else worker, today)
        last = county_time.day_at(visits[-1].at if visits else decided)
        confirmed = None if income is IncomeBand.UNKNOWN else county_time.day_at(decided) - timedelta(days=10)
        next_visit = next_visit_due(decision.tier, last)
        yield Care(household, needs, income, confirmed, awards, inputs, decision, decided, helper, visits, next_visit)


def _needs(random: Random, household: DemoHousehold) -> tuple[Need, ...]:
    """Draw the needs of a household, by the kind of its family."""
    often, kinds = NEEDS.get(household.family, OTHERS)
    return tuple(random.sample(kinds, random.choice((1, 1, 2)))) if random.random() < often else ()


def _awards(random: Random, today: date) -> tuple[int, ...]:
    """Draw the years for which the household was a 平安家庭."""
    chance = PEACEFUL.draw(random)
    return tuple(year for year in range(SINCE.year, today.year) if random.random() < chance)


def _helper(
    random: Random, household: DemoHousehold, leader: DemoPerson, residents: Residents
) -> tuple[Line, DemoPerson]:
    """Choose somebody from outside the household, from as near as may be."""
    line, own = LINES.draw(random), {person.id for person, _ in household.members}
    near = [leader] if line is Line.CENTER_HOUSEHOLD else residents.of(household.grid)
    for circle in (near, residents.of(household.grid.village), residents.of(household.grid.up(Kind.COUNTY))):
        others = [person for person in circle if person.id not in own]
        if others:
            return line, random.choice(others)
    raise LookupError(f"household {household.number} has no neighbours")


def _visits(random: Random, tier: Tier, visitor: DemoPerson, today: date) -> tuple[DemoVisit, ...]:
    """Draw a few visits in the last year, in order; none for those who are served when they call."""
    if tier not in RECENT:
        return ()
    moments = [
        _past(random, today, 1, RECENT[tier]),
        *(_past(random, today, 1, 360) for _ in range(random.randint(1, 4))),
    ]
    return tuple(DemoVisit(visitor, moment, random.choice(NOTES)) for moment in sorted(moments))


def _past(random: Random, today: date, least: int, most: int) -> int:
    """Draw a moment by day, so many days ago."""
    start = county_time.day_start(today) - random.randint(least, most) * county_time.DAY
    return start + random.randrange(*county_time.OFFICE)
