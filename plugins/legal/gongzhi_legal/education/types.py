"""Law education types: things to read, hear and try about the law. Who read what is known to nobody."""

from __future__ import annotations

import datetime
from typing import Any

import strawberry
from gongzhi.core.grids.types import Grid
from gongzhi.declare.entity import (
    Connection,
    Node,
    column,
    connection,
    embedded,
    entity,
    expression,
    one,
    visible_to_all,
)
from gongzhi.declare.extend import extend
from gongzhi.declare.plans import Frame
from gongzhi.declare.sql import Alternatives, Sql

from ..models import ArticleRow, LectureRow, QuizRow

FEWEST = 10
# Counts of a few readers would tell of them in a small village.
TIMES = f"(select case when sum(t.times)>={FEWEST} then sum(t.times)::int end from legal.tally t where t.what={{0}})"


def reading_counts(at: Frame) -> Any:
    return Sql(TIMES, at.row.id)


@entity(ArticleRow, visible=visible_to_all, order=("published_at", "title"))
class LawArticle(Node):
    """Something to read about the law (普法文章)."""

    grid: Grid | None = one("For whom: this grid and all below it (面向网格).")
    title: str = column("Its title (标题).")
    text: str = column("What it says (正文).")
    published_at: datetime.datetime = column("Since when (发布时间).")
    reads: int | None = expression("How often it was read; null for less than ten times (阅读次数).", reading_counts)


@entity(LectureRow, visible=visible_to_all, order=("starts_at",), filter={"starts_at": None})
class LawLecture(Node):
    """A talk or a fair about the law (普法活动)."""

    grid: Grid | None = one("For whom (面向网格).")
    title: str = column("Its title (标题).")
    place: str = column("Where (地点).")
    starts_at: datetime.datetime = column("When (时间).")


@strawberry.type(description="A question with answers to choose from (题目).")
class LawQuestion:
    text: str = strawberry.field(description="The question (题干).")
    options: list[str] = strawberry.field(description="The answers to choose from (选项).")


# Without the right answers: those come back from trying.
ASKED = """
(select jsonb_agg(jsonb_build_object('text', q->'text', 'options', q->'options') order by n)
 from jsonb_array_elements({0}) with ordinality e(q, n))
"""


@entity(QuizRow, visible=visible_to_all, order=("published_at", "title"))
class LawQuiz(Node):
    """Questions about the law (普法问答)."""

    grid: Grid | None = one("For whom (面向网格).")
    title: str = column("Its title (标题).")
    questions: list[LawQuestion] = embedded(
        "The questions, without what is right (题目).", lambda at: Sql(ASKED, at.row.questions)
    )
    published_at: datetime.datetime = column("Since when (发布时间).")
    taken: int | None = expression("How often it was taken; null for less than ten times (答题次数).", reading_counts)


def meant_for_grid(at: Frame) -> Alternatives:
    """Select what is meant for the grid: for it, or for what it lies in."""
    above = [getattr(at.row, name) for name in ("id", "county_id", "town_id", "village_id")]
    return [Sql("{0}=any(array[{1},{2},{3},{4}])", at.rows.grid_id, *above)]


EXTENSIONS = (
    extend(
        Grid,
        law_articles=connection(
            "What to read about the law here, the newest first (普法文章).",
            meant_for_grid,
            order="-published_at",
            type=Connection[LawArticle] | None,
            requires=None,
        ),
        law_lectures=connection(
            "Talks about the law, the next first (普法活动).",
            meant_for_grid,
            order="starts_at",
            type=Connection[LawLecture] | None,
            requires=None,
        ),
        law_quizzes=connection(
            "Questions about the law to try, the newest first (普法问答).",
            meant_for_grid,
            order="-published_at",
            type=Connection[LawQuiz] | None,
            requires=None,
        ),
    ),
)
