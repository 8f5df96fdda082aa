"""Rehearsal: an upgrade that is tried on a backup, in a scratch database, before anything is stopped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from time import monotonic
from typing import Any

import asyncpg
from gongzhi.declare.viewer import Viewer, ViewerAccount, ViewerGrant
from gongzhi.values.errors import Refusal
from graphql import (
    GraphQLEnumType,
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    OperationDefinitionNode,
    is_required_input_field,
    parse,
    type_from_ast,
)

from gongzhi_server.clock import clock
from gongzhi_server.errors import Problem
from gongzhi_server.gateway.interfaces import RequestRefused
from gongzhi_server.graphql.engine import GraphQLEngine
from gongzhi_server.graphql.explain import build_context, plan_query
from gongzhi_server.graphql.schema import build_schema
from gongzhi_server.planner import Document
from gongzhi_server.planner.execution import Fetch
from gongzhi_server.plugins.contributions import Plugins
from gongzhi_server.storage import database

from .backup import count_tables
from .proof import Finding, sum_up

ROLE = "administrator"
"""In whose role documents are tried: nobody's person, and every permission of an office over all places."""
PATIENCE = 60.0
"""Seconds that one statement may take."""
SAMPLES: Mapping[str, object] = {
    "ID": "Household:0",
    "Decimal": "1",
    "JSON": {},
    "Int": 1,
    "Float": 1.0,
    "Boolean": True,
    "Date": "2026-01-01",
    "DateTime": "2026-01-01T00:00:00+08:00",
}


async def migrate_copy(dsn: str, plugins: Plugins) -> list[Finding]:
    """Run the migrations that a copy lacks, and say how long they took and which tables lost rows."""
    took: dict[str, float] = {}
    async with database.connect_database(dsn) as connection:
        before = await count_tables(connection)
        try:
            await database.migrate_apps(dsn, plugins.apps, took.__setitem__)
        except Problem as failed:
            return [(False, str(failed))]
        return [(True, describe_migrations(took)), compare_tables(before, await count_tables(connection))]


def describe_migrations(took: Mapping[str, float]) -> str:
    """Say how many migrations were run, and which took longest."""
    if not took:
        return "migrations: none is missing"
    longest = max(took, key=lambda name: took[name])
    return f"migrations: {len(took):,} in {sum(took.values()):.1f} s, the longest {longest} in {took[longest]:.1f} s"


def compare_tables(before: Mapping[str, int], after: Mapping[str, int]) -> Finding:
    """Say which tables have fewer rows than before, or are gone with theirs."""
    lost = [
        f"{name} had {count:,} rows, and {'has ' + format(after[name], ',') if name in after else 'is gone'}"
        for name, count in sorted(before.items())
        if after.get(name, 0) < count
    ]
    return (False, f"rows: {sum_up(lost)}") if lost else (True, f"rows: none lost, {sum(after.values()):,} in all")


async def try_documents(dsn: str, plugins: Plugins, documents: Mapping[str, str]) -> list[Finding]:
    """Validate the trusted documents, and run their queries, with made up values for what they require."""
    pool = await database.open_readers(dsn, 1, PATIENCE)
    try:
        trial = DocumentTrial(GraphQLEngine(build_schema(plugins), pool.fetch, build_context), pool.fetch, plugins)
        for digest, text in documents.items():
            for name in operation_names(text):
                await trial.try_operation(text, name, name or f"sha256:{digest[:12]}")
        return trial.findings()
    finally:
        await pool.close()


class DocumentTrial:
    """Tries operations, and keeps what came of them."""

    def __init__(self, engine: GraphQLEngine, fetch: Fetch, plugins: Plugins) -> None:
        self.engine, self.fetch = engine, fetch
        self.viewer = Viewer(ViewerAccount("rehearsal", None, (ViewerGrant(ROLE, plugins.held(ROLE)),)), clock())
        self.valid = 0
        self.seconds: dict[str, float] = {}
        self.refused: list[Finding] = []

    def findings(self) -> list[Finding]:
        """Return what holds and what does not."""
        said = f"trusted documents: {self.valid:,} operations are valid, {len(self.seconds):,} queries were run"
        if self.seconds:
            slowest = max(self.seconds, key=lambda name: self.seconds[name])
            said += f", the slowest {slowest} in {self.seconds[slowest]:.2f} s"
        return [*self.refused, (True, said)]

    def refuse(self, called: str, reason: str) -> None:
        """Keep why an operation does not work any more."""
        self.refused.append((False, f"trusted document {called}: {reason}"))

    async def try_operation(self, text: str, name: str | None, called: str) -> None:
        """Validate an operation and, if it is a query, run its statement."""
        try:
            document = self.engine.prepare(text, name, trusted=True)
        except RequestRefused as refused:
            self.refuse(called, "; ".join(one.message for one in refused.errors))
            return
        self.valid += 1
        if document.operation == "query":
            await self.run_query(document, called)

    async def run_query(self, document: Document, called: str) -> None:
        """Run the statement of a query, unless it refuses the values that are made up."""
        sample = sample_variables(self.engine.planner.schema, document.node)
        try:
            statement, values = plan_query(self.engine, document, sample, self.viewer)
        except (RequestRefused, GraphQLError, Refusal):
            # No value of this kind could be made up, such as the id of a case.
            return
        begun = monotonic()
        try:
            await self.fetch(statement.sql, *values)
        except asyncpg.PostgresError as error:
            self.refuse(called, f"its statement fails: {type(error).__name__}: {error}")
        else:
            self.seconds[called] = monotonic() - begun


def operation_names(text: str) -> Iterator[str | None]:
    """Yield the names of a document's operations."""
    try:
        definitions = parse(text).definitions
    except GraphQLError:
        # Refused with the reason when it is prepared.
        yield None
        return
    for one in definitions:
        if isinstance(one, OperationDefinitionNode):
            yield one.name.value if one.name else None


def sample_variables(schema: GraphQLSchema, node: OperationDefinitionNode) -> dict[str, Any]:
    """Make up values for the variables that an operation requires."""
    required = [one for one in node.variable_definitions or () if one.default_value is None]
    kinds = {one.variable.name.value: type_from_ast(schema, one.type) for one in required}
    return {name: sample_value(kind) for name, kind in kinds.items() if isinstance(kind, GraphQLNonNull)}


def sample_value(kind: GraphQLInputType) -> Any:
    """Make up a value of a type."""
    match kind:
        case GraphQLNonNull():
            return sample_value(kind.of_type)
        case GraphQLList():
            return [sample_value(kind.of_type)]
        case GraphQLEnumType():
            return next(iter(kind.values))
        case GraphQLInputObjectType():
            required = {name: one for name, one in kind.fields.items() if is_required_input_field(one)}
            return {name: sample_value(one.type) for name, one in required.items()}
    return SAMPLES.get(kind.name, "00000000-0000-4000-8000-000000000000")
