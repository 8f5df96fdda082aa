"""Actions are what commands do: what is allowed is not refused for state or permission, what is not is refused so.

For every type that says what may be done to it: rows of the furnished county, in each state, for each role.
"""

from __future__ import annotations

import enum
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest
from gongzhi.declare.entity import Entity
from gongzhi.declare.plans import PLAN
from gongzhi.declare.viewer import Viewer, ViewerAccount, ViewerGrant
from gongzhi.plugin.roles import Role
from gongzhi.values.codes import Kind
from gongzhi_server.planner.actions import ActionList, OfferedAction
from gongzhi_server.plugins.contributions import Plugins
from gongzhi_server.testing import TODAY

from ..access.argument_values import Name, value
from .mutation_lab import Lab
from .test_hostile_values import written

pytestmark = pytest.mark.asyncio(loop_scope="module")

STATES = ("status", "state", "ruling")
"""The columns in which types keep where their rows stand."""
REFUSING = {"FORBIDDEN", "ILLEGAL_TRANSITION"}
"""What nobody is refused with who was told that it is allowed."""
ELSEWHERE = {("rateCase", "MERGED")}
"""What depends on another row: a case that is part of another is rated while that one is answered (`mayRate`)."""
ROWS = 2
"""How many rows of a type are tried."""
SAID = {"rating:Int": 4}


@dataclass(frozen=True)
class Acted:
    """A type that mutations are done to."""

    entity: Entity
    offered: tuple[OfferedAction, ...]

    @property
    def table(self) -> str:
        meta = self.entity.model._meta
        return f'"{meta.schema}"."{meta.db_table}"'

    @property
    def column(self) -> str | None:
        return next((name for name in STATES if name in self.entity.model._meta.fields_db_projection), None)

    @property
    def states(self) -> list[str]:
        field: Any = self.entity.model._meta.fields_map[self.column] if self.column else None
        kind: type[enum.Enum] | None = getattr(field, "enum_type", None)
        return [one.value for one in kind] if kind else []


def acted(made: Lab) -> Iterator[Acted]:
    """The types that have actions."""
    for name, entity in made.bench.engine.planner.entities.items():
        kind: Any = made.bench.schema._schema.type_map[name]
        field = kind.fields.get("actions")
        plan = field.extensions["strawberry-definition"].metadata.get(PLAN) if field else None
        if isinstance(plan, ActionList):
            yield Acted(entity, plan.offered)


async def viewers(made: Lab, installed: Plugins, row: Any) -> dict[str, Viewer]:
    """Who asks: every role in the county and for a unit, and whoever the row belongs to."""
    county = await made.connection.fetchval("select id from grids.grid where code = '610921'")
    units = [one for name in ("lead_unit_id", "unit_id") if (one := row.get(name))]
    units += [await made.connection.fetchval("select max(id) from units.unit")]
    person = row.get("requester_id") or row.get("person_id")
    found = {"stranger": Viewer(ViewerAccount(), TODAY)}
    for role in (one for one in installed.roles if one.name != "stranger"):
        grants = place_grants(role, installed, county, units)
        for at, grant in enumerate(grants):
            account = ViewerAccount(f"actor {role.name}", None, (grant,))
            found[f"{role.name} {at}"] = Viewer(account, TODAY)
    if isinstance(person, UUID):
        held = ViewerGrant("resident", installed.held("resident"))
        found["owner"] = Viewer(ViewerAccount("owner", person, (held,)), TODAY)
    return found


def place_grants(role: Role, installed: Plugins, county: int, units: list[int]) -> list[ViewerGrant]:
    held = installed.held(role.name)
    if role.name == "department_handler":
        return [ViewerGrant(role.name, held, unit=unit) for unit in units]
    return [ViewerGrant(role.name, held, Kind.COUNTY, county)]


def give(made: Lab, offered: OfferedAction, of: Acted, row: Any) -> tuple[str, dict[str, Any]]:
    """The mutation on this row, with plain values in whatever else it needs."""
    kind = made.mutations[offered.name].args["input"].type
    named = [
        name
        for name, field in kind.of_type.fields.items()
        if name == "number" or str(field.type) == "ID!" and of.entity.name.lower().endswith(name.lower())
    ]
    known = {**made.names(offered.name), **SAID, "expectedVersion:Int": row.get("version", 1)}
    known[f"{named[0]}:ID"] = f"{of.entity.name}:{row['id']}"
    if of.entity.name == "Case":
        known["number:String"] = row["number"]
    if offered.name == "mergeCases":
        known["merge:String"] = f"nothing {uuid4()}"
    given = value("input", kind, known)
    if "level" in given:
        given["level"] = Name("REMINDER")  # to list a case takes a further permission
    return written(offered.name, kind, given, in_document=True)


async def test_what_is_told_is_what_is_done(laboratory: Lab, installed: Plugins) -> None:
    wrong, tried = defaultdict[tuple[str, ...], list[str]](list), dict.fromkeys((True, False), 0)
    for of in acted(laboratory):
        for row in await laboratory.connection.fetch(f"select * from {of.table} order by id limit {ROWS}"):
            row = dict(row)
            for state in of.states or [None]:
                if state:
                    await laboratory.connection.execute(
                        f"update {of.table} set {of.column} = $1 where id = $2", state, row["id"]
                    )
                for who, viewer in (await viewers(laboratory, installed, row)).items():
                    for told, codes in await compare(laboratory, of, row, viewer):
                        if (told["name"], state) in ELSEWHERE:
                            continue
                        tried[told["allowed"]] += 1
                        if (set(codes) & REFUSING) if told["allowed"] else (codes != [told["reason"]]):
                            wrong[of.entity.name, told["name"], told["reason"], *codes].append(f"{state} {who}")
            if of.column:
                await laboratory.connection.execute(
                    f"update {of.table} set {of.column} = $1 where id = $2", row[of.column], row["id"]
                )
    assert [f"{key}: {len(found)}, {found[0]}" for key, found in wrong.items()] == []
    assert min(tried.values()) > 200, tried


async def compare(made: Lab, of: Acted, row: Any, viewer: Viewer) -> list[tuple[Any, list[str]]]:
    """What is told of each action to somebody who sees the row, and with which codes its mutation is refused."""
    text = f"query($id: ID!) {{ node(id: $id) {{ ... on {of.entity.name} {{ actions {{ name allowed reason }} }} }} }}"
    seen = (await made.bench.data(text, viewer, id=f"{of.entity.name}:{row['id']}"))["node"]
    found = []
    for told in seen["actions"] if seen else []:
        offered = next(one for one in of.offered if one.name == told["name"])
        mutation, variables = give(made, offered, of, row)
        answer = await made.bench.send(f"mutation{mutation}", variables, viewer)
        refused = (answer.data or {}).get(offered.name)
        found.append((told, answer.codes or [one["code"] for one in (refused or {}).get("errors", [])]))
    return found
