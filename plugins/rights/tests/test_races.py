"""Requests, reviews and consents at once, and what is refused of them: each is decided once, and by whoever may."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from gongzhi_server.testing import Server, codes_of

from .conftest import COUNTY, Family, expect_success, key, refusal_codes, register_family

pytestmark = pytest.mark.asyncio(loop_scope="module")

REQUEST = "request { id state version }"
REVIEW = "review { id state version }"
AGREED = {"purpose": "people.income_band", "noticeVersion": 1}
AT_ONCE = 4
LONG = "字" * 2_001


@pytest_asyncio.fixture(loop_scope="module")
async def family(shared_server: Server) -> AsyncIterator[Family]:
    """A family of each test's own in the county of all, which is at its hour again after it."""
    began = shared_server.clock.time
    yield await register_family(shared_server, birthDate="1950-05-05")
    shared_server.clock.time = began


async def together(*asked: Awaitable[dict[str, Any]]) -> Counter[str]:
    """How many were done, and by code how many were refused."""
    return Counter(code for one in await asyncio.gather(*asked) for code in (codes_of(one["errors"]) or ["done"]))


async def decision_of(family: Family) -> str:
    """The first decision of a rule about the elder's household."""
    mine = "{ me { decisions(first: 10) { nodes { id } } } }"
    nodes = (await family.of(family.elder).ask(mine)).data["me"]["decisions"]["nodes"]
    return str(nodes[-1]["id"])


# at once


async def test_one_request_of_a_kind(family: Family) -> None:
    """Asked from two telephones: it is one request, and one notice to the officer."""
    told = '{ me { notices(filter: { kind: { equals: "data_request.asked" } }) { totalCount } } }'
    before = (await family.officer.ask(told)).data["me"]["notices"]["totalCount"]
    elder = family.of(family.elder)
    answers = await asyncio.gather(*(elder.do("requestDeletion", REQUEST) for _ in range(AT_ONCE)))
    assert len({one["request"]["id"] for one in answers}) == 1
    assert (await family.officer.ask(told)).data["me"]["notices"]["totalCount"] == before + 1


async def test_one_answer_to_a_request(family: Family) -> None:
    """Granted, refused and withdrawn at once: one of them holds, and a restriction follows the grant alone."""
    elder = family.of(family.elder)
    asked = await expect_success(elder, "requestRestriction", REQUEST)
    given = {"request": asked["id"], "expectedVersion": asked["version"], "grounds": "核实"}
    officers = [
        family.server.as_("data_protection_officer", grid=COUNTY, sub=f"officer {at}").do(
            "decideDataRequest", REQUEST, **given, grant=bool(at % 2)
        )
        for at in range(AT_ONCE)
    ]
    found = await together(*officers, elder.do("withdrawDataRequest", REQUEST, request=asked["id"]))
    assert found["done"] == 1 and set(found) <= {"done", "STALE_VERSION", "ILLEGAL_TRANSITION"}, found
    state = f'{{ node(id: "{asked["id"]}") {{ ... on DataRequest {{ state }} }} }}'
    granted = (await elder.ask(state)).data["node"]["state"] == "GRANTED"
    seen = await family.staff("grid_worker").ask(f'{{ person(id: "{family.elder}") {{ id }} }}')
    assert (seen.data["person"] is None) is granted


async def test_one_review_and_one_word(family: Family) -> None:
    elder = family.of(family.elder)
    asked = {"decision": await decision_of(family)}
    reviews = await asyncio.gather(*(elder.do("requestHumanReview", REVIEW, **asked) for _ in range(AT_ONCE)))
    [review] = {one["review"]["id"] for one in reviews}
    words = {"review": review, "expectedVersion": 1, "outcome": "GUANXIN", "grounds": "入户核实"}
    reviewers = [
        family.server.as_("data_protection_officer", grid=COUNTY, sub=f"officer {at}") for at in range(AT_ONCE)
    ]
    found = await together(*(one.do("decideReview", REVIEW, **words) for one in reviewers))
    assert found == {"done": 1, "STALE_VERSION": AT_ONCE - 1}


