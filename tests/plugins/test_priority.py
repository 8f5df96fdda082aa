"""The example of a vendor: it vetoes a step, writes on timelines, serves a route, and orders cases by its own index."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from gongzhi_server.deployment import plugin_activation
from gongzhi_server.plugins.contributions import Plugins
from gongzhi_server.storage import database
from gongzhi_server.testing import TODAY, Server, codes_of, explain_query, serve_application

from .conftest import Market
from .contracts import ROOT
from .test_reference import FOLDER, NAMED, PAGE

EXAMPLE = FOLDER / "priority"
IMPORTED = re.compile(r"^ *from (gongzhi\.[\w.]+) import (.+)$", re.MULTILINE)
GRID = "610921101222"
MATTER = {"kind": "HELP", "category": "roads.lighting", "title": "路灯不亮", "description": "三天", "grid": GRID}
LIST = """query($order: CaseOrder, $first: Int, $after: String, $last: Int, $grid: String!) {
  grid(code: $grid) { cases(orderBy: $order, first: $first, after: $after, last: $last) {
    nodes { id number urgency } pageInfo { hasNextPage endCursor } totalCount } } }"""
pytestmark = pytest.mark.together
SCORES = {"EMERGENCY": 100, "URGENT": 50, "ROUTINE": 0}


@pytest.fixture(scope="module")
def priority(common_market: Market) -> Plugins:
    """The example, found as an installed distribution is, beside what is always on."""
    common_market.roots.add("gongzhi_priority")
    info = "gongzhi_priority-0.1.0.dist-info"
    common_market.write(f"{info}/METADATA", "Metadata-Version: 2.1\nName: gongzhi-priority\nVersion: 0.1.0\n")
    common_market.write(f"{info}/entry_points.txt", "[gongzhi.plugins]\npriority = gongzhi_priority\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(EXAMPLE)
        return common_market.load(essential=True)


@asynccontextmanager
async def open_office(dsn: str, folder: Path, plugins: Plugins) -> AsyncIterator[Server]:
    await database.migrate_apps(dsn, plugins.apps)
    async with serve_application(dsn, folder, plugins=plugins) as server:
        yield server.as_("county_dispatcher", grid="610921")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def office(
    priority: Plugins, common_county: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Server]:
    async with open_office(common_county, tmp_path_factory.mktemp("data"), priority) as made:
        yield made


async def reported(office: Server, **more: Any) -> str:
    made = await office.do("reportCase", "case { number }", channel="LETTER", **MATTER, **more)
    return str(made["case"]["number"])


def test_it_is_small() -> None:
    files = sorted(EXAMPLE.rglob("*.py"))
    lines = [line for file in files for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    assert len(files) == 4 and len(lines) < 150


@pytest.mark.parametrize("folder", [EXAMPLE, ROOT / "plugins" / "_template"], ids=["priority", "template"])
def test_what_vendors_copy_imports_what_is_promised(folder: Path) -> None:
    """Every module stands in the reference, with each name that is imported from it."""
    for file in sorted(folder.rglob("*.py")):
        for module, names in IMPORTED.findall(file.read_text(encoding="utf-8")):
            assert module in PAGE, f"{file.name} imports {module}"
            assert set(re.findall(r"\w+", names)) <= NAMED, f"{file.name}: {names} of {module}"


async def test_it_has_a_channel_and_a_subject_of_its_own(office: Server) -> None:
    """Whoever may file by the channel is asked as of any other."""
    flood = {**MATTER, "channel": "PRIORITY_DESK", "category": "safety.flood"}
    made = await office.do("reportCase", "case { category { code parent { code } } }", **flood)
    assert made["case"]["category"] == {"code": "safety.flood", "parent": {"code": "safety"}}
    refused = await office.as_("grid_worker", grid=GRID).do("reportCase", "case { number }", **flood)
    assert codes_of(refused["errors"]) == ["FORBIDDEN"] and refused["errors"][0]["path"] == ["channel"]


async def test_it_vetoes_a_step(office: Server) -> None:
    number = await reported(office, urgency="EMERGENCY")
    refused = await office.do("declineCase", "case { status }", number=number, expectedVersion=1, reason="不属受理范围")
    assert codes_of(refused["errors"]) == ["PRESSING"] and refused["errors"][0]["path"] == ["number"]
    other = await reported(office)
    done = await office.do("declineCase", "case { status }", number=other, expectedVersion=1, reason="不属受理范围")
    assert done["case"]["status"] == "DECLINED"


async def test_it_writes_on_the_timeline(office: Server) -> None:
    number = await reported(office, urgency="EMERGENCY")
    done = await office.do("acceptCase", "case { timeline { type data } }", number=number, expectedVersion=1)
    assert done["case"]["timeline"][-1] == {"type": "priority.noted", "data": {"score": 100}}


async def test_it_serves_what_its_caller_sees_first(office: Server) -> None:
    number = await reported(office, urgency="EMERGENCY")
    reply = await office.client.get("/x/priority/first", headers=office.headers)
    assert reply.status_code == 200 and number in reply.json()[:10]
    assert (await office.client.get("/x/priority/first")).status_code == 401


async def cases(office: Server, order: str, grid: str = "610921", **page: Any) -> dict[str, Any]:
    return (await office.ask(LIST, order=order, grid=grid, **page)).data["grid"]["cases"]  # type: ignore[no-any-return]


@pytest.mark.parametrize("grid", ["610921", "610921101", GRID])
async def test_cases_come_in_its_order(office: Server, grid: str) -> None:
    """Page by page, to and fro, none left out and none twice; ties by key."""
    await reported(office, urgency="URGENT")
    await reported(office, urgency="EMERGENCY")
    found, page = [], await cases(office, "PRIORITY_SCORE_DESC", grid, first=100)
    while True:
        found += page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            break
        page = await cases(office, "PRIORITY_SCORE_DESC", grid, first=100, after=page["pageInfo"]["endCursor"])
    assert len({one["id"] for one in found}) == len(found) == page["totalCount"] > 3
    keys = [(SCORES[one["urgency"]], one["id"]) for one in found]
    assert keys == sorted(keys, reverse=True) and len({score for score, _ in keys}) == 3
    assert (await cases(office, "PRIORITY_SCORE_ASC", grid, first=7))["nodes"] == found[::-1][:7]
    assert (await cases(office, "PRIORITY_SCORE_DESC", grid, last=7))["nodes"] == found[-7:]


async def test_its_index_is_walked(office: Server, filled: str) -> None:
    """Of a county's cases those of the page are read, in their order, and no others."""
    connection = await asyncpg.connect(filled)
    await connection.execute("analyze priority.mark, cases.case")
    await connection.close()
    page = "{ cases(first: 10, orderBy: PRIORITY_SCORE_DESC) { nodes { number } pageInfo { endCursor } } }"
    claims = {"role": "county_dispatcher", "grid": "610921"}
    found = await explain_query(filled, office.worker.plugins, page, {}, claims)
    walked = re.search(r"Scan Backward using mark_county_id_score_case_id_idx on mark \w+ \(actual .*rows=(\S+)", found)
    assert walked and float(walked[1]) <= 10, found
    read = [line for line in found.splitlines() if '"case"' in line and "never executed" not in line]
    assert read and all("case_pkey" in line and "loops=10" in line for line in read), read


@pytest.mark.alone
async def test_where_it_is_off_its_order_is_none(priority: Plugins, filled: str, tmp_path: Path) -> None:
    async with open_office(filled, tmp_path, priority) as office:
        await plugin_activation.switch_plugins(filled, ["priority"], TODAY, active=False)
        nodes = (await cases(office, "PRIORITY_SCORE_ASC", first=50))["nodes"]
    assert len(nodes) == 50 and [one["id"] for one in nodes] == sorted(one["id"] for one in nodes)
