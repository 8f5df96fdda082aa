"""Bulletins: who reads them and who is told, what becomes of them, and that nobody learns who has read one."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from .conftest import COUNTY, ELSEWHERE, PDF, TOWN, VILLAGE, Village, refused

pytestmark = pytest.mark.asyncio(loop_scope="module")

FEED = "query($grid: String) { bulletins(grid: $grid, first: 50) { nodes { id } } }"
HOME = "{ me { bulletins(first: 50) { nodes { id } } } }"
SHOWN = """query($id: ID!) { node(id: $id) { ... on Bulletin {
  title text kind audience current until version correctedAt withdrawnAt reason grid { code }
  reaches { grid { code } } attachments { name mediaType url } revisions { version title text reason }
} } }"""
COUNTED = "query($id: ID!) { node(id: $id) { ... on Bulletin { readCount } } }"


async def feed(caller: Any, grid: str | None) -> list[str]:
    return [one["id"] for one in (await caller.ask(FEED, grid=grid)).data["bulletins"]["nodes"]]


async def at_home(caller: Any) -> list[str]:
    return [one["id"] for one in (await caller.ask(HOME)).data["me"]["bulletins"]["nodes"]]


async def test_what_is_public_is_read_without_an_account(village: Village) -> None:
    """Whoever asks for a place finds what was published there and above it, with its files, and not what is beside."""
    until = "2026-07-02T10:00:00+08:00"
    attached = [{"name": "停水范围.pdf", "content": PDF}]
    ours = await village.publish(attachments=attached, until=until)
    wide = await village.publish(village.town, grid=TOWN)
    for grid, there in ((VILLAGE, [wide, ours]), (TOWN, [wide]), (COUNTY, []), (ELSEWHERE, [])):
        found = await feed(village.server, grid)
        assert [one for one in found if one in (ours, wide)] == there, grid
    shown = (await village.server.ask(SHOWN, id=ours)).data["node"]
    assert shown["attachments"] == [
        {"name": "停水范围.pdf", "mediaType": "application/pdf", "url": shown["attachments"][0]["url"]}
    ]
    assert shown["attachments"][0]["url"].startswith("data:application/pdf;base64,JVBERi0")
    assert (shown["grid"], shown["reaches"]) == ({"code": VILLAGE}, [{"grid": {"code": VILLAGE}}])
    assert shown["current"] is True and shown["until"] == "2026-07-02T02:00:00+00:00"


async def test_residents_read_what_is_for_them(village: Village) -> None:
    """Nobody else does: not a stranger, not a resident of another village, nor another village's leader."""
    ours = await village.publish(audience="RESIDENTS")
    resident, other = await village.resident(), await village.stranger()
    assert ours in await at_home(resident) and ours not in await at_home(other)
    leader = village.server.as_("grid_leader", grid=ELSEWHERE)
    for caller in (village.server, other, leader):
        assert ours not in await feed(caller, VILLAGE)
        assert (await caller.ask(SHOWN, id=ours)).data["node"] is None
    assert ours in await feed(village.town, VILLAGE)


async def test_what_is_over_is_not_current(village: Village) -> None:
    soon = (village.server.clock().replace(microsecond=0)).isoformat()
    payload = await village.leader.do(
        "publishBulletin", "bulletin { id }", grid=VILLAGE, kind="NOTICE", title="停电", text="停电。", until=soon
    )
    assert refused(payload) == [("BAD_USER_INPUT", ["until"])]
    ours = await village.publish(until="2026-06-30T11:00:00+08:00")
    current = "{ bulletins(filter: { current: { equals: true } }, first: 50) { nodes { id } } }"
    assert ours in [one["id"] for one in (await village.server.ask(current)).data["bulletins"]["nodes"]]
    village.server.clock.move(hours=2)
    assert ours not in [one["id"] for one in (await village.server.ask(current)).data["bulletins"]["nodes"]]
    assert (await village.server.ask(SHOWN, id=ours)).data["node"]["current"] is False


async def test_who_agreed_is_told_of_what_they_chose(village: Village) -> None:
    """By consent, of their kinds and their place alone; once it is taken back nothing of it is left."""
    resident, silent, other = await village.resident(1), await village.resident(), await village.stranger()
    unasked = await silent.do("setBulletinInterests", "interest { kinds }", kinds=["NOTICE"])
    assert refused(unasked) == [("CONSENT_REQUIRED", ["kinds"])]
    await village.agree(resident, "NOTICE", "SERVICE")
    await village.agree(other, "NOTICE")
    ours, policy = await village.publish(), await village.publish(kind="POLICY")
    await village.run_jobs()
    assert await village.told(resident, ours) == ["New: a notice"]
    for caller, about in ((resident, policy), (silent, ours), (other, ours)):
        assert await village.told(caller, about) == []
    await village.done(resident, "withdrawConsent", "consent { id }", purpose="bulletins.interests")
    assert (await resident.ask("{ me { bulletinInterest { kinds } } }")).data["me"]["bulletinInterest"] is None
    later = await village.publish()
    await village.run_jobs()
    assert await village.told(resident, later) == []


