"""From asking to the household's last word: declared, decided by two, helped, reviewed, ended; and what goes wrong."""

from __future__ import annotations

import pytest

from .conftest import OTHER_UNIT, PNG, UNIT, Ground, refused

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_from_asking_to_the_end(ground: Ground) -> None:
    """A household declares its facts, two persons decide, a unit helps, and it ends by the household's word."""
    home = ground.home()
    head = ground.head(home)
    id = await ground.ask(home, "expense", text="盼推荐活计", facts=[ground.fact(pictures=[PNG])])
    seen = await ground.see(id)
    assert (seen["state"], seen["ground"], seen["household"]) == ("ASKED", None, {"number": home["number"]})
    [fact] = seen["facts"]
    assert fact["text"] == "秋收前因故支出较大" and fact["item"]["code"] == "expense"
    assert fact["evidence"][0]["url"].startswith("data:image/png;base64,")
    assert await ground.told(ground.first, "asked", id)
    assert await ground.give(ground.first, "assessWatch", id, ground="SUDDEN", text="票据属实。") == []
    assert await ground.give(ground.first, "confirmWatch", id, confirmed=True) == [("FOUR_EYES", ["watch"])]
    assert await ground.give(ground.second, "confirmWatch", id, confirmed=True) == []
    seen = await ground.see(id, head)
    assert (seen["state"], seen["ground"]) == ("WATCHED", "SUDDEN") and await ground.told(head, "watched", id)

    measure = await ground.measure(id)
    [body] = await ground.told(ground.handler, "planned", measure)
    assert home["name"] not in body and home["address"] not in body, "a notice names nobody"
    asked = (
        "query($id: ID!) { node(id: $id) { ... on WatchMeasure { head address kind watch { id } steps { text } } } }"
    )
    unit_sees = (await ground.handler.ask(asked, id=measure)).data["node"]
    assert unit_sees["head"] == home["name"] and unit_sees["address"] == home["address"]
    assert unit_sees["watch"] is None and await ground.see(id, ground.handler) is None, "the measure and no more"
    exit_ = await ground.give(ground.first, "proposeWatchExit", id)
    assert exit_ == [("MEASURE_OPEN", ["watch"])]
    assert await ground.give(ground.handler, "finishWatchMeasure", measure, done=True, text="已上岗。") == []
    assert (await ground.handler.ask(asked, id=measure)).data["node"] is None, "it is the unit's no longer"
    assert await ground.give(head, "recordWatchEffect", measure, text="每月有了进项。") == []
    assert await ground.give(ground.first, "reviewWatch", id, text="收入稳定。") == []
    assert await ground.give(ground.first, "proposeWatchExit", id, text="风险已消除。") == []
    assert await ground.told(head, "exit_proposed", id)
    assert await ground.give(head, "answerWatchExit", id, agreed=False, text="还想再看看。") == []
    assert (await ground.see(id))["state"] == "WATCHED", "it ends by no other word"
    assert await ground.give(ground.first, "proposeWatchExit", id) == []
    assert await ground.give(head, "answerWatchExit", id, agreed=True, text="同意。") == []
    over = await ground.see(id, head)
    assert (over["state"], over["ending"], len(over["facts"])) == ("ENDED", "AGREED", 1)
    said = [(one["kind"], one["byHousehold"]) for one in over["steps"]]
    assert said == [
        ("ASKED", True), ("ASSESSED", False), ("CONFIRMED", False), ("PLANNED", False), ("DONE", False),
        ("EFFECT", True), ("REVIEWED", False), ("EXIT_PROPOSED", False), ("STAYED", True), ("EXIT_PROPOSED", False),
        ("AGREED", True),
    ]  # fmt: skip
    assert [one["text"] for one in over["steps"]][5] == "每月有了进项。"
    assert await ground.see(id, ground.worker) is None, "who works in the grid sees it no longer once it is over"


