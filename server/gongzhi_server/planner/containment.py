"""Builders of plugins: called so that what fails in one stays with its plugin, and reads nothing protected."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gongzhi.declare.sql import alternatives
from gongzhi.values.errors import DeclarationError, Refusal
from graphql import GraphQLError
from pypika_tortoise.terms import Term

from .protection import ReadsProtected, find_protected


class PluginFault(Exception):
    """A builder of a plugin failed; the cause says why."""

    def __init__(self, plugin: str) -> None:
        super().__init__(f"a builder of the plugin {plugin!r} failed")
        self.plugin = plugin


def build_term(plugin: str | None, function: Callable[..., Any], *given: Any) -> Any:
    """The term that a builder makes of what it is given. Raises PluginFault for a plugin's that fails."""
    return contained(plugin, lambda: as_term(function(*given)), given) if plugin else function(*given)


def build_rows(plugin: str | None, function: Callable[..., Any], *given: Any) -> Any:
    """The alternatives that a rule makes of what it is given. Raises PluginFault for a plugin's that fails."""
    return contained(plugin, lambda: alternatives(function(*given)), given) if plugin else function(*given)


def contained(plugin: str, function: Callable[[], Any], given: tuple[Any, ...]) -> Any:
    try:
        found = function()
        if column := find_protected(found, *given):
            raise ReadsProtected(column)
    except (GraphQLError, Refusal, PluginFault):
        raise
    except Exception as error:
        raise PluginFault(plugin) from error
    return found


def as_term(found: Any) -> Term:
    """What a builder gave, if it is SQL. Raises DeclarationError."""
    if not isinstance(found, Term):
        raise DeclarationError(f"a builder gave {type(found).__name__} where SQL is due, such as Sql(…)")
    return found
