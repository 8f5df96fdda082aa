"""Explain: prints what an operation becomes, with its plan, its one statement, and how PostgreSQL runs that."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import orjson
from gongzhi.declare.plans import PLAN, Many
from gongzhi.declare.viewer import Viewer
from graphql import FieldNode, TypeInfo, TypeInfoVisitor, Visitor, visit
from rich.console import Console
from rich.tree import Tree

from gongzhi_server.auth.development_tokens import Tokens, TrialAccounts
from gongzhi_server.clock import clock
from gongzhi_server.errors import Problem
from gongzhi_server.gateway.interfaces import RequestRefused
from gongzhi_server.planner import Document, Statement
from gongzhi_server.plugins.contributions import Plugins
from gongzhi_server.storage import database

from .engine import GraphQLEngine
from .schema import build_schema

BREAKS = re.compile(r"(?<=[ ,(])(?=(?:select|from|where|order by|union all|left join)\b)", re.IGNORECASE)


async def print_explanation(
    dsn: str, plugins: Plugins, text: str, operation: str | None, variables: str, **claims: str | None
) -> None:
    """Print the plan of a query for a viewer with these claims. Raises Problem for a document that is refused."""
    # A read-only pool: "explain analyze" runs the statement.
    pool = await database.open_readers(dsn, 1)
    try:
        given = {name: value for name, value in claims.items() if value}
        account = await TrialAccounts(Tokens("of no use here" * 3), pool, plugins).build_account(
            {"sub": "explain", **given}
        )
        viewer = Viewer(account, clock())
        # The same engine as serves, so the statement is the very one that would run.
        engine = GraphQLEngine(build_schema(plugins), pool.fetch, build_context)
        document = engine.prepare(text, operation)
        if document.operation != "query":
            raise Problem("only a query is one statement; a mutation runs its command, and then plans its payload")
        statement, values = plan_query(engine, document, orjson.loads(variables), viewer)
        console = Console(soft_wrap=True, highlight=False)
        console.print(outline_fields(engine, document, statement.cost))
        console.print("\nStatement\n", BREAKS.sub("\n  ", statement.sql), sep="", markup=False)
        console.print(
            "\nParameters", *(f"  ${at}  {type(value).__name__}" for at, value in enumerate(values, 1)), sep="\n"
        )
        rows = await pool.fetch(f"explain (analyze, buffers) {statement.sql}", *values)
        console.print("\nPostgreSQL", *(f"  {line}" for (line,) in rows), sep="\n", markup=False)
    except RequestRefused as refused:
        raise Problem("; ".join(error.message for error in refused.errors)) from refused
    except KeyError as error:
        raise Problem(f"there is no such {error.args[0]}") from error
    finally:
        await pool.close()


def plan_query(
    engine: GraphQLEngine, document: Document, variables: dict[str, Any], viewer: Viewer
) -> tuple[Statement, Sequence[Any]]:
    """Return the one statement of a query, and the values that are sent with it."""
    coerced = engine.coerce_variables(document, variables)
    statement = engine.planner.query(document, coerced, viewer)
    return statement, statement.arguments(coerced.coerced, build_context(viewer))


def build_context(viewer: Viewer) -> Any:
    """Build a context without keys or mutations, which a query needs to bind its values."""
    from gongzhi.runtime.context import Context
    from gongzhi.runtime.sealing import KeyRing

    return Context(viewer, KeyRing({"none": bytes(32)}), bytes(32), None, None, None)  # type: ignore[arg-type]


def outline_fields(engine: GraphQLEngine, document: Document, cost: int) -> Tree:
    """Return the fields of the operation as a tree, each with how it is made."""
    name = document.name or "query"
    tree = Tree(f"{name}: at most {cost} objects of {engine.limits.cost} allowed")
    visit(document.ast, TypeInfoVisitor(info := TypeInfo(engine.planner.schema), Outline(tree, info)))
    return tree


class Outline(Visitor):
    """A visitor that adds a branch for each field."""

    def __init__(self, tree: Tree, info: TypeInfo) -> None:
        super().__init__()
        self.branches, self.info = [tree], info

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        """Add a branch for a field."""
        of = self.info.get_field_def()
        declared = of.extensions.get("strawberry-definition") if of else None
        plan = declared.metadata.get(PLAN) if declared else None
        kind = type(plan).__name__.lower() if plan else "" if self.is_paged else "python"
        most = f", {plan.cap} at most" if isinstance(plan, Many) else ""
        self.branches.append(self.branches[-1].add(f"{node.name.value}  [dim]{kind}{most}[/dim]"))

    @property
    def is_paged(self) -> bool:
        """Whether the field belongs to a page, which is planned as a whole."""
        parent = self.info.get_parent_type()
        return parent is not None and parent.name.endswith(("Connection", "Edge", "PageInfo"))

    def leave_field(self, node: FieldNode, *_: Any) -> None:
        """Go back to the branch above."""
        self.branches.pop()
