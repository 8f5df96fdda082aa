"""Warning types: messages as the schema has them."""

from __future__ import annotations

import datetime

import strawberry
from gongzhi.declare.entity import Connection, Node, column, connection, embedded, entity, pick
from gongzhi.declare.enums import describe_enum, set_tones
from gongzhi.declare.extend import extend
from gongzhi.declare.roots import Query
from gongzhi.declare.sql import Alternatives, Sql
from gongzhi.declare.viewer import ViewerScope
from pypika_tortoise.queries import Table

from ..models import Outcome, Severity, WarningRow
from ..rules import WARN
from ..types import Bulletin

describe_enum(
    Severity,
    "WarningSeverity",
    "How bad it is (预警严重程度).",
    EXTREME="Extraordinary danger (特别严重)",
    SEVERE="Great danger (严重)",
    MODERATE="Danger (较重)",
    MINOR="Little danger (一般)",
    UNKNOWN="Not known (未知)",
)
set_tones(Severity, EXTREME="RED", SEVERE="RED", MODERATE="AMBER", MINOR="AMBER")
describe_enum(
    Outcome,
    "WarningOutcome",
    "What came of a message (预警处理结果).",
    PUBLISHED="A bulletin was published (已发布)",
    LIFTED="It lifted an earlier one (已解除前一预警)",
    IGNORED="It is an exercise, not for the public, or says nothing new (不发布)",
    EXPIRED="It was over when it came (收到时已失效)",
    RECALLED="It was updated or cancelled before it came (收到前已被更新或取消)",
    ELSEWHERE="It reaches no county here (不涉及本地)",
)


@strawberry.type(description="What a warning says in one language (预警内容).")
class PublicWarningInfo:
    language: str = strawberry.field(description="The language, such as zh-CN (语言).")
    event: str = strawberry.field(description="What happens (事件).")
    severity: Severity = strawberry.field(description="How bad it is (严重程度).")
    headline: str = strawberry.field(description="In a few words (标题).")
    description: str = strawberry.field(description="What is to be expected (描述).")
    instruction: str = strawberry.field(description="What to do (防御指南).")


def visible_warnings(row: Table, viewer: ViewerScope) -> Alternatives:
    """Return what became a bulletin; for whoever may warn, exercises and the like as well."""
    # Messages hold nothing of people: whoever warns anywhere may see what came of them.
    if viewer.can(WARN):
        return None
    return [Sql("{0} in ('PUBLISHED','LIFTED')", row.outcome)]


@entity(WarningRow, visible=visible_warnings, order=("sent",), filter={"outcome": None, "severity": None, "sent": None})
class PublicWarning(Node):
    """A message of a warning service, by the Common Alerting Protocol (预警消息)."""

    sender: str = column("Who sent it (发布机构标识).")
    identifier: str = column("How the sender names it (消息编号).")
    sent: datetime.datetime = column("When it was sent (发送时间).")
    status: str = column("Actual, or Exercise, System, Test, Draft (消息状态).")
    message_type: str = column("Alert, Update or Cancel, or others (消息类型).")
    event: str = column("What happens (事件).")
    severity: Severity = column("How bad it is (严重程度).")
    expires: datetime.datetime = column("Until when it holds (有效期至).")
    infos: list[PublicWarningInfo] = embedded(
        "What it says, by language (各语言内容).", lambda at: Sql("{0}", at.row.infos)
    )
    received_at: datetime.datetime = column("When it came (接收时间).")
    outcome: Outcome | None = column("What came of it; null until it is handled (处理结果).")


EXTENSIONS = (
    extend(
        Query,
        public_warnings=connection(
            "Messages of warning services, the last first; for whoever may warn, exercises and what reached nobody as "
            "well (预警消息).",
            order="-sent",
            type=Connection[PublicWarning] | None,
            requires=None,
        ),
    ),
    extend(
        Bulletin,
        warning=pick(
            "The message that it comes from (预警消息).",
            lambda at: [Sql("{0}={1}", at.rows.id, at.row.warning_id)],
            order="id",
            type=PublicWarning | None,
            requires=None,
        ),
    ),
)
