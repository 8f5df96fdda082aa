"""Learning: comics, videos, articles and quizzes (反诈、垃圾分类、交通安全、志愿服务).

Nobody has to, and nobody is counted (国办函〔2026〕12号): who read what, for how long and with which score is written
nowhere, so there is nothing that a setting could turn into a clock-in or a ranking.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

import strawberry
from gongzhi.core.grids.commands import find_grid
from gongzhi.core.grids.types import Grid
from gongzhi.declare.entity import (
    Connection,
    Node,
    column,
    connection,
    embedded,
    entity,
    key_of,
    one,
    ref,
    visible_to_all,
)
from gongzhi.declare.extend import extend
from gongzhi.declare.filters import compare_place
from gongzhi.declare.plans import Frame
from gongzhi.declare.roots import Mutation, Query
from gongzhi.declare.sql import Alternatives, Sql
from gongzhi.runtime.actions import Action, require_held
from gongzhi.runtime.checks import check_whole_number, input_form, invalid_input, is_given
from gongzhi.runtime.commands import KEY, Call, Problem, command, input_field, not_allowed, problems, result_field
from strawberry import ID, UNSET

from . import enums as enums
from .models import LessonKind, LessonRow
from .visibility import CONVENE

# Without answers and explanations: those come back from trying.
ASKED = """
(select coalesce(jsonb_agg(jsonb_build_object('text', q->>'text', 'options', q->'options') order by n), '[]')
 from jsonb_array_elements({0}::jsonb) with ordinality t(q, n))
