"""What nobody ends: unrated answers and broken agreements are closed, those who sit there are told, nothing is lost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

QUESTION = {"question": "邻居借钱不还怎么办？", "topic": "CONTRACT"}
TOLD = '{ me { notices(filter: { kind: { equals: "legal.matter_closed" } }) { nodes { title } } } }'
STATE = """
select a.state, a.rating, a.version, a.closed_at, m.closed_at ended from legal.advice a
join legal.matter m on m.id=a.matter_id where a.id=$1
"""


def key(id: str) -> str:
    return id.partition(":")[2]


async def told(caller: Any) -> int:
    return len((await caller.ask(TOLD)).data["me"]["notices"]["nodes"])


async def answered(town: Any, at: int = 0) -> str:
    made = await town.resident(at).do("askAdvice", "matter { id }", **QUESTION)
    id = str(made["matter"]["id"])
    done = await town.counsellor().do("answerAdvice", "", advice=id, text="可申请支付令。")
    assert done["errors"] == []
    return id


async def look(town: Any, id: str) -> Any:
    return (await town.fetch(STATE, key(id)))[0]


async def pass_days(town: Any, run_jobs: Any, days: int) -> None:
    """Let days go by, with each night's work; the first nights of a long time may go in one."""
    town.server.clock.move(days=days)
    assert (await run_jobs()).failed == []


async def test_unrated_answer_is_closed_after_a_month(town: Any, run_jobs: Any, events: Any) -> None:
    id = await answered(town)
    await pass_days(town, run_jobs, 29)
    assert (await look(town, id))["state"] == "ANSWERED"
    await pass_days(town, run_jobs, 2)
    row = await look(town, id)
    assert (row["state"], row["rating"]) == ("CLOSED", None) and row["closed_at"] == row["ended"]
    assert await told(town.resident()) == 1 and await told(town.counsellor()) == 1
    states = [one.data["state"] for one in await events("legal.advice_changed")]
    assert states == ["ASKED", "ANSWERED", "CLOSED"]
    await pass_days(town, run_jobs, 5)
    assert (await look(town, id))["version"] == row["version"] and await told(town.resident()) == 1, "once"


async def test_closed_without_a_rating_is_read_and_not_published(town: Any, run_jobs: Any, codes: Any) -> None:
    id = await answered(town)
    await pass_days(town, run_jobs, 31)
    read = "query($id: ID!) { node(id: $id) { ... on LegalAdvice { question rating matter { id } } } }"
    seen = (await town.resident().ask(read, id=id)).data["node"]
    assert (seen["question"], seen["rating"]) == (QUESTION["question"], None)
    assert codes(await town.resident().do("rateAdvice", "", advice=id, rating=5)) == ["ILLEGAL_TRANSITION"]
    asked = await town.resident().do("sendLegalMessage", "", matter=seen["matter"]["id"], text="还在吗？")
    assert codes(asked) == ["ILLEGAL_TRANSITION"]
    entry = {"advice": id, "question": "借款不还怎么办？", "answer": "可申请支付令。"}
    assert codes(await town.counsellor().do("proposeLegalEntry", "", **entry)) == ["CONSENT_REQUIRED"]
    again = await town.resident().do("askAdvice", "", **QUESTION)
    assert codes(again) == [], "one asks anew"


async def test_word_in_it_keeps_it_open(town: Any, run_jobs: Any) -> None:
    """The month is from the last word, whosever it is."""
    id = await answered(town)
    read = "query($id: ID!) { node(id: $id) { ... on LegalAdvice { matter { id } } } }"
    matter = (await town.resident().ask(read, id=id)).data["node"]["matter"]["id"]
    for who in ("resident", "counsellor"):
        await pass_days(town, run_jobs, 29)
        assert (await getattr(town, who)().do("sendLegalMessage", "", matter=matter, text="补充材料。"))["errors"] == []
    await pass_days(town, run_jobs, 29)
    assert (await look(town, id))["state"] == "ANSWERED"
    await pass_days(town, run_jobs, 2)
    assert (await look(town, id))["state"] == "CLOSED"


