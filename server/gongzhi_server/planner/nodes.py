"""Nodes: compiles the objects that several global ids name, whatever their types, in the order of the ids."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from gongzhi.declare.entity import Entity
from gongzhi.declare.sql import Sql
from gongzhi.values.errors import Refusal
from graphql.execution.collect_fields import FieldDetailsList
from pypika_tortoise.terms import Term

from . import lists
from .arguments import Given
from .relations import type_name
from .rows import Rows, plugin_of, union
from .statement import AnswerShape

if TYPE_CHECKING:
    from .compiler import Compiler

IDS = 100
"""How many objects are asked for by their ids at once, at most."""
IN_ORDER = (
    "(select coalesce(json_agg(f.row order by i.n),'[]') from unnest({0}) with ordinality i(id,n) "
    "left join ({1}) f on f.id=i.id)"
)


@dataclass(frozen=True)
class NodeList:
    """The plan of a field: the rows that its argument `ids` names."""


def plan_nodes(compiler: Compiler, given: Given, details: FieldDetailsList) -> tuple[Term, AnswerShape]:
    """Compile the rows that several ids name, in their order, each as the member of an object that tells its type."""
    shape, found = AnswerShape(mixed=True), []
    for name, times in given.trait("ids", of=count_types):
        target = compiler.planner.entities.get(name)
        if target is None:
            continue
        if (plugin := plugin_of(target)) and compiler.failures.is_left_out(plugin):
            compiler.failures.replace_failed(plugin, details[0].node)
            continue
        rows = Rows(target, compiler.table(target), compiler.scope, None)
        rows.alone = True
        key = rows.table.field(target.key)
        rows.where(Sql("{0}=any({1})", key, given.bind("ids", convert=partial(parse_all, target))))
        terms, child = lists.plan_repeated_object(compiler, times, compiler.schema.type_map[name], details, rows)
        shape.inner[name] = child
        member = Sql(f"json_build_object('{name}',{{0}})", compiler.nest_terms(terms))
        found.append(Sql("{0}", rows.select(Sql(f"'{name}:'||{{0}}", key).as_("id"), member.as_("row"))))
    if not found:
        found.append(Sql("select null::text as id,null::json as row"))
    ids = given.bind("ids", convert=partial(normal_ids, compiler.planner.entities), cast="text[]")
    return Sql(IN_ORDER, ids, union(found)), shape


def count_types(ids: Sequence[str]) -> tuple[tuple[str, int], ...]:
    """Return the types of ids, and of each how many there are, in powers of two: a statement is made for them."""
    if len(ids) > IDS:
        raise Refusal("BAD_USER_INPUT", f"At most {IDS} at once.", f"一次最多 {IDS} 个。")
    counted = Counter(map(type_name, ids))
    return tuple((name, 1 << (count - 1).bit_length()) for name, count in sorted(counted.items()))


def parse_all(target: Entity, ids: Sequence[str]) -> list[Any]:
    """Return the keys of those ids that are of a type."""
    return [key for one in ids if (key := target.parse(one)) is not None]


def normal_ids(entities: Mapping[str, Entity], ids: Sequence[str]) -> list[str]:
    """Return ids as they are made of a type and a key: a key may have been written in another way."""
    known = ((one, type_name(one)) for one in ids)
    return [f"{name}:{entities[name].parse(one)}" if name in entities else one for one, name in known]
