"""The data wall: a lender's key reads what was sent to its lender, and nothing else; tried over every field."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from gongzhi_server.graphql.engine import GraphQLEngine
from gongzhi_server.testing import built_schema
from graphql import GraphQLField, GraphQLNonNull, get_named_type, is_leaf_type, is_object_type

pytestmark = pytest.mark.asyncio(loop_scope="session")
OWN = {
    "ApiKey", "LoanApplication", "LoanDocument", "Loan", "LoanInstalment", "LoanRepayment", "RiskPool", "RiskPoolEntry",
    "Account", "Grant", "Session", "Notice",
}  # fmt: skip
"""What a lender has business with, looked at one by one below; and its own account with what that is told."""
SAMPLES = {
    "ID": '"Person:0"',
    "String": '"610921"',
    "Int": "1",
    "Date": '"2026-06-01"',
    "Boolean": "true",
    "Float": "1",
}


async def enrol_with_key(town: Any, unit: str) -> Any:
    """A caller with the API key that somebody of a lender made, signed in with an account of their own."""
    name, administrator = f"bank-{uuid4().hex[:8]}", town.server.as_("administrator")
    made = await town.tried(administrator, "addAccount", "account { id } code", name=name, grid="610921")
    await town.fetch(
        "insert into accounts.holding (id, account_id, role, unit_id, since, granted_by) "
        "select gen_random_uuid(), a.id, 'lender', u.id, '2026-01-01', 'console' "
        "from accounts.account a, units.unit u where a.name=$1 and u.code=$2",
        name,
        unit,
    )
    signed = await town.server.post("invitation", code=made["code"], password="correct horse battery")
    teller = town.server.with_token(signed.body["accessToken"])
    key = await town.tried(teller, "createLenderKey", "secret", label="desk")
    caller = town.server.with_token(key["secret"])
    assert await town.refused(caller, "createLenderKey", "secret", label="more") == ["FORBIDDEN"]
    return caller


def arguments(of: GraphQLField) -> str | None:
    """Values for what a field must be given; None where no sample is known."""
    given = []
    for name, one in of.args.items():
        if isinstance(one.type, GraphQLNonNull) and one.default_value in (None, ...) or name in ("id", "code"):
            kind = get_named_type(one.type).name
            if kind not in SAMPLES:
                return None
            given.append(f"{name}: {SAMPLES[kind]}")
    return f"({', '.join(given)})" if given else ""


def inner(of: GraphQLField) -> str:
    """Enough of what a field gives to see whether something is there."""
    named: Any = get_named_type(of.type)
    if is_leaf_type(named):
        return ""
    if "totalCount" in getattr(named, "fields", {}):
        return "{ totalCount }"
    if not is_object_type(named):
        return "{ __typename }"
    leaves = [name for name, one in named.fields.items() if is_leaf_type(get_named_type(one.type)) and not one.args]
    return "{ " + " ".join(leaves or ["__typename"]) + " }"


def selection(kind: Any) -> str:
    """Every field of a type that can be asked for without knowing more; files are left out, for they take long."""
    asked = [
        f"{name}{given} {inner(of)}"
        for name, of in kind.fields.items()
        if (given := arguments(of)) is not None and not name.endswith("Pdf")
    ]
    return " ".join(asked)


@pytest.fixture(scope="module")
def schema(plugins: Any) -> Any:
    return built_schema(plugins)


async def test_every_type_is_walled_off(town: Any, schema: Any) -> None:
    """Of rows of every type in the schema, a lender's key is told no more than a stranger."""
    await town.send(20)
    bank = await enrol_with_key(town, town.bank)
    engine: Any = GraphQLEngine(schema, None, None)  # type: ignore[arg-type]
    connection, tried = await asyncpg.connect(town.dsn), 0
    try:
        for name, entity in sorted(engine.planner.entities.items()):
            kind = schema._schema.type_map.get(name)
            if name in OWN or kind is None or not any(one.name == "Node" for one in kind.interfaces):
                continue
            keys = await sample_rows(connection, entity, town.bank)
            query = f"query($id: ID!) {{ node(id: $id) {{ ... on {name} {{ {selection(kind)} }} }} }}"
            for row in keys:
                mine, theirs = [await one.ask(query, id=f"{name}:{row['k']}") for one in (bank, town.server)]
                assert read_node(mine) == read_node(theirs), name
                tried += 1
    finally:
        await connection.close()
    assert tried > 100, "the demo county has rows of most types"


async def sample_rows(connection: Any, entity: Any, unit: str) -> list[Any]:
    """Three rows of a type, and three that name the lender's unit, where rows name units."""
    meta = entity.model._meta
    rows = f'select "{entity.key}"::text k from "{meta.schema}"."{meta.db_table}"'
    found: list[Any] = await connection.fetch(f"{rows} order by random() limit 3")
    for column in {"unit_id", "lead_unit_id", "against_id"} & set(meta.fields_db_projection.values()):
        named = f'{rows} where "{column}"=(select id from units.unit where code=$1) order by random() limit 3'
        found += await connection.fetch(named, unit)
    return found


def read_node(answer: Any) -> Any:
    """What an answer tells; refused or not there is the same nothing."""
    return (answer.body.get("data") or {}).get("node")


async def test_every_root_is_walled_off(town: Any, schema: Any) -> None:
    """Of every root field, too; only the lender's desk, its loans and pools answer it and no stranger.

    And the views of the console that its permissions are for: they are pages of ours, with nothing of anybody in them.
    """
    bank, more = await enrol_with_key(town, town.bank), set()
    for name, of in sorted(schema._schema.query_type.fields.items()):
        if (given := arguments(of)) is None:
            continue
        query = f"{{ {name}{given} {inner(of)} }}"
        mine, theirs = [(await one.ask(query)).body.get("data") for one in (bank, town.server)]
        if mine != theirs:
            more.add(name)
    # A cursor is another one each time, also that of no events.
    assert more - {"eventCursor", "events"} == {"accounts", "lenderDesk", "lenderLoans", "me", "views"}, (
        "its own account, and its own desk"
    )


async def test_lender_sees_its_own_alone(town: Any) -> None:
    """Not before it is sent, not another lender's, of the applicant a name, of the appraisal what is released."""
    draft = (await town.apply(21))["id"]
    bank, rival = await enrol_with_key(town, town.bank), await enrol_with_key(town, town.other_bank)
    asked = """query($id: ID!) { node(id: $id) { ... on LoanApplication { state applicantName
      person { id } grid { name } appraisal { id } release { kinds claims { kind } person { id } }
      documents { document } } } }"""
    assert read_node(await bank.ask(asked, id=draft)) is None
    application = await town.send(22)
    seen = read_node(await bank.ask(asked, id=application))
    assert seen["applicantName"] and seen["person"] is None and seen["appraisal"] is None
    assert seen["release"] == {"kinds": [], "claims": [], "person": None}
    assert read_node(await rival.ask(asked, id=application)) is None
    desk = (await rival.ask("{ lenderDesk { nodes { id lender { code } } } }")).data["lenderDesk"]["nodes"]
    assert {one["lender"]["code"] for one in desk} <= {town.other_bank}
    both = {"application": application, "reference": "FK-000009"}
    query = "mutation($input: PrepareDisbursementInput!) { prepareDisbursement(input: $input) { errors { code } } }"
    answer = await bank.ask(query, input={"idempotencyKey": "narrow", **both})
    assert answer.codes == ["FORBIDDEN"], "the key may decide and not pay out"
