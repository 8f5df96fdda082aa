"""Who sees what of a matter, and since when: each node of it for each caller, at every turn that seats take."""

from __future__ import annotations

from typing import Any

TABLES = {
    "LegalMatter": "matter",
    "LegalSeat": "seat",
    "LegalMessage": "message",
    "LegalFile": "file",
    "Mediation": "mediation",
    "MediationParty": "party",
    "Mediator": "mediator",
    "MediationSession": "session",
    "MediationAgreement": "agreement",
    "AgreementTerm": "term",
    "AgreementSignature": "signature",
    "JudicialConfirmation": "confirmation",
    "LegalAdvice": "advice",
    "LegalAid": "aid",
    "LegalAidHours": "hours",
}
"""What hangs on a matter, and where it is stored."""
PDF = "JVBERi0xLjQK"
QUESTION = {"question": "邻居借钱不还怎么办？", "topic": "CONTRACT"}
AID = {"about": "LABOUR", "ground": "WAGES", "facts": "拖欠工资"}


def key(id: str) -> str:
    return id.partition(":")[2]


async def nodes_of(town: Any, matter: str) -> dict[str, str]:
    """The id of one row of each table that hangs on a matter and has any."""
    found = {}
    for kind, table in TABLES.items():
        column = "id" if table == "matter" else "matter_id"
        rows = await town.fetch(f"select id from legal.{table} where {column}=$1 order by id limit 1", key(matter))
        if rows:
            found[kind] = f"{kind}:{rows[0]['id']}"
    return found


async def seen_by(caller: Any, nodes: dict[str, str]) -> set[str]:
    """Which of these a caller sees."""
    asked = " ".join(f'{kind}: node(id: "{id}") {{ __typename }}' for kind, id in nodes.items())
    answer = (await caller.ask(f"{{ {asked} }}")).data
    return {kind for kind, node in answer.items() if node is not None}


def others(town: Any) -> dict[str, Any]:
    """Callers who have no seat at anything here, whatever else they may."""
    return {
        "stranger": town.server,
        "another resident": town.resident(5),
        "another mediator": town.mediator("county"),
        "who keeps the panel": town.manager,
        "who referred it": town.worker,
        "the account without its role": town.server.as_("grid_worker", sub="mediator-village", grid="610921"),
        "the role without the account": town.server.as_("mediator", sub="somebody", grid="610921"),
        "administrator": town.server.as_("administrator", grid="610921"),
        "auditor": town.server.as_("auditor", grid="610921"),
        "county dispatcher": town.server.as_("county_dispatcher", grid="610921"),
        "county leader": town.server.as_("county_leader", grid="610921"),
        "a firm": town.server.as_("firm", unit=town.firms[1]),
        "data protection officer": town.server.as_("data_protection_officer", grid="610921"),
    }


async def check(town: Any, matter: str, inside: dict[str, Any], *outside: tuple[str, Any]) -> dict[str, str]:
    """Those inside see all there is, those outside nothing of it."""
    nodes = await nodes_of(town, matter)
    for name, caller in inside.items():
        assert await seen_by(caller, nodes) == nodes.keys(), name
    for name, caller in [*others(town).items(), *outside]:
        if name not in inside:
            assert await seen_by(caller, nodes) == set(), name
    return nodes


async def with_firms(town: Any) -> None:
    """Find two firms: one that is assigned things here, and one that is not."""
    rows = await town.fetch("select code from units.unit order by id limit 2")
    town.firms = [row["code"] for row in rows]


