"""What two do at once: nobody takes more than they take, nobody is left with what they left, and one of two wins."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

QUESTION = {"question": "邻居借钱不还怎么办？", "topic": "CONTRACT"}
SLOTS = [
    {"startsAt": f"2026-07-0{at}T01:00:00Z", "endsAt": f"2026-07-0{at}T02:00:00Z", "place": "镇司法所"}
    for at in range(1, 5)
]
OPEN_SEATS = """
select a.name, count(*) n from legal.seat s join legal.matter m on m.id=s.matter_id
join legal.adviser a on a.account=s.account where s.left_at is null and m.closed_at is null group by a.name
"""
ASTRAY = """
select a.name from legal.adviser a where a.left_on is not null and (
 exists(select from legal.seat s join legal.matter m on m.id=s.matter_id
  where s.account=a.account and s.left_at is null and m.closed_at is null)
 or exists(select from legal.booking b join legal.slot t on t.id=b.slot_id
  where t.adviser_id=a.id and b.cancelled_at is null and t.starts_at>now() - interval '1000 years'))
"""
"""Advisers who left the panel, and have matters or appointments still."""


def key(id: str) -> str:
    return id.partition(":")[2]


async def load(town: Any) -> dict[str, int]:
    return {row["name"]: row["n"] for row in await town.fetch(OPEN_SEATS)}


async def capacity(town: Any, name: str, most: int) -> None:
    await town.fetch("update legal.adviser set capacity=$2 where name=$1", name, most)


async def test_nobody_answers_more_than_they_take(town: Any, codes: Any) -> None:
    """Six who ask at once, of a lawyer who takes two: the others are told that nobody is free."""
    await capacity(town, "lawyer", 2)
    asked = await asyncio.gather(*(town.resident(at).do("askAdvice", "matter { id }", **QUESTION) for at in range(6)))
    found = Counter(tuple(codes(one)) for one in asked)
    assert found == {(): 2, ("NOBODY_FREE",): 4}
    assert await load(town) == {"lawyer": 2}
    assert {one["errors"][0]["path"][0] for one in asked if one["errors"]} == {"topic"}
    [(count,)] = await town.fetch("select count(*) from legal.matter")
    assert count == 2, "nothing of the others is there"


async def test_questions_and_applications_fill_the_same_place(town: Any, codes: Any) -> None:
    """One who takes three takes three of whatever kind."""
    await capacity(town, "lawyer", 3)
    aid = {"about": "LABOUR", "ground": "WAGES", "facts": "拖欠工资"}
    asked = await asyncio.gather(
        *(town.resident(at).do("askAdvice", "", **QUESTION) for at in range(3)),
        *(town.resident(at).do("applyForLegalAid", "", **aid) for at in range(3)),
    )
    assert Counter(tuple(codes(one)) for one in asked) == {(): 3, ("NOBODY_FREE",): 3}
    assert await load(town) == {"lawyer": 3}


async def test_disputes_go_up_when_the_village_is_full(town: Any, codes: Any) -> None:
    """Of five at once each level takes the one it can, and two find nobody."""
    for name in ("village", "town", "county"):
        await capacity(town, name, 1)
    made = await asyncio.gather(*(town.request(at=0, other=at) for at in range(1, 6)))
    assert Counter(tuple(codes(one)) for one in made) == {(): 3, ("NOBODY_FREE",): 2}
    levels = sorted(one["mediation"]["level"] for one in made if not one["errors"])
    assert levels == ["COUNTY", "TOWN", "VILLAGE"]
    assert await load(town) == {"village": 1, "town": 1, "county": 1}


async def test_place_is_free_again_when_a_matter_ends(town: Any, codes: Any) -> None:
    for name in ("village", "town", "county"):
        await capacity(town, name, 1 if name == "village" else 0)
    seen = await town.mediating()
    assert codes(await town.request(at=0, other=3)) == ["NOBODY_FREE"]
    ended = await town.resident(1).do("endMediation", "", mediation=seen["id"], outcome="REFUSED")
    assert codes(ended) == []
    assert codes(await town.request(at=0, other=3)) == []


async def test_nobody_gets_a_matter_after_they_left(town: Any, codes: Any) -> None:
    """Whichever comes first: either they leave and nothing is theirs, or they have something and stay."""
    for at in range(4):
        account = f"counsellor-going-{at}"
        name = f"going-{at}"
        await town.appoint(name, "610921100", kind="LAWYER", account=account, qualification="律师")
    leaving = [town.manager.do("endLegalAdviser", "", adviser=town.advisers[f"going-{at}"]) for at in range(4)]
    asking = [town.resident(at).do("askAdvice", "", **QUESTION) for at in range(4)]
    ended = await asyncio.gather(*(one for pair in zip(leaving, asking, strict=True) for one in pair))
    assert {code for one in ended[1::2] for code in codes(one)} == set(), "somebody stays, or the town's lawyer answers"
    assert {code for one in ended[::2] for code in codes(one)} <= {"OPEN_MATTERS"}
    assert await town.fetch(ASTRAY) == []


async def offered(town: Any, name: str) -> list[str]:
    made = await town.manager.do(
        "offerLegalSlots", "adviser { slots { id } }", adviser=town.advisers[name], meeting="OFFICE", slots=SLOTS
    )
    assert made["errors"] == []
    return [one["id"] for one in made["adviser"]["slots"]]


async def test_nobody_comes_in_vain(town: Any, codes: Any) -> None:
    """Who leaves has no appointments ahead: those who booked are told, and nobody books any more."""
    slots = await offered(town, "lawyer")
    for at in range(2):
        booked = await town.resident(at).do("bookLegalSlot", "", slot=slots[at])
        assert codes(booked) == []
    done = await town.manager.do("endLegalAdviser", "adviser { slots { free } nextSlot { id } }",
                                 adviser=town.advisers["lawyer"])  # fmt: skip
    assert done["adviser"] == {"slots": [{"free": False}] * 4, "nextSlot": None}
    told = '{ me { notices(filter: { kind: { equals: "legal.booking_cancelled" } }) { nodes { title } } } }'
    for at, count in ((0, 1), (1, 1), (2, 0)):
        assert len((await town.resident(at).ask(told)).data["me"]["notices"]["nodes"]) == count
    late = await town.resident(2).do("bookLegalSlot", "", slot=slots[2])
    assert [(one["code"], one["path"]) for one in late["errors"]] == [("LEFT_PANEL", ["slot"])]
    asked = await town.resident(2).do("askAdvice", "", slot=slots[3], **QUESTION)
    assert codes(asked) == ["LEFT_PANEL"], "nor is a question theirs by an appointment"
    assert await town.fetch(ASTRAY) == []


async def test_booking_and_leaving_at_once(town: Any, codes: Any) -> None:
    slots = await offered(town, "lawyer")
    leave = town.manager.do("endLegalAdviser", "", adviser=town.advisers["lawyer"])
    made = await asyncio.gather(leave, *(town.resident(at).do("bookLegalSlot", "", slot=slots[at]) for at in range(4)))
    assert codes(made[0]) == []
    assert {code for one in made[1:] for code in codes(one)} <= {"LEFT_PANEL"}
    assert await town.fetch(ASTRAY) == []


async def test_one_of_two_decides(town: Any, codes: Any) -> None:
    """Granted or refused, and the matter is open or closed with it."""
    aid = {"about": "LABOUR", "ground": "WAGES", "facts": "拖欠工资"}
    for at in range(3):
        made = (await town.resident(at).do("applyForLegalAid", "aid { id }", **aid))["aid"]["id"]
        grant = town.counsellor().do("decideLegalAid", "", aid=made, grant=True)
        refuse = town.counsellor().do("decideLegalAid", "", aid=made, grant=False, grounds="可申请复查。")
        granted, refused = await asyncio.gather(grant, refuse)
        assert sorted([codes(granted), codes(refused)]) == [[], ["ILLEGAL_TRANSITION"]]
        [row] = await town.fetch(
            "select a.state, a.grounds is not null said, m.closed_at is not null closed from legal.aid a "
            "join legal.matter m on m.id=a.matter_id where a.id=$1",
            key(made),
        )
        assert tuple(row) == (("GRANTED", False, False) if codes(granted) == [] else ("REFUSED", True, True))


async def test_party_leaves_while_the_agreement_is_written(town: Any, codes: Any) -> None:
    """Either it is agreed, or it has ended; never both, and never an agreement of a mediation that ended."""
    for _ in range(2):
        seen = await town.mediating()
        agreed, left = await asyncio.gather(
            town.agree(seen), town.resident(1).do("endMediation", "", mediation=seen["id"], outcome="WITHDRAWN")
        )
        # Who writes the agreement names the version that they saw; who leaves does not.
        assert (codes(agreed), codes(left)) in (([], ["ILLEGAL_TRANSITION"]), (["STALE_VERSION"], []))
        [row] = await town.fetch(
            "select n.state, exists(select from legal.agreement a where a.matter_id=n.matter_id) written, "
            "exists(select from legal.confirmation a where a.matter_id=n.matter_id) court, m.closed_at is null open "
            "from legal.mediation n join legal.matter m on m.id=n.matter_id where n.id=$1",
            key(seen["id"]),
        )
        expected = ("AGREED", True, True, True) if codes(agreed) == [] else ("ENDED", False, False, False)
        assert tuple(row) == expected


async def test_question_has_one_adviser(town: Any, codes: Any) -> None:
    """Handed to two at once: one of them has it, and the other reads nothing."""
    for name in ("second", "third"):
        await town.appoint(name, "610921100", kind="LAWYER", account=f"counsellor-{name}", qualification="律师")
    made = await town.resident(0).do("askAdvice", "matter { id }", **QUESTION)
    id = made["matter"]["id"]
    [holder] = (await town.fetch(
        "select a.name from legal.advice q join legal.adviser a on a.id=q.adviser_id where q.id=$1", key(id)
    ))[0]  # fmt: skip
    others = [one for one in ("lawyer", "second", "third") if one != holder]
    handed = await asyncio.gather(*(
        town.counsellor(holder).do("handOverAdvice", "", advice=id, adviser=town.advisers[one]) for one in others
    ))  # fmt: skip
    assert Counter(tuple(codes(one)) for one in handed)[()] == 1
    assert {code for one in handed for code in codes(one)} <= {"NOT_FOUND", "FORBIDDEN"}
    assert sum((await load(town)).values()) == 1
    won = others[[codes(one) for one in handed].index([])]
    read = "query($id: ID!) { node(id: $id) { ... on LegalAdvice { question } } }"
    seen = {one: (await town.counsellor(one).ask(read, id=id)).data["node"] for one in (holder, *others)}
    assert [one for one, found in seen.items() if found] == [won]


WAITING = """
select count(*) from pg_stat_activity
where datname = current_database() and wait_event_type = 'Lock' and wait_event in ('transactionid', 'tuple')
"""


async def test_last_two_promises_are_settled_at_once(town: Any, database: str, codes: Any) -> None:
    """Both wait for the matter before either looks at the other's promise, so the second sees both as settled."""
    seen = await town.mediating()
    first, second = [one["id"] for one in seen["parties"]]
    terms = [{"text": "拆除院墙。", "obligor": second}, {"text": "支付工钱。", "obligor": first}]
    assert codes(await town.agree(seen, terms=terms)) == []
    wall, wages = [one["id"] for one in (await town.see(seen["id"]))["agreement"]["terms"]]
    holder = await asyncpg.connect(database)
    try:
        held = holder.transaction()
        await held.start()
        await holder.execute("select from legal.matter where id = $1 for update", key(seen["matter"]["id"]))
        settling = [
            asyncio.create_task(town.resident(at).do("settleAgreementTerm", "", term=term, kept=True))
            for at, term in enumerate((wall, wages))
        ]
        async with asyncio.timeout(30):
            while await town.fetch(WAITING) != [(2,)]:
                await asyncio.sleep(0.02)
        await held.rollback()
        assert [codes(one) for one in await asyncio.gather(*settling)] == [[], []]
    finally:
        await holder.close()
    done = await town.see(seen["id"])
    assert done["agreement"]["keptOn"] == "2026-06-30" and done["matter"]["closedAt"]


