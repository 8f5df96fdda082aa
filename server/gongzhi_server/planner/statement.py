"""A compiled selection, and what Python still has to do on its rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gongzhi.entity import Entity
from gongzhi.plans import Batch
from gongzhi.sql import Bind
from graphql import FieldNode, GraphQLError, GraphQLField
from graphql.execution.collect_fields import FieldDetailsList
from strawberry.types.field import StrawberryField


@dataclass(frozen=True)
class Call:
    """One Python field, to be called once for all the objects it is asked on."""

    key: str
    plan: Batch
    declared: StrawberryField
    of: GraphQLField
    details: FieldDetailsList

    @property
    def node(self) -> FieldNode:
        return self.details[0].node


@dataclass
class Shape:
    """Where in the answer there are objects that Python fields wait on."""

    entity: Entity | None = None
    calls: list[Call] = field(default_factory=list)
    inner: dict[str, Shape] = field(default_factory=dict)
    python: bool = False
    """Whether graphql-core has fields to run here; only at the root."""

    @property
    def needs(self) -> list[str]:
        return sorted({name for call in self.calls for name in call.plan.needs})

    @property
    def live(self) -> bool:
        return bool(self.calls or self.inner)

    def add(self, key: str, child: Shape) -> None:
        if child.live:
            self.inner[key] = child


@dataclass(frozen=True, eq=False)
class Statement:
    """SQL with its parameters, its cost in objects, and the errors that come with every answer to it."""

    sql: str
    values: tuple[Any, ...]
    shape: Shape
    errors: tuple[GraphQLError, ...]
    cost: int

    def arguments(self, variables: Mapping[str, Any], context: Any) -> list[Any]:
        return [value.read(variables, context) if type(value) is Bind else value for value in self.values]
