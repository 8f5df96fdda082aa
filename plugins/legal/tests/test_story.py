"""The whole way over HTTP, in the operations that clients send: from a case to an agreement that is kept."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import docx
import pytest
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


async def dispute(town: Any) -> str:
    """A case about a neighbour; its number."""
    made = await town.resident().do(
        "reportCase", "case { number }", kind="HELP", channel="MINI_APP", category="dispute",
        title="邻里院墙纠纷", description="院墙越界", place={"longitude": 108.51, "latitude": 32.89, "crs": "WGS84"},
    )  # fmt: skip
    assert made["errors"] == [], made
    return str(made["case"]["number"])


async def test_neighbour_dispute_from_case_to_kept_agreement(town: Any) -> None:
    number, resident = await dispute(town), town.resident()
    first = (await send(resident, "Panel", grid=town.village))["legalPanel"][0]
    assert first["kind"] in ("MEDIATOR", "LAWYER")
    await town.fetch(
        "update cases.case c set grid_id=g.id from grids.grid g where c.number=$1 and g.code=$2", number, town.village
    )
    asked = {"case": number, "disputeType": "NEIGHBOR", "rightsAcknowledged": True}
    asked["parties"] = [{"person": town.person(0)}, {"name": "乙某", "phone": "13800000000"}]
    made = (await carry_out(resident, "Mediate", **asked))["mediation"]
    assert made["case"] == {"number": number} and made["state"] == "REQUESTED" and made["dueOn"] == "2026-07-30"
    linked = await send(resident, "LinkedDispute", number=number)
    assert linked["mediation"] == {"state": "REQUESTED", "level": "VILLAGE", "dueOn": "2026-07-30"}
    again = await send(resident, "Mediate", input={"idempotencyKey": str(uuid4()), **asked})
    assert [one["code"] for one in again["errors"]] == ["DUPLICATE"]

    mediator, seen = town.mediator(), await town.see(made["id"])
    first, second = [one["id"] for one in seen["parties"]]
    joined = await mediator.do(
        "joinMediation", "mediation { state version }", mediation=made["id"], party=second, agree=True,
        rightsAcknowledged=True,
    )  # fmt: skip
    assert joined["mediation"]["state"] == "MEDIATING"
    met = await mediator.do(
        "recordMediationSession", "mediation { version }", mediation=made["id"], at="2026-06-30T01:00:00Z",
        place="村委会", minutes="到场勘界，双方认可界线。", expectedVersion=joined["mediation"]["version"],
    )  # fmt: skip
    agreed = await carry_out(
        mediator, "Agree", mediation=made["id"], facts="院墙越界三十公分。",
        terms=[{"text": "乙某七日内拆除越界院墙。", "obligor": second, "dueOn": "2026-07-07"}],
        signatures=[{"party": first}, {"party": second}], expectedVersion=met["mediation"]["version"],
    )  # fmt: skip
    agreement = agreed["mediation"]["agreement"]
    content = base64.b64decode(agreement["documentUrl"].partition(",")[2])
    said = "\n".join(one.text for one in docx.Document(io.BytesIO(content)).paragraphs)
    assert agreement["number"] in said and "乙某七日内拆除越界院墙。" in said

    whole = await send(resident, "Mediation", id=made["id"])
    assert whole["state"] == "AGREED" and whole["mediators"] == [{"name": "village", "chosenBy": "COMMITTEE"}]
    assert whole["sessions"][0]["minutes"] == "到场勘界，双方认可界线。"
    told = whole["agreement"]
    assert told["terms"] == [{"text": "乙某七日内拆除越界院墙。", "dueOn": "2026-07-07", "kept": None}]
    assert [one["name"] for one in told["signedBy"]][1] == "乙某"
    assert base64.b64decode(told["documentUrl"].partition(",")[2]).startswith(b"%PDF")
    assert told["confirmation"] == {"requestBy": "2026-07-30", "state": "OPEN"}

    [term] = (await town.see(made["id"]))["agreement"]["terms"]
    await resident.do("settleAgreementTerm", "term { kept }", term=term["id"], kept=True)
    assert (await town.see(made["id"]))["agreement"]["keptOn"] == "2026-06-30"
    assert (await send(resident, "LinkedDispute", number=number))["mediation"]["state"] == "AGREED"


async def test_question_by_the_operation(town: Any) -> None:
    asked = await carry_out(town.resident(), "Ask", question="欠款三年如何追讨？")
    assert asked["matter"]["answerDueAt"]


@pytest.mark.parametrize("name", ["Panel", "LinkedDispute"])
def test_query_is_one_statement(name: str, plugins: Any) -> None:
    """What needs no words of a matter is left to the database alone."""
    from gongzhi.declare.viewer import Viewer, ViewerAccount
    from gongzhi_server.graphql.engine import GraphQLEngine
    from gongzhi_server.testing import TODAY, built_schema

    engine: Any = GraphQLEngine(built_schema(plugins), None, None)  # type: ignore[arg-type]
    document = engine.prepare(OPERATIONS[name], name)
    variables = engine.coerce_variables(document, {"Panel": {"grid": "610921"}, "LinkedDispute": {"number": "1"}}[name])
    statement = engine.planner.query(document, variables, Viewer(ViewerAccount("someone", person=UUID(int=1)), TODAY))
    assert not statement.shape.python


def test_operations_are_valid(plugins: Any) -> None:
    from gongzhi_server.testing import built_graphql_schema

    schema = built_graphql_schema(plugins)
    assert {name: validate(schema, parse(text)) for name, text in OPERATIONS.items()} == dict.fromkeys(OPERATIONS, [])
