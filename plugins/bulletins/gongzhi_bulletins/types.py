"""Types: bulletins as the schema has them."""

from __future__ import annotations

import datetime

from gongzhi.core.events.models import OutboxRow
from gongzhi.core.events.rules import visible_with
from gongzhi.core.events.stream_fields import event_cursor, event_subject
from gongzhi.core.grids.types import Grid
from gongzhi.core.people.types import Me
from gongzhi.declare.entity import (
    Connection,
    Node,
    column,
    connection,
    entity,
    expression,
    many,
    one,
    pick,
    stream,
    visible_to_all,
)
from gongzhi.declare.enums import describe_enum, set_tones
from gongzhi.declare.extend import extend
from gongzhi.declare.filters import compare_condition, compare_place
from gongzhi.declare.plans import Argument, Frame
from gongzhi.declare.roots import Query, Subscription
from gongzhi.declare.sql import Alternatives, Sql

from . import rules
from .events import EVENTS
from .models import AttachmentRow, Audience, BulletinKind, BulletinRow, InterestRow, ReachRow, RevisionRow

describe_enum(
    BulletinKind,
    "BulletinKind",
    "What a bulletin is about (信息类别).",
    NOTICE="A notice (通知公告)",
    POLICY="A policy, and whom it serves (政策宣传)",
    SERVICE="A service, and where it is (便民服务)",
    AFFAIRS="Affairs of the village, with two signatures (村务公开)",
    EMERGENCY="Danger, and what to do (应急信息)",
    WARNING="A warning (预警信息)",
)
set_tones(BulletinKind, EMERGENCY="RED", WARNING="RED")
describe_enum(
    Audience,
    "BulletinAudience",
    "Who may read a bulletin (公开范围).",
    PUBLIC="Anybody (社会公开)",
    RESIDENTS="Those who live where it reaches (当地居民)",
)

DATA_URL = "'data:'||{0}||';base64,'||replace(encode({1},'base64'),E'\\n','')"
"""SQL for a file as its data URL: `encode` breaks base64 into lines, which such a URL must not have."""
CURRENT = "{0} is null and ({1} is null or {1}>{2})"
READS = "(select count(*) from bulletins.receipt c where c.bulletin_id={0})::int"


@entity(AttachmentRow, visible=visible_to_all, through="bulletin", order=("name",))
class BulletinAttachment(Node):
    """A file that is published with a bulletin (附件)."""

    bulletin: Bulletin | None = one("The bulletin (所属信息).")
    name: str = column("What it is called (文件名).")
    media_type: str = column("Its media type (媒体类型).")
    url: str = expression(
        "The file itself, as a data URL (内容).", lambda at: Sql(DATA_URL, at.row.media_type, at.row.content)
    )


@entity(RevisionRow, visible=visible_to_all, through="bulletin", order=("version",))
class BulletinRevision(Node):
    """How a bulletin read before it was corrected (更正前内容)."""

    bulletin: Bulletin | None = one("The bulletin (所属信息).")
    version: int = column("Which version it was (版本).")
    title: str = column("In a few words (标题).")
    text: str = column("What it said (内容).")
    corrected_at: datetime.datetime = column("When it was corrected (更正时间).")
    reason: str = column("What was wrong (更正原因).")


@entity(ReachRow, visible=visible_to_all, through="bulletin", order=("id",))
class BulletinReach:
    """A grid that a bulletin reaches, with all that lies below (覆盖范围)."""

    bulletin: Bulletin | None = one("The bulletin (所属信息).")
    grid: Grid | None = one("The grid (网格).")