async def test_clue_is_taken_up_or_declined(town: Any, codes: Any) -> None:
    made = await town.resident().do(
        "reportEnforcementClue", "clue { id }", grid=town.village, subject="WATER", text="沟渠排污"
    )
    desk = town.server.as_("town_dispatcher", grid="610921100")
    asked = {"clue": made["clue"]["id"], "expectedVersion": 1}
    both = await asyncio.gather(
        desk.do("decideEnforcementClue", "", accept=True, **asked),
        desk.do("decideEnforcementClue", "", accept=False, reason="不属执法事项", **asked),
    )
    assert sorted(codes(one) for one in both) == [[], ["STALE_VERSION"]]


async def test_court_is_asked_once_and_says_one_thing(town: Any, codes: Any) -> None:
    """Both parties ask at the same moment; then the court's word is noted twice, and is one or the other."""
    made = await town.agree(await town.mediating())
    confirmation = made["mediation"]["agreement"]["confirmation"]
    signed = await town.fetch("select id from legal.party order by place")
    asked = {"confirmation": confirmation["id"], "court": "县法院", "expectedVersion": confirmation["version"],
             "parties": [f"MediationParty:{row['id']}" for row in signed]}  # fmt: skip
    both = await asyncio.gather(*(town.resident(at).do("requestConfirmation", "", **asked) for at in (0, 1)))
    found = sorted(codes(one) for one in both)
    assert found[0] == [] and found[1] in (["ILLEGAL_TRANSITION"], ["STALE_VERSION"])
    noted = {"confirmation": confirmation["id"], "on": "2026-06-30", "expectedVersion": confirmation["version"] + 1}
    words = ("ACCEPTED", "REJECTED")
    both = await asyncio.gather(*(town.mediator().do("recordConfirmation", "", state=one, **noted) for one in words))
    [(state, version)] = await town.fetch("select state, version from legal.confirmation")
    # Either may follow the other only from the version that it leaves.
    assert sorted(map(codes, both)) == [[], ["STALE_VERSION"]] or {*sum(map(codes, both), [])} == {"ILLEGAL_TRANSITION"}
    assert state == words[[codes(one) for one in both].index([])] and version == noted["expectedVersion"] + 1


@pytest.mark.parametrize("count", [4])
async def test_request_sent_again_at_once_is_one(town: Any, count: int) -> None:
    """A frontend that tries again before it has an answer: one matter, and each try has the same answer."""
    asked = {"idempotencyKey": str(uuid4()), **QUESTION}
    made = await asyncio.gather(
        *(town.resident().do("askAdvice", "matter { id question }", **asked) for _ in range(count))
    )
    assert len({one["matter"]["id"] for one in made if one["matter"]}) == 1
    assert all(one["errors"] == [] for one in made)
    [(matters, words)] = await town.fetch(
        "select (select count(*) from legal.matter), (select count(*) from legal.advice)"
    )
    assert (matters, words) == (1, 1)
