"""Types: notices as the schema has them."""

from __future__ import annotations

import datetime

from strawberry import ID

from gongzhi.core.notices import rules
from gongzhi.core.notices.models import NoticeRow
from gongzhi.core.people.types import Me
from gongzhi.declare.entity import Connection, Node, aggregate, column, connection, entity, expression
from gongzhi.declare.extend import extend
from gongzhi.declare.filters import compare_condition
from gongzhi.declare.plans import Build, Frame
from gongzhi.declare.sql import Sql


def localized_text(name: str) -> Build:
    """Return the text in the caller's language."""

    def build(at: Frame) -> Sql:
        language = at.given.whole(lambda arguments, context: context.viewer.language, cast="text")
        return Sql("case {0} when 'zh' then {1} else {2} end", language, at.row[f"{name}_zh"], at.row[f"{name}_en"])

    return build


@entity(
    NoticeRow,
    visible=rules.visible_notices,
    order=("at",),
    filter={"kind": None, "read": compare_condition(lambda at: Sql("{0} is not null", at.rows.read_at))},
)
class Notice(Node):
    """Something one was told: an assignment, an answer, a look at one's file (通知)."""

    kind: str = column("What sort of notice, such as case.assigned (种类).")
    title: str = expression("What it is about, in the caller's language (标题).", localized_text("title"))
    body: str = expression("What happened and what to do, in the caller's language (内容).", localized_text("body"))
    about: ID | None = column("The id of what it is about; ask `node` for it (相关对象).")
    at: datetime.datetime = column("When it was sent (时间).")
    read: bool = expression("Whether it was read (是否已读).", lambda at: Sql("{0} is not null", at.row.read_at))
    read_at: datetime.datetime | None = column("When it was read; of an office's or unit's, by the first (阅读时间).")


EXTENSIONS = (
    extend(
        Me,
        notices=connection(
            "What one was told, the last first; of one's offices and units too (通知).",
            order="-at",
            type=Connection[Notice],
        ),
        unread_notices=aggregate(
            "How many of them nobody has read (未读通知数).",
            lambda: Notice,
            lambda at: Sql("count(*)"),
            lambda at: [Sql("{0} is null", at.rows.read_at)],
            type=int,
        ),
    ),
)
