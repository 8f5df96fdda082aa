"""Chaos: a short run loses nothing, and whatever would be lost, come twice or in another order is found."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from benchmarks import chaos


@pytest.mark.slow
def test_nothing_is_lost(tmp_path: Path) -> None:
    """Each fault once."""
    recoveries, wrong = chaos.run(1, 7, tmp_path)
    assert wrong == [] and {one.fault for one in recoveries} == set(chaos.FAULTS)
    assert max(one.told for one in recoveries) < chaos.PATIENCE / 2


class Database:
    """What a database has in the end: two cases, each reported and accepted."""

    events = ("1", "2", "3", "4")
    cases = {"A": "ACCEPTED", "B": "ACCEPTED"}

    async def fetchval(self, sql: str) -> bool:
        return False

    async def fetch(self, sql: str, value: Any) -> list[dict[str, str]]:
        if sql == chaos.TOLD:
            return [{"id": id} for id in self.events]
        return [{"number": number, "status": status} for number, status in self.cases.items()]


def told(id: str, number: str, step: str) -> dict[str, Any]:
    return {"id": id, "type": f"case.{step}", "data": {"number": number}}


HEARD = [told("1", "A", "reported"), told("2", "B", "reported"), told("3", "A", "accepted"), told("4", "B", "accepted")]


def traffic() -> Any:
    return chaos.Traffic((), "", "", {}, ["A", "B"], {"A", "B"}, [deepcopy(HEARD), deepcopy(HEARD)])


async def found(suffered: Any) -> str:
    return " ".join(await chaos.check(Database(), suffered, 0))


async def test_what_is_whole_is_left_alone() -> None:
    assert await found(traffic()) == ""


async def test_lost_and_doubled_writes_are_found() -> None:
    for reported, said in (
        (["A", "B", "C"], "acknowledged and not there: C"),
        (["A"], "never acknowledged, or twice: B"),
        (["A", "B", "B"], "acknowledged twice: B"),
    ):
        suffered = traffic()
        suffered.reported = reported
        assert said in await found(suffered)


async def test_followers_are_compared_with_the_outbox() -> None:
    for change, said in (
        (lambda heard: heard.append(heard[3]), "follower 1: 5 events"),
        (lambda heard: heard.insert(0, heard.pop(1)), "follower 1: 4 events"),
        (lambda heard: heard.insert(0, heard.pop(2)), "A was case.accepted and case.reported"),
    ):
        suffered = traffic()
        change(suffered.told[1])
        assert said in await found(suffered)
    lost = traffic()
    lost.told[0][3] = told("9", "B", "accepted")
    assert "follower 0: 4 events" in await found(lost)
