"""Matter types: matters, what is said in them, and their files, as the schema has them."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

from gongzhi.core.grids.types import Grid
from gongzhi.core.people.types import Person
from gongzhi.declare.entity import Connection, Node, batch, column, connection, entity, many, one
from gongzhi.declare.extend import extend
from gongzhi.declare.plans import Frame
from gongzhi.declare.roots import Query
from gongzhi.declare.sql import Alternatives, Sql
from gongzhi.runtime.context import Context

from .. import enums as enums
from .. import visibility
from ..models import FileRow, MatterKind, MatterRow, MessageRow, SeatRole, SeatRow
from ..visibility import MINE, viewer_seat_values
from .sealed_words import read_words, sealed_words


@entity(MessageRow, visible=visibility.visible_with_matter, through="matter", order=("at",))
class LegalMessage(Node):
    """Something said in a matter; who sits at it reads it, and nobody else (会话记录)."""

    matter: LegalMatter | None = one("The matter (事项).")
    at: datetime.datetime = column("When (时间).")
    by: SeatRole = column("As what (发言身份).")
    text: str | None = sealed_words("What was said (内容).", "text", "message")


@batch(needs=("id", "media_type"))
async def file_urls(rows: Sequence[Any], context: Context) -> list[str | None]:
    """The file itself, as a data URL (内容)."""
    found = await read_words(context, "file", "content", [row.id for row in rows])
    return [f"data:{row.media_type};base64,{text}" if (text := found.get(row.id)) else None for row in rows]


@entity(FileRow, visible=visibility.visible_with_matter, through="matter", order=("at",))
class LegalFile(Node):
    """A file of a matter, sealed as its words are (材料)."""

    matter: LegalMatter | None = one("The matter (事项).")
    title: str | None = sealed_words("What it is (名称).", "title", "file")
    media_type: str = column("Its media type (媒体类型).")
    size: int = column("Its size in bytes (大小，字节).")
    at: datetime.datetime = column("When it was added (提交时间).")
    by: SeatRole = column("By whom (提交人身份).")
    url: str | None = file_urls


# Names of seats are told to those who have one themselves, and to nobody who only sees the row.
SITTING = f"""
select t.id, coalesce(p.name, a.name, u.name) said from legal.seat t
left join people.person p on p.id=t.person_id left join legal.adviser a on a.account=t.account
left join units.unit u on u.id=t.unit_id
where t.id=any($1) and exists(
 select from legal.seat s where s.matter_id=t.matter_id and {MINE.format("$2", "$3", "$4")})
"""


@batch(needs=("id",))
async def seat_names(rows: Sequence[Any], context: Context) -> list[str | None]:
    """What they are called (名称)."""
    found = await context.fetch(SITTING, [row.id for row in rows], *viewer_seat_values(context.viewer))
    known = {row["id"]: row["said"] for row in found}
    return [known.get(row.id) for row in rows]


@entity(SeatRow, visible=visibility.visible_with_matter, through="matter", order=("since",))
class LegalSeat(Node):
    """Somebody who takes part in a matter, and sees it (参与人)."""

    matter: LegalMatter | None = one("The matter (事项).")
    role: SeatRole = column("As what (身份).")
    name: str | None = seat_names
    since: datetime.datetime = column("Since when (开始时间).")


def current_seats(at: Frame) -> Alternatives:
    return [Sql("{0}={1} and {2} is null", at.rows.matter_id, at.row.id, at.rows.left_at)]


@entity(MatterRow, visible=visibility.visible_matters, order=("opened_at",), filter={"kind": None, "opened_at": None})
class LegalMatter(Node):
    """A matter of the law; seen by its parties and by who handles it by name, and by nobody else (法律事务)."""

    kind: MatterKind = column("What sort of help it is (类型).")
    grid: Grid | None = one("Where it lies (所在网格).")
    opened_at: datetime.datetime = column("Since when (开始时间).")
    closed_at: datetime.datetime | None = column("Until when (结束时间).")
    seats: list[LegalSeat] = many("Who takes part, and sees it (参与人).", current_seats, order="since", cap=30)
    messages: list[LegalMessage] = many("What was said, the first first (会话).", on="matter", order="at", cap=100)
    files: list[LegalFile] = many("Its files (材料).", on="matter", order="at", cap=30)


def of_oneself(at: Frame) -> Alternatives:
    """Select the matters somebody is a party to, told to nobody but them."""
    # `{1}={2}`: the page must be the viewer's own. On anybody else's page the list is empty, as if there were none.
    text = (
        "{1}={2} and {0}=any(array(select s.matter_id from legal.seat s where s.person_id={1} and s.left_at is null))"
    )
    return [Sql(text, at.rows.id, at.row.id, at.viewer.person)]


def handled_matters(at: Frame) -> Alternatives:
    """Select the matters the caller handles by name."""
    text = (
        "{0}=any(array(select s.matter_id from legal.seat s where s.account={1} and s.role='HANDLER' "
        "and s.left_at is null))"
    )
    return [Sql(text, at.rows.id, at.viewer.account)]


EXTENSIONS = (
    extend(
        Person,
        legal_matters=connection(
            "One's own matters of the law; nobody else's are told, whoever asks (本人法律事务).",
            of_oneself,
            order="-opened_at",
            type=Connection[LegalMatter] | None,
            requires=None,
        ),
    ),
    extend(
        Query,
        handled_legal_matters=connection(
            "The matters one handles by name, the last first (承办事项).",
            handled_matters,
            order="-opened_at",
            type=Connection[LegalMatter] | None,
            requires=visibility.HANDLE,
        ),
    ),
)