async def test_of_danger_everybody_is_told_at_any_hour(village: Village) -> None:
    """Whoever lives there, agreed or not, and whoever has duty; no leader of a village may do that alone."""
    payload = await village.leader.do(
        "publishBulletin", "bulletin { id }", grid=VILLAGE, kind="EMERGENCY", title="山洪", text="请立即转移。"
    )
    assert refused(payload) == [("FORBIDDEN", ["kind"])]
    ours = await village.publish(village.town, kind="EMERGENCY", title="山洪", text="请立即转移。")
    await village.run_jobs()
    assert await village.told(await village.resident(3), ours) == ["New: danger"]
    assert await village.told(await village.stranger(), ours) == []
    sent = await village.fetch(
        "select office, wakes, due_at, count(*) n from notices.notice where about=$1 group by 1, 2, 3", ours
    )
    people = await village.fetch(
        "select count(*) n from people.person p join grids.grid g on g.id=p.grid_id where p.died_on is null and "
        "p.erased_at is null and g.path<@(select path from grids.grid where code=$1 and valid_to is null)",
        VILLAGE,
    )
    assert {one["office"]: (one["wakes"], one["due_at"], one["n"]) for one in sent} == {
        None: (True, None, people[0]["n"]),
        "cases.dispatch": (True, None, 1),
    }


