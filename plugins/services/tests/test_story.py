"""An application from the catalogue to its rating: filled in, returned once, accepted, decided; and what goes wrong."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from .conftest import COUNTY, DOCUMENTS, PDF, UNIT, Hall, refused

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_from_the_catalogue_to_the_rating(hall: Hall) -> None:
    """What is on file is filled in; one notice names all that is missing; the clock waits; the applicant rates."""
    matter, resident = await hall.publish(), hall.resident(0)
    brings = "query($id: ID!) { node(id: $id) { ... on ServiceMatter { documents { code onFile } } } }"
    shown = (await resident.ask(brings, id=matter)).data["node"]["documents"]
    assert {one["code"]: one["onFile"] for one in shown} == {
        "identity": True, "birth": True, "account": False, "form": False,
    }  # fmt: skip
    id = await hall.apply(0, matter=matter, papers=[{"code": "form", "content": PDF}])
    seen = await hall.see(id)
    papers = {one["code"]: one for one in seen["papers"]}
    assert {code: one["state"] for code, one in papers.items()} == {
        "identity": "ON_FILE", "birth": "ON_FILE", "account": "MISSING", "form": "PROVIDED",
    }  # fmt: skip
    birth = hall.people[0]["birth_date"].isoformat()
    assert (papers["birth"]["source"], papers["birth"]["value"]) == ("PERSON", birth)
    # The number itself stays masked: whoever needs it asks for it, and says for what.
    assert papers["identity"]["value"].startswith(hall.people[0]["name"]) and "*" in papers["identity"]["value"]
    assert papers["form"]["url"].startswith("data:application/pdf;base64,")
    # 30 June 2026 is a Tuesday: five working days from the next day on.
    assert seen["state"] == "SUBMITTED" and seen["dueAt"].startswith("2026-07-07")
    assert seen["case"]["status"] == "HANDLING" and seen["case"]["dueAt"] == seen["dueAt"]
    assert await hall.told(hall.handler, "submitted", id)

    returning = {"missing": [{"code": "account"}, {"code": "form", "why": "未签名"}]}
    assert await hall.give(hall.handler, "returnServiceApplication", id, **returning) == []
    [told] = await hall.told(resident, "returned", id)
    assert "2 papers" in told or "2 份" in told
    waiting = await hall.see(id, resident)
    assert (waiting["state"], waiting["dueAt"], waiting["returns"]) == ("RETURNED", None, 1)
    assert {one["code"]: one["why"] for one in waiting["papers"] if one["state"] == "MISSING"} == {
        "account": None, "form": "未签名",
    }  # fmt: skip
    assert await hall.give(resident, "supplyServicePapers", id, papers=[{"code": "form"}]) == []
    assert (await hall.see(id))["state"] == "RETURNED", "one is missing still"
    assert await hall.give(resident, "supplyServicePapers", id, papers=[{"code": "account"}]) == []

    assert await hall.give(hall.handler, "acceptServiceApplication", id) == []
    accepted = await hall.see(id, resident)
    assert accepted["state"] == "ACCEPTED" and accepted["dueAt"].startswith("2026-07-03")
    assert await hall.give(hall.handler, "decideServiceApplication", id, outcome="GRANTED") == []
    done = await hall.see(id, resident)
    assert (done["state"], done["outcome"], done["remedy"], done["dueAt"]) == ("DECIDED", "GRANTED", None, None)
    assert done["case"]["status"] == "CLOSED" and await hall.told(resident, "decided", id)
    rated = await resident.do("rateService", "application { state rating }", application=id, rating=5)
    assert rated["application"] == {"state": "CLOSED", "rating": 5}
    assert await hall.lapses(id) == {}
    timeline = "query($n: String!) { case(number: $n) { timeline { type } } }"
    steps = [one["type"] for one in (await resident.ask(timeline, n=done["case"]["number"])).data["case"]["timeline"]]
    assert {"services.submitted", "services.returned", "services.accepted", "services.decided"} <= set(steps)


async def test_editions(hall: Hall) -> None:
    """A new edition ends the old one; whoever applied under that keeps it, and nobody else applies under it."""
    first = await hall.publish(code="old-age")
    id = await hall.apply(1, matter=first)
    unnamed = await hall.manager.do("publishServiceMatter", "matter { id }", **edition(replaces=None))
    assert [(one["code"], one["path"]) for one in unnamed["errors"]] == [("DUPLICATE", ["replaces"])]
    second = await hall.done(hall.manager, "publishServiceMatter", "matter { id edition }", **edition(replaces=first))
    assert second["edition"] == 2
    assert (await hall.see(id))["matter"] == {"id": first, "code": "old-age", "edition": 1}
    late = await hall.resident(2).do("applyForService", "application { id }", matter=first)
    assert [one["code"] for one in late["errors"]] == ["ILLEGAL_TRANSITION"]
    offered = """query($u: String!) { serviceMatters(first: 50, filter: { unit: { equals: $u },
      code: { equals: "old-age" }, offered: { equals: true } }) { nodes { id promisedDays unit { code } } } }"""
    found = (await hall.server.ask(offered, u=UNIT)).data["serviceMatters"]["nodes"]
    assert found == [{"id": second["id"], "promisedDays": 2, "unit": {"code": UNIT}}], "strangers read the catalogue"
    await hall.done(hall.manager, "endServiceMatter", "matter { until }", matter=second["id"])
    third = await hall.done(hall.manager, "publishServiceMatter", "matter { edition }", **edition(replaces=None))
    assert third["edition"] == 3


def edition(**given: Any) -> dict[str, Any]:
    return {
        "unit": UNIT, "code": "old-age", "name": "高龄津贴申领", "basis": "《老年人权益保障法》第三十三条",
        "documents": DOCUMENTS[:1], "statutoryDays": 20, "promisedDays": 2,
    } | given  # fmt: skip


async def test_what_differs_is_asked_to_be_corrected(hall: Hall) -> None:
    """What is on file stays as it is until staff decide on the request, which the applicant follows."""
    resident = hall.resident(3)
    id = await hall.apply(3, differs=[{"fact": "BIRTH", "text": "身份证上为 1950 年"}])
    paper = next(one for one in (await hall.see(id))["papers"] if one["code"] == "birth")
    assert (paper["state"], paper["value"]) == ("ON_FILE", hall.people[3]["birth_date"].isoformat())
    assert paper["said"] == "身份证上为 1950 年"
    mine = "{ me { dataRequests(first: 5) { nodes { kind state text } } } }"
    [asked] = (await resident.ask(mine)).data["me"]["dataRequests"]["nodes"]
    assert (asked["kind"], asked["state"]) == ("CORRECTION", "OPEN") and "1950" in asked["text"]
    bad = await resident.do(
        "applyForService",
        "application { id }",
        matter=await hall.publish(),
        differs=[{"fact": "ADDRESS", "text": "无"}],
    )
    assert [(one["code"], one["path"]) for one in bad["errors"]] == [("BAD_USER_INPUT", ["differs", "0", "fact"])]


async def test_a_proxy_needs_consent(hall: Hall) -> None:
    """A grid worker applies for somebody once they agreed to that account; the principal is told, and rates alone."""
    village = hall.people[4]["village"]
    worker = hall.server.as_("grid_worker", grid=village, sub="proxy-worker")
    principal, person = hall.resident(4), hall.person(4)
    given = {"matter": await hall.publish(), "person": person, "proxy": "GRID_WORKER"}
    without = await worker.do("applyForService", "application { id }", **given)
    assert [(one["code"], one["path"]) for one in without["errors"]] == [("CONSENT_REQUIRED", ["person"])]
    plain = await worker.do("applyForService", "application { id }", matter=given["matter"], person=person)
    assert [one["code"] for one in plain["errors"]] == ["FORBIDDEN"]
    agreed = {"purpose": "services.proxy", "recipient": "proxy-worker", "noticeVersion": 1}
    await hall.done(principal, "giveConsent", "consent { id }", **agreed)
    id = await hall.apply(caller=worker, **given)
    assert (await hall.see(id, worker))["proxy"] == "GRID_WORKER"
    assert (await hall.see(id, principal))["person"] == {"id": person}
    assert await hall.told(principal, "applied_for", id)
    log = "{ me { actLog(first: 9) { nodes { mutation } } } }"
    acts = (await principal.ask(log)).data["me"]["actLog"]["nodes"]
    assert {"mutation": "apply_for_service"} in acts, "the principal reads it in their log"
    assert await hall.give(hall.handler, "acceptServiceApplication", id) == []
    assert await hall.give(hall.handler, "decideServiceApplication", id, outcome="GRANTED") == []
    rated = await worker.do("rateService", "application { id }", application=id, rating=5)
    assert [one["code"] for one in rated["errors"]] == ["FORBIDDEN"], "who applies for others does not rate"
    rated = await principal.do("rateService", "application { rating }", application=id, rating=4)
    assert rated["application"] == {"rating": 4}
    taken = {"purpose": "services.proxy", "recipient": "proxy-worker"}
    await hall.done(principal, "withdrawConsent", "consent { id }", **taken)
    assert await hall.see(id, worker) is None, "without the consent nobody sees more"


async def test_the_case_follows(hall: Hall) -> None:
    """Nobody answers, rests or voids the case beside the application, which it ends with."""
    id = await hall.apply(5)
    seen = await hall.see(id)
    given = {"number": seen["case"]["number"], "expectedVersion": 1, "text": "已办。"}
    version = "query($n: String!) { case(number: $n) { version title } }"
    case = (await hall.handler.ask(version, n=given["number"])).data["case"]
    assert "津贴" not in case["title"], "all who work in the grid see the case, and not what it is about"
    reply = await hall.handler.do("replyToCase", "case { status }", **given | {"expectedVersion": case["version"]})
    assert [one["code"] for one in reply["errors"]] == ["APPLICATION_OPEN"]
    worker = hall.server.as_("grid_worker", grid=hall.people[5]["village"])
    assert await hall.see(id, worker) is None
    about = "query($n: String!) { case(number: $n) { serviceApplication { id } } }"
    assert (await worker.ask(about, n=given["number"])).data["case"] == {"serviceApplication": None}
    assert (await hall.resident(5).ask(about, n=given["number"])).data["case"] == {"serviceApplication": {"id": id}}
    assert await hall.give(hall.resident(5), "withdrawServiceApplication", id) == []
    gone = await hall.see(id)
    assert (gone["state"], gone["case"]["status"]) == ("WITHDRAWN", "CLOSED")
    assert await hall.told(hall.handler, "withdrawn", id)


async def test_refused_with_reason_and_remedy(hall: Hall) -> None:
    """Whoever is refused reads why and how to object, in their language; not accepting what was accepted is refused."""
    id = await hall.decided(6, "REFUSED")
    seen = await hall.see(id, hall.resident(6))
    assert (seen["outcome"], seen["reason"]) == ("REFUSED", "依据不足")
    assert "60 days" in seen["remedy"] or "六十日" in seen["remedy"]
    other = await hall.apply(6)
    given = {"outcome": "NOT_ACCEPTED", "reason": "不属于本单位职权"}
    refusal = ("ILLEGAL_TRANSITION", ["outcome"])
    assert await hall.give(hall.handler, "decideServiceApplication", other, outcome="GRANTED") == [refusal]
    assert await hall.give(hall.handler, "decideServiceApplication", other, **given) == []
    assert (await hall.see(other))["outcome"] == "NOT_ACCEPTED"


async def test_a_county_sets_its_terms(hall: Hall) -> None:
    """Five working days at the most, which the law gives; what runs already stays as it was told."""
    administrator = hall.server.as_("administrator", grid=COUNTY)
    before = (await hall.see(await hall.apply(7)))["dueAt"]
    chosen = {"county": COUNTY, "setting": "services.receipt_days"}
    await hall.done(administrator, "setCountySetting", "county { code }", **chosen, value="1")
    after = (await hall.see(await hall.apply(7)))["dueAt"]
    assert (before[:10], after[:10]) == ("2026-07-07", "2026-07-01")
    longer = await administrator.do("setCountySetting", "county { code }", **chosen, value="6")
    assert [one["code"] for one in longer["errors"]] == ["BAD_USER_INPUT"]
    await hall.done(administrator, "setCountySetting", "county { code }", **chosen, value="5")


CHILD = """
select p.id, p.grid_id, c.id guardian, v.code village from people.person p join people.membership m on m.person_id=p.id
join people.membership o on o.household_id=m.household_id and o.person_id<>p.id
join people.person c on c.id=o.person_id and c.birth_date<'1996-01-01' and c.died_on is null
join grids.grid v on v.id=p.village_id
where p.birth_date>'2013-01-01' and p.died_on is null and m.until is null and o.until is null order by p.id limit 1
"""


async def test_a_guardian_applies_for_a_child(hall: Hall) -> None:
    """A child under fourteen does not decide; whoever is on file as the guardian applies, follows and rates."""
    [row] = await hall.fetch(CHILD)
    child = hall.server.as_("resident", person=str(row["id"]))
    guardian = hall.server.as_("resident", person=str(row["guardian"]))
    matter, person = await hall.publish(), f"Person:{row['id']}"
    alone = await child.do("applyForService", "application { id }", matter=matter)
    assert [one["code"] for one in alone["errors"]] == ["GUARDIAN_REQUIRED"]
    unnamed = await guardian.do("applyForService", "application { id }", matter=matter, person=person)
    assert [one["code"] for one in unnamed["errors"]] == ["FORBIDDEN"]
    await hall.fetch(
        "insert into rights.representative (id, grid_id, person_id, representative_id, capacity, since, account) "
        "values (gen_random_uuid(), $1, $2, $3, 'GUARDIAN', '2026-01-01', 'tests')",
        row["grid_id"],
        row["id"],
        row["guardian"],
    )
    id = await hall.apply(caller=guardian, matter=matter, person=person)
    assert (await hall.see(id, guardian))["person"] == {"id": person}
    assert await hall.give(hall.handler, "acceptServiceApplication", id) == []
    assert await hall.give(hall.handler, "decideServiceApplication", id, outcome="GRANTED") == []
    assert await hall.give(child, "rateService", id, rating=5) == [("GUARDIAN_REQUIRED", ["application"])]
    assert await hall.give(guardian, "rateService", id, rating=5) == []


async def test_a_consent_on_paper(hall: Hall) -> None:
    """Who has no telephone signs on paper; the worker who is named, and no other, hands in papers and is told."""
    village, person = hall.people[8]["village"], hall.person(8)
    worker = hall.server.as_("grid_worker", grid=village, sub="paper-worker")
    other = hall.server.as_("grid_worker", grid=village, sub="other-worker")
    signed = {"purpose": "services.proxy", "recipient": "paper-worker", "noticeVersion": 1}
    await hall.done(worker, "giveConsent", "consent { id }", **signed, person=person, by=person)
    given = {"matter": await hall.publish(), "person": person, "proxy": "GRID_WORKER"}
    refusal = await other.do("applyForService", "application { id }", **given)
    assert [one["code"] for one in refusal["errors"]] == ["CONSENT_REQUIRED"]
    id = await hall.apply(caller=worker, **given)
    lacking = [{"code": "account"}, {"code": "form"}]
    assert await hall.give(hall.handler, "returnServiceApplication", id, missing=lacking) == []
    assert await hall.told(worker, "returned", id) and await hall.told(hall.resident(8), "returned", id)
    assert await hall.give(other, "supplyServicePapers", id, papers=lacking) == [("NOT_FOUND", ["application"])]
    assert await hall.give(worker, "supplyServicePapers", id, papers=lacking) == []
    assert (await hall.see(id))["state"] == "SUBMITTED"
    # What was done in their name they undo themselves.
    assert await hall.give(hall.resident(8), "withdrawServiceApplication", id) == []
    assert await hall.told(worker, "withdrawn", id)


async def test_who_comes_first(hall: Hall) -> None:
    """Of two that do the same at once one is done, and the other is told; nothing is there twice."""
    matter, resident = await hall.publish(), hall.resident(9)
    both = await asyncio.gather(
        *(resident.do("applyForService", "application { id }", matter=matter) for _ in range(2))
    )
    assert sorted(code for one in both for code, _ in refused(one)) == ["DUPLICATE"]
    [id] = [one["application"]["id"] for one in both if one["application"]]
    given = {"application": id, "expectedVersion": 1}
    lacking = [{"code": "account"}, {"code": "form"}]
    accepted, returned = await asyncio.gather(
        hall.handler.do("acceptServiceApplication", "application { state }", **given),
        hall.handler.do("returnServiceApplication", "application { state }", **given, missing=lacking),
    )
    assert sorted(code for one in (accepted, returned) for code, _ in refused(one)) == ["STALE_VERSION"]
    editions = await asyncio.gather(
        *(
            hall.manager.do("publishServiceMatter", "matter { edition }", **edition(code="at-once", replaces=None))
            for _ in range(2)
        )
    )
    assert sorted(code for one in editions for code, _ in refused(one)) == ["DUPLICATE"]


async def test_what_serves_elsewhere(hall: Hall) -> None:
    """A town's matter is for its own people; the dead apply for nothing; and a stranger signs in first."""
    town = (
        "select u.code from units.unit u join grids.grid g on g.id=u.grid_id where g.kind='TOWN' and u.valid_to is null"
    )
    homes = {one["village"][:9] for one in hall.people[:11]}
    codes = [one["code"] for one in await hall.fetch(f"{town} and g.code<>all($1)", list(homes))]
    if codes:
        matter = await hall.publish(unit=codes[0])
        elsewhere = await hall.resident(10).do("applyForService", "application { id }", matter=matter)
        assert refused(elsewhere) == [("BAD_USER_INPUT", ["matter"])]
    unsigned = await hall.server.do("applyForService", "application { id }", matter=await hall.publish())
    assert refused(unsigned) == [("NOT_FOUND", ["person"])]
    await hall.fetch("update people.person set died_on='2026-06-01' where id=$1", hall.people[11]["id"])
    dead = await hall.resident(11).do("applyForService", "application { id }", matter=await hall.publish())
    assert dead["application"] is None and refused(dead)


async def test_each_step_is_told_to_who_follows(hall: Hall) -> None:
    """What happened is kept for subscriptions with its place and case, in the order in which it happened."""
    id = await hall.decided(10)
    rows = await hall.fetch(
        "select type, county_id, case_id from events.outbox where data->>'application'=$1 order by position",
        id.partition(":")[2],
    )
    assert [one["type"] for one in rows] == ["services.submitted", "services.accepted", "services.decided"]
    assert len({one["case_id"] for one in rows}) == 1 and all(one["county_id"] for one in rows)
