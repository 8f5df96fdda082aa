"""List reader: a query of one list, counted or read whole: a row for each node, a column for each leaf below it.

The planner compiles it for whoever asks, so the rows hold what that account sees in the list, masked as there. Pages
follow each other by key, all of one snapshot.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson
from asyncpg.exceptions import QueryCanceledError
from gongzhi.declare.entity import PAGE
from gongzhi.declare.viewer import Viewer
from gongzhi.runtime.checks import invalid_input
from gongzhi.runtime.lists import CountedList, ListColumn, ReadList
from gongzhi.values.errors import Refusal
from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    OperationDefinitionNode,
    OperationType,
    get_named_type,
    parse,
    print_ast,
)
from graphql.execution.collect_fields import collect_fields
from graphql.execution.values import VariableValues

from gongzhi_server.gateway.error_responses import hide_values
from gongzhi_server.gateway.interfaces import RequestRefused
from gongzhi_server.graphql.engine import GraphQLEngine
from gongzhi_server.planner import Document
from gongzhi_server.planner.execution import Fetch, OperationRun
from gongzhi_server.storage.connection_shares import SharedReader

from .list_columns import collect_list_fields, list_columns, no_file_refusal

LISTS = ("cases", "people")
"""What may be read whole."""
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


@dataclass(frozen=True)
class ListQuery:
    """A query of one list that fits; `key` is the list's name in the answer, `text` the query as it was asked."""

    document: Document
    given: Mapping[str, Any]
    text: str
    list: str
    key: str
    columns: tuple[ListColumn, ...]


class ListReader:
    """Reads lists of one schema (`gongzhi.runtime.lists.Lists`); `pages` has the connections for those read whole."""

    def __init__(self, engine: GraphQLEngine, pages: SharedReader) -> None:
        self.engine, self.pages = engine, pages

    async def count(self, viewer: Viewer, document: str, variables: Mapping[str, Any]) -> CountedList:
        """Check a query and count its rows. Raises Refusal for one that is no query of one list, or that is empty."""
        listing = self.prepare(document, variables)
        statement = self.plan(listing, viewer)
        run = self.make_run(listing, viewer, self.engine.shares.reader(viewer, "mutation"))
        found = await self.page(listing, run, {FIRST: 0, COUNT: True})
        if not (rows := found["totalCount"]):
            raise invalid_input("There is nothing in this list.", "该清单没有数据。", "document")
        return CountedList(listing.text, listing.list, rows, statement.shape.looks)

    async def read(self, viewer: Viewer, document: str, variables: Mapping[str, Any], most: int) -> ReadList:
        """Read all rows, and record whose files are in them. Raises Refusal, also for more rows than `most`."""
        listing = self.prepare(document, variables)
        self.plan(listing, viewer)
        async with self.pages.connection() as connection, connection.transaction(isolation="repeatable_read"):
            run = self.make_run(listing, viewer, connection.fetch)
            rows = await self.read_pages(listing, run, most)
            await run.record()
        return ReadList(listing.columns, rows)

    async def read_pages(self, listing: ListQuery, run: OperationRun, most: int) -> list[list[Any]]:
        """Read page after page. Raises Refusal for more rows than `most`."""
        rows: list[list[Any]] = []
        variables: dict[str, Any] = {FIRST: PAGE, COUNT: False}
        while True:
            page = await self.page(listing, run, variables)
            rows += [[value_at(node, column.path) for column in listing.columns] for node in page["nodes"]]
            if len(rows) > most:
                raise list_has_grown()
            if not page["pageInfo"]["hasNextPage"]:
                return rows
            variables[AFTER] = page["pageInfo"]["endCursor"]

    def prepare(self, text: str, variables: Mapping[str, Any]) -> ListQuery:
        """Check a query, and add what it takes to turn the pages. Raises Refusal."""
        asked, paged = rewrite_query(text)
        try:
            prepared = self.engine.prepare(paged, None)
            document = Document(prepared.schema, prepared.ast, prepared.node, taken=True)
            coerced = self.engine.coerce_variables(document, {**variables, FIRST: PAGE, COUNT: False})
        except RequestRefused as refused:
            raise refuse_document(refused.errors[0].message) from refused
        return self.lay_out(document, variables, asked, coerced)

    def lay_out(self, document: Document, given: Mapping[str, Any], text: str, variables: VariableValues) -> ListQuery:
        """Return the query with its columns. Raises Refusal for too many of them."""
        schema, query = document.schema, document.schema.query_type
        assert query
        fields = collect_fields(schema, document.fragments, variables, query, document.node).grouped_field_set
        [(key, details)] = fields.items()
        name = details[0].node.name.value
        page = query.fields[name]
        nodes = collect_list_fields(document, variables, page, details)["nodes"]
        kind: Any = get_named_type(page.type)
        columns = tuple(list_columns(document, variables, kind.fields["nodes"], nodes))
        if not 1 <= len(columns) <= COLUMNS:
            raise no_file_refusal(f"A file has 1 to {COLUMNS} columns.", f"文件应有 1 至 {COLUMNS} 列。")
        return ListQuery(document, given, text, name, key, columns)

    def plan(self, listing: ListQuery, viewer: Viewer) -> Any:
        """Plan a page. Raises Refusal where it costs too much, or something in it is not the viewer's."""
        try:
            coerced = self.engine.coerce_variables(listing.document, {**listing.given, FIRST: PAGE, COUNT: False})
            statement = self.engine.planner.query(listing.document, coerced, viewer)
            self.engine.require_affordable(statement.cost)
        except RequestRefused as refused:
            raise refuse_document(refused.errors[0].message) from refused
        except GraphQLError as error:
            raise refuse_document(error.message) from error
        if statement.errors:
            raise refuse_document(statement.errors[0].message)
        return statement

    def make_run(self, listing: ListQuery, viewer: Viewer, fetch: Fetch) -> OperationRun:
        coerced = self.engine.coerce_variables(listing.document, {**listing.given, FIRST: 0, COUNT: False})
        context = replace(self.engine.context(viewer), fetch=fetch)
        return OperationRun(self.engine.planner, fetch, listing.document, dict(listing.given), coerced, context)

    async def page(self, listing: ListQuery, run: OperationRun, variables: Mapping[str, Any]) -> Any:
        """Read one page of the list. Raises Refusal if something of it fails: no file lacks a column."""
        run.variables = self.engine.coerce_variables(listing.document, {**listing.given, **variables})
        statement = self.engine.planner.query(listing.document, run.variables, run.viewer)
        try:
            data, errors = await run.answer(statement)
        except QueryCanceledError as late:
            raise invalid_input(*SLOW, "document") from late
        if errors:
            raise refuse_document(errors[0].message)
        return orjson.loads(data)[listing.key]


