"""Follow-ups, closing and conflicts of interest over HTTP: nobody closes, dispatches or asks in their own cause."""

from __future__ import annotations

import pytest

from .actors import CASE, MATTER, POWER, SAFETY, Desks, refused

pytestmark = pytest.mark.asyncio(loop_scope="module")

FOLLOWED = "followUp { contact reached solved rating note role } case { status version rating reopenings }"
APPROVED = "approval { state } case { status }"


async def test_follow_up(desks: Desks) -> None:
    """Not reached; then not solved, and it is taken up again; then solved, and it is closed."""
    number = (await desks.replied())["number"]
    call = {"number": number, "contact": "PHONE"}
    first = await desks.town.do("recordFollowUp", FOLLOWED, **call, expectedVersion=5, reached=False, note="无人接听")
    assert first["case"]["status"] == "REPLIED" and first["followUp"]["note"] == "无人接听"
    second = await desks.town.do(
        "recordFollowUp", FOLLOWED, **call, expectedVersion=6, reached=True, solved=False, rating=2
    )
    assert second["case"]["status"] == "HANDLING" and second["case"]["reopenings"] == 1
    await desks.step(desks.unit(POWER), "replyToCase", number, 7, text="更换了电杆。")
    third = await desks.town.do(
        "recordFollowUp", FOLLOWED, **call, expectedVersion=8, reached=True, solved=True, rating=5
    )
    assert third["case"]["status"] == "CLOSED" and third["case"]["rating"] == 5
    query = (
        "query($n: String!) { case(number: $n) { followUps { nodes { reached solved } } timeline(last: 20) { type } } }"
    )
    seen = (await desks.town.ask(query, n=number)).data["case"]
    assert [one["solved"] for one in seen["followUps"]["nodes"]] == [None, False, True]
    assert [one["type"] for one in seen["timeline"]].count("case.followed_up") == 3


async def test_bad_follow_ups(desks: Desks) -> None:
    number = (await desks.replied())["number"]
    given = {"number": number, "expectedVersion": 5, "contact": "VISIT"}
    unheard = await desks.town.do("recordFollowUp", FOLLOWED, **given, reached=False, solved=True)
    assert [one["path"] for one in unheard["errors"]] == [["reached"]]
    much = await desks.town.do("recordFollowUp", FOLLOWED, **given, reached=True, solved=True, rating=6)
    assert [one["path"] for one in much["errors"]] == [["rating"]]
    mutation = "mutation($i: RecordFollowUpInput!) { recordFollowUp(input: $i) { errors { code } } }"
    own = {**given, "idempotencyKey": "f", "reached": True, "solved": True, "rating": 5}
    assert (await desks.unit(POWER).ask(mutation, i=own)).codes == ["FORBIDDEN"]


async def test_closed_is_final(desks: Desks) -> None:
    """What comes up again is a new case that follows the old one."""
    found = await desks.replied()
    open_still = await desks.county.do("reportCase", CASE, **MATTER, follows=found["number"])
    assert [(one["code"], one["path"]) for one in open_still["errors"]] == [("BAD_USER_INPUT", ["follows"])]
    await desks.step(desks.town, "closeCase", found["number"], 5)
    reopened = await desks.town.do("reopenCase", CASE, number=found["number"], expectedVersion=6, reason="又坏了")
    rated = await desks.server.do("rateCase", CASE, **found, rating=1, solved=False)
    assert refused(reopened) == refused(rated) == ["ILLEGAL_TRANSITION"]
    linked = await desks.county.do("reportCase", "case { previous { number } }", **MATTER, follows=found["number"])
    assert linked["case"]["previous"] == {"number": found["number"]}


@pytest.mark.parametrize("about", [{"category": "platform"}, {"against": SAFETY}])
async def test_complaints_about_ourselves(desks: Desks, about: dict[str, str]) -> None:
    """A complaint about the platform or a unit takes two to close, or the requester's own word."""
    number = (await desks.replied(kind="COMPLAINT", **about))["number"]
    for caller in (desks.town, desks.county):
        alone = await caller.do("closeCase", CASE, number=number, expectedVersion=5)
        assert refused(alone) == ["APPROVAL_NEEDED"]
    heard = {"contact": "PHONE", "reached": True, "solved": True, "rating": 5}
    followed = await desks.town.do("recordFollowUp", FOLLOWED, number=number, expectedVersion=5, **heard)
    assert followed["case"]["status"] == "REPLIED"
    asked = await desks.county.do(
        "requestClosing", "approval { id }", number=number, expectedVersion=6, reason="已核查答复"
    )
    given = {"approval": asked["approval"]["id"], "approve": True}
    mutation = "mutation($i: DecideApprovalInput!) { decideApproval(input: $i) { errors { code } } }"
    assert (await desks.unit(SAFETY).ask(mutation, i={**given, "idempotencyKey": "c"})).codes == ["FORBIDDEN"]
    assert (await desks.town.do("decideApproval", APPROVED, **given))["case"]["status"] == "CLOSED"


async def test_requesters_close_their_complaint(desks: Desks) -> None:
    found = await desks.replied(kind="COMPLAINT", category="platform")
    rated = await desks.server.do("rateCase", CASE, **found, rating=5, solved=True)
    assert rated["case"]["status"] == "CLOSED"


async def test_the_accused_stays_out(desks: Desks) -> None:
    """A unit never sees, gets or helps with what is against it; its people do not, in another office either."""
    found = await desks.accepted(kind="COMPLAINT", against=POWER)
    number = found["number"]
    for given in ({"leadUnit": POWER}, {"leadUnit": SAFETY, "supportUnits": [POWER]}):
        payload = await desks.county.do("dispatchCase", CASE, number=number, expectedVersion=2, **given)
        assert refused(payload) == ["CONFLICT_OF_INTEREST"]
    proposal = "query($n: String!) { case(number: $n) { dispatchProposal { leadUnit { code } } } }"
    proposed = (await desks.county.ask(proposal, n=number)).data["case"]["dispatchProposal"]
    assert (
        proposed["leadUnit"]["code"] == "610921-ZZZX"
    )  # that of all utilities, for the entry of electricity names the accused
    for caller in (desks.unit(POWER), desks.server.as_("administrator", unit=POWER)):
        query = "query($n: String!) { case(number: $n) { number } }"
        assert (await caller.ask(query, n=number)).data["case"] is None
    await desks.step(desks.county, "dispatchCase", number, 2, leadUnit=SAFETY)