async def test_question_without_an_answer_waits(town: Any, run_jobs: Any) -> None:
    """It is late, which the adviser is told, and nobody closes it over the head of who asked."""
    made = await town.resident().do("askAdvice", "matter { id }", **QUESTION)
    await pass_days(town, run_jobs, 200)
    assert (await look(town, made["matter"]["id"]))["state"] == "ASKED"
    late = TOLD.replace("matter_closed", "advice_late")
    assert len((await town.counsellor().ask(late)).data["me"]["notices"]["nodes"]) == 1


async def agreement(town: Any, due: str | None = "2026-07-10") -> tuple[str, str, str]:
    """A mediation with an agreement; its id, its matter's and its promise's."""
    seen = await town.mediating()
    terms = [{"text": "拆除院墙。", "obligor": seen["parties"][1]["id"], **({"dueOn": due} if due else {})}]
    assert (await town.agree(seen, terms=terms))["errors"] == []
    now = await town.see(seen["id"])
    return seen["id"], key(seen["matter"]["id"]), now["agreement"]["terms"][0]["id"]


async def closed(town: Any, matter: str) -> Any:
    return (await town.fetch("select closed_at from legal.matter where id=$1", matter))[0]["closed_at"]


async def test_broken_agreement_is_closed_half_a_year_later(town: Any, run_jobs: Any, codes: Any) -> None:
    """From the last that was due in it: the promise, and that somebody said it was broken."""
    mediation, matter, term = await agreement(town)
    town.server.clock.move(days=40)
    assert codes(await town.resident(0).do("settleAgreementTerm", "", term=term, kept=False)) == []
    await pass_days(town, run_jobs, 179)
    assert await closed(town, matter) is None
    await pass_days(town, run_jobs, 2)
    ended = await closed(town, matter)
    assert ended is not None and await told(town.resident(0)) == await told(town.mediator()) == 1
    seen = await town.see(mediation, town.resident(1))
    assert seen["agreement"]["keptOn"] is None and seen["facts"], "it binds still, and is read"
    late = await town.mediator().do("settleAgreementTerm", "", term=term, kept=True)
    assert codes(late) == [], "who keeps it late has kept it"
    seen = await town.see(mediation)
    assert seen["agreement"]["keptOn"] and await closed(town, matter) == ended, "closed since then"
    await pass_days(town, run_jobs, 3)
    assert await told(town.resident(0)) == 1


async def test_agreement_nobody_speaks_of_is_closed(town: Any, run_jobs: Any) -> None:
    """Without a day it is due at once; with one it waits from that day."""
    _, at_once, _ = await agreement(town, None)
    _, later, _ = await agreement(town, "2026-12-01")
    # The court may be asked until the end of July, so that both wait from then at least.
    town.server.clock.time = datetime(2027, 1, 25, 2, tzinfo=UTC)
    assert (await run_jobs()).failed == []
    assert await closed(town, at_once) is None
    await pass_days(town, run_jobs, 7)
    assert await closed(town, at_once) is not None and await closed(town, later) is None
    town.server.clock.time = datetime(2027, 6, 2, 2, tzinfo=UTC)
    assert (await run_jobs()).failed == []
    assert await closed(town, later) is not None


async def test_court_that_decides_is_waited_for(town: Any, run_jobs: Any) -> None:
    mediation, matter, _ = await agreement(town)
    seen = await town.see(mediation)
    confirmation = seen["agreement"]["confirmation"]["id"]
    town.server.clock.move(days=20)
    asked = await town.resident().do(
        "requestConfirmation", "", confirmation=confirmation, parties=[one["id"] for one in seen["parties"]],
        court="县法院", expectedVersion=1,
    )  # fmt: skip
    assert asked["errors"] == []
    # The court was slow: it took the matter up four months later, which begins the time anew.
    town.server.clock.move(days=120)
    day = (town.server.clock.time + timedelta(hours=8)).date()
    taken = await town.mediator().do(
        "recordConfirmation", "", confirmation=confirmation, state="ACCEPTED", on=day.isoformat(), expectedVersion=2
    )
    assert taken["errors"] == []
    await pass_days(town, run_jobs, 179)
    assert await closed(town, matter) is None
    await pass_days(town, run_jobs, 40)
    assert await closed(town, matter) is not None


