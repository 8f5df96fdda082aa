"""Links of help: proposed, agreed by both sides, what was done in them, and how they end."""

from __future__ import annotations

import asyncio
from random import Random
from typing import Any

import pytest

from .conftest import OTHER_UNIT, TOWN, UNIT, Ground, refused

pytestmark = pytest.mark.asyncio(loop_scope="module")
STEPS = ("Helper", "Helped", "no from the helper", "no from the home", "end", "days")
LEFT = """
select t.state, t.since, t.until, t.ends_on, t.helper_agreed_at is not null and t.helped_agreed_at is not null as both,
 l.until is null and l.id is not null as helps
from ties.tie t left join people.liaison l on l.id=t.liaison_id where t.id=$1
"""


async def test_a_leader_and_a_town(ground: Ground) -> None:
    """Nobody is published before they agree; then the office is, with what was done; the end takes the name back."""
    id = await ground.propose("LEADER_TOWN", grid=TOWN, person=ground.person(0), office="副县长")
    leader, name = ground.resident(0), ground.people[0]["name"]
    for caller in (leader, ground.town):
        [body] = await ground.told(caller, "asked", id)
        assert "县领导包镇" in body or "county leader" in body
        assert name not in body
    assert await ground.see(id, ground.server) is None and (await ground.see(id, leader))["state"] == "PROPOSED"
    assert (await ground.see(id))["name"] is None, "who has not agreed is not named"
    assert await ground.answer(leader, id, "Helper") == []
    assert await ground.see(id, ground.server) is None, "one side's word publishes nothing"
    assert await ground.answer(leader, id, "Helper") == [("ILLEGAL_TRANSITION", ["tie"])]
    assert await ground.answer(ground.town, id, "Helped") == []
    seen = await ground.see(id, ground.server)
    assert (seen["state"], seen["name"], seen["office"]) == ("ACTIVE", name, "副县长")
    assert seen["since"] == ground.day(0) and await ground.told(leader, "agreed", id)

    done = {"tie": id, "kind": "PROJECT", "day": ground.day(0), "text": "协调修通村道三公里。"}
    deed = await ground.done(leader, "recordTieDeed", "deed { id }", **done)
    listed = (await ground.see(id, ground.server))["deeds"]["nodes"]
    assert [(one["kind"], one["text"]) for one in listed] == [("PROJECT", "协调修通村道三公里。")]
    assert refused(await ground.town.do("withdrawTieDeed", "deed { id }", deed=deed["id"])) == []
    [left] = (await ground.see(id, ground.server))["deeds"]["nodes"]
    assert left["text"] is None and left["withdrawnAt"], "that there was something stays"

    assert await ground.give(leader, "endTie", id) == [], "at any time, and without a reason"
    seen = await ground.see(id, ground.server)
    assert (seen["state"], seen["name"], seen["office"], seen["until"]) == ("ENDED", None, "副县长", ground.day(0))
    assert refused(await leader.do("recordTieDeed", "deed { id }", **done)) == [("ILLEGAL_TRANSITION", ["tie"])]
    assert await ground.told(ground.town, "ended", id)


async def test_a_cadre_and_a_household(ground: Ground) -> None:
    """Both are asked; the helper sees the household, the household the helper, and nobody else whose it is."""
    id = await ground.home_tie(1, 2, agreed=False)
    cadre, home = ground.resident(1), ground.resident(2)
    shown = "query($id: ID!) { node(id: $id) { ... on Household { id helper { name line } tie { id } } } }"
    assert (await cadre.ask(shown, id=ground.home(2))).data["node"] is None
    await ground.agree(id, cadre, home)
    helped = (await cadre.ask(shown, id=ground.home(2))).data["node"]
    assert helped["helper"] == {"name": ground.people[1]["name"], "line": "CADRE"}
    assert (await home.ask(shown, id=ground.home(2))).data["node"] == helped
    mine = "{ me { ties(first: 9) { nodes { id name household { id } } } } }"
    for caller in (cadre, home):
        [seen] = (await caller.ask(mine)).data["me"]["ties"]["nodes"]
        assert seen == {"id": id, "name": ground.people[1]["name"], "household": {"id": ground.home(2)}}
    for stranger in (ground.server, ground.resident(3), ground.handler):
        assert await ground.see(id, stranger) is None
    listed = (await ground.server.ask("{ ties(first: 50) { nodes { id } } }")).data["ties"]["nodes"]
    assert {"id": id} not in listed
    said = {"tie": id, "kind": "SALES", "day": ground.day(0), "text": "帮助销售茶叶四十斤。"}
    await ground.done(cadre, "recordTieDeed", "deed { id }", **said)
    [deed] = (await ground.see(id, home))["deeds"]["nodes"]
    assert deed["text"] == "帮助销售茶叶四十斤。"
    key = deed["id"]
    node = "query($id: ID!) { node(id: $id) { id } }"
    assert (await ground.server.ask(node, id=key)).data["node"] is None
    assert await ground.give(home, "endTie", id) == []
    assert (await cadre.ask(shown, id=ground.home(2))).data["node"] is None, "who helps no longer, sees no longer"
    events = await ground.fetch("select data::text from events.outbox where data->>'tie'=$1", id.partition(":")[2])
    assert events and all(str(ground.people[2]["home"]) not in one["data"] for one in events)


