"""Containment: calls builders of plugins so that a failure stays with its plugin and nothing protected is read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gongzhi.values.errors import DeclarationError, Refusal
from graphql import GraphQLError
from pypika_tortoise.terms import Term

from gongzhi_server.planner.alternatives import check_alternatives

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
