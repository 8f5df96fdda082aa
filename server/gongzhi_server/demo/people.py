"""People: invented ones in invented families: who lives where, with whom, how old."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate
from random import Random
from typing import NamedTuple
from uuid import UUID

from gongzhi.core.people.models import Gender, Relation, ResidenceKind
from stdnum.cn import ric

from . import names
from .chance import WeightedChoice, uuid7
from .grids import CODE, SINCE, DemoGrid

MOBILE = 19_900_000_000
"""Mobile numbers count up from here."""
CENSUS = datetime.combine(SINCE, time(1), UTC), timedelta(days=90)
"""When the files were opened, and how long that took."""


class Relative(NamedTuple):
    """A member of a family: how much older than the head at least and at most, and how often there is one."""

    relation: Relation
    low: int
    high: int
    chance: float = 1.0


class Family(NamedTuple):
    """A kind of family: its share in the county, the head's age at least and at most, and who else belongs to it."""

    name: str
    share: float
    low: int
    high: int
    kin: tuple[Relative, ...] = ()


SPOUSE = Relative(Relation.SPOUSE, -4, 3)
CHILDREN = Relative(Relation.CHILD, -31, -22), Relative(Relation.CHILD, -31, -22, 0.6)
PARENTS = Relative(Relation.PARENT, 20, 30), Relative(Relation.PARENT, 20, 30, 0.6)
GRANDCHILDREN = Relative(Relation.GRANDCHILD, -62, -48), Relative(Relation.GRANDCHILD, -62, -48, 0.5)

OLD_ALONE, GRANDPARENTS = "old alone", "grandparents"
FAMILIES = (
    Family(OLD_ALONE, 8, 65, 92),
    Family("alone", 6, 22, 64),
    Family("old couple", 15, 62, 88, (SPOUSE,)),
    Family("couple", 9, 40, 63, (SPOUSE,)),
    Family("parents", 23, 26, 55, (SPOUSE, *CHILDREN)),
    Family("three generations", 25, 30, 56, (SPOUSE, *CHILDREN, *PARENTS)),
    Family(GRANDPARENTS, 10, 56, 74, (SPOUSE, *GRANDCHILDREN)),
    Family("one parent", 4, 30, 52, CHILDREN),
)
FAMILY = WeightedChoice({family: family.share for family in FAMILIES})
HEAD = WeightedChoice({Gender.MALE: 72, Gender.FEMALE: 28})


class DemoPerson(NamedTuple):
    """Somebody, before any value is sealed."""

    id: UUID
    name: str
    gender: Gender
    birth: date
    residence: ResidenceKind
    grid: DemoGrid
    resident_id: str | None
    phone: str | None
    created: datetime

    def age(self, today: date) -> int:
        """Return the age in years, right but for a day around the birthday."""
        return (today - self.birth).days * 100 // 36525


class DemoHousehold(NamedTuple):
    """A household and who belongs to it, the head first."""

    id: UUID
    number: str
    family: str
    address: str
    grid: DemoGrid
    members: tuple[tuple[DemoPerson, Relation], ...]
    created: datetime

    @property
    def head(self) -> DemoPerson:
        return self.members[0][0]


