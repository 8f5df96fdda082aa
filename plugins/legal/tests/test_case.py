"""Mediation and case are one matter: the clock waits, the timeline tells that and no more, an agreement settles it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from .test_story import dispute

COUNTY, UNIT = "610921", "610921-GDGS"
STEPPED = "case { version status settledLevel }"
SEEN = """query($n: String!) { case(number: $n) {
  version status dueAt overdue settledLevel timeline { type at note role unit { code } data }
  clocks { stage dueAt stoppedAt paused changes { why after } } } }"""
BEGUN, OVER, OFFERED = "case.mediation_begun", "case.mediation_over", "case.settlement_offered"


@dataclass
class Matter:
    """A case that a unit handles, and its mediation."""

    town: Any
    number: str

    @property
    def unit(self) -> Any:
        return self.town.server.as_("department_handler", unit=UNIT)

    @property
    def dispatcher(self) -> Any:
        return self.town.server.as_("county_dispatcher", grid=COUNTY)

    async def see(self, caller: Any = None) -> Any:
        return (await (caller or self.dispatcher).ask(SEEN, n=self.number)).data["case"]

    async def do(self, caller: Any, mutation: str, **given: Any) -> Any:
        version = (await self.see())["version"]
        made = await caller.do(mutation, STEPPED, number=self.number, expectedVersion=version, **given)
        assert made["errors"] == [], made
        return made["case"]

    async def handled(self) -> Matter:
        await self.do(self.dispatcher, "acceptCase")
        await self.do(self.dispatcher, "dispatchCase", leadUnit=UNIT)
        await self.do(self.unit, "handleCase")
        return self

    async def due(self) -> dict[str, datetime]:
        """When each running clock is due."""
        clocks = (await self.see())["clocks"]
        return {one["stage"]: datetime.fromisoformat(one["dueAt"]) for one in clocks if not one["stoppedAt"]}

    async def types(self, caller: Any = None) -> list[str]:
        """What of mediation is on the timeline."""
        return [one["type"] for one in (await self.see(caller))["timeline"] if one["type"] in (BEGUN, OVER, OFFERED)]

    async def heard(self, caller: Any = None) -> dict[str, str]:
        """What the unit was told of mediation, by kind."""
        asked = "{ me { notices(first: 50) { nodes { kind body about } } } }"
        found = (await (caller or self.unit).ask(asked)).data["me"]["notices"]["nodes"]
        return {one["kind"]: one["body"] for one in found if one["kind"] in (BEGUN, OVER, OFFERED)}

    async def mediating(self) -> Any:
        return await self.town.mediating(case=self.number)


@pytest.fixture(name="matter")
async def matter_fixture(town: Any) -> Matter:
    """A neighbours' dispute in the village, which a unit handles."""
    number = await dispute(town)
    await town.fetch(
        "update cases.case c set grid_id=g.id from grids.grid g where c.number=$1 and g.code=$2", number, town.village
    )
    return Matter(town, number)


async def test_agreement_settles_the_case_at_its_level(town: Any, matter: Matter) -> None:
    before = await (await matter.handled()).due()
    seen = await matter.mediating()
    during = await matter.due()
    assert min(during["HANDLE"], during["REPLY"]) > datetime.fromisoformat(seen["dueOn"] + "T00:00:00+08:00")
    assert (await matter.see())["status"] == "HANDLING" and await matter.types() == [BEGUN]
    assert matter.number in (await matter.heard())[BEGUN], "who works on it is told"
    town.server.clock.move(days=2)
    seen = await town.see(seen["id"])
    assert (await town.agree(seen))["errors"] == []
    after = await matter.due()
    for stage in ("HANDLE", "REPLY"):
        assert before[stage] < after[stage] < during[stage]
        assert after[stage] - before[stage] == timedelta(days=2), "a Tuesday and a Wednesday passed, and no more"
    assert set(await matter.types()) == {BEGUN, OVER, OFFERED}
    assert set(await matter.types(town.resident())) == {BEGUN, OVER}, "the offer is for who works on it"
    assert "in the village" in (await matter.heard())[OFFERED]
    replied = await matter.do(matter.unit, "replyToCase", text="双方已达成调解协议")
    assert (replied["status"], replied["settledLevel"]) == ("REPLIED", "VILLAGE")