async def test_a_proposal_is_nothing_without_the_household(ground: Ground) -> None:
    """A worker proposes; without consent nothing happens, and silence ends it."""
    home = ground.home()
    household = f"Household:{home['id']}"
    made = await ground.done(ground.worker, "proposeWatch", "watch { id }", household=household, text="房屋受损。")
    id = made["id"]
    seen = await ground.see(id, ground.head(home))
    assert (seen["state"], seen["proposedBy"], seen["facts"]) == ("PROPOSED", "worker", [])
    assert await ground.told(ground.head(home), "proposed", id)
    assert await ground.give(ground.first, "assessWatch", id) == [("ILLEGAL_TRANSITION", ["watch"])]
    twice = await ground.worker.do("proposeWatch", "watch { id }", household=household, text="再次提议。")
    assert refused(twice) == [("DUPLICATE", ["household"])]
    given = {"household": household, "facts": [ground.fact("flood")]}
    without = await ground.head(home).do("requestWatch", "watch { id }", **given)
    assert refused(without) == [("CONSENT_REQUIRED", ["household"])]
    assert await ground.ask(home, "flood") == id, "what is agreed to is the proposal itself"
    assert (await ground.see(id))["state"] == "ASKED"
    again = await ground.head(home).do("requestWatch", "watch { id }", **given)
    assert refused(again) == [("DUPLICATE", ["household"])]


async def test_paper_is_written_down_by_another(ground: Ground) -> None:
    """Who cannot sign in signs on paper; whoever proposed does not also write down that they agreed."""
    home = ground.home()
    person, household = f"Person:{home['person']}", f"Household:{home['id']}"
    await ground.done(ground.worker, "proposeWatch", "watch { id }", household=household, text="房屋受损。")
    signed = {"purpose": "watch.watching", "noticeVersion": 1, "person": person, "by": person}
    await ground.done(ground.other_worker, "giveConsent", "consent { id }", **signed)
    given = {"household": household, "by": person, "facts": [ground.fact()]}
    own = await ground.worker.do("requestWatch", "watch { id }", **given)
    assert refused(own) == [("FOUR_EYES", ["by"])]
    neighbour = f"Person:{ground.home()['person']}"
    stranger = await ground.other_worker.do("requestWatch", "watch { id }", **given | {"by": neighbour})
    assert refused(stranger) == [("FORBIDDEN", ["by"])]
    made = await ground.done(ground.other_worker, "requestWatch", "watch { id }", **given)
    step = (await ground.see(made["id"]))["steps"][-1]
    assert (step["account"], step["byHousehold"]) == ("other worker", True)
    assert await ground.told(ground.head(home), "received", made["id"]), "they are told, whoever wrote it down"
    assert await ground.give(ground.worker, "leaveWatch", made["id"]) == [("FORBIDDEN", ["household"])]
    assert await ground.give(ground.other_worker, "leaveWatch", made["id"], by=person) == []


async def test_only_declared_facts_decide(ground: Ground) -> None:
    """A ground that no declared fact is of is refused; what is declared later is looked into again."""
    home = ground.home()
    id = await ground.ask(home, "expense")
    odd = await ground.give(ground.first, "assessWatch", id, ground="MARGINAL")
    assert odd == [("BAD_USER_INPUT", ["ground"])]
    assert await ground.give(ground.first, "assessWatch", id, ground="SUDDEN") == []
    assert await ground.give(ground.head(home), "declareWatchFacts", id, facts=[ground.fact("margin")]) == []
    seen = await ground.see(id)
    assert (seen["state"], seen["ground"], len(seen["facts"])) == ("ASKED", None, 2)
    assert await ground.give(ground.first, "assessWatch", id, ground="MARGINAL") == []
    assert await ground.give(ground.second, "confirmWatch", id, confirmed=False, text="请入户核实。") == []
    assert (await ground.see(id))["state"] == "ASKED"
    # Whoever did not confirm may look into it, and the first one confirm.
    assert await ground.give(ground.second, "assessWatch", id, ground="MARGINAL") == []
    assert await ground.give(ground.first, "confirmWatch", id, confirmed=True) == []
    assert (await ground.see(id))["ground"] == "MARGINAL"


