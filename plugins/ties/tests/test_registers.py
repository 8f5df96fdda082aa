"""What ties hold about people, and for how long; and what is told of them."""

from __future__ import annotations

import string
from datetime import timedelta
from typing import Any

import pytest
from gongzhi.core.registers.erasure import clear_rows, expired_rows_sql
from gongzhi.values.errors import Text
from gongzhi_ties import models, telling
from gongzhi_ties.registers import HOLDINGS, MONTHS
from gongzhi_ties.telling import Message

from .conftest import COUNTY, TOWN, UNIT, Ground

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def let_expire(ground: Ground, days: int) -> None:
    """Have what is older than its months lose what its holdings say."""
    later = ground.server.clock() + timedelta(days=days)
    for holding in HOLDINGS:
        if holding.months:
            rows = await ground.fetch(expired_rows_sql(holding), later)
            await clear_rows(ground.fetch, holding, [row["id"] for row in rows])


async def test_what_was_done_for_a_household_is_forgotten(ground: Ground) -> None:
    """Three years after its link has ended, and not before; of a published link it is the history of the place."""
    home, town = await ground.home_tie(0, 1), await ground.town_tie(2)
    for id, caller in ((home, ground.resident(0)), (town, ground.resident(2))):
        given = {"tie": id, "kind": "VISIT", "day": ground.day(0), "text": "走访慰问。"}
        await ground.done(caller, "recordTieDeed", "deed { id }", **given)
        assert await ground.give(caller, "endTie", id) == []
    told = "select text from ties.deed where tie_id=$1"

    async def texts() -> list[Any]:
        return [(await ground.fetch(told, id.partition(":")[2]))[0]["text"] for id in (home, town)]

    await let_expire(ground, MONTHS * 30 - 40)
    assert await texts() == ["走访慰问。", "走访慰问。"]
    await let_expire(ground, MONTHS * 31 + 10)
    assert await texts() == ["—", "走访慰问。"]


async def test_a_person_reads_and_goes(ground: Ground) -> None:
    """What somebody holds is found by their key, as helper, household, deputy or voter, and goes with them."""
    home = await ground.home_tie(3, 4)
    deputy = await ground.register(3)
    day = await ground.announce([deputy])
    ground.server.clock.move(hours=2)
    asked = {"reception": day, "deputy": deputy, "person": ground.person(4), "title": "修渠", "text": "渗漏。"}
    await ground.done(ground.town, "recordHeardMatter", "heard { id }", unit=UNIT, **asked)
    about = {one: [h.table for h in HOLDINGS if h.person] for one in (3, 4)}
    found: dict[int, set[str]] = {3: set(), 4: set()}
    for at, tables in about.items():
        for holding in HOLDINGS:
            if holding.table in tables and holding.person:
                sql = f"select count(*) from {holding.table} t where {holding.person}"
                [row] = await ground.fetch(sql, ground.people[at]["id"])
                found[at] |= {holding.table} if row[0] else set()
    assert found == {3: {"ties.tie", "ties.deputy"}, 4: {"ties.tie", "ties.heard"}}
    for holding in HOLDINGS:
        if not holding.person or holding.table == "ties.deed":
            continue
        for at in (3, 4):
            rows = await ground.fetch(
                f"select t.id from {holding.table} t where {holding.person}", ground.people[at]["id"]
            )
            await clear_rows(ground.fetch, holding, [row["id"] for row in rows])
    [left] = await ground.fetch("select * from ties.tie where id=$1", home.partition(":")[2])
    assert left["office"] == "农技员" and not (left["person_id"] or left["household_id"] or left["helper_agreed_by"])
    [term] = await ground.fetch("select person_id from ties.deputy where id=$1", deputy.partition(":")[2])
    [heard] = await ground.fetch(
        "select person_id, account from ties.heard where reception_id=$1", day.partition(":")[2]
    )
    assert term["person_id"] is None and list(heard) == [None, None]


