"""What services hold about people, and for how long; what goes with them; and where it is off nothing is there."""

from __future__ import annotations

from datetime import timedelta

import pytest
from gongzhi_services.clocks import ANSWER, RATING, RECEIPT
from gongzhi_services.facts import VALUES
from gongzhi_services.models import Fact
from gongzhi_services.registers import CHECK, HOLDINGS, KPIS, NOTICES

from .conftest import COUNTY, PDF, Hall

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_erased_people_leave_figures_alone(hall: Hall) -> None:
    """Papers and words go, with the keys of files; that there was an application stays, and is nobody's."""
    id = await hall.apply(0, papers=[{"code": "form", "content": PDF}])
    assert (
        await hall.give(hall.resident(0), "recordServiceVisit", id, day="2026-06-30", place="OFFICE", reason="盖章")
        == []
    )
    assert await hall.give(hall.resident(0), "withdrawServiceApplication", id) == []
    key = id.partition(":")[2]
    [sealed] = await hall.fetch(
        "select content, data_key from services.paper where application_id=$1 and content is not null", key
    )
    assert b"PDF" not in sealed["content"] and sealed["data_key"]
    resident, officer = hall.resident(0), hall.server.as_("data_protection_officer", grid=COUNTY)
    asked = await hall.done(resident, "requestDeletion", "request { id version }")
    decided = {"request": asked["id"], "expectedVersion": 1, "grant": True}
    await hall.done(officer, "decideDataRequest", "request { state }", **decided)
    [row] = await hall.fetch("select person_id, account, state from services.application where id=$1", key)
    assert list(row) == [None, None, "WITHDRAWN"]
    assert await hall.fetch("select from services.paper where application_id=$1", key) == []
    [visit] = await hall.fetch("select reason from services.visit where application_id=$1", key)
    assert visit["reason"] == "—"


async def test_a_copy_holds_what_one_applied_for(hall: Hall) -> None:
    """Applications, papers, visits and lapses are found by the person; the catalogue is nobody's."""
    id = await hall.apply(1)
    about = {one.table: one for one in HOLDINGS if one.person}
    assert set(about) == {f"services.{one}" for one in ("application", "paper", "visit", "lapse")}
    person = hall.people[1]["id"]
    for table, count in (("application", 1), ("paper", 4)):
        where = about[f"services.{table}"].person.replace("$1", "$1::uuid")
        assert len(await hall.fetch(f"select t.id from services.{table} t where {where}", person)) == count
    assert all(one.months == 60 for one in about.values()) and id


async def test_findings_count_what_is_not_answered(hall: Hall) -> None:
    [before] = await hall.fetch(CHECK.sql)
    id = await hall.apply(2)
    lacking = {"missing": [{"code": "account"}, {"code": "form"}], "unlisted": ["收入证明"]}
    assert await hall.give(hall.handler, "returnServiceApplication", id, **lacking) == []
    long_ago = timedelta(days=400)
    await hall.fetch(
        "update services.lapse set answer_by=now()-$1::interval where application_id=$2", long_ago, id[19:]
    )
    [after] = await hall.fetch(CHECK.sql)
    assert (before["count"], after["count"]) == (0, 1) and "1" in CHECK.say(1).zh


async def test_what_is_published_of_itself() -> None:
    """Each fact says where it is on file; a consent to proxies ends; figures have formulas; terms keep to the law."""
    assert set(VALUES) == set(Fact)
    [notice] = NOTICES
    assert notice.consent and notice.months == 12 and notice.recipient is None
    assert {one.name for one in KPIS} == {"services.on_time", "services.bad_ratings"}
    assert (RECEIPT.default, RECEIPT.most) == (5, 5) and RATING.default and ANSWER.default


async def test_events_tell_no_words(hall: Hall) -> None:
    """Whoever follows learns which application it is and what was decided, and reads what they may."""
    id = await hall.decided(3, "REFUSED")
    events = await hall.fetch(
        "select type, data::text from events.outbox where data->>'application'=$1 order by position",
        id.partition(":")[2],
    )
    assert [one["type"] for one in events] == ["services.submitted", "services.accepted", "services.decided"]
    assert all("依据" not in one["data"] and "津贴" not in one["data"] for one in events)


async def test_where_it_is_off_nothing_is_there(hall: Hall) -> None:
    """No catalogue, no application, no job; switched on again all is as it was."""
    id = await hall.apply(4)
    switch = {"plugin": "services", "county": COUNTY}
    administrator = hall.server.as_("administrator", grid=COUNTY)
    await hall.done(administrator, "setPluginActivation", "activation { active }", active=False, **switch)
    feed = "{ serviceMatters(first: 50) { nodes { id } } }"
    assert not ((await hall.server.ask(feed)).body["data"]["serviceMatters"] or {}).get("nodes")
    assert await hall.see(id) is None
    payload = await hall.resident(4).do(
        "withdrawServiceApplication", "application { id }", application=id, expectedVersion=1
    )
    assert [one["code"] for one in payload["errors"]] == ["PLUGIN_INACTIVE"]
    hall.server.clock.move(days=9)
    await hall.run_jobs()
    [row] = await hall.fetch("select state from services.application where id=$1", id.partition(":")[2])
    assert row["state"] == "SUBMITTED"
    await hall.done(administrator, "setPluginActivation", "activation { active }", active=True, **switch)
    hall.server.clock.move(hours=1)
    await hall.run_jobs()
    assert (await hall.see(id))["state"] == "ACCEPTED"
