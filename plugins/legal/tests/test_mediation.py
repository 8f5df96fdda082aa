"""From the request to the end: who is asked, who mediates, how long, and that nobody is held."""

from __future__ import annotations

from typing import Any

import pytest


async def test_request_finds_the_nearest_mediator(town: Any) -> None:
    made = (await town.request())["mediation"]
    assert (made["state"], made["level"], made["dueOn"]) == ("REQUESTED", "VILLAGE", "2026-07-30")
    assert len(made["rights"]) == 6 and "costs nothing" in made["rights"][1]["text"]
    seen = await town.see(made["id"])
    assert seen["mediators"] == [{"name": "village", "chosenBy": "COMMITTEE", "acting": "MEDIATOR"}]
    assert seen["facts"] == "院墙越界三十公分" and seen["disputeType"] == "NEIGHBOR"


@pytest.mark.slow
async def test_rights_come_first(town: Any, codes: Any) -> None:
    assert codes(await town.request(rightsAcknowledged=False)) == ["RIGHTS_NOT_ACKNOWLEDGED"]
    id = (await town.request())["mediation"]["id"]
    asked = {"mediation": id, "agree": True, "rightsAcknowledged": False}
    assert codes(await town.resident(1).do("joinMediation", "mediation { id }", **asked)) == ["RIGHTS_NOT_ACKNOWLEDGED"]


@pytest.mark.slow
async def test_refusal_costs_nothing(town: Any) -> None:
    id = (await town.request())["mediation"]["id"]
    done = await town.resident(1).do(
        "joinMediation", "mediation { state outcome }", mediation=id, agree=False, rightsAcknowledged=False
    )
    assert done["mediation"] == {"state": "ENDED", "outcome": "REFUSED"}


BAD: tuple[tuple[dict[str, Any], str, list[str]], ...] = (
    ({"parties": [{"name": "甲某", "phone": "13800000000"}]}, "MISSING_PARTY", ["parties"]),
    ({"parties": []}, "MISSING_PARTY", ["parties"]),
    ({"disputeType": "WEATHER"}, "NOT_FOUND", ["disputeType"]),
    ({"mediators": ["LegalAdviser:00000000-0000-7000-8000-000000000000"]}, "NOT_FOUND", ["mediators", "0"]),
    ({"case": "610921202606300000018"}, "NOT_FOUND", ["case"]),
)


async def test_bad_request_is_refused(town: Any) -> None:
    for given, code, path in BAD:
        made = await town.request(**given)
        assert [(one["code"], one["path"]) for one in made["errors"]] == [(code, path)] and made["mediation"] is None
    [(count,)] = await town.fetch("select count(*) from legal.matter")
    assert count == 0, "nothing is half-written"


@pytest.mark.slow
async def test_stranger_needs_a_number(town: Any) -> None:
    parties = [{"person": town.person(0)}, {"name": "甲某"}]
    [error] = (await town.request(parties=parties))["errors"]
    assert (error["code"], error["path"]) == ("NOT_FOUND", ["parties", "1", "phone"])


async def test_neighbours_ask_for_themselves(town: Any, codes: Any) -> None:
    """A resident names the other side, whom they may not see; nobody asks for two others."""
    asked = {"disputeType": "NEIGHBOR", "rightsAcknowledged": True}
    other = {"name": "乙某", "phone": "13900000000"}
    made = await town.resident().do("requestMediation", "mediation { id }", parties=[{"person": town.person()}, other],
                                    **asked)  # fmt: skip
    assert codes(made) == []
    seen = await town.see(made["mediation"]["id"])
    assert seen["parties"][1]["name"] == "乙某" and seen["parties"][1]["phone"] == "13900000000"
    behind = [other, {"person": town.person(2)}]
    late = await town.resident(2).do("requestMediation", "mediation { id }", parties=behind, grid=town.village, **asked)
    assert codes(late) == ["FORBIDDEN"], "nobody applies in another's name"
    strangers = [{"name": "丙某", "phone": "13700000000"}, other]
    refused = await town.resident(2).do("requestMediation", "mediation { id }", parties=strangers, grid=town.village,
                                        **asked)  # fmt: skip
    assert codes(refused) == ["FORBIDDEN"]
    joined = await town.mediator().do(
        "joinMediation", "mediation { state }", mediation=seen["id"], party=seen["parties"][1]["id"], agree=True,
        rightsAcknowledged=True,
    )  # fmt: skip
    assert joined["mediation"] == {"state": "MEDIATING"}, "the mediator records who came in person"


