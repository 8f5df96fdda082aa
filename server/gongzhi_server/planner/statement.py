"""Statements: a compiled selection, and what Python still has to do on its rows."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from gongzhi.declare.entity import Entity
from gongzhi.declare.plans import Batch
from gongzhi.declare.sql import Bind
from graphql import FieldNode, GraphQLError, GraphQLField
from graphql.execution.collect_fields import FieldDetailsList
from strawberry.types.field import StrawberryField

from .arguments import Chosen
from .scalars import column_decoder

STATEMENT, VALUE, SHAPE, CALL = 1_500, 1_200, 600, 700
"""Bytes that a statement, a parameter, an object of the answer and a call take, as measured."""


@dataclass(frozen=True)
class PythonCall:
    """One Python field, to be called once for all the objects it is asked on."""

    key: str
    plan: Batch
    declared: StrawberryField
    of: GraphQLField
    details: FieldDetailsList
    path: tuple[str, ...] = ()
    """Where it stands in the answer; behind a list, where the list does."""
    exact: bool = True
    """Whether the path leads to the field itself."""

    @property
    def node(self) -> FieldNode:
        return self.details[0].node


@dataclass
class AnswerShape:
    """The objects of an answer that Python has something to do on, by their place."""

    entity: Entity | None = None
    calls: list[PythonCall] = field(default_factory=list)
    inner: dict[str, AnswerShape] = field(default_factory=dict)
    python: bool = False
    """Whether graphql-core has fields to run here; only at the root."""
    kind: str = ""
    fields: list[str] = field(default_factory=list)
    """What is selected and given, by its name in the schema."""
    beyond: bool = False
    """Whether something of it is more than anybody may read without a look."""
    look: str = ""
    """The member by which each object says whose file it is; empty where it does not."""
    plugin: str | None = None
    """The plugin by which the people were found: whose file it is may tell what the plugin keeps, as membership."""
    asked: list[str] = field(default_factory=list)
    """What the objects were asked for by, as Type.condition, where that tells something of a file."""
    opaque: bool = False
    """Whether there are values in it that are JSON themselves, which may hold anything; only at the root."""
    mixed: bool = False
    """Whether its objects have one member each, that of the name of a type, in whose place they come."""
    sealed: list[str] = field(default_factory=list)
    """Members that are in clear on a row of one's own."""

    @property
    def needs(self) -> list[str]:
        return sorted({name for call in self.calls for name in call.plan.needs})

    @cached_property
    def reads(self) -> list[tuple[str, str, Callable[[Any], Any]]]:
        """What its Python fields need: the name of each column, its member, and what makes a Python value of it."""
        return [(name, f"@{name}", column_decoder(self.entity, name)) for name in self.needs]

    # Cached: it is asked with every answer, and a statement does not change.
    @cached_property
    def live(self) -> bool:
        """Whether every answer has to be taken apart."""
        return bool(self.calls or self.look or self.mixed) or any(one.live for one in self.inner.values())

    @cached_property
    def computed(self) -> bool:
        """Whether Python has fields to compute."""
        return bool(self.calls or self.mixed) or any(one.computed for one in self.inner.values())

    @cached_property
    def looks(self) -> dict[str, AnswerShape]:
        """What looks at anybody's file, here and further in, by the members that say so."""
        own = {self.look: self} if self.look else {}
        return {
            name: one for found in (own, *(one.looks for one in self.inner.values())) for name, one in found.items()
        }

    @cached_property
    def tried(self) -> tuple[str, ...]:
        """All conditions and orders that tell something of files, here and further in."""
        inner = (name for one in self.inner.values() for name in one.tried)
        return tuple(dict.fromkeys((*self.asked, *inner)))

    @cached_property
    def seals(self) -> bool:
        """Whether an answer has to be taken apart where it holds something sealed."""
        return bool(self.sealed) or any(one.seals for one in self.inner.values())

    @property
    def size(self) -> int:
        """About how many bytes it takes."""
        own = SHAPE + len(self.calls) * CALL + len(self.fields) * 16
        return own + sum(one.size for one in self.inner.values())

    def add(self, key: str, child: AnswerShape) -> None:
        # Subtrees that need nothing from Python are not kept, so an answer is walked only where it must be.
        if child.live or child.seals:
            self.inner[key] = child

    def select(self, name: str, open: bool) -> None:
        self.fields.append(name)
        self.beyond = self.beyond or not open


SMALL = 16
"""What a small statement costs at most, in objects."""


# Compared by identity: statements are keys of loaders and sets, and equal texts may be of different documents.
@dataclass(frozen=True, eq=False)
class Statement:
    """SQL with its parameters, its cost in objects, and the errors that come with every answer to it."""

    sql: str
    values: tuple[Bind, ...]
    shape: AnswerShape
    errors: tuple[GraphQLError, ...]
    cost: int
    plugins: frozenset[str] = frozenset()
    """The plugins whose fields and conditions are in it."""
    lost: FieldNode | None = None
    """A field with a condition that was left out: what the statement finds is no answer, only a test of the plugin."""
    steps: int = 0
    """Steps that planning it took, as its budget counts."""
    checks: tuple[Bind, ...] = ()
    """What is read before the statement is sent, though it is not bound: a cursor where only a total is asked for."""
    lost_path: tuple[str, ...] = ()
    """Where the field with that condition stands in the answer."""
    fault: GraphQLError | None = None
    """Why there is no answer at all: a plugin failed in what was asked for before there was a statement."""

    @cached_property
    def size(self) -> int:
        """About how many bytes it takes."""
        return sys.getsizeof(self.sql) + STATEMENT + len(self.values) * VALUE + self.shape.size

    @property
    def small(self) -> bool:
        """Whether sending it takes longer than what it asks for."""
        return self.cost <= SMALL

    @cached_property
    def whole(self) -> bool:
        """Whether its rows are the answer: no look is written for it, and Python neither computes nor reads for it."""
        shape = self.shape
        return bool(self.sql) and not (self.fault or shape.looks or shape.tried or shape.computed or shape.python)

    def arguments(self, variables: Mapping[str, Any], context: Any) -> list[Any]:
        """Return the values of the parameters, after what is only to be checked has been read."""
        for check in self.checks:
            check.read(variables, context)
        return [value.read(variables, context) for value in self.values]

    @cached_property
    def chosen(self) -> tuple[int, ...]:
        """Which of its parameters are lists that its conditions compare with."""
        return tuple(at for at, value in enumerate(self.values) if type(value) is Chosen)

    def choices(self, arguments: Sequence[Any]) -> int:
        """Count the values that these lists hold."""
        return sum(len(arguments[at]) for at in self.chosen)