async def test_one_consent_stands(family: Family, shared_database: str) -> None:
    """However often it is given at once; withdrawn, none does."""
    elder = family.of(family.elder)
    found = await together(*(elder.do("giveConsent", "consent { id }", **AGREED) for _ in range(AT_ONCE)))
    assert found == {"done": AT_ONCE}
    standing = (
        "select count(*) from rights.consent where person_id=$1 and withdrawn_at is null "
        "and (expires_at is null or expires_at > $2)"
    )
    now, connection = family.server.clock(), await asyncpg.connect(shared_database)
    assert await connection.fetchval(standing, key(family.elder), now) == 1
    await expect_success(elder, "withdrawConsent", "consent { id }", purpose=AGREED["purpose"])
    assert await connection.fetchval(standing, key(family.elder), now) == 0
    await connection.close()


async def test_one_guardian_entry(family: Family) -> None:
    leader = family.staff("grid_leader")
    named = {"person": family.child, "representative": family.mother, "capacity": "GUARDIAN"}
    found = await together(*(leader.do("nameRepresentative", "representative { id }", **named) for _ in range(AT_ONCE)))
    assert found == {"done": 1, "DUPLICATE": AT_ONCE - 1}


# refused


async def test_requests_of_nobody(family: Family) -> None:
    """A stranger has no data to ask about, and nobody asks about somebody else's."""
    for mutation in ("requestExport", "requestDeletion", "requestRestriction"):
        assert await refusal_codes(family.server, mutation, REQUEST) == [("NOT_FOUND", ["person"])]
        neighbour = await refusal_codes(family.of(family.mother), mutation, REQUEST, person=family.elder)
        assert neighbour == [("NOT_FOUND", ["person"])], mutation
    given = {"text": "名字有误", "person": family.elder}
    assert await refusal_codes(family.of(family.mother), "requestCorrection", REQUEST, **given) == [
        ("NOT_FOUND", ["person"])
    ]


async def test_words_are_bounded(family: Family) -> None:
    elder = family.of(family.elder)
    for mutation in ("requestExport", "requestCorrection", "requestDeletion"):
        assert await refusal_codes(elder, mutation, REQUEST, text=LONG) == [("BAD_USER_INPUT", ["text"])], mutation
    decision = await decision_of(family)
    assert await refusal_codes(elder, "requestHumanReview", REVIEW, decision=decision, reason=LONG) == [
        ("BAD_USER_INPUT", ["reason"])
    ]
    assert await refusal_codes(elder, "requestExplanation", REQUEST, decision=decision, text=LONG) == [
        ("BAD_USER_INPUT", ["text"])
    ]


async def test_nothing_there(family: Family) -> None:
    """What is made up, and an id of something else."""
    elder, officer, leader = family.of(family.elder), family.officer, family.staff("grid_leader")
    for id in ("", "nonsense", family.elder, f"DataRequest:{key(family.elder)}"):
        for caller, mutation, field, more in (
            (elder, "withdrawDataRequest", "request", {}),
            (elder, "requestHumanReview", "decision", {}),
            (elder, "requestExplanation", "decision", {}),
            (elder, "revokeRelease", "release", {}),
            (officer, "decideDataRequest", "request", {"expectedVersion": 1, "grant": True}),
            (officer, "decideReview", "review", {"expectedVersion": 1, "outcome": "GUANXIN", "grounds": "核实"}),
            (leader, "endRepresentation", "representative", {}),
        ):
            payload = await caller.do(mutation, "", **{field: id, **more})
            assert [(one["code"], one["path"]) for one in payload["errors"]] == [("NOT_FOUND", [field])], (mutation, id)


async def test_only_the_one_concerned_takes_it_back(family: Family) -> None:
    elder = family.of(family.elder)
    asked = await expect_success(elder, "requestDeletion", REQUEST)
    for caller in (family.of(family.mother), family.server):
        found = await refusal_codes(caller, "withdrawDataRequest", REQUEST, request=asked["id"])
        assert found == [("NOT_FOUND", ["request"])]
    officer = await refusal_codes(family.officer, "withdrawDataRequest", REQUEST, request=asked["id"])
    assert officer == [("FORBIDDEN", ["request"])]
    await expect_success(elder, "withdrawDataRequest", REQUEST, request=asked["id"])
    assert await refusal_codes(elder, "withdrawDataRequest", REQUEST, request=asked["id"]) == [
        ("ILLEGAL_TRANSITION", ["request"])
    ]
    late = {"request": asked["id"], "expectedVersion": 2, "grant": True}
    assert await refusal_codes(family.officer, "decideDataRequest", REQUEST, **late) == [
        ("ILLEGAL_TRANSITION", ["request"])
    ]


