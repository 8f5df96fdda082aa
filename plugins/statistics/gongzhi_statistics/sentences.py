"""Sentences: sections of a digest, each of which leads to the figures that it says in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import strawberry
from gongzhi.declare.sql import Sql, bind
from gongzhi.values.errors import Text
from pypika_tortoise.terms import Term

from .figures import Figure, Scope
from .types import Subject


@strawberry.type(description="A figure of a digest (汇总指标).")
class DigestFigure:
    name: str = strawberry.field(description="Its name among the KPIs (指标名称).")
    value: float | None = strawberry.field(description="Its value; null where it is withheld (数值).")
    formula: str | None = strawberry.field(description="How it is computed (公式).")
    subject: Subject | None = strawberry.field(
        description="Which subject it is about; null for all of them (所涉一级分类)."
    )


@strawberry.type(description="A section of a digest (汇总章节).")
class DigestSection:
    title: str = strawberry.field(description="Its title (标题).")
    text: str = strawberry.field(description="What the figures say, in a sentence (正文).")
    figures: list[DigestFigure] = strawberry.field(description="The figures (指标).")


@strawberry.type(description="A digest of a place and period, in the caller's language (定期汇总).")
class Digest:
    title: str = strawberry.field(description="Its title, with the place and the days (标题).")
    sections: list[DigestSection] = strawberry.field(description="Its sections (章节).")


@dataclass(frozen=True)
class Section:
    """A sentence with the places of its figures in braces."""

    title: Text
    text: Text
    figures: tuple[Figure, ...]

    def build(self, scope: Scope) -> Sql:
        """Build the section as JSON; each figure is looked up once, which `offset 0` sees to."""
        names = [figure.name for figure in self.figures]
        values = ",".join(f'{{{at}}} as "{name}"' for at, name in enumerate(names))
        told = {
            each.name: Sql(f'coalesce(f."{each.name}"::text,{{0}})', localized_text(each.few)) for each in self.figures
        }
        return Sql(
            "(select {0} from (select {1} offset 0) f)",
            told_section(
                self.title,
                fill_template(localized_text(self.text), **told),
                join_sql(figure_sql(name, f'f."{name}"') for name in names),
            ),
            Sql(values, *(each.build_value(scope) for each in self.figures)),
        )


def localized_text(text: Text) -> Term:
    """Build a text in the caller's language."""
    return bind(lambda variables, context: text.say(context.viewer.language), "text")


def formula_text(name: str) -> Term:
    def read(variables: Any, context: Any) -> str | None:
        found = next((one for one in context.registers.kpis if one.name == name), None)
        return found.formula.say(context.viewer.language) if found else None

    return bind(read, "text")


def told_section(title: Text, text: Any, listed: Sql) -> Sql:
    """Build a section of a sentence and its figures."""
    made = "jsonb_build_object('title',{0},'text',{1},'figures',jsonb_build_array({2}))"
    return Sql(made, localized_text(title), text, listed)


def figure_sql(name: str, value: str, subject: str = "null::jsonb") -> Sql:
    """Build a figure of a digest, with the formula that is published under its name."""
    return Sql(
        f"jsonb_build_object('name','{name}','value',{value},'formula',{{0}},'subject',{subject})", formula_text(name)
    )


def join_sql(terms: Iterable[Sql]) -> Sql:
    """Build a list of terms, with commas between them."""
    # Once through: a generator that is counted first would be empty then.
    several = list(terms)
    return Sql(",".join(f"{{{at}}}" for at in range(len(several))), *several)


def fill_template(text: Term, **values: Any) -> Any:
    """Replace the names in a text by values."""
    # Bound and replaced in SQL, so that figures never become part of the statement's text.
    for name, value in values.items():
        text = Sql(f"replace({{0}},'{{{{{name}}}}}',{{1}}::text)", text, value)
    return text
