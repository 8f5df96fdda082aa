"""Compiler: turns one selection of a document into one SQL statement."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from gongzhi.declare.entity import Entity
from gongzhi.declare.plans import (
    GUARD,
    OPEN,
    PLAN,
    PLUGIN,
    Aggregate,
    Batch,
    Build,
    Choice,
    Column,
    Embedded,
    Expression,
    Frame,
    Guard,
    Key,
    Part,
    Plan,
    Sealed,
    Stream,
)
from gongzhi.declare.sql import Bind, ReachedTable, Sql
from graphql import (
    FieldNode,
    GraphQLError,
    GraphQLField,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    OperationDefinitionNode,
    get_named_type,
    is_scalar_type,
)
from graphql.execution.collect_fields import FieldDetailsList, GroupedFieldSet, collect_subfields
from graphql.execution.values import VariableValues
from pypika_tortoise.dialects.postgresql import PostgreSQLQuery as Query
from pypika_tortoise.queries import Table
from pypika_tortoise.terms import LiteralValue, NullValue, Term, ValueWrapper

from . import lists, looks
from .actions import ActionList, plan_actions
from .answer_path import AnswerPath, response_key
from .arguments import Given
from .budget import Budget
from .containment import PluginFault, build_rows, build_term
from .embedded import plan_embedded
from .failures import Failures, log_fault
from .field_guards import deny_value, held_condition, mark_withheld, mask_value, off_condition
from .filters import apply_filter
from .nodes import NodeList, plan_nodes
from .parameters import Parameters
from .relations import plan_aggregate, plan_choice, plan_related
from .rows import SINGLE, Rows, declared_by, entity_of, plugin_of, select_terms, switched_on_criterion, terms_or_empty
from .scalars import CASTS, as_declared, encode_term, open_if_sealed, quote_constant
from .statement import AnswerShape, PythonCall, Statement
from .viewer_scope import StatementScope

if TYPE_CHECKING:
    from .document import Document, Trait
    from .planner import Planner

NAMEDATALEN = 63
"""PostgreSQL cuts longer names off, and two that are cut alike are one."""


class Compiler:
    """Compiles one selection: counts names and objects, and has its parts compiled by the modules for them."""

    def __init__(
        self,
        planner: Planner,
        document: Document,
        variables: VariableValues,
        scope: StatementScope,
        without: str = "",
        traits: dict[Trait, None] | None = None,
    ) -> None:
        self.planner, self.schema, self.document = planner, planner.schema, document
        self.variables, self.scope = variables, scope
        self.answer_path = AnswerPath()
        self.failures = Failures(self.answer_path, without)
        self.checks: list[Term] = []
        """Bound values that are read whether or not the text needs them: what is wrong with them is to be told."""
        self.opaque = False
        self.owner: str | None = None
        """The plugin whose fields are being planned; None for the core's."""
        # `times` is how often the object being compiled may come: the product of the sizes of the lists around it.
        self.cost, self.times = 0, 1
        self.part: Given | None = None
        self.within_plugin: str | None = None
        """The plugin whose field the rows at hand were reached by."""
        self.budget: Budget = Budget(planner.limits, scope.viewer)
        self.traits = {} if traits is None else traits
        self._names = itertools.count(1)

    # whole statements

    def root(self, kind: GraphQLObjectType, grouped: GroupedFieldSet) -> Statement:
        """Compile the selection of a root type into the statement for a whole answer."""

        def build() -> Statement:
            terms, shape = self.object(kind, check_alias_lengths(grouped), None, None)
            # As bytes: the answer goes out as these, and is parsed only where Python has to add to it. What comes as a
            # text or as JSON would be decoded, and encoded again.
            sql = Sql("select json_send(row_to_json(r)) from {0} r", select_terms(*terms)) if terms else None
            return self.finish(sql, shape)

        return self.whole(build)

    def rows_by_key(self, entity: Entity, kind: GraphQLObjectType, details: FieldDetailsList, shown: bool) -> Statement:
        """Compile the selection of an entity into a statement for its rows by key."""

        def build() -> Statement:
            # What a mutation has just made is shown to whoever made it, although they might not see it otherwise.
            rows = Rows(entity, self.table(entity), None if shown else self.scope, None)
            terms, shape = self.object(kind, self.subfields(kind, details), rows.table, entity, rows)
            return self.keys(rows, terms, shape)

        return self.whole(build)

    def stream_statement(self, plan: Stream, of: GraphQLField, entity: Entity, details: FieldDetailsList) -> Statement:
        """Compile the rows over the outbox, of those with the given keys, that the viewer asks for and may see."""

        def build() -> Statement:
            table = self.table(entity)
            plugin = self.owner = of.extensions["strawberry-definition"].metadata.get(PLUGIN)
            at = Frame(table, table, self.scope, self.arguments_of(of, details[0].node))
            where = build_rows(plugin, plan.where, at) if plan.where else None
            rows = Rows(entity, table, self.scope, where, plugin)
            # A plugin's events are not told for counties that have not switched the plugin on.
            if (on_here := switched_on_criterion(plugin, entity, table)) is not None:
                rows.where(on_here)
            apply_filter(self, rows, at)
            kind: Any = get_named_type(of.type)
            with self.answer_path.step(response_key(details)):
                terms, shape = self.object(kind, self.subfields(kind, details), table, entity, rows)
            return self.keys(rows, terms, shape)

        return self.whole(build)

    def whole(self, build: Callable[[], Statement]) -> Statement:
        """Run `build`; return a statement without an answer if a plugin failed and no field can be null for it."""
        try:
            return build()
        except PluginFault as fault:
            self.failures.refuse_answer(fault, self.operation)
            return self.finish(None, AnswerShape())

    def keys(self, rows: Rows, terms: list[Term], shape: AnswerShape) -> Statement:
        """Narrow these rows to those with the keys that are given when the statement runs."""
        key = rows.table.field(rows.target.key)
        # One array parameter for any number of keys, so that the text, and PostgreSQL's plan for it, stay the same.
        rows.where(Sql("{0}=any({1})", key, ValueWrapper(Bind(lambda variables, context: variables["@keys"]))))
        row = Sql("json_send({0})", self.nest_terms(terms))
        return self.finish(rows.select(key.as_("key"), row.as_("row")), shape)

    def finish(self, query: Any, shape: AnswerShape) -> Statement:
        """Write the text of a query and gather what a statement carries with it."""
        parameters = Parameters(self.budget)
        # Parameters are counted while the text is written, when no single field can be named any more.
        self.budget.node = None
        sql = query.get_sql(Query.SQL_CONTEXT.copy(parameterizer=parameters)) if query else ""
        failures, steps = self.failures, self.budget.steps
        values, plugins = tuple(parameters.values), frozenset(failures.plugins)
        checks = tuple(term.value for term in self.checks if isinstance(term, ValueWrapper))
        shape.opaque = self.opaque
        lost = failures.lost, steps, checks, failures.lost_path
        errors = tuple(failures.errors)
        return Statement(sql, values, shape, errors, self.cost, plugins, *lost, fault=failures.fault)

    # objects and their fields

    def object(
        self,
        kind: GraphQLObjectType,
        grouped: GroupedFieldSet,
        row: Table | None,
        entity: Entity | None,
        rows: Rows | None = None,
    ) -> tuple[list[Term], AnswerShape]:
        """Compile an object's selected fields as terms over its row, one of the `rows` unless it is a part of one."""
        self.cost += self.times
        if entity is not None and (plugin := plugin_of(entity)):
            self.failures.plugins.add(plugin)
        terms: list[Term] = []
        shape = AnswerShape(entity, kind=kind.name)
        for key, details in grouped.items():
            with self.answer_path.step(key, of=kind.fields.get(details[0].node.name.value)):
                term = self.field(kind, key, details, row, entity, shape)
            if term is not None:
                terms.append(term.as_(key))
        # Hidden members for Python fields start with "@", which no
        # alias in GraphQL can; they are taken out of the answer.
        if row is not None and entity is not None:
            terms += [row.field(entity.column(name)).as_(f"@{name}") for name in shape.needs]
        if rows is not None and (look := looks.look_of_rows(self, rows, shape)) is not None:
            terms.append(look.as_(shape.look))
        return terms, shape

    def field(
        self, kind: GraphQLObjectType, key: str, details: FieldDetailsList, row: Any, entity: Any, shape: AnswerShape
    ) -> Term | None:
        """Compile one selected field; return None for one that Python answers."""
        node = self.budget.node = details[0].node
        self.budget.step()
        if node.name.value == "__typename":
            return LiteralValue(quote_constant(kind.name))
        of = kind.fields.get(node.name.value)
        declared = of.extensions.get("strawberry-definition") if of else None
        plan: Plan | None = declared.metadata.get(PLAN) if declared else None
        if of is not None and is_scalar_type(named := get_named_type(of.type)) and named.name not in CASTS:
            self.opaque = True
        if plan is None or of is None or declared is None:  # introspection and Python at the root
            guard: Guard | None = declared.metadata.get(GUARD) if declared else None
            if guard and of and not self.scope.can(guard.permission):
                return deny_value(self, guard, kind, of, row, node)
            shape.python = True
            # The rows that it leads to are planned once it has named them.
            self.cost += self.planner.count_payload(self.document, self.variables, self.scope.viewer, kind, details)
            return None
        around, reached, before = self.owner, self.within_plugin, len(self.failures.errors)
        of_type = self.planner.entities.get(kind.name)
        # What is reached by a plugin's field belongs to the plugin too, unless the type it leads to is the core's.
        self.owner = declared.metadata.get(PLUGIN) or (declared_by(of_type, around) if of_type else around)
        try:
            return self.term(kind, key, plan, of, declared, details, row, entity, shape)
        except PluginFault as fault:
            # GraphQL lets null rise to the nearest nullable field;
            # so does the fault, until a field can be null for it.
            if isinstance(of.type, GraphQLNonNull):
                raise
            # Errors from inside the failed field are dropped: one error for the whole of it is reported instead.
            del self.failures.errors[before:]
            log_fault(fault, f"{kind.name}.{node.name.value}")
            return self.failures.replace_failed(fault.plugin, node, fault.__cause__)
        finally:
            self.owner, self.within_plugin = around, reached

    def term(
        self,
        kind: GraphQLObjectType,
        key: str,
        plan: Plan,
        of: GraphQLField,
        declared: Any,
        details: FieldDetailsList,
        row: Any,
        entity: Any,
        shape: AnswerShape,
    ) -> Term | None:
        """Compile a planned field. Raises PluginFault."""
        node = details[0].node
        # The order matters: a plugin's fault first, then permission, and only then the term
        # itself, so that nothing of a field that is denied is ever written into the statement.
        guard: Guard | None = declared.metadata.get(GUARD)
        off, plugin = off_condition(declared, row, entity), declared.metadata.get(PLUGIN)
        if plugin and self.failures.is_left_out(plugin):
            return self.failures.replace_failed(plugin, node)
        if guard and not self.scope.can(guard.permission):
            term = deny_value(self, guard, kind, of, row, node)
        # The statement cannot compute a Python field. It sends which
        # rows Python must not be given, under the field's key.
        elif isinstance(plan, Batch):
            shape.select(node.name.value, False)
            shape.calls.append(
                PythonCall(key, plan, declared, of, details, self.answer_path.keys, self.answer_path.exact)
            )
            self.count(plan, get_named_type(of.type), details)
            return mark_withheld(off, held_condition(self, guard, row, entity))
        else:
            shape.select(node.name.value, isinstance(plan, Key) or declared.metadata.get(OPEN, False))
            # Restored by the caller if planning raises.
            around, self.within_plugin = self.within_plugin, plugin or self.within_plugin
            term, child = self.plan_field(plan, of, declared, details, row, entity)
            self.within_plugin = around
            shape.add(key, child)
            if guard and (held := held_condition(self, guard, row, entity)) is not None:
                mask = mask_value(self, guard, of, row, node) if guard.masked else NullValue()
                # A permission may be held in one grid only, so it is a
                # condition on each row, not a fact about the viewer.
                term = Sql("case when {0} then {1} else {2} end", held, term, mask)
            if self.is_opened(plan):
                shape.sealed.append(key)
        return Sql("case when {0} then null else {1} end", off, term) if off else term

    def is_opened(self, plan: Plan) -> bool:
        """Return whether answers may have a sealed value in a field of this plan, which Python opens."""
        if isinstance(plan, Sealed):
            return self.scope.known()
        return isinstance(plan, Expression) and plan.sealed

    def count(self, plan: Batch, kind: Any, details: FieldDetailsList) -> None:
        """Count what a Python field costs, now; its rows are planned when they are known."""
        target = self.planner.entities.get(kind.name)
        if target is None:
            self.cost += self.times * plan.cost
        else:
            before, rows = len(self.failures.errors), Rows(target, self.table(target), self.scope, None)
            lists.plan_repeated_object(self, plan.cost, kind, details, rows)
            del self.failures.errors[before:]  # they come with the rows

    def plan_field(
        self, plan: Plan, of: GraphQLField, declared: Any, details: FieldDetailsList, row: Any, entity: Any
    ) -> tuple[Term, AnswerShape]:
        """Compile a field by the kind of its plan, and return its term with what Python has to do inside it."""
        given = self.arguments_of(of, details[0].node)
        frame = Frame(row, row, self.scope, given, self.part, self.planner.registers)
        kind: Any = get_named_type(of.type)
        match plan:
            case Key():
                return Sql(f"'{entity.name}:'||{{0}}", row.field(entity.key)), AnswerShape()
            case Column(name):
                return encode_term(of.type, row.field(entity.column(name))), AnswerShape()
            case Expression(build, sealed=True):
                return open_if_sealed(build_term(self.owner, build, frame)), AnswerShape()
            case Expression(build):
                return self.value(of.type, build, frame), AnswerShape()
            case Sealed():
                return self.plan_sealed(plan, of, frame), AnswerShape()
            case ActionList():
                return self.plan_json(plan_actions(self, plan, row, entity), of, details)
            case Embedded(build, sealed):
                return self.plan_json(build_term(self.owner, build, frame), of, details, sealed)
            case Part(present):
                there = build_term(self.owner, present, frame) if present else None
                return self.plan_part(given, there, kind, details, row, entity)
            case Choice(argument):
                return plan_choice(self, given, argument, details)
            case NodeList():
                return plan_nodes(self, given, details)
            case Aggregate():
                return plan_aggregate(self, plan, of, frame, entity), AnswerShape()
        target, open = entity_of(declared.type), declared.metadata.get(OPEN)
        return plan_related(self, plan, target, kind, details, frame, entity, open)

    def value(self, kind: GraphQLOutputType, build: Build, frame: Frame) -> Term:
        """Build a value as its type is sent; a plugin's is cast to the type it declares."""
        term = build_term(self.owner, build, frame)
        # The core's builders are covered by tests of types; a plugin's wrong type must fail here, with its name.
        return encode_term(kind, as_declared(kind, term) if self.owner else term)

    def plan_json(
        self, value: Term, of: GraphQLField, details: FieldDetailsList, sealed: tuple[str, ...] = ()
    ) -> tuple[Term, AnswerShape]:
        """Compile the selected fields of a value that is JSON, computed once however many of them are asked for."""
        once, child = self.name("j"), AnswerShape()
        inner = plan_embedded(self, of.type, details, Sql(f"{once}.value"), sealed, child)
        # "Offset 0" keeps PostgreSQL from folding the subquery,
        # which would compute the value once for each of its fields.
        return Sql(f"(select {{0}} from (select {{1}} as value offset 0) {once})", inner, value), child

    def plan_part(
        self, given: Given, present: Term | None, kind: Any, details: FieldDetailsList, row: Any, entity: Any
    ) -> tuple[Term, AnswerShape]:
        """Compile a part of the row; what stands in it knows its arguments."""
        around, self.part = self.part, given
        try:
            terms, shape = self.object(kind, self.subfields(kind, details), row, entity)
        finally:
            self.part = around
        inner = self.nest_terms(terms)
        return (Sql("case when {0} then {1} end", present, inner) if present else inner), shape

    def plan_sealed(self, plan: Sealed, of: GraphQLField, frame: Frame) -> Term:
        """Return the mask; on a row of the viewer's own, what it takes to open the value, with the mask behind it."""
        mask = encode_term(of.type, plan.mask(frame))
        # Somebody without a person has no row of their own, and so the cheaper text.
        if not self.scope.known():
            return mask
        text = "case when {0} then json_build_object('@sealed',{1},'mask',{2}) else to_json({2}) end"
        return Sql(text, plan.mine(frame), plan.value(frame), mask)

    # small things

    def nest_terms(self, terms: list[Term]) -> Sql:
        return Sql(SINGLE, self.name("x"), select_terms(*terms_or_empty(terms)))

    def arguments_of(self, of: GraphQLField, node: FieldNode) -> Given:
        return Given(self.traits, self.variables, of, node)

    def subfields(self, kind: Any, details: FieldDetailsList) -> GroupedFieldSet:
        document, node = self.document, self.operation
        found = collect_subfields(self.schema, document.fragments, self.variables, node, kind, details)
        return check_alias_lengths(found.grouped_field_set)

    @property
    def operation(self) -> OperationDefinitionNode:
        return self.document.node

    def table(self, target: Entity) -> Table:
        # Every mention of a table has an alias of its own, so that a condition never refers to the wrong one.
        meta = target.model._meta
        return Table(meta.db_table, schema=meta.schema, alias=self.name("t"))

    def reached_table(self, target: Entity, owner: Table) -> Table:
        """Mention a table whose rows are those of `owner`, the row that they belong to."""
        meta = target.model._meta
        made = ReachedTable(meta.db_table, schema=meta.schema, alias=self.name("t"))
        made.reached_from, made.relation = owner, str(target.through)
        return made

    def name(self, letter: str) -> str:
        return f"{letter}{next(self._names)}"


def check_alias_lengths(grouped: GroupedFieldSet) -> GroupedFieldSet:
    """Return the fields unchanged. Raise GraphQLError for a key that PostgreSQL would cut off."""
    for key, details in grouped.items():
        if len(key) > NAMEDATALEN:
            message = f"The alias of {details[0].node.name.value} is longer than {NAMEDATALEN} characters."
            raise GraphQLError(message, details[0].node)
    return grouped
