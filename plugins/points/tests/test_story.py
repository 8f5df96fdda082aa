"""The whole way over HTTP, in the operations that clients send."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from graphql import parse, print_ast
from graphql.utilities import separate_operations

DOCUMENT = parse(Path(__file__).with_name("operations.graphql").read_text(encoding="utf-8"))
OPERATIONS = {name: print_ast(one) for name, one in separate_operations(DOCUMENT).items()}


async def send(caller: Any, operation: str, **variables: Any) -> Any:
    """The one root field of the answer."""
    [root] = (await caller.ask(OPERATIONS[operation], **variables)).data.values()
    return root


async def carry_out(caller: Any, operation: str, **given: Any) -> Any:
    payload = await send(caller, operation, input={"idempotencyKey": str(uuid4()), **given})
    assert payload["errors"] == []
    return payload


async def test_claim_to_settlement(village: Any) -> None:
    rule = await village.rule()
    resident = village.resident()
    [chance] = await send(resident, "WhatWouldEarn")
    assert chance == {"rule": {"title": "庭院整洁", "text": "庭院整洁，每次记五分。"}, "amount": 5, "capLeft": None}

    claimed = await carry_out(resident, "Claim", rule=rule, actedOn="2026-06-30", text="打扫了院子")
    assert claimed["claim"]["state"] == "CLAIMED" and claimed["claim"]["decideBy"] == "2026-07-07"
    done = await village.worker.do(
        "decidePointsClaim", "claim { state }", claim=claimed["claim"]["id"], approve=True, expectedVersion=1
    )
    assert done == {"claim": {"state": "APPROVED"}, "errors": []}

    [account] = (await send(resident, "MyPoints"))["person"]["points"]
    assert (account["programme"], account["balance"], account["held"]) == (
        {"name": "清泉村积分", "unit": "POINT"}, 5, 0,
    )  # fmt: skip
    [entry] = account["entries"]["nodes"]
    assert (entry["amount"], entry["reason"], entry["rule"]) == (5, "庭院整洁", {"title": "庭院整洁", "version": 1})
    assert account["expiring"] == [{"amount": 5, "on": "2027-06-30"}]

    why = await send(resident, "Explain", entry=entry["id"])
    assert "庭院整洁，每次记五分。" in why["text"] and why["rule"]["adoptedBy"]["decidedOn"] == "2026-06-02"
    assert [one["kind"] for one in why["evidence"]] == ["TEXT"]
    assert {"name": "rule", "value": "tidy/1"} in why["inputs"]

    await village.open_shop()
    reward = await village.reward()
    [offer] = (await send(resident, "Catalogue", grid="610921100"))["rewards"]["nodes"]
    assert offer["id"] == reward and offer["merchant"]["name"] == "清泉便民超市" and offer["stock"] == 10
    got = await carry_out(resident, "Redeem", reward=reward)
    assert got["account"] == {"balance": 5, "held": 5} and got["redemption"]["reward"] == {"title": "洗衣粉"}
    code = got["redemption"]["code"]

    paid = await carry_out(village.shop, "Settle", merchant=village.merchant, codes=[{"code": code}])
    assert paid["settled"] == [{"code": code, "state": "SETTLED"}] and paid["statement"] == {"total": 5, "count": 1}
    assert await village.account(asks="balance held") == {"balance": 0, "held": 0}
    again = await carry_out(village.shop, "Settle", merchant=village.merchant, codes=[{"code": code}])
    assert again["settled"] == [{"code": code, "state": "ALREADY_SETTLED"}] and again["statement"]["count"] == 0


@pytest.mark.parametrize("name", [name for name in OPERATIONS if name])
async def test_operation_is_valid(name: str, plugins: Any) -> None:
    from gongzhi_server.testing import built_graphql_schema
    from graphql import validate

    assert validate(built_graphql_schema(plugins), parse(OPERATIONS[name])) == []


@pytest.mark.parametrize("name", ["MyPoints", "Explain", "WhatWouldEarn", "Catalogue"])
def test_query_is_one_statement(name: str, plugins: Any) -> None:
    """Nothing of it is left to Python, and nothing is asked for twice."""
    from gongzhi.declare.viewer import Viewer, ViewerAccount
    from gongzhi_server.graphql.engine import GraphQLEngine
    from gongzhi_server.testing import TODAY, built_schema

    engine: Any = GraphQLEngine(built_schema(plugins), None, None)  # type: ignore[arg-type]
    document = engine.prepare(OPERATIONS[name], name)
    given = {"entry": "PointsEntry:1", "grid": "610921"}
    variables = engine.coerce_variables(
        document, {key: value for key, value in given.items() if f"${key}" in OPERATIONS[name]}
    )
    viewer = Viewer(ViewerAccount("someone", person=UUID(int=1)), TODAY)
    statement = engine.planner.query(document, variables, viewer)
    assert not statement.shape.python
