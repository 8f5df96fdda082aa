"""Law education: publishing about the law, and counting what is read without knowing who read it (普法宣传)."""

from __future__ import annotations

import datetime
from typing import Any
from uuid import UUID

import strawberry
from gongzhi.core.grids.commands import find_grid
from gongzhi.core.grids.models import GridRow
from gongzhi.declare.entity import key_of, ref
from gongzhi.declare.extend import extend
from gongzhi.declare.filters import require_offset
from gongzhi.declare.roots import Mutation
from gongzhi.runtime.checks import invalid_input, today
from gongzhi.runtime.commands import KEY, Call, Problem, command, input_field, not_allowed, problems, result_field
from strawberry import ID

from ..models import ArticleRow, LectureRow, QuizRow
from ..visibility import TEACH
from .types import LawArticle, LawLecture, LawQuiz

MOST = 20
# One row a day and thing, counted up in place: nothing ties a count to anybody.
TALLY = """
insert into legal.tally (id, what, day, times, answers, "right") values (gen_random_uuid(), $1, $2, 1, $3, $4)
on conflict (what, day) do update set times=legal.tally.times+1, answers=legal.tally.answers+$3,
 "right"=legal.tally."right"+$4
"""


async def load_audience(call: Call, code: str) -> GridRow:
    """Return a grid that one may publish for."""
    grid = await find_grid(code, "grid")
    if not call.may(TEACH, grid):
        raise not_allowed("grid")
    return grid


async def count_reading(call: Call, what: UUID, answers: int = 0, right: int = 0) -> None:
    """Count something for today; nothing of who did it is kept."""
    await call.fetch(TALLY, what, today(call), answers, right)


@strawberry.type(description="The article, or why nothing was done (文章结果).")
class LawArticlePayload:
    article: LawArticle | None = result_field("The article (文章).")
    errors: list[Problem] = problems()


@strawberry.input(description="Something to read about the law (发布普法文章).")
class PublishLawArticleInput:
    idempotency_key: str = input_field(KEY)
    grid: str = input_field("For whom: this grid and all below it, by code (面向网格编码).")
    title: str = input_field("Its title (标题).", length=(1, 100))
    text: str = input_field("What it says (正文).", length=(1, 10_000))


@command("Publish something to read about the law (发布普法文章).", requires=TEACH)
async def publish_law_article(call: Call, input: PublishLawArticleInput) -> LawArticlePayload:
    grid = await load_audience(call, input.grid)
    title, said = input.title, input.text
    row = await ArticleRow.create(
        grid=grid, title=title, text=said, published_at=call.now, account=call.viewer.account.name
    )
    return LawArticlePayload(article=ref(LawArticle, row.id))


@strawberry.input(description="That an article was opened (阅读文章).")
class ReadLawArticleInput:
    article: ID = input_field("The article (文章).")


# `repeats`: no idempotency key is kept, which would tell by account who read what.
@command("Count that an article was read; by whom is kept nowhere (阅读计数).", requires=None, repeats=True)
async def read_law_article(call: Call, input: ReadLawArticleInput) -> LawArticlePayload:
    row: ArticleRow = await call.find(LawArticle, "article", id=key_of(LawArticle)(input.article))
    await count_reading(call, row.id)
    return LawArticlePayload(article=ref(LawArticle, row.id))


@strawberry.type(description="The talk, or why nothing was done (活动结果).")
class LawLecturePayload:
    lecture: LawLecture | None = result_field("The talk (活动).")
    errors: list[Problem] = problems()


@strawberry.input(description="A talk about the law (发布普法活动).")
class AnnounceLawLectureInput:
    idempotency_key: str = input_field(KEY)
    grid: str = input_field("For whom, by code (面向网格编码).")
    title: str = input_field("Its title (标题).", length=(1, 100))
    place: str = input_field("Where (地点).", length=(1, 200))
    starts_at: datetime.datetime = input_field("When (时间).")


