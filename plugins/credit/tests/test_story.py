"""The whole way over HTTP, in the operations that clients send: from points and an appraisal to a settled loan."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from gongzhi.declare.viewer import Viewer, ViewerAccount
from gongzhi_server.graphql.engine import GraphQLEngine
from gongzhi_server.testing import TODAY, built_schema
from graphql import parse, print_ast, validate
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


async def earn(town: Any) -> None:
    """Points for the applicant, by the office of points: credit knows nothing of how."""
    manager, leader = (town.server.as_(role, grid="610921") for role in ("points_manager", "grid_leader"))
    made = await town.done(
        manager,
        "addPointsProgramme",
        "programme { id }",
        code="village",
        name="清泉村积分",
        grid="610921",
        startsOn="2026-01-01",
    )
    asked = {
        "programme": made["id"],
        "code": "tidy",
        "title": "庭院整洁",
        "text": "每次五分。",
        "act": "courtyard.tidy",
    }
    rule = await town.done(manager, "proposePointsRule", "rule { id name }", **asked, amount=5, startsOn="2026-06-01")
    decided = {"title": "规则", "text": "通过。", "decidedOn": "2026-06-02", "adopts": [rule["name"]]}
    await town.done(leader, "recordResolution", "resolution { id }", grid="610921", body="REPRESENTATIVES", **decided)
    await town.done(manager, "adoptPointsRule", "rule { state }", rule=rule["id"])
    claim = await town.done(
        town.resident(), "claimPoints", "claim { id }", rule=rule["id"], actedOn="2026-06-30", text="打扫了院子"
    )
    worker = town.server.as_("grid_worker", grid="610921")
    await town.done(worker, "decidePointsClaim", "claim { state }", claim=claim["id"], approve=True, expectedVersion=1)


@pytest.mark.asyncio(loop_scope="session")
async def test_points_to_settled_loan(town: Any) -> None:
    await earn(town)
    offered = (await send(town.server, "Products", grid="610921100"))["loanProducts"]
    [product] = [one for one in offered if one["id"] == town.product]
    assert product["annualRate"] == "4" and product["gradeDiscounts"][0] == {"grade": "A", "basisPoints": 60}
    assert product["documents"] == ["身份证", "经营证明"] and product["amountTo"] == "100000.00"

    release = {"kinds": ["POINTS", "APPRAISAL"], "expiresOn": "2027-03-31"}
    applied = await carry_out(
        town.resident(),
        "Apply",
        product=product["id"],
        amount="50000.00",
        termMonths=24,
        purpose="黄酒作坊",
        release=release,
    )
    draft = applied["application"]
    assert draft["state"] == "DRAFT" and [one["document"] for one in draft["missing"]] == ["经营证明", "身份证"]
    assert Decimal("4.0") < Decimal(draft["annualPercentageRate"]) < Decimal("4.1")
    assert sum(Decimal(one["principal"]) for one in draft["schedulePreview"]) == 50_000

    id, mine = draft["id"], town.resident()
    assert await town.refused(mine, "submitLoanApplication", "application { id }", application=id) == [
        "DOCUMENTS_MISSING"
    ]
    await town.hand_in(id)
    assert await town.refused(mine, "submitLoanApplication", "application { id }", application=id) == [
        "CONSENT_REQUIRED"
    ]
    await town.consent()
    done = await town.done(mine, "submitLoanApplication", "application { state }", application=id)
    assert done == {"state": "SUBMITTED"}
    assert (await town.lender.ask("query($id: ID!) { node(id: $id) { id } }", id=id)).data["node"] is None

    await town.appraise()
    seen = await send(mine, "MyApplication", id=id)
    assert seen["state"] == "APPRAISED" and seen["appraisal"]["grade"] == "A"
    points = [Decimal(one["points"]) for one in seen["appraisal"]["contributions"]]
    assert sum(points) == Decimal(seen["appraisal"]["score"]) and seen["appraisal"]["panel"] == {"seats": 7}
    await town.done(mine, "sendLoanApplication", "application { state }", application=id)

    desk = await town.lender.ask(
        "{ lenderDesk(orderBy: CREATED_AT_DESC) { nodes { "
        "id number applicantName annualRate dueAt person { id } appraisal { score } "
        "release { kinds claims { text } } } } }"
    )
    [task] = [one for one in desk.data["lenderDesk"]["nodes"] if one["id"] == id]
    assert task["annualRate"] == "3.4" and task["person"] is None and task["appraisal"] is None
    assert task["release"]["kinds"] == ["points.earned", "credit.appraisal"], "frozen anew when it was sent"
    assert "信用评议等级 A" in task["release"]["claims"][1]["text"] and task["dueAt"] == "2026-07-07T10:00:00+00:00"
    decided = await carry_out(
        town.lender,
        "Decide",
        application=id,
        outcome="APPROVED",
        reasons=["经营稳定"],
        officer="0042",
        annualRate="3.30",
    )
    assert decided["application"] == {"state": "APPROVED", "decision": {"outcome": "APPROVED"}}

    contract = {"contract": "HT-2026-001", "signedOn": "2026-06-30", "amount": "50000"}
    await town.done(town.lender, "recordLoanContract", "application { id }", application=id, **contract)
    both = {"application": id, "reference": "FK-2026-001"}
    await town.done(town.lender, "prepareDisbursement", "application { id }", **both)
    assert await town.refused(town.lender, "approveDisbursement", "loan { id }", **both) == ["FOUR_EYES"]
    loan = await town.done(town.second, "approveDisbursement", "loan { id principal }", **both)
    assert loan["principal"] == "50000.00"

    seen = await send(mine, "MyApplication", id=id)
    assert seen["state"] == "DISBURSED" and seen["decision"]["decidedBy"]["name"]
    plan = seen["loan"]["schedule"]
    assert len(plan) == 24 and plan[0]["dueOn"] == "2026-07-30" and plan[0]["paid"] == "0.00"
    first = str(Decimal(plan[0]["principal"]) + Decimal(plan[0]["interest"]))
    town.server.clock.move(days=30)
    mine = town.resident()
    paid = await carry_out(town.lender, "Repay", loan=loan["id"], reference="HK-2026-001", amount=first)
    again = await carry_out(town.lender, "Repay", loan=loan["id"], reference="HK-2026-001", amount=first)
    assert paid["loan"] == again["loan"] and paid["loan"]["next"]["dueOn"] == "2026-08-30"
    assert (await send(mine, "MyApplication", id=id))["state"] == "REPAYING"
    rest = paid["loan"]["outstanding"]
    settled = await carry_out(town.lender, "Repay", loan=loan["id"], reference="HK-2026-002", amount=rest)
    assert settled["loan"] == {"outstanding": "0.00", "next": None}
    assert (await send(mine, "MyApplication", id=id))["state"] == "SETTLED"
    kept = await mine.ask("{ me { person { loans { nodes { settledAt repayments { totalCount } } } } } }")
    [one] = kept.data["me"]["person"]["loans"]["nodes"]
    assert one["settledAt"] and one["repayments"] == {"totalCount": 2}
    assert (await town.server.worker.drain()).failed == []


@pytest.fixture(scope="module")
def schema(plugins: Any) -> Any:
    return built_schema(plugins)


@pytest.mark.parametrize("name", [name for name in OPERATIONS if name])
def test_operation_is_valid(name: str, schema: Any) -> None:
    assert validate(schema._schema, parse(OPERATIONS[name])) == []


@pytest.mark.parametrize("name", ["Products", "MyApplication"])
def test_query_is_one_statement(name: str, schema: Any) -> None:
    """Nothing of it is left to Python, and nothing is asked for twice."""
    engine: Any = GraphQLEngine(schema, None, None)  # type: ignore[arg-type]
    document = engine.prepare(OPERATIONS[name], name)
    given = {"id": f"LoanApplication:{UUID(int=1)}", "grid": "610921"}
    variables = engine.coerce_variables(
        document, {key: value for key, value in given.items() if f"${key}" in OPERATIONS[name]}
    )
    viewer = Viewer(ViewerAccount("someone", person=UUID(int=1)), TODAY)
    statement = engine.planner.query(document, variables, viewer)
    assert not statement.shape.python