async def test_kept_agreement_is_closed_by_its_keeping(town: Any, run_jobs: Any) -> None:
    _, matter, term = await agreement(town)
    assert (await town.mediator().do("settleAgreementTerm", "", term=term, kept=True))["errors"] == []
    ended = await closed(town, matter)
    assert ended == town.server.clock.time
    await pass_days(town, run_jobs, 300)
    assert await closed(town, matter) == ended and await told(town.resident(0)) == 0


COURT = (
    ("ACCEPTED", "2026-06-29", "2026-06-30"),
    ("REJECTED", "2026-06-29", "2026-06-30"),
)


@pytest.mark.parametrize(("state", "early", "step"), COURT)
async def test_court_says_nothing_before_it_was_asked(town: Any, state: str, early: str, step: str) -> None:
    """A day before the step before would put the court's term into the past."""
    mediation, _, _ = await agreement(town)
    seen = await town.see(mediation)
    confirmation = seen["agreement"]["confirmation"]["id"]
    await town.resident().do(
        "requestConfirmation", "", confirmation=confirmation, parties=[one["id"] for one in seen["parties"]],
        court="县法院", expectedVersion=1,
    )  # fmt: skip
    asked = {"confirmation": confirmation, "state": state, "expectedVersion": 2}
    [error] = (await town.mediator().do("recordConfirmation", "", on=early, **asked))["errors"]
    assert (error["code"], error["path"]) == ("BAD_USER_INPUT", ["on"]) and step in error["message"]
    assert (await town.mediator().do("recordConfirmation", "", on=step, **asked))["errors"] == []
    if state == "ACCEPTED":
        town.server.clock.move(days=3)
        decided = {"confirmation": confirmation, "state": "CONFIRMED", "expectedVersion": 3}
        [error] = (await town.mediator().do("recordConfirmation", "", on=early, **decided))["errors"]
        assert error["path"] == ["on"]
        done = await town.mediator().do("recordConfirmation", "confirmation { state }", on="2026-07-02", **decided)
        assert done["confirmation"] == {"state": "CONFIRMED"}


async def test_day_has_twenty_four_hours(town: Any, codes: Any) -> None:
    """For one account and matter; another's day is another's, and so is the next."""
    aid = {"about": "LABOUR", "ground": "WAGES", "facts": "拖欠工资"}
    id = (await town.resident(3).do("applyForLegalAid", "aid { id }", **aid))["aid"]["id"]
    [(unit,)] = await town.fetch("select code from units.unit order by id limit 1")
    await town.counsellor().do("decideLegalAid", "", aid=id, grant=True)
    await town.counsellor().do("assignLegalAid", "", aid=id, firm=unit)
    one, other = [town.server.as_("firm", unit=unit, sub=f"firm-{name}") for name in ("a", "b")]
    hours = {"aid": id, "day": "2026-06-30"}
    assert codes(await one.do("recordLegalAidHours", "", minutes=1_000, **hours)) == []
    [error] = (await one.do("recordLegalAidHours", "", minutes=441, **hours))["errors"]
    assert (error["code"], error["path"]) == ("BAD_USER_INPUT", ["minutes"]) and "1000" in error["message"]
    assert codes(await one.do("recordLegalAidHours", "", minutes=440, **hours)) == []
    assert codes(await one.do("recordLegalAidHours", "", minutes=1, **hours)) == ["BAD_USER_INPUT"]
    assert codes(await other.do("recordLegalAidHours", "", minutes=1, **hours)) == []
    done = await one.do("recordLegalAidHours", "aid { minutes }", minutes=5, **{**hours, "day": "2026-06-29"})
    assert done["aid"] == {"minutes": 1_446}