async def test_a_refusal_is_contested(ground: Ground) -> None:
    """A third person decides, once; a household may ask anew in any case."""
    home = ground.home()
    head = ground.head(home)
    id = await ground.refused(home)
    assert await ground.told(head, "refused", id)
    seen = await ground.see(id, head)
    assert (seen["state"], seen["ground"]) == ("REFUSED", None)
    assert seen["steps"][-1]["text"] == "已核实。", "the household reads why"
    assert await ground.give(head, "contestWatch", id, text="票据在案。") == []
    assert await ground.told(ground.county, "contested", id)
    for caller in (ground.first, ground.worker):
        assert [code for code, _ in await ground.give(caller, "decideWatchContest", id)] == ["FORBIDDEN"]
    both = ground.server.as_("county_dispatcher", grid="610921", sub="second")
    assert await ground.give(both, "decideWatchContest", id, ground="SUDDEN") == [("FOUR_EYES", ["watch"])]
    assert await ground.give(ground.county, "decideWatchContest", id, text="维持。") == []
    assert (await ground.see(id))["state"] == "REFUSED"
    assert await ground.give(head, "contestWatch", id) == [("ILLEGAL_TRANSITION", ["watch"])]
    other = ground.home()
    won = await ground.refused(other)
    assert await ground.give(ground.head(other), "contestWatch", won) == []
    assert await ground.give(ground.county, "decideWatchContest", won, ground="SUDDEN") == []
    assert (await ground.see(won))["state"] == "WATCHED"
    anew = await ground.ask(home, "flood")
    assert anew != id
    third = ground.home()
    late = await ground.refused(third)
    await ground.ask(third, "flood")
    assert await ground.give(ground.head(third), "contestWatch", late) == [("DUPLICATE", ["watch"])]


async def test_withdrawing_the_consent_ends_it(ground: Ground) -> None:
    """At once, with what was planned; what was declared is deleted, and another of the family may end it as well."""
    home = ground.home(two=True)
    id = await ground.watched(home)
    measure = await ground.measure(id)
    await ground.done(ground.head(home), "withdrawConsent", "consent { id }", purpose="watch.watching")
    seen = await ground.see(id, ground.head(home))
    assert (seen["state"], seen["ending"], seen["facts"]) == ("ENDED", "WITHDRAWN", [])
    assert [one["state"] for one in seen["measures"]] == ["CANCELLED"]
    assert (await ground.handler.ask("query($id: ID!) { node(id: $id) { id } }", id=measure)).data["node"] is None
    [left] = await ground.fetch("select count(*) from watch.fact where watch_id=$1", id.partition(":")[2])
    assert left[0] == 0
    other = await ground.watched(home)
    assert await ground.give(ground.other(home), "leaveWatch", other, text="不需要了。") == []
    assert (await ground.see(other, ground.head(home)))["ending"] == "LEFT"
    gone = await ground.refused(home)
    await ground.done(ground.head(home), "withdrawConsent", "consent { id }", purpose="watch.watching")
    assert (await ground.see(gone, ground.head(home)))["facts"] == [], "also what was refused"


async def test_ones_own_household_is_for_others(ground: Ground) -> None:
    """Staff do nothing for the county in their own household; children see it, and do not speak for it."""
    home = ground.home()
    id = await ground.ask(home)
    official = ground.server.as_("town_dispatcher", grid="610921101", sub="own", person=str(home["person"]))
    conflict = [("CONFLICT_OF_INTEREST", ["watch"])]
    assert await ground.give(official, "assessWatch", id, ground="SUDDEN") == conflict
    await ground.fetch("update people.person set birth_date='2012-01-01' where id=$1", home["person"])
    child = ground.head(home)
    assert (await ground.see(id, child))["state"] == "ASKED"
    assert await ground.give(child, "leaveWatch", id) == [("FORBIDDEN", ["watch"])]
    refusal = await ground.give(ground.server.as_("department_handler", unit=OTHER_UNIT), "assessWatch", id)
    assert refusal == [("NOT_FOUND", ["watch"])]
    wrong = await ground.first.do(
        "planWatchMeasure", "measure { id }", watch=id, expectedVersion=await ground.version(id), kind="RELIEF",
        unit=UNIT, owner="handler", dueOn="2026-08-01", text="先行救助",
    )  # fmt: skip
    assert refused(wrong) == [("ILLEGAL_TRANSITION", ["watch"])], "nothing is planned before it is decided"
