"""Node fields: adds `Query.nodes`, the objects of several ids, and the id of who asks."""

from __future__ import annotations

import typing
from collections.abc import Iterable
from types import MappingProxyType

from gongzhi.core.people.types import Me
from gongzhi.declare.entity import Node, embedded, expression
from gongzhi.declare.plans import PLAN, Argument
from gongzhi.declare.roots import Query
from gongzhi.declare.sql import Sql
from strawberry import ID
from strawberry.types.field import StrawberryField

from gongzhi_server.planner.nodes import IDS, NodeList


def node_fields() -> Iterable[tuple[type, StrawberryField]]:
    """Yield the fields with the types that they stand on."""
    said = "The objects with these ids, in their order; null where there is none that you may see (按标识批量查找)."
    arguments = {"ids": Argument(list[ID], f"Global ids, {IDS} at most (全局标识).")}
    kind = list[typing.Optional[Node]]  # noqa: UP045 - read while the schema is built
    nodes: StrawberryField = embedded(said, lambda at: Sql("null"), type=kind, arguments=arguments)
    nodes.metadata = MappingProxyType({**nodes.metadata, PLAN: NodeList()})
    nodes.python_name = "nodes"
    yield Query, nodes
    own = expression("Its id, for caches (标识).", lambda at: Sql("'Me:'||{0}", at.viewer.account), type=ID)
    own.python_name = "id"
    yield Me, own
