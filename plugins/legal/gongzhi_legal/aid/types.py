"""Legal aid types: applications, steps of the rule and hours as the schema has them."""

from __future__ import annotations

import datetime

import strawberry
from gongzhi.core.units.types import Unit
from gongzhi.declare.entity import Connection, Node, aggregate, column, connection, embedded, entity, many, one, pick
from gongzhi.declare.extend import extend
from gongzhi.declare.plans import Frame
from gongzhi.declare.roots import Query
from gongzhi.declare.sql import Alternatives, Sql

from .. import enums as enums
from .. import visibility
from ..matters.sealed_words import sealed_words
from ..matters.types import LegalMatter
from ..models import AidGround, AidMatter, AidRow, AidState, HoursRow
from ..panel.types import LegalAdviser


@strawberry.type(description="One step of the rule, and what it found (规则步骤).")
class LegalAidStep:
    name: str = strawberry.field(description="Which (名称).")
    value: str = strawberry.field(description="What it found (取值).")
    text: str = strawberry.field(description="Why (说明).")


@entity(HoursRow, visible=visibility.visible_with_matter, through="matter", order=("day",))
class LegalAidHours(Node):
    """Time that was spent on a matter (援助工时)."""

    matter: LegalMatter | None = one("The matter (事项).")
    day: datetime.date = column("Which day (日期).")
    minutes: int = column("How long (分钟).")


def matter_subsidies(at: Frame) -> Alternatives:
    return [Sql("{0}={1}", at.rows.matter_id, at.row.matter_id)]


@entity(
    AidRow,
    visible=visibility.visible_with_matter,
    through="matter",
    order=("due_at", "applied_at"),
    filter={"state": None},
)
class LegalAid(Node):
    """An application for legal aid (法律援助)."""

    matter: LegalMatter | None = one("The matter; it has the messages and files (事项).")
    adviser: LegalAdviser | None = one("Who decides on it and follows it (承办人).")
    about: AidMatter = column("What aid is asked for (事项类别).")
    ground: AidGround = column("Why (申请理由).")
    facts: str | None = sealed_words("What it is about (事实和理由).", "facts", "aid")
    proposed: str = column("What the published rule proposes; a person decides (规则建议).")
    trace: list[LegalAidStep] = embedded("How the rule came to it (规则过程).", lambda at: at.row.trace)
    state: AidState = column("Where it stands (状态).")
    applied_at: datetime.datetime = column("When it was asked for (申请时间).")
    decide_by: datetime.datetime = column("By when it is decided (审查期限).", name="due_at")
    decided_at: datetime.datetime | None = column("When it was decided (决定时间).")
    grounds: str | None = sealed_words("Why it was refused (不予援助理由).", "grounds", "aid")
    firm: Unit | None = one("Which firm has it (承办律所).")
    assigned_at: datetime.datetime | None = column("Since when (指派时间).")
    closed_at: datetime.datetime | None = column("When it was done (结案时间).")
    hours: list[LegalAidHours] = many("Time that was spent (工时).", matter_subsidies, order="day", cap=100)
    minutes: int = aggregate(
        "All of it, in minutes (累计分钟).",
        lambda: LegalAidHours,
        lambda at: Sql("coalesce(sum({0}),0)::int", at.rows.minutes),
        matter_subsidies,
    )
    version: int = column("Grows with every change (版本).")


def assigned_to_firm(at: Frame) -> Alternatives:
    """Select the applications that the firms one works for were assigned."""
    return [Sql("{0}={1}", at.rows.firm_id, unit) for unit in at.viewer.units(visibility.REPRESENT)]


EXTENSIONS = (
    extend(
        LegalMatter,
        aid=pick(
            "The application for legal aid, if it is one (法律援助).",
            lambda at: [Sql("{0}={1}", at.rows.matter_id, at.row.id)],
            type=LegalAid | None,
            requires=None,
        ),
    ),
    extend(
        Query,
        assigned_legal_aid=connection(
            "What one's firm was assigned, the most urgent first (本所承办的法律援助).",
            assigned_to_firm,
            order="due_at",
            type=Connection[LegalAid] | None,
            requires=visibility.REPRESENT,
        ),
    ),
)