async def test_a_county_is_told_in_batches(village: Village, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many there are, each hears once, whatever the size of a batch."""
    monkeypatch.setattr("gongzhi_bulletins.telling.BATCH", 2)
    ours = await village.publish(village.town, kind="EMERGENCY", title="山洪", text="请立即转移。")
    await village.run_jobs()
    told = await village.fetch("select person_id from notices.notice where about=$1 and person_id is not null", ours)
    assert len(told) > 4 and len({one["person_id"] for one in told}) == len(told)


async def test_corrected_it_says_what_it_said_before(village: Village) -> None:
    resident = await village.resident(3)
    await village.agree(resident, "NOTICE")
    ours = await village.publish()
    changed = {"bulletin": ours, "expectedVersion": 1, "text": "周四检修管网。", "reason": "日期有误"}
    await village.done(village.leader, "correctBulletin", "bulletin { version }", **changed)
    shown = (await village.server.ask(SHOWN, id=ours)).data["node"]
    assert (shown["title"], shown["text"], shown["version"]) == ("停水通知", "周四检修管网。", 2)
    assert shown["revisions"] == [
        {"version": 1, "title": "停水通知", "text": "周三检修管网，停水半天。", "reason": "日期有误"}
    ]
    await village.run_jobs()
    assert await village.told(resident, ours, "corrected") == ["Corrected: a notice"]
    stale = await village.leader.do("correctBulletin", "bulletin { id }", **changed)
    assert refused(stale) == [("STALE_VERSION", ["expectedVersion"])]


async def test_withdrawn_it_is_left_to_who_published_it(village: Village) -> None:
    """Its text is nobody's to read any more, whoever had it before; who was told is told so."""
    resident = await village.resident(3)
    await village.agree(resident, "NOTICE")
    ours = await village.publish(attachments=[{"name": "名单.pdf", "content": PDF}])
    actions = "query($id: ID!) { node(id: $id) { ... on Bulletin { actions { name allowed } } } }"
    gone = {"bulletin": ours, "expectedVersion": 1, "reason": "误发"}
    await village.done(village.leader, "withdrawBulletin", "bulletin { id }", **gone)
    for caller in (village.server, resident):
        assert ours not in await feed(caller, VILLAGE)
        assert (await caller.ask(SHOWN, id=ours)).data["node"] is None
    shown = (await village.leader.ask(SHOWN, id=ours)).data["node"]
    assert shown["reason"] == "误发" and shown["withdrawnAt"] and shown["current"] is False
    allowed = (await village.leader.ask(actions, id=ours)).data["node"]["actions"]
    assert {one["name"]: one["allowed"] for one in allowed} == {
        "correctBulletin": False, "withdrawBulletin": False, "markBulletinRead": False, "askAboutBulletin": False,
    }  # fmt: skip
    await village.run_jobs()
    assert await village.told(resident, ours, "withdrawn") == ["Withdrawn: a notice"]


async def test_readers_are_counted_and_not_listed(village: Village) -> None:
    """Each account once; the number is for those who publish, and the table names nobody."""
    ours = await village.publish()
    readers = [await village.resident(at) for at in range(3)]
    for reader in (*readers, readers[0]):
        await village.done(reader, "markBulletinRead", "counted", bulletin=ours)
    assert (await village.leader.ask(COUNTED, id=ours)).data["node"] == {"readCount": 3}
    asked = await readers[0].ask(COUNTED, id=ours)
    assert asked.codes == ["FORBIDDEN"] and asked.body["data"]["node"]["readCount"] is None
    rows = await village.fetch("select * from bulletins.receipt where bulletin_id=$1", ours.partition(":")[2])
    assert {*rows[0].keys()} == {"id", "bulletin_id", "digest"} and len({one["digest"] for one in rows}) == 3
    # Neither the audit nor what is kept of answers says which bulletin it was.
    acts = await village.fetch("select distinct mutation from access.act where $1=any(objects)", ours)
    assert [one["mutation"] for one in acts] == ["publish_bulletin"]
    answer = await village.server.give("markBulletinRead", {"bulletin": ours, "idempotencyKey": str(uuid4())})
    assert [code for code, _ in answer.problems("markBulletinRead")] == ["UNAUTHENTICATED"]


async def test_interests_are_ones_own(village: Village) -> None:
    """They are in one's copy and nobody else's, and an account without a person has none."""
    resident = await village.resident(2)
    await village.agree(resident, "POLICY", "NOTICE", "POLICY")
    own = (await resident.ask("{ me { bulletinInterest { kinds } } }")).data["me"]["bulletinInterest"]
    assert own == {"kinds": ["NOTICE", "POLICY"]}
    other = await (await village.resident(0)).ask("{ me { bulletinInterest { kinds } } }")
    assert other.data["me"]["bulletinInterest"] is None
    payload = await village.leader.do("setBulletinInterests", "interest { kinds }", kinds=["NOTICE"])
    assert refused(payload) == [("FORBIDDEN", [])]


async def test_numbers_of_people_are_pointed_out(village: Village) -> None:
    """Nothing is refused for it: whoever publishes is told what had better not be there, by the field."""
    asked = {"grid": VILLAGE, "kind": "NOTICE", "title": "联系人", "text": "请致电 13912345678 报名。"}
    payload = await village.leader.do("publishBulletin", "bulletin { id } warnings { field }", **asked)
    assert payload["errors"] == [] and payload["bulletin"]["id"]
    assert [one["field"] for one in payload["warnings"]] == ["text"]


async def test_a_grid_shows_what_reaches_it(village: Village) -> None:
    """What was published there or above it, the last first, a page at a time, by kind."""
    first = await village.publish(kind="POLICY", title="政策一")
    village.server.clock.move(minutes=1)
    second = await village.publish(village.town, grid=TOWN, kind="POLICY", title="政策二")
    page = """query($g: String!, $after: String) { grid(code: $g) { bulletins(
      filter: { kind: { equals: POLICY } }, first: 1, after: $after) {
      nodes { id } pageInfo { endCursor hasNextPage } } } }"""
    found, after = [], None
    while True:
        shown = (await village.server.ask(page, g=VILLAGE, after=after)).data["grid"]["bulletins"]
        found += [one["id"] for one in shown["nodes"]]
        after = shown["pageInfo"]["endCursor"]
        if not shown["pageInfo"]["hasNextPage"]:
            break
    assert found[:2] == [second, first] and len(set(found)) == len(found)


async def test_who_publishes_elsewhere_cannot_change_it(village: Village) -> None:
    """Not a leader of another village, nor of danger the leader of the village itself; its town may do both."""
    ours, loud = await village.publish(), await village.publish(village.town, kind="EMERGENCY")
    other = village.server.as_("grid_leader", grid=ELSEWHERE)
    for caller, bulletin in ((other, ours), (village.leader, loud)):
        given = {"bulletin": bulletin, "expectedVersion": 1, "reason": "误发"}
        payload = await caller.do("withdrawBulletin", "bulletin { id }", **given)
        assert refused(payload) == [("FORBIDDEN", ["bulletin"])]
    for bulletin in (ours, loud):
        given = {"bulletin": bulletin, "expectedVersion": 1, "reason": "误发"}
        assert refused(await village.town.do("withdrawBulletin", "bulletin { id }", **given)) == []