class Settlement:
    """Makes households, and sees to it that no number is given twice."""

    def __init__(self, random: Random, today: date) -> None:
        self.random, self.today = random, today
        self.births: Counter[tuple[date, Gender]] = Counter()
        self.houses: Counter[str] = Counter()
        self.phones = 0

    def household(self, grid: DemoGrid, most: int, entered: datetime) -> DemoHousehold:
        """Make a household of at most so many people."""
        family = FAMILY.draw(self.random)
        members = tuple(self._members(family, grid, most, entered))
        self.houses[grid.village.code] += 1
        house = self.houses[grid.village.code]
        number, address = f"{grid.village.code}-{house:05}", f"{grid.town.name}{grid.place}{house}号"
        return DemoHousehold(uuid7(self.random, entered), number, family.name, address, grid, members, entered)

    def _members(
        self, family: Family, grid: DemoGrid, most: int, entered: datetime
    ) -> Iterator[tuple[DemoPerson, Relation]]:
        """Yield the members of a household, with surnames as families have them."""
        kin = _draw_relatives(self.random, family)[:most]
        # A wife keeps her own surname, and children mostly have their father's.
        own, other = names.SURNAMES.draw(self.random), names.SURNAMES.draw(self.random)
        husband = any(relation is Relation.SPOUSE and gender is Gender.MALE for relation, gender, _ in kin)
        fathers = other if husband else own
        surnames = {Relation.SPOUSE: other, Relation.CHILD: fathers, Relation.GRANDCHILD: fathers}
        for relation, gender, age in kin:
            mother = relation is Relation.PARENT and gender is Gender.FEMALE
            surname = names.SURNAMES.draw(self.random) if mother else surnames.get(relation, own)
            yield self._person(surname, gender, age, grid, entered), relation

    def _person(self, surname: str, gender: Gender, age: int, grid: DemoGrid, entered: datetime) -> DemoPerson:
        """Make somebody."""
        random = self.random
        birth = self.today - timedelta(days=age * 36525 // 100 + random.randint(1, 365))
        # Nobody was on file before they were born.
        created = max(entered, datetime.combine(birth, time(1), UTC))
        return DemoPerson(
            uuid7(random, created),
            surname + names.given_name(random, gender, birth.year),
            gender,
            birth,
            _residence(random, age),
            grid,
            self._resident_id(birth, gender) if random.random() < 0.98 else None,
            self._phone() if random.random() < _reachable(age) else None,
            created,
        )

    def _resident_id(self, birth: date, gender: Gender) -> str:
        """Return the next resident ID of the day: odd for men, even for women (GB 11643)."""
        self.births[birth, gender] += 1
        sequence = self.births[birth, gender] * 2 - (gender is Gender.MALE)
        body = f"{CODE}{birth.year:04}{birth.month:02}{birth.day:02}{sequence:03}"
        # The check digit is computed over seventeen digits; the library wants eighteen and ignores the last.
        return body + ric.calc_check_digit(body + "0")

    def _phone(self) -> str:
        """Give the next telephone number."""
        self.phones += 1
        return str(MOBILE + self.phones)


def settle_people(random: Random, grids: Sequence[DemoGrid], people: int, today: date) -> Iterator[DemoHousehold]:
    """Fill the grids with households until there are exactly so many people, about as many in each grid."""
    settlement, placed = Settlement(random, today), 0
    # The last target is exactly `people`, so that no rounding leaves somebody out.
    sums = list(accumulate(random.uniform(0.6, 1.4) for _ in grids))
    for grid, reached in zip(grids, sums, strict=True):
        target = round(people * reached / sums[-1])
        while placed < target:
            entered = CENSUS[0] + CENSUS[1] * (placed / people)
            household = settlement.household(grid, people - placed, entered)
            placed += len(household.members)
            yield household


def _draw_relatives(random: Random, family: Family) -> list[tuple[Relation, Gender, int]]:
    """Draw relation, gender and age of everybody in a family of this kind, the head first."""
    age, gender = random.randint(family.low, family.high), HEAD.draw(random)
    found = [(Relation.HEAD, gender, age)]
    for kin in family.kin:
        if random.random() < kin.chance:
            theirs = min(96, max(0, age + random.randint(kin.low, kin.high)))
            found.append((kin.relation, _gender(random, kin.relation, found), theirs))
    return found


OPPOSITE = {Gender.FEMALE: Gender.MALE, Gender.MALE: Gender.FEMALE}


def _gender(random: Random, relation: Relation, found: Sequence[tuple[Relation, Gender, int]]) -> Gender:
    """Draw the gender of a member, given who has been drawn already."""
    if relation is Relation.SPOUSE:
        return OPPOSITE[found[0][1]]
    if relation is Relation.PARENT:
        return Gender.MALE if found[-1][0] is Relation.PARENT else Gender.FEMALE
    return Gender.MALE if random.random() < 0.52 else Gender.FEMALE


def _residence(random: Random, age: int) -> ResidenceKind:
    """Draw where somebody lives: many of working age are registered here and live elsewhere."""
    away = 0.3 if 18 <= age < 50 else 0.05
    draw = random.random()
    if draw < away:
        return ResidenceKind.REGISTERED
    return ResidenceKind.FLOATING if draw > 0.97 else ResidenceKind.RESIDENT


def _reachable(age: int) -> float:
    """Return how many at this age have a telephone of their own."""
    return 0.0 if age < 14 else 0.9 if age < 70 else 0.6
