"""How things end: what is paid for them, who is out of them, what is done by two at once, and what stays closed."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import pytest_asyncio

TOWN = "610921100"
pytestmark = pytest.mark.asyncio(loop_scope="module")

SUBSIDIES = """query($since: Date!, $before: Date!) {
  mediationSubsidies(grid: "610921", since: $since, before: $before) { adviser written oral failed amount } }"""


@pytest_asyncio.fixture(name="town")
async def town_fixture(shared_town: Any) -> Any:
    return shared_town


@pytest.fixture(autouse=True)
def same_day(shared_town: Any) -> Iterator[None]:
    """Put the clock back: the tests of this module share it."""
    before = shared_town.server.clock.time
    yield
    shared_town.server.clock.time = before


async def subsidies(town: Any, since: str = "2026-01-01", before: str = "2027-01-01") -> dict[str, Any]:
    answer = await town.manager.ask(SUBSIDIES, since=since, before=before)
    return {one["adviser"]: one for one in answer.data["mediationSubsidies"]}


async def rate(town: Any, outcome: str, amount: str) -> list[dict[str, Any]]:
    set_to = await town.manager.do("setMediationRate", "", grid="610921", outcome=outcome, amount=amount)
    return list(set_to["errors"])


async def finish(town: Any, how: str) -> None:
    """A mediation from its request to this end."""
    seen = await town.mediating()
    match how:
        case "WRITTEN" | "ORAL":
            done = await town.agree(seen, form=how)
        case "REFUSED":
            done = await town.resident(1).do("endMediation", "", mediation=seen["id"], outcome=how)
        case _:
            given = {"outcome": how, "reason": "分歧过大"} | ({"referredTo": "COURT"} if how == "REFERRED" else {})
            done = await town.mediator().do("endMediation", "", mediation=seen["id"], **given)
    assert done["errors"] == []


async def test_subsidies_are_sums_to_the_fen(town: Any) -> None:
    """Each case at its county's rate, what failed as well, and nothing for what a party ended."""
    town.server.clock.move(days=5)
    since = town.server.clock.time.date().isoformat()

    async def due() -> dict[str, Any]:
        return dict((await subsidies(town, since))["village"])

    await town.fetch("delete from legal.rate")
    for how in ("WRITTEN", "WRITTEN", "ORAL", "FAILED", "REFERRED", "REFUSED"):
        await finish(town, how)
    assert await due() == {"adviser": "village", "written": 2, "oral": 1, "failed": 2, "amount": "510.00"}
    for outcome, amount in (("WRITTEN_AGREEMENT", "123.45"), ("FAILED", "0"), ("REFERRED", "5000")):
        assert await rate(town, outcome, amount) == []
    assert (await due())["amount"] == "510.00", "what is due for what has ended does not change"
    town.server.clock.move(minutes=1)
    for how, amount in (("WRITTEN", "633.45"), ("FAILED", "633.45"), ("REFERRED", "5633.45"), ("ORAL", "5683.45")):
        await finish(town, how)
        assert (await due())["amount"] == amount, "a county may pay nothing, and sets what it pays"


async def test_subsidies_are_by_days_of_china(town: Any) -> None:
    """What ends half an hour past midnight in China is of the new day, though it is yesterday elsewhere."""
    first = (await subsidies(town, "2026-07-01", "2026-07-02")).get("village")
    assert first is None
    town.server.clock.move(hours=14, minutes=30)
    await finish(town, "FAILED")
    assert (await subsidies(town, "2026-07-01", "2026-07-02"))["village"]["failed"] == 1
    assert "village" not in await subsidies(town, "2026-07-02", "2026-07-04")


async def test_first_rate_is_set_once(town: Any) -> None:
    """Two offices that set a rate at once leave one rate, and neither is told of a fault."""
    await town.fetch("delete from legal.rate")
    found = await asyncio.gather(*(rate(town, "ORAL_AGREEMENT", str(60 + at)) for at in range(4)))
    assert {one["code"] for errors in found for one in errors} <= {"CONFLICT", "DUPLICATE"}
    [(fen, count)] = await town.fetch("select max(fen), count(*) from legal.rate")
    assert count == 1 and fen in {6_000, 6_100, 6_200, 6_300}


async def test_numbers_of_agreements_have_no_gaps(town: Any) -> None:
    """Agreements that are recorded at once have numbers that follow each other."""
    [(given,)] = await town.fetch("select coalesce(max(given), 0) from legal.counter where year=2026")
    seen = [await town.mediating() for _ in range(4)]
    made = await asyncio.gather(*(town.agree(one) for one in seen))
    numbers = sorted(one["mediation"]["agreement"]["number"] for one in made)
    assert numbers == [f"〔2026〕610921人调字第{given + at:05}号" for at in range(1, 5)]


