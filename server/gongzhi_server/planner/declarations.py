"""Declaration checks: refuses at the start what cannot be planned, by type and field."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gongzhi.core.events.models import OutboxRow
from gongzhi.declare.columns import BytesField
from gongzhi.declare.entity import Entity
from gongzhi.declare.plans import (
    LIVE,
    PLAN,
    PLUGIN,
    Aggregate,
    Batch,
    Choice,
    Column,
    Embedded,
    Expression,
    Frame,
    Live,
    Many,
    One,
    Page,
    Part,
    Pick,
    Sealed,
    Stream,
)
from gongzhi.declare.relay import Connection
from gongzhi.declare.sql import Alternatives, Sql
from gongzhi.values.errors import DeclarationError
from graphql import (
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_list_type,
    is_required_argument,
)
from pypika_tortoise.queries import Table
from pypika_tortoise.terms import Term

from gongzhi_server.planner.containment import check_alternatives

from .containment import as_term
from .rows import plugin_of


def check_declarations(schema: GraphQLSchema, entities: Mapping[str, Entity]) -> None:
    """Check every planned field. Raises DeclarationError for the first that cannot work."""
    for entity in entities.values():
        owners = {field.python_name for field in entity.cls.__strawberry_definition__.fields}  # type: ignore[attr-defined]
        if entity.through and entity.through not in entity.model._meta.fk_fields:
            raise DeclarationError(f"{entity.name} is seen through {entity.through!r}, which is no relation of it")
        if entity.through and entity.through not in owners:
            raise DeclarationError(
                f"{entity.name} is seen through {entity.through!r}, which is no field of it: declare it with one(…)"
            )
        # The core's rules are run by its tests; a plugin's are tried here, before anybody depends on them.
        if entity.cls.__module__.partition(".")[0] != "gongzhi":
            try_builder(
                f"the rule of {entity.name}", check_alternatives, entity.visible, table_of(entity, "probe"), Probe()
            )
    for name, kind in schema.type_map.items():
        for field, of in kind.fields.items() if isinstance(kind, GraphQLObjectType) else ():
            if is_planned(of):
                metadata = of.extensions["strawberry-definition"].metadata
                check = FieldCheck(f"{name}.{field}", of.type, entities)
                check.plan(metadata[PLAN], entities.get(name))
                if found := metadata.get(LIVE):
                    check.live(found, schema)
                owner = entities.get(name)
                if metadata.get(PLUGIN) or owner and plugin_of(owner):
                    check.rules(metadata[PLAN])


class FieldCheck:
    """The checks of one field; `where` is its name in errors."""

    def __init__(self, where: str, type: Any, entities: Mapping[str, Entity]) -> None:
        self.where, self.type, self.named = where, type, get_named_type(type)
        self.connection = is_connection(self.named)
        rows = self.named.fields["nodes"].type if self.connection else type
        self.target = entities.get(get_named_type(rows).name)

    @property
    def listed(self) -> bool:
        return is_list_type(get_nullable_type(self.type))

    def fail(self, why: str) -> None:
        """Raise DeclarationError that names the field."""
        raise DeclarationError(f"{self.where} {why}")

    def plan(self, plan: Any, entity: Entity | None) -> None:
        """Check that a plan and the declared type of its field go together."""
        match plan:
            case None:
                self.fail("does not say how it is made; give the name of its column or key")
            case Column() | Expression() | Sealed() | Aggregate() if not is_leaf_type(self.named):
                self.fail("is a value, so its type cannot be an object")
            case Page() if not self.connection:
                self.fail("comes a page at a time, so its type must be a Connection")
            case Many() if not isinstance(plan, Page) and (self.connection or not self.listed):
                self.fail("has many rows, so its type must be a list")
            case Stream() if self.target is None or self.target.model is not OutboxRow:
                self.fail("is a stream of events, so its type must be an entity over the outbox")
            case Stream() if not self.where.startswith("Subscription."):
                self.fail("is a stream of events, which only Subscription has")
            case One() | Pick() | Part() | Choice() if self.connection or self.listed:
                self.fail("is one object, so its type must be one")
            case Part() if loose := [name for name, of in self.named.fields.items() if not is_planned(of)]:
                self.fail(f"is part of a row, so {self.named.name}.{loose[0]} must say how it is made")
            case Embedded() if is_leaf_type(self.named):
                self.fail("has fields of its own, so its type must be an object")
            case Batch() if not is_leaf_type(self.named) and self.target is None:
                self.fail(f"returns {self.named.name}, which is kept in no table")
        # A part may stand in rows of several types, so its columns cannot be checked against one.
        if entity:
            self.columns(plan, entity)
        if isinstance(plan, Pick | Many | Aggregate):
            self.relation(plan, plan.of().__entity__ if isinstance(plan, Aggregate) else self.target)  # type: ignore[attr-defined]

    def live(self, plan: Live, schema: GraphQLSchema) -> None:
        """Check that each of its events is told by a stream, whose rule says who may notice that it happened."""
        published = frozenset[str]().union(*streams_of(schema).values())
        if unknown := [one.type for one in plan.events if one.type not in published]:
            self.fail(f"changes with {unknown[0]!r}, of which no stream tells, so nobody may know of it")

    def rules(self, plan: Any) -> None:
        """Try its builders with a viewer and arguments that stand for nobody in particular."""
        table = table_of(self.target, "rows") if self.target else Table("rows")
        at: Any = Frame(Table("row"), table, Probe(), NoArguments(), NoArguments())
        if where := getattr(plan, "where", None):
            try_builder(self.where, check_alternatives, where, at)
        if build := getattr(plan, "build", None):
            try_builder(self.where, as_term, build, at)

    def columns(self, plan: Any, entity: Entity) -> None:
        """Check that the columns it reads of its own row exist and are not sealed."""
        if isinstance(plan, One) and plan.key not in entity.model._meta.fk_fields:
            self.fail(f"follows {plan.key!r}, which is no foreign key of {entity.model.__name__}")
        names = plan.needs if isinstance(plan, Batch) else (plan.name,) if isinstance(plan, Column) else ()
        for name in names:
            if entity.column(name) not in table_columns(entity):
                self.fail(f"reads {name!r}, which {entity.model.__name__} does not have")
            elif isinstance(entity.model._meta.fields_map.get(name), BytesField):
                self.fail(f"reads {name!r}, which is sealed and never sent")

    def relation(self, plan: Any, target: Entity | None) -> None:
        """Check what it asks of other rows; a page is ordered by a column that is never null."""
        assert target
        if plan.on and self.where.startswith(("Query.", "Subscription.")):
            self.fail(f"finds its rows by {plan.on!r}, but hangs on no row")
        if plan.on and plan.on not in target.model._meta.fk_fields:
            self.fail(f"finds its rows by {plan.on!r}, which is no foreign key of {target.model.__name__}")
        order = getattr(plan, "order", "").removeprefix("-")
        if order and order not in target.model._meta.fields_map:
            self.fail(f"is ordered by {order!r}, which {target.model.__name__} does not have")
        # A cursor is compared as a row of values, and a comparison
        # with null is neither true nor false: rows would be lost.
        if order and isinstance(plan, Page) and target.model._meta.fields_map[order].null:
            self.fail(f"is ordered by {order!r}, which may be null")


class Probe:
    """A viewer in whose place a rule is tried at the start: somebody with every permission, in one grid and unit."""

    now = today = person = account = glass = Sql("null")

    def can(self, permission: str) -> bool:
        return True

    def broken(self) -> bool:
        return False

    def covers(self, wider: str, permission: str) -> bool:
        return False

    def known(self) -> bool:
        return True

    def within(self, table: Table, permission: str) -> Alternatives:
        return [Sql("true")]

    def units(self, permission: str | None = None) -> list[Term]:
        return [Sql("0")]


class NoArguments:
    """The arguments of a field that was given none."""

    def __contains__(self, name: str) -> bool:
        return False

    def bind(self, *path: str | int, convert: Any = None, cast: str = "") -> Term:
        return Sql("null")

    def whole(self, convert: Any, cast: str = "") -> Term:
        return Sql("null")

    def trait(self, *path: str | int, of: Any) -> Any:
        return None


def try_builder(where: str, check: Callable[[Any], Any], build: Callable[..., Any], *given: Any) -> None:
    """Call a builder. Raises DeclarationError for one that gives what is not due, or SQL that is no whole."""
    try:
        found = build(*given)
    except DeclarationError as error:
        raise DeclarationError(f"{where}: {error}") from error
    except Exception:
        return  # it may be good for others; what fails while serving is contained there
    try:
        check(found)
    except DeclarationError as error:
        raise DeclarationError(f"{where}: {error}") from error


def table_of(entity: Entity, alias: str) -> Table:
    """Return an entity's table under an alias."""
    meta = entity.model._meta
    return Table(meta.db_table, schema=meta.schema, alias=alias)


def table_columns(entity: Entity) -> set[str]:
    """Return the columns of an entity's table, those of foreign keys included."""
    meta = entity.model._meta
    return {*meta.fields_db_projection.values(), *(entity.column(key) for key in meta.fk_fields)}


def streams_of(schema: GraphQLSchema) -> dict[str, frozenset[str]]:
    """Return the streams that can be followed without arguments, and the event types that each tells of."""
    root, found = schema.subscription_type, {}
    for name, field in root.fields.items() if root else ():
        plan = field.extensions["strawberry-definition"].metadata.get(PLAN)
        if isinstance(plan, Stream) and not any(map(is_required_argument, field.args.values())):
            found[name] = frozenset(one.type for one in plan.events)
    return found


def is_planned(of: GraphQLField) -> bool:
    """Return whether a field was made with the words of `gongzhi.declare.entity`."""
    declared = of.extensions.get("strawberry-definition")
    return declared is not None and PLAN in declared.metadata


def is_connection(kind: Any) -> bool:
    """Return whether a type is a Connection of something."""
    definition = kind.extensions.get("strawberry-definition")
    return getattr(getattr(definition, "concrete_of", None), "origin", None) is Connection
