"""Plan: what becomes of each row of a table of residents, given what is registered already."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from uuid import UUID

from gongzhi.core.people.models import Relation
from gongzhi.core.people.sealed_values import RESIDENT_ID
from gongzhi.runtime.sealing import KeyRing

from .drafts import RowDraft, Sheet
from .registry import HomePlace, ImportRegistry, KnownHousehold, KnownPerson, Namesake
from .report import Findings
from .texts import refusal_for


@dataclass(frozen=True, slots=True)
class PlacedRow:
    """A row and where the person lives."""

    draft: RowDraft
    place: HomePlace

    @property
    def namesake(self) -> Namesake | None:
        """What two rows about the same person probably share."""
        return (self.draft.name, self.draft.birth, self.place.grid_id) if self.draft.birth else None


@dataclass(frozen=True, slots=True)
class Update:
    """A row about somebody who is registered."""

    sited: PlacedRow
    known: KnownPerson


@dataclass(frozen=True, slots=True)
class NewHousehold:
    """A household that is new: the row of its head, its address, and the needs that its rows declare for it."""

    head: PlacedRow
    address: str
    needs: frozenset[str]


@dataclass(frozen=True)
class Plan:
    """Who is added and who is updated; the households by number, those registered and the new ones."""

    newcomers: list[PlacedRow]
    updates: list[Update]
    houses: Mapping[str, KnownHousehold]
    households: dict[str, NewHousehold]


class Reporter:
    """A reporter of what is found in the rows of a sheet."""

    def __init__(self, sheet: Sheet, findings: Findings) -> None:
        self.sheet, self.findings = sheet, findings

    def skip(self, draft: RowDraft, column: str, code: str, **facts: object) -> None:
        """Report why a row is left out."""
        self.findings.add(self.sheet.file, draft.line, self.sheet.heading(column), refusal_for(code, **facts))

    def note(self, draft: RowDraft, column: str, code: str, known: KnownPerson | None = None, **facts: object) -> None:
        """Report something about a row that is not left out for it."""
        heading, person = self.sheet.heading(column), known.id if known else None
        told = refusal_for(code, **describe_known(known), **facts)
        self.findings.add(self.sheet.file, draft.line, heading, told, person=person, skips=False)

    def duplicate(self, draft: RowDraft, known: KnownPerson, skips: bool) -> None:
        """Report that the person of a row is registered."""
        told = refusal_for("DUPLICATE", **describe_known(known))
        self.findings.add(self.sheet.file, draft.line, "", told, person=known.id, skips=skips)


def describe_known(known: KnownPerson | None) -> dict[str, object]:
    """Return what a report may tell of somebody: the surname and the id."""
    # The report may be read by somebody who must not see the register.
    return {"name": known.name[:1] + "*" * (len(known.name) - 1), "person": known.id} if known else {}


def find_homes(
    drafts: Collection[RowDraft], places: Mapping[str, HomePlace], houses: Mapping[str, KnownHousehold], say: Reporter
) -> Iterator[PlacedRow]:
    """Find where everybody lives: in the grid of the row, or else where the household is registered or its head is."""
    heads = {draft.number: draft for draft in drafts if draft.relation is Relation.HEAD and draft.grid}
    for draft in drafts:
        # A registered household decides where it is; else its head's row does.
        house, head = houses.get(draft.number), heads.get(draft.number)
        home = house.place if house else places.get(head.grid or "") if head else None
        place = places.get(draft.grid) if draft.grid else home
        if place is None:
            said = draft.grid or (head and head.grid)
            say.skip(draft, "grid", "NO_GRID" if said else "REQUIRED")
        # A household's rows and keys belong to one county.
        elif home and place.county_id != home.county_id:
            say.skip(draft, "grid", "NUMBER_TAKEN" if house else "OTHER_COUNTY")
        else:
            yield PlacedRow(draft, place)


def drop_repeated(rows: Collection[PlacedRow], say: Reporter) -> Iterator[PlacedRow]:
    """Leave out the rows about somebody who is further up: by resident ID, or by name and birth date in a household."""
    holders: dict[tuple[int, str], int] = {}
    members: dict[tuple[str, str, object], RowDraft] = {}
    for row in rows:
        draft = row.draft
        line = holders.get((row.place.county_id, draft.resident_id)) if draft.resident_id else None
        twin = members.get((draft.number, draft.name, draft.birth))
        # Two rows with different resident IDs are two people, even with one name and birth date.
        if twin and not (twin.resident_id and draft.resident_id):
            line = line or twin.line
        if line:
            say.skip(draft, "", "DUPLICATE_LINE", line=line)
            continue
        if draft.resident_id:
            holders[row.place.county_id, draft.resident_id] = draft.line
        members.setdefault((draft.number, draft.name, draft.birth), draft)
        yield row


class Recognition:
    """The recognition of people who are registered already."""

    def __init__(self, registry: ImportRegistry, keys: KeyRing, say: Reporter, update: bool) -> None:
        self.registry, self.keys, self.say, self.update = registry, keys, say, update
        self.updates: dict[UUID, Update] = {}

    def newcomers(self, rows: Collection[PlacedRow]) -> Iterator[PlacedRow]:
        """Yield the rows about people who are not; keep the others as updates, or leave them out."""
        for row in rows:
            if known := self.match(row):
                self.meet(row, known)
            else:
                yield row

    def match(self, row: PlacedRow) -> KnownPerson | None:
        """Return who a row is about, if they are registered: by resident ID, or as a member of the household."""
        draft, holders = row.draft, self.registry.holders
        # By blind index under every key of the ring, since rows may be under an older one.
        if draft.resident_id:
            blinds = self.keys.blinds(row.place.county, RESIDENT_ID, draft.resident_id)
            if found := next((holders[blind] for blind in blinds if blind in holders), None):
                return found
        house = self.registry.houses.get(draft.number)
        twin = self.registry.members.get((house.id, draft.name, draft.birth)) if house else None
        return twin if twin and not (twin.blind and draft.resident_id) else None

    def meet(self, row: PlacedRow, known: KnownPerson) -> None:
        """Keep a row about somebody who is registered as an update, or report it."""
        earlier = self.updates.get(known.id)
        if earlier:
            self.say.skip(row.draft, "", "DUPLICATE_LINE", line=earlier.sited.draft.line)
            return
        self.say.duplicate(row.draft, known, skips=not self.update)
        if not self.update:
            return
        self.updates[known.id] = Update(row, known)
        house = self.registry.houses.get(row.draft.number)
        if house is None or house.id != known.household_id:
            self.say.note(row.draft, "number", "MEMBER_ELSEWHERE")
        else:
            report_kept(house, row.draft, self.say)


def find_joining(house: KnownHousehold, fresh: Collection[PlacedRow], say: Reporter) -> Iterator[PlacedRow]:
    """Yield those who may join a household that is registered; its head stays."""
    for row in fresh:
        if row.draft.relation is Relation.HEAD:
            say.skip(row.draft, "relation", "HEAD_TAKEN")
            continue
        report_kept(house, row.draft, say)
        yield row


def report_kept(house: KnownHousehold, draft: RowDraft, say: Reporter) -> None:
    """Report what a row says otherwise about a household that is registered, which is not changed by it."""
    if draft.address not in (None, house.address):
        say.note(draft, "address", "ADDRESS_KEPT")
    if not house.needs.issuperset(draft.needs):
        say.note(draft, "needs", "NEEDS_KEPT")


def household_fault(
    group: Collection[PlacedRow], fresh: Collection[PlacedRow]
) -> tuple[str, str, dict[str, object]] | None:
    """Tell why a household cannot be added: column, code and facts."""
    heads = [row.draft.line for row in group if row.draft.relation is Relation.HEAD]
    if len(heads) > 1:
        return "relation", "TWO_HEADS", {"lines": join_lines(heads)}
    if not any(row.draft.relation is Relation.HEAD for row in fresh):
        return "relation", "NO_HEAD", {}
    addresses = {row.draft.address: row.draft.line for row in reversed([*group]) if row.draft.address}
    if len(addresses) > 1:
        return "address", "TWO_ADDRESSES", {"lines": join_lines(sorted(addresses.values()))}
    return None if addresses else ("address", "REQUIRED", {})


def found_household(group: Collection[PlacedRow], fresh: Collection[PlacedRow]) -> NewHousehold:
    """Put a household together that has no fault."""
    head = next(row for row in fresh if row.draft.relation is Relation.HEAD)
    address = next(row.draft.address for row in group if row.draft.address)
    return NewHousehold(head, address, frozenset(need for row in fresh for need in row.draft.needs))


def join_lines(lines: Collection[int]) -> str:
    """Write line numbers as a list."""
    return ", ".join(map(str, lines))


def group_by_number(rows: Collection[PlacedRow]) -> dict[str, list[PlacedRow]]:
    """Group rows by household number, in the order of the file."""
    groups: dict[str, list[PlacedRow]] = {}
    for row in rows:
        groups.setdefault(row.draft.number, []).append(row)
    return groups


def report_resemblances(
    newcomers: Collection[PlacedRow], namesakes: Mapping[Namesake, KnownPerson], say: Reporter
) -> None:
    """Report those who may be registered, or further up, without a resident ID to tell by."""
    lines: dict[Namesake, int] = {}
    for row in newcomers:
        if row.namesake is None:
            continue
        if known := namesakes.get(row.namesake):
            say.note(row.draft, "name", "POSSIBLE_DUPLICATE", known)
        first = lines.setdefault(row.namesake, row.draft.line)
        if first != row.draft.line:
            say.note(row.draft, "name", "POSSIBLE_DUPLICATE_LINE", line=first)


def make_plan(
    rows: Collection[PlacedRow], registry: ImportRegistry, keys: KeyRing, say: Reporter, update: bool
) -> Plan:
    """Decide on every row; `rows` are in the order of lines, each person once."""
    recognition = Recognition(registry, keys, say, update)
    fresh = group_by_number(list(recognition.newcomers(rows)))
    newcomers: list[PlacedRow] = []
    households: dict[str, NewHousehold] = {}
    for number, group in group_by_number(rows).items():
        arrivals = fresh.get(number, [])
        if house := registry.houses.get(number):
            newcomers += find_joining(house, arrivals, say)
        elif problem := household_fault(group, arrivals):
            column, code, facts = problem
            for row in arrivals:
                say.skip(row.draft, column, code, **facts)
        else:
            households[number] = found_household(group, arrivals)
            newcomers += arrivals
    newcomers.sort(key=lambda row: row.draft.line)
    report_resemblances(newcomers, registry.namesakes, say)
    return Plan(newcomers, list(recognition.updates.values()), registry.houses, households)
