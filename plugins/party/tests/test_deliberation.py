"""Deliberation: from a case to an evaluated result; open and secret votes; the village code."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from gongzhi.declare.viewer import Viewer, ViewerAccount
from gongzhi_server.testing import codes_of
from graphql import parse, print_ast, validate
from graphql.utilities import separate_operations

TOWN, OTHER = "610921100", "610921102"
DOCUMENT = parse(Path(__file__).with_name("operations.graphql").read_text(encoding="utf-8"))
OPERATIONS = {name: print_ast(one) for name, one in separate_operations(DOCUMENT).items()}
CASE = {
    "kind": "HELP",
    "channel": "WEB",
    "title": "水渠堵塞",
    "description": "村口水渠堵塞。",
    "grid": TOWN,
}
KEPT = """
with proposals as (select id from party.proposal where deliberation_id=$1),
meetings as (select id from party.meeting where deliberation_id=$1)
select (select count(*) from party.urn where proposal_id in (select id from proposals))::int urn,
(select count(*) from party.ballot where proposal_id in (select id from proposals))::int ballots,
(select count(*) from party.voted where deliberation_id=$1)::int roll,
(select count(*) from party.slip where deliberation_id=$1)::int slips,
(select count(*) from party.attendance where meeting_id in (select id from meetings))::int attendance,
(select count(*) from meetings)::int meetings
"""


class Matter:
    """A deliberation under way."""

    def __init__(self, town: Any, id: str) -> None:
        self.town, self.id, self.version, self.proposals = town, id, 1, [""]

    @property
    def key(self) -> UUID:
        return UUID(self.id.partition(":")[2])

    async def kept(self) -> dict[str, int]:
        """How many rows there are of its votes and meetings, by what they are."""
        [found] = await self.town.fetch(KEPT, self.key)
        return dict(found)

    async def step(self, mutation: str, asks: str = "id", **given: Any) -> Any:
        """A step that whoever leads takes; its payload."""
        done = await self.town.leader.do(
            mutation, f"deliberation {{ version {asks} }}", deliberation=self.id, expectedVersion=self.version, **given
        )
        if done["errors"]:
            return codes_of(done["errors"])
        self.version = done["deliberation"]["version"]
        return done["deliberation"]

    async def vote(self, at: int, choice: str = "FOR", **given: Any) -> Any:
        choices = [{"proposal": one, "choice": choice} for one in self.proposals]
        sent = {"input": {"deliberation": self.id, "choices": choices, **given}}
        payload = (await self.town.resident(at).ask(OPERATIONS["Vote"], **sent)).data["castVote"]
        return codes_of(payload["errors"]) or payload["receipt"]

    async def open(self, **given: Any) -> Any:
        assert (await self.step("publishMatterAgenda", "state", items=["方案介绍", "表决"]))["state"] == "ANNOUNCED"
        asked = {"deliberation": self.id, "text": "由村集体出资修渠。"}
        made = await self.town.resident().do("proposeOnMatter", "proposal { id }", **asked)
        self.proposals = [made["proposal"]["id"]]
        until = (self.town.server.clock.time + timedelta(days=3)).isoformat()
        return await self.step("openVote", "state quorum { entitled needed present }", until=until, **given)


async def raise_matter(town: Any, **given: Any) -> Matter:
    asked = {"idempotencyKey": str(uuid4()), "title": "修水渠", "text": "请议一议修水渠。", "grid": TOWN, **given}
    payload = (await town.resident().ask(OPERATIONS["Raise"], input=asked)).data["raiseMatter"]
    assert payload["errors"] == [] and payload["deliberation"]["state"] == "RAISED", payload
    return Matter(town, payload["deliberation"]["id"])


async def case_of(town: Any) -> str:
    [(category,)] = await town.fetch("select code from cases.category where code like '%.%' order by code limit 1")
    made = await town.resident().do("reportCase", "case { number }", category=category, **CASE)
    assert made["errors"] == [], made
    return str(made["case"]["number"])


async def timeline_of(town: Any, number: str) -> list[dict[str, Any]]:
    """What whoever asked for a case reads on it."""
    asked = "query($n: String!) { case(number: $n) { timeline { type title data } } }"
    found = (await town.resident().ask(asked, n=number)).data["case"]["timeline"]
    return list(found)


async def test_case_to_evaluated_result(town: Any) -> None:
    number = await case_of(town)
    matter = await raise_matter(town, case=number, grid=None)
    opened = await matter.open(quorumPercent=1)
    assert opened["state"] == "VOTING" and opened["quorum"]["entitled"] >= 20
    needed = opened["quorum"]["needed"]
    for at in range(max(needed, 12)):
        assert isinstance(await matter.vote(at, "AGAINST" if at == 3 else "FOR"), str)
    assert await matter.step("closeVote") == ["VOTE_OPEN"]
    town.server.clock.move(days=4)
    counted = await matter.step("closeVote", "state proposals { votes { for against abstain } }")
    votes = max(needed, 12)
    assert counted["proposals"] == [{"votes": {"for": votes - 1, "against": 1, "abstain": 0}}]
    decided = await matter.step(
        "decideMatter", "decision { text at resolution { title votesFor } }", proposal=matter.proposals[0],
        body="COUNCIL", adopts=["party.code.610921100/1"],
    )  # fmt: skip
    assert decided["decision"]["text"] == "由村集体出资修渠。"
    assert decided["decision"]["resolution"] == {"title": "修水渠", "votesFor": votes - 1}
    task = {"title": "清淤", "owner": town.person(1), "dueOn": "2026-08-01"}
    await matter.step("executeMatter", case=number)
    [told] = [one for one in await timeline_of(town, number) if one["type"] == "party.decision_linked"]
    assert told["title"] == "The case carries out a decision of a deliberation" and told["data"] == {
        "deliberation": matter.id.partition(":")[2]
    }
    await matter.step("executeMatter", task=task)
    public = await matter.step("publicizeMatter", "publicity { from to }", days=7)
    assert public["publicity"] == {"from": "2026-07-04", "to": "2026-07-10"}
    for at in range(10):
        done = await town.resident(at).do("evaluateMatter", "evaluation { score }", deliberation=matter.id, score=5)
        assert done["errors"] == [], done
    seen = (await town.leader.ask(OPERATIONS["Deliberation"], id=matter.id)).data["node"]
    assert seen["execution"] == [
        {"case": {"number": number, "status": "REPORTED"}, "task": None},
        {"case": None, "task": {"title": "清淤", "dueOn": "2026-08-01", "done": False}},
    ]
    assert seen["evaluation"] == {"score": 5.0, "answers": 10} and seen["agenda"][0] == {"title": "方案介绍"}
    back = await town.leader.ask("query($n: String!) { case(number: $n) { deliberation { id state } } }", n=number)
    assert back.data["case"]["deliberation"] == {"id": matter.id, "state": "PUBLICISED"}
    stranger = (await town.server.ask(OPERATIONS["Deliberation"], id=matter.id)).data["node"]
    assert stranger["execution"][0]["case"] is None, "a deliberation is public, a case is not"

    drafted = await town.leader.do(
        "draftVillageCode", "code { id name }", grid=TOWN, title="村规民约", text="爱护水渠。"
    )
    assert drafted["code"]["name"] == "party.code.610921100/1"
    adopted = await town.leader.do("adoptVillageCode", "code { state }", code=drafted["code"]["id"])
    assert adopted == {"code": {"state": "ADOPTED"}, "errors": []}
    second = await town.leader.do("draftVillageCode", "code { id }", grid=TOWN, title="村规民约", text="二。")
    refused = await town.leader.do("adoptVillageCode", "code { id }", code=second["code"]["id"])
    assert codes_of(refused["errors"]) == ["NOT_ADOPTED"]


async def test_votes_count_once(town: Any) -> None:
    matter = await raise_matter(town)
    assert await matter.vote(0) == ["VOTE_CLOSED"], "before it is opened"
    await matter.open(quorumPercent=100)
    receipt = await matter.vote(0)
    assert isinstance(receipt, str) and await matter.vote(0) == ["ALREADY_VOTED"]
    assert await matter.vote(1, onBehalfOf=town.person(2)) == ["NO_PROXY"]
    given = {"deliberation": matter.id, "proxy": town.person(1)}
    asks = "proxy { principal proxy }"
    done = await town.resident(2).do("grantVoteProxy", asks, **given)
    assert done["errors"] == []
    assert isinstance(await matter.vote(1, onBehalfOf=town.person(2)), str)
    assert await matter.vote(2) == ["ALREADY_VOTED"], "the proxy has used it"
    paper = await town.resident(3).do("grantVoteProxy", asks, **given, principal=town.person(4))
    assert codes_of(paper["errors"]) == ["FORBIDDEN"]
    for at in (4, 5):
        assert (await town.leader.do("grantVoteProxy", asks, **given, principal=town.person(at)))["errors"] == []
    fourth = await town.leader.do("grantVoteProxy", asks, **given, principal=town.person(6))
    assert codes_of(fourth["errors"]) == ["TOO_MANY"]
    await town.fetch("update people.person set birth_date='2010-01-01' where id=any($1)", town.people[1:8:6])
    assert await matter.vote(1, onBehalfOf=town.person(4)) == ["NO_VOTE"], "the proxy has none of their own"
    for proxy, principal, expected in ((7, 8, "BAD_USER_INPUT"), (8, 7, "NO_VOTE")):
        asked = {"deliberation": matter.id, "proxy": town.person(proxy)}
        assert codes_of((await town.resident(principal).do("grantVoteProxy", asks, **asked))["errors"]) == [expected]
    assert await matter.step("closeVote") == ["VOTE_OPEN"]
    town.server.clock.move(days=4)
    assert await matter.vote(9) == ["VOTE_CLOSED"], "after its time"
    assert await matter.step("closeVote") == ["QUORUM_MISSED"]
    outsider = await town.fetch(
        "select p.id from people.person p join grids.grid g on g.id=p.town_id where g.code=$1 limit 1", OTHER
    )
    town.people.append(outsider[0]["id"])
    until = (town.server.clock.time + timedelta(days=2)).isoformat()
    assert datetime.fromisoformat((await matter.step("extendVote", "voteUntil", until=until))["voteUntil"])
    assert await matter.vote(len(town.people) - 1) == ["NO_VOTE"]
    assert (await matter.step("dropMatter", "state", reason="另行安排"))["state"] == "DROPPED"
    [left] = await town.fetch(
        "select (select count(*) from party.urn) urn, (select count(*) from party.voted) roll, "
        "(select count(*) from party.slip) slips"
    )
    assert tuple(left) == (0, 0, 0)


async def test_households_have_one_vote(town: Any) -> None:
    family = await town.fetch(
        "select m.person_id from people.membership m join people.person p on p.id=m.person_id "
        "where m.until is null and p.birth_date<'2000-01-01' and p.town_id=(select id from grids.grid where code=$1) "
        "and m.household_id=(select m2.household_id from people.membership m2 join people.person p2 "
        "on p2.id=m2.person_id join grids.grid g on g.id=p2.town_id where g.code=$1 and m2.until is null "
        "and p2.birth_date<'2000-01-01' group by 1 having count(*)>1 order by 1 limit 1)",
        TOWN,
    )
    assert len(family) > 1
    town.people[:2] = [one for (one,) in family[:2]]
    matter = await raise_matter(town)
    await matter.open(voters="HOUSEHOLD", quorumPercent=1)
    assert isinstance(await matter.vote(0), str)
    assert await matter.vote(1) == ["ALREADY_VOTED"]


async def test_secret_votes_are_tied_to_nobody(town: Any) -> None:
    """Rulings 10: after closing nothing at rest ties a ballot to a voter; the count can be recomputed by anybody."""
    people = 24
    await town.crowd(people)
    matter = await raise_matter(town)
    await matter.open(secret=True, quorumPercent=1)
    said = ["AGAINST" if at < people // 2 else "FOR" for at in range(people)]
    receipts = [await matter.vote(at, said[at]) for at in range(people)]
    before = {str(row[0]) for row in await town.fetch("select id from party.voted union all select id from party.slip "
                                                      "union all select id from party.urn")}  # fmt: skip
    assert len(before) == 3 * people
    town.server.clock.move(days=4)
    assert (await matter.step("closeVote", "state"))["state"] == "COUNTED"

    ballots = await town.fetch("select *, xmin::text, ctid::text from party.ballot order by ctid")
    roll = await town.fetch("select *, xmin::text from party.voted order by ctid")
    slips = await town.fetch("select *, xmin::text from party.slip order by ctid")
    assert set(ballots[0].keys()) == {"id", "proposal_id", "choice", "person_id", "xmin", "ctid"}
    assert not any(row["person_id"] for row in ballots) and await town.fetch("select from party.urn") == []
    assert not before & {str(row["id"]) for rows in (ballots, roll, slips) for row in rows}, "every key is new"
    assert all(row["id"].version == 4 for row in ballots), "keys tell no time"
    assert len({row["xmin"] for rows in (ballots, roll, slips) for row in rows}) == 1, "written in one transaction"
    order = [town.people.index(row["person_id"]) for row in roll]
    assert order != sorted(order), "the roll is in no order"
    assert [row["choice"] for row in ballots] != said, "nor are the ballots"
    [(kept,)] = await town.fetch("select count(*) from journal.request where mutation='cast_vote'")
    assert kept == 0, "nothing is kept by an idempotency key"

    listed = """query($id: ID!) { node(id: $id) { ... on Deliberation { quorum { present } proposals {
      votes { for against abstain } ballots(first: 100) { nodes { choice person { id } } } } } } }"""
    seen = (await town.server.ask(listed, id=matter.id)).data["node"]
    [proposal] = seen["proposals"]
    choices = [one["choice"] for one in proposal["ballots"]["nodes"]]
    recounted = {"for": choices.count("FOR"), "against": choices.count("AGAINST"), "abstain": choices.count("ABSTAIN")}
    assert proposal["votes"] == recounted == {"for": 12, "against": 12, "abstain": 0}
    assert seen["quorum"] == {"present": people}
    asked = "query($r: String!) { voteReceipt(receipt: $r) { included deliberation { id } } }"
    for receipt in receipts:
        found = (await town.server.ask(asked, r=receipt)).data["voteReceipt"]
        assert found == {"included": True, "deliberation": {"id": matter.id}}
    assert (await town.server.ask(asked, r="made up")).data["voteReceipt"] is None
    tie = await matter.step("decideMatter", proposal=matter.proposals[0], body="COUNCIL")
    assert tie == ["NOT_CARRIED"]


async def test_who_may_raise_and_speak(town: Any) -> None:
    matter = await raise_matter(town)
    asked = {"title": "议题", "text": "内容", "grid": OTHER}
    foreign = await town.resident().do("raiseMatter", "deliberation { id }", **asked)
    assert codes_of(foreign["errors"]) == ["FORBIDDEN"]
    early = await town.resident(1).do("askToSpeakOnMatter", "speaker { id }", deliberation=matter.id, topic="意见")
    assert codes_of(early["errors"]) == ["NOT_FOUND"], "whoever leads reads what is raised first"
    await matter.step("publishMatterAgenda", items=["讨论"])
    heard = await town.resident(1).do(
        "askToSpeakOnMatter", "speaker { name topic }", deliberation=matter.id, topic="意见"
    )
    assert heard["speaker"]["topic"] == "意见" and heard["speaker"]["name"]
    until = (town.server.clock.time + timedelta(days=1)).isoformat()
    assert await matter.step("openVote", until=until) == ["NOTHING_PROPOSED"]


async def test_deputies_are_replied_to(town: Any) -> None:
    [(unit,)] = await town.fetch("select code from units.unit order by id limit 1")
    deputy = town.server.as_("deputy", grid=TOWN, person=str(town.people[0]))
    asked = {"grid": TOWN, "unit": unit, "title": "增设路灯", "text": "村道无路灯。"}
    made = await deputy.do("submitDeputySuggestion", "suggestion { id replyBy state }", **asked)
    assert made["suggestion"]["replyBy"] == "2026-09-28"
    id = made["suggestion"]["id"]
    [(other,)] = await town.fetch("select code from units.unit order by id desc limit 1")
    handler = town.server.as_("department_handler", unit=other)
    wrong = await handler.do("replyToSuggestion", "suggestion { state }", suggestion=id, text="已列入计划。")
    assert codes_of(wrong["errors"]) == ["FORBIDDEN"]
    handler = town.server.as_("department_handler", unit=unit)
    done = await handler.do("replyToSuggestion", "suggestion { state }", suggestion=id, text="已列入计划。")
    assert done == {"suggestion": {"state": "REPLIED"}, "errors": []}
    rated = await deputy.do("rateSuggestionReply", "suggestion { state satisfied }", suggestion=id, satisfied=True)
    assert rated["suggestion"] == {"state": "RATED", "satisfied": True}


def test_operations_are_valid_and_planned_whole(plugins: Any) -> None:
    """Clients' operations; of the queries nothing is left to Python, and nothing is asked for twice."""
    from gongzhi_server.graphql.engine import GraphQLEngine
    from gongzhi_server.testing import TODAY, built_schema

    schema = built_schema(plugins)
    assert validate(schema._schema, DOCUMENT) == []
    engine: Any = GraphQLEngine(schema, None, None)  # type: ignore[arg-type]
    for name, given in (("Branch", {"grid": TOWN}), ("Deliberation", {"id": "Deliberation:1"}), ("Helper", {})):
        document = engine.prepare(OPERATIONS[name], name)
        viewer = Viewer(ViewerAccount("someone", person=UUID(int=1)), TODAY)
        statement = engine.planner.query(document, engine.coerce_variables(document, given), viewer)
        assert not statement.shape.python, name
