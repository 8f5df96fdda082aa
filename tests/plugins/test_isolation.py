"""While serving, what fails is contained: null and an error that names the plugin, and the rest of the answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from gongzhi_server.jobs import worker
from gongzhi_server.planner import python_fields
from gongzhi_server.testing import Server, ServerAnswer, serve_application

from .conftest import Market

FAULTY = '''
import asyncio
from datetime import timedelta
import strawberry
from gongzhi.runtime.commands import KEY, Problem, command, input_field, result_field, problems
from gongzhi.declare.entity import ref
from gongzhi.runtime.jobs import job
from gongzhi.core.people.models import HouseholdRow


@batch(requires=None)
def raising(rows: list, info: object) -> list[str | None]:
    """It fails (失败)."""
    raise KeyError("a name nobody must read")


@batch(requires=None)
async def hanging(rows: list, info: object) -> list[str | None]:
    """It never ends (不结束)."""
    await asyncio.Event().wait()


@strawberry.input(description="Something (操作).")
class BreakFaultyInput:
    idempotency_key: str = input_field(KEY)


@strawberry.type(description="What came of it (结果).")
class BreakFaultyPayload:
    errors: list[Problem] = problems()


@command("Fail (失败).", requires=None)
async def break_faulty(call, input: BreakFaultyInput) -> BreakFaultyPayload:
    raise KeyError("a name nobody must read")


@strawberry.type(description="A household (户).")
class ShowFaultyPayload:
    households: list[Household] = result_field("Two of them (两户).")
    errors: list[Problem] = problems()


@command("Show (展示).", requires=None)
async def show_faulty(call, input: BreakFaultyInput) -> ShowFaultyPayload:
    found = await HouseholdRow.all().limit(2)
    return ShowFaultyPayload(households=[ref(Household, one.id, shown=True) for one in found])


@job("faulty.hang", every=timedelta(hours=1))
async def hang(call, run):
    await asyncio.Event().wait()


@hookimpl
def jobs():
    return [hang]


@hookimpl
def graphql():
    def divided(at):
        return Sql("1/({0}-{0})", at.row.field("version"))

    ratio = expression("It divides (比值).", divided, type=int | None, requires=None)
    return [
        extend(Household, ratio=ratio, raising=raising, hanging=hanging),
        extend(Mutation, break_faulty=break_faulty, show_faulty=show_faulty),
    ]
'''
MASKED = "Something went wrong on our side."
SOUND = """
@hookimpl
def graphql():
    word = expression("A word (词).", lambda at: Sql("'so'"), type=str | None, requires=None)
    return [extend(Household, word=word)]
"""


@pytest_asyncio.fixture
async def faulty(market: Market, filled: str, tmp_path: Path) -> AsyncIterator[Server]:
    market.ship("faulty", FAULTY)
    market.ship("sound", SOUND)
    async with serve_application(filled, tmp_path, plugins=market.load()) as server:
        yield server


def blamed_plugin(answer: ServerAnswer) -> str:
    """The plugin that the one error of the answer names; it tells nothing else of ours."""
    [error] = answer.errors
    assert (
        error["message"] == "Something went wrong on our side."
        and error["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    )
    assert "nobody must read" not in str(answer.body)
    return str(error["extensions"]["plugin"])


@pytest.mark.parametrize("field", ["ratio", "raising", "hanging"])
async def test_failing_field_is_null(faulty: Server, monkeypatch: pytest.MonkeyPatch, field: str) -> None:
    """What fails may be SQL, Python, or Python that does not end."""
    monkeypatch.setattr(python_fields, "PATIENCE", 0.05)
    answer = await faulty.as_("grid_worker").ask(f"{{ households(first: 1) {{ nodes {{ number word {field} }} }} }}")
    [household] = answer.body["data"]["households"]["nodes"]
    assert household["number"] and household["word"] == "so" and household[field] is None
    assert blamed_plugin(answer) == "faulty"


async def test_failing_mutation_names_its_plugin(faulty: Server) -> None:
    mutation = 'mutation { breakFaulty(input: { idempotencyKey: "one-of-its-own" }) { errors { code } } }'
    answer = await faulty.as_("grid_worker").ask(mutation)
    assert answer.body["data"] == {"breakFaulty": None} and blamed_plugin(answer) == "faulty"


@pytest.mark.parametrize("field", ["ratio", "raising"])
async def test_failing_field_of_a_payload_is_null(faulty: Server, field: str) -> None:
    """What was done is done; the answer has all but the field."""
    mutation = f"""mutation {{ showFaulty(input: {{ idempotencyKey: "one-of-its-own" }}) {{
        households {{ number word {field} }} errors {{ code }}
    }} }}"""
    answer = await faulty.as_("grid_worker").ask(mutation)
    payload = answer.body["data"]["showFaulty"]
    assert [(one["word"], one[field]) for one in payload["households"]] == [("so", None)] * 2
    assert all(one["number"] for one in payload["households"]) and payload["errors"] == []
    assert blamed_plugin(answer) == "faulty"


async def test_slow_job_is_parked_and_told(faulty: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "WORKING", 0.02)
    for _ in range(worker.ATTEMPTS):
        await faulty.worker.drain()
        faulty.clock.time += timedelta(hours=7)
    query = "{ plugins { name state lastError } }"
    found, sound = (await faulty.as_("auditor").ask(query)).data["plugins"]
    assert (found["name"], found["state"]) == ("faulty", "FAILING") and found["lastError"].startswith(
        "PluginTooSlow at "
    )
    assert sound == {"name": "sound", "state": "ACTIVE", "lastError": None}
