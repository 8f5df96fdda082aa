"""Votes against a simple model: who has one, who casts it for whom, what the count comes to, and what is carried."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest
from gongzhi_server.testing import codes_of

from .conftest import expect_success
from .test_deliberation import Matter, raise_matter
from .test_meetings import convene_meeting

pytestmark = pytest.mark.asyncio(loop_scope="module")

CHOICES = ("FOR", "AGAINST", "ABSTAIN")
READ = """query($id: ID!) { node(id: $id) { ... on Deliberation { state quorum { entitled needed present }
  proposals { votes { for against abstain } ballots(first: 100) { nodes { choice person { id } } } } } } }"""


class Electorate:
    """What the model knows of a vote: who has voted, what they said, and whose proxy is whose."""

    def __init__(self, people: int) -> None:
        self.people = people
        self.said: dict[int, str] = {}
        self.proxies: dict[int, int] = {}

    def grant(self, giver: int, holder: int) -> list[str]:
        """What is said to somebody who gives a proxy."""
        if giver == holder:
            return ["BAD_USER_INPUT"]
        if list(self.proxies.values()).count(holder) >= 3:
            return ["TOO_MANY"]
        if giver in self.proxies:
            return ["DUPLICATE"]
        self.proxies[giver] = holder
        return []

    def vote(self, by: int, of: int, choice: str) -> list[str]:
        """What is said to somebody who casts a vote, their own or another's."""
        if by != of and self.proxies.get(of) != by:
            return ["NO_PROXY"]
        if of in self.said:
            return ["ALREADY_VOTED"]
        self.said[of] = choice
        return []

    def count(self) -> dict[str, int]:
        return {name.lower(): list(self.said.values()).count(name) for name in CHOICES}


async def grant(town: Any, matter: Matter, giver: int, holder: int) -> list[str]:
    given = {"deliberation": matter.id, "proxy": town.person(holder)}
    return codes_of((await town.resident(giver).do("grantVoteProxy", "proxy { id }", **given))["errors"])


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("secret", [True, False])
async def test_votes_are_as_the_model(town: Any, seed: int, secret: bool) -> None:
    """Whatever people do in whatever order, the answers and the count are the model's."""
    chance, model = random.Random(seed), Electorate(8)
    matter = await raise_matter(town)
    await matter.open(secret=secret, quorumPercent=1)
    receipts = []
    for _ in range(30):
        by, of = chance.randrange(8), chance.randrange(8)
        if chance.random() < 0.35:
            assert await grant(town, matter, by, of) == model.grant(by, of), (by, of)
            continue
        of, choice = (by if chance.random() < 0.5 else of), chance.choice(CHOICES)
        given = {} if by == of else {"onBehalfOf": town.person(of)}
        answer, expected = await matter.vote(by, choice, **given), model.vote(by, of, choice)
        assert answer == expected if expected else isinstance(answer, str), (by, of, answer)
        if not expected:
            receipts.append(answer)
    hidden = (await town.leader.ask(READ, id=matter.id)).data["node"]
    assert hidden["proposals"] == [{"votes": None, "ballots": {"nodes": []}}], "nobody reads ahead"
    assert hidden["quorum"]["present"] == len(set(receipts)) == len(model.said)
    town.server.clock.move(days=4)
    assert (await matter.step("closeVote", "state"))["state"] == "COUNTED"
    seen = (await town.server.ask(READ, id=matter.id)).data["node"]
    [proposal] = seen["proposals"]
    assert proposal["votes"] == model.count() and seen["quorum"]["present"] == len(model.said)
    ballots = [one["choice"] for one in proposal["ballots"]["nodes"]]
    assert sorted(ballots) == sorted(model.said.values()), "anybody recounts it"
    rows = await town.fetch(
        "select b.person_id, b.choice from party.ballot b join party.proposal p on p.id=b.proposal_id "
        "where p.deliberation_id=$1",
        matter.key,
    )
    assert len(rows) == len(model.said)
    if secret:
        assert {row["person_id"] for row in rows} <= {None}
    else:
        said = {town.people.index(row["person_id"]): row["choice"] for row in rows}
        assert said == model.said
    asked = "query($r: String!) { voteReceipt(receipt: $r) { included } }"
    for receipt in receipts:
        assert (await town.server.ask(asked, r=receipt)).data["voteReceipt"] == {"included": True}


