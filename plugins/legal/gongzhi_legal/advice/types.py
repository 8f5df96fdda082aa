"""Advice types: questions about the law, and the answers everybody may read, as the schema has them."""

from __future__ import annotations

import datetime
from typing import Any

import orjson
import strawberry
from gongzhi.core.grids.types import Grid
from gongzhi.declare.entity import Connection, Node, column, connection, embedded, entity, one, pick
from gongzhi.declare.extend import extend
from gongzhi.declare.filters import compare_place, compare_text
from gongzhi.declare.plans import Frame
from gongzhi.declare.roots import Query
from gongzhi.declare.sql import Sql
from gongzhi.values.errors import Language, Text

from .. import enums as enums
from .. import visibility
from ..matters.sealed_words import sealed_words
from ..matters.types import LegalMatter
from ..mediation.types import Mediation
from ..models import AdviceChannel, AdviceRow, AdviceState, EntryRow, EntryState, LegalTopic
from ..panel.types import LegalAdviser, LegalBooking

NUMBERS = (
    ("110", Text("Police: danger to life, violence at home", "公安报警：人身危险、家庭暴力")),
    ("119", Text("Fire and rescue", "消防救援")),
    ("120", Text("Ambulance", "医疗急救")),
    ("12348", Text("Legal service line, day and night", "公共法律服务热线，24 小时")),
    ("12338", Text("Line for women's rights", "妇女维权热线")),
    ("12355", Text("Line for young people", "青少年服务热线")),
)
DISCLAIMER = Text(
    "What is said here is general advice on what you told. It is no ruling and binds nobody; terms to sue or apply go "
    "on. Whoever is in danger calls 110.",
    "以上为依据您所述情况的一般性咨询意见，不具有法律效力，不影响起诉、仲裁等期限的计算。遇人身危险请立即拨打110。",
)


@strawberry.type(description="A number to call (紧急和服务电话).")
class LegalHotline:
    number: str = strawberry.field(description="The number (号码).")
    text: str = strawberry.field(description="What for (用途).")


@strawberry.type(description="What to know before relying on advice (咨询须知).")
class LegalGuidance:
    disclaimer: str = strawberry.field(description="What advice is, and what it is not (免责声明).")
    hotlines: list[LegalHotline] = strawberry.field(description="Whom to call (电话).")


def guidance_json(language: Language) -> str:
    lines = [{"number": number, "text": text.say(language)} for number, text in NUMBERS]
    return orjson.dumps({"disclaimer": DISCLAIMER.say(language), "hotlines": lines}).decode()


def guidance_sql(at: Frame) -> Any:
    return at.given.whole(lambda arguments, context: guidance_json(context.viewer.language), cast="jsonb")


@entity(
    EntryRow,
    visible=visibility.visible_entries,
    order=("proposed_at",),
    filter={
        "topic": None,
        "state": None,
        "question": compare_text("question"),
        "answer": compare_text("answer"),
        "grid": compare_place(),
    },
)
class LegalEntry(Node):
    """A question and answer for everybody, with nobody's name (法律知识条目)."""

    grid: Grid | None = one("Where it was published (发布网格).")
    topic: LegalTopic = column("What it is about (事项).")
    question: str = column("The question (问题).")
    answer: str = column("The answer (解答).")
    state: EntryState = column("Where it stands (状态).")
    proposed_at: datetime.datetime = column("When it was written (拟稿时间).")
    published_at: datetime.datetime | None = column("When it was published (发布时间).")


@entity(
    AdviceRow,
    visible=visibility.visible_with_matter,
    through="matter",
    order=("due_at", "asked_at"),
    filter={"state": None, "topic": None},
)
class LegalAdvice(Node):
    """A question about the law: who asked and who answers see it (法律咨询)."""

    matter: LegalMatter | None = one("The matter; it has the messages and files (事项).")
    adviser: LegalAdviser | None = one("Who answers (承办顾问).")
    channel: AdviceChannel = column("How it was asked (方式).")
    topic: LegalTopic = column("What it is about (事项).")
    urgent: bool = column("Whether it cannot wait (是否紧急).")
    question: str | None = sealed_words("The question (问题).", "question", "advice")
    state: AdviceState = column("Where it stands (状态).")
    asked_at: datetime.datetime = column("When it was asked (提问时间).")
    answer_due_at: datetime.datetime = column("By when it is answered (答复期限).", name="due_at")
    answered_at: datetime.datetime | None = column("When it was answered first (首次答复时间).")
    closed_at: datetime.datetime | None = column("When it was closed (结束时间).")
    booking: LegalBooking | None = one("The appointment (预约).")
    rating: int | None = column("What whoever asked makes of it: 1 is worst, 5 is best (评价).")
    shared_at: datetime.datetime | None = column(
        "Since when it may become an entry for everybody, without names (同意匿名入库时间)."
    )
    entry: LegalEntry | None = one("The entry it became (知识条目).")
    guidance: LegalGuidance = embedded("What to know before relying on it (咨询须知).", guidance_sql)
    version: int = column("Grows with every change (版本).")


def of_matter(at: Frame) -> Any:
    return [Sql("{0}={1}", at.rows.matter_id, at.row.id)]


EXTENSIONS = (
    extend(
        LegalMatter,
        advice=pick("The question, if it is one (咨询).", of_matter, type=LegalAdvice | None, requires=None),
        mediation=pick("The mediation, if it is one (调解).", of_matter, type=Mediation | None, requires=None),
    ),
    extend(
        Query,
        legal_guidance=embedded(
            "What to know before asking, and whom to call in an emergency (咨询须知、紧急电话).",
            guidance_sql,
            type=LegalGuidance | None,
            requires=None,
        ),
        legal_entries=connection(
            "Answers for everybody, the newest first; search with `contains` (法律知识库).",
            order="-proposed_at",
            type=Connection[LegalEntry] | None,
            requires=None,
        ),
    ),
)