async def test_agreement_in_the_grid(town: Any, matter: Matter, codes: Any) -> None:
    """The level follows from who mediates; those of the village may have gone to the grid for it."""
    seen = await matter.mediating()
    wrong = await town.agree(seen, level="TOWN")
    assert [(one["code"], one["path"]) for one in wrong["errors"]] == [("BAD_USER_INPUT", ["level"])]
    assert codes(await town.agree(seen, level="GRID")) == []
    assert (await town.see(seen["id"]))["level"] == "GRID"
    await matter.handled()
    assert (await matter.do(matter.unit, "replyToCase", text="已化解"))["settledLevel"] == "GRID"


async def test_mediation_that_went_up_settles_above(town: Any, matter: Matter, codes: Any) -> None:
    await matter.handled()
    seen = await matter.mediating()
    raised = await town.mediator().do(
        "escalateMediation", "mediation { id }", mediation=seen["id"], reason="需上级协调"
    )
    assert codes(raised) == []
    seen = await town.see(seen["id"], town.mediator("town"))
    first, second = [one["id"] for one in seen["parties"]]
    agreed = await town.mediator("town").do(
        "recordAgreement", "mediation { state }", mediation=seen["id"], facts="院墙越界。", form="ORAL",
        terms=[{"text": "拆除院墙。", "obligor": second}], signatures=[{"party": first}, {"party": second}],
        expectedVersion=seen["version"],
    )  # fmt: skip
    assert codes(agreed) == [] and "in the town" in (await matter.heard())[OFFERED]
    assert (await matter.do(matter.unit, "replyToCase", text="已化解", level="COUNTY"))["settledLevel"] == "COUNTY", (
        "what is offered may be declined"
    )
    await matter.do(matter.dispatcher, "reopenCase", reason="当事人反悔")
    again = await matter.do(matter.unit, "replyToCase", text="已重新处理")
    assert again["settledLevel"] != "TOWN", "an offer does not outlive the answer it was for"


async def end(town: Any, id: str, how: str) -> Any:
    """A mediation that comes to nothing, in each way."""
    if how == "REFUSED":
        return await town.join(id, 1, agree=False)
    asked = {"mediation": id, "outcome": how}
    if how == "WITHDRAWN":
        return await town.resident(1).do("endMediation", "mediation { state }", **asked)
    return await town.mediator().do("endMediation", "mediation { state }", **asked, reason="分歧过大")


@pytest.mark.parametrize("how", ["REFUSED", "FAILED", "WITHDRAWN"])
async def test_mediation_without_agreement_gives_the_case_back(town: Any, matter: Matter, how: str) -> None:
    before = await (await matter.handled()).due()
    made = await town.request(case=matter.number)
    ended = await end(town, made["mediation"]["id"], how)
    assert ended == {"mediation": {"state": "ENDED"}, "errors": []}
    assert await matter.due() == before, "the clock goes on as it was"
    assert await matter.types() == [BEGUN, OVER] and set(await matter.heard()) == {BEGUN, OVER}
    replied = await matter.do(matter.unit, "replyToCase", text="已另行处理")
    assert replied["settledLevel"] is not None


async def test_timeline_tells_nothing_of_what_is_said(town: Any, matter: Matter) -> None:
    """Not who takes part, who asked or ended it, why, what about, or what was agreed: the types alone."""
    await matter.handled()
    ended = await end(town, (await town.request(case=matter.number))["mediation"]["id"], "WITHDRAWN")
    assert ended["errors"] == []
    seen = await matter.mediating()
    assert (await town.agree(seen))["errors"] == []
    names = [row["name"] for row in await town.fetch("select name from people.person where id=any($1)", town.people)]
    secrets = [
        *names[:2],
        *map(str, town.people[:2]),
        "院墙越过",
        "越界三十公分",
        "拆除",
        "mediator-village",
        "WITHDRAWN",
    ]
    for caller in (matter.dispatcher, matter.unit, town.resident(), town.worker):
        steps = [one for one in (await matter.see(caller))["timeline"] if one["type"] in (BEGUN, OVER, OFFERED)]
        assert len([one for one in steps if one["type"] == OVER]) == 2
        for step in steps:
            assert step["note"] is None and step["role"] is None and step["unit"] is None
            assert step["data"] == ({"level": "VILLAGE"} if step["type"] == OFFERED else {})
        told = json.dumps([steps, await matter.heard(caller)], ensure_ascii=False)
        assert [secret for secret in secrets if secret in told] == []
    actors = await town.fetch("select actor from events.outbox where type=any($1)", [BEGUN, OVER, OFFERED])
    assert {row["actor"] for row in actors} == {"SYSTEM"}, "not even whether a party ended it"
    rows = await town.fetch("select account, role from cases.event where type=any($1)", [BEGUN, OVER, OFFERED])
    assert {tuple(row) for row in rows} == {(None, None)}


