"""View layout: what the document of a view asks for, read against the schema, so that a page can draw what comes.

What does not fit is refused in a sentence that names the field.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from gongzhi.plugin.views import View, ViewKind
from gongzhi.values.errors import DeclarationError, Text
from gongzhi.values.labels import split_label
from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLEnumType,
    GraphQLInputObjectType,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
    get_nullable_type,
    is_list_type,
    type_from_ast,
    value_from_ast_untyped,
)
from strawberry.utils.str_converters import to_camel_case

from gongzhi_server.commands.field_labels import name_text
from gongzhi_server.planner import Document

from .mutation_forms import MutationForms

FILLED = frozenset(("first", "after", "filter", "id", "grid", "since", "today"))
"""The variables that a page fills."""
UNDRAWN = frozenset(("__typename", "actions", "counts", "id", "pageInfo", "totalCount", "version"))
"""What a page uses and does not show as a value."""
NUMBERS = frozenset(("Int", "Float", "Decimal"))
PLAIN = frozenset(("name", "title", "nodes"))
"""Fields that add nothing to what the field above them is called."""
JOINING = frozenset(("and", "or", "not"))

Told: TypeAlias = dict[str, Any]
"""A part of a layout as the schema tells it."""


@dataclass(frozen=True)
class Selection:
    """A field as a document selects it, with what is selected below it."""

    key: str
    name: str
    label: Text
    owner: Any
    """The type that the field is one of."""
    type: Any
    listed: bool
    node: FieldNode
    inside: tuple[Selection, ...] = ()

    @property
    def object_type(self) -> Any:
        """The type whose fields are selected below it, which `node` leaves to a fragment."""
        return self.inside[0].owner if self.inside else self.type

    @property
    def holds_objects(self) -> bool:
        return self.listed and bool(self.inside)

    def find(self, name: str) -> Selection | None:
        return next((one for one in self.inside if one.name == name), None)


@dataclass(frozen=True)
class Way:
    """The fields that lead to one, from where a page begins to draw."""

    steps: tuple[Selection, ...] = ()

    def to(self, step: Selection) -> Way:
        return Way((*self.steps, step))

    @property
    def path(self) -> list[str]:
        return [one.key for one in self.steps]

    def tell(self) -> Told:
        """Return the path with what it is called: a name below something is called as that is."""
        words = [one.label for at, one in enumerate(self.steps) if at == 0 or one.name not in PLAIN]
        english, chinese = ": ".join(one.en for one in words), "·".join(one.zh for one in words)
        return {"path": self.path, "english": english, "chinese": chinese}


@dataclass
class Drawing:
    """What is drawn of an object: values, and tables of what it has several of."""

    columns: list[Told] = field(default_factory=list)
    tables: list[Told] = field(default_factory=list)

    def add(self, found: Sequence[Selection], way: Way = Way()) -> Drawing:
        """Add what is selected below a way. Raises DeclarationError for a list within a list."""
        for one in found:
            on = way.to(one)
            if one.name in UNDRAWN:
                continue
            if one.holds_objects:
                inner = Drawing().add(one.inside)
                if inner.tables:
                    raise DeclarationError(f"{'.'.join(on.path)} holds a list of its own, for which there is no room")
                self.tables.append({**on.tell(), "type": one.object_type.name, "columns": inner.columns})
            elif one.inside:
                self.add(one.inside, on)
            else:
                self.columns.append({**on.tell(), "type": one.type.name, **tell_owner(way)})
        return self


def tell_owner(way: Way) -> Told:
    """Return of which object a value is, beside what is drawn, if its id is asked for: a page leads to it."""
    owner = way.steps[-1] if way.steps else None
    if owner is None or owner.find("id") is None:
        return {"owner": None, "ownerId": []}
    return {"owner": owner.object_type.name, "ownerId": [*way.path, "id"]}


def lay_out_view(view: View, document: Document, forms: MutationForms) -> Told:
    """Return what a page must know to draw a view. Raises DeclarationError, naming the field."""
    fragments = {name: found.definition for name, found in document.fragments.items()}
    roots = tuple(read_selections(document.schema, fragments, document.schema.query_type, document.node.selection_set))
    variables = check_variables(view, document)
    begin = BEGINNINGS[view.kind](roots)
    target = begin.steps[-1]
    drawn = Drawing().add(target.inside)
    if view.kind in (ViewKind.LIST, ViewKind.MAP) and drawn.tables:
        raise DeclarationError(f"{'.'.join(drawn.tables[0]['path'])} is a list, and fits into no column")
    if view.kind is not ViewKind.COUNTER and not drawn.columns:
        raise DeclarationError(f"{target.key} has nothing to show")
    check_paging(begin, variables)
    check_layer(view, target, drawn)
    check_keys(view, target, forms)
    title = split_label(view.title)
    return {
        "name": view.name,
        "kind": view.kind.value,
        "english": title.en,
        "chinese": title.zh,
        "document": view.document,
        "opens": view.opens or None,
        "variables": variables,
        "rows": begin.path,
        "type": target.object_type.name,
        "columns": drawn.columns,
        "tables": drawn.tables,
        "filters": order_filters(lay_out_filters(document, target, roots), drawn.columns),
    }


def read_selections(
    schema: Any, fragments: Mapping[str, Any], owner: Any, found: SelectionSetNode | None
) -> Iterator[Selection]:
    """Yield the fields of a selection, those of fragments in their places."""
    for node in found.selections if found else ():
        match node:
            case FieldNode() if node.name.value == "__typename":
                pass
            case FieldNode():
                name, declared = node.name.value, owner.fields[node.name.value]
                inner = tuple(read_selections(schema, fragments, get_named_type(declared.type), node.selection_set))
                yield Selection(
                    node.alias.value if node.alias else name,
                    name,
                    name_text(name, declared.description),
                    owner,
                    get_named_type(declared.type),
                    is_list_type(get_nullable_type(declared.type)),
                    node,
                    inner,
                )
            case InlineFragmentNode():
                kind = schema.type_map[node.type_condition.name.value] if node.type_condition else owner
                yield from read_selections(schema, fragments, kind, node.selection_set)
            case FragmentSpreadNode():
                spread = fragments[node.name.value]
                kind = schema.type_map[spread.type_condition.name.value]
                yield from read_selections(schema, fragments, kind, spread.selection_set)


def check_variables(view: View, document: Document) -> list[str]:
    """Return the names of the variables that a page fills. Raises DeclarationError for one that nobody does."""
    names = []
    for one in document.node.variable_definitions or ():
        name = one.variable.name.value
        if name in FILLED:
            names.append(name)
        elif one.default_value is None:
            raise DeclarationError(f"${name} is none of the variables that a page fills: {', '.join(sorted(FILLED))}")
    if view.kind is ViewKind.DETAIL and "id" not in names:
        raise DeclarationError("a detail finds its object by the variable $id")
    if view.kind is ViewKind.MAP and "grid" not in names:
        raise DeclarationError("a map finds its places by the variable $grid")
    return names


def find_rows(roots: Sequence[Selection], way: Way = Way()) -> Way | None:
    """Return the way to the first list of objects."""
    for one in roots:
        if one.name in UNDRAWN:
            continue
        on = way.to(one)
        if one.holds_objects:
            return on
        if found := find_rows(one.inside, on):
            return found
    return None


def begin_list(roots: Sequence[Selection]) -> Way:
    found = find_rows(roots)
    if found is None:
        raise DeclarationError("a list selects a list of objects, such as the nodes of a connection")
    return found


def begin_detail(roots: Sequence[Selection]) -> Way:
    found = next((one for one in roots if one.inside and not one.listed), None)
    if found is None:
        raise DeclarationError("a detail selects an object, such as node(id: $id)")
    return Way((found,))


def begin_counter(roots: Sequence[Selection]) -> Way:
    steps: list[Selection] = []
    below = tuple(roots)
    while below:
        if len(below) > 1:
            raise DeclarationError(f"a counter selects one value; here are {below[0].key} and {below[1].key}")
        steps.append(below[0])
        below = below[0].inside
    found = Way(tuple(steps))
    if steps[-1].type.name not in NUMBERS or any(one.listed for one in steps):
        raise DeclarationError(f"{'.'.join(found.path)} is no number")
    return found


BEGINNINGS = {
    ViewKind.LIST: begin_list,
    ViewKind.DETAIL: begin_detail,
    ViewKind.COUNTER: begin_counter,
    ViewKind.MAP: begin_list,
}


def check_paging(begin: Way, variables: Sequence[str]) -> None:
    """Refuse a list that takes a cursor, and does not ask where its page ends."""
    above = begin.steps[-2] if len(begin.steps) > 1 else None
    if "after" in variables and not (above and (info := above.find("pageInfo")) and info.find("endCursor")):
        raise DeclarationError("a list with $after selects pageInfo { hasNextPage endCursor }")


def check_layer(view: View, target: Selection, drawn: Drawing) -> None:
    """Refuse a map whose places nobody could find on it, or that has nothing to colour them by."""
    if view.kind is not ViewKind.MAP:
        return
    if target.find("code") is None:
        raise DeclarationError(f"{target.key} lacks the code, by which a map finds a place")
    if not any(one["type"] in NUMBERS for one in drawn.columns):
        raise DeclarationError(f"{target.key} has no number to colour a map by")


def check_keys(view: View, target: Selection, forms: MutationForms) -> None:
    """Refuse a view that lacks what a page goes on by: ids of rows that it opens, and what forms send along."""
    selected, row = {one.name for one in target.inside}, target.object_type
    if view.kind is ViewKind.LIST and view.opens and "id" not in selected:
        raise DeclarationError(f"{target.key} lacks the id, by which {view.opens} finds a row")
    if view.kind is not ViewKind.DETAIL:
        return
    mutations = [*view.forms, *(forms.done_to(row.name) if "actions" in selected else ())]
    wanted = sorted({key for name in mutations for key in forms.keys(name, row.name)})
    if missing := [name for name in wanted if name in row.fields and name not in selected]:
        raise DeclarationError(f"{target.key} lacks the {missing[0]}, which forms send along")


def lay_out_filters(document: Document, target: Selection, roots: Sequence[Selection]) -> Iterator[Told]:
    """Yield what a page offers to filter by, with what is chosen at first and where its counts are."""
    asked = find_variable(document.node, "filter")
    kind: Any = get_named_type(type_from_ast(document.schema, asked.type)) if asked else None
    if not isinstance(kind, GraphQLInputObjectType):
        return
    initial = value_from_ast_untyped(asked.default_value) if asked.default_value else {}
    # A page would show nothing as chosen, and so ask for all.
    if unshown := [name for name, compared in initial.items() if name in JOINING or set(compared) != {"equals"}]:
        raise DeclarationError(f"$filter begins with {unshown[0]}, which a page can show as chosen by equals alone")
    counted = {dimension: way.path for dimension, way in find_counts(roots)}
    for name, compared in kind.fields.items():
        value = None if name in JOINING else compared_type(get_named_type(compared.type))
        if value is None:
            continue
        declared = target.object_type.fields.get(name)
        # A condition is described as one; what people choose by is called as the field that they see.
        label = name_text(name, (declared or compared).description)
        chosen = (initial.get(name) or {}).get("equals")
        yield {
            "name": name,
            "english": label.en,
            "chinese": label.zh,
            "type": value,
            "initial": None if chosen is None else str(chosen).lower() if chosen in (True, False) else str(chosen),
            "counts": counted.get(name, []),
        }


def order_filters(found: Iterable[Told], columns: Sequence[Told]) -> list[Told]:
    """Return filters in the order of the columns that they are about; the schema sorts them by their names."""
    places = {one["path"][0]: at for at, one in reversed(list(enumerate(columns)))}
    return sorted(found, key=lambda one: places.get(one["name"], len(columns)))


def find_variable(node: OperationDefinitionNode, name: str) -> Any:
    """Return the definition of a variable; None if there is none."""
    return next((one for one in node.variable_definitions or () if one.variable.name.value == name), None)


def compared_type(kind: Any) -> str | None:
    """Return what a comparison is chosen of: an enum, a day, a grid; None for one that no page offers."""
    fields = {name: get_named_type(one.type) for name, one in kind.fields.items()}
    if "within" in fields:
        return "Grid"
    if "from" in fields and fields["from"].name in ("Date", "DateTime"):
        return str(fields["from"].name)
    if "contains" in fields:
        return "String"
    equals = fields.get("equals")
    return equals.name if isinstance(equals, GraphQLEnumType) or (equals and equals.name == "Boolean") else None


def find_counts(roots: Sequence[Selection], way: Way = Way()) -> Iterator[tuple[str, Way]]:
    """Yield where rows are counted by one thing, and by what."""
    for one in roots:
        on = way.to(one)
        if one.name == "counts":
            given = {each.name.value: value_from_ast_untyped(each.value) for each in one.node.arguments or ()}
            by: Any = given.get("by")
            if isinstance(by, list) and len(by) == 1:
                yield to_camel_case(str(by[0]).lower()), on
        else:
            yield from find_counts(one.inside, on)


def find_unlabelled(told: Told) -> Iterator[str]:
    """Yield the paths of what a view shows and nobody has named in Chinese."""
    tables = told["tables"]
    for one in (*told["columns"], *tables, *(column for table in tables for column in table["columns"])):
        if one["chinese"] == one["english"]:
            yield f"{told['name']}: {'.'.join(one['path'])}"
