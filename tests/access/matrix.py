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
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from gongzhi.declare.entity import Entity
from gongzhi.declare.viewer import Viewer, ViewerAccount, ViewerGrant
from gongzhi.plugin.settings import CountySetting
from gongzhi.runtime.commands import Command
from gongzhi.runtime.context import Context
from gongzhi.runtime.lists import CountedList, NoLists
from gongzhi.values.codes import Kind
from gongzhi_integrations.settings import IntegrationSettings
from gongzhi_server.commands import mutations as commands
from gongzhi_server.events import Outbox
from gongzhi_server.plugins.contributions import Plugins
from gongzhi_server.testing import TODAY, AnySelection
from graphql import GraphQLField, GraphQLObjectType, get_named_type, is_leaf_type
from tortoise.models import Model
from tortoise.transactions import in_transaction

from ..planner.bench import ROOMY, Bench, Said
from .argument_values import Name, required, value
from .samples import Around, sample

BY_UNIT = {"department_handler"}
"""Roles that serve a unit; the others serve a town."""
BY_PERSON = {"resident"}
"""Roles of somebody for themselves."""
ROOTS = ("Query", "Mutation", "Subscription")

Cells = dict[str, dict[str, str]]
"""Signs by field and role."""


class OneRow(NoLists):
    """A list of one row."""

    async def count(self, viewer: Viewer, document: str, variables: Any) -> CountedList:
        return CountedList(document, "cases", 1, False)


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
            return Viewer(ViewerAccount(grants=(ViewerGrant(role, held),)), TODAY)
        if role in BY_PERSON:
            return Viewer(ViewerAccount(role, self.near.person, (ViewerGrant(role, held),)), TODAY)
        if role in BY_UNIT:
            return Viewer(ViewerAccount(role, grants=(ViewerGrant(role, held, unit=self.near.lead),)), TODAY)
        return Viewer(ViewerAccount(role, grants=(ViewerGrant(role, held, Kind.TOWN, self.near.area),)), TODAY)

    def everything(self, person: Any) -> Viewer:
        """Somebody who may see everything, and what is a person's own besides, to compare with."""
        held = frozenset(one.name for one in self.plugins.permissions)
        return Viewer(ViewerAccount("everything", person, (ViewerGrant("everything", held),)), TODAY)

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
            refused = set(map(at_fault, said.errors))
            row = (said.data or {}).get("node")
            for name in names:
                outright = f"{entity.name}.{name}" in refused or name in refused
                sign = "!" if outright else compare_sight(row and row[name], whole.data["node"][name], row)
                self.set(f"{entity.name}.{name}", role, sign)

    async def roots(self) -> None:
        """The fields of Query: whether one may ask at all."""
        query: Any = self.bench.schema._schema.query_type
        asked = " ".join(f"{name}{arguments(of)} {inner(of)}" for name, of in sorted(query.fields.items()))
        for role in self.roles:
            said = await self.bench.ask(f"{{ {asked} }}", self.viewer(role))
            assert not said.refused and set(said.codes) <= {"FORBIDDEN"}, said.errors
            denied = set(map(at_fault, said.errors))
            for name in query.fields:
                self.set(f"Query.{name}", role, "!" if {name, f"Query.{name}"} & denied else "+")

    async def mutations(self, known: Mapping[str, Mapping[str, Any]]) -> None:
        """Every mutation on what lies near and what lies far; `known` has the values by name."""
        mutation: Any = self.bench.schema._schema.mutation_type
        kinds = {name: of.args["input"].type for name, of in sorted(mutation.fields.items())}
        taken = ", ".join(f"${name}: {kind}" for name, kind in kinds.items())
        asked = " ".join(f"{name}(input: ${name}) {{ errors {{ code path }} }}" for name in kinds)
        for role in self.roles:
            for where in ("near", "far"):
                given = {
                    name: value("input", kind, {**known[where], **known.get(f"{name} {where}", {})})
                    for name, kind in kinds.items()
                }
                given["sync"].pop("account", None)  # of somebody else's batch nothing is done at all
                said = await self.changing.ask(f"mutation({taken}) {{ {asked} }}", self.viewer(role), **given)
                assert not said.refused, said.errors
                for name in kinds:
                    self.set(f"Mutation.{name}", role, describe_outcome(said, name))

    @cached_property
    def changing(self) -> Bench:
        """The same bench for mutations. What one changes is taken back at once: no cell depends on another."""
        outbox = Outbox(self.plugins.registry, {one.name for _, one in self.plugins.jobs})

        def context(viewer: Viewer) -> Context:
            async def perform(command: Command, given: Any) -> Any:
                async with in_transaction() as connection:
                    try:
                        return await commands.perform_command(
                            made, command, given, self.bench.schema.owner(command), outbox
                        )
                    finally:
                        await connection.rollback()

            made = replace(
                self.bench.at_hand(viewer),
                perform=perform,
                value=read_column,
                held=self.plugins.held,
                naming=self.plugins.naming,
                registers=self.plugins.registers,
                settings={
                    CountySetting: {name: one for name, (_, one) in self.plugins.county_settings.items()},
                    IntegrationSettings: IntegrationSettings(),
                },
                events=AnySelection(),
                lists=OneRow(),
            )
            return made

        return Bench(self.bench.fetch, self.bench.schema, replace(ROOMY, mutations=1_000, roots=1_000), at_hand=context)

    def table(self) -> str:
        """The whole of it as text, a line a field and a column a role."""
        width = max(map(len, self.cells)) + 2
        legend = [f"# {line}".rstrip() for line in (__doc__ or "").strip().splitlines()]
        head = " " * width + " ".join(role.replace("_", " ") for role in number_roles(self.roles))
        names = [f"# {at:>2} {role}" for at, role in enumerate(self.roles, 1)]
        lines = [
            name.ljust(width) + " ".join(row[role].ljust(2) for role in self.roles)
            for name, row in sorted(self.cells.items())
        ]
        return "\n".join([*legend, "#", *names, "", head.rstrip(), *(line.rstrip() for line in lines)]) + "\n"


async def read_column(model: type[Model], column: str, key: Any) -> Any:
    """A column of a row; None of one that was taken back."""
    return await model.filter(pk=key).first().values_list(column, flat=True)


def number_roles(roles: Iterable[str]) -> list[str]:
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


def compare_sight(found: Any, whole: Any, row: Any) -> str:
    if row is None:
        return "."
    if empty(whole):
        return "?" if found == whole else "~"
    return "+" if found == whole else "~"


def empty(value: Any) -> bool:
    return value in (None, [], {"totalCount": 0})


def at_fault(error: Mapping[str, Any]) -> str:
    """The field that an error is about: by its key, or as `Type.field`."""
    found: str = error["path"][-1] if "path" in error else error["extensions"]["field"]
    return found


def describe_outcome(said: Said, name: str) -> str:
    codes = [one["extensions"]["code"] for one in said.errors if one["path"][0] == name]
    if codes:
        return "!" if codes == ["FORBIDDEN"] else f"({codes[0]})"
    found = {one["code"] for one in said.data[name]["errors"]}
    if "NOT_FOUND" in found:
        return "."
    return "-" if "FORBIDDEN" in found else "=" if found - {"STALE_VERSION"} else "+"