@command("Announce a talk about the law (发布普法活动).", requires=TEACH)
async def announce_law_lecture(call: Call, input: AnnounceLawLectureInput) -> LawLecturePayload:
    grid = await load_audience(call, input.grid)
    if require_offset(input.starts_at, "startsAt") <= call.now:
        raise invalid_input("The talk must begin later than now.", "活动时间应晚于现在。", "startsAt")
    row = await LectureRow.create(
        grid=grid,
        title=input.title,
        place=input.place,
        starts_at=input.starts_at,
        account=call.viewer.account.name,
    )
    return LawLecturePayload(lecture=ref(LawLecture, row.id))


@strawberry.type(description="The quiz, or why nothing was done (问答结果).")
class LawQuizPayload:
    quiz: LawQuiz | None = result_field("The quiz (问答).")
    errors: list[Problem] = problems()


@strawberry.input(description="A question with its answers (题目).")
class LawQuestionInput:
    text: str = input_field("The question (题干).", length=(1, 300))
    options: list[str] = input_field("The answers to choose from (选项).", items=(2, 6), length=(1, 200))
    right: int = input_field("The place of the right one, from 0 (正确选项).", between=(0, 5))
    why: str = input_field("Why it is right, with the law (解析).", length=(1, 500))


@strawberry.input(description="Questions about the law (发布普法问答).")
class PublishLawQuizInput:
    idempotency_key: str = input_field(KEY)
    grid: str = input_field("For whom, by code (面向网格编码).")
    title: str = input_field("Its title (标题).", length=(1, 100))
    questions: list[LawQuestionInput] = input_field("The questions (题目).", items=(1, MOST))


@command("Publish questions about the law to try (发布普法问答).", requires=TEACH)
async def publish_law_quiz(call: Call, input: PublishLawQuizInput) -> LawQuizPayload:
    grid = await load_audience(call, input.grid)
    row = await QuizRow.create(
        grid=grid,
        title=input.title,
        questions=[read_question(one, at) for at, one in enumerate(input.questions)],
        published_at=call.now,
        account=call.viewer.account.name,
    )
    return LawQuizPayload(quiz=ref(LawQuiz, row.id))


def read_question(one: LawQuestionInput, at: int) -> dict[str, Any]:
    if one.right >= len(one.options):
        raise invalid_input("Say which answer is right.", "请指明正确选项。", "questions", str(at), "right")
    return {"text": one.text, "options": one.options, "right": one.right, "why": one.why}


@strawberry.type(description="What was right, and why (答题结果).")
class LawAnswer:
    right: bool = strawberry.field(description="Whether one chose the right answer (是否正确).")
    answer: int = strawberry.field(description="The place of the right one (正确选项).")
    why: str = strawberry.field(description="Why (解析).")


@strawberry.type(description="How it went; it is kept nowhere (答题结果).")
class TakeLawQuizPayload:
    answers: list[LawAnswer] | None = result_field("Each question (逐题结果).")
    errors: list[Problem] = problems()


@strawberry.input(description="Answers to a quiz (答题).")
class TakeLawQuizInput:
    quiz: ID = input_field("The quiz (问答).")
    answers: list[int] = input_field("The place of one's answer to each question, from 0 (答案).")


# `repeats`, as for reading: an answer must not be tied to an account.
@command("Try a quiz; only how many were right in all is counted (答题).", requires=None, repeats=True)
async def take_law_quiz(call: Call, input: TakeLawQuizInput) -> TakeLawQuizPayload:
    row: QuizRow = await call.find(LawQuiz, "quiz", id=key_of(LawQuiz)(input.quiz))
    if len(input.answers) != len(row.questions):
        raise invalid_input(
            f"Answer all {len(row.questions)} questions.", f"请回答全部 {len(row.questions)} 题。", "answers"
        )
    # Right answers and why go back at once; they are stored nowhere.
    told = [
        LawAnswer(right=chosen == one["right"], answer=one["right"], why=one["why"])
        for chosen, one in zip(input.answers, row.questions, strict=True)
    ]
    await count_reading(call, row.id, len(told), sum(one.right for one in told))
    return TakeLawQuizPayload(answers=told)


EXTENSIONS = (
    extend(
        Mutation,
        publish_law_article=publish_law_article,
        read_law_article=read_law_article,
        announce_law_lecture=announce_law_lecture,
        publish_law_quiz=publish_law_quiz,
        take_law_quiz=take_law_quiz,
    ),
)