async def test_interested_mediator_is_refused(town: Any, codes: Any) -> None:
    """Themselves, their household, or whom they declared; and the panel offers somebody else by itself."""
    await town.appoint("cousin", town.village, person=town.person(1))
    chosen = await town.request(mediators=[town.advisers["cousin"]])
    [error] = chosen["errors"]
    assert (error["code"], error["path"]) == ("CONFLICT_OF_INTEREST", ["mediators", "0"])
    declared = await town.manager.do(
        "declareLegalConflict", "conflict { id }", adviser=town.advisers["village"], person=town.person(0)
    )
    assert codes(declared) == [], "the office names people for the panel, and looks at nobody's file"
    worker = town.server.as_("grid_worker", sub="x", grid="610921100")
    assert codes(await worker.do("declareLegalConflict", "conflict { id }", adviser=town.advisers["village"],
                                 person=town.person(0))) == ["FORBIDDEN"]  # fmt: skip
    seen = await town.see((await town.request())["mediation"]["id"], town.mediator("town"))
    assert seen["level"] == "TOWN" and [one["name"] for one in seen["mediators"]] == ["town"]


@pytest.mark.slow
async def test_parties_choose_who_mediates(town: Any, codes: Any) -> None:
    seen = await town.mediating()
    elsewhere = await town.appoint("far", "610921102")
    asked = {"mediation": seen["id"]}
    refused = await town.resident().do("chooseMediators", "mediation { id }", mediators=[elsewhere], **asked)
    assert codes(refused) == ["SERVES_ELSEWHERE"]
    chosen = await town.resident().do(
        "chooseMediators", "mediation { level mediators { name chosenBy } }", mediators=[town.advisers["town"]], **asked
    )
    assert chosen["mediation"] == {"level": "TOWN", "mediators": [{"name": "town", "chosenBy": "PARTIES"}]}
    assert await town.see(seen["id"]) is None, "who no longer mediates sees nothing of it"
    assert (await town.see(seen["id"], town.mediator("town")))["facts"] == "院墙越界三十公分"


@pytest.mark.slow
async def test_minutes_are_read_by_the_parties(town: Any, codes: Any) -> None:
    seen = await town.mediating()
    asked = {"mediation": seen["id"], "at": "2026-06-30T01:00:00Z", "place": "村委会", "minutes": "双方到场勘界。"}
    stale = await town.mediator().do("recordMediationSession", "mediation { id }", expectedVersion=1, **asked)
    assert codes(stale) == ["STALE_VERSION"]
    done = await town.mediator().do(
        "recordMediationSession", "mediation { id }", expectedVersion=seen["version"], **asked
    )
    assert codes(done) == []
    for caller in (town.resident(0), town.resident(1), town.mediator()):
        assert (await town.see(seen["id"], caller))["sessions"][0]["minutes"] == "双方到场勘界。"
    [(raw,)] = await town.fetch("select minutes from legal.session")
    assert "勘界".encode() not in raw, "sealed at rest"


