"""Random operations over the whole schema, each with two sets of variables: valid, and asked with real values.

What is generated: aliases, fragments (named, inline, on Node), @skip and @include, variables for whole arguments and
deep inside filters and lists, defaults, nulls, merged fields, connections in connections with cursors of their own.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from random import Random
from typing import Any

from gongzhi.declare.columns import NEVER
from gongzhi.values import codes
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_required_argument,
    parse,
    validate,
)

from .expected_visibility import ExpectedVisibility, Row, Rows
from .reference_engine import UNASKED, At
from .reference_lists import FILTERS, cursor, snake
from .sample_county import SECRET, VIEWERS

DEEPEST = 6
YEARS = range(1800, 3000)
"""What a date in a condition may be of."""
LEVELS = ("COUNTY", "TOWN", "VILLAGE", "GRID_1", "GRID_2", "GRID_3")
STRANGE = ("", "x", "'; drop table cases.case; --", "%", "_", "\\", '"', "$1", "{0}", "😀", "水", "路灯", "é", "\t")
AGES = ("year", "month", "microsecond")
NODES = (
    "Case",
    "Person",
    "Household",
    "Grid",
    "CaseEvent",
    "Membership",
    "Phone",
    "Unit",
    "TierDecision",
    "Support",
    "Clock",
    "Decision",
    "Consent",
    "DataRequest",
)


@dataclass
class Operation:
    """A document, and two sets of variables to ask it with."""

    text: str
    sets: tuple[dict[str, Any], dict[str, Any]]


def askable(value: Any) -> bool:
    """Whether a condition may ask for a value: it is there, and a date lies in the years that conditions take."""
    return value is not None and (not isinstance(value, date) or value.year in YEARS)


@dataclass
class Seeds:
    """Values that are really there."""

    rows: Rows
    scope: ExpectedVisibility = field(init=False)

    def __post_init__(self) -> None:
        self.scope = ExpectedVisibility(self.rows, VIEWERS["administrator"])

    def column(self, kind: str, name: str) -> list[Any]:
        """What a filter on this finds in the rows."""
        term = FILTERS.get((kind, name))
        values = (term(At(self.scope, {}), row) if term else getattr(row, snake(name)) for row in self.rows.kinds[kind])
        return [value.code if isinstance(value, Row) else value for value in values if askable(value)]

    def places(self, kind: str) -> list[str]:
        return [row.code for row in self.rows.kinds["Grid"]]

    def ids(self) -> list[str]:
        return [f"{kind}:{row.id}" for kind in NODES for row in self.rows.kinds[kind]]


class Queries:
    """Makes operations, the same ones for the same seed."""

    def __init__(self, schema: GraphQLSchema, rows: Rows, seed: int) -> None:
        self.schema, self.seeds, self.random = schema, Seeds(rows), Random(seed)
        self.declared: list[str] = []
        self.sets: tuple[dict[str, Any], dict[str, Any]] = ({}, {})
        self.fragments: list[str] = []
        self.count = 0

    def make(self) -> Operation:
        """An operation that is valid; two that cannot be merged are thrown away."""
        for _ in range(50):
            self.declared, self.sets, self.fragments = [], ({}, {}), []
            assert self.schema.query_type
            body = self.selection(self.schema.query_type, 0)
            variables = f"({', '.join(self.declared)})" if self.declared else ""
            text = "\n".join([f"query Q{variables} {body}", *self.fragments])
            if not validate(self.schema, parse(text)):
                return Operation(text, self.sets)
        raise AssertionError(f"nothing valid found: {text}")

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def name(self, letter: str) -> str:
        self.count += 1
        return f"{letter}{self.count}"

    # selections

    def selection(self, kind: Any, depth: int) -> str:
        if isinstance(kind, GraphQLInterfaceType):
            return "{ __typename " + " ".join(self.branches(kind, depth)) + " }"
        parts = [self.part(kind, name, of, depth) for name, of in self.chosen(kind, depth)]
        return "{ " + " ".join(parts) + " }"

    def branches(self, kind: GraphQLInterfaceType, depth: int) -> list[str]:
        """What is asked of a Node, by its type."""
        found = ["id"] if self.chance(0.5) else []
        for name in self.random.sample(NODES, 4):
            found.append(f"... on {name} {self.selection(self.schema.type_map[name], depth + 1)}")
        return found

    def chosen(self, kind: GraphQLObjectType, depth: int) -> list[tuple[str, GraphQLField]]:
        known = [item for item in kind.fields.items() if kind is not self.schema.query_type or item[0] not in UNASKED]
        leaves = [item for item in known if is_leaf_type(get_named_type(item[1].type))]
        others = [item for item in known if item not in leaves]
        found = self.random.sample(leaves, min(len(leaves), self.random.choice((0, 1, 2, 2, 3, 5))))
        if depth < DEEPEST and others:
            most = 3 if depth < 2 else 2
            found += self.random.sample(others, min(len(others), self.random.randint(0 if found else 1, most)))
        self.random.shuffle(found)
        return found or [("__typename", kind.fields[next(iter(kind.fields))])]

    def part(self, kind: GraphQLObjectType, name: str, of: GraphQLField, depth: int) -> str:
        """A field, or a fragment around it."""
        text = self.field(kind, name, of, depth)
        roll = self.random.random()
        if roll < 0.06:
            return f"... {self.directive()}{{ {text} }}"
        if roll < 0.12:
            on = self.random.choice([kind.name, "Node"]) if name == "id" and self.node(kind) else kind.name
            return f"... on {on} {self.directive()}{{ {text} }}"
        if roll < 0.18:
            fragment = self.name("F")
            self.fragments.append(f"fragment {fragment} on {kind.name} {{ {text} }}")
            return f"...{fragment} {self.directive()}"
        return text

    def node(self, kind: GraphQLObjectType) -> bool:
        return any(one.name == "Node" for one in kind.interfaces)

    def field(self, kind: GraphQLObjectType, name: str, of: GraphQLField, depth: int) -> str:
        if name == "__typename":
            return name
        alias = f"{self.name('a')}: " if self.chance(0.4) else ""
        head = f"{alias}{name}{self.arguments(f'{kind.name}.{name}', of, depth)} {self.directive()}"
        inner: Any = get_named_type(of.type)
        if is_leaf_type(inner):
            return head
        text = head + self.selection(inner, depth + 1)
        if self.chance(0.12):  # the same field once more, to be merged
            text += " " + head + self.selection(inner, depth + 1)
        return text

    def directive(self) -> str:
        if not self.chance(0.08):
            return ""
        name, boolean = self.random.choice(("skip", "include")), GraphQLNonNull(self.schema.type_map["Boolean"])  # type: ignore[type-var]
        return f"@{name}(if: {self.put(boolean, lambda: self.chance(0.5))}) "

    # arguments

    def arguments(self, where: str, of: GraphQLField, depth: int) -> str:
        if where == "Query.caseByReceipt":
            return self.receipt(of)
        if where == "Query.auditChain":
            return ""  # an anchor that is none is refused: tests/server/test_deployment_state.py
        if "by" in of.args:
            return self.dimensions(of.args["by"].type)
        given = self.paging(of, depth) if "first" in of.args else {}
        for name, argument in of.args.items():
            paged = name in ("first", "last", "after", "before", "orderBy")
            if not paged and (is_required_argument(argument) or self.chance(0.45)):
                given[name] = self.put(argument.type, self.maker(argument.type, (where, name)), (where, name))
        return "(" + ", ".join(f"{name}: {text}" for name, text in given.items()) + ")" if given else ""

    def dimensions(self, kind: Any) -> str:
        """What a list is counted by: one thing to three, which may be other ones in the second set of variables."""
        known: Any = get_named_type(kind)
        one, two = (self.random.choices(list(known.values), k=self.random.choice((1, 1, 2, 3))) for _ in range(2))
        return f"(by: {self.variable(kind, one, two) if self.chance(0.4) else literal(kind, one)})"

    def receipt(self, of: GraphQLField) -> str:
        """The number with its code, most of the time."""

        def pair() -> tuple[str, str]:
            number = self.random.choice(self.seeds.column("Case", "number"))
            code = codes.receipt_code(SECRET, number)
            return number, code if self.chance(0.7) else code.lower() if self.chance(0.5) else "A" * 10

        one, two = pair(), pair()
        kind = of.args["number"].type
        if self.chance(0.5):
            return (
                f"(number: {self.variable(kind, one[0], two[0])}, receiptCode: {self.variable(kind, one[1], two[1])})"
            )
        return f"(number: {literal(kind, one[0])}, receiptCode: {literal(kind, one[1])})"

    def paging(self, of: GraphQLField, depth: int) -> dict[str, str]:
        given: dict[str, str] = {}
        if depth or self.chance(0.7):
            given[self.random.choice(("first", "first", "last"))] = self.put(of.args["first"].type, self.size)
        if "orderBy" in of.args and self.chance(0.5):
            given |= self.ordered(of)
        return given

    def size(self) -> int:
        return self.random.choice((0, 1, 2, 3, 3, 4))

    def ordered(self, of: GraphQLField) -> dict[str, str]:
        """An order, and cursors that belong to it in either set of variables."""
        order = of.args["orderBy"].type
        kind: Any = get_nullable_type(order)
        assert isinstance(kind, GraphQLEnumType)
        names = [self.random.choice(list(kind.values)) for _ in range(2)]
        bound = self.chance(0.4)
        given = {"orderBy": self.variable(order, names[0], names[1], firm=True) if bound else names[0]}
        names = names if bound else [names[0], names[0]]
        rows = self.seeds.rows.kinds[kind.name.removesuffix("Order")]
        for name in ("after", "before"):
            if name in of.args and self.chance(0.25):
                cursors = [cursor(self.random.choice(rows), order.lower().rpartition("_")[0]) for order in names]
                text = of.args[name].type
                given[name] = (
                    self.variable(text, cursors[0], cursors[1], firm=True)
                    if bound or self.chance(0.5)
                    else literal(text, cursors[0])
                )
        return given

    # values: literals, variables, and literals with variables inside

    def put(self, kind: Any, make: Callable[[], Any], where: tuple[str, ...] = (), deep: int = 0) -> str:
        if self.chance(0.35 if deep else 0.25):
            return self.variable(kind, make(), make())
        inner: Any = get_nullable_type(kind)
        if not isinstance(kind, GraphQLNonNull) and self.chance(0.03):
            return "null"
        if isinstance(inner, GraphQLList):
            if self.chance(0.1):  # one value where a list is due
                return literal(inner.of_type, self.maker(inner.of_type, where, deep)())
            each = [
                self.put(inner.of_type, self.maker(inner.of_type, where, deep), where, deep)
                for _ in range(self.random.choice((0, 1, 1, 2, 3)))
            ]
            return f"[{', '.join(each)}]"
        if isinstance(inner, GraphQLInputObjectType):
            parts = [
                f"{name}: {self.put(of.type, self.maker(of.type, at, deep + 1), at, deep + 1)}"
                for name, of, at in self.entries(inner, where, deep)
            ]
            return "{" + ", ".join(parts) + "}"
        return literal(kind, make())

    def maker(self, kind: Any, where: tuple[str, ...], deep: int = 0) -> Callable[[], Any]:
        """A source of JSON values for an input of this type at this place."""
        return lambda: self.value(kind, where, deep)

    def value(self, kind: Any, where: tuple[str, ...], deep: int) -> Any:
        if not isinstance(kind, GraphQLNonNull) and self.chance(0.03):
            return None
        inner: Any = get_nullable_type(kind)
        if isinstance(inner, GraphQLList):
            return [self.value(inner.of_type, where, deep) for _ in range(self.random.choice((0, 1, 1, 2, 3)))]
        if isinstance(inner, GraphQLInputObjectType):
            return {name: self.value(of.type, at, deep + 1) for name, of, at in self.entries(inner, where, deep)}
        if isinstance(inner, GraphQLEnumType):
            return self.random.choice(list(inner.values))
        return self.leaf(inner.name, where)

    def entries(self, kind: Any, where: tuple[str, ...], deep: int) -> list[tuple[str, Any, tuple[str, ...]]]:
        """Some of an input object's fields, each with its place."""
        if kind.name == "PointInput":
            return [(name, of, (kind.name, name)) for name, of in kind.fields.items()]
        top = kind.name.endswith("Filter")
        names = [name for name in kind.fields if deep < 4 or name not in ("and", "or", "not")]
        few = self.random.sample(
            names, min(len(names), self.random.choice((0, 1, 1, 1, 2, 3) if top else (1, 1, 1, 2)))
        )
        base = (kind.name.removesuffix("Filter"),) if top else where
        return [
            (name, kind.fields[name], where if top and name in ("and", "or", "not") else (*base, name)) for name in few
        ]

    def leaf(self, kind: str, where: tuple[str, ...]) -> Any:
        match where:
            case ("PointInput", "longitude"):
                return round(107.95 + self.random.random() * 1.1, 6)
            case ("PointInput", "latitude"):
                return round(31.95 + self.random.random() * 1.1, 6)
            case (("Query.grid" | "Query.calendar" | "Query.deadlineRules"), _):
                return self.real(self.seeds.column("Grid", "code"))
            case (("Grid.statistics" | "Unit.statistics"), name):
                day = {"from": (1, 15), "to": (15, 30)}[name]
                return f"2026-06-{self.random.choice(day):02}"
            case ("Query.concernMap", ("grid" | "from" | "to") as name):
                day = {"from": "2026-06-01", "to": "2026-06-30"}
                return day[name] if name in day else self.real(self.seeds.column("Grid", "code"))
            case ("Query.earlySignResults", _):
                return self.real(self.seeds.column("Grid", "code"))
            case ("Query.digest", name):
                return self.real(self.seeds.column("Grid", "code")) if name == "grid" else "2026-06-30"
            case ("Query.unit", _):
                return self.real(self.seeds.column("Unit", "code"))
            case ("Query.case", _):
                return self.real(self.seeds.column("Case", "number"))
            case ("Query.household", _):
                return self.real(self.seeds.column("Household", "number"))
            case (("Query.node" | "Query.nodes" | "Query.person"), _):
                return self.real([*self.seeds.ids(), "Case:x", "Nothing:1", "Grid:", "Person"])
            case ("Case.age", _):
                return self.random.choice(AGES)
            case ("Query.motto", _):
                return self.random.randint(0, 2)
            case (_, _, "within"):
                return self.random.choice(self.seeds.places(where[0]))
            case (of, name, "contains"):
                text = self.real(self.seeds.column(of, name))
                start = self.random.randint(0, len(text))
                found = text[start : start + self.random.choice((0, 1, 2, 2, 3, 5))]
                return found.swapcase() if self.chance(0.2) else found
            case (of, name, _) if of in self.seeds.rows.kinds:
                return self.near(self.random.choice(self.seeds.column(of, name)))
        return {"Int": 1, "Float": 0.5, "Boolean": self.chance(0.5)}.get(kind, self.random.choice(STRANGE))

    def real(self, values: list[Any]) -> Any:
        return self.random.choice(values if self.chance(0.85) else STRANGE)

    def near(self, value: Any) -> Any:
        """A value of a column or one beside it, as JSON has it."""
        beside = self.chance(0.2)
        if value == NEVER:
            return NEVER.isoformat()
        if isinstance(value, datetime):
            value += timedelta(microseconds=beside)
            zone = timezone(timedelta(hours=self.random.choice((0, 8, -3.5)))) if value.year > 1 else value.tzinfo
            return value.astimezone(zone).isoformat()
        if isinstance(value, date):
            return (value - timedelta(days=beside)).isoformat()
        if isinstance(value, str):
            return self.random.choice(STRANGE) if beside else value
        return value if isinstance(value, bool) else value + beside

    def variable(self, kind: Any, one: Any, two: Any, firm: bool = False) -> str:
        """A variable that has one value in the first set and another in the second; or none, unless it is firm."""
        name = self.name("v")
        optional = not firm and not isinstance(kind, GraphQLNonNull)
        default = ""
        if not firm and one is not None and self.chance(0.1):
            default = f" = {literal(kind, one)}"
        elif optional and self.chance(0.08):
            one = None
        for found, value in zip(self.sets, (one, two), strict=True):
            if (default or optional and value is None) and self.chance(0.5):
                continue  # not given at all
            found[name] = value
        if default and not optional and self.sets[1].get(name, 1) is None:
            self.sets[1][name] = one
        self.declared.append(f"${name}: {kind}{default}")
        return f"${name}"


def literal(kind: Any, value: Any) -> str:
    """A JSON value as GraphQL has it."""
    inner: Any = get_nullable_type(kind)
    if value is None:
        return "null"
    if isinstance(inner, GraphQLList):
        return "[" + ", ".join(literal(inner.of_type, one) for one in value) + "]"
    if isinstance(inner, GraphQLInputObjectType):
        return "{" + ", ".join(f"{name}: {literal(inner.fields[name].type, one)}" for name, one in value.items()) + "}"
    return str(value) if isinstance(inner, GraphQLEnumType) else json.dumps(value, ensure_ascii=False)
