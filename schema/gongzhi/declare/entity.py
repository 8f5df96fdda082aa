"""Entities: GraphQL types declared over Tortoise models, which the server turns into SQL.

    @entity(CaseRow, visible=mine, order=("reported_at",), filter={"status": None, "grid": placed()})
    class Case(Node):
        '''A matter that somebody raised (诉求).'''

        number: str = column("The case's number (编号).")
        grid: Grid | None = one("Where it lies (网格).")
        events: list[Event] = many("What happened (经过).", on="case", order="at", cap=100)

A plugin uses the same words: `extend(Case, visits=many("…", on="case", type=list[Visit] | None, requires="…"))`.
"""

from __future__ import annotations

import datetime
import inspect
import sys
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeVar

import strawberry
from pypika_tortoise.queries import Table
from strawberry import ID
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.field import StrawberryField
from tortoise.fields.base import Field
from tortoise.models import Model

from gongzhi.declare.columns import BytesField
from gongzhi.declare.events import Event, Occurrence
from gongzhi.declare.fields import Declared
from gongzhi.declare.filters import Comparison, compare_term, comparison_for
from gongzhi.declare.plans import (
    DECIDED,
    GUARD,
    LIVE,
    OPEN,
    PLAN,
    Aggregate,
    Argument,
    Arguments,
    Batch,
    Build,
    Choice,
    Column,
    Embedded,
    Expression,
    Guard,
    Live,
    Many,
    One,
    Page,
    Part,
    Pick,
    Plan,
    Sealed,
    Stream,
    Where,
)
from gongzhi.declare.relay import Connection as Connection
from gongzhi.declare.relay import Node as Node
from gongzhi.declare.sql import Alternatives, Sql
from gongzhi.declare.viewer import ViewerScope
from gongzhi.values.errors import DeclarationError

T = TypeVar("T")

Visible = Callable[[Table, ViewerScope], Alternatives]

Held = Callable[[Table, ViewerScope, str], Alternatives]
"""On which rows of a table the viewer holds a permission."""

File = Callable[[Table, ViewerScope], Sql]
"""From a row to the people whose file it is: an array of the keys of persons."""

Requires = str | None
"""The permission a field needs; None means that anybody may ask who sees the row."""

SEEN = ""
"""Nothing was said. The core's own fields are seen with their row; a plugin must say."""

PAGE = 100
"""The largest page of a connection."""

USUAL = 50
"""How many rows come when nobody says how many."""


def visible_to_all(row: Table, viewer: ViewerScope) -> Alternatives:
    """Return every row to everybody."""
    return None


@dataclass(frozen=True, eq=False)
class Entity:
    """What the planner knows of a GraphQL type that is kept in a table.

    `visible` tells which rows a viewer may see. A row that belongs to another (`through` names the relation)
    is seen with it: reached from its owner, only `visible` is asked; by any other way, the owner must be
    visible too.

    `file` tells whose file a row is. Whoever reads more of it than what is declared `open`, or reads it by itself,
    takes a look, which those people are told of (docs/plugins/privacy.md). What is seen with another row belongs to
    its file. A condition or an order tells what the field of its name tells: one that is not `open` is a look at
    those it finds.
    """

    cls: type
    model: type[Model]
    visible: Visible
    through: str | None
    order: tuple[str, ...]
    filter: Mapping[str, Comparison]
    held: Held | None = None
    """On which rows a permission is held, where that is not told by where they lie."""
    file: File | None = None

    @property
    def name(self) -> str:
        return self.cls.__strawberry_definition__.name  # type: ignore[attr-defined, no-any-return]

    @property
    def key(self) -> str:
        return self.model._meta.db_pk_column

    def is_open(self, name: str) -> bool:
        """Return whether a condition or order on this tells no more than a field that is read without a look."""
        fields = self.cls.__strawberry_definition__.fields  # type: ignore[attr-defined]
        return any(one.python_name == name and one.metadata.get(OPEN, False) for one in fields)

    @property
    def open(self) -> bool:
        """Whether everybody sees every row."""
        return self.visible is visible_to_all and self.through is None

    def column(self, name: str) -> str:
        """Return the column of a field of the model; a foreign key's is found by the relation's name too."""
        meta = self.model._meta
        if name in meta.fk_fields:
            return getattr(meta.fields_map[name], "source_field", None) or f"{name}_id"
        return meta.fields_db_projection.get(name, name)

    def field(self, name: str) -> Field[Any]:
        """Return the model's field that is kept in this column, or has this name."""
        meta = self.model._meta
        return meta.fields_map[meta.fields_db_projection_reverse.get(name, name)]

    def python(self, name: str, value: Any) -> Any:
        """Return a JSON value of a column as the model has it."""
        return value if value is None else self.field(name).to_python_value(value)

    def parse(self, text: str) -> Any:
        """Return the key inside a global id; None, which no row has, for what is no id of this type."""
        name, _, key = text.partition(":")
        try:
            # An id of another type is no error here: it finds nothing, as an id of a row that is not there.
            return self.python(self.key, key) if name == self.name else None
        except (ValueError, TypeError):
            return None