async def test_term_moves_by_consent_of_all(town: Any, codes: Any) -> None:
    seen = await town.mediating()
    parties = [one["id"] for one in seen["parties"]]
    asked = {"mediation": seen["id"], "days": 10}
    alone = await town.mediator().do("extendMediation", "mediation { id }", consents=parties[:1], **asked)
    assert codes(alone) == ["CONSENT_REQUIRED"]
    both = await town.mediator().do("extendMediation", "mediation { dueOn }", consents=parties, **asked)
    assert both["mediation"] == {"dueOn": "2026-08-10"}, "9 August is a Sunday"
    more = await town.mediator().do("extendMediation", "mediation { id }", consents=parties, **asked | {"days": 21})
    assert codes(more) == ["BAD_USER_INPUT"]


@pytest.mark.slow
async def test_what_cannot_be_settled_goes_up(town: Any, codes: Any) -> None:
    seen = await town.mediating()
    for level, mediator in (("TOWN", "village"), ("COUNTY", "town")):
        raised = await town.mediator(mediator).do(
            "escalateMediation", "mediation { id }", mediation=seen["id"], reason="需上级协调"
        )
        assert codes(raised) == []
        again = await town.see(seen["id"], town.mediator(level.lower()))
        assert again["level"] == level
    top = await town.mediator("county").do("escalateMediation", "mediation { id }", mediation=seen["id"], reason="再上")
    assert codes(top) == ["TOP_LEVEL"]


async def test_failed_mediation_goes_to_court(town: Any, codes: Any) -> None:
    seen = await town.mediating()
    asked = {"mediation": seen["id"], "outcome": "REFERRED"}
    for given, path in (({"reason": "分歧过大"}, "referredTo"), ({"referredTo": "COURT"}, "reason")):
        [error] = (await town.mediator().do("endMediation", "mediation { id }", **asked, **given))["errors"]
        assert error["path"] == [path]
    party = await town.resident().do("endMediation", "mediation { id }", **asked, referredTo="COURT", reason="不服")
    assert codes(party) == ["FORBIDDEN"]
    done = await town.mediator().do(
        "endMediation", "mediation { state outcome referredTo reason }", **asked, referredTo="COURT", reason="分歧过大"
    )
    assert done["mediation"] == {"state": "ENDED", "outcome": "REFERRED", "referredTo": "COURT", "reason": "分歧过大"}
    again = await town.mediator().do("endMediation", "mediation { id }", **asked, referredTo="COURT", reason="再")
    assert codes(again) == ["ILLEGAL_TRANSITION"]


@pytest.mark.slow
async def test_party_ends_it_at_any_time(town: Any) -> None:
    seen = await town.mediating()
    done = await town.resident(1).do("endMediation", "mediation { outcome }", mediation=seen["id"], outcome="REFUSED")
    assert done == {"mediation": {"outcome": "REFUSED"}, "errors": []}


@pytest.mark.slow
async def test_representative_speaks_for_a_party(town: Any) -> None:
    parties = [{"person": town.person(0)}, {"person": town.person(1)}, {"person": town.person(2), "represents": 1}]
    id = (await town.request(parties=parties))["mediation"]["id"]
    await town.join(id, 0)
    joined = await town.resident(2).do(
        "joinMediation", "mediation { state parties { joinedAt } }", mediation=id, agree=True, rightsAcknowledged=True
    )
    assert joined["mediation"]["state"] == "MEDIATING"
    assert [bool(one["joinedAt"]) for one in joined["mediation"]["parties"]] == [True, True, False]


@pytest.mark.slow
async def test_end_of_term_is_told(town: Any, run_jobs: Any) -> None:
    await town.request()
    asked = '{ me { notices(filter: { kind: { equals: "legal.mediation_over_term" } }) { nodes { title } } } }'
    town.server.clock.move(days=29)
    assert (await run_jobs()).failed == []
    assert (await town.mediator().ask(asked)).data["me"]["notices"]["nodes"] == []
    town.server.clock.move(days=2)
    assert (await run_jobs()).failed == []
    assert len((await town.mediator().ask(asked)).data["me"]["notices"]["nodes"]) == 1
