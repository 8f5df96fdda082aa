"""Early signs over HTTP: like cases become one sign, about which somebody decides, and nothing happens by itself."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from gongzhi_server.testing import Server

from .sample_cases import COUNTY, GROUP, OTHER, TOWN, VILLAGE, Ground
from .test_concerns import drawn
from .test_digests import asked
from .test_figures import lead

pytestmark = pytest.mark.asyncio(loop_scope="module")

SIGN = """id version state counted earlier expected threshold villages explanation since until edition dismissal
  confirmed outcome note decidedBy endedAt grid { code } category { code } whistle { state units { unit { code } } }
  cases(first: 50) { totalCount nodes { number } } patrols(first: 5) { totalCount }
  actions { name allowed reason }"""
SIGNS = f"query($f: EarlySignFilter) {{ earlySigns(first: 50, filter: $f) {{ nodes {{ {SIGN} }} }} }}"
RESULTS = """query($c: String!) { algorithms { name version limits } earlySignResults(county: $c) {
  rule edition found running confirmed falseAlarms known unanswered } }"""
INBOX = "{ me { notices(first: 20) { nodes { kind about body } } } }"


async def signs(caller: Server, **where: Any) -> Any:
    return (await caller.ask(SIGNS, f=where or None)).data["earlySigns"]["nodes"]


async def sweep(server: Server, **by: float) -> None:
    server.clock.move(**by or {"hours": 1})
    assert (await server.worker.drain()).failed == []


async def gathered(ground: Ground, count: int, day: str = "2026-06-29", **given: Any) -> None:
    for _ in range(count):
        await ground.case(f"{day}T09:00", **{"category": "utilities.water"} | given)


async def give(caller: Server, mutation: str, sign: Any, **given: Any) -> list[str]:
    asked = {"sign": sign["id"], "expectedVersion": sign["version"]} | given
    return [one["code"] for one in (await caller.do(mutation, "sign { id }", **asked))["errors"]]


async def test_like_cases_become_one_sign(small: Server, ground: Ground) -> None:
    """Five asked for water in a week. What is sealed, against a unit, of a patrol or about a quarrel is not counted."""
    await gathered(ground, 5)
    await gathered(ground, 2, "2026-05-20")
    for given in ({"sealed": True}, {"accused": "WATER"}, {"origin": "PROACTIVE"}, {"status": "WITHDRAWN"}):
        await gathered(ground, 6, **given)
    await gathered(ground, 6, category="dispute.neighbor")
    await gathered(ground, 3, category="roads.surface")
    await sweep(small)
    [sign] = await signs(lead(small))
    assert (sign["grid"]["code"], sign["category"]["code"], sign["state"]) == (VILLAGE, "utilities.water", "OPEN")
    assert (sign["counted"], sign["earlier"], sign["expected"], sign["threshold"]) == (5, None, 0.25, 4)
    assert sign["explanation"] == (
        f"In {VILLAGE}, 5 cases of “供水” were reported from 2026-06-24 to 2026-06-30, in 1 villages. Usual are 0.25 a "
        "week, by the twelve weeks before. From 4 on it is a sign (rule 1)."
    )
    assert sign["cases"]["totalCount"] == 5
    # Who sees figures and no cases is told the numbers; whoever dispatches there has a notice of it.
    leader = small.as_("county_leader", grid=COUNTY)
    assert [(one["counted"], one["cases"]["totalCount"]) for one in await signs(leader)] in ([(5, 0)], [(5, 5)])
    told = (await small.as_("town_dispatcher", grid=TOWN).ask(INBOX)).data["me"]["notices"]["nodes"]
    assert [(one["kind"], one["about"]) for one in told] == [("statistics.sign_found", sign["id"])]
    assert await signs(small.as_("town_dispatcher", grid=OTHER)) == [] == await signs(small)
    # Again and again it is the same one, with the numbers of the week in which there were most.
    await gathered(ground, 2, "2026-06-30")
    await sweep(small)
    await sweep(small)
    [again] = await signs(lead(small))
    assert again["id"] == sign["id"] and (again["counted"], again["cases"]["totalCount"]) == (7, 7)
    assert (await drawn(lead(small)))[TOWN]["signs"] == 1
    # Nobody decides: it ends two weeks after it was seen last, and the rule's record says so.
    await sweep(small, days=25)
    [ended] = await signs(lead(small))
    assert (ended["state"], ended["confirmed"], ended["counted"]) == ("ENDED", None, 7)
    found = (await small.ask(RESULTS, c=COUNTY)).data
    assert found["earlySignResults"] == [
        {"rule": "statistics.early_sign", "edition": "1", "found": 1, "running": 0, "confirmed": 0, "falseAlarms": 0,
         "known": 0, "unanswered": 1}
    ]  # fmt: skip
    assert ("statistics.early_sign", "1") in {(one["name"], one["version"]) for one in found["algorithms"]}


async def test_people_decide(small: Server, ground: Ground) -> None:
    """A patrol is proposed, units are called, and it ends with what was found; a false alarm is counted as such."""
    desk = small.as_("county_dispatcher", grid=COUNTY, sub="desk")
    await gathered(ground, 5)
    await gathered(ground, 5, category="roads.lighting")
    await gathered(ground, 5, category="environment.bins")
    await sweep(small)
    found = {one["category"]["code"]: one for one in await signs(desk)}
    water, light, bins = (found[code] for code in ("utilities.water", "roads.lighting", "environment.bins"))
    assert await give(desk, "proposeSignPatrol", water, note="查看主管道和阀门井。") == []
    told = (await small.as_("grid_leader", grid=VILLAGE).ask(INBOX)).data["me"]["notices"]["nodes"]
    assert ("statistics.patrol_proposed", water["id"]) in [(one["kind"], one["about"]) for one in told]
    [water] = await signs(desk, category={"equals": "utilities.water"})
    assert (water["state"], water["note"], water["decidedBy"]) == ("PATROL_PROPOSED", "查看主管道和阀门井。", "desk")
    patrol = {"grid": GROUP, "at": small.clock().isoformat(), "found": "阀门井渗漏。"}
    assert (await small.as_("grid_worker", grid=VILLAGE).do("recordPatrol", "patrol { id }", **patrol))["errors"] == []
    called = {"units": ["WATER"], "matter": "供水管道渗漏，请到场。"}
    assert await give(desk, "callUnitsOnSign", water, **called | {"units": ["NONE"]}) == ["NOT_FOUND"]
    assert await give(desk, "callUnitsOnSign", water, **called) == []
    [water] = await signs(desk, category={"equals": "utilities.water"})
    assert (water["state"], water["patrols"]["totalCount"]) == ("WHISTLED", 1)
    assert water["whistle"] == {"state": "CALLED", "units": [{"unit": {"code": "WATER"}}]}
    assert await give(desk, "dismissEarlySign", water, dismissal="KNOWN", text="在办。") == ["ILLEGAL_TRANSITION"]
    assert await give(desk, "endEarlySign", water, confirmed=True, text="更换阀门。") == []
    assert await give(desk, "dismissEarlySign", light, dismissal="FALSE_ALARM", text="同一人多次反映。") == []
    assert await give(desk, "dismissEarlySign", bins, dismissal="KNOWN", text="已在清运。") == []
    # What was decided about is not found again as long as its cases are in the week.
    await gathered(ground, 2, "2026-06-30")
    await sweep(small, days=2)
    assert {one["state"] for one in await signs(desk)} == {"ENDED", "DISMISSED"}
    record = (await small.ask(RESULTS, c=COUNTY)).data["earlySignResults"]
    assert [{name: record[0][name] for name in ("found", "running", "confirmed", "falseAlarms", "known")}] == [
        {"found": 3, "running": 0, "confirmed": 1, "falseAlarms": 1, "known": 1}
    ]
    section = (await asked(lead(small), "MONTH", day="2026-06-30"))["digest"]["sections"][5]
    assert section["text"].startswith("3 early signs were found; 1 had a common cause, 1 were false alarms, and 0 are")
    # A week later the same is a new sign.
    small.clock.move(days=8)
    await gathered(ground, 5, f"{small.clock():%Y-%m-%d}", category="roads.lighting")
    await sweep(small, hours=9)
    assert [one["category"]["code"] for one in await signs(desk, state={"equals": "OPEN"})] == ["roads.lighting"]


async def test_villages_of_a_town_are_one_sign(small: Server, ground: Ground) -> None:
    """Three villages raise the same: one sign of the town, of which that of the first village becomes a part."""
    for code in ("610921101223", "610921101224"):
        await ground.connection.execute(
            "insert into grids.grid (code, name, kind, use, version, parent_id) "
            "select $1, $1, 'VILLAGE', 'BASE', 1, id from grids.grid where code = $2", code, TOWN,
        )  # fmt: skip
    await gathered(ground, 5)
    await sweep(small)
    [first] = await signs(lead(small))
    for code in ("610921101223", "610921101224"):
        await gathered(ground, 2, "2026-06-30", grid=code)
    await sweep(small)
    found = {one["grid"]["code"]: one for one in await signs(lead(small))}
    assert (found[TOWN]["counted"], found[TOWN]["villages"], found[TOWN]["cases"]["totalCount"]) == (9, 3, 9)
    assert (found[VILLAGE]["id"], found[VILLAGE]["state"]) == (first["id"], "ENDED")
    # What the first village raises further is seen as the town's.
    await gathered(ground, 3, "2026-06-30")
    await sweep(small)
    assert len(await signs(lead(small))) == 2
    assert (await small.ask(RESULTS, c=COUNTY)).data["earlySignResults"][0]["found"] == 1


async def test_two_at_once(small: Server, ground: Ground) -> None:
    """Two sweeps leave one sign, and of two who decide at once one is told of the other."""
    await gathered(ground, 5)
    small.clock.move(hours=1)
    await asyncio.gather(small.worker.drain(), small.worker.drain())
    [sign] = await signs(lead(small))
    texts = ({"dismissal": "KNOWN", "text": "在办。"}, {"dismissal": "FALSE_ALARM", "text": "误报。"})
    answers = await asyncio.gather(*(give(lead(small), "dismissEarlySign", sign, **one) for one in texts))
    assert sorted(answers, key=len)[0] == []
    assert sorted(answers, key=len)[1] in (["STALE_VERSION"], ["ILLEGAL_TRANSITION"])
    with pytest.raises(asyncpg.UniqueViolationError):
        await ground.connection.execute(
            "insert into statistics.sign (id, grid_id, category_id, code, state, edition, since, until, counted, "
            "earlier, expected, threshold, villages, found_at, seen_at, version) select gen_random_uuid(), grid_id, "
            "category_id, code, 'OPEN', edition, since, until, counted, earlier, expected, threshold, villages, "
            "found_at, seen_at, 1 from statistics.sign, generate_series(1, 2)"
        )


BAD = (
    ("proposeSignPatrol", {"note": ""}, "BAD_USER_INPUT", "note"),
    ("proposeSignPatrol", {"note": "x", "expectedVersion": 9}, "STALE_VERSION", "expectedVersion"),
    ("proposeSignPatrol", {"note": "x", "sign": "EarlySign:00000000-0000-7000-8000-000000000000"}, "NOT_FOUND", "sign"),
    ("callUnitsOnSign", {"units": [], "matter": "x"}, "BAD_USER_INPUT", "units"),
    (
        "callUnitsOnSign",
        {"units": ["WATER"], "matter": "x", "checkInWithin": "soon"},
        "BAD_USER_INPUT",
        "checkInWithin",
    ),
    ("dismissEarlySign", {"dismissal": "KNOWN", "text": " "}, "BAD_USER_INPUT", "text"),
    ("endEarlySign", {"confirmed": True, "text": "x" * 2001}, "BAD_USER_INPUT", "text"),
)
GOOD: dict[str, dict[str, Any]] = {
    "proposeSignPatrol": {"note": "x"},
    "callUnitsOnSign": {"units": ["WATER"], "matter": "x"},
    "dismissEarlySign": {"dismissal": "KNOWN", "text": "x"},
    "endEarlySign": {"confirmed": False, "text": "x"},
}


async def test_refusals(small: Server, ground: Ground) -> None:
    """Bad input names its field, and who may not decide is refused; the sign stays as it is."""
    await gathered(ground, 5)
    await sweep(small)
    [sign] = await signs(lead(small))
    given = {"sign": sign["id"], "expectedVersion": sign["version"]}
    for mutation, wrong, code, path in BAD:
        errors = (await lead(small).do(mutation, "sign { id }", **given | GOOD[mutation] | wrong))["errors"]
        assert [(one["code"], one["path"][-1]) for one in errors] == [(code, path)], mutation
    for mutation, good in GOOD.items():
        for caller, code in (
            (small, "FORBIDDEN"), (small.as_("resident"), "FORBIDDEN"), (small.as_("auditor"), "FORBIDDEN"),
            (small.as_("town_dispatcher", grid=OTHER), "NOT_FOUND"),
        ):  # fmt: skip
            answer = await caller.give(mutation, given | good | {"idempotencyKey": str(uuid4())})
            assert [one for one, _ in answer.problems(mutation)] == [code], (mutation, code)
    assert await signs(lead(small)) == [sign]


async def test_a_county_asks_for_more(small: Server, ground: Ground) -> None:
    """A county chooses how many cases are worth a look, and never fewer than what may be told."""
    await gathered(ground, 5)
    for value, codes in (("2", ["BAD_USER_INPUT"]), ("6", [])):
        given = {"setting": "statistics.sign_cases", "county": COUNTY, "value": value}
        done = await small.as_("administrator").do("setCountySetting", "errors { code }", **given)
        assert [one["code"] for one in done["errors"]] == codes
    await sweep(small)
    assert await signs(lead(small)) == []
    await gathered(ground, 1)
    await sweep(small)
    [sign] = await signs(lead(small))
    assert (sign["counted"], sign["threshold"]) == (6, 6)


async def test_events_tell_ids_and_numbers(small: Server, ground: Ground) -> None:
    await gathered(ground, 5)
    await sweep(small)
    [sign] = await signs(lead(small))
    assert await give(lead(small), "dismissEarlySign", sign, dismissal="KNOWN", text="在办。") == []
    rows = await ground.connection.fetch(
        "select type, data from events.outbox where type like 'statistics.sign%' order by position"
    )
    key = sign["id"].partition(":")[2]
    assert [(row["type"], json.loads(row["data"])) for row in rows] == [
        ("statistics.sign_found", {"sign": key, "category": "utilities.water", "counted": 5, "edition": "1"}),
        ("statistics.sign_changed", {"sign": key, "state": "DISMISSED"}),
    ]


async def test_words_are_of_the_readers_language(small: Server, ground: Ground) -> None:
    await gathered(ground, 5)
    await sweep(small)
    chinese = lead(small)
    chinese.headers["accept-language"] = "zh"
    [sign] = await signs(chinese)
    assert sign["explanation"] == (
        f"{VILLAGE}自 2026-06-24 至 2026-06-30 共有“供水”诉求 5 件，涉及 1 个村。按此前十二周，平时每周 0.25 件，"
        "达到 4 件形成预警（规则第 1 版）。"
    )
    inside = "query($g: String!) { grid(code: $g) { earlySigns(first: 5) { totalCount } } }"
    for code, count in ((TOWN, 1), (VILLAGE, 1), (OTHER, 0)):
        assert (await chinese.ask(inside, g=code)).data["grid"]["earlySigns"]["totalCount"] == count


async def test_many_signs_are_few_statements(small: Server, ground: Ground) -> None:
    """What a sweep asks the database does not grow with the cases."""
    from gongzhi_statistics.early_signs import finding

    class Counting:
        """A call that counts what the sweep itself fetches."""

        def __init__(self, call: Any) -> None:
            self.call, self.fetched = call, 0

        def __getattr__(self, name: str) -> Any:
            return getattr(self.call, name)

        async def fetch(self, *given: Any) -> Any:
            self.fetched += 1
            return await self.call.fetch(*given)

    counted: list[int] = []
    whole = finding.sweep_signs

    async def measured(call: Any, counties: Any) -> None:
        counting = Counting(call)
        await whole(counting, counties)  # type: ignore[arg-type]
        counted.append(counting.fetched)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(finding, "sweep_signs", measured)
        for count in (5, 60):
            for category in ("utilities.water", "roads.lighting", "land"):
                await gathered(ground, count, category=category)
            await sweep(small)
    assert len(await signs(lead(small))) == 3 and len(counted) == 2
    assert counted[0] == counted[1]
