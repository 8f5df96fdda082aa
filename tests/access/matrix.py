"""What every role sees and may do, inside its scope and outside, asked of the real thing.

A cell is two signs, inside and outside:

    +  seen as it is, or done (or stopped by its version alone)
    =  another refusal, after the permission and before the row
    ~  seen in part, masked or withheld
    -  refused for this row
    .  not there: the row cannot be seen
    !  refused outright: the permission is held nowhere
    ?  empty even to somebody who may see everything, so that nothing was shown
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from gongzhi.codes import Kind
from gongzhi.entity import Entity
from gongzhi.viewer import Account, Grant, Viewer
from gongzhi_server.plugins import Plugins
from gongzhi_server.testing import TODAY, Server
from graphql import GraphQLField, GraphQLObjectType, get_named_type, is_leaf_type

from ..planner.bench import Bench
from .samples import Around, sample
from .values import Name, required, value

BY_UNIT = {"department_handler"}
"""Roles that serve a unit; the others serve a town."""
BY_PERSON = {"resident"}
"""Roles of somebody for themselves."""
ROOTS = ("Query", "Mutation", "Subscription")

Cells = dict[str, dict[str, str]]
"""Signs by field and role."""


@dataclass
class Matrix:
    """Asks for everybody; `near` is where they serve, `far` where they do not."""

    bench: Bench
    plugins: Plugins
    near: Around
    far: Around
    cells: Cells = field(default_factory=dict)
    unsampled: list[str] = field(default_factory=list)

    @property
    def roles(self) -> list[str]:
        return [role.name for role in self.plugins.roles]

    def viewer(self, role: str) -> Viewer:
        held = self.plugins.held(role)
        if role == "stranger":
            return Viewer(Account(grants=(Grant(role, held),)), TODAY)
        if role in BY_PERSON:
            return Viewer(Account(role, self.near.person, (Grant(role, held),)), TODAY)
        if role in BY_UNIT:
            return Viewer(Account(role, grants=(Grant(role, held, unit=self.near.lead),)), TODAY)
        return Viewer(Account(role, grants=(Grant(role, held, Kind.TOWN, self.near.area),)), TODAY)

    def everything(self, person: Any) -> Viewer:
        """Somebody who may see everything, and what is a person's own besides, to compare with."""
        held = frozenset(one.name for one in self.plugins.permissions)
        return Viewer(Account("everything", person, (Grant("everything", held),)), TODAY)

    def set(self, name: str, role: str, sign: str) -> None:
        row = self.cells.setdefault(name, {})
        row[role] = row.get(role, "") + sign

    async def types(self, connection: Any) -> None:
        """The fields of every type that is kept in a table."""
        for entity in self.bench.engine.planner.entities.values():
            keys = [await sample(connection, entity, one) for one in (self.near, self.far)]
            if None in keys:
                self.unsampled.append(entity.name)
                continue
            for key, one in zip(keys, (self.near, self.far), strict=True):
                await self.row(entity, key, one.person)

    async def row(self, entity: Entity, key: Any, person: Any) -> None:
        kind: Any = self.bench.schema._schema.type_map[entity.name]
        text, names = selection(kind)
        asked = f"query($id: ID!) {{ node(id: $id) {{ ... on {entity.name} {{ {text} }} }} }}"
        whole = await self.bench.ask(asked, self.everything(person), id=f"{entity.name}:{key}")
        assert not whole.errors, whole.errors
        for role in self.roles:
            said = await self.bench.ask(asked, self.viewer(role), id=f"{entity.name}:{key}")
            refused = {one["path"][-1] if "path" in one else one["extensions"]["field"] for one in said.errors}
            row = (said.data or {}).get("node")
            for name in names:
                outright = f"{entity.name}.{name}" in refused or name in refused
                sign = "!" if outright else seen(row and row[name], whole.data["node"][name], row)
                self.set(f"{entity.name}.{name}", role, sign)

    async def roots(self) -> None:
        """The fields of Query: whether one may ask at all."""
        query: Any = self.bench.schema._schema.query_type
        for name, of in sorted(query.fields.items()):
            text = f"{{ {name}{arguments(of)} {inner(of)} }}"
            for role in self.roles:
                said = await self.bench.ask(text, self.viewer(role))
                self.set(f"Query.{name}", role, "!" if "FORBIDDEN" in said.codes else "+")

    async def mutations(self, server: Server, known: Mapping[str, Mapping[str, Any]]) -> None:
        """Every mutation on what lies near and what lies far; `known` has the values by name."""
        mutation: Any = self.bench.schema._schema.mutation_type
        for name, of in sorted(mutation.fields.items()):
            kind = of.args["input"].type
            for role in self.roles:
                for where in ("near", "far"):
                    given = value("input", kind, {**known[where], **known.get(f"{name} {where}", {})})
                    text = f"mutation($input: {kind}) {{ {name}(input: $input) {{ errors {{ code path }} }} }}"
                    said = await self.caller(server, role).ask(text, input=given)
                    self.set(f"Mutation.{name}", role, done(said.body, name))

    def caller(self, server: Server, role: str) -> Server:
        if role == "stranger":
            return server
        if role in BY_PERSON:
            return server.as_(role, person=f"Person:{self.near.person}")
        if role in BY_UNIT:
            return server.as_(role, unit=self.near.unit)
        return server.as_(role, grid=self.near.town)

    def table(self) -> str:
        """The whole of it as text, a line a field and a column a role."""
        width = max(map(len, self.cells)) + 2
        legend = [f"# {line}".rstrip() for line in (__doc__ or "").strip().splitlines()]
        head = " " * width + " ".join(role.replace("_", " ") for role in numbered(self.roles))
        names = [f"# {at:>2} {role}" for at, role in enumerate(self.roles, 1)]
        lines = [
            name.ljust(width) + " ".join(row[role].ljust(2) for role in self.roles)
            for name, row in sorted(self.cells.items())
        ]
        return "\n".join([*legend, "#", *names, "", head.rstrip(), *(line.rstrip() for line in lines)]) + "\n"