async def test_another_helper_ends_the_first(ground: Ground) -> None:
    """A household has one helper: of a second link that begins, and of one by the core, the first is told."""
    first = await ground.home_tie(3, 4)
    second = await ground.home_tie(5, 4)
    assert [(await ground.see(one, ground.resident(4)))["state"] for one in (first, second)] == ["ENDED", "ACTIVE"]
    [row] = await ground.fetch("select version from people.household where id=$1", ground.people[4]["home"])
    given = {
        "household": ground.home(4), "expectedVersion": row[0], "person": ground.person(6), "line": "DEPUTY",
        "consent": True,
    }  # fmt: skip
    await ground.done(ground.grid_leader(4), "assignHelper", "household { id }", **given)
    ground.server.clock.move(hours=7)
    await ground.run_jobs()
    assert (await ground.see(second, ground.resident(4)))["state"] == "ENDED"
    assert await ground.told(ground.resident(5), "ended", second)


async def test_units_villages_and_communities(ground: Ground) -> None:
    """A unit's people answer for it, the village's leader for the village; nobody answers for both."""
    village = ground.villages[0]
    ids = [
        await ground.propose(kind, grid=village, unit=UNIT)
        for kind in ("UNIT_VILLAGE", "VILLAGE_VILLAGE", "UNIT_COMMUNITY")
    ]
    other = ground.server.as_("department_handler", unit=OTHER_UNIT)
    assert await ground.answer(other, ids[0], "Helper") == [("NOT_FOUND", ["tie"])]
    await ground.agree(ids[0], ground.handler, ground.leader)
    assert (await ground.see(ids[0], ground.server))["unit"] == {"code": UNIT}
    assert await ground.answer(ground.leader, ids[1], "Helped", agreed=False) == []
    assert await ground.see(ids[1], ground.server) is None and await ground.told(ground.handler, "declined", ids[1])
    both = ground.server.as_("department_handler", unit=UNIT, sub="both", person=str(ground.people[7]["id"]))
    same = ground.server.as_("grid_leader", grid=village, sub="the same", person=str(ground.people[7]["id"]))
    await ground.fetch(
        "insert into accounts.account (id, name, kind, person_id, created_by, created_at, version) "
        "values (gen_random_uuid(), 'both', 'PERSON', $1, 'console', now(), 1)",
        ground.people[7]["id"],
    )
    assert await ground.answer(both, ids[2], "Helper") == []
    assert await ground.answer(same, ids[2], "Helped") == [("FOUR_EYES", ["tie"])]
    asked = """query($g: String!, $u: String!) { grid(code: $g) { ties(first: 9, filter: { kind: { in: [UNIT_VILLAGE] },
      unit: { equals: $u }, state: { equals: ACTIVE } }) { nodes { id } } }
      tieFigures(grid: "610921101", year: 2026) { kind active deeds } }"""
    found = (await ground.server.ask(asked, g=village, u=UNIT)).data
    assert found["grid"]["ties"]["nodes"] == [{"id": ids[0]}]
    assert {"kind": "UNIT_VILLAGE", "active": 1, "deeds": 0} in found["tieFigures"]