async def test_agreement_is_recorded_once(town: Any, codes: Any) -> None:
    """Of two who record it at once one does, and the other is told that it is done or that it has changed."""
    seen = await town.mediating()
    made = await asyncio.gather(*(town.agree(seen) for _ in range(3)))
    found = Counter(tuple(codes(one)) for one in made)
    assert found[()] == 1 and set(found) <= {(), ("ILLEGAL_TRANSITION",), ("STALE_VERSION",)}
    [(count,)] = await town.fetch("select count(*) from legal.agreement where matter_id=$1", key(seen["matter"]["id"]))
    assert count == 1


async def test_both_join_at_once(town: Any) -> None:
    """It begins when the last has joined, whichever of them that is; the first may be told so, too."""
    id = (await town.request())["mediation"]["id"]
    joined = await asyncio.gather(town.join(id, 0), town.join(id, 1))
    assert [one["errors"] for one in joined] == [[], []]
    assert "MEDIATING" in [one["mediation"]["state"] for one in joined]
    assert (await town.see(id))["state"] == "MEDIATING"


def key(id: str) -> str:
    return id.partition(":")[2]


async def test_expert_sits_there_once_and_mediates_nothing(town: Any, codes: Any) -> None:
    seen = await town.mediating()
    asked = {"mediation": seen["id"], "expert": town.advisers["lawyer"]}
    invited = await town.mediator().do("inviteMediationExpert", "mediation { mediators { name acting } }", **asked)
    assert invited["mediation"]["mediators"] == [
        {"name": "village", "acting": "MEDIATOR"},
        {"name": "lawyer", "acting": "EXPERT"},
    ]
    assert (await town.see(seen["id"], town.counsellor()))["facts"] == seen["facts"]
    again = await town.mediator().do("inviteMediationExpert", "", **asked)
    assert [(one["code"], one["path"]) for one in again["errors"]] == [("DUPLICATE", ["expert"])]
    own = await town.mediator().do("inviteMediationExpert", "", **asked | {"expert": town.advisers["village"]})
    assert codes(own) == ["DUPLICATE"], "who mediates is there already"
    for command, given in (
        ("escalateMediation", {"reason": "上级"}),
        ("extendMediation", {"days": 1, "consents": [one["id"] for one in seen["parties"]]}),
        ("endMediation", {"outcome": "FAILED", "reason": "不成"}),
    ):
        assert codes(await town.counsellor().do(command, "", mediation=seen["id"], **given)) == ["FORBIDDEN"], command
    raised = await town.mediator().do("escalateMediation", "", mediation=seen["id"], reason="需上级协调")
    assert codes(raised) == []
    assert await town.see(seen["id"], town.counsellor()) is None, "experts go with the mediators who asked them"


async def test_who_left_the_panel_is_asked_no_more(town: Any, codes: Any) -> None:
    """Neither as a mediator, nor as an expert, nor for a question; and nobody sets their times."""
    gone = await town.appoint("gone", town.village)
    assert codes(await town.manager.do("endLegalAdviser", "", adviser=gone)) == []
    chosen = await town.request(mediators=[gone])
    assert [(one["code"], one["path"]) for one in chosen["errors"]] == [("LEFT_PANEL", ["mediators", "0"])]
    seen = await town.mediating()
    invited = await town.mediator().do("inviteMediationExpert", "", mediation=seen["id"], expert=gone)
    assert [(one["code"], one["path"]) for one in invited["errors"]] == [("LEFT_PANEL", ["expert"])]
    shift = {"startsAt": "2026-07-09T01:00:00Z", "endsAt": "2026-07-09T02:00:00Z", "place": "村"}
    assert codes(await town.manager.do("addLegalShifts", "", adviser=gone, shifts=[shift])) == ["LEFT_PANEL"]
    assert codes(await town.manager.do("endLegalAdviser", "", adviser=gone)) == ["LEFT_PANEL"]


