"""Days of everything that happens, in random order: the sums that followed are those of counting all anew."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from random import Random
from typing import Any

import asyncpg
import pytest
from gongzhi_server.testing import ESSENTIAL, Server

from .sample_cases import SUMS

COUNTY, TOWN, POWER = "610921", "610921101", "610921-GDGS"
MATTER = {
    "kind": "HELP",
    "channel": "MINI_APP",
    "category": "utilities.electricity",
    "title": "电线杆倒向房屋",
    "description": "屋后电线杆被树压斜",
    "place": {"longitude": 108.51, "latitude": 32.89, "crs": "WGS84"},
}
FIND = """
select c.number, c.status, c.version, g.code as grid from cases.case c join grids.grid g on g.id = c.grid_id
where c.title = $1 order by c.number
"""
RULES = [{"stage": stage, "unit": "WORKING_DAY", "basis": "测试"} for stage in ("ACCEPT", "HANDLE", "REPLY")]


class Story:
    """A county in which something happens. What a step refuses is no matter: the next one goes on."""

    def __init__(self, server: Server, connection: asyncpg.Connection[Any], seed: int) -> None:
        self.server, self.connection, self.random = server, connection, Random(seed)
        self.receipts: dict[str, str] = {}
        self.seen: dict[str, int] = {}

    def desk(self) -> Server:
        return self.server.as_("county_dispatcher", grid=COUNTY)

    async def do(self, caller: Server, mutation: str, selection: str = "__typename", **given: Any) -> Any:
        payload = await caller.do(mutation, selection, **given)
        if not payload["errors"]:
            self.seen[mutation] = self.seen.get(mutation, 0) + 1
        return payload

    async def some(self, *statuses: str) -> Any:
        found = [row for row in await self.connection.fetch(FIND, MATTER["title"]) if row["status"] in statuses]
        return self.random.choice(found) if found else None

    async def step(self, caller: Server | None, mutation: str, *statuses: str, **more: Any) -> None:
        if case := await self.some(*statuses):
            caller = caller or self.server.as_("grid_worker", grid=case["grid"])
            await self.do(caller, mutation, number=case["number"], expectedVersion=case["version"], **more)

    async def report(self) -> None:
        kind = self.random.choice(["HELP", "HELP", "COMPLAINT", "TIP_OFF"])
        payload = await self.do(self.server, "reportCase", "case { number } receiptCode", **{**MATTER, "kind": kind})
        self.receipts[payload["case"]["number"]] = payload["receiptCode"]

    async def intake(self) -> None:
        entry = {
            **MATTER,
            "channel": "HOTLINE_12345",
            "externalNumber": f"E{len(self.receipts)}{self.random.random()}"[:20],
        }
        await self.do(self.server.as_("integrator", grid=COUNTY), "intakeCases", entries=[entry])

    async def settle(self) -> None:
        await self.step(None, "handleInGrid", "REPORTED", "ACCEPTED", text="已处理。")

    async def accept(self) -> None:
        await self.step(self.desk(), "acceptCase", "REPORTED")

    async def decline(self) -> None:
        await self.step(self.desk(), "declineCase", "REPORTED", reason="不属本县。")

    async def dispatch(self) -> None:
        await self.step(self.desk(), "dispatchCase", "ACCEPTED", "RETURNED", leadUnit=POWER)

    async def handle(self) -> None:
        handler = self.server.as_("department_handler", unit=POWER)
        await self.step(handler, "handleCase", "DISPATCHED")
        await self.step(handler, "replyToCase", "HANDLING", text="已更换。")

    async def rate(self) -> None:
        found = [row for row in await self.connection.fetch(FIND, MATTER["title"]) if row["number"] in self.receipts]
        if answered := [row for row in found if row["status"] in ("REPLIED", "MERGED")]:
            case = self.random.choice(answered)
            stars = self.random.randint(1, 5)
            receipt = self.receipts[case["number"]]
            await self.do(
                self.server, "rateCase", number=case["number"], receiptCode=receipt, rating=stars, solved=stars > 2
            )

    async def follow_up(self) -> None:
        heard = {"contact": "PHONE", "reached": True, "solved": self.random.random() > 0.5, "rating": 4}
        await self.step(self.desk(), "recordFollowUp", "REPLIED", **heard)

    async def merge(self) -> None:
        main, other = await self.some("REPORTED", "ACCEPTED", "HANDLING", "REPLIED"), await self.some("REPORTED")
        if main and other and main["number"] != other["number"]:
            given = {"number": main["number"], "expectedVersion": main["version"], "merge": [other["number"]]}
            await self.do(self.desk(), "mergeCases", **given)

    async def undo(self) -> None:
        await self.step(self.desk(), "unmergeCase", "MERGED", reason="不是同一件事。")

    async def rules(self) -> None:
        """A recount: the county works by rules of its own."""
        admin = self.server.as_("administrator")
        edition = await self.connection.fetchval(
            "select coalesce(max(edition), 0) from clocks.rule_set where county_id is not null"
        )
        rules = [{**rule, "amount": self.random.randint(1, 9)} for rule in RULES]
        given = {"county": COUNTY, "expectedEdition": edition, "name": "本县规则", "rules": rules}
        await self.do(admin, "publishDeadlineRules", **given)

    async def calendar(self) -> None:
        admin = self.server.as_("administrator")
        version = await self.connection.fetchval(
            "select version from calendars.calendar order by county_id nulls last limit 1"
        )
        day = {
            "day": f"2026-07-{self.random.randint(1, 20):02}",
            "working": False,
            "name": "汛期停工",
            "source": "县政府",
        }
        await self.do(admin, "editCalendar", county=COUNTY, expectedVersion=version, days=[day])

    async def erase(self) -> None:
        """What retention takes from cases whose time is over."""
        for one in ESSENTIAL.registers.holdings:
            if one.table in ("cases.case", "cases.event", "cases.rating") and one.erase:
                changes = ", ".join(f"{column} = {value}" for column, value in one.erase.items())
                await self.connection.execute(f"update {one.table} t set {changes} where {one.since} is not null")
        self.seen["erase"] = self.seen.get("erase", 0) + 1

    async def midnight(self) -> None:
        self.server.clock.move(hours=self.random.choice([5, 30, 24 * 7]))
        await self.server.worker.drain()

    async def go_on(self, steps: int) -> None:
        happenings: list[Callable[[], Awaitable[None]]] = [
            *[self.report] * 4, self.intake, *[self.accept] * 2, self.decline, *[self.settle] * 2, *[self.dispatch] * 2,
            *[self.handle] * 3, *[self.rate] * 4, self.follow_up, self.merge, self.undo,
            self.rules, self.calendar, self.erase, self.midnight,
        ]  # fmt: skip
        for _ in range(steps):
            await self.random.choice(happenings)()


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 12))])
async def test_figures_equal_a_rebuild(server: Server, database: str, seed: int) -> None:
    connection = await asyncpg.connect(database)
    try:
        story = Story(server, connection, seed)
        for _ in range(3):
            await story.go_on(60)
            assert not (await server.worker.drain()).failed
            followed = [tuple(row) for row in await connection.fetch(SUMS)]
            await connection.execute("select statistics.rebuild()")
            assert followed == [tuple(row) for row in await connection.fetch(SUMS)]
        assert len(story.seen) >= 12, story.seen  # of the fifteen that may have been done
    finally:
        await connection.close()


async def test_other_rules_move_the_sums(server: Server, database: str) -> None:
    """A county chooses other rules; the sums follow without waiting for the night."""
    connection = await asyncpg.connect(database)
    try:
        story = Story(server, connection, 0)
        for _ in range(5):
            await story.report()
        await server.worker.drain()
        before = [tuple(row) for row in await connection.fetch(SUMS)]
        await story.rules()
        assert story.seen["publishDeadlineRules"] == 1
        await server.worker.drain()
        followed = [tuple(row) for row in await connection.fetch(SUMS)]
        await connection.execute("select statistics.rebuild()")
        assert before != followed == [tuple(row) for row in await connection.fetch(SUMS)]
    finally:
        await connection.close()