async def test_figures_tell_of_no_few_households(ground: Ground) -> None:
    """Nine households are not counted; ten are."""
    id = await ground.home_tie(12, 13)
    [made] = await ground.fetch("select * from ties.tie where id=$1", id.partition(":")[2])
    assert await ground.give(ground.resident(13), "endTie", id) == []
    await ground.fetch("update ties.tie set state='ENDED', until=since where household_id is not null")
    columns = ", ".join(name for name in dict(made) if name not in ("id", "state", "household_id", "liaison_id"))
    asked = '{ tieFigures(grid: "610921", year: 2026) { kind active } }'
    for count, shown in ((9, None), (1, 10)):
        await ground.fetch(
            f"insert into ties.tie (id, state, {columns}) select gen_random_uuid(), 'ACTIVE', {columns} "
            f"from ties.tie, generate_series(1, {count}) where id=$1",
            made["id"],
        )
        found = {one["kind"]: one["active"] for one in (await ground.server.ask(asked)).data["tieFigures"]}
        assert found["CADRE_HOUSEHOLD"] == shown
    await ground.fetch("delete from ties.tie where kind='CADRE_HOUSEHOLD' and household_id is null")


async def test_terms_end_and_never_overlap(ground: Ground) -> None:
    """A pair is linked once at a time, whoever proposes; on its day a link ends by itself, and another may begin."""
    given = {
        "kind": "LEADER_TOWN",
        "grid": TOWN,
        "person": ground.person(8),
        "office": "常委",
        "endsOn": ground.day(20),
    }
    sent = await asyncio.gather(*(one.do("proposeTie", "tie { id }", **given) for one in (ground.keeper, ground.town)))
    assert sorted(map(refused, sent)) == [[], [("DUPLICATE", ["kind"])]]
    [id] = [one["tie"]["id"] for one in sent if one["tie"]]
    await ground.agree(id, ground.resident(8), ground.town)
    again = await ground.keeper.do("proposeTie", "tie { id }", **given)
    assert refused(again) == [("DUPLICATE", ["kind"])]
    ends = given["endsOn"]
    ground.server.clock.move(days=21)
    late = await ground.propose("LEADER_TOWN", grid=TOWN, person=ground.person(9), office="常委", endsOn=ground.day(1))
    await ground.run_jobs()
    seen = await ground.see(id, ground.server)
    assert (seen["state"], seen["until"]) == ("ENDED", ends)
    second = await ground.town_tie(8)
    rows = await ground.fetch(
        "select count(*) from ties.tie where person_id=$1 and since is not null", ground.people[8]["id"]
    )
    assert rows[0][0] == 2 and second != id, "what was is kept"
    with pytest.raises(Exception, match="of_leaders"):
        await ground.fetch("update ties.tie set until=null, ends_on=ends_on+400 where id=$1", id.partition(":")[2])
    ground.server.clock.move(days=2)
    assert await ground.answer(ground.town, late, "Helped") == [("ILLEGAL_TRANSITION", ["tie"])]


async def test_two_answers_at_once(ground: Ground) -> None:
    """Of both sides at the same moment one is told to look again; the link begins once."""
    id = await ground.home_tie(10, 11, agreed=False)
    found = await asyncio.gather(
        ground.answer(ground.resident(10), id, "Helper"), ground.answer(ground.resident(11), id, "Helped")
    )
    assert sorted(found, key=len)[0] == []
    for side, caller in (("Helper", ground.resident(10)), ("Helped", ground.resident(11))):
        if (await ground.see(id, caller))["state"] == "PROPOSED":
            await ground.answer(caller, id, side)
    assert (await ground.see(id, ground.resident(11)))["state"] == "ACTIVE"
    [row] = await ground.fetch(
        "select count(*) from people.liaison where household_id=$1 and until is null", ground.people[11]["home"]
    )
    assert row[0] == 1


async def test_an_answer_and_an_end_at_once(ground: Ground) -> None:
    """Taken back at the moment of the second yes: it is the one or the other, and never a link that nobody ended."""
    id = await ground.home_tie(14, 15, agreed=False)
    assert await ground.answer(ground.resident(14), id, "Helper") == []
    found = await asyncio.gather(
        ground.answer(ground.resident(15), id, "Helped"), ground.give(ground.grid_leader(15), "endTie", id)
    )
    assert sorted(found, key=len)[0] == []
    seen = await ground.see(id, ground.resident(15))
    assert seen["state"] in ("ACTIVE", "ENDED")
    rows = await ground.fetch(
        "select until from people.liaison where household_id=$1 and until is null", ground.people[15]["home"]
    )
    assert bool(rows) == (seen["state"] == "ACTIVE"), "the helper sees the household as long as the link lasts"


