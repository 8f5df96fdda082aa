"""The ledger of affairs: what a village owes and by when, two signatures, corrections, findings, and questions."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from gongzhi_bulletins.ledger.periods import CHECK, OF_AFFAIR
from gongzhi_server.testing import Server

from .conftest import COUNTY, ELSEWHERE, PDF, TOWN, VILLAGE, Village, refused

pytestmark = pytest.mark.asyncio(loop_scope="module")

FUNDS = {
    "capital": "FUNDS", "name": "集体经济收入", "unit": "YUAN",
    "opening": "120000.50", "increase": "30000", "decrease": "4500.25",
}  # fmt: skip
LAND = {"capital": "RESOURCES", "name": "机动地", "unit": "MU", "opening": "86", "increase": "0", "decrease": "2"}
OWED = """query($id: ID!) { node(id: $id) { ... on VillageAffair { overdue dueOn lastPublishedAt disclosures(first: 9) {
  nodes { id version state beginsOn endsOn dueOn round } } } } }"""
SHOWN = """query($id: ID!) { node(id: $id) { ... on VillageDisclosure { state text reason round
  committeeAt supervisionAt publishedAt bulletin { id title kind text until questionCount disclosure { id } }
  figures { number capital name unit opening increase decrease closing } } } }"""
VERSION = "query($id: ID!) { node(id: $id) { ... on VillageDisclosure { version } } }"
FILES = """query($id: ID!) { node(id: $id) { ... on VillageDisclosure { attachments { id name mediaType url } } } }"""
VOUCHER = {"name": "凭证.pdf", "content": PDF}


@pytest.fixture
def supervisor(village: Village) -> Server:
    return village.server.as_("village_supervisor", grid=VILLAGE, sub="supervisor")


async def declare(village: Village, title: str, kind: str = "FINANCE", **given: Any) -> str:
    asked = {"grid": VILLAGE, "kind": kind, "title": title, "monthly": kind == "FINANCE", "since": "2026-04-10"}
    made = await village.done(village.leader, "declareAffair", "affair { id }", **asked | given)
    return str(made["id"])


async def owed(village: Village, affair: str, caller: Server | None = None) -> Any:
    return (await (caller or village.leader).ask(OWED, id=affair)).data["node"]


async def draft(village: Village, affair: str, **given: Any) -> str:
    """Write what is owed for May; its id."""
    [row] = [one for one in (await owed(village, affair))["disclosures"]["nodes"] if one["beginsOn"] == "2026-05-01"]
    asked = {
        "disclosure": row["id"],
        "expectedVersion": row["version"],
        "text": "本期收支如下。",
        "figures": [FUNDS, LAND],
    }
    await village.done(village.leader, "draftDisclosure", "disclosure { id }", **asked | given)
    return str(row["id"])


async def sign(caller: Server, disclosure: str) -> Any:
    seen = (await caller.ask(VERSION, id=disclosure)).data["node"]["version"]
    return await caller.do("signDisclosure", "disclosure { state }", disclosure=disclosure, expectedVersion=seen)


async def test_a_major_affair_is_owed_at_once(village: Village) -> None:
    affair = await declare(village, "征地补偿方案", "MAJOR", since="2026-06-29")
    [row] = (await owed(village, affair))["disclosures"]["nodes"]
    assert (row["beginsOn"], row["dueOn"], row["state"]) == ("2026-06-29", "2026-07-02", "DUE")


async def test_two_signatures_publish(village: Village, supervisor: Server) -> None:
    """One publishes nothing; both make a bulletin that anybody reads, with the table and what is left in it."""
    affair = await declare(village, "村级收支")
    ours = await draft(village, affair)
    assert (await village.server.ask(SHOWN, id=ours)).data["node"] is None
    assert refused(await sign(village.leader, ours)) == []
    assert (await supervisor.ask(SHOWN, id=ours)).data["node"]["state"] == "SIGNING"
    again = await sign(village.leader, ours)
    assert refused(again) == [("DUPLICATE", ["disclosure"])]
    signed = await sign(supervisor, ours)
    assert signed == {"disclosure": {"state": "PUBLISHED"}, "errors": []}
    shown = (await village.server.ask(SHOWN, id=ours)).data["node"]
    assert shown["figures"] == [
        {"number": 1, **FUNDS, "increase": "30000.00", "decrease": "4500.25", "closing": "145500.25"},
        {"number": 2, **LAND, "opening": "86.00", "increase": "0.00", "decrease": "2.00", "closing": "84.00"},
    ]
    assert shown["committeeAt"] and shown["supervisionAt"] and shown["publishedAt"]
    bulletin = shown["bulletin"]
    assert (bulletin["kind"], bulletin["title"], bulletin["text"]) == (
        "AFFAIRS",
        "村级收支（2026年5月）",
        "本期收支如下。",
    )
    assert bulletin["disclosure"] == {"id": ours}
    feed = "query($g: String!) { bulletins(grid: $g, filter: { kind: { equals: AFFAIRS } }) { nodes { id } } }"
    assert {"id": bulletin["id"]} in (await village.server.ask(feed, g=VILLAGE)).data["bulletins"]["nodes"]


async def test_one_person_does_not_sign_twice(village: Village, supervisor: Server) -> None:
    """Not who wrote it, nor one account with both offices; and neither office signs elsewhere."""
    affair = await declare(village, "两委补贴")
    ours = await draft(village, affair)
    both = village.server.as_("village_supervisor", grid=VILLAGE, sub="leader")
    assert [code for code, _ in refused(await sign(both, ours))] == ["FOUR_EYES"]
    for role in ("grid_leader", "village_supervisor"):
        stranger = village.server.as_(role, grid=ELSEWHERE)
        payload = await stranger.do("signDisclosure", "disclosure { id }", disclosure=ours, expectedVersion=2)
        assert refused(payload) == [("NOT_FOUND", ["disclosure"])]
    assert refused(await sign(supervisor, ours)) == []
    assert (await village.leader.ask(SHOWN, id=ours)).data["node"]["state"] == "SIGNING"


async def test_another_wording_takes_signatures_anew(village: Village, supervisor: Server) -> None:
    affair = await declare(village, "惠农补贴")
    ours = await draft(village, affair)
    assert refused(await sign(supervisor, ours)) == []
    await draft(village, affair, text="另有更正。", figures=[FUNDS])
    shown = (await supervisor.ask(SHOWN, id=ours)).data["node"]
    assert (shown["supervisionAt"], len(shown["figures"]), shown["text"]) == (None, 1, "另有更正。")
    assert refused(await sign(village.leader, ours)) == []
    assert (await supervisor.ask(SHOWN, id=ours)).data["node"]["publishedAt"] is None


async def test_corrected_with_both_signatures(village: Village, supervisor: Server) -> None:
    """Until both have signed the earlier one stands; then it stays to be read, and holds no longer."""
    affair = await declare(village, "工程款")
    ours = await draft(village, affair)
    for signer in (village.leader, supervisor):
        await sign(signer, ours)
    first = (await village.server.ask(SHOWN, id=ours)).data["node"]["bulletin"]
    payload = await village.leader.do(
        "withdrawBulletin", "bulletin { id }", bulletin=first["id"], expectedVersion=1, reason="误"
    )
    assert refused(payload) == [("ILLEGAL_TRANSITION", ["bulletin"])]
    seen = (await village.leader.ask(VERSION, id=ours)).data["node"]["version"]
    asked = {"disclosure": ours, "expectedVersion": seen, "text": "更正如下。", "figures": [], "reason": "漏记一笔"}
    anew = (await village.done(village.leader, "correctDisclosure", "disclosure { id round }", **asked))["id"]
    assert (await village.server.ask(SHOWN, id=ours)).data["node"]["state"] == "PUBLISHED"
    twice = await village.leader.do("correctDisclosure", "disclosure { id }", **asked)
    assert refused(twice) == [("DUPLICATE", ["disclosure"])]
    for signer in (village.leader, supervisor):
        assert refused(await sign(signer, anew)) == []
    old, new = [(await village.server.ask(SHOWN, id=one)).data["node"] for one in (ours, anew)]
    assert (old["state"], new["state"], new["reason"]) == ("CORRECTED", "PUBLISHED", "漏记一笔")
    assert old["bulletin"]["until"] is not None and new["bulletin"]["title"] == "工程款（2026年5月）更正"


async def files_of(caller: Server, disclosure: str) -> Any:
    node = (await caller.ask(FILES, id=disclosure)).data["node"]
    return node and [(one["name"], one["mediaType"], one["url"][:28]) for one in node["attachments"]]


async def test_files_go_with_what_is_signed(village: Village, supervisor: Server) -> None:
    """Nobody else opens them before both have signed; a wording without files keeps them."""
    affair = await declare(village, "三公经费")
    ours = await draft(village, affair, attachments=[VOUCHER])
    voucher = ("凭证.pdf", "application/pdf", "data:application/pdf;base64,")
    assert await files_of(village.server, ours) is None
    assert await files_of(supervisor, ours) == [voucher]
    [file] = (await supervisor.ask(FILES, id=ours)).data["node"]["attachments"]
    alone = "query($id: ID!) { node(id: $id) { ... on VillageDisclosureFile { name } } }"
    assert (await village.server.ask(alone, id=file["id"])).data["node"] is None
    await draft(village, affair, text="另有说明。")
    for signer in (village.leader, supervisor):
        assert refused(await sign(signer, ours)) == []
    assert await files_of(village.server, ours) == [voucher]
    kept, without = [], []
    for found, given in ((kept, {}), (without, {"attachments": []})):
        seen = (await village.leader.ask(VERSION, id=ours)).data["node"]["version"]
        asked = {"disclosure": ours, "expectedVersion": seen, "text": "更正。", "figures": [], "reason": "误"}
        anew = (await village.done(village.leader, "correctDisclosure", "disclosure { id }", **asked | given))["id"]
        found += await files_of(village.leader, anew)
        await village.fetch("delete from bulletins.disclosure where round=2 and text='更正。'")
    assert (kept, without) == ([voucher], [])
    assert await files_of(village.server, ours) == [voucher]
    row = next(one for one in (await owed(village, affair))["disclosures"]["nodes"] if one["state"] == "DUE")
    for files, path in (
        ([VOUCHER] * 4, ["attachments"]),
        ([VOUCHER, VOUCHER | {"content": "aGFsbG8="}], ["attachments", "1", "content"]),
    ):
        asked = {"disclosure": row["id"], "expectedVersion": 1, "text": "账。", "attachments": files}
        payload = await village.leader.do("draftDisclosure", "disclosure { id }", **asked)
        assert refused(payload) == [("BAD_USER_INPUT", path)]


TOLD = "query($k: String!) { me { notices(filter: { kind: { equals: $k } }, first: 50) { nodes { title body } } } }"
OTHER = "select code from grids.grid where kind='VILLAGE' and code like $1 and code<>$2 and valid_to is null limit 1"


async def test_a_village_hears_what_it_owes(village: Village) -> None:
    """Within three days of it, and once more with the town when it is late; each once."""
    [other] = await village.fetch(OTHER, f"{TOWN}%", VILLAGE)
    leader = village.server.as_("grid_leader", grid=other["code"], sub="other")
    asked = {"grid": other["code"], "kind": "MAJOR", "title": "宅基地审批", "monthly": False}
    owes = (await village.done(leader, "declareAffair", "affair { id dueOn }", **asked))["dueOn"]

    async def titles(caller: Server) -> list[str]:
        kinds = ("bulletins.due", "bulletins.late")
        return [
            one["title"] for kind in kinds for one in (await caller.ask(TOLD, k=kind)).data["me"]["notices"]["nodes"]
        ]

    found, before = [], len(await titles(village.town))
    for days in (1, 1, 3, 1):
        village.server.clock.move(days=days)
        await village.run_jobs()
        found.append(await titles(leader))
    due, late = "Affairs of the village are to be published", "Affairs of the village were not published in time"
    assert found == [[due], [due], [due, late], [due, late]]
    assert len(await titles(village.town)) > before
    [body] = [one["body"] for one in (await leader.ask(TOLD, k="bulletins.late")).data["me"]["notices"]["nodes"]]
    assert body.startswith("1 of them") and owes in body


BAD: tuple[tuple[dict[str, Any], list[str]], ...] = (
    ({"text": " "}, ["text"]),
    ({"figures": [FUNDS | {"unit": "MU"}]}, ["figures", "0", "unit"]),
    ({"figures": [FUNDS, LAND | {"decrease": "87"}]}, ["figures", "1", "decrease"]),
    ({"figures": [FUNDS | {"opening": "-1"}]}, ["figures", "0", "opening"]),
    ({"figures": [FUNDS | {"increase": "0.001"}]}, ["figures", "0", "increase"]),
    ({"figures": [FUNDS | {"name": ""}]}, ["figures", "0", "name"]),
)


async def test_tables_that_cannot_be(village: Village) -> None:
    affair = await declare(village, "账目")
    row = (await owed(village, affair))["disclosures"]["nodes"][0]
    for change, path in BAD:
        asked = {"disclosure": row["id"], "expectedVersion": 1, "text": "收支。", "figures": [FUNDS]} | change
        payload = await village.leader.do("draftDisclosure", "disclosure { id }", **asked)
        assert refused(payload) == [("BAD_USER_INPUT", path)], change


async def test_what_is_late_is_found(village: Village) -> None:
    """By whoever oversees the town, by anybody, and by the operator; published or ended, it is not."""
    affair = await declare(village, "财务公开")
    late = "query($g: String!) { villageAffairs(filter: { grid: { within: $g }, overdue: { equals: true } }, first: 50)"
    late += " { nodes { id } } }"
    for caller in (village.town, village.server):
        assert {"id": affair} in (await caller.ask(late, g=TOWN)).data["villageAffairs"]["nodes"]
    assert {"id": affair} not in (await village.server.ask(late, g=ELSEWHERE)).data["villageAffairs"]["nodes"]
    # By the machine's own day, which is later than the test's: all that is not published is late.
    [found] = await village.fetch(CHECK.sql)
    owing = await village.fetch("select from bulletins.disclosure where round=1 and state in ('DUE','SIGNING')")
    assert found[0] == len(owing) > 0


async def test_a_question_becomes_a_case(village: Village) -> None:
    """Of the village that published, with whoever asks as its requester; the bulletin tells how many asked."""
    bulletin, resident = await village.publish(), await village.resident()
    case = await village.done(
        resident, "askAboutBulletin", "case { number title kind category { code } grid { code } }",
        bulletin=bulletin, text="为什么停水这么久？",
    )  # fmt: skip
    assert (case["title"], case["kind"], case["category"]) == ("询问：停水通知", "CONSULT", {"code": "village_affairs"})
    assert case["grid"] == {"code": VILLAGE}
    asked = "query($n: String!) { case(number: $n) { bulletin { id questionCount } } }"
    seen = (await resident.ask(asked, n=case["number"])).data["case"]
    assert seen == {"bulletin": {"id": bulletin, "questionCount": 1}}
    payload = await village.leader.do("askAboutBulletin", "case { number }", bulletin=bulletin, text="？")
    assert refused(payload) == [("FORBIDDEN", ["bulletin"])]


async def test_ledgers_are_of_villages(village: Village) -> None:
    bad: tuple[tuple[dict[str, Any], str, list[str]], ...] = (
        ({"grid": ELSEWHERE}, "FORBIDDEN", ["grid"]),
        ({"title": ""}, "BAD_USER_INPUT", ["title"]),
        ({"since": "2027-01-01"}, "BAD_USER_INPUT", ["since"]),
        ({"kind": "MAJOR"}, "BAD_USER_INPUT", ["monthly"]),
    )
    for change, code, path in bad:
        asked = {"grid": VILLAGE, "kind": "FINANCE", "title": "账", "monthly": True} | change
        payload = await village.leader.do("declareAffair", "affair { id }", **asked)
        assert refused(payload) == [(code, path)], change
    payload = await village.town.do("declareAffair", "affair { id }", grid=TOWN, kind="GENERAL", title="镇")
    assert refused(payload) == [("BAD_USER_INPUT", ["grid"])]
    affair = await declare(village, "一次性事项", "GENERAL")
    twice = await village.leader.do("declareAffair", "affair { id }", grid=VILLAGE, kind="GENERAL", title="一次性事项")
    assert refused(twice) == [("DUPLICATE", ["title"])]
    await village.done(village.leader, "endAffair", "affair { until }", affair=affair, expectedVersion=1)
    gone = await village.leader.do("endAffair", "affair { until }", affair=affair, expectedVersion=2)
    assert refused(gone) == [("ILLEGAL_TRANSITION", ["affair"])]


async def test_ledger_publishes_nothing_by_hand(village: Village) -> None:
    for kind in ("AFFAIRS",):
        payload = await village.town.do(
            "publishBulletin", "bulletin { id }", grid=VILLAGE, kind=kind, title="账", text="账"
        )
        assert refused(payload) == [("BAD_USER_INPUT", ["kind"])]


PERIODS = (
    # rhythm, since, until, today: the first days of the periods that are owed
    ("MONTHLY", "2025-11-30", None, "2026-02-01", ["2025-11-01", "2025-12-01", "2026-01-01"]),
    ("MONTHLY", "2026-01-31", None, "2026-01-31", []),
    ("MONTHLY", "2026-01-01", "2026-02-01", "2026-06-30", ["2026-01-01", "2026-02-01"]),
    ("MONTHLY", "2024-02-01", "2024-02-29", "2024-03-01", ["2024-02-01"]),
    ("QUARTERLY", "2025-12-31", None, "2026-04-01", ["2025-10-01", "2026-01-01"]),
    ("QUARTERLY", "2026-01-01", None, "2026-03-31", []),
    ("QUARTERLY", "2026-02-10", "2026-02-20", "2026-12-31", ["2026-01-01"]),
    ("AT_ONCE", "2026-01-01", None, "2026-12-31", []),
)
AFFAIR = """
insert into bulletins.affair (id, grid_id, kind, rhythm, title, since, until, declared_at, version)
select gen_random_uuid(), g.id, 'GENERAL', $1::text, '定期事项', $2::date, $3::date,
  now(), 1 from grids.grid g where g.code=$4 and g.valid_to is null returning id