def messages() -> list[Message]:
    return [one for one in vars(telling).values() if isinstance(one, Message)]


@pytest.mark.parametrize("said", messages(), ids=lambda one: one.kind)
async def test_notices_hold_kinds_and_days(said: Message) -> None:
    """Each says which kind of link, in both languages alike, and nothing that is anybody's."""

    def places(text: str) -> set[str | None]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    assert isinstance(said.title, Text) and said.kind.startswith("ties.")
    assert places(said.body.en) == places(said.body.zh) <= {"kind", "day"} and "kind" in places(said.body.en)


async def test_where_it_is_off_nothing_is_there(ground: Ground) -> None:
    """No link and no figure of that county; switched on again all is as it was."""
    id = await ground.town_tie(5)
    switch = {"plugin": "ties", "county": COUNTY}
    figures = f'{{ tieFigures(grid: "{COUNTY}", year: 2026) {{ kind active }} }}'
    for active in (False, True):
        administrator = ground.server.as_("administrator", grid=COUNTY)
        await ground.done(administrator, "setPluginActivation", "activation { active }", active=active, **switch)
        assert bool(await ground.see(id, ground.server)) is active
        assert bool((await ground.server.ask(figures)).data["tieFigures"]) is active


async def test_a_volunteer_goes_with_their_file(ground: Ground) -> None:
    """A registration has a key and codes, is in its owner's copy, and is deleted when they are forgotten."""
    await ground.done(ground.resident(6), "registerAsVolunteer", "volunteer { id }", skills=["FARMING", "LAW"])
    [holding] = [one for one in HOLDINGS if one.table == "ties.volunteer"]
    rows = await ground.fetch(f"select t.* from ties.volunteer t where {holding.person}", ground.people[6]["id"])
    assert [row["skills"] for row in rows] == [["FARMING", "LAW"]] and not holding.hidden
    assert {name for name, value in dict(rows[0]).items() if isinstance(value, str)} == set(), "there are no words"
    await clear_rows(ground.fetch, holding, [row["id"] for row in rows])
    assert await ground.fetch("select from ties.volunteer where person_id=$1", ground.people[6]["id"]) == []


async def test_every_table_has_a_holding() -> None:
    """What a table holds of people, or that it holds nothing, is in the public register."""
    found = [one._meta for one in vars(models).values() if hasattr(one, "_meta")]
    tables = {f"ties.{one.db_table}" for one in found if one.schema == "ties"}
    assert tables == {one.table for one in HOLDINGS} and len(tables) == 11


async def test_events_have_ids_alone(ground: Ground) -> None:
    """What others subscribe to says that something happened, of which kind, and never whose it is or in what words."""
    home = await ground.home_tie(7, 8)
    given = {"tie": home, "kind": "OTHER", "day": ground.day(0), "text": "陪同就医。"}
    await ground.done(ground.resident(7), "recordTieDeed", "deed { id }", **given)
    rows = await ground.fetch(
        "select type, data::text as data from events.outbox where data->>'tie'=$1 order by seq", home.partition(":")[2]
    )
    assert [one["type"] for one in rows] == ["ties.proposed", "ties.agreed", "ties.deed_recorded"]
    personal = [str(ground.people[at][key]) for at in (7, 8) for key in ("id", "home", "name")]
    for row in rows:
        assert "就医" not in row["data"] and not any(one in row["data"] for one in personal), row["type"]
    # What is proposed and declined is told to nobody outside.
    [internal] = await ground.fetch("select count(*) from events.outbox where type='ties.declined'")
    assert internal[0] == 0
    asked = await ground.propose("LEADER_TOWN", grid=TOWN, person=ground.person(9), office="常委")
    assert await ground.answer(ground.resident(9), asked, "Helper", agreed=False) == []
    [notice] = await ground.told(ground.town, "declined", asked)
    assert ground.people[9]["name"] not in notice
    assert await ground.see(asked, ground.server) is None
