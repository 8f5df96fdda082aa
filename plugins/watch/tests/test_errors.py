"""Errors in good faith: put before review, answered by two who are alike, objected to, and seen by those concerned."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from .conftest import COUNTY, ELSEWHERE, OTHER_UNIT, TOWN, UNIT, Ground, refused

pytestmark = pytest.mark.asyncio(loop_scope="module")
LISTED = "{ errorExemptions(first: 50) { nodes { id } } me { errorExemptions(first: 50) { nodes { id } } } }"


async def name_account(ground: Ground, name: str, unit: str = UNIT, person: Any = None) -> None:
    """Give somebody an account with an office in a unit, as the county's administrator would."""
    await ground.fetch(
        "insert into accounts.account (id, name, kind, created_at, created_by, version, person_id) "
        "values (gen_random_uuid(), $1, 'PERSON', now()-interval '1 year', 'console', 1, $2)",
        name, person,
    )  # fmt: skip
    await ground.fetch(
        "insert into accounts.holding (id, account_id, role, unit_id, since, granted_by) select gen_random_uuid(), "
        "a.id, 'department_handler', u.id, now()-interval '1 year', 'console' from accounts.account a, units.unit u "
        "where a.name=$1 and u.code=$2",
        name, unit,
    )  # fmt: skip


async def test_two_who_find_the_same_decide(ground: Ground) -> None:
    """Neither reads the other before; all conditions met is exempt, and everybody concerned reads the reasons."""
    home = ground.home()
    affected = f"Person:{home['person']}"
    worker = ground.server.as_("grid_worker", grid=TOWN, sub="pioneer")
    id = await ground.error(worker, affected=[affected])
    neighbour = ground.head(home)
    assert await ground.told(neighbour, "error_asked", id) and await ground.told(worker, "error_asked", id)
    assert await ground.review(id, 1) == []
    assert [code for code, _ in await ground.review(id, 1)] == ["FOUR_EYES"]
    before = await ground.see_error(id, ground.reviewer(2))
    assert (before["state"], before["reviews"]) == ("ASKED", []), "nobody is led by another's answers"
    assert (await ground.see_error(id, worker))["reviews"] == []
    assert len((await ground.see_error(id, ground.reviewer(1)))["reviews"]) == 1
    assert await ground.review(id, 2) == []
    seen = await ground.see_error(id, neighbour)
    assert (seen["state"], seen["outcome"], seen["affectedCount"]) == ("DECIDED", "EXEMPT", 1)
    assert {one["text"] for one in seen["statements"]} == {"未及报批先行处置", "次日补办手续"}
    assert [one["reason"] for one in seen["reviews"][0]["answers"]] == ["经核查", "经核查"]
    assert await ground.told(neighbour, "error_decided", id)
    assert await ground.review(id, 3) == [("ILLEGAL_TRANSITION", ["exemption"])]


async def test_where_two_differ_a_third_decides(ground: Ground) -> None:
    """One condition that is not met is not exempt; a majority of three is the most that there is."""
    id = await ground.error()
    assert await ground.review(id, 1) == []
    assert await ground.review(id, 2, "corrected") == []
    assert (await ground.see_error(id, ground.handler))["state"] == "ASKED"
    assert await ground.review(id, 3, "no-gain") == []
    seen = await ground.see_error(id, ground.handler)
    assert (seen["outcome"], len(seen["reviews"])) == ("NOT_EXEMPT", 3)


async def test_an_objection_brings_other_reviewers(ground: Ground) -> None:
    """Once, within thirty days, by who made it or was affected; those of the first round are not asked again."""
    home = ground.home()
    affected = ground.head(home)
    id = await ground.error(affected=[])
    assert await ground.see_error(id, affected) is None
    worker = ground.server.as_("grid_worker", grid=TOWN, sub="pioneer")
    id = await ground.error(worker, affected=[f"Person:{home['person']}"])
    for number in (1, 2):
        assert await ground.review(id, number) == []
    assert await ground.give(ground.reviewer(3), "objectToErrorExemption", id) == [("FORBIDDEN", ["exemption"])]
    assert await ground.give(affected, "objectToErrorExemption", id, text="我家的损失没有写。") == []
    seen = await ground.see_error(id, affected)
    assert (seen["state"], seen["round"], seen["outcome"]) == ("ASKED", 2, None)
    assert seen["statements"][-1] == {"kind": "OBJECTION", "account": None, "text": "我家的损失没有写。"}
    assert len(seen["reviews"]) == 2, "the first round is over, and read"
    assert await ground.give(worker, "withdrawErrorExemption", id) == [("ILLEGAL_TRANSITION", ["exemption"])]
    for number in (1, 2):
        assert [code for code, _ in await ground.review(id, number)] == ["FOUR_EYES"]
    for number in (3, 4):
        assert await ground.review(id, number, "corrected") == []
    assert (await ground.see_error(id, worker))["outcome"] == "NOT_EXEMPT"
    assert await ground.give(worker, "objectToErrorExemption", id) == [("ILLEGAL_TRANSITION", ["exemption"])]
    late = await ground.error(worker)
    for number in (1, 2):
        assert await ground.review(late, number, "no-gain") == []
    await ground.fetch(
        "update watch.error set decided_at=decided_at-interval '31 days' where id=$1", late.partition(":")[2]
    )
    assert await ground.give(worker, "objectToErrorExemption", late) == [("TOO_LATE", ["exemption"])]


