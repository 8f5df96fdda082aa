"""The core without any plugin: a case is reported, accepted, settled in its grid, rated and closed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

import asyncpg
import pytest
from gongzhi.runtime.checks import CHINA
from gongzhi_server.errors import Problem
from gongzhi_server.plugins.contributions import Plugins
from gongzhi_server.plugins.loader import load_plugins
from gongzhi_server.testing import ESSENTIAL, Server, serve_application

MATTER = {
    "kind": "HELP",
    "channel": "MINI_APP",
    "category": "utilities.electricity",
    "title": "电线杆倒向房屋",
    "description": "屋后电线杆被树压斜",
    "place": {"longitude": 108.51, "latitude": 32.89, "crs": "WGS84"},
}
REPORTED = "case { number grid { code } } receiptCode"
STEPPED = "case { status version }"
TIMELINE = """query($n: String!, $r: String!) {
  caseByReceipt(number: $n, receiptCode: $r) { status rating timeline { type } }
}"""


@asynccontextmanager
async def serving_only(dsn: str, folder: Path, plugins: Plugins) -> AsyncIterator[Server]:
    """These plugins over the demo county, in whose database no other has left a table, a trigger or a function."""
    foreign = {app.label for app in ESSENTIAL.apps} - {app.label for app in plugins.apps}
    connection = await asyncpg.connect(dsn)
    try:
        for label in sorted(foreign):
            await connection.execute(f'drop schema if exists "{label}" cascade')
    finally:
        await connection.close()
    async with serve_application(dsn, folder, plugins=plugins) as server:
        yield server


@pytest.fixture
async def core(filled: str, tmp_path: Path) -> AsyncIterator[Server]:
    """The core alone."""
    async with serving_only(filled, tmp_path, Plugins()) as server:
        yield server


def load_only(*names: str) -> Plugins:
    """The core with these plugins and no others."""
    return load_plugins(without={one.name for one in load_plugins().found} - set(names))


async def test_case_is_settled_in_its_grid(core: Server) -> None:
    made = await core.do("reportCase", REPORTED, **MATTER)
    number, receipt = made["case"]["number"], made["receiptCode"]
    worker = core.as_("grid_worker", grid=made["case"]["grid"]["code"])
    leader = core.as_("town_dispatcher", grid=made["case"]["grid"]["code"][:9])
    accepted = await leader.do("acceptCase", STEPPED, number=number, expectedVersion=1)
    assert accepted["case"] == {"status": "ACCEPTED", "version": 2}
    settled = await worker.do("handleInGrid", STEPPED, number=number, expectedVersion=2, text="已扶正。")
    assert settled["case"] == {"status": "REPLIED", "version": 3}

    rated = {"number": number, "receiptCode": receipt}
    reopened = await core.do("rateCase", STEPPED, **rated, rating=2, solved=False)
    assert reopened["case"]["status"] == "HANDLING"
    version = reopened["case"]["version"]
    answered = await worker.do("replyToCase", STEPPED, number=number, expectedVersion=version, text="已更换。")
    assert answered["case"]["status"] == "REPLIED"
    closed = await core.do("rateCase", STEPPED, **rated, rating=5, solved=True)
    assert closed["case"]["status"] == "CLOSED"

    seen = (await core.ask(TIMELINE, n=number, r=receipt)).data["caseByReceipt"]
    assert seen["status"] == "CLOSED" and seen["rating"] == 5
    assert [one["type"] for one in seen["timeline"]] == [
        "case.reported", "case.accepted", "case.settled", "case.rated", "case.reopened", "case.replied", "case.rated",
        "case.closed",
    ]  # fmt: skip


async def test_nothing_fails_in_the_background(core: Server) -> None:
    await core.do("reportCase", REPORTED, **MATTER)
    tally = await core.worker.drain()
    assert tally.failed == []


async def test_findings_are_those_of_the_core(core: Server) -> None:
    found = (await core.as_("administrator").ask("{ findings { name } }")).data["findings"]
    assert [one["name"] for one in found] == [one.name for one in Plugins().registers.checks]


@pytest.mark.parametrize(
    ("told", "due"),
    [("06-30 05:00", "06-30 08:00"), ("06-30 12:00", "06-30 12:00"), ("06-30 22:30", "07-01 08:00")],
)
async def test_notices_wait_for_the_morning(core: Server, filled: str, told: str, due: str) -> None:
    """Without anybody's calendar, offices are open from eight to eight."""
    core.clock.time = datetime.strptime(f"2026-{told}", "%Y-%m-%d %H:%M").replace(tzinfo=CHINA)
    await core.do("reportCase", REPORTED, **MATTER)
    connection = await asyncpg.connect(filled)
    try:
        found = await connection.fetch(
            "select due_at from notices.notice where kind = 'case.reported' and at = $1", core.clock.time
        )
    finally:
        await connection.close()
    assert {f"{one['due_at'].astimezone(CHINA):%m-%d %H:%M}" for one in found} == {due}


@pytest.mark.parametrize(
    "names",
    [
        (),
        ("deadlines",),
        ("deadlines", "dispatch"),
        ("contacts", "deadlines", "dispatch", "operations", "integrations"),
    ],
)
async def test_what_is_always_on_comes_and_goes(filled: str, tmp_path: Path, names: tuple[str, ...]) -> None:
    """With as few plugins as require each other, a case is reported; it is due where somebody reckons that."""
    async with serving_only(filled, tmp_path, load_only(*names)) as server:
        made = await server.do("reportCase", "case { dueAt light grid { code } }", **MATTER)
        assert made["errors"] == [] and bool(made["case"]["dueAt"]) is ("deadlines" in names)
        assert (await server.worker.drain()).failed == []


def test_what_is_required_stays() -> None:
    with pytest.raises(Problem, match="'dispatch'.*requires the plugin 'deadlines'"):
        load_only("dispatch")
