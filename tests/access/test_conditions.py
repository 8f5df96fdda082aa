"""Conditions, orders, cursors and counts: what they tell of one person is a look at that person's file."""

from __future__ import annotations

import os
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from gongzhi.values import codes
from gongzhi_server.testing import Server
from stdnum.cn import ric

from .asked_conditions import Questions, read_lines, write
from .conftest import Log, People

WORDS = {"public", "open", "look", "row", "other"}
OLD = "birthDate: { before: $day }"
TELLING = (  # each with the people whom the condition finds, by SQL
    (f"{{ people(filter: {{ {OLD} }}) {{ nodes {{ name }} }} }}", {"Person.birthDate", "Person.name"}),
    (f"{{ people(filter: {{ {OLD} }}) {{ nodes {{ __typename }} }} }}", {"Person.birthDate"}),
    (f"{{ people(filter: {{ {OLD} }}) {{ totalCount }} }}", {"Person.birthDate"}),
    (f"{{ people(filter: {{ {OLD} }}) {{ edges {{ cursor }} }} }}", {"Person.birthDate"}),
    (f"{{ people(filter: {{ {OLD} }}) {{ pageInfo {{ endCursor }} }} }}", {"Person.birthDate"}),
    (f"{{ people(first: 0, filter: {{ {OLD} }}) {{ pageInfo {{ hasNextPage }} }} }}", {"Person.birthDate"}),
    (f"{{ people(last: 50, filter: {{ {OLD} }}) {{ pageInfo {{ startCursor }} }} }}", {"Person.birthDate"}),
    (f"{{ people(filter: {{ and: [{{ or: [{{ {OLD} }}] }}] }}) {{ totalCount }} }}", {"Person.birthDate"}),
    (f"{{ people(filter: {{ not: {{ not: {{ {OLD} }} }} }}) {{ totalCount }} }}", {"Person.birthDate"}),
    (f"{{ grid(code: $grid) {{ people(filter: {{ {OLD} }}) {{ totalCount }} }} }}", {"Person.birthDate"}),
)
OPEN = (
    '{ people(filter: { name: { contains: "张" } }) { totalCount nodes { name } pageInfo { endCursor } } }',
    "{ people(filter: { grid: { within: $grid } }, orderBy: NAME_DESC) { totalCount edges { cursor } } }",
    "{ households(filter: { number: { equals: $number } }) { totalCount nodes { number } } }",
    "{ people(filter: { birthDate: null, gender: {} }) { totalCount nodes { name } } }",
)


def people_found(looks: list[Any]) -> list[UUID]:
    return sorted({person for look in looks for person in look["persons"]})


def document(asked: str) -> str:
    """The document with the variables that it uses."""
    kinds = {"$day": "Date!", "$grid": "String!", "$number": "String!"}
    used = ", ".join(f"{name}: {kind}" for name, kind in kinds.items() if name in asked)
    return f"query({used}) {asked}" if used else asked


def test_every_question_is_judged() -> None:
    """What the code makes of each condition, order, count and argument is what the list says, and the list says why.

    Run with GONGZHI_CONDITIONS=write to have the lines written, and give the reasons that lack.
    """
    declared = dict(Questions())
    if os.environ.get("GONGZHI_CONDITIONS") == "write":
        write(declared)
    judged = read_lines()
    assert {name: policy for name, (policy, _) in judged.items()} == declared
    assert [
        name for name, (policy, reason) in judged.items() if not reason or policy.split()[0] not in {*WORDS, "needs"}
    ] == []


def test_conditions_on_files_are_looks_by_default() -> None:
    """A condition that nobody declared harmless is a look: on people and households, two conditions each are not."""
    judged = {name: policy for name, (policy, _) in read_lines().items()}
    harmless = {name for name, policy in judged.items() if policy == "open" and ".filter." in name}
    core = {"Person.filter.name", "Person.filter.grid", "Household.filter.number", "Household.filter.grid"}
    assert core <= harmless
    assert {name for name in judged if name.startswith(("Person.filter.", "Household.filter."))} & harmless == core


async def test_whom_a_condition_finds(server: Server, people: People, log: Log) -> None:
    """However little of the answer is selected, those who are found are told, and the entry says by what."""
    town = server.as_("town_dispatcher", grid=people.grid[:9])
    born = await log.connection.fetch(
        "select p.id, p.birth_date from people.person p join grids.grid t on t.id=p.town_id and t.code=$1 "
        "where p.birth_date is not null order by p.birth_date",
        people.grid[:9],
    )
    day, old = born[3]["birth_date"], [row["id"] for row in born if row["birth_date"] < born[3]["birth_date"]]
    for asked, fields in TELLING:
        before = len(await log.all())
        answer = await town.ask(document(asked), day=day.isoformat(), grid=people.grid[:9], number=people.household)
        assert answer.data and not answer.errors, asked
        fresh = (await log.all())[before:]
        shown, names = people_found(fresh), {name for one in fresh for name in one["fields"]}
        assert names == fields and (shown == sorted(old) or "first: 0" in asked and set(shown) < set(old)), asked
        assert shown, asked


async def test_open_conditions_are_no_looks(server: Server, people: People, log: Log) -> None:
    """What lists of names tell anyhow may be asked for without a look."""
    worker = server.as_("grid_worker", grid=people.grid)
    for asked in OPEN:
        answer = await worker.ask(document(asked), grid=people.grid, number=people.household)
        assert answer.data and not answer.errors and await log.all() == [], asked


