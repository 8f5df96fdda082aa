"""What the clock does: silence changes nothing, what the county owes is told once, and watches move with households."""

from __future__ import annotations

import asyncio
from datetime import date

import pytest

from .conftest import COUNTY, ELSEWHERE, FACTS, Ground, refused

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_silence_is_no_agreement(ground: Ground) -> None:
    """A proposal that nobody takes up ends; a household that says nothing to its exit is watched over as before."""
    proposed, watched = ground.home(), ground.home()
    made = await ground.done(
        ground.worker, "proposeWatch", "watch { id }", household=f"Household:{proposed['id']}", text="收入下降。"
    )
    id = await ground.watched(watched)
    assert await ground.give(ground.first, "proposeWatchExit", id) == []
    ground.server.clock.move(days=31)
    await ground.run_jobs()
    seen = await ground.see(made["id"], ground.head(proposed))
    assert (seen["state"], seen["ending"]) == ("ENDED", "UNANSWERED")
    assert (await ground.see(id))["state"] == "WATCHED"
    # The household asks all the same, whenever it wants to.
    await ground.ask(proposed, "expense")


async def test_what_the_county_owes_is_told_once(ground: Ground) -> None:
    """A decision, a review and a measure; each deadline once, to those who act, and no household is ever late."""
    asked, watched = ground.home(), ground.home()
    waiting, id = await ground.ask(asked), await ground.watched(watched)
    measure = await ground.measure(id)
    ground.server.clock.move(days=22)
    for _ in range(2):
        await ground.run_jobs()
        ground.server.clock.move(hours=1)
    assert len(await ground.told(ground.first, "overdue", waiting)) == 1
    assert await ground.told(ground.first, "overdue", id) == [], "its review is due after ninety days"
    assert len(await ground.told(ground.handler, "measure_overdue", measure)) == 1
    late = "{ watches(first: 50, filter: { overdue: { equals: true } }) { nodes { id } } }"
    found = (await ground.first.ask(late)).data["watches"]["nodes"]
    assert {"id": waiting} in found and {"id": id} not in found
    assert (await ground.see(id))["measures"][0]["overdue"]
    ground.server.clock.move(days=90)
    await ground.run_jobs()
    assert len(await ground.told(ground.first, "overdue", id)) == 1
    assert await ground.give(ground.first, "reviewWatch", id, text="仍需帮扶。") == []
    assert not (await ground.see(id))["overdue"]


async def test_the_countys_days_hold(ground: Ground) -> None:
    """A county decides how long it takes, within bounds."""
    given = {"county": COUNTY, "setting": "watch.decide_days", "value": "7"}
    await ground.done(ground.county, "setCountySetting", "county { code }", **given)
    id = await ground.ask(ground.home())
    due = date.fromisoformat((await ground.see(id))["dueAt"][:10])
    assert (due - ground.server.clock().date()).days == 7
    wide = await ground.county.do("setCountySetting", "county { code }", **given | {"value": "60"})
    assert refused(wide) == [("BAD_USER_INPUT", ["value"])]


async def test_a_watch_goes_along_with_its_household(ground: Ground) -> None:
    """Who works where they live now sees it, and nobody where they lived before; so do its measures."""
    home = ground.home()
    id = await ground.watched(home)
    measure = await ground.measure(id)
    [place] = await ground.fetch(
        "select id from grids.grid where code like $1 and kind='VILLAGE' and valid_to is null limit 1", f"{ELSEWHERE}%"
    )
    await ground.fetch("update people.household set grid_id=$1 where id=$2", place["id"], home["id"])
    await ground.run_jobs()
    ground.server.clock.move(minutes=16)
    await ground.run_jobs()
    assert await ground.see(id, ground.worker) is None
    there = ground.server.as_("town_dispatcher", grid=ELSEWHERE, sub="there")
    seen = await ground.see(id, there)
    assert [one["id"] for one in seen["measures"]] == [measure] and seen["grid"]["code"].startswith(ELSEWHERE)