async def test_who_is_referred_has_not_joined(town: Any, matter: Matter) -> None:
    """Taking part is said by the party, or before the mediator; whoever refers them says it for nobody."""
    made = (await town.request(case=matter.number))["mediation"]
    assert [one["joinedAt"] for one in (await town.see(made["id"]))["parties"]] == [None, None]
    assert (await town.join(made["id"], 1))["mediation"]["state"] == "REQUESTED"
    joined = await town.join(made["id"], 0)
    assert joined["mediation"]["state"] == "MEDIATING"
    asked = {"disputeType": "NEIGHBOR", "rightsAcknowledged": True}
    parties = [{"person": town.person(2)}, {"name": "乙某", "phone": "13900000000"}]
    own = await town.resident(2).do("requestMediation", "mediation { id }", parties=parties, **asked)
    assert [bool(one["joinedAt"]) for one in (await town.see(own["mediation"]["id"], town.resident(2)))["parties"]] == [
        True,
        False,
    ]


async def test_referred_applicant_may_refuse(town: Any, matter: Matter) -> None:
    made = (await town.request(case=matter.number))["mediation"]
    assert (await town.join(made["id"], 0, agree=False))["mediation"] == {"state": "ENDED"}
    assert await matter.types() == [BEGUN, OVER]


async def test_more_time_for_mediation_is_more_time_for_the_case(town: Any, matter: Matter) -> None:
    await matter.handled()
    seen = await matter.mediating()
    before, parties = await matter.due(), [one["id"] for one in seen["parties"]]
    made = await town.mediator().do(
        "extendMediation", "mediation { id }", mediation=seen["id"], days=10, consents=parties
    )
    assert made["errors"] == []
    after = await matter.due()
    assert after["HANDLE"] - before["HANDLE"] >= timedelta(days=7) and after["REPLY"] > before["REPLY"]


async def test_unit_that_gets_the_case_meanwhile_waits_too(town: Any, matter: Matter) -> None:
    """A mediation that nobody ends holds nothing up for ever: after its term, time passes."""
    seen = await matter.mediating()
    await matter.handled()
    due = datetime.fromisoformat(seen["dueOn"] + "T00:00:00+08:00")
    assert (await matter.due())["HANDLE"] > due
    town.server.clock.move(days=29)
    assert (await matter.see())["overdue"] is False
    town.server.clock.move(days=20)
    assert (await matter.see())["overdue"] is True


async def test_answer_and_end_of_mediation_at_once(town: Any, matter: Matter, together: Any) -> None:
    """Whichever comes first, nothing is lost: the answer stands, or whoever gave it is asked to look again."""
    await matter.handled()
    seen = await matter.mediating()
    version = (await matter.see())["version"]
    reply = matter.unit.do("replyToCase", STEPPED, number=matter.number, expectedVersion=version, text="已答复")
    replied, agreed = await together(reply, town.agree(seen))
    assert agreed["errors"] == [] and (await town.see(seen["id"]))["state"] == "AGREED"
    now = await matter.see()
    if replied["errors"]:
        assert [one["code"] for one in replied["errors"]] == ["STALE_VERSION"] and now["status"] == "HANDLING"
        assert set(await matter.types()) == {BEGUN, OVER, OFFERED}
        assert (await matter.do(matter.unit, "replyToCase", text="已答复"))["settledLevel"] == "VILLAGE"
    else:
        assert now["status"] == "REPLIED" and await matter.types() == [BEGUN, OVER], (
            "an answered case is offered nothing"
        )
    assert now["version"] == version + 1 + (not replied["errors"])


@pytest.mark.parametrize("answered", [True, False])
async def test_answer_before_or_after_the_end(town: Any, matter: Matter, codes: Any, answered: bool) -> None:
    await matter.handled()
    seen, version = await matter.mediating(), (await matter.see())["version"]
    asked = {"number": matter.number, "expectedVersion": version, "text": "已答复"}
    if answered:
        assert codes(await matter.unit.do("replyToCase", STEPPED, **asked)) == []
    assert (await end(town, seen["id"], "FAILED"))["errors"] == []
    if not answered:
        assert codes(await matter.unit.do("replyToCase", STEPPED, **asked)) == ["STALE_VERSION"]
    assert (await matter.see())["status"] == ("REPLIED" if answered else "HANDLING")
    assert (OVER in await matter.heard()) is not answered, "an answered case is nobody's to go on with"