@dataclass(frozen=True)
class Ref:
    """A row known by its key. Return it where an entity is due, and its selection is planned.

    If it is `shown`, the viewer has a right to this very row whatever the type's rule says.
    """

    entity: Entity
    key: Any
    shown: bool = False


def ref(cls: type, key: Any, *, shown: bool = False) -> Any:
    """Return the entity of this type with this key. `shown` is for what the caller has just made."""
    return Ref(cls.__entity__, key, shown)  # type: ignore[attr-defined]


def entity(
    model: type[Model],
    *,
    visible: Visible,
    through: str | None = None,
    order: tuple[str, ...] = (),
    filter: Mapping[str, Comparison | None] | None = None,
    file: File | None = None,
    name: str | None = None,
    held: Held | None = None,
) -> Callable[[type[T]], type[T]]:
    """Declare a GraphQL type over a model. Its docstring is the description.

    A filter of None compares the field of that name by its type. A field that `requires` a permission shows itself
    on the rows on which the viewer holds it: `held` tells which; without it those that lie in their grids, those
    whose owner (`through`) does, or all rows of a table that knows no place. Raises DeclarationError, naming the
    type and the field, for what cannot be planned.
    """

    def decorate(cls: type[T]) -> type[T]:
        made: Any = strawberry.type(cls, name=name, description=inspect.getdoc(cls))
        definition = made.__strawberry_definition__
        # A cursor compares by `<` and `>`, and null compares with nothing, so pages would lose rows.
        nullable = [one for one in order if model._meta.fields_map[one].null]
        if nullable:
            raise DeclarationError(f"{cls.__name__} cannot be ordered by {nullable}, which may be null")
        for declared in definition.fields:
            declared.metadata = {**declared.metadata, PLAN: _infer_plan(model, cls.__name__, declared)}
        columns = {one.python_name: getattr(one.metadata[PLAN], "name", one.python_name) for one in definition.fields}
        comparisons = {
            name: given or _plainly(model, cls, name, columns.get(name, name)) for name, given in (filter or {}).items()
        }
        made.__entity__ = Entity(made, model, visible, through, order, comparisons, held, file)
        return made  # type: ignore[no-any-return]

    return decorate


def part(cls: type[T]) -> type[T]:
    """Declare an object whose fields are planned on the row it is found on."""
    return strawberry.type(cls, description=inspect.getdoc(cls))


def column(description: str, *, name: str | None = None, requires: Requires = SEEN, open: bool = False) -> Any:
    """Declare the model's column of the same name, or `name`. Reading what is `open` is no look at a file."""
    return _field(Column(name) if name else None, description, None, requires, open=open)


def sealed_value(description: str, *, mask: Build, mine: Build, value: Build, requires: Requires = SEEN) -> Any:
    """Declare a protected value: masked, and in clear on a row of one's own (`plans.Sealed`)."""
    # Open, since a mask is no look; to be shown another's value is one, and is asked for by a command.
    return _field(Sealed(mask, mine, value), description, None, requires, open=True)


def one(
    description: str, *, key: str | None = None, type: Any = None, requires: Requires = SEEN, open: bool = False
) -> Any:
    """Declare the row that the foreign key of the same name, or `key`, points to."""
    return _field(One(key) if key else None, description, type, requires, open=open)


def pick(
    description: str,
    where: Where | None = None,
    *,
    on: str | None = None,
    order: str = "",
    shown: bool = False,
    arguments: Arguments | None = None,
    type: Any = None,
    requires: Requires = SEEN,
) -> Any:
    """Declare the first row whose foreign key `on` points here and that meets `where`, by `order` (minus: descending).

    `shown` means that whoever meets the condition may see the row, as the holder of a receipt may: use it
    where the condition contains a secret, and nowhere else.
    """
    return _field(Pick(where, on, order, shown), description, type, requires, arguments=arguments)


