"""Parameters: numbers the values that are bound when a statement runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gongzhi.declare.sql import Bind
from pypika_tortoise.context import SqlContext
from pypika_tortoise.terms import Parameter, Parameterizer, Term

from .budget import Budget

Write = Callable[[SqlContext], str]


class Texts:
    """The texts of the terms of one statement, each written once however often the term stands in it.

    A condition stands in every branch of the rows it is asked of, and where they are counted, too.
    """

    def __init__(self, budget: Budget | None = None) -> None:
        self._budget = budget
        self._known: dict[tuple[int, bool, bool], tuple[Term, str]] = {}

    def find(self, term: Term, ctx: SqlContext, write: Write) -> str:
        """Return the text of a term, written by `write` the first time."""
        # By identity: terms compare to terms, not to booleans, so they cannot be looked up by equality.
        key = id(term), ctx.with_namespace, ctx.subcriterion
        found = self._known.get(key)
        if found is None:
            text = write(ctx)
            if self._budget:
                self._budget.step(len(text))
            found = self._known[key] = term, text  # the term is held, or its id might come again
        return found[1]


class Parameters(Parameterizer):
    """Numbers what is bound, the same value only once; constants stay in the text, where Postgres can see them."""

    def __init__(self, budget: Budget | None = None) -> None:
        super().__init__()
        self.texts, self._budget = Texts(budget), budget
        self._numbers: dict[int, int] = {}
        """The number of each value by its id; `values` keeps them alive."""

    def should_parameterize(self, value: Any) -> bool:
        # Only what callers send is bound. Constants of the schema
        # stay, so that PostgreSQL can plan partial indexes by them.
        return isinstance(value, Bind)

    def create_param(self, value: Any) -> Parameter:
        number = self._numbers.get(id(value))
        if number is None:
            if self._budget:
                self._budget.spend("parameters")
            self.values.append(value)
            number = self._numbers[id(value)] = len(self.values)
        return Parameter(f"${number}")