async def test_a_unit_asks_for_its_own(ground: Ground) -> None:
    """For somebody of it, who is told, and for nobody else's; who asks is no reviewer, and may take it back."""
    await name_account(ground, "official", person=ground.home()["person"])
    await name_account(ground, "stranger", OTHER_UNIT)
    id = await ground.error(official="official")
    official = ground.server.as_("department_handler", unit=UNIT, sub="official")
    assert (await ground.see_error(id, official))["askedBy"] == "handler"
    assert await ground.told(official, "error_asked", id)
    usual = {"unit": UNIT, "occurredOn": "2026-06-01", "facts": "先行处置", "correction": "补办手续"}
    for given, caller, found in (
        ({"official": "stranger"}, ground.handler, ("NOT_FOUND", ["official"])),
        ({"official": "nobody"}, ground.handler, ("NOT_FOUND", ["official"])),
        ({"official": "official", "unit": OTHER_UNIT}, ground.handler, ("FORBIDDEN", ["official"])),
        ({"unit": OTHER_UNIT}, ground.handler, ("FORBIDDEN", ["unit"])),
        ({"official": "official"}, ground.first, ("FORBIDDEN", ["official"])),
        ({}, ground.head(ground.home()), ("FORBIDDEN", ["unit"])),
    ):
        payload = await caller.do("requestErrorExemption", "exemption { id }", **usual | given)
        assert refused(payload) == [found], given
    both = ground.server.as_("exemption_reviewer", grid=COUNTY, sub="handler")
    own = await ground.give(both, "reviewErrorExemption", id, answers=ground.answers())
    assert own == [("CONFLICT_OF_INTEREST", ["exemption"])]
    # Another account of the official is the official.
    [row] = await ground.fetch("select person_id from accounts.account where name='official'")
    self = ground.server.as_("exemption_reviewer", grid=COUNTY, sub="second self", person=str(row["person_id"]))
    refusal = await ground.give(self, "reviewErrorExemption", id, answers=ground.answers())
    assert refusal == [("FOUR_EYES", ["exemption"])]
    assert await ground.give(official, "withdrawErrorExemption", id) == []
    assert (await ground.see_error(id, ground.handler))["state"] == "WITHDRAWN"
    assert await ground.review(id, 1) == [("ILLEGAL_TRANSITION", ["exemption"])]


async def test_seen_by_those_concerned_alone(ground: Ground) -> None:
    """The official, who asked, the unit, who was affected and who reviews; no leader, no other unit, no neighbour."""
    home = ground.home()
    worker = ground.server.as_("grid_worker", grid=TOWN, sub="concerned")
    id = await ground.error(worker, affected=[f"Person:{home['person']}"])
    as_ = ground.server.as_
    callers = {
        "official": worker,
        "unit": ground.handler,
        "affected": ground.head(home),
        "reviewer": ground.reviewer(9),
        "another unit": as_("department_handler", unit=OTHER_UNIT, sub="x"),
        "neighbour": ground.head(ground.home()),
        "dispatcher": ground.county,
        "leader": as_("county_leader", grid=COUNTY),
        "auditor": as_("auditor", grid=COUNTY),
        "administrator": as_("administrator", grid=COUNTY),
        "another worker": as_("grid_worker", grid=ELSEWHERE, sub="y"),
        "stranger": ground.server,
    }
    found = {name for name, caller in callers.items() if await ground.see_error(id, caller)}
    assert found == {"official", "unit", "affected", "reviewer"}
    for name in ("official", "affected", "reviewer", "leader"):
        lists = (await callers[name].ask(LISTED)).data
        assert ({"id": id} in lists["errorExemptions"]["nodes"]) == (name in found), name
        assert ({"id": id} in lists["me"]["errorExemptions"]["nodes"]) == (name in ("official", "affected")), name


async def test_a_reviewer_is_not_of_the_unit_nor_affected(ground: Ground) -> None:
    home = ground.home()
    id = await ground.error(ground.server.as_("grid_worker", grid=TOWN, sub="w"), affected=[f"Person:{home['person']}"])
    for given in ({"person": str(home["person"])}, {"unit": UNIT}):
        place = {} if "unit" in given else {"grid": COUNTY}
        judge = ground.server.as_("exemption_reviewer", sub="judge", **given, **place)
        answer = await ground.give(judge, "reviewErrorExemption", id, answers=ground.answers())
        assert [code for code, _ in answer] in (["CONFLICT_OF_INTEREST"], ["FORBIDDEN"], ["NOT_FOUND"]), given


async def test_three_at_once_are_no_more_than_two(ground: Ground) -> None:
    """Of reviewers who send at the same moment one is first; the others read that it has changed, and one decides."""
    id = await ground.error()
    version = await ground.version(id)
    given = {"exemption": id, "expectedVersion": version, "answers": ground.answers()}
    sent = await asyncio.gather(
        *(ground.reviewer(n).do("reviewErrorExemption", "exemption { id }", **given) for n in (1, 2, 3))
    )
    found = sorted((refused(one) for one in sent), key=len)
    assert found == [[], [("STALE_VERSION", ["expectedVersion"])], [("STALE_VERSION", ["expectedVersion"])]]
    assert await ground.review(id, 4) == []
    [row] = await ground.fetch("select count(*) from watch.review where exemption_id=$1", id.partition(":")[2])
    assert row[0] == 2 and (await ground.see_error(id, ground.handler))["outcome"] == "EXEMPT"