@pytest.mark.parametrize(
    ("votes", "carried"),
    [
        ((3, 2, 0), True),
        ((2, 2, 0), False),
        ((2, 1, 1), False),
        ((3, 1, 1), True),
        ((2, 0, 0), True),
        ((0, 0, 3), False),
        ((2, 0, 2), False),
    ],
)
async def test_more_than_half_of_all_votes_carry(town: Any, votes: tuple[int, int, int], carried: bool) -> None:
    """Whoever abstains has voted: half of those who voted are not enough, and neither is a mere plurality."""
    room = await convene_meeting(town)
    assert (await room.record(sum(votes), votes[:2]))["state"] == "RECORDED"
    assert await room.confirm(room.second) == "COUNTED"
    done = await room.matter.step("decideMatter", "state", proposal=room.matter.proposals[0], body="COUNCIL")
    assert done == ({"version": room.matter.version, "state": "DECIDED"} if carried else ["NOT_CARRIED"])


async def test_of_several_proposals_the_carried_one_is_decided(town: Any) -> None:
    room = await convene_meeting(town, proposals=3)
    first, second, third = room.matter.proposals
    hands = [
        {"proposal": one, "votesFor": agree, "votesAgainst": 6 - agree}
        for one, agree in ((first, 1), (second, 5), (third, 3))
    ]
    await room.matter.step("recordMatterMeeting", "state", **{**room.asked(6, None), "hands": hands})
    assert await room.confirm(room.second) == "COUNTED"
    for one in (first, third):
        assert await room.matter.step("decideMatter", proposal=one, body="COUNCIL") == ["NOT_CARRIED"]
    asks = "decision { text resolution { votesFor votesAgainst } }"
    decided = await room.matter.step("decideMatter", asks, proposal=second, body="COUNCIL")
    assert decided["decision"]["text"].startswith("方案2")
    assert decided["decision"]["resolution"] == {"votesFor": 5, "votesAgainst": 1}


async def test_every_proposal_is_voted_on(town: Any) -> None:
    """A vote says something of each, once; with a gap or twice it does not count and may be cast again."""
    matter = await raise_matter(town)
    await matter.step("publishMatterAgenda", items=["表决"])
    matter.proposals = []
    for at in range(2):
        asked = {"deliberation": matter.id, "text": f"方案{at}"}
        made = await expect_success(town.resident(), "proposeOnMatter", "proposal { id }", **asked)
        matter.proposals.append(made["proposal"]["id"])
    until = (town.server.clock.time + timedelta(days=1)).isoformat()
    await matter.step("openVote", until=until, quorumPercent=1)
    whole = list(matter.proposals)
    for wrong in (whole[:1], [*whole, whole[0]], [whole[0], whole[0]]):
        matter.proposals = wrong
        assert await matter.vote(0) == ["BAD_USER_INPUT"]
    matter.proposals = whole
    assert isinstance(await matter.vote(0), str)


async def test_there_are_twenty_proposals_at_most(town: Any) -> None:
    matter = await raise_matter(town)
    await matter.step("publishMatterAgenda", items=["表决"])
    asked = {"deliberation": matter.id}
    for at in range(20):
        await expect_success(town.resident(at % 8), "proposeOnMatter", "proposal { id }", **asked, text=f"方案{at}")
    more = await town.leader.do("proposeOnMatter", "proposal { id }", **asked, text="第二十一")
    assert codes_of(more["errors"]) == ["TOO_MANY"]


async def test_dropping_without_a_reason_leaves_the_votes(town: Any) -> None:
    """What is refused changes nothing: not even votes that were to be destroyed."""
    matter = await raise_matter(town)
    await matter.open(quorumPercent=1)
    assert isinstance(await matter.vote(0), str)
    for reason in ("", " ", "长" * 501):
        assert await matter.step("dropMatter", reason=reason) == ["BAD_USER_INPUT"]
    left = await matter.kept()
    assert (left["urn"], left["roll"]) == (1, 1)
    assert await matter.vote(0) == ["ALREADY_VOTED"]