def numbered(roles: Iterable[str]) -> list[str]:
    return [f"{at:>2}" for at, _ in enumerate(roles, 1)]


def selection(kind: GraphQLObjectType) -> tuple[str, list[str]]:
    """All the fields of a type, of each enough to see whether it is there."""
    fields = {name: of for name, of in sorted(kind.fields.items()) if name != "id"}
    return " ".join(f"{name}{arguments(of)} {inner(of)}" for name, of in fields.items()) or "id", list(fields)


def inner(of: GraphQLField) -> str:
    named: Any = get_named_type(of.type)
    if is_leaf_type(named):
        return ""
    if "totalCount" in named.fields:
        return "{ totalCount }"
    return "{ id }" if "id" in named.fields else "{ __typename }"


def arguments(of: GraphQLField) -> str:
    given = [f"{name}: {literal(one)}" for name, (_, one) in required(of.args, {}).items()]
    return f"({', '.join(given)})" if given else ""


def literal(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {literal(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(literal, value)) + "]"
    if isinstance(value, Name):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)


def seen(found: Any, whole: Any, row: Any) -> str:
    if row is None:
        return "."
    if empty(whole):
        return "?" if found == whole else "~"
    return "+" if found == whole else "~"


def empty(value: Any) -> bool:
    return value in (None, [], {"totalCount": 0})


def done(body: Mapping[str, Any], name: str) -> str:
    codes = [one["extensions"]["code"] for one in body.get("errors", ())]
    if codes:
        return "!" if codes == ["FORBIDDEN"] else f"({codes[0]})"
    found = {one["code"] for one in body["data"][name]["errors"]}
    if "NOT_FOUND" in found:
        return "."
    return "-" if "FORBIDDEN" in found else "=" if found - {"STALE_VERSION"} else "+"
