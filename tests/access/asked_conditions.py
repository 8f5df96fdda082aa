"""Questions: everything in the schema by which a caller can ask which rows there are, and what it tells of a person.

A line of `conditions.txt` is a question, what the code makes of it, and why that is right:

    Person.filter.birthDate     look    …

    public  everybody sees every row, so the condition tells nothing that the list does not
    open    somebody's file, but the condition tells what lists of names tell anyhow
    look    somebody's file: those whom the condition finds are looked at, and told so
    row     no file: whoever sees the row reads there what the condition asks for
    needs   asked by those only who hold the permission, where they hold it
    other   no field of the row has this name: the reason says what it tells, and of whom
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from gongzhi.declare.entity import Entity
from gongzhi.declare.plans import GUARD, OPEN, PLAN, Aggregate, Many, Pick
from gongzhi_server.planner.planner import Planner
from gongzhi_server.planner.rows import is_file
from gongzhi_server.testing import INSTALLED, built_schema
from graphql import GraphQLField, GraphQLObjectType, get_named_type

FILE = Path(__file__).parent / "conditions.txt"
COUNTED = "Connection", "counts"
PAGING = {"first", "last", "after", "before", "orderBy", "filter"}


class Questions:
    """All questions of the schema with the plugins, each with what the code makes of it."""

    def __init__(self) -> None:
        self.schema = built_schema(INSTALLED)
        self.entities = Planner(self.schema).entities

    def __iter__(self) -> Iterator[tuple[str, str]]:
        for name, entity in sorted(self.entities.items()):
            yield from self.conditions(name, entity)
        for name, kind in sorted(self.schema._schema.type_map.items()):
            if isinstance(kind, GraphQLObjectType) and name != "Mutation" and not name.startswith("__"):
                # What lists are counted by are conditions of theirs, which are judged above.
                for field, of in sorted(one for one in kind.fields.items() if (name[-10:], one[0]) != COUNTED):
                    yield from self.arguments(f"{name}.{field}", of, name)

    def conditions(self, name: str, entity: Entity) -> Iterator[tuple[str, str]]:
        """The filter and the orders of a list of these rows."""
        for one, comparison in self.schema.comparisons(entity).items():
            yield f"{name}.filter.{one}", self.policy(entity, one, comparison.requires)
        added = self.schema.orderings(entity)
        for one in (*entity.order, *added):
            yield f"{name}.order.{one}", self.policy(entity, one, added[one].requires if one in added else None)

    def policy(self, entity: Entity, name: str, requires: str | None) -> str:
        if is_file(entity):
            return "open" if entity.is_open(name) else "look"
        if requires:
            return f"needs {requires}"
        if entity.open:
            return "public"
        return "row" if self.readable(entity, name) else "other"

    def readable(self, entity: Entity, name: str) -> bool:
        """Whether the row has a field of this name that everybody reads who sees the row."""
        fields = entity.cls.__strawberry_definition__.fields  # type: ignore[attr-defined]
        return any(one.python_name == name and not one.metadata.get(GUARD) for one in fields)

    def arguments(self, where: str, of: GraphQLField, owner: str) -> Iterator[tuple[str, str]]:
        """What else is asked for by arguments, and what is counted from other rows."""
        declared = of.extensions.get("strawberry-definition")
        plan = declared.metadata.get(PLAN) if declared else None
        asked = sorted(set(of.args) - PAGING if isinstance(plan, Many) else of.args)
        if not asked and not isinstance(plan, Aggregate):
            return
        guard = declared.metadata.get(GUARD) if declared else None
        target = self.entities.get(get_named_type(of.type).name)
        named = f"{where}({', '.join(asked)})" if asked else where
        alone = isinstance(plan, Pick) and target and is_file(target)
        if alone or owner in self.entities and is_file(self.entities[owner]) and not declared.metadata.get(OPEN):
            yield named, "look"
        else:
            yield named, f"needs {guard.permission}" if guard else "public" if target and target.open else "other"


def read_lines() -> dict[str, tuple[str, str]]:
    """The lines of the file: question to policy and reason."""
    lines = (line for line in FILE.read_text().splitlines() if line and not line.startswith("#"))
    parts = ([one.strip() for one in line.split("|")] for line in lines)
    return {question: (policy, reason) for question, policy, reason in parts}


def write(declared: Mapping[str, str]) -> None:
    """Write a line for each question; one that is new or tells otherwise has no reason until somebody gives it."""
    head = [line for line in FILE.read_text().splitlines() if line.startswith("#")]
    judged = read_lines()
    reasons = {one: judged[one][1] if judged.get(one, ("",))[0] == policy else "" for one, policy in declared.items()}
    FILE.write_text(
        "\n".join([*head, *(f"{one} | {declared[one]} | {why}".rstrip() for one, why in reasons.items())]) + "\n"
    )