"""


@strawberry.type(description="A question (题目).")
class QuizQuestion:
    text: str = strawberry.field(description="The question (题干).")
    options: list[str] = strawberry.field(description="What one chooses from (选项).")


@strawberry.type(description="Whether an answer is right, and why (答案解析).")
class QuizAnswer:
    right: bool = strawberry.field(description="Whether it is (是否正确).")
    answer: int = strawberry.field(description="The right option, from 1 (正确选项).")
    explanation: str = strawberry.field(description="Why (解析).")


@entity(
    LessonRow,
    visible=visible_to_all,
    order=("published_at",),
    filter={"kind": None, "topic": None, "grid": compare_place()},
)
class Lesson(Node):
    """A comic, video, article or quiz; who reads it is kept nowhere (学习内容)."""

    grid: Grid | None = one("For whom (网格).")
    kind: LessonKind = column("What it is (类型).")
    topic: str = column("What about, such as 反诈 (主题).")
    title: str = column("The title (标题).")
    text: str = column("The text (内容).")
    link: str | None = column("Where the pictures or the film are (链接).")
    questions: list[QuizQuestion] = embedded(
        "The questions, without their answers (题目).", lambda at: questions_sql(at)
    )
    published_at: datetime.datetime = column("Since when (发布时间).")
    withdrawn_at: datetime.datetime | None = column("Since when no longer (下架时间).")


def questions_sql(at: Frame) -> Any:
    return Sql(ASKED, at.row.questions)


@strawberry.input(description="A question with its answer (题目及答案).")
class QuizQuestionInput:
    text: str = input_field("The question (题干).", length=(1, 500))
    options: list[str] = input_field("What one chooses from (选项).", items=(2, 6), length=(1, 200))
    answer: int = input_field("The right option, from 1 (正确选项).", between=(1, 6))
    explanation: str = input_field("Why (解析).", length=(1, 500))


@strawberry.input(description="Something to learn from (发布学习内容).")
class PublishLessonInput:
    idempotency_key: str = input_field(KEY)
    grid: str = input_field("For whom, by code (网格编码).")
    kind: LessonKind = input_field("What it is (类型).")
    topic: str = input_field("What about (主题).", length=(1, 40))
    title: str = input_field("The title (标题).", length=(1, 100))
    text: str = input_field("The text (内容).", length=(1, 20_000))
    link: str | None = input_field(
        "Where the pictures or the film are, beginning with https (链接).", length=(1, 500), default=UNSET
    )
    questions: list[QuizQuestionInput] = input_field("Questions (题目).", items=30, default_factory=list)


@strawberry.type(description="What was published, or why nothing was (发布结果).")
class LessonPayload:
    lesson: Lesson | None = result_field("The lesson (学习内容).")
    errors: list[Problem] = problems()


@command("Publish something to learn from (发布学习内容).", requires=CONVENE)
async def publish_lesson(call: Call, input: PublishLessonInput) -> LessonPayload:
    grid = await find_grid(input.grid, "grid")
    if not call.may(CONVENE, grid):
        raise not_allowed("grid")
    # A page that a phone opens from here must not be readable on the way.
    if is_given(input.link) and not input.link.startswith("https://"):
        raise invalid_input("A link begins with https://.", "链接须以 https:// 开头。", "link")
    if input.kind == LessonKind.QUIZ and not input.questions:
        raise invalid_input("A quiz has questions.", "答题须有题目。", "questions")
    with input_form() as read:
        found: dict[str, Any] = {
            "topic": input.topic,
            "title": input.title,
            "text": input.text,
            "link": input.link or None,
            "questions": [read(read_question, one, at) for at, one in enumerate(input.questions)],
        }
    row = await LessonRow.create(**found, grid=grid, kind=input.kind, published_at=call.now)
    return LessonPayload(lesson=ref(Lesson, row.id))


def read_question(input: QuizQuestionInput, at: int) -> dict[str, Any]:
    return {
        "text": input.text,
        "options": input.options,
        "answer": check_whole_number(input.answer, 1, len(input.options), "questions", str(at), "answer"),
        "explanation": input.explanation,
    }


@strawberry.input(description="A lesson that is taken down (下架学习内容).")
class WithdrawLessonInput:
    idempotency_key: str = input_field(KEY)
    lesson: ID = input_field("Which (学习内容).")


@command("Take a lesson down (下架学习内容).", requires=CONVENE, action=Action(Lesson, (require_held(CONVENE),)))
async def withdraw_lesson(call: Call, input: WithdrawLessonInput) -> LessonPayload:
    row: LessonRow = await call.find(Lesson, "lesson", id=key_of(Lesson)(input.lesson))
    # Not deleted, so that a link to it still says what it was.
    row.withdrawn_at = row.withdrawn_at or call.now
    await row.save(update_fields=["withdrawn_at"])
    return LessonPayload(lesson=ref(Lesson, row.id))


@strawberry.input(description="What somebody answers (答题).")
class CheckQuizInput:
    idempotency_key: str | None = input_field("Left out: nothing is kept (不保存).", default=UNSET)
    lesson: ID = input_field("Which quiz (学习内容).")
    answers: list[int] = input_field("The options chosen, from 1, in the order of the questions (所选选项).")


@strawberry.type(description="What is right; it is kept nowhere (答题结果).")
class CheckQuizPayload:
    answers: list[QuizAnswer] | None = result_field("Each answer (各题结果).")
    errors: list[Problem] = problems()


# `repeats`: no idempotency key is kept, which would tell by account who tried.
@command("See which answers are right, and why; nothing is kept of it (答题自测).", requires=None, repeats=True)
async def check_quiz(call: Call, input: CheckQuizInput) -> CheckQuizPayload:
    row: LessonRow = await call.find(Lesson, "lesson", id=key_of(Lesson)(input.lesson))
    questions: Sequence[dict[str, Any]] = row.questions
    if len(input.answers) != len(questions):
        raise invalid_input("Answer each question.", "请回答每道题。", "answers")
    return CheckQuizPayload(
        answers=[
            QuizAnswer(right=chosen == one["answer"], answer=one["answer"], explanation=one["explanation"])
            for chosen, one in zip(input.answers, questions, strict=True)
        ]
    )


def current_lessons(at: Frame) -> Alternatives:
    return [Sql("{0} is null", at.rows.withdrawn_at)]


EXTENSIONS = (
    extend(
        Query,
        lessons=connection(
            "What there is to learn from, the last first (学习内容).",
            current_lessons,
            order="-published_at",
            type=Connection[Lesson] | None,
            requires=None,
        ),
    ),
    extend(Mutation, publish_lesson=publish_lesson, withdraw_lesson=withdraw_lesson, check_quiz=check_quiz),
)
