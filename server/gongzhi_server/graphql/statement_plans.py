"""Statement plans: how PostgreSQL would run a statement, without the values that it is asked with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson

from gongzhi_server.planner import Statement
from gongzhi_server.planner.execution import OperationRun

__all__ = ["explain_statement"]

SHOWN = {
    "Node Type": "node",
    "Relation Name": "relation",
    "Index Name": "index",
    "Plan Rows": "rows",
    "Total Cost": "cost",
}
"""What is shown of each node. Conditions are not: PostgreSQL writes the values into them, scopes and indexes too."""


async def explain_statement(run: OperationRun, statement: Statement) -> dict[str, Any]:
    """Ask PostgreSQL how it would run a statement; it is planned and not run."""
    asked = replace(statement, sql=f"explain (format json) {statement.sql}")
    [[found]] = await run.send(asked, run.variables.coerced)
    [tree] = orjson.loads(found) if isinstance(found, str | bytes) else found
    return outline_node(tree["Plan"])


def outline_node(node: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is shown of a node and those below it."""
    own = {name: node[key] for key, name in SHOWN.items() if key in node}
    inner = [outline_node(one) for one in node.get("Plans", ())]
    return {**own, "plans": inner} if inner else own