"""


@pytest.mark.parametrize(("rhythm", "since", "until", "day", "owing"), PERIODS)
async def test_which_periods_are_owed(
    village: Village, rhythm: str, since: str, until: str | None, day: str, owing: list[str]
) -> None:
    """Each that has begun since and is over, across years and leap days; and reckoned again, no more of them."""
    ends = date.fromisoformat(until) if until else None
    [made] = await village.fetch(AFFAIR, rhythm, date.fromisoformat(since), ends, ELSEWHERE)
    for _ in range(2):
        await village.fetch(OF_AFFAIR, made["id"], date.fromisoformat(day), 10)
    rows = await village.fetch(
        "select begins_on, ends_on, due_on from bulletins.disclosure where affair_id=$1 order by 1", made["id"]
    )
    assert [str(one["begins_on"]) for one in rows] == owing
    for one in rows:
        after = one["ends_on"] + timedelta(days=1)
        assert after.day == 1 and one["due_on"] == one["ends_on"] + timedelta(days=10)
    await village.fetch("delete from bulletins.affair where id=$1", made["id"])


async def test_a_county_sets_its_days(village: Village) -> None:
    """What is declared from then on is owed by them; what is owed already stays as it was told."""
    administrator = village.server.as_("administrator", grid=COUNTY)
    before = await owed(village, await declare(village, "旧事项", "MAJOR", since="2026-06-29"))
    chosen = {"county": COUNTY, "setting": "bulletins.major_days", "value": "7"}
    await village.done(administrator, "setCountySetting", "county { code }", **chosen)
    after = await owed(village, await declare(village, "新事项", "MAJOR", since="2026-06-29"))
    assert (before["dueOn"], after["dueOn"]) == ("2026-07-02", "2026-07-06")
    payload = await village.leader.do("setCountySetting", "county { code }", **chosen)
    assert [code for code, _ in refused(payload)] == ["FORBIDDEN"]
    await village.done(administrator, "setCountySetting", "county { code }", **chosen | {"value": "3"})


async def test_what_an_ended_affair_owes_stays_owed(village: Village, supervisor: Server) -> None:
    """It ends with the period that runs: what is over before is written and signed as ever, and nothing comes after."""
    affair = await declare(village, "扶贫项目")
    await village.done(village.leader, "endAffair", "affair { until }", affair=affair, expectedVersion=1)
    ours = await draft(village, affair)
    for signer in (village.leader, supervisor):
        assert refused(await sign(signer, ours)) == []
    assert (await village.server.ask(SHOWN, id=ours)).data["node"]["state"] == "PUBLISHED"
    late = "query($id: ID!) { node(id: $id) { ... on VillageAffair { until overdue lastPublishedAt } } }"
    seen = (await village.server.ask(late, id=affair)).data["node"]
    # April is owed still.
    assert seen["overdue"] is True and seen["lastPublishedAt"] and seen["until"]


async def test_signing_an_old_version_is_refused(village: Village, supervisor: Server) -> None:
    """Whoever signs names the wording that they read: another one, or a signature in between, is told first."""
    affair = await declare(village, "公益事业")
    ours = await draft(village, affair)
    await draft(village, affair, text="改写。")
    payload = await supervisor.do("signDisclosure", "disclosure { id }", disclosure=ours, expectedVersion=2)
    assert refused(payload) == [("STALE_VERSION", ["expectedVersion"])]
    assert refused(await sign(supervisor, ours)) == []