async def test_who_agreed_is_gone_and_so_is_the_watch(ground: Ground) -> None:
    """It rests on a person's word: without them the next sweep ends it."""
    home = ground.home()
    id = await ground.watched(home)
    await ground.fetch("update watch.entry set person_id=null where id=$1", id.partition(":")[2])
    ground.server.clock.move(minutes=16)
    await ground.run_jobs()
    seen = await ground.see(id, ground.county)
    assert (seen["state"], seen["ending"], seen["facts"]) == ("ENDED", "WITHDRAWN", [])


async def test_a_new_edition_is_for_who_asks_from_now_on(ground: Ground) -> None:
    """Who asked by the old one is decided by it; whoever publishes names the one that ends."""
    before = await ground.ask(ground.home(), "flood")
    unread = await ground.publisher.do(
        "publishWatchRule", "rule { id }", county=COUNTY, subject="HOUSEHOLDS", name="新规则", items=FACTS[:2]
    )
    assert refused(unread) == [("DUPLICATE", ["replaces"])]
    await ground.publish("HOUSEHOLDS", FACTS[:2], replaces=ground.rules["HOUSEHOLDS"])
    listed = (
        "{ watchRules(first: 9, filter: { inForce: { equals: true } }) { nodes { edition subject items { code } } } }"
    )
    found = (await ground.server.ask(listed)).data["watchRules"]["nodes"]
    assert {(one["subject"], one["edition"], len(one["items"])) for one in found} >= {("HOUSEHOLDS", 2, 2)}
    assert await ground.give(ground.first, "assessWatch", before, ground="SUDDEN") == []
    home = ground.home()
    await ground.consent(home)
    gone = await ground.head(home).do(
        "requestWatch", "watch { id }", household=f"Household:{home['id']}", facts=[ground.fact("flood")]
    )
    assert refused(gone) == [("NOT_FOUND", ["facts", "0", "code"])]


async def test_two_of_a_family_at_once_are_one_watch(ground: Ground) -> None:
    """Of two who ask at the same moment the second is told of the first; sent twice it is one."""
    home = ground.home(two=True)
    callers = (ground.head(home), ground.other(home))
    for one in callers:
        await ground.consent(home, one)
    given = {"household": f"Household:{home['id']}", "facts": [ground.fact()]}
    sent = await asyncio.gather(*(one.do("requestWatch", "watch { id }", **given) for one in callers))
    assert sorted(map(refused, sent)) == [[], [("DUPLICATE", ["household"])]]
    [row] = await ground.fetch("select count(*) from watch.entry where household_id=$1", home["id"])
    assert row[0] == 1


async def test_leaving_while_somebody_decides(ground: Ground) -> None:
    """One of them is first; the household's leaving is never lost."""
    home = ground.home()
    id = await ground.ask(home)
    assert await ground.give(ground.first, "assessWatch", id, ground="SUDDEN") == []
    version = await ground.version(id)
    confirm = ground.second.do(
        "confirmWatch", "watch { id }", watch=id, expectedVersion=version, confirmed=True, text="同意。"
    )
    leave = ground.head(home).do("leaveWatch", "watch { id }", watch=id, expectedVersion=version)
    found = list(map(refused, await asyncio.gather(confirm, leave)))
    assert found in ([[], [("STALE_VERSION", ["expectedVersion"])]], [[("STALE_VERSION", ["expectedVersion"])], []])
    if found[1]:
        assert await ground.give(ground.head(home), "leaveWatch", id) == []
    assert (await ground.see(id, ground.head(home)))["ending"] == "LEFT"


async def test_where_it_is_off_nothing_is_there(ground: Ground) -> None:
    """No list, no watch, no job; consents can be taken back all the same."""
    home = ground.home()
    id = await ground.ask(home)
    switch = {"plugin": "watch", "county": COUNTY}
    administrator = ground.server.as_("administrator", grid=COUNTY)
    await ground.done(administrator, "setPluginActivation", "activation { active }", active=False, **switch)
    assert await ground.see(id, ground.head(home)) is None
    payload = await ground.head(home).do("leaveWatch", "watch { id }", watch=id, expectedVersion=1)
    assert [one["code"] for one in payload["errors"]] == ["PLUGIN_INACTIVE"]
    administrator = ground.server.as_("administrator", grid=COUNTY)
    await ground.done(administrator, "setPluginActivation", "activation { active }", active=True, **switch)
    assert (await ground.see(id, ground.head(home)))["state"] == "ASKED"