async def test_actions_say_what_may_be_done(ground: Ground) -> None:
    """Each side is offered its own answer, whoever arranges links neither, and who looks nothing."""
    id = await ground.propose("LEADER_TOWN", grid=TOWN, person=ground.person(16), office="常委")
    offered = {
        "helper": (ground.resident(16), {"answerTieAsHelper", "endTie"}),
        "town": (ground.town, {"answerTieAsHelped", "endTie"}),
        "grid leader": (ground.server.as_("grid_leader", grid=TOWN, sub="other"), {"answerTieAsHelped", "endTie"}),
    }
    for name, (caller, allowed) in offered.items():
        actions = (await ground.see(id, caller))["actions"]
        assert {one["name"] for one in actions if one["allowed"]} == allowed, name
    await ground.agree(id, ground.resident(16), ground.town)
    later = {one["name"]: one["allowed"] for one in (await ground.see(id, ground.resident(16)))["actions"]}
    assert later["recordTieDeed"] and later["endTie"] and not later["answerTieAsHelper"]
    assert not any(one["allowed"] for one in (await ground.see(id, ground.resident(3)))["actions"])


async def test_a_case_is_named_by_who_sees_it(ground: Ground) -> None:
    """What was done may be about a case; its number opens it to nobody, and one that is not seen is not named."""
    asked = {
        "kind": "HELP",
        "channel": "WEB",
        "category": "roads.surface",
        "title": "修路",
        "description": "路面破损。",
    }
    case = await ground.done(ground.resident(17), "reportCase", "case { number }", grid=TOWN, **asked)
    id = await ground.town_tie(18)
    given = {"tie": id, "kind": "PROJECT", "day": ground.day(0), "text": "已修复。", "case": case["number"]}
    unseen = await ground.resident(18).do("recordTieDeed", "deed { id }", **given)
    assert refused(unseen) == [("NOT_FOUND", ["case"])]
    await ground.done(ground.town, "recordTieDeed", "deed { id }", **given)
    for caller, shown in ((ground.resident(17), {"number": case["number"]}), (ground.server, None)):
        assert [one["case"] for one in (await ground.see(id, caller))["deeds"]["nodes"]] == [shown]


async def take_step(ground: Ground, id: str, step: str, cadre: int, home: int) -> list[Any]:
    """Have somebody do something to a link; what is wrong."""
    helper, helped = ground.resident(cadre), ground.resident(home)
    match step:
        case "Helper" | "no from the helper":
            return await ground.answer(helper, id, "Helper", agreed=step == "Helper")
        case "Helped" | "no from the home":
            return await ground.answer(helped, id, "Helped", agreed=step == "Helped")
        case "end":
            return await ground.give(ground.grid_leader(home), "endTie", id)
    ground.server.clock.move(days=4)
    await ground.run_jobs()
    return []


@pytest.mark.parametrize("seed", [1, 3])
async def test_the_register_and_the_core_agree(ground: Ground, seed: int) -> None:
    """A helper sees a household as long as their link is active, and it is active only once both have agreed."""
    random, (cadre, home) = Random(seed), (18 + 2 * seed, 19 + 2 * seed)
    given_ = {"household": ground.home(home), "person": ground.person(cadre), "office": "农技员", "unit": UNIT}
    id = await ground.propose("CADRE_HOUSEHOLD", ground.grid_leader(home), endsOn=ground.day(10), **given_)
    over = False
    for step in ["Helper", *random.choices(STEPS, k=5)]:
        found = await take_step(ground, id, step, cadre, home)
        [row] = await ground.fetch(LEFT, id.partition(":")[2])
        assert not found or found[0][0] in ("ILLEGAL_TRANSITION", "NOT_FOUND"), (step, found)
        assert row["helps"] is (row["state"] == "ACTIVE"), step
        assert (row["since"] is not None) <= row["both"], "no first day lies before both consents"
        assert (row["until"] is None) or row["since"] <= row["until"] <= max(row["ends_on"], row["since"])
        # What is over stays over, whatever is tried.
        assert not over or row["state"] in ("DECLINED", "ENDED")
        over = row["state"] in ("DECLINED", "ENDED")