async def test_mediation_is_read_by_those_who_sit_there(town: Any, codes: Any) -> None:
    """From the request to its keeping: who is given it sees all that was said, who gives it away sees nothing."""
    await with_firms(town)
    parties = [{"person": town.person(0)}, {"person": town.person(1)}, {"person": town.person(2), "represents": 1}]
    id = (await town.request(parties=parties))["mediation"]["id"]
    for at in (0, 1):
        assert codes(await town.join(id, at)) == []
    seen = await town.see(id)
    matter = seen["matter"]["id"]
    people = {"applicant": town.resident(0), "other party": town.resident(1), "representative": town.resident(2)}
    for caller, text in ((town.resident(0), "我方意见"), (town.resident(2), "代为陈述")):
        assert codes(await caller.do("sendLegalMessage", "", matter=matter, text=text)) == []
    assert codes(await town.resident(1).do("addLegalFile", "", matter=matter, title="界桩", content=PDF)) == []
    minutes = {"at": "2026-06-30T01:00:00Z", "place": "村委会", "minutes": "勘界。", "expectedVersion": seen["version"]}
    assert codes(await town.mediator().do("recordMediationSession", "", mediation=id, **minutes)) == []
    nodes = await check(town, matter, people | {"mediator": town.mediator()}, ("no expert", town.counsellor()))
    assert {"LegalMessage", "LegalFile", "MediationSession", "Mediator", "LegalSeat"} <= nodes.keys()
    # An expert is let in by the mediator.
    invited = await town.mediator().do("inviteMediationExpert", "", mediation=id, expert=town.advisers["lawyer"])
    assert codes(invited) == []
    await check(town, matter, people | {"mediator": town.mediator(), "expert": town.counsellor()})
    # It goes up: those below and their expert are out, whoever has it reads what was said before.
    assert codes(await town.mediator().do("escalateMediation", "", mediation=id, reason="需上级协调")) == []
    await check(
        town, matter, people | {"mediator of the town": town.mediator("town")},
        ("mediator before", town.mediator()), ("expert before", town.counsellor()),
    )  # fmt: skip
    # The parties choose somebody else, and the one before is out.
    chosen = await town.resident(1).do("chooseMediators", "", mediation=id, mediators=[town.advisers["village"]])
    assert codes(chosen) == []
    inside = people | {"mediator again": town.mediator()}
    await check(town, matter, inside, ("mediator of the town", town.mediator("town")))
    # What comes of it is read by the same, also when it is over.
    assert codes(await town.agree(await town.see(id))) == []
    nodes = await check(town, matter, inside, ("mediator of the town", town.mediator("town")))
    assert {"MediationAgreement", "AgreementTerm", "AgreementSignature", "JudicialConfirmation"} <= nodes.keys()
    assert codes(await town.resident(0).do("settleAgreementTerm", "", term=nodes["AgreementTerm"], kept=True)) == []
    await check(town, matter, inside)
    # Off the panel, and so out of what one handled; the parties keep what is theirs.
    assert codes(await town.manager.do("endLegalAdviser", "", adviser=town.advisers["village"])) == []
    await check(town, matter, people, ("mediator who left", town.mediator()))


async def test_question_goes_with_its_adviser(town: Any, codes: Any) -> None:
    await with_firms(town)
    id = (await town.resident(0).do("askAdvice", "matter { id }", **QUESTION))["matter"]["id"]
    read = "query($id: ID!) { node(id: $id) { ... on LegalAdvice { matter { id } } } }"
    matter = (await town.resident(0).ask(read, id=id)).data["node"]["matter"]["id"]
    assert codes(await town.counsellor().do("answerAdvice", "", advice=id, text="可申请支付令。")) == []
    assert codes(await town.counsellor().do("addLegalFile", "", matter=matter, title="范本", content=PDF)) == []
    mine = {"who asked": town.resident(0)}
    nodes = await check(town, matter, mine | {"adviser": town.counsellor()}, ("party of nothing", town.resident(1)))
    assert {"LegalAdvice", "LegalFile", "LegalMessage", "LegalSeat"} <= nodes.keys()
    await town.appoint("second", "610921100", kind="LAWYER", account="counsellor-second", qualification="律师")
    handed = await town.counsellor().do("handOverAdvice", "", advice=id, adviser=town.advisers["second"])
    assert codes(handed) == []
    await check(town, matter, mine | {"second": town.counsellor("second")}, ("first", town.counsellor()))
    assert codes(await town.counsellor().do("answerAdvice", "", advice=id, text="再答。")) == ["NOT_FOUND"]
    assert codes(await town.resident(0).do("rateAdvice", "", advice=id, rating=5)) == []
    await check(town, matter, mine | {"second": town.counsellor("second")}, ("first", town.counsellor()))


