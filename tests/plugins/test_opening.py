"""Cases that plugins open and take through their steps, by the words of the reference."""

from __future__ import annotations

import io
import time
from uuid import uuid4

import asyncpg
import pytest
from gongzhi_server.plugins.contributions import Plugins
from gongzhi_server.testing import Server, codes_of
from PIL import Image

from .conftest import Market
from .test_reference import PAGE

EXAMPLE = PAGE.split("```python opening\n")[1].split("```")[0]
ACTIONS = PAGE.split("```python actions\n")[1].split("```")[0]
BINS = """
import strawberry
from gongzhi.core.cases import machine
from gongzhi.core.cases.attachment_reading import read_attachment
from gongzhi.core.cases.models import CaseKind, Status
from gongzhi.core.cases.opening import CaseDraft, open_case, open_cases
from gongzhi.core.cases.commands import CaseInput
from gongzhi.core.cases.steps import CasePayload, advance_case, find_case, on_step, require_entrusted
from gongzhi.declare.entity import ref
from gongzhi.declare.sql import Alternatives, Sql
from gongzhi.declare.viewer import ViewerScope
from gongzhi.runtime.actions import Action, Requirement, require_states
from gongzhi.values.errors import Text
from pypika_tortoise.queries import Table
from gongzhi.declare.events import Code, Event, Occurrence, event
from gongzhi.runtime.commands import EXPECTED, KEY, Call, Problem, command, input_field, result_field, problems
from gongzhi.runtime.jobs import handler

@strawberry.input(description="A case (诉求).")
class AcceptBinCaseInput:
    idempotency_key: str = input_field(KEY)
    number: str = input_field("Its number (编号).")
    expected_version: int = input_field(EXPECTED)

@strawberry.input(description="Alarms (告警).")
class SoundInput:
    idempotency_key: str = input_field(KEY)
    grid: str = input_field("Where (网格编码).")
    bins: int = input_field("Of how many bins (数量).")

@strawberry.input(description="A case to open (诉求).")
class OpenOneInput:
    idempotency_key: str = input_field(KEY)
    grid: str = input_field("Where (网格编码).")
    category: str = input_field("Of what (分类代码).")

@strawberry.type(description="What came of it (结果).")
class SoundPayload:
    case: Case | None = result_field("The case (诉求).")
    errors: list[Problem] = problems()

{example}

{actions}

@command("Sound alarms (告警).", requires=None)
async def sound(call: Call, input: SoundInput) -> SoundPayload:
    for at in range(input.bins):
        call.publish(BinFull(bin=f"B{at}", grid=input.grid))
    return SoundPayload()

@command("Open a case (上报).", requires=None)
async def open_one(call: Call, input: OpenOneInput) -> SoundPayload:
    case = await open_case(call, CaseDraft(CaseKind.HELP, "IOT", input.category, "满溢", "已满", grid=input.grid))
    assert case.county_id is not None
    return SoundPayload(case=ref(Case, case.id, shown=True))

@strawberry.input(description="A file to read (附件).")
class ReadFileInput:
    idempotency_key: str = input_field(KEY)
    file: str = input_field("Which (附件标识).")

@strawberry.type(description="What is in it (内容).")
class ReadFilePayload:
    told: str | None = result_field("Its type and size (类型和大小).")
    errors: list[Problem] = problems()

@command("Read a file (读取附件).", requires=None)
async def read_file(call: Call, input: ReadFileInput) -> ReadFilePayload:
    found = await read_attachment(call, input.file, "file", longest=2000)
    return ReadFilePayload(told=f"{found.media_type} {len(found.content)}")

@hookimpl
def events():
    return [BinFull]

@hookimpl
def handlers():
    return [open_cases_of_full_bins]

@hookimpl
def graphql():
    return [extend(Mutation, sound=sound, open_one=open_one, accept_bin_case=accept_bin_case, read_file=read_file,
                   empty_bin=empty_bin)]
""".replace("{example}", EXAMPLE).replace("{actions}", ACTIONS)
GRID = "610921101222"
TIP = {
    "kind": "TIP_OFF",
    "channel": "WEB",
    "category": "environment.bins",
    "title": "偷倒",
    "description": "夜里",
    "grid": GRID,
}
OPENED = """
select count(*) as cases, count(distinct c.number) as numbers, count(distinct c.title) as bins,
  count(*) filter (where e.type = 'case.reported') as lines, min(c.title) as title
from cases.case c join cases.channel h on h.id = c.channel_id and h.code = 'IOT'
left join cases.event e on e.case_id = c.id
where c.account = 'system:bins' and c.status = 'REPORTED'
"""


pytestmark = pytest.mark.together


@pytest.fixture(scope="module")
def served_plugins(common_market: Market) -> Plugins:
    common_market.ship("bins", BINS)
    return common_market.load(essential=True)


async def opened(dsn: str) -> dict[str, object]:
    connection = await asyncpg.connect(dsn)
    try:
        return dict(await connection.fetchrow(OPENED))
    finally:
        await connection.close()