def value_at(node: Any, path: Sequence[str]) -> Any:
    """Return the value in a node to which a path leads; None where an object on it is null."""
    for key in path:
        node = node[key] if node is not None else None
    return node


def rewrite_query(text: str) -> tuple[str, str]:
    """Return the query of one list printed anew, and the same with pages. Raises Refusal for anything else."""
    if len(text) > LONGEST:
        raise no_file_refusal(f"It has {LONGEST} characters at most.", f"查询不超过 {LONGEST} 个字符。")
    try:
        definitions = parse(text, max_tokens=2000).definitions
    except GraphQLError as error:
        raise refuse_document(error.message) from error
    fragments = [one for one in definitions if isinstance(one, FragmentDefinitionNode)]
    others = [one for one in definitions if not isinstance(one, FragmentDefinitionNode)]
    match others:
        case [OperationDefinitionNode(operation=OperationType.QUERY, directives=() | None) as query]:
            return "\n".join(map(print_ast, definitions)), add_pages(query, fragments)
        case _:
            raise no_file_refusal("It is one query, and nothing beside it but fragments.", "应为一个查询，可附片段。")


def add_pages(query: OperationDefinitionNode, fragments: Sequence[FragmentDefinitionNode]) -> str:
    """Return the query with the arguments that turn its pages. Raises Refusal for what is no list."""
    match query.selection_set.selections:
        case (FieldNode(directives=() | None) as root,) if root.name.value in LISTS:
            nodes = find_nodes(root)
        case _:
            names = " or ".join(LISTS)
            raise no_file_refusal(f"It asks for one list, which is {names}.", f"应查询一个清单：{names}。")
    if taken := sorted(OURS & {one.name.value for one in root.arguments or ()}):
        names = ", ".join(taken)
        raise no_file_refusal(f"A file has all pages: leave out {names}.", f"文件包含全部数据，请删去 {names}。")
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


def find_nodes(root: FieldNode) -> FieldNode:
    """Return the field of the nodes, which is all that is asked of the list. Raises Refusal for anything else."""
    match root.selection_set and root.selection_set.selections:
        case (FieldNode(directives=() | None, alias=None) as only,) if only.name.value == "nodes":
            return only
        case _:
            raise no_file_refusal(
                "It asks for the list's nodes and nothing else: { cases { nodes { number } } }.",
                "应只查询清单的 nodes，如 { cases { nodes { number } } }。",
            )


def refuse_document(message: str) -> Refusal:
    """Return a refusal with what GraphQL found wrong, without its guesses: not everybody may explore the schema."""
    plain = hide_values(message)
    return no_file_refusal(plain, plain)


def list_has_grown() -> Refusal:
    """Return the refusal of a list that has grown since it was released: another release is needed."""
    return Refusal(
        "EXPORT_GROWN",
        "The list has grown by more than a tenth since it was asked for; ask for it again.",
        "清单数据较申请时增长超过一成，请重新申请。",
    )
