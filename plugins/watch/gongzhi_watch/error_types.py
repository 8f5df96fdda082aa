"""Error types: records of errors in good faith, their reviews and what was said of them, as the schema has them."""

from __future__ import annotations

import datetime
from typing import Any

from gongzhi.core.people.types import Me
from gongzhi.core.units.types import Unit
from gongzhi.declare.entity import Connection, Node, column, connection, entity, expression, many, one, visible_to_all
from gongzhi.declare.enums import describe_enum, set_tones
from gongzhi.declare.extend import extend
from gongzhi.declare.plans import Frame
from gongzhi.declare.roots import Query
from gongzhi.declare.sql import Sql

from . import rules
from .models import AnswerRow, ErrorRow, ErrorState, Outcome, ReviewRow, StatementKind, StatementRow
from .types import WatchRule, WatchRuleItem, sealed_text

describe_enum(
    ErrorState,
    "ErrorExemptionState",
    "Where the record of an error stands (容错事项状态).",
    ASKED="Put before review (待复核)",
    DECIDED="Decided (已认定)",
    WITHDRAWN="Withdrawn by whoever asked (已撤回)",
)
# Outcomes have no tones: a desk that paints people red ranks them.
set_tones(ErrorState, ASKED="AMBER")
describe_enum(
    Outcome,
    "ErrorExemptionOutcome",
    "What reviewers decide of an error (认定结果).",
    EXEMPT="In good faith: nobody is held to account for it (予以容错)",
    NOT_EXEMPT="A condition is not met (不予容错)",
)
describe_enum(
    StatementKind,
    "ErrorStatementKind",
    "What is said of an error (陈述类别).",
    FACTS="What happened (事实经过)",
    CORRECTION="What was done to put it right (纠正措施)",
    OBJECTION="Why the decision is not right (异议理由)",
)


@entity(StatementRow, visible=visible_to_all, through="exemption", order=("at",))
class ErrorStatement(Node):
    """What was said of an error (容错事项陈述)."""

    exemption: ErrorExemption | None = one("Of which error (所属容错事项).")
    kind: StatementKind = column("What sort of statement (陈述类别).")
    at: datetime.datetime = column("When (时间).")
    account: str | None = column("By which account; null for somebody who was affected (陈述账户).")
    text: str | None = sealed_text("In what words (内容).", "statement")


@entity(AnswerRow, visible=visible_to_all, through="review", order=("number",))
class ErrorAnswer(Node):
    """Whether a condition is met, as a reviewer found it (条件认定)."""

    review: ErrorReview | None = one("Of which review (所属复核意见).")
    item: WatchRuleItem | None = one("Which condition (条件).")
    number: int = column("Its place (序号).")
    met: bool = column("Whether it is met (是否符合).")
    reason: str | None = sealed_text("Why (理由).", "answer")


@entity(ReviewRow, visible=rules.visible_reviews, through="exemption", order=("at",))
class ErrorReview(Node):
    """What one reviewer found of an error; seen by others once the round is decided (容错复核意见)."""

    exemption: ErrorExemption | None = one("Of which error (所属容错事项).")
    account: str = column("Which reviewer, by account (复核账户).")
    round: int = column("In which round (轮次).")
    outcome: Outcome = column("What follows from the answers (复核意见).")
    at: datetime.datetime = column("When (时间).")
    answers: list[ErrorAnswer] = many("Each condition (各项条件).", on="review", order="number", cap=30)


# Their file: each reading is in the log of those who were affected, and of the official as a person.
INVOLVED = (
    "array(select a.person_id from watch.affected a where a.exemption_id={0} "
    "union select c.person_id from accounts.account c where c.name={1} and c.person_id is not null)"
)


# Neither found nor ordered by who made it: of officials there is no list.
@entity(
    ErrorRow,
    visible=rules.visible_errors,
    order=("asked_at",),
    filter={"state": None, "outcome": None},
    file=lambda row, viewer: Sql(INVOLVED, row.id, row.official),
)
class ErrorExemption(Node):
    """An error that somebody in office made in good faith, and whether they are held to account for it (容错纠错)."""

    official: str = column("Who made it, by account (当事人账户).")
    unit: Unit | None = one("Of which unit (所在单位).")
    asked_by: str = column("Who asked for a review: they or their unit, by account (申请账户).")
    rule: WatchRule | None = one("By which edition of the conditions (适用规则).")
    occurred_on: datetime.date = column("When it happened (发生日期).")
    state: ErrorState = column("Where it stands (状态).")
    round: int = column("Which round it is; an objection begins the second (轮次).")
    outcome: Outcome | None = column("What was decided (认定结果).")
    asked_at: datetime.datetime = column("When the review was asked for (申请时间).")
    due_at: datetime.datetime = column("By when it is decided (认定期限).")
    decided_at: datetime.datetime | None = column("When it was decided (认定时间).")
    objected_at: datetime.datetime | None = column("When somebody objected (异议时间).")
    closed_at: datetime.datetime | None = column("Since when nothing is left to do (终结时间).")
    affected_count: int = expression(
        "How many people were affected, who read of it (受影响人数).",
        lambda at: Sql("(select count(*)::int from watch.affected a where a.exemption_id={0})", at.row.id),
    )
    statements: list[ErrorStatement] = many("What was said of it (陈述).", on="exemption", order="at", cap=20)
    reviews: list[ErrorReview] = many("What reviewers found (复核意见).", on="exemption", order="at", cap=6)
    version: int = column("Grows with every change (版本).")


def of_oneself(at: Frame) -> Any:
    """Return records of errors that one made, asked a review for, or was affected by."""
    return [*rules.asked_rows(at.rows, at.viewer), *rules.affected_rows(at.rows, at.viewer)]


EXTENSIONS = (
    extend(
        Query,
        error_exemptions=connection(
            "Records of errors that concern one (容错事项列表).",
            lambda at: None,
            order="-asked_at",
            type=Connection[ErrorExemption] | None,
            requires=None,
        ),
    ),
    extend(
        Me,
        error_exemptions=connection(
            "Records of errors that one made, asked a review for, or was affected by (与我有关的容错事项).",
            of_oneself,
            order="-asked_at",
            type=Connection[ErrorExemption] | None,
            requires=None,
        ),
    ),
)
