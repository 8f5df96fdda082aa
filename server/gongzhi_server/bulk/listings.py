"""Queries of one list, as files are made of them: a row of the file for each node, a column for each leaf below it.

The planner compiles them for whoever asks, so a file holds what that account sees in the list, masked as there. Pages
follow each other by key, all of one snapshot.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson
from asyncpg.exceptions import QueryCanceledError
from gongzhi.checks import wrong
from gongzhi.context import Wanted
from gongzhi.entity import PAGE
from gongzhi.errors import Refusal
from gongzhi.viewer import Viewer
from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLField,
    GraphQLObjectType,
    OperationDefinitionNode,
    OperationType,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_list_type,
    parse,
    print_ast,
)
from graphql.execution.collect_fields import FieldDetailsList, collect_fields, collect_subfields
from graphql.execution.values import VariableValues

from ..engine import Engine
from ..execution import Fetch, Session
from ..gateway.engine import Refused
from ..planner import Document

LISTS = ("cases", "people")
"""What files are made of."""
LONGEST = 8000
COLUMNS = 60
OURS = {"first", "after", "last", "before"}
FIRST, AFTER, COUNT = "gongzhiFirst", "gongzhiAfter", "gongzhiCount"
PAGED = (
    "query {name}({variables}${first}: Int!, ${after}: String, ${count}: Boolean!) "
    "{{ {list}({arguments}first: ${first}, after: ${after}) {{ totalCount @include(if: ${count}) {nodes} "
    "pageInfo {{ hasNextPage endCursor }} }} }} {fragments}"
)
SLOW = "The list takes too long; ask for a shorter one.", "查询超时，请缩小清单范围。"
TERM = re.compile(r"\(([^()]*[\u4e00-\u9fff][^()]*)\)\.?$")
"""The Chinese term in a description."""


@dataclass(frozen=True)
class Column:
    """A leaf of the nodes: the way to it, and its names in Chinese."""

    path: tuple[str, ...]
    terms: tuple[str, ...]

    def of(self, node: Any) -> Any:
        for key in self.path:
            node = node[key] if node is not None else None
        return node

    @property
    def name(self) -> str:
        return ".".join(self.path)

    @property
    def heading(self) -> str:
        return f"{'·'.join(self.terms)} {self.name}"


@dataclass(frozen=True)
class Listing:
    """A query of one list that fits; `key` is the list's name in the answer, `text` the query as it was asked."""

    document: Document
    given: Mapping[str, Any]
    text: str
    list: str
    key: str
    columns: tuple[Column, ...]


class Listings:
    """Reads lists of one schema."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    async def wanted(self, viewer: Viewer, text: str, variables: Mapping[str, Any]) -> Wanted:
        """How many rows somebody's file would have. Raises Refusal for a query that no file is made of."""
        listing = self.read(text, variables)
        statement = self.sound(listing, viewer)
        session = self.session(listing, viewer, self.engine.fetch)
        found = await self.page(listing, session, {FIRST: 0, COUNT: True})
        if not (rows := found["totalCount"]):
            raise wrong("There is nothing in this list.", "该清单没有数据。", "document")
        return Wanted(listing.text, listing.list, rows, statement.shape.looks)

    async def rows(self, listing: Listing, viewer: Viewer, fetch: Fetch, most: int) -> list[list[Any]]:
        """The rows of somebody's file, once it is written down who is in it. Raises Refusal, also for over `most`."""
        self.sound(listing, viewer)
        session = self.session(listing, viewer, fetch)
        rows: list[list[Any]] = []
        variables: dict[str, Any] = {FIRST: PAGE, COUNT: False}
        while True:
            page = await self.page(listing, session, variables)
            rows += [[column.of(node) for column in listing.columns] for node in page["nodes"]]
            if len(rows) > most:
                raise grown()
            if not page["pageInfo"]["hasNextPage"]:
                break
            variables[AFTER] = page["pageInfo"]["endCursor"]
        await session.record()
        return rows

    def read(self, text: str, variables: Mapping[str, Any]) -> Listing:
        """The query, with what it takes to turn the pages. Raises Refusal."""
        asked, paged = rewritten(text)
        try:
            prepared = self.engine.prepare(paged, None)
            document = Document(prepared.schema, prepared.ast, prepared.node, taken=True)
            coerced = self.engine.coerced(document, {**variables, FIRST: PAGE, COUNT: False})
        except Refused as refused:
            raise unfit(refused.errors[0].message) from refused
        return self.laid_out(document, variables, asked, coerced)

    def laid_out(self, document: Document, given: Mapping[str, Any], text: str, variables: VariableValues) -> Listing:
        schema, query = document.schema, document.schema.query_type
        assert query
        fields = collect_fields(schema, document.fragments, variables, query, document.node).grouped_field_set
        [(key, details)] = fields.items()
        name = details[0].node.name.value
        page = query.fields[name]
        nodes = subfields(document, variables, page, details)["nodes"]
        columns = tuple(columned(document, variables, named(page).fields["nodes"], nodes))
        if not 1 <= len(columns) <= COLUMNS:
            raise unfit(f"A file has 1 to {COLUMNS} columns.")
        return Listing(document, given, text, name, key, columns)

    def sound(self, listing: Listing, viewer: Viewer) -> Any:
        """The statement for a page. Raises Refusal where it costs too much, or something in it is not the viewer's."""
        try:
            coerced = self.engine.coerced(listing.document, {**listing.given, FIRST: PAGE, COUNT: False})
            statement = self.engine.planner.query(listing.document, coerced, viewer)
            self.engine.afforded(statement.cost)
        except Refused as refused:
            raise unfit(refused.errors[0].message) from refused
        except GraphQLError as error:
            raise unfit(error.message) from error
        if statement.errors:
            raise unfit(statement.errors[0].message)
        return statement

    def session(self, listing: Listing, viewer: Viewer, fetch: Fetch) -> Session:
        coerced = self.engine.coerced(listing.document, {**listing.given, FIRST: 0, COUNT: False})
        context = replace(self.engine.context(viewer), fetch=fetch)
        return Session(self.engine.planner, fetch, listing.document, dict(listing.given), coerced, context)

    async def page(self, listing: Listing, session: Session, variables: Mapping[str, Any]) -> Any:
        """One page of the list. Raises Refusal if something of it fails: no file lacks a column."""
        session.variables = self.engine.coerced(listing.document, {**listing.given, **variables})
        statement = self.engine.planner.query(listing.document, session.variables, session.viewer)
        try:
            data, errors = await session.answer(statement)
        except QueryCanceledError as late:
            raise wrong(*SLOW, "document") from late
        if errors:
            raise unfit(errors[0].message)
        return orjson.loads(data)[listing.key]