@entity(
    BulletinRow,
    visible=rules.visible_bulletins,
    order=("published_at",),
    filter={
        "kind": None,
        "audience": None,
        "published_at": None,
        "grid": compare_place(),
        "current": compare_condition(
            lambda at: Sql(CURRENT, at.rows.withdrawn_at, at.rows.until, at.viewer.now),
        ),
    },
)
class Bulletin(Node):
    """Something that is told to whoever lives in some grids (公开信息)."""

    grid: Grid | None = one("Where whoever answers for it is (发布网格).")
    reaches: list[BulletinReach] = many("The grids that it reaches (覆盖范围).", on="bulletin", order="id", cap=100)
    kind: BulletinKind = column("What it is about (类别).")
    audience: Audience = column("Who may read it (公开范围).")
    title: str = column("In a few words (标题).")
    text: str = column("What it says (内容).")
    # The content lies in the attachment, so a list that does not ask for it does not carry it.
    attachments: list[BulletinAttachment] = many("Its files (附件).", on="bulletin", order="name", cap=10)
    published_at: datetime.datetime = column("When it was published (发布时间).")
    until: datetime.datetime | None = column("Until when it holds; null if nobody knows (有效期至).")
    current: bool = expression(
        "Whether it holds still (是否有效).", lambda at: Sql(CURRENT, at.row.withdrawn_at, at.row.until, at.viewer.now)
    )
    version: int = column("Grows with every correction (版本).")
    corrected_at: datetime.datetime | None = column("When it was last corrected (更正时间).")
    revisions: list[BulletinRevision] = many(
        "How it read before, the last first (更正记录).", on="bulletin", order="-version", cap=20
    )
    withdrawn_at: datetime.datetime | None = column(
        "When it was withdrawn; from then on those who publish here alone see it (撤回时间)."
    )
    reason: str | None = column("Why it was withdrawn (撤回原因).")
    read_count: int | None = expression(
        "How many accounts have read it; nobody knows which (已读人数).",
        lambda at: Sql(READS, at.row.id),
        requires=rules.PUBLISH,
    )


@entity(
    InterestRow,
    visible=lambda row, viewer: [Sql("{0}={1}", row.person_id, viewer.person)] if viewer.known() else [],
    order=("since",),
)
class BulletinInterest(Node):
    """Of which kinds of bulletins somebody wants to be told (订阅的信息类别)."""

    kinds: list[BulletinKind] = column("Which kinds (类别).")
    since: datetime.datetime = column("Since when (起始时间).")


@entity(OutboxRow, visible=visible_with(lambda: Bulletin, "bulletin"))
class BulletinChange:
    """A bulletin was published, corrected, withdrawn or lifted (信息变化)."""

    cursor: str = event_cursor()
    at: datetime.datetime = column("When (时间).")
    bulletin: Bulletin | None = event_subject("The bulletin as it is now (信息).", "bulletin")


def reaching_code(at: Frame) -> Alternatives:
    """Return the bulletins that reach the grid that is asked for, or all."""
    # Two statements, so that the one of a place finds its bulletins by the place.
    named = at.given.trait("grid", of=bool)
    return [Sql(rules.AT_CODE, at.rows.id, at.given.bind("grid"))] if named else None


EXTENSIONS = (
    extend(
        Query,
        bulletins=connection(
            "What is published for a place, the last first, also to callers without an account; without a grid all "
            "that one may read (公开信息).",
            reaching_code,
            order="-published_at",
            arguments={"grid": Argument(str | None, "The grid that it reaches, by code (网格编码).", default=None)},
            type=Connection[Bulletin] | None,
            requires=None,
        ),
    ),
    extend(
        Grid,
        bulletins=connection(
            "What reaches it, published there or above it, the last first (公开信息).",
            lambda at: [Sql(rules.AT_GRID, at.rows.id, at.row.id)],
            order="-published_at",
            type=Connection[Bulletin] | None,
            requires=None,
        ),
    ),
    extend(
        Me,
        bulletins=connection(
            "What reaches the grid where one lives, the last first (我所在网格的公开信息).",
            lambda at: [Sql(rules.AT_HOME, at.rows.id, at.viewer.person)],
            order="-published_at",
            type=Connection[Bulletin] | None,
            requires=None,
        ),
        bulletin_interest=pick(
            "Of which kinds of bulletins one is told (订阅的信息类别).",
            lambda at: [Sql("{0}={1}", at.rows.person_id, at.viewer.person)],
            order="since",
            type=BulletinInterest | None,
            requires=None,
        ),
    ),
    extend(
        Subscription,
        bulletin_changed=stream(
            "Bulletins, as they are published, corrected, withdrawn and lifted (信息变化).",
            events=EVENTS,
            type=BulletinChange,
            requires=None,
        ),
    ),
)
