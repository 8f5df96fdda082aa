"""Reactions: what a plugin refuses, adds and does in the transaction of a step that a case takes."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from gongzhi.runtime.reactions import Phase, reaction
from gongzhi.values.errors import DeclarationError
from gongzhi_server.commands.reactions import in_order
from gongzhi_server.errors import Problem
from gongzhi_server.plugins.contributions import Plugins
from gongzhi_server.testing import Server, codes_of

from .conftest import Market
from .test_reference import PAGE

EXAMPLE = PAGE.split("```python reactions\n")[1].split("```")[0]
DEPOSITS = """
from gongzhi.runtime.reactions import Phase, reaction
from gongzhi.values.errors import Refusal
{example}

@reaction("deposits.break", "case.declined")
async def stumble(call, happening):
    raise RuntimeError("secret 610921")

@reaction("deposits.overreach", "case.accepted")
async def overreach(call, happening):
    from gongzhi.core.people.models import PersonRow

    if happening.row.title == "改写":
        await call.fetch("update cases.case set title = 'x' where id = $1", happening.row.id)
    if happening.row.title == "打听":
        await call.disclose(await PersonRow.first(), "Person.phone")

@hookimpl
def handlers():
    return [veto, keep, stumble, overreach]
""".replace("{example}", EXAMPLE)
MATTER = {
    "kind": "HELP",
    "channel": "MINI_APP",
    "category": "utilities.electricity",
    "title": "路灯不亮",
    "description": "村口路灯不亮",
    "grid": "610921100001",
}
STEPPED = "case { status address }"


pytestmark = pytest.mark.together


@pytest.fixture(scope="module")
def served_plugins(common_market: Market) -> Plugins:
    common_market.ship("deposits", DEPOSITS)
    return common_market.load(essential=True)


async def report(server: Server, **more: Any) -> tuple[Any, str]:
    """A dispatcher, and the number of a case that waits for them."""
    worker = server.as_("county_dispatcher", grid="610921")
    [grid] = (await worker.ask('{ grid(code: "610921") { children(first: 1) { nodes { code } } } }')).data["grid"][
        "children"
    ]["nodes"]
    payload = await worker.do(
        "reportCase", "case { number address } errors { code }", **{**MATTER, "grid": grid["code"]} | more
    )
    assert payload["errors"] == [], payload
    assert payload["case"]["address"] == "已登记"  # of a reaction, in the statement that makes the case
    return worker, payload["case"]["number"]


async def test_a_check_refuses_the_step(server: Server) -> None:
    worker, number = await report(server, title="押金未退")
    refused = await worker.do("acceptCase", STEPPED, number=number, expectedVersion=1)
    assert codes_of(refused["errors"]) == ["DEPOSIT_OPEN"] and refused["errors"][0]["path"] == ["number"]
    found = (await worker.ask("query($n: String!) { case(number: $n) { status } }", n=number)).data
    assert found["case"]["status"] == "REPORTED"


async def test_what_a_reaction_does_not_mind_goes_on(server: Server) -> None:
    worker, number = await report(server)
    accepted = await worker.do("acceptCase", STEPPED, number=number, expectedVersion=1)
    assert accepted["errors"] == [] and accepted["case"]["status"] == "ACCEPTED"


async def test_a_reaction_that_fails_takes_the_step_back(server: Server, caplog: Any) -> None:
    """It is our fault, named in the log, with nothing written and nothing secret told."""
    worker, number = await report(server)
    answer = await worker.ask(
        "mutation($input: ReasonedCaseInput!) { declineCase(input: $input) { case { status } } }",
        input={"idempotencyKey": str(uuid4()), "number": number, "expectedVersion": 1, "reason": "不属受理范围"},
    )
    assert answer.codes == ["INTERNAL_SERVER_ERROR"] and "secret" not in str(answer.body)
    assert "deposits" in caplog.text
    found = (await worker.ask("query($n: String!) { case(number: $n) { status } }", n=number)).data
    assert found["case"]["status"] == "REPORTED"


@pytest.mark.parametrize("title", ["改写", "打听"])
async def test_a_reaction_reaches_no_further_than_its_plugin(server: Server, title: str) -> None:
    """In a command of the core, too, it writes to no table of the core and has no number without a purpose."""
    worker, number = await report(server, title=title)
    answer = await worker.ask(
        "mutation($input: AcceptCaseInput!) { acceptCase(input: $input) { case { status } } }",
        input={"idempotencyKey": str(uuid4()), "number": number, "expectedVersion": 1},
    )
    assert answer.codes == ["INTERNAL_SERVER_ERROR"]
    found = (await worker.ask("query($n: String!) { case(number: $n) { status title } }", n=number)).data
    assert found["case"] == {"status": "REPORTED", "title": title}


@pytest.mark.alone
async def test_it_runs_only_where_the_plugin_is_on(server: Server, filled: str) -> None:
    worker, number = await report(server, title="押金未退")
    connection = await asyncpg.connect(filled)
    await connection.execute("update plugins.activation set active = false where plugin = 'deposits'")
    await connection.close()
    accepted = await worker.do("acceptCase", STEPPED, number=number, expectedVersion=1)
    assert accepted["errors"] == [] and accepted["case"]["status"] == "ACCEPTED"


def test_they_run_behind_those_they_name() -> None:
    @reaction("a.first", "case.closed", after=("z.last", "gone.away"))
    async def first(call: Any, happening: Any) -> None: ...

    @reaction("z.last", phase=Phase.FOLLOW)
    async def last(call: Any, happening: Any) -> None: ...

    assert [one.name for one in in_order([first, last])] == ["z.last", "a.first"]

    @reaction("z.last", after=("a.first",))
    async def circle(call: Any, happening: Any) -> None: ...

    with pytest.raises(DeclarationError, match="is to run after itself"):
        in_order([first, circle])


def test_names_say_whose_they_are(market: Market) -> None:
    market.ship("deposits", DEPOSITS.replace('"deposits.veto"', '"others.veto"'))
    with pytest.raises(Problem, match="the reaction 'others.veto' must begin with 'deposits.'"):
        market.load()