async def test_who_moves_away_or_dies_has_no_vote(town: Any) -> None:
    """Asked when the vote is cast, of whoever casts it and of whose it is."""
    matter = await raise_matter(town)
    await matter.open(quorumPercent=1)
    assert await grant(town, matter, 1, 0) == [] and await grant(town, matter, 2, 0) == []
    await town.fetch("update people.person set died_on='2026-06-29' where id=$1", town.people[1])
    assert await matter.vote(0, onBehalfOf=town.person(1)) == ["NO_VOTE"]
    assert isinstance(await matter.vote(0, onBehalfOf=town.person(2)), str)
    [(away,)] = await town.fetch("select id from grids.grid where code='610921102'")
    await town.fetch("update people.person set grid_id=$2 where id=$1", town.people[0], away)
    assert await matter.vote(0) == ["NO_VOTE"]
    assert await grant(town, matter, 3, 0) == ["BAD_USER_INPUT"], "nor is one of elsewhere a proxy"


async def test_agenda_is_published_anew_until_the_vote(town: Any) -> None:
    """The whole agenda is replaced; with the vote it stands."""
    matter = await raise_matter(town)
    for items in (["介绍", "讨论", "表决"], ["表决"]):
        done = await matter.step("publishMatterAgenda", "state agenda { title }", items=items)
        assert done["agenda"] == [{"title": one} for one in items]
    asked = {"deliberation": matter.id, "text": "修渠。"}
    await expect_success(town.resident(), "proposeOnMatter", "proposal { id }", **asked)
    until = (town.server.clock.time + timedelta(days=1)).isoformat()
    assert (await matter.step("openVote", "state", until=until))["state"] == "VOTING"
    assert await matter.step("publishMatterAgenda", items=["另一项"]) == ["ILLEGAL_TRANSITION"]


async def test_result_is_evaluated_by_those_it_concerns(town: Any) -> None:
    """Once each, from one to five; few answers are not shown."""
    room = await convene_meeting(town)
    await room.record()
    assert await room.confirm(room.second) == "COUNTED"
    await room.matter.step("decideMatter", proposal=room.matter.proposals[0], body="COUNCIL")
    assert await room.matter.step("executeMatter") == ["BAD_USER_INPUT"], "name a case or a task"
    await room.matter.step("publicizeMatter")
    given = {"deliberation": room.matter.id}
    for at, score in enumerate((5, 4, 4, 5, 3, 5, 4, 5, 5)):
        await expect_success(town.resident(at), "evaluateMatter", "evaluation { score }", **given, score=score)
    shown = "query($id: ID!) { node(id: $id) { ... on Deliberation { evaluation { score answers } } } }"
    assert (await town.server.ask(shown, id=room.matter.id)).data["node"] == {"evaluation": None}
    again = await town.resident(0).do("evaluateMatter", "evaluation { id }", **given, score=1)
    assert codes_of(again["errors"]) == ["DUPLICATE"]
    await expect_success(town.resident(9), "evaluateMatter", "evaluation { id }", **given, score=1)
    found = (await town.server.ask(shown, id=room.matter.id)).data["node"]["evaluation"]
    assert found == {"score": 4.1, "answers": 10}


async def test_matter_may_rest_on_a_meeting_of_the_agenda(town: Any) -> None:
    """A meeting that one may not see is not named by an agenda."""
    matter = await raise_matter(town)
    own = {
        "form": "COMMITTEE_MEETING", "audience": "BRANCH", "branch": town.branch, "title": "支委会",
        "grid": "610921100", "place": "一楼", "startsAt": "2026-07-01T09:00:00+08:00",
    }  # fmt: skip
    made = await expect_success(town.secretary, "arrangeActivity", "activity { id }", activity=own)
    assert await matter.step("publishMatterAgenda", items=["表决"], activity=made["activity"]["id"]) == ["NOT_FOUND"]
