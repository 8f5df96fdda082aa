"""View types: what the page asks of views that plugins declare, and of forms for their mutations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import strawberry
from gongzhi.declare.entity import embedded
from gongzhi.declare.enums import describe_enum
from gongzhi.declare.extend import extend
from gongzhi.declare.plans import Argument, Frame
from gongzhi.declare.roots import Query
from gongzhi.declare.sql import Sql
from gongzhi.plugin.views import ViewKind
from gongzhi.runtime.checks import invalid_input

MOST = 50
"""Mutations whose forms may be asked for at once."""

describe_enum(
    ViewKind,
    "ViewKind",
    "How a view is drawn (视图类型).",
    LIST="Rows, a page at a time (列表)",
    DETAIL="One object, with what may be done to it (详情)",
    COUNTER="A number (计数)",
    MAP="A layer of the board's map (地图图层)",
)


# All of it is told as the server has laid it out: a page draws it without knowing the schema, which is not shown to
# everybody in production.
@strawberry.type(description="A value that a view shows (视图列).")
class ViewColumn:
    path: list[str] = strawberry.field(description="The names in the answer that lead to it (路径).")
    english: str = strawberry.field(description="What it is called in English (英文标签).")
    chinese: str = strawberry.field(description="What it is called in Chinese (中文标签).")
    type: str = strawberry.field(description="The type of its values, whose labels `labels` has (类型).")
    owner: str | None = strawberry.field(
        description="Of an object beside the one that is shown, its type: a detail of that type shows it (所属类型)."
    )
    owner_id: list[str] = strawberry.field(
        description="The names in the answer that lead to that object's id; empty if not (所属标识路径)."
    )


@strawberry.type(description="What an object has several of, in a table of its own (视图明细).")
class ViewTable:
    path: list[str] = strawberry.field(description="The names in the answer that lead to it (路径).")
    english: str = strawberry.field(description="What it is called in English (英文标签).")
    chinese: str = strawberry.field(description="What it is called in Chinese (中文标签).")
    type: str = strawberry.field(description="The type of its rows (类型).")
    columns: list[ViewColumn] = strawberry.field(description="Its columns (列).")


@strawberry.type(description="What the rows of a view can be chosen by (视图筛选).")
class ViewFilter:
    name: str = strawberry.field(description="The condition of the variable `$filter` (条件).")
    english: str = strawberry.field(description="What it is called in English (英文标签).")
    chinese: str = strawberry.field(description="What it is called in Chinese (中文标签).")
    type: str = strawberry.field(
        description="An enum; Boolean; Date and DateTime, from and before; Grid, a code that rows lie within; String, "
        "which they contain (取值类型)."
    )
    initial: str | None = strawberry.field(description="What is chosen at first (初始值).")
    counts: list[str] = strawberry.field(description="Where the answer counts rows by its values; empty if not (计数).")


@strawberry.type(description="A mutation that a view offers by itself (视图操作).")
class ViewForm:
    mutation: str = strawberry.field(description="The mutation (操作名称).")
    english: str = strawberry.field(description="What it is called in English (英文标签).")
    chinese: str = strawberry.field(description="What it is called in Chinese (中文标签).")
    subject: str | None = strawberry.field(description="The field that takes the id of what is shown (对象字段).")


@strawberry.type(description="The desk that the views of a plugin make (工作台).")
class ViewDesk:
    english: str = strawberry.field(description="What it is called in English (英文标签).")
    chinese: str = strawberry.field(description="What it is called in Chinese (中文标签).")


@strawberry.type(description="What a plugin has a console draw: a GraphQL document with a title (视图).")
class View:
    name: str = strawberry.field(description="Its name (名称).")
    plugin: str = strawberry.field(description="The plugin (插件).")
    desk: ViewDesk = strawberry.field(description="Its desk, which the plugin's views make together (工作台).")
    kind: ViewKind = strawberry.field(description="How it is drawn (类型).")
    english: str = strawberry.field(description="What it is called in English (英文标签).")
    chinese: str = strawberry.field(description="What it is called in Chinese (中文标签).")
    # Sent to /graphql as it is: what it answers to whom is for the schema to say, as of any document.
    document: str = strawberry.field(description="What is asked for it (查询).")
    variables: list[str] = strawberry.field(
        description="Which of first, after, filter, id, grid, since and today the document takes (变量)."
    )
    type: str = strawberry.field(description="The type of the rows or the object (对象类型).")
    opens: str | None = strawberry.field(description="The view that a row, or the number, leads to (打开).")
    rows: list[str] = strawberry.field(
        description="The names in the answer that lead to the rows, the object or the number (路径)."
    )
    columns: list[ViewColumn] = strawberry.field(description="What is shown of a row or an object (列).")
    tables: list[ViewTable] = strawberry.field(description="What an object has several of (明细).")
    filters: list[ViewFilter] = strawberry.field(description="What rows can be chosen by (筛选).")
    forms: list[ViewForm] = strawberry.field(description="What one may call beside the actions of an object (操作).")


@strawberry.type(description="A field of an input, as a form asks for it; `labels` tells what it is called (表单字段).")
class ActionFormField:
    name: str = strawberry.field(description="The field (字段).")
    type: str = strawberry.field(description="The type of a value, or of an entry of a list (类型).")
    required: bool = strawberry.field(description="Whether something must be given (是否必填).")
    listed: bool = strawberry.field(description="Whether several may be given (是否多值).")
    picks: str | None = strawberry.field(
        description="Of an id, the type whose row it names, where one alone is called so: rows of it can be chosen "
        "from (所指类型)."
    )
    # In the order of their declaration, in which they are shown.
    values: list[str] | None = strawberry.field(description="The values there are, of an enum (可选值).")
    # As text: JSON of any kind would tell a page no more, since it puts it into a field that people type in.
    initial: str | None = strawberry.field(description="What stands in it at first (初始值).")
    min_length: int | None = strawberry.field(description="Of a text, how many characters at least (最少字数).")
    max_length: int | None = strawberry.field(description="Of a text, how many at most (最多字数).")
    pattern: str | None = strawberry.field(description="Of a text, which expression it meets as a whole (格式).")
    min: int | None = strawberry.field(description="Of a number, the least (最小值).")
    max: int | None = strawberry.field(description="Of a number, the greatest (最大值).")
    min_items: int | None = strawberry.field(description="Of a list, how many entries at least (最少项数).")
    max_items: int | None = strawberry.field(description="Of a list, how many at most (最多项数).")


@strawberry.type(description="An input, or one within it (表单部分).")
class ActionFormPart:
    # An input may hold itself, so parts are told side by side, each once.
    name: str = strawberry.field(description="The input's type (类型).")
    fields: list[ActionFormField] = strawberry.field(description="Its fields (字段).")


@strawberry.type(description="What a form must know of a mutation, wherever it comes from (操作表单).")
class ActionForm:
    mutation: str = strawberry.field(description="The mutation (操作名称).")
    input: str = strawberry.field(description="Its input, the first of the parts (输入类型).")
    subject: str | None = strawberry.field(
        description="The field that names what it is done to: an id, or what is called so in the row (对象字段)."
    )
    inputs: list[ActionFormPart] = strawberry.field(description="The input and all that it is made of (组成).")


def select_views(given: Mapping[str, Any], context: Any) -> str:
    """Return the views that the caller is offered, as JSON."""
    # By permissions alone; whether the plugin is on is asked of the database.
    return str(context.views(context.viewer))


def select_forms(given: Mapping[str, Any], context: Any) -> str:
    """Return the forms that are asked for, as JSON. Raises Refusal for too many."""
    if len(given["of"]) > MOST:
        raise invalid_input(f"Ask for {MOST} mutations at most.", f"一次最多查询{MOST}个操作。", "of")
    return str(context.forms(given["of"]))


# As a field of Query that the plugin adds: there where the plugin is on in any county.
ON = """(
select coalesce(jsonb_agg(v.one order by v.at), '[]')
from jsonb_array_elements({0}) with ordinality v(one, at)
where (v.one->>'always')::bool or exists(
    select from plugins.activation a where a.plugin = v.one->>'plugin' and a.until is null and a.active
)
)"""


def views_sql(at: Frame) -> Sql:
    return Sql(ON, at.given.whole(select_views, cast="jsonb"))


def forms_sql(at: Frame) -> Sql:
    return Sql("{0}", at.given.whole(select_forms, cast="jsonb"))


EXTENSIONS = (
    extend(
        Query,
        views=embedded(
            "What plugins have a console draw for whoever asks, by what they may somewhere (视图列表).",
            views_sql,
            type=list[View] | None,
            requires=None,
        ),
        action_forms=embedded(
            "What the inputs of mutations take, for pages that make forms of them (操作表单).",
            forms_sql,
            type=list[ActionForm] | None,
            requires=None,
            arguments={"of": Argument(list[str], "Mutations; 50 at most (操作名称).")},
        ),
    ),
)
