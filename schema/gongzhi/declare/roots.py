"""Root types: the three that every package and plugin extends; they know none of these."""

from __future__ import annotations

import strawberry

from gongzhi.declare.entity import choice
from gongzhi.declare.relay import Node


@strawberry.type(description="What can be asked (查询).")
class Query:
    node: Node | None = choice("The object with this id, if there is one and you may see it (按标识查找).")


@strawberry.type(description="What can be done (变更).")
class Mutation:
    pass


@strawberry.type(description="What can be followed (订阅).")
class Subscription:
    pass
