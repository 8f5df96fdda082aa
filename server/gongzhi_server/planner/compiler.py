"""Compiler: turns one selection of a document into one SQL statement."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
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
    Many,
    One,
    Page,
    Part,
    Pick,
    Plan,
    Sealed,
    Stream,
)
from gongzhi.declare.sql import Bind, Sql
from graphql import (
    FieldNode,
    GraphQLError,
    GraphQLField,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    Node,
    OperationDefinitionNode,
    get_named_type,
    get_nullable_type,
    is_scalar_type,
)
from graphql.execution.collect_fields import FieldDetailsList, GroupedFieldSet, collect_subfields
from graphql.execution.values import VariableValues
from pypika_tortoise.dialects.postgresql import PostgreSQLQuery as Query
from pypika_tortoise.queries import Table
from pypika_tortoise.terms import LiteralValue, NullValue, Term, ValueWrapper

from gongzhi_server.planner.rows import entity_of

from . import lists, looks
from .arguments import Given
from .budget import Budget
from .containment import PluginFault, build_rows, build_term
from .filters import apply_filter
from .parameters import Parameters
from .protection import ReadsProtected
from .rows import Rows, declared_by, permission_criterion, plugin_of, select_terms, switched_on_criterion
from .scalars import CASTS, as_declared, encode_term, json_leaf, quote_constant
from .statement import AnswerShape, PythonCall, Statement
from .viewer_scope import StatementScope

if TYPE_CHECKING:
    from .document import Document, Trait
    from .planner import Planner

# `row_to_json` of a subquery keeps the members in the order of the selection, as GraphQL asks for.
SINGLE = "(select row_to_json({0}) from {1} {0})"
IS_THERE = "jsonb_typeof({}::jsonb)<>'null'"
"""Whether a JSON value is neither missing nor null: PostgreSQL takes JSON's null for a value."""
NAMEDATALEN = 63
"""PostgreSQL cuts longer names off, and two that are cut alike are one."""

MASKED = "Unexpected error."

log = logging.getLogger("gongzhi")


class AnswerPath:
    """The way from the root of an answer to the field being compiled, by its keys.

    Behind a list it ends at the list: what goes wrong there goes wrong on all its rows, and no index is the one.
    """

    def __init__(self) -> None:
        self._keys: list[str] = []
        self._end: int | None = None

    @property
    def path(self) -> tuple[str, ...]:
        """The path that an error of this field carries."""
        return tuple(self._keys[: self._end])

    @property
    def exact(self) -> bool:
        """Whether the path leads to the field itself, and to one place only."""
        return self._end is None

    @contextmanager
    def step(self, key: str, of: GraphQLField | None = None) -> Iterator[None]:
        """Go into a field, and back at the end of the block."""
        before = self._end
        self._keys.append(key)
        # Only the outermost list ends the path; lists further in lie behind it already.
        if before is None and of is not None and isinstance(get_nullable_type(of.type), GraphQLList):
            self._end = len(self._keys)
        try:
            yield
        finally:
            self._keys.pop()
            self._end = before


def response_key(details: FieldDetailsList) -> str:
    """Return the name that a field has in the answer."""
    node = details[0].node
    return node.alias.value if node.alias else node.name.value


class PluginPartFailed(Exception):
    """A plugin's part of a statement failed, so the statement was made again without it."""