async def test_firm_sees_what_it_is_assigned(town: Any, codes: Any) -> None:
    """From then on, and whoever works for it; no other firm, and nobody of it without the role."""
    await with_firms(town)
    id = (await town.resident(3).do("applyForLegalAid", "aid { id }", **AID))["aid"]["id"]
    [(matter,)] = await town.fetch("select matter_id from legal.aid where id=$1", key(id))
    matter = f"LegalMatter:{matter}"
    firm = [town.server.as_("firm", unit=town.firms[0], sub=f"firm-{at}") for at in range(2)]
    inside = {"applicant": town.resident(3), "centre": town.counsellor()}
    await check(town, matter, inside, ("firm before", firm[0]))
    assert codes(await town.counsellor().do("decideLegalAid", "", aid=id, grant=True)) == []
    await check(town, matter, inside, ("firm before", firm[0]))
    assert codes(await town.counsellor().do("assignLegalAid", "", aid=id, firm=town.firms[0])) == []
    assert codes(await firm[0].do("recordLegalAidHours", "", aid=id, day="2026-06-30", minutes=30)) == []
    inside |= {"lawyer of the firm": firm[0], "their colleague": firm[1]}
    clerk = town.server.as_("department_handler", unit=town.firms[0])
    nodes = await check(town, matter, inside, ("who works there without the role", clerk))
    assert {"LegalAid", "LegalAidHours"} <= nodes.keys()
    assert codes(await town.counsellor().do("closeLegalAid", "", aid=id)) == []
    await check(town, matter, inside, ("who works there without the role", clerk))


CLUE = "query($id: ID!) { node(id: $id) { ... on EnforcementClue { id text reply } } }"


async def test_clue_is_read_where_it_is_taken_up(town: Any) -> None:
    """By who reported it and the town's desk; of who reported it nobody reads, for the seat is theirs alone."""
    await with_firms(town)
    made = await town.resident(4).do(
        "reportEnforcementClue", "clue { id }", grid=town.village, subject="WATER", text="沟渠排污"
    )
    id = made["clue"]["id"]
    desk = town.server.as_("town_dispatcher", grid="610921100")
    county = town.server.as_("county_dispatcher", grid="610921")
    [(matter,)] = await town.fetch("select matter_id from legal.clue where id=$1", key(id))
    nodes = await nodes_of(town, f"LegalMatter:{matter}")
    for caller in (town.resident(4), desk, county):
        assert (await caller.ask(CLUE, id=id)).data["node"]["text"] == "沟渠排污"
    for caller in (desk, county):
        assert await seen_by(caller, nodes) == set(), "neither the matter, nor who sits at it"
    assert await seen_by(town.resident(4), nodes) == nodes.keys()
    elsewhere = town.server.as_("town_dispatcher", grid="610921102")
    for caller in (elsewhere, town.resident(5), town.server, town.mediator(), town.manager):
        assert (await caller.ask(CLUE, id=id)).data["node"] is None


async def test_appointments_are_between_two(town: Any, codes: Any) -> None:
    slot = {"startsAt": "2026-07-01T01:00:00Z", "endsAt": "2026-07-01T02:00:00Z", "place": "镇司法所"}
    offered = await town.counsellor().do(
        "offerLegalSlots", "adviser { slots { id } }", adviser=town.advisers["lawyer"], meeting="OFFICE", slots=[slot]
    )
    [free] = offered["adviser"]["slots"]
    booked = await town.resident(0).do("bookLegalSlot", "booking { id }", slot=free["id"])
    declared = await town.manager.do(
        "declareLegalConflict", "conflict { id }", adviser=town.advisers["village"], person=town.person(3)
    )
    await with_firms(town)
    nodes = {"LegalBooking": booked["booking"]["id"], "LegalConflict": declared["conflict"]["id"]}
    expected = {
        "who comes": (town.resident(0), {"LegalBooking"}),
        "whom they meet": (town.counsellor(), {"LegalBooking"}),
        "who keeps the panel": (town.manager, {"LegalConflict"}),
        "administrator": (town.server.as_("administrator", grid="610921"), {"LegalConflict"}),
        "the other one of the conflict": (town.resident(3), set()),
        "panel of another town": (town.server.as_("legal_manager", grid="610921102"), set()),
    }
    for name, (caller, seen) in expected.items():
        assert await seen_by(caller, nodes) == seen, name
    for name, caller in others(town).items():
        if name not in expected:
            assert await seen_by(caller, nodes) == set(), name