async def test_order_and_cursor(server: Server, people: People, log: Log) -> None:
    """A place in an order tells what the rows are ordered by, and so does a cursor that somebody made up."""
    worker = server.as_("grid_worker", grid=people.grid)
    listed = await worker.ask("{ people(first: 3) { edges { cursor } } }")
    assert listed.data and await log.all() == []
    ordered = await worker.ask("{ people(first: 3, orderBy: CREATED_AT_ASC) { nodes { id } pageInfo { endCursor } } }")
    shown = {UUID(one["id"].partition(":")[2]) for one in ordered.data["people"]["nodes"]}
    [look] = await log.all()
    assert shown <= set(look["persons"]) and set(look["fields"]) == {"Person.createdAt", "Person.id"}
    due = await worker.ask("{ households(first: 2, orderBy: VISIT_DUE_ON_ASC) { edges { cursor } } }")
    assert due.data and (await log.all())[-1]["fields"] == ["Household.visitDueOn"]


async def test_nobody_found_is_on_record(server: Server, people: People, log: Log) -> None:
    """A condition that finds nobody tells something, too: the officer of the place reads who tried it."""
    worker = server.as_("grid_worker", grid=people.grid)
    asked = 'query Try { people(filter: { birthDate: { before: "1850-01-01" } }) { totalCount } }'
    assert (await worker.ask(asked)).data["people"]["totalCount"] == 0
    [look] = await log.all()
    assert (look["persons"], look["operation"], look["fields"]) == ([], "Try", ["Person.birthDate"])
    listed = "{ looks { nodes { operation peopleCount fields } } }"
    officer = server.as_("data_protection_officer", grid="610921")
    [entry] = (await officer.ask(listed)).data["looks"]["nodes"]
    assert entry == {"operation": "Try", "peopleCount": 0, "fields": ["Person.birthDate"]}
    away = server.as_("data_protection_officer", grid=people.elsewhere)
    assert (await away.ask(listed)).data["looks"]["nodes"] == []
    await people.resident(0).ask(asked)
    await server.ask(asked)
    assert len(await log.all()) == 1


async def test_large_counts_are_coarse(server: Server, people: People, log: Log) -> None:
    """A count by a condition looks at all whom it counts, or says no more than the hundred."""
    county = server.as_("county_dispatcher", grid=people.grid[:6])
    asked = "query { people(filter: { gender: { in: [MALE, FEMALE] } }) { totalCount } }"
    exact = await log.connection.fetchval(
        "select count(*) from people.person p join grids.grid c on c.id=p.county_id and c.code=$1 "
        "where gender <> 'UNKNOWN' and restricted_at is null and erased_at is null",
        people.grid[:6],
    )
    total = (await county.ask(asked)).data["people"]["totalCount"]
    assert exact > 100 and total == exact // 100 * 100
    assert people_found(await log.all()) == []
    groups = (await county.ask("{ people { counts(by: GENDER) { values count } } }")).data["people"]["counts"]
    assert groups and all(one["count"] % 100 == 0 for one in groups) and people_found(await log.all()) == []


async def test_counts_by_what_a_file_tells(server: Server, people: People, log: Log) -> None:
    """Whoever counts people by their gender looks at all who are counted; by where they live, at nobody."""
    worker = server.as_("grid_worker", grid=people.grid)
    asked = "{ people { totalCount counts(by: %s) { values count } } }"
    found = (await worker.ask(asked % "VILLAGE")).data["people"]
    assert found["counts"][0]["count"] > 0 and await log.all() == []
    found = (await worker.ask(asked % "GENDER")).data["people"]
    [look] = await log.all()
    assert len(look["persons"]) == found["totalCount"] == sum(one["count"] for one in found["counts"])
    assert look["fields"] == ["Person.gender"]


SPAN = "{ people(first: 100, filter: { birthDate: { from: $from, before: $before } }) { nodes { id residentId } } }"


async def test_numbers_cannot_be_put_together(server: Server, people: People, log: Log) -> None:
    """Masks, birth dates narrowed down by a condition, the county and the check digit make nobody's resident ID.

    A grid worker tries it on all whom they see: each try is on record, with everybody it found.
    """
    worker = server.as_("grid_worker", grid=people.grid)
    spans, asked, born = [(date(1915, 1, 1), date(2027, 1, 1))], 0, dict[UUID, tuple[date, str | None]]()
    while spans:
        start, end = spans.pop()
        query = f"query($from: Date!, $before: Date!) {SPAN}"
        nodes = (await worker.ask(query, **{"from": str(start), "before": str(end)})).data["people"]["nodes"]
        asked += 1
        if nodes and end - start > timedelta(days=1):
            half = start + (end - start) // 2
            spans += [(start, half), (half, end)]
        elif nodes:
            born |= {
                UUID(one["id"].partition(":")[2]): (start, one["residentId"]) for one in nodes if one["residentId"]
            }
    assert len(born) >= 4
    for day, mask in born.values():
        assert mask is None or len(candidates(people.grid[:6], day, mask)) >= 9
    entries = await log.all()
    assert len(entries) == asked and set(born) <= set(people_found(entries))
    assert all("Person.birthDate" in one["fields"] for one in entries)


def candidates(county: str, day: date, mask: str) -> list[str]:
    """The resident IDs that somebody from this county, born on this day, with this mask may have."""
    numbers = (f"{county}{day:%Y%m%d}{at:03}" for at in range(1000))
    whole = (number + ric.calc_check_digit(number + "0") for number in numbers)
    return [one for one in whole if codes.mask_resident_id(one) == mask]