class Compiler:
    """One selection on its way to a statement: counts names and objects, and collects what goes wrong."""

    def __init__(
        self,
        planner: Planner,
        document: Document,
        variables: VariableValues,
        lens: StatementScope,
        without: str = "",
        traits: dict[Trait, None] | None = None,
    ) -> None:
        self.planner, self.schema, self.document = planner, planner.schema, document
        self.variables, self.lens = variables, lens
        # `plugins` is the set that the statement depends on: if
        # it fails, it is made again without each of them in turn.
        self.without, self.plugins = without, set[str]()
        self.errors: list[GraphQLError] = []
        self.checks: list[Term] = []
        self.opaque = False
        """Bound values that are read whether or not the text needs them: what is wrong with them is to be told."""
        self.lost: FieldNode | None = None
        self.lost_path: tuple[str, ...] = ()
        self.way = AnswerPath()
        self.fault: GraphQLError | None = None
        self.owner: str | None = None
        """The plugin whose fields are being planned; None for the core's."""
        # `times` is how often the object being compiled may come: the product of the sizes of the lists around it.
        self.cost, self.times = 0, 1
        self.part: Given | None = None
        self.within_plugin: str | None = None
        """The plugin whose field the rows at hand were reached by."""
        self.budget: Budget = Budget(planner.limits, lens.viewer)
        self.traits = {} if traits is None else traits
        self._names = itertools.count(1)

    # whole statements

    def root(self, kind: GraphQLObjectType, grouped: GroupedFieldSet) -> Statement:
        """Compile the selection of a root type into the statement for a whole answer."""

        def build() -> Statement:
            terms, shape = self.object(kind, check_alias_lengths(grouped), None, None)
            # Cast to text in the database: the answer goes out as these
            # bytes, and is parsed only where Python has to add to it.
            sql = Sql("select row_to_json(r)::text from {0} r", select_terms(*terms)) if terms else None
            return self.finish(sql, shape)

        return self.whole(build)

    def rows_by_key(self, entity: Entity, kind: GraphQLObjectType, details: FieldDetailsList, shown: bool) -> Statement:
        """Compile the selection of an entity into a statement for its rows by key."""

        def build() -> Statement:
            # What a mutation has just made is shown to whoever made it, although they might not see it otherwise.
            rows = Rows(entity, self.table(entity), None if shown else self.lens, None, None)
            terms, shape = self.object(kind, self.subfields(kind, details), rows.table, entity, rows)
            return self.keys(rows, terms, shape)

        return self.whole(build)

    def stream_statement(self, plan: Stream, of: GraphQLField, entity: Entity, details: FieldDetailsList) -> Statement:
        """Compile the rows over the outbox, of those with the given keys, that the viewer asks for and may see."""

        def build() -> Statement:
            table = self.table(entity)
            plugin = self.owner = of.extensions["strawberry-definition"].metadata.get(PLUGIN)
            at = Frame(table, table, self.lens, self.arguments_of(of, details[0].node))
            where = build_rows(plugin, plan.where, at) if plan.where else None
            rows = Rows(entity, table, self.lens, where, None, plugin)
            # A plugin's events are not told for counties that have not switched the plugin on.
            if (on_here := switched_on_criterion(plugin, entity, table)) is not None:
                rows.where(on_here)
            apply_filter(self, rows, at)
            kind: Any = get_named_type(of.type)
            with self.way.step(response_key(details)):
                terms, shape = self.object(kind, self.subfields(kind, details), table, entity, rows)
            return self.keys(rows, terms, shape)

        return self.whole(build)

    def whole(self, build: Callable[[], Statement]) -> Statement:
        """Run `build`; return a statement without an answer if a plugin failed and no field can be null for it."""
        try:
            return build()
        except PluginFault as fault:
            self.fail(fault, self.operation)
            return self.finish(None, AnswerShape())

    def keys(self, rows: Rows, terms: list[Term], shape: AnswerShape) -> Statement:
        """Narrow these rows to those with the keys that are given when the statement runs."""
        key = rows.table.field(rows.target.key)
        # One array parameter for any number of keys, so that the text, and PostgreSQL's plan for it, stay the same.
        rows.where(Sql("{0}=any({1})", key, ValueWrapper(Bind(lambda variables, context: variables["@keys"]))))
        return self.finish(rows.select(key.as_("key"), self.nest_terms(terms).as_("row")), shape)

    def finish(self, query: Any, shape: AnswerShape) -> Statement:
        """Write the text of a query and gather what a statement carries with it."""
        parameters = Parameters(self.budget)
        # Parameters are counted while the text is written, when no single field can be named any more.
        self.budget.node = None
        sql = query.get_sql(Query.SQL_CONTEXT.copy(parameterizer=parameters)) if query else ""
        values, plugins = tuple(parameters.values), frozenset(self.plugins)
        steps, fixed = self.budget.steps, tuple(self.errors)
        checks = tuple(term.value for term in self.checks if isinstance(term, ValueWrapper))
        shape.opaque = self.opaque
        lost = self.lost, steps, checks, self.lost_path
        return Statement(sql, values, shape, fixed, self.cost, plugins, *lost, fault=self.fault)

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
            self.plugins.add(plugin)
        terms: list[Term] = []
        shape = AnswerShape(entity, kind=kind.name)
        for key, details in grouped.items():
            with self.way.step(key, of=kind.fields.get(details[0].node.name.value)):
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
            shape.python = True
            return None
        around, reached, before = self.owner, self.within_plugin, len(self.errors)
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
            del self.errors[before:]
            self.tell(fault, f"{kind.name}.{node.name.value}")
            return self.replace_failed(fault.plugin, node, fault.__cause__)
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
        off = self.off(declared, row, entity)
        if plugin := declared.metadata.get(PLUGIN):
            self.plugins.add(plugin)
            if plugin == self.without:
                return self.replace_failed(plugin, node)
        if guard and not self.lens.can(guard.permission):
            term = self.denied_value(guard, kind, of, row, node)
        # The statement cannot compute a Python field. It sends which
        # rows Python must not be given, under the field's key.
        elif isinstance(plan, Batch):
            shape.select(node.name.value, False)
            shape.calls.append(PythonCall(key, plan, declared, of, details, self.way.path, self.way.exact))
            self.count(plan, get_named_type(of.type), details)
            return self.withheld(off, self.permission_condition(guard, row, entity))
        else:
            shape.select(node.name.value, isinstance(plan, Key) or declared.metadata.get(OPEN, False))
            # Restored by the caller if planning raises.
            around, self.within_plugin = self.within_plugin, plugin or self.within_plugin
            term, child = self.plan_field(plan, of, declared, details, row, entity)
            self.within_plugin = around
            shape.add(key, child)
            if guard and (held := self.permission_condition(guard, row, entity)) is not None:
                mask = self.mask(guard, of, row, node) if guard.masked else NullValue()
                # A permission may be held in one grid only, so it is a
                # condition on each row, not a fact about the viewer.
                term = Sql("case when {0} then {1} else {2} end", held, term, mask)
            if isinstance(plan, Sealed) and self.lens.known():
                shape.sealed.append(key)
        return Sql("case when {0} then null else {1} end", off, term) if off else term

    def off(self, declared: Any, row: Any, entity: Entity | None) -> Term | None:
        """Return the condition that the row lies where the field's plugin is off; None where it always is on."""
        on_here = switched_on_criterion(declared.metadata.get(PLUGIN), entity, row)
        return None if on_here is None else Sql("not {0}", on_here)

    def permission_condition(self, guard: Guard | None, row: Any, entity: Entity | None) -> Term | None:
        """Return the condition that the viewer holds the field's permission on the row; None if they hold it on all."""
        return permission_criterion(entity, row, self.lens, guard.permission) if guard and entity else None

    def withheld(self, off: Term | None, held: Term | None) -> Term:
        """Mark the rows that a Python field must not be given: true for those, null for the others."""
        # "Is not true" takes null for not held: a row without a grid is covered by no grant.
        if held is None:
            return off or NullValue()
        return Sql("nullif({0} or ({1}) is not true,false)", off or Sql("false"), held)

    def mask(self, guard: Guard, of: GraphQLField, row: Any, node: FieldNode) -> Term:
        """Return the term that stands for a value whose permission the viewer does not hold."""
        assert guard.masked
        return self.value(of.type, guard.masked, Frame(row, row, self.lens, self.arguments_of(of, node)))

    def count(self, plan: Batch, kind: Any, details: FieldDetailsList) -> None:
        """Count what a Python field costs, now; its rows are planned when they are known."""
        target = self.planner.entities.get(kind.name)
        if target is None:
            self.cost += self.times * plan.cost
        else:
            before, rows = len(self.errors), Rows(target, self.table(target), self.lens, None, None)
            lists.plan_repeated_object(self, plan.cost, kind, details, rows)
            del self.errors[before:]  # they come with the rows

    def denied_value(self, guard: Guard, kind: GraphQLObjectType, of: GraphQLField, row: Any, node: FieldNode) -> Term:
        """Return what somebody without the permission sees: a mask, or null and an error for the selected field."""
        if guard.masked:
            return self.mask(guard, of, row, node)
        name = f"{kind.name}.{node.name.value}"
        message = f"{name} needs the permission {guard.permission!r}."
        extensions = {"code": "FORBIDDEN", "field": name, "permission": guard.permission}
        self.errors.append(GraphQLError(message, node, path=self.way.path, extensions=extensions))
        return NullValue()

    def replace_failed(self, plugin: str, node: FieldNode, cause: BaseException | None = None) -> Term:
        """Return what stands for a field of a plugin that failed, null, and add a masked error."""
        self.errors.append(mask_plugin_error(plugin, node, cause or PluginPartFailed(plugin), self.way.path))
        return NullValue()

    def fail(self, fault: PluginFault, node: FieldNode | OperationDefinitionNode) -> None:
        """Let the whole statement fail, because what was asked for cannot be answered without the plugin."""
        self.tell(fault, node.name.value if node.name else "the operation")
        self.fault = self.fault or mask_plugin_error(fault.plugin, node, fault.__cause__ or fault)

    def tell(self, fault: PluginFault, where: str) -> None:
        """Log why a plugin's part of a statement cannot be made."""
        cause = fault.__cause__
        if isinstance(cause, ReadsProtected):
            log.error("the plugin %s %s, in %s", fault.plugin, cause, where)
        else:
            log.error("a builder of the plugin %s failed in %s", fault.plugin, where, exc_info=cause)

    def leaves_out(self, plugin: str, node: FieldNode) -> bool:
        """Return whether a condition of the plugin is to be left out, because a statement failed with it.

        Nobody asked for the rows without it, as they might do without a field: then there is no answer.
        """
        self.plugins.add(plugin)
        if plugin != self.without:
            return False
        self.lost, self.lost_path = node, self.way.path
        return True

    def plan_field(
        self, plan: Plan, of: GraphQLField, declared: Any, details: FieldDetailsList, row: Any, entity: Any
    ) -> tuple[Term, AnswerShape]:
        """Compile a field by the kind of its plan, and return its term with what Python has to do inside it."""
        given = self.arguments_of(of, details[0].node)
        frame = Frame(row, row, self.lens, given, self.part, self.planner.registers)
        kind: Any = get_named_type(of.type)
        match plan:
            case Key():
                return Sql(f"'{entity.name}:'||{{0}}", row.field(entity.key)), AnswerShape()
            case Column(name):
                return encode_term(of.type, row.field(entity.column(name))), AnswerShape()
            case Expression(build):
                return self.value(of.type, build, frame), AnswerShape()
            case Sealed():
                return self.plan_sealed(plan, of, frame), AnswerShape()
            case Embedded(build):
                once = self.name("j")  # computed once, however many of its fields are asked for
                inner = self.plan_embedded(of.type, details, Sql(f"{once}.value"))
                value = build_term(self.owner, build, frame)
                # "Offset 0" keeps PostgreSQL from folding the subquery,
                # which would compute the value once for each of its fields.
                return Sql(f"(select {{0}} from (select {{1}} as value offset 0) {once})", inner, value), AnswerShape()
            case Part(present):
                there = build_term(self.owner, present, frame) if present else None
                return self.plan_part(given, there, kind, details, row, entity)
            case Choice(argument):
                return self.choice(given, argument, details)
            case Aggregate():
                return self.aggregate(plan, of, frame, entity), AnswerShape()
        return self.plan_related(
            plan, entity_of(declared.type), kind, details, frame, entity, declared.metadata.get(OPEN)
        )

    def value(self, kind: GraphQLOutputType, build: Build, frame: Frame) -> Term:
        """Build a value as its type is sent; a plugin's is cast to the type it declares."""
        term = build_term(self.owner, build, frame)
        # The core's builders are covered by tests of types; a plugin's wrong type must fail here, with its name.
        return encode_term(kind, as_declared(kind, term) if self.owner else term)

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
        if not self.lens.known():
            return mask
        text = "case when {0} then json_build_object('@sealed',{1},'mask',{2}) else to_json({2}) end"
        return Sql(text, plan.mine(frame), plan.value(frame), mask)

    # relations

    def plan_related(
        self,
        plan: Plan,
        target: Entity,
        kind: Any,
        details: FieldDetailsList,
        frame: Frame,
        entity: Entity | None,
        open: bool | None,
    ) -> tuple[Term, AnswerShape]:
        """Compile a relation: one row by foreign key, one picked row, or many."""
        table = self.table(target)
        at = Frame(frame.row, table, self.lens, frame.given)
        match plan:
            case One(key):
                rows = Rows(target, table, self.lens, None, None)
                rows.where(Sql("{0}={1}", table.field(target.key), frame.row.field(entity.column(key))))  # type: ignore[union-attr]
                return self.single(rows, kind, details)
            case Pick():
                # Asked for by itself at the root, a row is a look at
                # its file; reached from its owner, the owner's is.
                rows = self.rows(target, plan, at, entity, None if plan.shown else self.lens)
                rows.alone, rows.covered = entity is None, self.is_reached_from_owner(rows, plan, open)
                return self.single(rows, kind, details, plan.order)
            case Many():
                rows = self.rows(target, plan, at, entity, self.lens)
                rows.covered = self.is_reached_from_owner(rows, plan, open)
                rows.rebuild_on = lambda table: self.rows(target, plan, replace(at, rows=table), entity, self.lens)
                make = lists.plan_page if isinstance(plan, Page) else lists.plan_list
                return make(self, plan, rows, kind, details, at)
        raise TypeError(f"{plan} is not a relation")

    def is_reached_from_owner(self, rows: Rows, plan: Pick | Many, open: bool | None) -> bool:
        """Return whether the rows were reached from their owner, by a field that is itself a look at its file."""
        return bool(plan.on) and plan.on == rows.target.through and not open

    def rows(
        self,
        target: Entity,
        plan: Pick | Many | Aggregate,
        at: Frame,
        entity: Entity | None,
        lens: StatementScope | None,
    ) -> Rows:
        """Return the target's rows that belong to the row the field stands on, of those the viewer may see."""
        # The owner's visibility has been checked where the field stands; it need not be checked for each row again.
        owner = plan.on if plan.on == target.through else None
        rows = Rows(target, at.rows, lens, build_rows(self.owner, plan.where, at) if plan.where else None, owner)
        if plan.on and entity:
            rows.where(Sql("{0}={1}", at.rows.field(target.column(plan.on)), at.row.field(entity.key)))
        return rows

    def single(self, rows: Rows, kind: Any, details: FieldDetailsList, order: str = "") -> tuple[Term, AnswerShape]:
        """Compile one row as a subquery that gives its JSON object, or null."""
        terms, shape = self.object(kind, self.subfields(kind, details), rows.table, rows.target, rows)
        query = (
            rows.select_ordered(rows.keys(order), 1).select(*terms_or_empty(terms))
            if order
            else rows.select(*terms_or_empty(terms))
        )
        return Sql(SINGLE, self.name("x"), query), shape

    def choice(self, given: Given, argument: str, details: FieldDetailsList) -> tuple[Term, AnswerShape]:
        """Compile a row of whatever type a global id names."""
        # The type is part of the statement's key, so each type has a statement of its own.
        named = given.trait(argument, of=type_name)
        target = self.planner.entities.get(named or "")
        if target is None:
            return NullValue(), AnswerShape()
        plugin = plugin_of(target)
        if plugin and plugin == self.without:
            self.plugins.add(plugin)
            return self.replace_failed(plugin, details[0].node), AnswerShape()
        rows = Rows(target, self.table(target), self.lens, None, None)
        rows.alone = True
        key = given.bind(argument, convert=target.parse)
        rows.where(Sql("{0}={1}", rows.table.field(target.key), key))
        return self.single(rows, self.schema.type_map[target.name], details)

    def aggregate(self, plan: Aggregate, of: GraphQLField, frame: Frame, entity: Entity | None) -> Term:
        """Compile a value over all the rows of a relation, such as a count."""
        target: Entity = plan.of().__entity__  # type: ignore[attr-defined]
        at = Frame(frame.row, self.table(target), self.lens, frame.given)
        rows = self.rows(target, plan, at, entity, self.lens)
        return Sql("{0}", rows.whole().select(self.value(of.type, plan.build, at)))

    def plan_embedded(self, of: GraphQLOutputType, details: FieldDetailsList, value: Term) -> Term:
        """Compile the selected fields of JSON objects."""
        found = get_nullable_type(of)
        if isinstance(found, GraphQLList):
            item = self.name("j")
            inner = self.plan_embedded(found.of_type, details, Sql(f"{item}.value"))
            text = f"(select coalesce(json_agg({{0}}),'[]') from jsonb_array_elements({{1}}) {item})"
            # A JSON null would otherwise be taken for a value and expanded.
            return Sql(f"case when {IS_THERE.format('{1}')} then {text} end", inner, value)
        if not isinstance(found, GraphQLObjectType):
            # JSON of a plugin may hold anything: each leaf is cast,
            # so that a wrong type fails here and not in a client.
            return json_leaf(found, value) if self.owner else value
        self.cost += self.times
        terms: list[Term] = []
        for key, inside in self.subfields(found, details).items():
            name = inside[0].node.name.value
            if name == "__typename":
                terms.append(LiteralValue(quote_constant(found.name)).as_(key))
            else:
                part = Sql("({0}->{1})", value, LiteralValue(quote_constant(name)))
                terms.append(self.plan_embedded(found.fields[name].type, inside, part).as_(key))
        return Sql(f"case when {IS_THERE.format('{0}')} then {{1}} end", value, self.nest_terms(terms))

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

    def name(self, letter: str) -> str:
        return f"{letter}{next(self._names)}"


def mask_plugin_error(
    plugin: str, node: Node, cause: BaseException, path: tuple[str, ...] | None = None
) -> GraphQLError:
    """Make the error for what a plugin failed in. Only its name is told; the cause goes to the log."""
    original = cause if isinstance(cause, Exception) else PluginPartFailed(plugin)
    return GraphQLError(MASKED, node, path=path, extensions={"plugin": plugin}, original_error=original)


def check_alias_lengths(grouped: GroupedFieldSet) -> GroupedFieldSet:
    """Return the fields unchanged. Raise GraphQLError for a key that PostgreSQL would cut off."""
    for key, details in grouped.items():
        if len(key) > NAMEDATALEN:
            message = f"The alias of {details[0].node.name.value} is longer than {NAMEDATALEN} characters."
            raise GraphQLError(message, details[0].node)
    return grouped


def type_name(text: str) -> str:
    """Return the type of a global id, `Type:key`."""
    return text.partition(":")[0]


def terms_or_empty(terms: list[Term]) -> list[Term]:
    """Return the terms, or the empty selection that PostgreSQL allows and pypika does not."""
    return terms or [Sql("")]