def rewritten(text: str) -> tuple[str, str]:
    """The query of one list printed anew, and the same with pages. Raises Refusal for anything else."""
    if len(text) > LONGEST:
        raise unfit(f"It has {LONGEST} characters at most.")
    try:
        definitions = parse(text, max_tokens=2000).definitions
    except GraphQLError as error:
        raise unfit(error.message) from error
    fragments = [one for one in definitions if isinstance(one, FragmentDefinitionNode)]
    others = [one for one in definitions if one not in fragments]
    match others:
        case [OperationDefinitionNode(operation=OperationType.QUERY, directives=() | None) as query]:
            return "\n".join(map(print_ast, definitions)), paged(query, fragments)
        case _:
            raise unfit("It is one query, and nothing beside it but fragments.")


def paged(query: OperationDefinitionNode, fragments: Sequence[FragmentDefinitionNode]) -> str:
    """The query with pages."""
    match query.selection_set.selections:
        case (FieldNode(directives=() | None) as root,) if root.name.value in LISTS:
            nodes = nodes_of(root)
        case _:
            raise unfit(f"It asks for one list, which is {' or '.join(LISTS)}.")
    if taken := sorted(OURS & {one.name.value for one in root.arguments or ()}):
        raise unfit(f"A file has all pages: leave out {', '.join(taken)}.")
    return PAGED.format(
        name=query.name.value if query.name else "",
        variables="".join(f"{print_ast(one)}, " for one in query.variable_definitions or ()),
        list=f"{root.alias.value}: {root.name.value}" if root.alias else root.name.value,
        arguments="".join(f"{print_ast(one)}, " for one in root.arguments or ()),
        nodes=print_ast(nodes),
        fragments=" ".join(map(print_ast, fragments)),
        first=FIRST,
        after=AFTER,
        count=COUNT,
    )


def nodes_of(root: FieldNode) -> FieldNode:
    """The one thing that is asked of the list."""
    match root.selection_set and root.selection_set.selections:
        case (FieldNode(directives=() | None, alias=None) as only,) if only.name.value == "nodes":
            return only
        case _:
            raise unfit("It asks for the list's nodes and nothing else: { cases { nodes { number } } }.")


def columned(
    document: Document,
    variables: VariableValues,
    of: GraphQLField,
    details: FieldDetailsList,
    path: tuple[str, ...] = (),
    terms: tuple[str, ...] = (),
) -> Iterator[Column]:
    """The leaves below a field, in the order they are asked for. Raises Refusal for a list of objects."""
    owner = named(of)
    for key, inside in subfields(document, variables, of, details).items():
        name = inside[0].node.name.value
        field = owner.fields.get(name)
        way, words = (*path, key), (*terms, term(field) if field else name)
        kind = get_named_type(field.type) if field else None
        if field is None or kind is None or is_leaf_type(kind):
            yield Column(way, words)
        elif is_list_type(get_nullable_type(field.type)) or not isinstance(kind, GraphQLObjectType):
            raise unfit(f"{'.'.join(way)} is a list of its own, or of several types, and fits into no column.")
        else:
            yield from columned(document, variables, field, inside, way, words)


def subfields(document: Document, variables: VariableValues, of: GraphQLField, details: FieldDetailsList) -> Any:
    found = collect_subfields(document.schema, document.fragments, variables, document.node, named(of), details)
    return found.grouped_field_set


def named(of: GraphQLField) -> Any:
    return get_named_type(of.type)


def term(field: GraphQLField) -> str:
    """What a field is called in Chinese."""
    found = TERM.search(field.description or "")
    return found[1] if found else ""


def unfit(said: str) -> Refusal:
    return wrong(f"No file can be made of this: {said}", f"无法据此生成文件：{said}", "document")


def grown() -> Refusal:
    return Refusal(
        "EXPORT_GROWN",
        "The list has grown by more than a tenth since it was asked for; ask for it again.",
        "清单数据较申请时增长超过一成，请重新申请。",
    )
