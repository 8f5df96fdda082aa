"""How PostgreSQL answers what desks ask: it reads no large table whole, and few rows that it throws away.

A lost index shows here, and a condition that no index knows any more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import orjson
import pytest
from asyncpg import connect
from gongzhi_server.testing import ESSENTIAL, create_database, drop_database, explain_query
from graphql import OperationType, print_ast

from .test_desks import COUNTY, DESKS, HOMES, PLACE, POWER, find, member, operations

BENCHMARKS = Path(__file__).parents[2] / "benchmarks" / "documents"
DISPATCHER = {"role": "county_dispatcher", "grid": COUNTY}
WORKER = {"role": "grid_worker", "grid": HOMES}
RESIDENT = {"role": "resident", "person": "a member of a household"}
MOST = 3
"""Rows that may be read for each that is used."""
SMALL = 100
"""Rows of a table of which all are read, as of categories and rules of dispatch: that takes less than an index."""


class Asked(NamedTuple):
    """Who sends a query, and with which variables."""

    claims: Mapping[str, str]
    variables: Mapping[str, Any]
    whole: frozenset[str] = frozenset()
    """Tables that are read whole, as what it asks for needs all of them."""


QUERIES = {
    "cockpit Cockpit": Asked(
        DISPATCHER,
        {"grid": COUNTY, "from": "2021-01-01", "to": "2026-06-30"},
        frozenset({"case", "post", "visit"}),  # what is counted is all of them
    ),
    "department UnitInbox": Asked({"role": "department_handler", "unit": POWER}, {"unit": POWER}),
    "dispatcher DispatchDesk": Asked(DISPATCHER, {"within": COUNTY}),
    "gridworker GridDay": Asked(WORKER, {"grid": HOMES}),
    "gridworker WhichGrid": Asked(WORKER, {"point": PLACE}),
    "integrator CasesSince": Asked(
        {"role": "integrator", "grid": COUNTY}, {"county": COUNTY, "since": "2026-01-01T00:00:00Z"}
    ),
    "resident Decisions": Asked(RESIDENT, {}),
    "resident ResidentHome": Asked(RESIDENT, {}),
    "resident WhoLooked": Asked(RESIDENT, {}),
    "benchmark list": Asked(DISPATCHER, {"first": 50}),
    "benchmark nested": Asked(DISPATCHER, {"code": COUNTY}),
    "benchmark point": Asked(DISPATCHER, {"number": "that of a case"}),
}


def test_all_queries_of_desks_are_here() -> None:
    queries = {
        f"{desk} {name}"
        for desk in DESKS
        for name, document in operations(desk).items()
        if any(getattr(node, "operation", None) is OperationType.QUERY for node in document.definitions)
    }
    assert queries - {"resident CaseByReceipt"} <= set(QUERIES)  # which Python finds


def find_scans(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The nodes of a plan that read a table and ran."""
    if "Relation Name" in node and node["Actual Loops"]:
        yield node
    for inner in node.get("Plans", ()):
        yield from find_scans(inner)


def rows_read(scan: Mapping[str, Any]) -> float:
    """How many rows a scan reads in one loop."""
    return sum(scan.get(f"Rows Removed by {reason}", 0) for reason in ("Filter", "Index Recheck")) + scan["Actual Rows"]


def count_rows(scan: Mapping[str, Any]) -> tuple[float, float]:
    """How many rows a scan kept and how many it threw away, over all its loops; of small tables none are counted."""
    loops, kept, read = scan["Actual Loops"], scan["Actual Rows"], rows_read(scan)
    return kept * loops, (read - kept) * loops if read > SMALL else 0


@pytest.fixture(scope="module")
def analysed(postgres: str, county: str) -> Iterator[str]:
    """The address of a county of its own, once PostgreSQL knows how many rows there are of what."""
    name = f"test_{uuid4().hex}"

    async def analyse() -> str:
        dsn = await create_database(postgres, name, county)
        connection = await connect(dsn)
        await connection.execute("vacuum analyze")
        await connection.close()
        return dsn

    yield asyncio.run(analyse())
    asyncio.run(drop_database(postgres, name))


@pytest.mark.parametrize("name", QUERIES)
async def test_few_rows_are_read_in_vain(name: str, analysed: str) -> None:
    asked = QUERIES[name]
    if "person" in asked.claims:
        asked = asked._replace(claims={**asked.claims, "person": str(await member(analysed))})
    if "number" in asked.variables:
        number = await find(analysed, "select max(number) from cases.case")
        asked = asked._replace(variables={**asked.variables, "number": number})
    found = await explain_query(analysed, ESSENTIAL, read_document(name), asked.variables, asked.claims, "json")
    scans = list(find_scans(orjson.loads(found)[0]["Plan"]))
    whole = {scan["Relation Name"] for scan in scans if scan["Node Type"] == "Seq Scan" and rows_read(scan) > SMALL}
    assert whole <= asked.whole
    counted = [count_rows(scan) for scan in scans]
    kept, away = (sum(column) for column in zip(*counted, strict=True))
    assert away <= kept * (MOST - 1), f"{kept:.0f} rows are used, and {away:.0f} are read in vain"


def read_document(name: str) -> str:
    desk, operation = name.split()
    if desk == "benchmark":
        return (BENCHMARKS / f"{operation}.graphql").read_text(encoding="utf-8")
    return print_ast(operations(desk)[operation])