async def test_declined_clue_ends(town: Any) -> None:
    """Whoever reported it reads why, and its words are kept no longer than those of a clue that was answered."""
    made = await town.resident().do(
        "reportEnforcementClue", "clue { id }", grid=town.village, subject="MARKET", text="缺斤少两"
    )
    clue = {"clue": made["clue"]["id"]}
    desk = town.server.as_("town_dispatcher", grid="610921100")
    told = await desk.do(
        "decideEnforcementClue",
        "clue { state version }",
        **clue,
        accept=False,
        reason="不属执法事项",
        expectedVersion=1,
    )
    assert told["clue"] == {"state": "DECLINED", "version": 2}
    seen = await town.resident().ask(
        "query($id: ID!) { node(id: $id) { ... on EnforcementClue { reply closedAt } } }", id=clue["clue"]
    )
    assert seen.data["node"]["reply"] == "不属执法事项" and seen.data["node"]["closedAt"]
    [(closed,)] = await town.fetch(
        "select m.closed_at from legal.matter m join legal.clue c on c.matter_id=m.id where c.id=$1", key(clue["clue"])
    )
    assert closed is not None, "from then on its time is reckoned"


async def test_refused_aid_tells_why(town: Any, codes: Any) -> None:
    aid = {"about": "OTHER", "ground": "INCOME", "facts": "合同纠纷"}
    made = (await town.resident(4).do("applyForLegalAid", "aid { id proposed }", **aid))["aid"]
    assert made["proposed"] == "EXAMINE", "the rule leaves it to a person"
    decision = {"aid": made["id"], "grant": False, "grounds": "不属法定事项，可向司法局申请复查。"}
    done = await town.counsellor().do("decideLegalAid", "aid { state matter { closedAt } }", **decision)
    assert done["aid"]["state"] == "REFUSED" and done["aid"]["matter"]["closedAt"]
    seen = await town.resident(4).ask(
        "query($id: ID!) { node(id: $id) { ... on LegalAid { grounds matter { id } } } }", id=made["id"]
    )
    assert seen.data["node"]["grounds"] == decision["grounds"]
    late = await town.resident(4).do("sendLegalMessage", "", matter=seen.data["node"]["matter"]["id"], text="为何？")
    assert codes(late) == ["ILLEGAL_TRANSITION"]
    assert codes(await town.counsellor().do("decideLegalAid", "", **decision)) == ["ILLEGAL_TRANSITION"]
    [(unit,)] = await town.fetch("select code from units.unit order by id limit 1")
    assert codes(await town.counsellor().do("assignLegalAid", "", aid=made["id"], firm=unit)) == ["ILLEGAL_TRANSITION"]


async def test_conflict_ends_on_its_day(town: Any, codes: Any) -> None:
    """It holds until the day before, and no matter is kept away for longer than was declared."""
    adviser = await town.appoint("former", TOWN)
    declared = {"adviser": adviser, "person": town.person(5), "until": "2026-07-02"}
    assert codes(await town.manager.do("declareLegalConflict", "", **declared)) == []
    chosen = {"at": 5, "other": 4, "mediators": [adviser]}
    assert codes(await town.request(**chosen)) == ["CONFLICT_OF_INTEREST"]
    town.server.clock.move(days=1)
    assert codes(await town.request(**chosen)) == ["CONFLICT_OF_INTEREST"]
    town.server.clock.move(days=1)
    assert codes(await town.request(**chosen)) == []


async def test_broken_promise_may_still_be_kept(town: Any, codes: Any) -> None:
    """Who owes it says nothing of it; that it was kept is said once, and closes the matter with the last promise."""
    seen = await town.mediating()
    first, second = [one["id"] for one in seen["parties"]]
    terms = [{"text": "拆除院墙。", "obligor": second}, {"text": "支付工钱。", "obligor": first}]
    assert codes(await town.agree(seen, terms=terms)) == []
    wall, wages = [one["id"] for one in (await town.see(seen["id"]))["agreement"]["terms"]]

    async def settle(caller: Any, term: str, kept: bool) -> list[str]:
        return list(codes(await caller.do("settleAgreementTerm", "", term=term, kept=kept)))

    assert await settle(town.resident(1), wall, True) == ["FORBIDDEN"]
    assert await settle(town.resident(0), wages, True) == ["FORBIDDEN"]
    assert await settle(town.resident(0), wall, False) == []
    assert await settle(town.mediator(), wall, True) == [], "late, but done"
    assert await settle(town.resident(0), wall, False) == ["ILLEGAL_TRANSITION"], "not taken back"
    assert (await town.see(seen["id"]))["agreement"]["keptOn"] is None
    assert sorted(
        await asyncio.gather(settle(town.resident(1), wages, True), settle(town.mediator(), wages, True))
    ) == [[], ["ILLEGAL_TRANSITION"]]
    done = await town.see(seen["id"])
    assert done["agreement"]["keptOn"] == "2026-06-30" and done["matter"]["closedAt"]


