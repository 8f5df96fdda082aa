"""Containment: calls builders of plugins so that a failure stays with its plugin and nothing protected is read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from gongzhi.declare.sql import Alternatives
from gongzhi.values.errors import DeclarationError, Refusal
from graphql import GraphQLError
from pypika_tortoise.terms import Criterion, Term

from .protection import ReadsProtected, find_protected


class PluginFault(Exception):
    """A builder of a plugin failed; the cause says why."""

    def __init__(self, plugin: str) -> None:
        super().__init__(f"a builder of the plugin {plugin!r} failed")
        self.plugin = plugin


def build_term(plugin: str | None, function: Callable[..., Any], *given: Any) -> Any:
    """Build the term that a builder makes of what it is given. Raises PluginFault for a plugin's that fails."""
    return call_contained(plugin, lambda: as_term(function(*given)), given) if plugin else function(*given)


def build_rows(plugin: str | None, function: Callable[..., Any], *given: Any) -> Any:
    """Build the alternatives that a rule makes of what it is given. Raises PluginFault for a plugin's that fails."""
    return call_contained(plugin, lambda: check_alternatives(function(*given)), given) if plugin else function(*given)


def call_contained(plugin: str, function: Callable[[], Any], given: tuple[Any, ...]) -> Any:
    """Call a plugin's builder, refuse protected columns in what it gave, and raise PluginFault if it fails."""
    try:
        found = function()
        # Checked on what the builder gave, before other terms are put around it that may read these columns rightly.
        if column := find_protected(found, *given):
            raise ReadsProtected(column)
    # These have an author who meant them for the caller, so they pass; all else is masked.
    except (GraphQLError, Refusal, PluginFault):
        raise
    except Exception as error:
        raise PluginFault(plugin) from error
    return found


def as_term(found: Any) -> Term:
    """Return what a builder gave, if it is SQL. Raises DeclarationError."""
    if not isinstance(found, Term):
        raise DeclarationError(f"a builder gave {type(found).__name__} where SQL is due, such as Sql(…)")
    return found


def check_alternatives(found: Any) -> Alternatives:
    """Return the alternatives of a rule. Raises DeclarationError for what is none, such as a criterion by itself."""
    listed = found is None or isinstance(found, Sequence) and not isinstance(found, str)
    if listed and all(isinstance(one, Criterion) for one in found or ()):
        return found  # type: ignore[no-any-return]
    kind = (
        type(found).__name__
        if not listed
        else "a list with a " + next(type(one).__name__ for one in found if not isinstance(one, Criterion))
    )
    raise DeclarationError(
        f"a rule gave {kind} where a list of criteria is due, such as [Sql(…)], or None for every row"
    )