def lookup(description: str, said: str, *, by: str, type: Any = None, requires: Requires = SEEN) -> Any:
    """Declare the row whose column `by` is the text given as the argument of that name, which `said` describes."""

    def where(at: Any) -> Alternatives:
        return [at.rows.field(by) == at.given.bind(by)]

    return _field(Pick(where), description, type, requires, arguments={by: Argument(str, said)})


def choice(description: str) -> Any:
    """Declare the row that a global id names, whatever its type."""
    arguments = {"id": Argument(ID, "The object's global id (全局标识).")}
    return _field(Choice(), description, typing.Optional[Node], SEEN, arguments=arguments)  # noqa: UP045


def many(
    description: str,
    where: Where | None = None,
    *,
    on: str | None = None,
    order: str = "",
    cap: int = PAGE,
    type: Any = None,
    requires: Requires = SEEN,
    arguments: Arguments | None = None,
    open: bool = False,
) -> Any:
    """Declare the rows whose foreign key `on` points here and that meet `where`; `cap` at most."""
    return _field(Many(where, on, order, cap), description, type, requires, arguments=arguments, open=open)


def connection(
    description: str,
    where: Where | None = None,
    *,
    on: str | None = None,
    order: str = "",
    cap: int = PAGE,
    type: Any = None,
    requires: Requires = SEEN,
    arguments: Arguments | None = None,
) -> Any:
    """Declare a Relay connection to the rows whose foreign key `on` points here; `cap` is the largest page."""
    return _field(Page(where, on, order, cap), description, type, requires, arguments=arguments)


def expression(
    description: str,
    build: Build,
    *,
    type: Any = None,
    requires: Requires = SEEN,
    masked: Build | None = None,
    arguments: Arguments | None = None,
    sealed: bool = False,
) -> Any:
    """Declare a value the database computes; without the permission `requires` it is null, or `masked`.

    A `sealed` one is opened for whoever sees the row: it is text, or JSON of what opens it (`OPENING`).
    """
    return _field(Expression(build, sealed), description, type, requires, masked, arguments)


def embedded(
    description: str,
    build: Build,
    *,
    type: Any = None,
    requires: Requires = SEEN,
    arguments: Arguments | None = None,
    sealed: tuple[str, ...] = (),
) -> Any:
    """Declare objects the database has as JSON. Their keys are the type's field names in the schema (camelCase).

    Those that are `sealed` are opened, as a sealed `expression` is.
    """
    return _field(Embedded(build, sealed), description, type, requires, arguments=arguments)


def within_row(
    description: str,
    present: Build | None = None,
    *,
    type: Any = None,
    requires: Requires = SEEN,
    arguments: Arguments | None = None,
) -> Any:
    """Declare a `part` of the row; null where `present` does not hold. Its fields find its arguments in `at.part`."""
    return _field(Part(present), description, type, requires, arguments=arguments)


def aggregate(
    description: str,
    of: Callable[[], type],
    build: Build,
    where: Where | None = None,
    *,
    on: str | None = None,
    type: Any = None,
    requires: Requires = SEEN,
    arguments: Arguments | None = None,
) -> Any:
    """Declare a value computed from the rows of another type that the viewer may see."""
    return _field(Aggregate(of, build, where, on), description, type, requires, arguments=arguments)


def stream(
    description: str,
    where: Where | None = None,
    *,
    events: tuple[type[Event], ...],
    type: Any = None,
    requires: Requires = SEEN,
    arguments: Arguments | None = None,
) -> Any:
    """Declare a field of Subscription: what is told of each of these events, in order, from any point in time.

    Its type is an entity over `gongzhi.core.events.models.OutboxRow`, whose rule says who may know of an event. The
    lists' filter, `after` and `since` come by themselves; `where` sees the rows and the field's own arguments.
    """
    return _field(Stream(events, where), description, type, requires, arguments={**(arguments or {}), **BEGINNING})


BEGINNING = {
    "after": Argument(typing.Optional[str], "The last cursor you have seen; what followed comes first (续传游标)."),  # noqa: UP045
    "since": Argument(typing.Optional[datetime.datetime], "Or a time: what happened from then on first (起始时间)."),  # noqa: UP045
}


