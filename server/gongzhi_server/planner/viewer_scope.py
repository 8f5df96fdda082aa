"""Viewer scope: the viewer as a statement sees them; what shapes the text is noted, what does not is bound."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Any

from gongzhi.declare.sql import Alternatives, Bind, Sql, ancestor_column, rows_within
from gongzhi.declare.viewer import Viewer, ViewerAccount, ViewerGrant
from gongzhi.values.codes import Kind
from pypika_tortoise.queries import Table
from pypika_tortoise.terms import Term, ValueWrapper

from gongzhi_server._compat import split_table
from gongzhi_server.clock import CHINA

Question = tuple[str | None, ...]
"""Something a text depends on, asked of a viewer: what to ask, and about which permission."""

BROKEN: Question = ("broken",)
"""The one question about the operation, not the account."""


def grants_with(account: ViewerAccount, permission: str | None) -> list[ViewerGrant]:
    """Return the grants that hold the permission; all of them where none is named."""
    return [grant for grant in account.grants if permission is None or permission in grant.permissions]


def area_kinds(account: ViewerAccount, permission: str) -> tuple[Kind | None, ...] | None:
    """Return the kinds of the grids the permission is held in, in the order of the grants; None for everywhere."""
    grants = grants_with(account, permission)
    if any(grant.everywhere for grant in grants):
        return None
    return tuple(grant.kind for grant in grants if grant.grid is not None)


def grid_keys(account: ViewerAccount, permission: str) -> tuple[int, ...]:
    """Return the grids the permission is held in, in the order of the grants."""
    return tuple(grant.grid for grant in grants_with(account, permission) if grant.grid is not None)


def unit_keys(account: ViewerAccount, permission: str | None) -> tuple[int, ...]:
    """Return the units the permission is held for, in the order of the grants."""
    return tuple(grant.unit for grant in grants_with(account, permission) if grant.unit is not None)


# Answers that shape a text must be few and common to many accounts, or each account would have
# statements of its own: so kinds of grids and the number of units are asked, and their ids are bound.
ANSWERS: dict[str, Callable[..., Hashable]] = {
    "can": lambda account, permission: permission in account.granted,
    "covers": lambda account, wider, permission: all(
        wider in grant.permissions for grant in grants_with(account, permission)
    ),
    "known": lambda account: account.person is not None,
    "areas": area_kinds,
    "grids": grid_keys,
    "units": unit_keys,
    "unit count": lambda account, permission: len(unit_keys(account, permission)),
}
"""What may be asked. A text depends on how many units there are; which grids and units they are is bound."""


class StatementScope:
    """Answers the questions of `gongzhi.declare.viewer.ViewerScope` and keeps them, for they belong to the
    statement's key.
    """

    def __init__(self, viewer: Viewer, asked: dict[Question, None]) -> None:
        self.viewer, self._asked = viewer, asked
        self._facts: dict[Any, Term] = {}

    def _ask(self, *question: str | None) -> Any:
        self._asked[question] = None
        return answer_question(self.viewer, question)

    def _fact(self, name: Any, cast: str, read: Callable[[Viewer], Any]) -> Term:
        """Bind a fact about the viewer as one parameter, however often it is mentioned."""
        if name not in self._facts:
            self._facts[name] = Sql(
                f"{{0}}::{cast}", ValueWrapper(Bind(lambda variables, context: read(context.viewer)))
            )
        return self._facts[name]

    @property
    def now(self) -> Term:
        return self._fact("now", "timestamptz", lambda viewer: viewer.now)

    @property
    def today(self) -> Term:
        # The day in China: the database's own date follows its time zone.
        return self._fact("today", "date", lambda viewer: viewer.now.astimezone(CHINA).date())

    @property
    def person(self) -> Term:
        return self._fact("person", "uuid", lambda viewer: viewer.account.person)

    @property
    def account(self) -> Term:
        return self._fact("account", "text", lambda viewer: viewer.account.name)

    @property
    def glass(self) -> Term:
        return self._fact("glass", "uuid", lambda viewer: viewer.glass)

    def broken(self) -> bool:
        return bool(self._ask("broken"))

    def can(self, permission: str) -> bool:
        return bool(self._ask("can", permission))

    def covers(self, wider: str, permission: str) -> bool:
        return bool(self._ask("covers", wider, permission))

    def known(self) -> bool:
        return bool(self._ask("known"))

    def within(self, table: Table, permission: str) -> Alternatives:
        kinds = self._ask("areas", permission)
        if kinds is None:
            return None
        found = [located_rows(table, kind, self._area(permission, at)) for at, kind in enumerate(kinds)]
        for one in found:
            one.held = permission
        return found

    # By position, in the order of the grants: the text knows how many areas there are, the values come with the viewer.

    def _area(self, permission: str, at: int) -> Term:
        where = ("grids", permission)
        return self._fact(("area", permission, at), "int", lambda viewer: answer_question(viewer, where)[at])

    def units(self, permission: str | None = None) -> list[Term]:
        def read(at: int) -> Callable[[Viewer], int]:
            return lambda viewer: answer_question(viewer, ("units", permission))[at]

        count = self._ask("unit count", permission)
        return [self._fact(("unit", permission, at), "int", read(at)) for at in range(count)]


def located_rows(table: Table, kind: Kind, key: Term) -> Sql:
    """Return the rows in a grid, of located rows or of grids."""
    # A grid knows its city and its province, and may lie above all counties; what lies in it knows its county.
    if split_table(table) == ("grids", "grid"):
        return Sql("{0}={1}", table.field(ancestor_column(kind)), key)
    return rows_within(table, kind, key)


def answer_all(viewer: Viewer, questions: Iterable[Question]) -> tuple[Hashable, ...]:
    """Answer all the questions. Nearly always the account has been asked before: this runs with every operation."""
    known = viewer.account.answers
    return tuple([known[one] if one in known else answer_question(viewer, one) for one in questions])


def answer_question(viewer: Viewer, question: Question) -> Any:
    """Answer a question from what this account has been asked before."""
    # Broken glass belongs to the request, so it must not be kept with the account.
    if question == BROKEN:
        return viewer.glass is not None
    known = viewer.account.answers
    if question not in known:
        what, *about = question
        known[question] = ANSWERS[str(what)](viewer.account, *about)
    return known[question]
