"""Households without a telephone: each word on paper, written down by a worker, told to the household all the same."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from .conftest import ELSEWHERE, TOWN, Ground, refused

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_whole_life_on_paper(ground: Ground) -> None:
    """Asked, declared, contested, helped, stayed and ended, in the name of whoever signed."""
    home = ground.home()
    person = f"Person:{home['person']}"
    signed = {"purpose": "watch.watching", "noticeVersion": 1, "person": person, "by": person}
    await ground.done(ground.worker, "giveConsent", "consent { id }", **signed)
    asked = {"household": f"Household:{home['id']}", "by": person, "facts": [ground.fact()]}
    id = (await ground.done(ground.worker, "requestWatch", "watch { id }", **asked))["id"]
    more = await ground.give(ground.worker, "declareWatchFacts", id, by=person, facts=[ground.fact("flood")])
    assert more == []
    assert await ground.give(ground.first, "assessWatch", id) == []
    assert await ground.give(ground.second, "confirmWatch", id, confirmed=True) == []
    assert await ground.give(ground.worker, "contestWatch", id, by=person, text="灾情未计入。") == []
    assert await ground.give(ground.county, "decideWatchContest", id, ground="SUDDEN") == []
    measure = await ground.measure(id)
    assert await ground.give(ground.worker, "recordWatchEffect", measure, by=person, text="还没有人来。") == []
    assert await ground.give(ground.handler, "finishWatchMeasure", measure, done=True) == []
    assert await ground.give(ground.first, "proposeWatchExit", id) == []
    assert await ground.give(ground.worker, "answerWatchExit", id, by=person, agreed=True, text="同意。") == []
    seen = await ground.see(id, ground.head(home))
    spoken = [(one["kind"], one["account"]) for one in seen["steps"] if one["byHousehold"]]
    assert spoken[0] == ("ASKED", "worker") and spoken[-1] == ("AGREED", "worker")
    persons = await ground.fetch(
        "select distinct person_id from watch.step where watch_id=$1 and person_id is not null", id.partition(":")[2]
    )
    assert [one["person_id"] for one in persons] == [home["person"]]
    assert seen["ending"] == "AGREED" and len(await ground.told(ground.head(home), "help_ended", measure)) == 0
    assert len(await ground.told(ground.head(home), "help_ended", id)) == 1


async def test_who_may_sign(ground: Ground) -> None:
    """A grown and living member of that household alone; and who writes it down works where they live."""
    home = ground.home(two=True)
    id = await ground.ask(home)
    other = f"Person:{home['other']}"
    elsewhere = ground.server.as_("grid_worker", grid=ELSEWHERE, sub="far")
    assert await ground.give(elsewhere, "leaveWatch", id, by=other) == [("NOT_FOUND", ["watch"])]
    assert await ground.give(ground.first, "leaveWatch", id, by=other) == [("FORBIDDEN", ["watch"])]
    assert await ground.give(ground.head(home), "leaveWatch", id, by=other) == [("FORBIDDEN", ["by"])]
    changes = {
        "birth_date='2015-01-01'": "birth_date='1970-01-01'",
        "died_on='2026-01-01'": "died_on=null",
    }
    for change, back in changes.items():
        await ground.fetch(f"update people.person set {change} where id=$1", home["other"])
        assert await ground.give(ground.worker, "leaveWatch", id, by=other) == [("FORBIDDEN", ["by"])], change
        await ground.fetch(f"update people.person set {back} where id=$1", home["other"])
    moved = "update people.membership set until={} where household_id=$1 and person_id=$2"
    await ground.fetch(moved.format("'2026-01-01'"), home["id"], home["other"])
    assert await ground.give(ground.worker, "leaveWatch", id, by=other) == [("FORBIDDEN", ["by"])]
    await ground.fetch(moved.format("null"), home["id"], home["other"])
    assert await ground.give(ground.worker, "leaveWatch", id, by=other) == []


async def test_a_key_is_nobodys_word(ground: Ground) -> None:
    """A consent that is over counts no more: what a household declares later needs one that holds."""
    home = ground.home()
    id = await ground.ask(home)
    await ground.fetch(
        "update rights.consent set expires_at='2026-01-01' where person_id=$1 and purpose='watch.watching'",
        home["person"],
    )
    late = await ground.give(ground.head(home), "declareWatchFacts", id, facts=[ground.fact("flood")])
    assert late == [("CONSENT_REQUIRED", ["watch"])]
    assert await ground.give(ground.head(home), "leaveWatch", id) == [], "to leave takes none"


async def test_pictures_are_made_harmless(ground: Ground) -> None:
    """What the camera wrote into a picture is not kept; what is no picture is refused by its place."""
    camera = (
        bytes.fromhex("ffd8") + b"\xff\xe1\x00\x10Exif\0\0GPS 32.9" + b"\xff\xdb\x00\x04ab"
        + b"\xff\xda\x00\x02xyz\xff\xd9tail"
    )  # fmt: skip
    id = await ground.ask(ground.home(), facts=[ground.fact(pictures=[base64.b64encode(camera).decode()])])
    [fact] = (await ground.see(id))["facts"]
    kind, _, content = fact["evidence"][0]["url"].partition(";base64,")
    assert kind == "data:image/jpeg" and b"GPS" not in base64.b64decode(content)
    home = ground.home()
    await ground.consent(home)
    for wrong in (b"%PDF-1.4\n%%EOF\n", camera[:-6] + b"\0" * 600_000 + camera[-6:]):
        facts = [ground.fact(), ground.fact("flood", pictures=[base64.b64encode(wrong).decode()])]
        given: dict[str, Any] = {"household": f"Household:{home['id']}", "facts": facts}
        payload = await ground.head(home).do("requestWatch", "watch { id }", **given)
        assert refused(payload) == [("BAD_USER_INPUT", ["facts", "1", "pictures", "0"])]
    [left] = await ground.fetch("select count(*) from watch.entry where household_id=$1", home["id"])
    assert left[0] == 0, "nothing is half-written"


async def test_units_and_owners_are_of_the_county(ground: Ground) -> None:
    """Whoever is told where people live answers for it in their county; a proposal is for where one works."""
    home = ground.home()
    id = await ground.watched(home)
    given = {
        "watch": id, "expectedVersion": await ground.version(id), "kind": "HOUSING", "owner": "far",
        "dueOn": "2026-09-01", "text": "修缮房屋",
    }  # fmt: skip
    await ground.fetch(
        "insert into units.unit (id, code, name, kind, reach, grid_id, version) select 999999, '6109-XX', '市级单位', "
        "'COUNTY_DEPARTMENT', 'LINE', g.id, 1 from grids.grid g where g.kind='CITY' limit 1"
    )
    away = await ground.first.do("planWatchMeasure", "measure { id }", unit="6109-XX", **given)
    assert refused(away) == [("BAD_USER_INPUT", ["unit"])]
    other = ground.home()
    far = ground.server.as_("grid_worker", grid=ELSEWHERE, sub="far")
    proposal = await far.do("proposeWatch", "watch { id }", household=f"Household:{other['id']}", text="收入下降。")
    assert refused(proposal) == [("NOT_FOUND", ["household"])]
    assert await ground.see(id, ground.server.as_("town_dispatcher", grid=TOWN, sub="any"))