async def test_nobody_answers_their_own_request(family: Family) -> None:
    """An officer is somebody with data, too."""
    asked = await expect_success(family.of(family.elder), "requestDeletion", REQUEST)
    person = family.elder.partition(":")[2]
    own = family.server.as_("data_protection_officer", grid=COUNTY, person=person)
    given = {"request": asked["id"], "expectedVersion": 1, "grant": True}
    assert await refusal_codes(own, "decideDataRequest", REQUEST, **given) == [("FORBIDDEN", ["request"])]


async def test_nothing_to_lift(family: Family) -> None:
    elder = family.of(family.elder)
    payload = await elder.do("liftRestriction", "")
    assert [(one["code"], one["path"]) for one in payload["errors"]] == [("NOT_FOUND", ["person"])]


async def test_consents_that_cannot_be_taken_back(family: Family) -> None:
    """A purpose that there is not, one that rests on the law, and a recipient of nobody's."""
    elder = family.of(family.elder)
    for given, path in (
        ({"purpose": "people.nonsense"}, "purpose"),
        ({"purpose": "people.service"}, "purpose"),
        ({"purpose": AGREED["purpose"], "recipient": "nobody"}, "purpose"),
    ):
        found = await refusal_codes(elder, "withdrawConsent", "consent { id }", **given)
        assert found == [("NOT_FOUND", [path])], given


ACTIONS = "query($id: ID!) { node(id: $id) { ... on Representative { actions { name label allowed reason } } } }"


async def test_actions_say_who_may_end_a_representation(family: Family) -> None:
    """Whoever names representatives there, while it lasts; the parents themselves read why they may not."""
    leader, mother = family.staff("grid_leader"), family.of(family.mother)
    named = {"person": family.child, "representative": family.mother, "capacity": "GUARDIAN"}
    made = await expect_success(leader, "nameRepresentative", "representative { id }", **named)

    async def told(caller: Server) -> tuple[bool, str | None]:
        [action] = (await caller.ask(ACTIONS, id=made["id"])).data["node"]["actions"]
        assert (action["name"], action["label"]) == ("endRepresentation", "End representation")
        return action["allowed"], action["reason"]

    assert (await told(leader), await told(mother)) == ((True, None), (False, "FORBIDDEN"))
    ending = {"representative": made["id"]}
    await expect_success(leader, "endRepresentation", "representative { until }", **ending)
    assert await told(leader) == (False, "ILLEGAL_TRANSITION")


async def test_representation_ends_once_and_early(family: Family) -> None:
    """From that day; ended again it is not moved, and another place's leader ends nothing."""
    leader = family.staff("grid_leader")
    named = {"person": family.child, "representative": family.mother, "capacity": "GUARDIAN"}
    made = await expect_success(leader, "nameRepresentative", "representative { id until }", **named)
    ending = {"representative": made["id"]}
    away = family.server.as_("grid_leader", grid="610921110")
    assert await refusal_codes(away, "endRepresentation", "", **ending) == [("NOT_FOUND", ["representative"])]
    ended = await expect_success(leader, "endRepresentation", "representative { until }", **ending)
    assert ended["until"] == "2026-06-30" and made["until"] > ended["until"]
    family.server.clock.move(days=3)
    later = family.staff("grid_leader")
    assert await refusal_codes(later, "endRepresentation", "", **ending) == [("ILLEGAL_TRANSITION", ["representative"])]


WHAT = "query($id: ID!) { node(id: $id) { ... on DataRequest { actions { name allowed reason } } } }"


async def told_of(caller: Any, id: str) -> dict[str, str | None]:
    """What somebody is told that they may do to a request: why not, or None."""
    seen = (await caller.ask(WHAT, id=id)).data["node"]
    return {one["name"]: one["reason"] for one in seen["actions"]}


async def test_actions_say_who_answers_and_who_takes_back(family: Family) -> None:
    """While it is open the officer answers and whoever asked takes it back; then nobody does either."""
    elder = family.of(family.elder)
    asked = await expect_success(elder, "requestDeletion", REQUEST)
    assert await told_of(elder, asked["id"]) == {"decideDataRequest": "FORBIDDEN", "withdrawDataRequest": None}
    assert await told_of(family.officer, asked["id"]) == {
        "decideDataRequest": None,
        "withdrawDataRequest": "FORBIDDEN",
    }
    await expect_success(elder, "withdrawDataRequest", REQUEST, request=asked["id"])
    assert (await told_of(elder, asked["id"]))["withdrawDataRequest"] == "ILLEGAL_TRANSITION"
    assert (await told_of(family.officer, asked["id"]))["decideDataRequest"] == "ILLEGAL_TRANSITION"