def live(
    field: StrawberryField,
    *,
    events: tuple[type[Event], ...],
    touches: Callable[[Occurrence, Mapping[str, Any]], bool] | None = None,
    handled: str | None = None,
) -> Any:
    """Declare a field of Subscription: a `lookup` or `pick` as it is now, and again after each event that changes it.

    `touches(event, arguments)` tells whether an event may change it; of several at once only the outcome is told. What
    a handler makes of the events is told once the handler of the name `handled` has had them.
    """
    field.metadata = MappingProxyType({**field.metadata, LIVE: Live(events, touches, handled)})
    return field


def batch(
    *, needs: tuple[str, ...] = (), requires: Requires = SEEN, cost: int = 1
) -> Callable[[Callable[..., Any]], Any]:
    """Make a Python function a field: `async def f(rows, info, **arguments) -> list[T]`, one value a row.

    It is called once for all rows of the answer that the field is asked on. Each row has the columns `needs`
    and no others. It is several times slower than an expression (docs/plugins), so prefer one. The docstring
    is the description.
    """

    def decorate(function: Callable[..., Any]) -> Any:
        hints = typing.get_type_hints(function)
        [kind] = typing.get_args(hints.pop("return"))
        extra = list(inspect.signature(function).parameters.values())[2:]
        arguments = {one.name: Argument(hints[one.name], f"{one.name} (参数).", default=one.default) for one in extra}
        made = _field(Batch(function, needs, cost), inspect.getdoc(function) or "", kind, requires, arguments=arguments)
        return made

    return decorate


def key_of(cls: type) -> Callable[[str], Any]:
    """Return the function from a global id to the key of this type; see `Entity.parse`."""
    return cls.__entity__.parse  # type: ignore[attr-defined, no-any-return]


def build_argument(name: str, declared: Argument) -> StrawberryArgument:
    """Return an argument as strawberry has it."""
    default = strawberry.UNSET if declared.default is None else declared.default
    if default is inspect.Parameter.empty:
        default = strawberry.UNSET
    return StrawberryArgument(
        name, None, StrawberryAnnotation(declared.type), default=default, description=declared.description
    )


def _plainly(model: type[Model], cls: type, name: str, field: str) -> Comparison:
    """Compare a column by the type the field is annotated with; other annotations may not resolve yet.

    `field` is what the model calls it. Raises DeclarationError for a filter by what the model has no column for.
    """
    # Annotations are texts, and other fields may name types that are not made yet, so only this one is evaluated. It
    # is source code of the core or of a plugin, never input.
    hint = eval(cls.__annotations__[name], vars(sys.modules[cls.__module__]))
    column = model._meta.fields_db_projection.get(field)
    if column is None:
        raise DeclarationError(f"{cls.__name__}: the filter {name!r} compares no column of {model.__name__}")
    return compare_term(lambda at: at.rows.field(column), comparison_for(hint))


def _infer_plan(model: type[Model], owner: str, declared: StrawberryField) -> Plan:
    """Return the plan of a field that does not say, by the model's name for it."""
    if plan := declared.metadata.get(PLAN):
        name, meta = getattr(plan, "name", None), model._meta
        if name is not None and name not in meta.fields_map:
            raise DeclarationError(f"{owner}.{declared.python_name}: {model.__name__} has no {name!r}")
        return plan  # type: ignore[no-any-return]
    name, meta = declared.python_name, model._meta
    if declared.base_resolver:
        raise DeclarationError(f"{owner}.{name} runs Python once a row; make it an expression or a batch")
    if name in meta.fk_fields:
        return One(name)
    if isinstance(meta.fields_map.get(name), BytesField):
        # Refused even by its own author: a blob in an answer would be in caches and logs, and its key may live for
        # years.
        raise DeclarationError(f"{owner}.{name} is a sealed column, which is never sent")
    if name in meta.fields_map:
        return Column(name)
    raise DeclarationError(f"{owner}.{name} is neither a field of {model.__name__} nor says how it is made")


def _field(
    plan: Plan | None,
    description: str,
    type: Any,
    requires: Requires,
    masked: Build | None = None,
    arguments: Arguments | None = None,
    open: bool = False,
) -> StrawberryField:
    made = Declared(
        type_annotation=StrawberryAnnotation(type) if type is not None else None,
        description=description,
        metadata={
            PLAN: plan,
            GUARD: Guard(requires, masked) if requires else None,
            DECIDED: requires != SEEN,
            OPEN: open,
        },
    )
    made.arguments = [build_argument(name, one) for name, one in (arguments or {}).items()]
    return made