async def test_consent_to_an_entry_is_taken_back_by_its_owner(town: Any, codes: Any) -> None:
    """Also before the entry is reviewed; then nobody publishes it any more, and none is written again."""
    asked = {"question": "邻居借钱不还怎么办？", "topic": "CONTRACT"}
    id = (await town.resident(2).do("askAdvice", "matter { id }", **asked))["matter"]["id"]
    await town.counsellor().do("answerAdvice", "", advice=id, text="可申请支付令。")
    await town.resident(2).do("rateAdvice", "", advice=id, rating=3, share=True)
    entry = {"advice": id, "question": "借款到期不还怎么办？", "answer": "可申请支付令。"}
    [(name,)] = await town.fetch("select name from people.person where id=$1", town.people[2])
    named = await town.counsellor().do("proposeLegalEntry", "", **entry | {"answer": f"{name}可申请支付令。"})
    assert [(one["code"], one["path"]) for one in named["errors"]] == [("NOT_ANONYMOUS", ["answer"])]
    made = (await town.counsellor().do("proposeLegalEntry", "entry { id }", **entry))["entry"]["id"]
    assert codes(await town.counsellor().do("proposeLegalEntry", "", **entry)) == ["DUPLICATE"]
    assert codes(await town.resident(3).do("withdrawAdviceConsent", "", advice=id)) == ["NOT_FOUND"]
    assert codes(await town.counsellor().do("withdrawAdviceConsent", "", advice=id)) == ["FORBIDDEN"]
    assert codes(await town.resident(2).do("withdrawAdviceConsent", "", advice=id)) == []
    late = await town.manager.do("reviewLegalEntry", "", entry=made, publish=True)
    assert codes(late) == ["ILLEGAL_TRANSITION"]
    assert codes(await town.counsellor().do("proposeLegalEntry", "", **entry)) == ["CONSENT_REQUIRED"]


async def test_hours_are_of_ones_own_firm(town: Any, codes: Any) -> None:
    aid = {"about": "LABOUR", "ground": "WAGES", "facts": "拖欠工资"}
    id = (await town.resident(3).do("applyForLegalAid", "aid { id }", **aid))["aid"]["id"]
    units = [row["code"] for row in await town.fetch("select code from units.unit order by id limit 2")]
    hours = {"aid": id, "day": "2026-06-30", "minutes": 60}
    mine, other = [town.server.as_("firm", unit=one) for one in units]
    assert codes(await mine.do("recordLegalAidHours", "", **hours)) == ["NOT_FOUND"], "before it was assigned"
    await town.counsellor().do("decideLegalAid", "", aid=id, grant=True)
    await town.counsellor().do("assignLegalAid", "", aid=id, firm=units[0])
    assert codes(await other.do("recordLegalAidHours", "", **hours)) == ["NOT_FOUND"]
    assert (await mine.do("recordLegalAidHours", "aid { minutes }", **hours))["aid"] == {"minutes": 60}
    await town.counsellor().do("closeLegalAid", "", aid=id)
    assert codes(await mine.do("recordLegalAidHours", "", **hours)) == ["ILLEGAL_TRANSITION"], "after it is done"


async def test_appointment_is_cancelled_by_either_and_once(town: Any, codes: Any) -> None:
    slots = [
        {"startsAt": f"2026-07-08T0{at}:00:00Z", "endsAt": f"2026-07-08T0{at}:30:00Z", "place": "镇司法所"}
        for at in range(3)
    ]
    offered = await town.counsellor().do(
        "offerLegalSlots", "adviser { slots { id } }", adviser=town.advisers["lawyer"], meeting="PHONE", slots=slots
    )
    told = "{ me { notices { nodes { kind } } } }"
    booked = [
        (await town.resident(1).do("bookLegalSlot", "booking { id }", slot=one["id"]))["booking"]["id"]
        for one in offered["adviser"]["slots"]
    ]
    assert codes(await town.manager.do("cancelLegalBooking", "", booking=booked[0])) == ["NOT_FOUND"]
    for caller, booking in ((town.resident(1), booked[0]), (town.counsellor(), booked[1])):
        assert codes(await caller.do("cancelLegalBooking", "", booking=booking)) == []
        assert codes(await caller.do("cancelLegalBooking", "", booking=booking)) == ["ILLEGAL_TRANSITION"]
    for caller in (town.resident(1), town.counsellor()):
        found = Counter(one["kind"] for one in (await caller.ask(told)).data["me"]["notices"]["nodes"])
        assert found["legal.booking_cancelled"] == 1, "whoever cancelled knows; the other one is told"
    town.server.clock.move(days=8)
    assert codes(await town.resident(1).do("cancelLegalBooking", "", booking=booked[2])) == ["ILLEGAL_TRANSITION"]