@pytest.mark.alone
async def test_a_thousand_alarms_become_a_thousand_cases(server: Server, filled: str) -> None:
    """Each once, numbered, on its own timeline, whichever batch it came in; nobody opens one twice.

    The processor has ten seconds for it, which says the same on a busy machine; `benchmarks --storm` takes the time.
    """
    await server.do("sound", "case { id }", grid=GRID, bins=1000)
    began = time.process_time()
    assert (await server.worker.drain()).failed == []
    assert time.process_time() - began < 10
    wanted = {"cases": 1000, "numbers": 1000, "bins": 1000, "lines": 1000, "title": "垃圾桶 B0 满溢"}
    assert await opened(filled) == wanted
    assert (await server.worker.drain()).failed == []
    assert await opened(filled) == wanted


@pytest.mark.alone
async def test_alarms_of_a_batch_that_fails_are_tried_alone(server: Server, filled: str) -> None:
    """One of a grid that is not there holds up none of the others."""
    await server.do("sound", "case { id }", grid=GRID, bins=3)
    await server.do("sound", "case { id }", grid="610921999999", bins=1)
    await server.do("sound", "case { id }", grid=GRID, bins=2)
    assert (await server.worker.drain()).failed == ["bins.open_cases"]
    assert (await opened(filled))["cases"] == 5


async def test_a_plugin_takes_a_step(server: Server) -> None:
    dispatcher = server.as_("county_dispatcher", grid="610921")
    matter = {"grid": GRID, "category": "environment.bins"}
    case = (await dispatcher.do("openOne", "case { number version status }", **matter))["case"]
    assert case["status"] == "REPORTED"
    said = {"number": case["number"], "expectedVersion": case["version"]}
    done = await dispatcher.do("acceptBinCase", "case { status timeline { type note } }", **said)
    assert done["case"]["status"] == "ACCEPTED" and done["errors"] == []
    assert done["case"]["timeline"][-1] == {"type": "case.accepted", "note": "传感器告警，予以受理。"}
    again = await dispatcher.do("acceptBinCase", "case { status }", **said)
    assert codes_of(again["errors"]) == ["STALE_VERSION"]


async def test_actions_of_a_plugin_are_told_and_checked(server: Server) -> None:
    """Beside those of the core, by what the plugin's command declares; in the caller's language."""
    dispatcher = server.as_("county_dispatcher", grid="610921")
    asked = "query($n: String!) { case(number: $n) { version actions { name label allowed reason } } }"

    async def told(caller: Server, number: str) -> dict[str, object]:
        found = (await caller.ask(asked, n=number)).data["case"]["actions"]
        return {one["name"]: (one["allowed"], one["reason"]) for one in found}

    async def empty(**given: object) -> dict[str, object]:
        query = "mutation($input: CaseInput!) { emptyBin(input: $input) { case { status } errors { code path } } }"
        answer = await dispatcher.ask(query, input={"idempotencyKey": str(uuid4()), **given})
        return answer.data["emptyBin"]

    matter = {"grid": GRID, "category": "environment.bins"}
    case = (await dispatcher.do("openOne", "case { number version }", **matter))["case"]
    said = {"number": case["number"], "expectedVersion": case["version"]}
    before = await told(dispatcher, case["number"])
    assert before["emptyBin"] == before["acceptBinCase"] == before["acceptCase"] == (True, None)
    assert before["closeCase"] == (False, "ILLEGAL_TRANSITION")
    auditor = server.as_("auditor", grid="610921")
    assert (await told(auditor, case["number"]))["emptyBin"] == (False, "FORBIDDEN")
    assert await empty(**said) == {"case": {"status": "ACCEPTED"}, "errors": []}
    assert (await told(dispatcher, case["number"]))["emptyBin"] == (False, "ILLEGAL_TRANSITION")
    said["expectedVersion"] += 1
    [refused] = (await empty(**said))["errors"]
    assert (refused["code"], refused["path"]) == ("ILLEGAL_TRANSITION", ["number"])
    tip = await server.do("reportCase", "case { number }", **TIP)
    sealed = await told(dispatcher, tip["case"]["number"])
    assert sealed["emptyBin"] == (False, "SEALED_CASE") and sealed["acceptCase"] == (True, None)


async def test_a_plugin_reads_a_file_that_its_caller_sees(server: Server) -> None:
    worker, picture = server.as_("grid_worker", grid=GRID), io.BytesIO()
    Image.new("RGB", (8, 8)).save(picture, "PNG")
    sent = await server.client.post("/attachments", content=picture.getvalue(), headers=worker.headers)
    matter = {"kind": "HELP", "category": "environment.bins", "title": "满溢", "description": "已满", "grid": GRID}
    sent_as = {"channel": "GRID_WORKER", "attachments": [sent.json()["id"]]}
    made = await worker.do("reportCase", "case { attachments { id size } }", **matter, **sent_as)
    [file] = made["case"]["attachments"]
    read = await worker.do("readFile", "told", file=file["id"])
    assert read["told"] == f"image/jpeg {file['size']}", read
    elsewhere = await server.as_("grid_worker", grid="610921103").do("readFile", "told", file=file["id"])
    assert codes_of(elsewhere["errors"]) == ["NOT_FOUND"] and elsewhere["errors"][0]["path"] == ["file"]


@pytest.mark.parametrize(
    ("grid", "category", "path"),
    [("610921999999", "environment.bins", "grid"), (GRID, "environment.none", "category"), ("61", "other", "grid")],
)
async def test_what_a_draft_has_wrong_is_named(server: Server, grid: str, category: str, path: str) -> None:
    refused = await server.do("openOne", "case { number }", grid=grid, category=category)
    assert refused["case"] is None and [one["path"] for one in refused["errors"]] == [[path]]
