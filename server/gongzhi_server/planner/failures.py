"""Failures: what goes wrong while a statement is compiled, and what stands in the place of it."""

from __future__ import annotations

import logging

from graphql import FieldNode, GraphQLError, Node, OperationDefinitionNode
from pypika_tortoise.terms import NullValue, Term

from .answer_path import AnswerPath
from .containment import PluginFault
from .protection import ReadsProtected

MASKED = "Unexpected error."

log = logging.getLogger("gongzhi")


class PluginPartFailed(Exception):
    """A plugin's part of a statement failed, so the statement was made again without it."""


class Failures:
    """What goes wrong in one statement.

    `plugins` is the set that the statement depends on: if it fails, it is made again without each of them in turn.
    `without` is the one that is left out this time.
    """

    def __init__(self, path: AnswerPath, without: str = "") -> None:
        self.path, self.without = path, without
        self.plugins = set[str]()
        self.errors: list[GraphQLError] = []
        self.fault: GraphQLError | None = None
        """Why there is no answer at all."""
        self.lost: FieldNode | None = None
        self.lost_path: tuple[str, ...] = ()

    def is_left_out(self, plugin: str) -> bool:
        """Return whether a plugin is left out this time; the statement depends on it in any case."""
        self.plugins.add(plugin)
        return plugin == self.without

    def leaves_out_condition(self, plugin: str, node: FieldNode) -> bool:
        """Return whether a condition of the plugin is to be left out, because a statement failed with it.

        Nobody asked for the rows without it, as they might do without a field: then there is no answer.
        """
        if not self.is_left_out(plugin):
            return False
        self.lost, self.lost_path = node, self.path.keys
        return True

    def replace_failed(self, plugin: str, node: FieldNode, cause: BaseException | None = None) -> Term:
        """Return what stands for a field of a plugin that failed, null, and add a masked error."""
        self.errors.append(mask_plugin_error(plugin, node, cause or PluginPartFailed(plugin), self.path.keys))
        return NullValue()

    def refuse_answer(self, fault: PluginFault, node: FieldNode | OperationDefinitionNode) -> None:
        """Let the whole statement fail, because what was asked for cannot be answered without the plugin."""
        log_fault(fault, node.name.value if node.name else "the operation")
        self.fault = self.fault or mask_plugin_error(fault.plugin, node, fault.__cause__ or fault)


def log_fault(fault: PluginFault, where: str) -> None:
    """Log why a plugin's part of a statement cannot be made."""
    cause = fault.__cause__
    if isinstance(cause, ReadsProtected):
        log.error("the plugin %s %s, in %s", fault.plugin, cause, where)
    else:
        log.error("a builder of the plugin %s failed in %s", fault.plugin, where, exc_info=cause)


def mask_plugin_error(
    plugin: str, node: Node, cause: BaseException, path: tuple[str, ...] | None = None
) -> GraphQLError:
    """Make the error for what a plugin failed in. Only its name is told; the cause goes to the log."""
    original = cause if isinstance(cause, Exception) else PluginPartFailed(plugin)
    return GraphQLError(MASKED, node, path=path, extensions={"plugin": plugin}, original_error=original)
